import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CMP1,
  CONT,
  hrtimChip,
  MCEN,
  PER,
  PREEN,
  pwmA1,
  REPU,
  TA1,
  TA2,
  TACEN,
  TBCEN,
  timerA,
  UNDIVIDED,
} from "./hrtim-kit.js";

const NVIC_PENDING = 0xe000_e200;
const ADC1 = 0x4002_2000;
const DAC = 0x4000_7400;
const DMA1 = 0x4002_0000;
const DMAMUX1 = 0x4002_0800;
const AHB1ENR = 0x5802_44d8;
const BUFFER = 0x2400_0000;

test("interrupts of the master, of a timer and of the faults have lines of their own", () => {
  const r = hrtimChip();
  const pending = (irq: number): boolean =>
    (r.chip.cpu.scs.read((NVIC_PENDING & 0xfff) + (irq >>> 5) * 4, 4) & (1 << (irq & 31))) !== 0;
  timerA(r, 100);
  r.set("MPER", 50);
  r.set("MDIER", 1 << 4);
  r.set("TIMADIER", 1);
  r.set("CMP1AR", 80);
  r.set("IER", 0x3f);
  r.set("MCR", UNDIVIDED | CONT | MCEN | TACEN);
  assert.deepEqual([103, 104, 109].map(pending), [false, false, false]);
  r.ticks(60);
  assert.deepEqual([103, 104, 109].map(pending), [true, false, false]);
  r.ticks(30);
  assert.equal(pending(104), true);
  r.mux("PA15", 2);
  r.drive("PA15", true);
  r.set("FLTINR1", 3);
  assert.equal(pending(109), true);
});

test("burst mode idles outputs for some periods of a timer and runs them for others, until it is told to end", () => {
  const r = hrtimChip();
  timerA(r, 10);
  pwmA1(r, 5);
  r.set("OUTAR", 1 << 2);
  r.set("OENR", TA1);
  r.set("BMCMPR", 1);
  r.set("BMPER", 3);
  r.set("IER", 1 << 17);
  // Continuous, clocked by timer A.
  r.set("BMCR", 1 | 2 | (1 << 2));
  r.set("MCR", TACEN);
  r.ticks(10.5);
  assert.equal(r.trace("PC6", 10), "1111100000");
  r.set("BMTRGR", 1);
  assert.equal(r.get("BMCR") >>> 31, 1);
  assert.equal(
    r.trace("PC6", 80),
    "0".repeat(20) + "1111100000".repeat(2) + "0".repeat(20) + "1111100000".repeat(2),
  );
  assert.equal(r.get("ISR"), 1 << 17);
  r.ticks(5);
  r.set("BMCR", 1 | 2 | (1 << 2));
  assert.equal(r.get("BMCR") >>> 31, 0);
  assert.equal(r.trace("PC6", 15), "000001111100000");
});

test("a single burst stops a timer and holds it at 0; the idle level may be active, behind a dead time", () => {
  const r = hrtimChip();
  timerA(r, 100);
  r.set("CMP1AR", 50);
  r.set("SETA1R", PER | 1);
  r.set("RSTA1R", CMP1);
  r.set("DTAR", (3 << 10) | 1);
  // IDLM, IDLES and DIDL of output 1.
  r.set("OUTAR", (1 << 2) | (1 << 3) | (1 << 7));
  r.set("OENR", TA1);
  r.set("BMCMPR", 1);
  r.set("BMPER", 2);
  // By fHRTIM / 16, triggered by timer A's compare 1, TABM.
  r.set("BMCR", 1 | (10 << 2) | (4 << 6) | (1 << 17));
  r.set("BMTRGR", 1 << 9);
  r.set("MCR", TACEN);
  r.ticks(49.5);
  assert.equal(r.trace("PC6", 2), "10");
  assert.equal(r.trace("PC6", 40), "0".repeat(7) + "1".repeat(33));
  // It was triggered 41.5 periods ago and counts again since the 32nd.
  assert.equal(r.get("CNTAR"), 9);
  assert.equal(r.get("BMCR") >>> 31, 1);
  r.ticks(10);
  assert.equal(r.get("BMCR") >>> 31, 0);
});

