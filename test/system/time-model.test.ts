/** The model's time, through a program that measures on the board: what is fast on the chip is fast here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { xipTimes } from "../../bench/xip.js";

test("the flash window gives what its bus can carry and no more, and caches help where they help on the chip", () => {
  const speed = new Map<string, number>();
  for (const { name, bytes = 0, boardSeconds, floor } of xipTimes(1)) {
    if (floor > 0) assert.ok(boardSeconds >= floor, `${name}: faster than the bus`);
    speed.set(name, bytes / boardSeconds);
  }
  const of = (name: string): number => speed.get(name) ?? assert.fail(name);
  const bus = 50e6;
  for (const name of ["xip-read-cache-off", "xip-read-cache-on", "xip-run-cache-on"]) {
    assert.ok(of(name) > 0.9 * bus, `${name}: ${of(name)}`);
  }
  assert.ok(of("xip-stride-cache-off") < 0.5 * bus, "each word pays for a burst");
  assert.ok(of("xip-stride-cache-on") < 0.5 * of("xip-stride-cache-off"), "and with the cache for a line");
  assert.ok(of("xip-again-cache-on") > 5 * bus);
  assert.ok(of("xip-loop-cache-on") > 0.9 * of("xip-loop-itcm"));
});
