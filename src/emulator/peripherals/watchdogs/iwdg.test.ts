import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass } from "../test-kit.js";
import { Iwdg } from "./iwdg.js";

const KR = 0x00;
const PR = 0x04;
const RLR = 0x08;
const SR = 0x0c;
const WINR = 0x10;

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const events: string[] = [];
  const iwdg = new Iwdg({
    log,
    timeline,
    onStart: () => events.push("start"),
    onTimeout: () => events.push("timeout"),
  });
  return { iwdg, timeline, log, events };
}

test("times out after 4096 ticks of LSI / 4 by default: 512 ms", () => {
  const { iwdg, timeline, events } = rig();
  iwdg.write(KR, 4, 0xcccc);
  pass(timeline, 511e6);
  assert.deepEqual(events, ["start"]);
  pass(timeline, 2e6);
  assert.deepEqual(events, ["start", "timeout"]);
});

test("a reload in time postpones the reset", () => {
  const { iwdg, timeline, events } = rig();
  iwdg.write(KR, 4, 0xcccc);
  for (let times = 0; times < 5; times++) {
    pass(timeline, 400e6);
    iwdg.write(KR, 4, 0xaaaa);
  }
  assert.deepEqual(events, ["start"]);
});

test("PR and RLR need the access key and take time to arrive", () => {
  const { iwdg, timeline, events, log } = rig();
  iwdg.write(PR, 4, 3);
  assert.equal(iwdg.read(PR, 4), 0);
  assert.ok(log.has(/0x5555/));
  iwdg.write(KR, 4, 0xcccc);
  iwdg.write(KR, 4, 0x5555);
  iwdg.write(PR, 4, 3);
  iwdg.write(RLR, 4, 999);
  assert.equal(iwdg.read(SR, 4), 3);
  pass(timeline, 1e6);
  assert.equal(iwdg.read(SR, 4), 0);
  iwdg.write(KR, 4, 0xaaaa);
  pass(timeline, 999e6);
  assert.deepEqual(events, ["start"]);
  pass(timeline, 2e6);
  assert.deepEqual(events, ["start", "timeout"]);
});

test("it starts from 0xFFF whatever RLR says, and RLR reads as it is once it has arrived", () => {
  const { iwdg, timeline, events } = rig();
  iwdg.write(KR, 4, 0x5555);
  iwdg.write(RLR, 4, 99);
  assert.equal(iwdg.read(RLR, 4), 0xfff);
  pass(timeline, 1e6);
  assert.equal(iwdg.read(RLR, 4), 99);
  iwdg.write(KR, 4, 0xcccc);
  pass(timeline, 500e6);
  assert.deepEqual(events, ["start"]);
  iwdg.write(KR, 4, 0xaaaa);
  pass(timeline, 12e6);
  assert.deepEqual(events, ["start"]);
  pass(timeline, 1e6);
  assert.deepEqual(events, ["start", "timeout"]);
});

test("another window reloads the counter from RLR", () => {
  const { iwdg, timeline, events } = rig();
  iwdg.write(KR, 4, 0xcccc);
  iwdg.write(KR, 4, 0x5555);
  iwdg.write(RLR, 4, 99);
  pass(timeline, 1e6);
  iwdg.write(WINR, 4, 50);
  pass(timeline, 12e6);
  assert.deepEqual(events, ["start"]);
  iwdg.write(KR, 4, 0xaaaa);
  pass(timeline, 5e6);
  assert.deepEqual(events, ["start"]);
  iwdg.write(KR, 4, 0xaaaa);
  assert.deepEqual(events, ["start", "timeout"]);
});

test("a reload before the window opens resets", () => {
  const { iwdg, timeline, events } = rig();
  iwdg.write(KR, 4, 0xcccc);
  iwdg.write(KR, 4, 0x5555);
  iwdg.write(WINR, 4, 100);
  pass(timeline, 1e6);
  iwdg.write(KR, 4, 0xaaaa);
  assert.deepEqual(events, ["start", "timeout"]);
});

test("the hardware watchdog starts by itself; a halted core freezes it", () => {
  const { iwdg, timeline, events } = rig();
  iwdg.reset(true);
  pass(timeline, 500e6);
  iwdg.freeze(true);
  pass(timeline, 5e9);
  assert.deepEqual(events, ["start"]);
  iwdg.freeze(false);
  pass(timeline, 20e6);
  assert.deepEqual(events, ["start", "timeout"]);
  iwdg.reset();
  pass(timeline, 5e9);
  assert.deepEqual(events, ["start", "timeout"]);
});