test("a timer's events ask for DMA, and a burst of it writes one register after the other", () => {
  const r = hrtimChip();
  r.write(AHB1ENR, 1);
  timerA(r, 100, PREEN | (1 << 28));
  r.set("CMP1AR", 20);
  r.set("TIMADIER", 1 << 20);
  r.set("CR2", 1 << 1);
  // CMP1 and CMP3 of timer A, the period of timer B.
  r.set("BDTAUPR", (1 << 6) | (1 << 8));
  r.set("BDTBUPR", 1 << 4);
  for (const [index, word] of [30, 60, 500].entries()) r.write(BUFFER + index * 4, word);
  r.write(DMAMUX1, 96);
  r.write(DMA1 + 0x14, 3);
  r.write(DMA1 + 0x18, r.address("BDMADR"));
  r.write(DMA1 + 0x1c, BUFFER);
  r.write(DMA1 + 0x10, (2 << 13) | (2 << 11) | (1 << 10) | (1 << 6) | 1);
  r.set("MCR", TACEN);
  r.ticks(90);
  assert.deepEqual([r.get("CMP1AR"), r.get("CMP3AR")], [20, 0]);
  r.ticks(50);
  assert.deepEqual([r.get("CMP1AR"), r.get("CMP3AR"), r.get("PERBR")], [30, 60, 500]);
  r.set("TIMAICR", 0x7fff);
  r.ticks(100);
  assert.equal(r.get("TIMAISR") & 5, 5, "UPDGAT = 1: the end of the burst updated it");
});

test("compares trigger the ADC once a period, and updates the DAC", () => {
  const r = hrtimChip();
  r.write(AHB1ENR, 1 << 5);
  timerA(r, 640, REPU);
  r.write(0x4002_2308, 2 << 16);
  r.write(ADC1 + 8, 1 << 28);
  r.ticks(1300);
  r.write(ADC1 + 8, (1 << 28) | 1);
  r.write(ADC1 + 0x1c, 0xfffff);
  r.ticks(100);
  r.write(ADC1 + 0x30, 3 << 6);
  // EXTSEL 16: hrtim_adc_trg1, rising.
  r.write(ADC1 + 0xc, (1 << 12) | (1 << 10) | (16 << 5));
  r.set("CMP2AR", 320);
  r.set("ADC1R", 1 << 10);
  r.set("TIMACR", UNDIVIDED | CONT | REPU | (1 << 25));
  r.set("MCR", TACEN);
  r.write(ADC1 + 8, (1 << 28) | 4);
  let conversions = 0;
  for (let n = 0; n < 10; n++) {
    r.ticks(640);
    if ((r.read(ADC1) & 4) !== 0) conversions++;
    r.read(ADC1 + 0x40);
  }
  assert.equal(conversions, 10);
  // TSEL1 = 9, a triangle up to 4095.
  r.write(DAC, (11 << 8) | (2 << 6) | (9 << 2) | 3);
  const before = r.read(DAC + 0x2c);
  r.ticks(6400);
  assert.equal(r.read(DAC + 0x2c) - before, 9, "the first one adds 0");
});

test("the synchronization input starts and resets timers, and SCOUT tells of the master's start", () => {
  const r = hrtimChip();
  const SYNCSTRT = 1 << 11;
  timerA(r, 1000, SYNCSTRT);
  r.drive("PB11", false);
  r.mux("PB11", 2);
  r.mux("PB10", 2);
  r.set("MPER", 1000);
  // SYNCIN: the pin, reset by it; SYNCOUT: positive pulses at the master's start.
  const master = UNDIVIDED | CONT | (3 << 8) | (1 << 10) | (2 << 12);
  r.set("MCR", master);
  r.set("MCR", master | MCEN | TACEN);
  assert.equal(r.trace("PB10", 20), "1111111111111111".padEnd(20, "0"));
  assert.equal(r.get("CNTAR"), 0, "it waits");
  r.ticks(80.5);
  r.drive("PB11", true);
  r.ticks(5);
  assert.deepEqual([r.get("CNTAR"), r.get("MCNTR")], [5, 5]);
  assert.equal(r.get("MISR") & 0x20, 0x20);
  assert.equal(r.level("PB10"), true, "a reset restarts the master");
});

