import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CMP1,
  CMP2,
  CONT,
  hrtimChip,
  MCEN,
  PER,
  PREEN,
  pwmA1,
  REPU,
  RETRIG,
  TA1,
  TA2,
  TACEN,
  TB1,
  TBCEN,
  timerA,
  UNDIVIDED,
} from "./hrtim-kit.js";

test("an output set by the period and reset by a compare is a PWM, whenever it is looked at", () => {
  const r = hrtimChip();
  timerA(r, 20);
  pwmA1(r, 5);
  r.set("OENR", TA1);
  r.set("MCR", TACEN);
  r.ticks(20.5);
  assert.equal(r.trace("PC6", 40), "1111100000000000000011111000000000000000");
  // A second later nothing was worked out in between.
  r.ticks(64e6 - 40);
  assert.equal(r.trace("PC6", 20), "11111000000000000000");
  assert.equal(r.get("CNTAR"), 0);
  assert.equal(r.get("TIMAISR") & 0x2611, 0x2611, "compare 1, repetition, output set and reset, roll-over");
  r.set("TIMAICR", 0x7fff);
  assert.equal(r.get("TIMAISR"), 1 << 20, "O1CPY stays");
});

test("the prescaler divides, and cannot be changed under way; reserved ones are told", () => {
  const r = hrtimChip();
  r.set("PERBR", 100);
  r.set("TIMBCR", UNDIVIDED + 2 + CONT);
  r.set("MCR", TBCEN);
  r.ticks(42);
  assert.equal(r.get("CNTBR"), 10);
  r.set("TIMBCR", UNDIVIDED + CONT);
  assert.equal(r.get("TIMBCR"), UNDIVIDED + 2 + CONT);
  assert.ok(r.log.has(/TIMBCR: CKPSC cannot be changed/));
  r.set("MCR", TBCEN | TACEN);
  assert.ok(r.log.has(/TIMACR: CKPSC below 5 is reserved/));
  r.set("CNTBR", 3);
  assert.ok(r.log.has(/CNTBR: written while the counter is enabled/));
});

test("what both sets and resets toggles; of a set and a reset at once the reset wins", () => {
  const r = hrtimChip();
  timerA(r, 8);
  r.set("CMP1AR", 2);
  r.set("CMP2AR", 4);
  r.set("SETA1R", PER | CMP1 | CMP2);
  r.set("RSTA1R", PER | CMP1 | CMP2);
  r.set("SETA2R", PER | CMP2);
  r.set("RSTA2R", CMP2);
  r.set("OENR", TA1 | TA2);
  r.set("MCR", TACEN);
  r.ticks(8.5);
  assert.equal(r.trace("PC6", 16), "1100111100110000");
  r.set("CMP1AR", 0);
  r.set("SETA2R", PER);
  r.set("RSTA2R", CMP1);
  r.ticks(16);
  assert.equal(r.trace("PC7", 16), "0".repeat(16), "a compare of 0 leaves no pulse");
});

test("preloaded registers act with the update event: by repetition, by software, not while it is disabled", () => {
  const r = hrtimChip();
  timerA(r, 10, PREEN | REPU);
  pwmA1(r, 3);
  r.set("REPAR", 1);
  r.set("CR2", 1 << 1);
  r.set("OENR", TA1);
  r.set("MCR", TACEN);
  r.ticks(10.5);
  r.set("CMP1AR", 6);
  assert.equal(r.get("CMP1AR"), 6);
  assert.equal(r.trace("PC6", 20), "11100000001111110000", "at the end of the second period");
  r.set("CR1", 1 << 1);
  r.set("CMP1AR", 2);
  assert.equal(r.trace("PC6", 20), "11111100001111110000");
  r.set("CR2", 1 << 1);
  assert.equal(r.trace("PC6", 10), "1100000000", "software is not held up");
  r.set("TIMAICR", 0x7fff);
  r.set("CR1", 0);
  r.ticks(20);
  assert.equal(r.get("TIMAISR") & 0x50, 0x50);
});

test("the master's period and compares reset other timers: phases", () => {
  const r = hrtimChip();
  timerA(r, 40);
  r.mux("PC8", 1);
  r.set("MPER", 40);
  r.set("MCMP1R", 20);
  r.set("PERBR", 40);
  r.set("TIMBCR", UNDIVIDED | CONT);
  r.set("MCR", UNDIVIDED | CONT);
  for (const [unit, reset, set] of [
    ["A", 1 << 4, 1 << 7],
    ["B", 1 << 5, 1 << 8],
  ] as const) {
    r.set(`RST${unit}R`, reset);
    r.set(`CMP1${unit}R`, 10);
    r.set(`SET${unit}1R`, set);
    r.set(`RST${unit}1R`, CMP1);
  }
  r.set("OENR", TA1 | TB1);
  r.set("MCR", UNDIVIDED | CONT | MCEN | TACEN | TBCEN);
  r.ticks(40.5);
  const half = "1111111111";
  assert.equal(r.trace("PC6", 40), half.padEnd(40, "0"));
  r.ticks(40e5 - 40);
  assert.equal(r.trace("PC8", 40), half.padStart(30, "0").padEnd(40, "0"));
});

