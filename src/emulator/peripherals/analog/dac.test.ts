import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { DmaRequests } from "../dma/dma-request.js";
import { pass } from "../test-kit.js";
import { Dac } from "./dac.js";

const [CR, SWTRIGR, DHR12R1, DHR8R1, DHR12RD, DOR1, DOR2] = [0x00, 0x04, 0x08, 0x10, 0x20, 0x2c, 0x30];
const [SR, CCR, MCR, SHSR1, SHHR] = [0x34, 0x38, 0x3c, 0x40, 0x48];
const [EN, TEN, DMAEN, DMAUDRIE, CEN] = [1, 2, 1 << 12, 1 << 13, 1 << 14];
const DMAUDR = 1 << 13;
const [NOISE, TRIANGLE] = [1 << 6, 2 << 6];
/** CR.TSELx. */
const TIMER = 5;
const REQUEST = 67;

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const requests = new DmaRequests();
  const state = { lsiHz: 32e3, interrupt: false };
  const dac = new Dac({
    log,
    timeline,
    clocked: () => true,
    lsiHz: () => state.lsiHz,
    requests: [requests.signal(REQUEST), requests.signal(REQUEST + 1)],
    interrupt: { set: (on) => (state.interrupt = on) },
  });
  const read = (at: number): number => dac.read(at, 4);
  const write = (at: number, value: number): void => dac.write(at, 4, value);
  /** DOR1 behind each of `count` software triggers. */
  const triggered = (count: number): number[] =>
    Array.from({ length: count }, () => {
      write(SWTRIGR, 1);
      return read(DOR1);
    });
  return { dac, timeline, log, requests, state, read, write, triggered };
}

test("a triangle is added as it is, and goes on behind the trigger; without WAVE it begins anew", () => {
  const { write, triggered } = rig();
  write(DHR12R1, 100);
  write(CR, (1 << 8) | TRIANGLE | TEN | EN);
  assert.deepEqual(triggered(8), [100, 101, 102, 103, 102, 101, 100, 101]);
  write(CR, (1 << 8) | TEN | EN);
  write(CR, (1 << 8) | TRIANGLE | TEN | EN);
  assert.deepEqual(triggered(2), [100, 101]);
});

test("noise begins with 0xAAA, begins anew without WAVE, and is masked by MAMP", () => {
  const { write, triggered } = rig();
  write(CR, (11 << 8) | NOISE | TEN | EN);
  assert.deepEqual(triggered(3), [0xaaa, 0xd55, 0xeaa]);
  write(CR, 0);
  write(CR, (3 << 8) | NOISE | TEN | EN);
  assert.deepEqual(triggered(3), [0xa, 0x5, 0xa]);
});

test("a wave is added without overflow, and without TEN not at all", () => {
  const { read, write, triggered } = rig();
  write(DHR12R1, 0xfff);
  write(CR, (11 << 8) | NOISE | TEN | EN);
  assert.deepEqual(triggered(1), [0xfff]);
  write(CR, (11 << 8) | NOISE | EN);
  write(DHR12R1, 5);
  assert.equal(read(DOR1), 5);
});

test("the digital part works with EN = 0", () => {
  const { dac, read, write, triggered } = rig();
  write(DHR8R1, 0x12);
  assert.equal(read(DOR1), 0x120);
  write(CR, TEN);
  write(DHR12R1, 7);
  assert.equal(read(DOR1), 0x120);
  assert.deepEqual(triggered(1), [7]);
  write(CR, TEN | (TIMER << 2));
  write(DHR12RD, 0x0009_0008);
  assert.equal(read(DOR2), 9);
  dac.trigger(TIMER);
  assert.equal(read(DOR1), 8);
  assert.equal(dac.output(0), undefined);
});

test("triggers ask DMA for data, software's do not; one before DMA has answered is an underrun", () => {
  const { dac, requests, state, read, write, triggered } = rig();
  write(CR, DMAUDRIE | DMAEN | TEN | EN);
  triggered(2);
  assert.ok(!requests.asserted(REQUEST));
  assert.equal(read(SR), 0);
  write(CR, 0);
  write(CR, DMAUDRIE | DMAEN | (TIMER << 2) | TEN | EN);
  dac.trigger(TIMER);
  assert.ok(requests.asserted(REQUEST));
  requests.taken(REQUEST);
  dac.trigger(TIMER);
  assert.equal(read(SR), 0);
  // Software's data is no answer of DMA.
  write(DHR12R1, 50);
  dac.trigger(TIMER);
  assert.equal(read(SR), DMAUDR);
  assert.ok(state.interrupt);
  assert.equal(read(DOR1), 50);
  write(SR, DMAUDR);
  assert.equal(read(SR), 0);
  assert.ok(!state.interrupt);
  write(CR, (TIMER << 2) | TEN | EN);
  assert.ok(!requests.asserted(REQUEST));
});

test("TSEL and CEN stay while the channel is on, MODE and THOLD while it is on or calibrated, EN while it is calibrated", () => {
  const { log, read, write } = rig();
  write(CR, TEN | EN);
  write(CR, CEN | (3 << 8) | (5 << 2) | TEN | EN);
  assert.equal(read(CR), (3 << 8) | TEN | EN);
  assert.ok(log.has(/TSEL and CEN stay/));
  write(MCR, 0x2_0001);
  assert.equal(read(MCR), 0x2_0000);
  write(SHHR, 0x5_0007);
  assert.equal(read(SHHR), 0x5_0001);
  write(CR, 0);
  write(CR, CEN);
  write(CR, CEN | EN);
  assert.equal(read(CR), CEN);
  write(MCR, 1);
  assert.equal(read(MCR), 0);
});

test("a calibration finds the factory's value, with the buffer only", () => {
  const { read, write } = rig();
  const factory = read(CCR) & 0x1f;
  const flags = (): boolean[] =>
    [0, factory - 1, factory, 31].map((trimming) => {
      write(CCR, trimming);
      return (read(SR) & (1 << 14)) !== 0;
    });
  write(CR, CEN);
  assert.deepEqual(flags(), [false, false, true, true]);
  write(CR, 0);
  write(MCR, 2);
  write(CR, CEN);
  assert.deepEqual(flags(), [false, false, false, false]);
});

test("BWST comes with sample and hold mode and with each sample time, and goes with three clocks of LSI", () => {
  const { timeline, state, read, write } = rig();
  const BWST = 1 << 15;
  write(MCR, 4);
  assert.equal(read(SR), BWST);
  pass(timeline, 94e3);
  assert.equal(read(SR), 0);
  write(CR, EN);
  write(SHSR1, 5);
  write(SHSR1, 6);
  assert.deepEqual([read(SR), read(SHSR1)], [BWST, 5]);
  pass(timeline, 94e3);
  state.lsiHz = 0;
  write(SHSR1, 7);
  pass(timeline, 1e6);
  assert.equal(read(SR), BWST);
  state.lsiHz = 32e3;
  assert.equal(read(SR), BWST);
  pass(timeline, 94e3);
  assert.equal(read(SR), 0);
});
