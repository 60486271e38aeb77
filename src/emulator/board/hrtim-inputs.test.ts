import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CMP1,
  CMP2,
  CONT,
  type HrtimRig,
  hrtimChip,
  PER,
  pwmA1,
  RETRIG,
  RSTU,
  TA1,
  TA2,
  TACEN,
  TBCEN,
  timerA,
  UNDIVIDED,
} from "./hrtim-kit.js";

const EXTEVNT1 = 1 << 21;
/** EECR1 for event 1: its pin PC10; EExSNS. */
const LEVEL = 0;
const LOW = 1 << 2;
const RISING = 1 << 3;
const BOTH = 3 << 3;

/** Timer A with event 1 at PC10, low. */
function withEvent(period: number, sensitivity: number, control = 0): HrtimRig {
  const r = hrtimChip();
  timerA(r, period, control);
  r.drive("PC10", false);
  r.mux("PC10", 2);
  r.set("EECR1", sensitivity);
  return r;
}

const pulse = (r: HrtimRig): void => {
  r.drive("PC10", true);
  r.drive("PC10", false);
};

test("an external event toggles outputs by both edges, not while the counter is off", () => {
  const r = withEvent(1000, BOTH);
  r.set("SETA1R", EXTEVNT1);
  r.set("RSTA1R", EXTEVNT1);
  r.set("OENR", TA1);
  r.drive("PC10", true);
  assert.equal(r.level("PC6"), false);
  r.drive("PC10", false);
  r.set("MCR", TACEN);
  for (const level of [true, false, true]) {
    r.drive("PC10", level);
    assert.equal(r.level("PC6"), level);
    r.ticks(10);
  }
});

test("an event that acts by its level keeps an output inactive for as long as it lasts", () => {
  const r = withEvent(20, LEVEL | LOW);
  r.drive("PC10", true);
  r.set("CMP1AR", 10);
  r.set("SETA1R", PER);
  r.set("RSTA1R", CMP1 | EXTEVNT1);
  r.set("OENR", TA1);
  r.set("MCR", TACEN);
  r.ticks(24.5);
  r.drive("PC10", false);
  assert.equal(r.trace("PC6", 36), "0".repeat(36), "no pulse begins while it is active");
  r.drive("PC10", true);
  assert.equal(r.trace("PC6", 40), "1111111111".padStart(30, "0").padEnd(40, "0"));
});

test("captures take the counter by events, by other timers and by software", () => {
  const r = withEvent(1000, RISING);
  r.set("PERBR", 70);
  r.set("CMP1BR", 40);
  r.set("TIMBCR", UNDIVIDED | CONT);
  r.set("CPT1ACR", 1 << 2);
  r.set("CPT2ACR", 1 << 18);
  r.set("MCR", TACEN | TBCEN);
  r.ticks(50.5);
  pulse(r);
  assert.deepEqual([r.get("CPT1AR"), r.get("CPT2AR")], [50, 40]);
  assert.equal(r.get("TIMAISR") & 0x180, 0x180);
  r.ticks(10);
  r.set("CPT1ACR", (1 << 2) | 1);
  assert.deepEqual([r.get("CPT1AR"), r.get("CPT1ACR")], [60, 1 << 2]);
});

test("an event resets the counter, and TxRSTU updates with it", () => {
  const r = withEvent(1000, RISING, (1 << 27) | RSTU);
  r.set("RSTAR", 1 << 9);
  r.set("CMP1AR", 30);
  r.set("CR2", 1 << 1);
  r.set("MCR", TACEN);
  r.ticks(100.5);
  r.set("CMP1AR", 40);
  r.set("TIMAICR", 0x7fff);
  pulse(r);
  assert.equal(r.get("CNTAR"), 0);
  assert.equal(r.get("TIMAISR") & 0x2050, 0x2050, "reset, update, repetition");
  r.ticks(35);
  assert.equal(r.get("TIMAISR") & 1, 0);
  r.ticks(10);
  assert.equal(r.get("TIMAISR") & 1, 1);
});