test("another timer's compares come as timer events", () => {
  const r = hrtimChip();
  timerA(r, 30);
  r.set("PERBR", 30);
  r.set("CMP4BR", 7);
  r.set("TIMBCR", UNDIVIDED | CONT);
  r.set("SETA1R", 1 << 14);
  r.set("RSTA1R", PER);
  r.set("OENR", TA1);
  r.set("MCR", TACEN | TBCEN);
  r.ticks(30.5);
  assert.equal(
    r.trace("PC6", 30),
    "1".repeat(23).padStart(30, "0"),
    "TIMEVNT3 of timer A is timer B's compare 4",
  );
});

test("a single shot waits for its reset, and takes another one under way only with RETRIG", () => {
  const r = hrtimChip();
  const start = (): void => r.set("CR2", 1 << 9);
  timerA(r, 20);
  r.set("TIMACR", UNDIVIDED);
  r.set("MCR", TACEN);
  r.ticks(10);
  assert.equal(r.get("CNTAR"), 0);
  start();
  r.ticks(10);
  start();
  r.ticks(5);
  assert.equal(r.get("CNTAR"), 15);
  r.ticks(20);
  assert.equal(r.get("CNTAR"), 20);
  assert.equal(r.get("TIMAISR") & 0x10, 0, "the very first start is no repetition");
  r.set("MCR", 0);
  r.set("TIMACR", UNDIVIDED | RETRIG);
  r.set("MCR", TACEN);
  start();
  r.ticks(10);
  start();
  r.ticks(5);
  assert.equal(r.get("CNTAR"), 5);
});

test("half mode makes compare 1 half of the period; push-pull gives each output every other one", () => {
  const r = hrtimChip();
  timerA(r, 12, (1 << 5) | (1 << 6));
  r.set("CMP1AR", 2);
  for (const output of [1, 2]) {
    r.set(`SETA${output}R`, PER);
    r.set(`RSTA${output}R`, CMP1);
  }
  r.set("OENR", TA1 | TA2);
  r.set("MCR", TACEN);
  r.ticks(24.5);
  assert.equal(r.get("TIMAISR") & (1 << 16), 0);
  assert.equal(r.trace("PC6", 24), "111111000000000000000000");
  assert.equal(r.trace("PC7", 24), "000000000000111111000000");
  assert.equal(r.get("CMP1AR"), 2);
});

test("dead time parts two complementary outputs, and overlaps them where it is negative; locks hold it", () => {
  const r = hrtimChip();
  timerA(r, 20);
  pwmA1(r, 10);
  r.set("OUTAR", 1 << 8);
  r.set("DTAR", (1 << 10) | 2 | (1 << 16));
  r.set("OENR", TA1 | TA2);
  assert.equal(r.trace("PC7", 2), "00", "no complement before the first event");
  r.set("MCR", TACEN);
  r.ticks(20.5);
  assert.equal(r.trace("PC6", 20), "00001111110000000000", "2 steps of 2 periods: DTPRSC = 1");
  assert.equal(r.trace("PC7", 20), "00000000000011111111");
  r.set("DTAR", (0x8000_8000 | (1 << 9) | 3 | (1 << 25) | (2 << 16)) >>> 0);
  r.ticks(20);
  assert.equal(r.trace("PC6", 20), "11111111111100000000");
  assert.equal(r.trace("PC7", 20), "11100000001111111111");
  r.set("DTAR", 0);
  assert.equal(r.get("DTAR"), (0x8000_8000 | (1 << 9) | 3 | (1 << 25) | (2 << 16)) >>> 0);
  assert.ok(r.log.has(/DTAR: a lock keeps this dead time/));
});

test("idle level, polarity and the chopper at the output stage", () => {
  const r = hrtimChip();
  timerA(r, 200);
  pwmA1(r, 100);
  r.set("OUTAR", (1 << 1) | (1 << 3));
  assert.equal(r.trace("PC6", 1), "0", "active in idle, and active is low");
  // Half of a carrier of 16 periods behind a first pulse of 16.
  r.set("CHPAR", 4 << 4);
  r.set("OUTAR", 1 << 6);
  r.set("OENR", TA1);
  r.set("MCR", TACEN);
  r.ticks(200.5);
  assert.equal(r.trace("PC6", 64), "1".repeat(16) + "0000000011111111".repeat(3));
  r.set("ODISR", TA1);
  assert.equal(r.get("OENR"), 0);
  assert.equal(r.trace("PC6", 4), "0000");
});
