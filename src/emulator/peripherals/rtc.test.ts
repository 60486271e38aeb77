import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { Rtc } from "./rtc.js";
import { pass } from "./test-kit.js";

const TR = 0x00;
const DR = 0x04;
const ISR = 0x0c;
const WPR = 0x24;
const BKP0 = 0x50;

function rig() {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const state = { dbp: true, hz: 32768 };
  const rtc = new Rtc({
    log,
    timeline,
    clocked: () => true,
    backupWritable: () => state.dbp,
    clockHz: () => state.hz,
  });
  return { rtc, timeline, log, state };
}

test("backup registers need DBP, survive a system reset, and go with the backup domain", () => {
  const { rtc, state, log } = rig();
  state.dbp = false;
  rtc.write(BKP0, 4, 1);
  assert.equal(rtc.read(BKP0, 4), 0);
  assert.ok(log.has(/DBP/));
  state.dbp = true;
  rtc.write(BKP0 + 31 * 4, 4, 0xdeadbeef);
  rtc.systemReset();
  assert.equal(rtc.read(BKP0 + 31 * 4, 4), 0xdeadbeef);
  rtc.backupReset();
  assert.equal(rtc.read(BKP0 + 31 * 4, 4), 0);
});

test("the calendar is set in initialisation mode and then runs, over the end of a leap February", () => {
  const { rtc, timeline, log } = rig();
  rtc.write(ISR, 4, 0x80);
  pass(timeline, 1e6);
  assert.equal(rtc.read(ISR, 4) & 0x40, 0);
  assert.ok(log.has(/0xCA/));
  rtc.write(WPR, 1, 0xca);
  rtc.write(WPR, 1, 0x53);
  rtc.write(TR, 4, 0x123456);
  assert.equal(rtc.read(TR, 4), 0);
  rtc.write(ISR, 4, 0x80);
  assert.equal(rtc.read(ISR, 4) & 0x40, 0);
  pass(timeline, 100e3);
  assert.equal(rtc.read(ISR, 4) & 0x40, 0x40);
  rtc.write(TR, 4, 0x235958);
  rtc.write(DR, 4, (0x24 << 16) | (4 << 13) | (0x02 << 8) | 0x29);
  rtc.write(ISR, 4, 0);
  pass(timeline, 3e9);
  assert.equal(rtc.read(TR, 4), 0x000001);
  assert.equal(rtc.read(DR, 4), (0x24 << 16) | (5 << 13) | (0x03 << 8) | 0x01);
  assert.equal(rtc.read(ISR, 4) & 0x10, 0x10);
});

test("without a clock INITF and RSF never come, and the log says why", () => {
  const { rtc, timeline, log, state } = rig();
  state.hz = 0;
  rtc.write(WPR, 4, 0xca);
  rtc.write(WPR, 4, 0x53);
  rtc.write(ISR, 4, 0x80);
  pass(timeline, 1e9);
  assert.equal(rtc.read(ISR, 4) & 0x40, 0);
  assert.ok(log.has(/no clock/));
});

test("a change of the clock counts from then on", () => {
  const { rtc, timeline, state } = rig();
  rtc.clockChanged();
  pass(timeline, 10e9);
  state.hz = 0;
  rtc.clockChanged();
  pass(timeline, 10e9);
  assert.equal(rtc.read(TR, 4), 0x10);
});

test("RSF comes back after it was cleared", () => {
  const { rtc, timeline } = rig();
  rtc.systemReset();
  assert.equal(rtc.read(ISR, 4) & 0x20, 0);
  pass(timeline, 100e3);
  assert.equal(rtc.read(ISR, 4) & 0x20, 0x20);
});

test("state survives save and load, with the time that passed meanwhile", () => {
  const { rtc, timeline } = rig();
  rtc.clockChanged();
  rtc.write(BKP0, 4, 7);
  pass(timeline, 5e9);
  const other = rig();
  other.rtc.load(rtc.save(), 60);
  assert.equal(other.rtc.read(BKP0, 4), 7);
  assert.equal(other.rtc.read(TR, 4), 0x000105);
});
