import assert from "node:assert/strict";
import { test } from "node:test";
import * as k from "./dfsdm-kit.js";

const { dfsdmChip, sinc } = k;
const NVIC_PENDING = 0x200;
const AHB1ENR = 0x5802_44d8;
const DMA1 = 0x4002_0000;
const DMAMUX1 = 0x4002_0800;
const BUFFER = 0x2400_0000;
const TIM1 = 0x4001_0000;
const TIM6 = 0x4000_1000;
const ADC1 = 0x4002_2000;

function pending(r: ReturnType<typeof dfsdmChip>, irq: number): boolean {
  return (r.chip.cpu.scs.read(NVIC_PENDING + (irq >>> 5) * 4, 4) & (1 << (irq & 31))) !== 0;
}

test("each filter has an interrupt, and the end of a conversion raises it", () => {
  const r = dfsdmChip();
  r.serial(sinc(1, 4));
  r.set("FLT0CR2", 2);
  r.set("FLT0CR1", k.regular(1) | k.RSWSTART | k.DFEN);
  assert.equal(pending(r, 110), false);
  r.us(6);
  assert.equal(pending(r, 110), true);
  assert.equal(pending(r, 111), false);
});

test("DMA takes continuous results, upper halves too", () => {
  const r = dfsdmChip();
  r.write(AHB1ENR, 1);
  r.write(DMAMUX1, 101);
  r.write(DMA1 + 0x14, 4);
  r.write(DMA1 + 0x18, r.address("FLT0RDATAR") + 2);
  r.write(DMA1 + 0x1c, BUFFER);
  r.write(DMA1 + 0x10, (1 << 13) | (1 << 11) | (1 << 10) | 1);
  r.serial(sinc(3, 64), k.RCONT | k.FAST | k.RDMAEN);
  r.set("FLT0CR1", k.regular(1) | k.RCONT | k.FAST | k.RDMAEN | k.RSWSTART | k.DFEN);
  r.us(3 * 64 + 3 + 3 * 64 + 2);
  assert.equal(r.read(DMA1 + 0x14), 0);
  assert.deepEqual([r.read(BUFFER), r.read(BUFFER + 4)], [0xfc00_fc00, 0xfc00_fc00]);
  assert.equal(r.flags(), k.RCIP, "no overrun");
});

test("a timer's trigger starts injected conversions", () => {
  const r = dfsdmChip();
  // MMS: update; 100 us.
  r.write(TIM6 + 4, 2 << 4);
  r.write(TIM6 + 0x28, 63);
  r.write(TIM6 + 0x2c, 99);
  r.write(TIM6 + 0x14, 1);
  r.write(TIM6, 1);
  r.set("FLT0JCHGR", 2);
  r.serial(sinc(1, 10), (1 << 13) | (7 << 8));
  r.us(150);
  assert.equal(r.flags(), k.JEOCF);
  assert.deepEqual(r.data("FLT0JDATAR"), [-10, 1]);
  r.us(100);
  assert.equal(r.flags(), k.JEOCF);
});

test("the watchdog of results latches what leaves its window, and breaks TIM1", () => {
  const r = dfsdmChip();
  r.write(TIM1 + 0x60, 1 << 8);
  // AF1: DFSDM's break; BDTR: BKE, BKP, MOE.
  r.write(TIM1 + 0x44, (1 << 12) | (1 << 13) | (1 << 15));
  r.set("FLT0AWHTR", (1000 << 8) | 1);
  r.set("FLT0AWLTR", -1000 << 8);
  r.set("FLT0CR2", (1 << 16) | (1 << 8));
  r.parallel(sinc(1, 1));
  const convert = (sample: number): void => {
    r.set("FLT0CR1", k.RSWSTART | k.DFEN);
    r.feed(sample);
    r.get("FLT0RDATAR");
  };
  convert(999);
  convert(-999);
  assert.deepEqual([r.flags(), r.get("FLT0AWSR")], [0, 0]);
  assert.deepEqual(r.data("FLT0EXMAX"), [999, 0]);
  assert.equal(r.get("FLT0EXMAX"), 0x8000_0000, "refreshed by the read");
  assert.deepEqual(r.data("FLT0EXMIN"), [-999, 0]);
  convert(-1001);
  assert.deepEqual([r.flags(), r.get("FLT0AWSR")], [k.AWDF, 1]);
  assert.notEqual(r.read(TIM1 + 0x44) & (1 << 15), 0, "the low threshold is led to no break");
  convert(1001);
  assert.equal(r.get("FLT0AWSR"), 0x101);
  assert.equal(r.read(TIM1 + 0x44) & (1 << 15), 0);
  r.set("FLT0AWCFR", 0x101);
  assert.deepEqual([r.flags(), r.get("FLT0AWSR")], [0, 0]);
});

test("the fast watchdog looks at the serial input itself, and again after its flag was cleared", () => {
  const r = dfsdmChip();
  r.set("CH1AWSCDR", (2 << 22) | (9 << 16));
  r.set("FLT0AWHTR", 90 << 16);
  r.set("FLT0AWLTR", -90 << 16);
  r.set("FLT0CR2", 2 << 16);
  r.serial(sinc(1, 4), k.AWFSEL);
  r.us(22);
  assert.equal(r.get("FLT0AWSR"), 0);
  r.us(1);
  assert.equal(r.get("FLT0AWSR"), 2);
  assert.equal(r.get("CH1WDATR"), -100 & 0xffff);
  r.set("FLT0AWCFR", 2);
  r.us(9);
  assert.equal(r.get("FLT0AWSR"), 0);
  r.us(1);
  assert.equal(r.get("FLT0AWSR"), 2);
});