test("blanking drops an event or holds it back; a window without one ends in a timeout", () => {
  const r = withEvent(100, RISING);
  r.set("CMP1AR", 20);
  r.set("CMP2AR", 60);
  r.set("CPT1ACR", 1 << 2);
  r.ticks(0.5);
  const captured = (filter: number, at: number): number | undefined => {
    r.set("MCR", 0);
    r.set("EEFAR1", filter);
    r.set("CNTAR", 0);
    r.set("TIMAICR", 0x7fff);
    r.set("MCR", TACEN);
    r.ticks(at);
    pulse(r);
    r.ticks(90 - at);
    return (r.get("TIMAISR") & 0x80) === 0 ? undefined : r.get("CPT1AR");
  };
  assert.equal(captured(1 << 1, 10), undefined);
  assert.equal(captured(1 << 1, 20), 20);
  assert.equal(captured((1 << 1) | 1, 10), 20);
  assert.equal(captured(13 << 1, 30), 30);
  assert.equal(captured(13 << 1, 70), 60, "none came in the window");
  assert.equal(captured((13 << 1) | 1, 30), 60);
  assert.equal(captured((13 << 1) | 1, 70), undefined);
});

test("another timer's compare blanks, too", () => {
  const r = withEvent(100, RISING);
  r.set("PERBR", 100);
  r.set("CMP4BR", 50);
  r.set("TIMBCR", UNDIVIDED | CONT);
  r.set("CPT1ACR", 1 << 2);
  // TIMFLTR2 of timer A.
  r.set("EEFAR1", 6 << 1);
  r.set("MCR", TACEN | TBCEN);
  r.ticks(40.5);
  pulse(r);
  assert.equal(r.get("TIMAISR") & 0x80, 0);
  r.ticks(20);
  pulse(r);
  assert.equal(r.get("CPT1AR"), 60);
});

test("an auto-delayed compare follows its capture, once a period; its timeout stands in for it", () => {
  const r = withEvent(100, RISING, 1 << 12);
  r.set("CMP1AR", 50);
  r.set("CMP2AR", 10);
  r.set("CPT1ACR", 1 << 2);
  r.set("SETA1R", PER);
  r.set("RSTA1R", CMP2);
  r.set("OENR", TA1);
  r.set("MCR", TACEN);
  r.ticks(120.5);
  assert.equal(r.level("PC6"), true, "without a capture it does not match");
  pulse(r);
  assert.equal(r.trace("PC6", 12), "111111111100");
  r.set("MCR", 0);
  r.set("TIMACR", UNDIVIDED | CONT);
  r.set("TIMACR", UNDIVIDED | CONT | (2 << 12));
  r.set("CNTAR", 0);
  r.set("SETA1R", PER | 1);
  r.set("MCR", TACEN);
  r.ticks(59);
  assert.equal(r.trace("PC6", 2), "10", "10 behind compare 1");
});

test("an event's digital filter drops what is shorter", () => {
  const r = hrtimChip();
  timerA(r, 1000);
  r.drive("PB4", false);
  r.mux("PB4", 3);
  // Event 6: rising edge, 8 samples of fHRTIM / 2.
  r.set("EECR2", RISING);
  r.set("EECR3", 5);
  r.set("CPT1ACR", 1 << 7);
  r.set("MCR", TACEN);
  r.drive("PB4", true);
  r.ticks(10);
  r.drive("PB4", false);
  r.ticks(50);
  assert.equal(r.get("TIMAISR") & 0x80, 0);
  r.drive("PB4", true);
  r.ticks(20);
  assert.equal(r.get("CPT1AR"), 76);
});

test("a timer's trigger output and a comparator come as events", () => {
  const r = hrtimChip();
  timerA(r, 60_000);
  const TIM1 = 0x4001_0000;
  r.write(TIM1 + 4, 2 << 4);
  r.set("EECR1", RISING | 2);
  r.set("CPT1ACR", 1 << 2);
  r.set("MCR", TACEN);
  r.ticks(100);
  r.write(TIM1 + 0x14, 1);
  assert.equal(r.get("CPT1AR"), 100);
  // COMP1: PB0 against half of VREFINT.
  r.set("EECR1", RISING | 1);
  r.drive("PB0", false);
  r.write(0x5800_380c, (1 << 16) | 7);
  r.ticks(10);
  r.drive("PB0", true);
  assert.equal(r.get("CPT1AR"), 110);
});

