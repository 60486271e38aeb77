import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Rng } from "./rng.js";

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const state = { hz: 48e6, word: 0x1000 };
  const rng = new Rng({
    log,
    timeline,
    interrupt,
    clocked: () => true,
    kernelHz: () => state.hz,
    hclkHz: () => 240e6,
    random32: () => state.word++,
  });
  return { rng, timeline, log, interrupt, state };
}

test("a word is ready 40 clocks after enabling, and can be read once", () => {
  const { rng, timeline, interrupt } = rig();
  rng.write(0, 4, 0xc);
  assert.equal(rng.read(4, 4), 0);
  assert.equal(rng.read(8, 4), 0);
  pass(timeline, 840);
  assert.equal(rng.read(4, 4), 1);
  assert.ok(interrupt.asserted);
  assert.equal(rng.read(8, 4), 0x1000);
  assert.equal(rng.read(8, 4), 0);
  assert.ok(!interrupt.asserted);
  pass(timeline, 840);
  assert.equal(rng.read(8, 4), 0x1001);
});

test("without rng_clk nothing comes and CECS says why", () => {
  const { rng, timeline, log, state } = rig();
  state.hz = 0;
  rng.write(0, 4, 4);
  pass(timeline, 1e9);
  assert.equal(rng.read(4, 4), 0x22);
  assert.ok(log.has(/rng_clk/));
  state.hz = 48e6;
  rng.clockChanged();
  pass(timeline, 1e3);
  assert.equal(rng.read(4, 4), 0x21);
  rng.write(4, 4, 0);
  assert.equal(rng.read(4, 4), 1);
});

test("a seed error lasts until the generator is restarted", () => {
  const { rng, timeline } = rig();
  rng.write(0, 4, 4);
  pass(timeline, 1e3);
  rng.seedError();
  assert.equal(rng.read(4, 4), 0x44);
  pass(timeline, 1e6);
  assert.equal(rng.read(4, 4) & 1, 0);
  rng.write(4, 4, 0);
  rng.write(0, 4, 0);
  rng.write(0, 4, 4);
  pass(timeline, 1e3);
  assert.equal(rng.read(4, 4), 1);
});