test("the short-circuit detector counts equal samples", () => {
  const r = dfsdmChip();
  r.mux("PC3", 3);
  r.set("CH1AWSCDR", 20);
  r.serial(sinc(1, 4));
  r.set("CH1CFGR1", k.BY_CKOUT | k.CHEN | k.SCDEN);
  r.set("FLT0CR2", 1 << 5);
  r.us(15);
  r.drive("PC3", true);
  r.us(19);
  assert.equal(r.get("FLT0ISR") >>> 24, 0);
  r.us(2);
  assert.equal(r.get("FLT0ISR") >>> 24, 2);
  assert.equal(pending(r, 110), true);
  r.set("FLT0ICR", 2 << 24);
  assert.equal(r.get("FLT0ISR") >>> 24, 0);
});

test("a clock's absence can be cleared once the clock was seen, and comes back when CKIN stands still", () => {
  const r = dfsdmChip();
  const absent = (): number => (r.get("FLT0ISR") >>> 16) & 0xff;
  r.serial(sinc(1, 4));
  r.set("FLT0ICR", 0xff << 16);
  assert.equal(absent(), 0xff);
  r.us(1);
  r.set("FLT0ICR", 0xff << 16);
  assert.equal(absent(), 0xfd, "channel 1 is clocked by CKOUT");
  // Channel 0 by CKIN0.
  r.mux("PC0", 3);
  r.set("CH0CFGR1", k.DFSDMEN | k.ckout(64) | k.CHEN);
  r.set("FLT0CR2", 1 << 6);
  r.set("FLT0ICR", 1 << 16);
  assert.equal(absent() & 1, 1);
  r.drive("PC0", true);
  r.set("FLT0ICR", 1 << 16);
  assert.equal(absent() & 1, 0);
  r.set("CH0CFGR1", k.DFSDMEN | k.ckout(64) | k.CHEN | k.CKABEN);
  r.us(7);
  assert.equal(absent() & 1, 0);
  assert.equal(pending(r, 110), false);
  r.us(2);
  assert.equal(absent() & 1, 1);
  assert.equal(pending(r, 110), true);
});

test("samples come with the chosen edge of CKIN", () => {
  const r = dfsdmChip();
  r.mux("PC0", 3);
  r.mux("PC1", 3);
  r.drive("PC0", false);
  r.set("CH0CFGR1", k.CHEN | k.DFSDMEN);
  r.set("FLT0FCR", sinc(1, 4));
  r.set("FLT0CR1", k.DFEN);
  r.set("FLT0CR1", k.DFEN | k.RSWSTART);
  for (const bit of [1, 1, 0, 1, 1]) {
    r.drive("PC1", bit === 1);
    r.drive("PC0", true);
    r.us(1);
    r.drive("PC0", false);
    r.drive("PC1", false);
    r.us(1);
  }
  assert.deepEqual(r.data("FLT0RDATAR"), [2, 0]);
  assert.equal(r.get("FLT0CNVTIMR") >>> 4, 10 * 64);
});

test("CKOUT comes out, a divided part of the clock, and stays low when it is off", () => {
  const r = dfsdmChip();
  r.mux("PC2", 6);
  const trace = (): string => {
    let levels = "";
    for (let n = 0; n < 8; n++) {
      r.wait(250);
      levels += r.level("PC2") ? "1" : "0";
    }
    return levels;
  };
  assert.equal(trace(), "00000000");
  r.serial(sinc(1, 4));
  r.wait(10);
  assert.equal(trace(), "01100110");
  r.set("CH0CFGR1", k.ckout(64));
  assert.equal(trace(), "00000000");
});

test("an ADC's results go to its channel, and its end of conversion is taken", () => {
  const r = dfsdmChip();
  r.write(AHB1ENR, 1 << 5);
  r.write(0x4002_2308, 2 << 16);
  r.write(ADC1 + 8, 1 << 28);
  r.us(20);
  r.write(ADC1 + 8, (1 << 28) | 1);
  r.write(ADC1 + 0x1c, 0xfffff);
  r.us(2);
  // 12 bits, DMNGT: DFSDM.
  r.write(ADC1 + 0xc, (2 << 2) | 2);
  r.write(ADC1 + 0x30, 3 << 6);
  r.set("CH0CFGR1", k.DFSDMEN | (1 << 12));
  r.set("CH0CFGR1", k.DFSDMEN | (1 << 12) | k.CHEN);
  r.set("FLT0FCR", sinc(1, 1, 2));
  r.set("FLT0CR1", k.DFEN);
  r.set("FLT0CR1", k.DFEN | k.RSWSTART);
  for (let n = 0; n < 2; n++) {
    r.write(ADC1 + 8, (1 << 28) | 1 | 4);
    r.us(2);
    assert.equal(r.read(ADC1) & 4, 0);
  }
  assert.deepEqual(r.data("FLT0RDATAR"), [2 * r.read(ADC1 + 0x40), 0]);
  assert.notEqual(r.read(ADC1 + 0x40), 0);
});
