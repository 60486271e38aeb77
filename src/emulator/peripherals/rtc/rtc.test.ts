import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass } from "../test-kit.js";
import { Rtc } from "./rtc.js";

const TR = 0x00;
const DR = 0x04;
const ISR = 0x0c;
const WPR = 0x24;
const BKP0 = 0x50;

function rig(onTrigger?: (signal: string, high: boolean) => void) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const state = { dbp: true, hz: 32768 };
  const rtc = new Rtc({
    log,
    timeline,
    clocked: () => true,
    backupWritable: () => state.dbp,
    clockHz: () => state.hz,
    ...(onTrigger === undefined ? {} : { onTrigger }),
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

test("write protection: both keys open it, also when it is open; a wrong one locks; a system reset leaves it", () => {
  const { rtc } = rig();
  const ALRMAR = 0x1c;
  const writable = (value: number): boolean => {
    rtc.write(ALRMAR, 4, value);
    return rtc.read(ALRMAR, 4) === value;
  };
  for (const key of [0xca, 0x53, 0xca, 0x53]) rtc.write(WPR, 4, key);
  assert.ok(writable(1));
  rtc.systemReset();
  rtc.clockChanged();
  assert.ok(writable(2));
  rtc.write(WPR, 4, 0xff);
  rtc.write(WPR, 4, 0x53);
  assert.ok(!writable(3));
});

test("a system reset ends initialisation mode, and the calendar runs", () => {
  const { rtc, timeline } = rig();
  for (const key of [0xca, 0x53]) rtc.write(WPR, 4, key);
  rtc.write(ISR, 4, 0x80);
  pass(timeline, 100e3);
  rtc.write(TR, 4, 0x120000);
  rtc.systemReset();
  assert.equal(rtc.read(ISR, 4) & 0xe0, 0);
  pass(timeline, 3e9);
  assert.equal(rtc.read(TR, 4), 0x120003);
  assert.equal(rtc.read(ISR, 4) & 0x20, 0x20);
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

const CR = 0x08;
const PRER = 0x10;
const SHIFTR = 0x2c;
const SSR = 0x28;
const TSTR = 0x30;
const TSDR = 0x34;
const CALR = 0x3c;
const TAMPCR = 0x40;
const ALRMAR = 0x1c;

type Rig = ReturnType<typeof rig>;

/** Unlocked, and running from `tr` on Monday, 2001-01-01. */
function running(tr: number, cr = 0): Rig {
  const r = rig();
  r.rtc.clockChanged();
  for (const key of [0xca, 0x53]) r.rtc.write(WPR, 4, key);
  r.rtc.write(ISR, 4, 0x80);
  pass(r.timeline, 100e3);
  r.rtc.write(CR, 4, cr);
  r.rtc.write(TR, 4, tr);
  r.rtc.write(DR, 4, (0x01 << 16) | (1 << 13) | (1 << 8) | 1);
  r.rtc.write(ISR, 4, 0);
  pass(r.timeline, 100e3);
  return r;
}

/** RTC_TR as it is now: reading RTC_DR gives the shadow registers free. */
function time({ rtc }: Rig): number {
  rtc.read(DR, 4);
  const tr = rtc.read(TR, 4);
  rtc.read(DR, 4);
  return tr;
}

test("hours of twelve: 11 PM is followed by 12 AM, and FMT needs initialisation mode", () => {
  const r = running(0x51_5959, 0x40);
  assert.equal(time(r), 0x51_5959);
  pass(r.timeline, 1e9);
  assert.equal(time(r), 0x12_0000);
  r.rtc.write(CR, 4, 0);
  assert.equal(r.rtc.read(CR, 4), 0x40);
  assert.ok(r.log.has(/FMT and REFCKON need/));
});

test("ADD1H and SUB1H move the hour at the next second, SUB1H not in the first hour of a day", () => {
  const r = running(0x23_1500);
  const change = (cr: number): void => {
    r.rtc.write(CR, 4, cr);
    pass(r.timeline, 1e9);
  };
  r.rtc.write(CR, 4, 1 << 16);
  assert.equal(r.rtc.read(CR, 4), 0);
  pass(r.timeline, 900e6);
  assert.equal(time(r), 0x23_1500);
  pass(r.timeline, 100e6);
  assert.equal(time(r), 0x00_1501);
  assert.equal(r.rtc.read(DR, 4) & 0x3f, 2);
  change(1 << 17);
  assert.equal(time(r), 0x00_1502);
  change(1 << 16);
  assert.equal(time(r), 0x01_1503);
  change(1 << 17);
  assert.equal(time(r), 0x00_1504);
});

test("a shift advances by a part of a second, with SHPF while it is pending", () => {
  const r = running(0x00_0010);
  pass(r.timeline, 500e6);
  r.rtc.write(SHIFTR, 4, 0x8000_0000 | 128);
  assert.equal(r.rtc.read(ISR, 4) & 0x28, 0x08);
  pass(r.timeline, 100e3);
  assert.equal(r.rtc.read(ISR, 4) & 0x28, 0x20);
  pass(r.timeline, 10e6);
  assert.equal(time(r), 0x00_0011);
  assert.ok(r.rtc.read(SSR, 4) > 240);
});

test("calibration masks or adds clocks: CALM = 256 loses 244 ppm", () => {
  const r = running(0);
  r.rtc.write(CALR, 4, 256);
  assert.equal(r.rtc.read(ISR, 4) & 0x1_0000, 0x1_0000);
  r.rtc.write(CALR, 4, 0);
  assert.equal(r.rtc.read(CALR, 4), 256, "RECALPF");
  pass(r.timeline, 4096.5e9);
  assert.equal(r.rtc.read(ISR, 4) & 0x1_0000, 0);
  assert.equal(time(r), 0x01_0815, "4096 s less one");
  r.rtc.write(CALR, 4, 0x4007);
  assert.equal(r.rtc.read(CALR, 4), 0x4004);
});

test("CALP cannot be set while PREDIV_A is less than 3", () => {
  const r = rig();
  r.rtc.clockChanged();
  for (const key of [0xca, 0x53]) r.rtc.write(WPR, 4, key);
  r.rtc.write(ISR, 4, 0x80);
  pass(r.timeline, 100e3);
  r.rtc.write(PRER, 4, 0x7f_3fff);
  r.rtc.write(PRER, 4, 0x01_3fff);
  assert.ok(!r.log.has(/one after the other/));
  r.rtc.write(ISR, 4, 0);
  r.rtc.write(CALR, 4, 0x8000);
  assert.equal(r.rtc.read(CALR, 4), 0);
});

test("a shift of a fraction only leaves the time, and SSR counts down from beyond PREDIV_S", () => {
  const r = running(0x00_0010);
  r.rtc.write(SHIFTR, 4, 128);
  pass(r.timeline, 100e3);
  const beyond = r.rtc.read(SSR, 4);
  assert.ok(beyond > 0xff && beyond <= 0xff + 128);
  assert.equal(time(r), 0x10);
  pass(r.timeline, 1.4e9);
  assert.equal(time(r), 0x10);
  pass(r.timeline, 0.2e9);
  assert.equal(time(r), 0x11);
});

test("RSF is 0 in initialisation mode and with BYPSHAD; ALRxWF are 0 in initialisation mode", () => {
  const r = running(0);
  assert.equal(r.rtc.read(ISR, 4) & 0x23, 0x23);
  r.rtc.write(ISR, 4, 0x80);
  pass(r.timeline, 100e3);
  assert.equal(r.rtc.read(ISR, 4) & 0x63, 0x40);
  r.rtc.write(ISR, 4, 0);
  pass(r.timeline, 100e3);
  r.rtc.write(CR, 4, 0x20);
  pass(r.timeline, 100e3);
  assert.equal(r.rtc.read(ISR, 4) & 0x20, 0);
});

test("behind a system reset TR and DR have their reset values until RSF comes", () => {
  const r = running(0x12_3456);
  r.rtc.systemReset();
  assert.equal(r.rtc.read(TR, 4), 0);
  assert.equal(r.rtc.read(DR, 4), 0x2101);
  pass(r.timeline, 100e3);
  assert.equal(time(r), 0x12_3456);
});

test("reading RTC_SSR holds RTC_TR and RTC_DR until RTC_DR is read, without BYPSHAD", () => {
  const r = running(0x00_0010);
  r.rtc.read(SSR, 4);
  pass(r.timeline, 5e9);
  assert.equal(r.rtc.read(TR, 4), 0x10);
  r.rtc.read(DR, 4);
  assert.equal(r.rtc.read(TR, 4), 0x15);
  r.rtc.read(DR, 4);
  r.rtc.write(CR, 4, 0x20);
  r.rtc.read(SSR, 4);
  pass(r.timeline, 5e9);
  assert.equal(r.rtc.read(TR, 4), 0x20);
});

test("an alarm that is on keeps its registers", () => {
  const r = running(0);
  r.rtc.write(CR, 4, 1 << 8);
  r.rtc.write(ALRMAR, 4, 5);
  assert.equal(r.rtc.read(ALRMAR, 4), 0);
  assert.ok(r.log.has(/ALRxWF = 0/));
});

test("a tamper erases the backup registers and holds them, unless NOERASE; with TAMPTS it is stamped", () => {
  const r = running(0x00_0010);
  r.rtc.write(BKP0, 4, 7);
  r.rtc.write(TAMPCR, 4, 0x81);
  r.rtc.tamper.level(0, true);
  assert.equal(r.rtc.read(ISR, 4) & 0x3800, 0x2800);
  assert.equal(r.rtc.read(TSTR, 4), 0x10);
  assert.equal(r.rtc.read(BKP0, 4), 0);
  r.rtc.write(BKP0, 4, 8);
  assert.equal(r.rtc.read(BKP0, 4), 0);
  r.rtc.write(ISR, 4, ~0x2800 >>> 0);
  r.rtc.write(BKP0, 4, 8);
  r.rtc.write(TAMPCR, 4, 0x2_0001);
  r.rtc.tamper.level(0, false);
  assert.equal(r.rtc.read(ISR, 4) & 0x2000, 0);
  r.rtc.tamper.level(0, true);
  assert.equal(r.rtc.read(ISR, 4) & 0x2000, 0x2000);
  assert.equal(r.rtc.read(BKP0, 4), 8);
});

test("a second time stamp before the first was read overflows", () => {
  const r = running(0x00_0010);
  r.rtc.write(CR, 4, (1 << 11) | (1 << 3));
  r.rtc.tamper.level(0, true);
  assert.equal(r.rtc.read(ISR, 4) & 0x1800, 0);
  r.rtc.tamper.level(0, false);
  pass(r.timeline, 2e9);
  r.rtc.tamper.level(0, true);
  r.rtc.tamper.level(0, false);
  assert.equal(r.rtc.read(ISR, 4) & 0x1800, 0x1800);
  assert.equal(r.rtc.read(TSTR, 4), 0x10);
});

test("the time stamp goes with TSF", () => {
  const r = running(0x00_0010);
  r.rtc.write(CR, 4, (1 << 11) | (1 << 3));
  r.rtc.tamper.level(0, true);
  r.rtc.tamper.level(0, false);
  assert.deepEqual([r.rtc.read(TSTR, 4), r.rtc.read(TSDR, 4)], [0x10, 0x2101]);
  r.rtc.write(ISR, 4, ~0x800 >>> 0);
  assert.deepEqual([r.rtc.read(TSTR, 4), r.rtc.read(TSDR, 4)], [0, 0]);
});

test("while a tamper's flag is set its input detects nothing more", () => {
  const r = running(0x00_0010);
  r.rtc.write(TAMPCR, 4, 0x81);
  r.rtc.tamper.level(0, true);
  r.rtc.tamper.level(0, false);
  r.rtc.tamper.level(0, true);
  assert.equal(r.rtc.read(ISR, 4) & 0x3800, 0x2800, "no time stamp's overflow");
});

test("a masked tamper starts a low-power timer and leaves flag and backup registers", () => {
  const told: string[] = [];
  const r = rig((signal, high) => told.push(`${signal} ${high}`));
  r.rtc.write(BKP0, 4, 7);
  r.rtc.write(TAMPCR, 4, (4 << 16) | 1);
  r.rtc.tamper.level(0, true);
  assert.deepEqual(told, ["RTC_TAMP1 true", "RTC_TAMP1 false"]);
  assert.equal(r.rtc.read(ISR, 4) & 0x2000, 0);
  assert.equal(r.rtc.read(BKP0, 4), 7);
});

test("a tamper's filter wants 2, 4 or 8 samples of its level in a row, at its rate", () => {
  const { rtc, timeline } = rig();
  const flagged = (): boolean => (rtc.read(ISR, 4) & (1 << 13)) !== 0;
  // TAMPFLT = 2 (four samples), TAMPFREQ = 7 (128 Hz), active high.
  rtc.tamper.level(0, false);
  rtc.write(TAMPCR, 4, (2 << 11) | (7 << 8) | 3);
  rtc.tamper.level(0, true);
  pass(timeline, 20e6);
  rtc.tamper.level(0, false);
  pass(timeline, 20e6);
  rtc.tamper.level(0, true);
  pass(timeline, 23e6);
  assert.equal(flagged(), false, "an interruption begins it anew");
  pass(timeline, 10e6);
  assert.equal(flagged(), true);
  rtc.write(ISR, 4, ~(1 << 13));
  assert.equal(flagged(), false);
  pass(timeline, 33e6);
  assert.equal(flagged(), true, "the level is still there");
});

test("with a filter an open input is pulled up before each sample, unless TAMPPUDIS", () => {
  for (const [disabled, flag] of [
    [0, 1 << 14],
    [1 << 15, 0],
  ] as const) {
    const { rtc, timeline } = rig();
    rtc.write(TAMPCR, 4, disabled | (1 << 11) | (7 << 8) | (3 << 3));
    pass(timeline, 50e6);
    assert.equal(rtc.read(ISR, 4) & (1 << 14), flag);
  }
});

test("an input for rising edges that is high when it is enabled counts, one for falling edges that is low does not", () => {
  const { rtc } = rig();
  rtc.tamper.level(1, false);
  rtc.tamper.level(2, true);
  rtc.write(TAMPCR, 4, (1 << 5) | (3 << 3));
  assert.equal(rtc.read(ISR, 4) & (3 << 14), 1 << 15);
});

test("WUTWF comes two cycles after WUTE went; until then WUTR stays", () => {
  const { rtc, timeline } = rig();
  const CR = 0x08;
  const WUTR = 0x14;
  rtc.write(WPR, 4, 0xca);
  rtc.write(WPR, 4, 0x53);
  rtc.write(WUTR, 4, 100);
  rtc.write(CR, 4, 1 << 10);
  rtc.write(CR, 4, 0);
  assert.equal(rtc.read(ISR, 4) & 4, 0);
  rtc.write(WUTR, 4, 200);
  assert.equal(rtc.read(WUTR, 4), 100);
  pass(timeline, 62e3);
  assert.equal(rtc.read(ISR, 4) & 4, 4);
  rtc.write(WUTR, 4, 200);
  assert.equal(rtc.read(WUTR, 4), 200);
});

test("behind Stop the shadow registers are old until they are copied; with BYPSHAD nobody sees them", () => {
  const { rtc, timeline } = rig();
  const CR = 0x08;
  rtc.clockChanged();
  rtc.setStopped(true);
  pass(timeline, 5e9);
  rtc.setStopped(false);
  assert.equal(rtc.read(TR, 4), 0);
  rtc.read(DR, 4);
  pass(timeline, 100e3);
  assert.equal(rtc.read(TR, 4), 5);
  rtc.read(DR, 4);
  rtc.setStopped(true);
  rtc.write(WPR, 4, 0xca);
  rtc.write(WPR, 4, 0x53);
  rtc.write(CR, 4, 1 << 5);
  pass(timeline, 5e9);
  assert.equal(rtc.read(TR, 4), 0x10);
});

test("a day 0 stays until midnight, and an alarm of day 0 meets it", () => {
  const { rtc, timeline } = rig();
  rtc.write(WPR, 1, 0xca);
  rtc.write(WPR, 1, 0x53);
  rtc.write(ALRMAR, 4, 1);
  rtc.write(CR, 4, 1 << 8);
  rtc.write(ISR, 4, 0x80);
  pass(timeline, 100e3);
  rtc.write(DR, 4, 0);
  rtc.write(TR, 4, 0);
  rtc.write(ISR, 4, 0);
  pass(timeline, 1.5e9);
  assert.equal(rtc.read(ISR, 4) & (1 << 8), 1 << 8);
  assert.equal(rtc.read(TR, 4), 1);
  assert.equal(rtc.read(DR, 4), 0);
  pass(timeline, 86_400e9);
  assert.equal(rtc.read(TR, 4), 1);
  assert.equal(rtc.read(DR, 4) & 0x1fff, 0x101);
});