test("updates spread to timers that ask for another's, and an update enable input gates them", () => {
  const r = hrtimChip();
  const TAU = 1 << 19;
  const TIM6 = 0x4000_1000;
  timerA(r, 100, PREEN | REPU);
  r.set("TIMBCR", UNDIVIDED | CONT | PREEN | TAU);
  r.set("PERBR", 1000);
  r.set("CR2", 6);
  r.set("MCR", TACEN | TBCEN);
  r.set("CMP1BR", 130);
  r.set("TIMBICR", 0x7fff);
  r.ticks(140);
  assert.equal(r.get("TIMBISR") & 0x41, 0x41, "with timer A's, at 100");
  r.set("MCR", 0);
  // UPDGAT = 8: with the update that follows TIM6's trigger.
  r.set("TIMBCR", UNDIVIDED | CONT | PREEN | TAU);
  r.set("TIMBCR", (UNDIVIDED | CONT | PREEN | TAU | (8 << 28)) >>> 0);
  r.set("CNTAR", 0);
  r.set("MCR", TACEN | TBCEN);
  r.set("TIMBICR", 0x7fff);
  r.ticks(150);
  assert.equal(r.get("TIMBISR") & 0x40, 0);
  r.write(TIM6 + 4, 2 << 4);
  r.write(TIM6 + 0x14, 1);
  assert.equal(r.get("TIMBISR") & 0x40, 0);
  r.ticks(60);
  assert.equal(r.get("TIMBISR") & 0x40, 0x40);
});

test("edges reach EXTI in their time", () => {
  const r = hrtimChip();
  timerA(r, 1000);
  pwmA1(r, 500);
  r.set("OENR", TA1);
  // EXTI line 6 at port C, rising.
  r.write(0x5800_040c, 2 << 8);
  r.write(0x5800_0000, 1 << 6);
  r.write(0x5800_0080, 1 << 6);
  r.set("MCR", TACEN);
  r.ticks(990);
  assert.equal(r.read(0x5800_0088) & (1 << 6), 0);
  r.ticks(20);
  assert.equal(r.read(0x5800_0088) & (1 << 6), 1 << 6);
});

test("a debugger that holds it stops the counters, and outputs that have a fault state take it", () => {
  const r = hrtimChip();
  timerA(r, 1000);
  r.set("SETA1R", PER | 1);
  r.set("SETA2R", 1);
  r.set("OUTAR", 2 << 4);
  r.set("OENR", TA1 | TA2);
  r.set("MCR", TACEN);
  r.ticks(100);
  r.write(0x5c00_104c, 1 << 29);
  r.chip.cpu.debug.onFreeze(true);
  r.ticks(100);
  assert.deepEqual([r.get("CNTAR"), r.level("PC6"), r.level("PC7")], [100, false, true]);
  r.chip.cpu.debug.onFreeze(false);
  r.ticks(50);
  assert.deepEqual([r.get("CNTAR"), r.get("OENR")], [150, TA2]);
});

test("CMP1CxR writes compare 1 and the repetition at once; a reset of the peripheral ends all of it", () => {
  const r = hrtimChip();
  timerA(r, 100);
  r.set("CMP1CAR", (2 << 16) | 40);
  assert.deepEqual([r.get("CMP1AR"), r.get("REPAR"), r.get("CMP1CAR")], [40, 2, (2 << 16) | 40]);
  r.set("OENR", TA1);
  r.set("MCR", TACEN);
  r.ticks(250);
  assert.equal(r.get("TIMAISR") & 0x10, 0);
  r.ticks(100);
  assert.equal(r.get("TIMAISR") & 0x10, 0x10);
  r.write(0x5802_4498, 1 << 29);
  r.write(0x5802_4498, 0);
  assert.deepEqual([r.get("OENR"), r.get("PERAR"), r.get("MCR"), r.get("TIMAISR")], [0, 0xffdf, 0, 0]);
});