test("a fault takes outputs to their fault state until software enables them, once it is gone", () => {
  const r = hrtimChip();
  timerA(r, 100);
  r.drive("PA15", true);
  r.mux("PA15", 2);
  r.set("FLTINR1", 1);
  r.set("FLTAR", 1);
  r.set("IER", 1);
  // Active in fault, and not protected.
  r.set("OUTAR", 1 << 4);
  r.set("SETA1R", 0);
  r.set("OENR", TA1 | TA2);
  r.set("MCR", TACEN);
  assert.equal(r.level("PC6"), false);
  r.drive("PA15", false);
  assert.equal(r.level("PC6"), true);
  assert.deepEqual([r.get("OENR"), r.get("ODSR"), r.get("ISR")], [TA2, TA1, 1]);
  r.set("OENR", TA1);
  assert.equal(r.get("ODSR"), TA1, "the fault is still there");
  r.drive("PA15", true);
  r.set("ICR", 1);
  assert.deepEqual([r.get("ISR"), r.get("ODSR")], [0, TA1]);
  r.set("OENR", TA1);
  assert.deepEqual([r.get("OENR"), r.get("ODSR")], [TA1 | TA2, 0]);
  r.set("FLTINR1", 0x81);
  r.set("FLTINR1", 0);
  assert.equal(r.get("FLTINR1"), 0x81);
  r.set("FLTAR", 0x8000_0001);
  r.set("FLTAR", 0);
  assert.equal(r.get("FLTAR"), 0x8000_0001);
});

test("a high-impedance fault leaves the pin to its pull; ODISR leads from a fault to idle", () => {
  const r = hrtimChip();
  timerA(r, 100);
  r.mux("PC6", 1, { pullUp: true });
  r.set("OUTAR", 3 << 4);
  r.set("OENR", TA1);
  assert.equal(r.level("PC6"), false);
  // The core's lockup is a system fault once SYSCFG connects it; so is a failure of HSE, always.
  r.chip.rcc.setCrystalFailed("HSE", true);
  r.set("FLTINR1", 1 | 2);
  r.set("FLTAR", 1);
  r.drive("PA15", true);
  r.mux("PA15", 2);
  assert.equal(r.level("PC6"), true);
  r.set("ODISR", TA1);
  assert.deepEqual([r.get("ODSR"), r.level("PC6")], [0, false]);
});

test("delayed idle ends the pulse, keeps the output enabled, and is left by enabling it again", () => {
  const r = hrtimChip();
  timerA(r, 20);
  r.drive("PB4", false);
  r.mux("PB4", 3);
  r.set("EECR2", RISING);
  pwmA1(r, 10);
  r.set("OUTAR", 1 << 9);
  r.set("OENR", TA1);
  r.set("MCR", TACEN);
  r.ticks(25.5);
  r.drive("PB4", true);
  r.drive("PB4", false);
  assert.equal(r.trace("PC6", 30), "11111".padEnd(30, "0"));
  assert.equal(r.get("TIMAISR") & 0x4_4000, 0x4_4000, "DLYPRT, O1STAT");
  assert.equal(r.get("OENR"), TA1);
  r.set("OENR", TA1);
  assert.equal(r.trace("PC6", 10), "0000011111", "with the next pulse");
});

test("balanced idle gives the other output a pulse as short as the one that was cut", () => {
  const r = hrtimChip();
  timerA(r, 20, 1 << 6);
  r.drive("PB4", false);
  r.mux("PB4", 3);
  r.set("EECR2", RISING);
  r.set("CMP1AR", 10);
  const EXTEVNT6 = 1 << 26;
  const CMP4 = 1 << 6;
  for (const output of [1, 2]) {
    r.set(`SETA${output}R`, PER);
    r.set(`RSTA${output}R`, CMP1 | CMP4 | EXTEVNT6);
  }
  r.set("OUTAR", (1 << 9) | (3 << 10));
  r.set("OENR", TA1 | TA2);
  r.set("MCR", TACEN);
  r.ticks(46.5);
  r.drive("PB4", true);
  r.drive("PB4", false);
  assert.equal(r.trace("PC7", 40), "111111".padStart(20, "0").padEnd(40, "0"));
  r.ticks(40);
  assert.deepEqual([r.trace("PC6", 20), r.get("TIMAISR") & 0x4000], ["0".repeat(20), 0x4000]);
});

test("a retriggerable single shot begins anew with each event: a pulse as long as the last one is away", () => {
  const r = withEvent(30, RISING);
  r.set("TIMACR", UNDIVIDED | RETRIG);
  r.set("RSTAR", 1 << 9);
  r.set("SETA1R", EXTEVNT1);
  r.set("RSTA1R", PER);
  r.set("OENR", TA1);
  r.set("MCR", TACEN);
  pulse(r);
  r.ticks(20.5);
  pulse(r);
  assert.equal(r.trace("PC6", 40), "1".repeat(30).padEnd(40, "0"));
});
