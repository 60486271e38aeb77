import assert from "node:assert/strict";
import { test } from "node:test";
import * as k from "./dfsdm-kit.js";

const { dfsdmChip, sinc } = k;

test("after reset all serial clocks are absent, and injected groups have channel 0", () => {
  const r = dfsdmChip();
  assert.equal(r.get("FLT0ISR"), 0x00ff_0000);
  assert.equal(r.get("FLT1ISR"), 0);
  assert.equal(r.get("FLT2JCHGR"), 1);
  assert.deepEqual([r.get("FLT0EXMAX"), r.get("FLT0EXMIN")], [0x8000_0000, 0x7fff_ff00]);
});

test("a silent serial input converts to the lower end of the range, a high one to the upper, in the manual's time", () => {
  const r = dfsdmChip();
  r.serial(sinc(3, 32));
  r.set("FLT0CR1", k.regular(1) | k.RSWSTART | k.DFEN);
  assert.equal(r.flags(), k.RCIP);
  // FOSR * (IOSR - 1 + FORD) + FORD samples, the first half a microsecond from now.
  r.us(98);
  assert.equal(r.flags(), k.RCIP);
  r.us(1);
  assert.equal(r.flags(), k.REOCF);
  assert.deepEqual(r.data("FLT0RDATAR"), [-(32 ** 3), 1]);
  assert.equal(r.flags(), 0, "reading the data clears the flag");
  assert.equal(r.get("FLT0CNVTIMR") >>> 4, 99 * 64);
  r.mux("PC3", 3);
  r.drive("PC3", true);
  r.set("FLT0CR1", k.regular(1) | k.RSWSTART | k.DFEN);
  r.us(100);
  assert.deepEqual(r.data("FLT0RDATAR"), [32 ** 3, 1]);
});

test("continuous fast conversions need fresh samples only for the first", () => {
  const r = dfsdmChip();
  r.serial(sinc(2, 10, 3), k.FAST | k.RCONT);
  r.set("FLT0CR1", k.regular(1) | k.FAST | k.RCONT | k.RSWSTART | k.DFEN);
  r.us(42);
  assert.equal(r.flags() & k.REOCF, k.REOCF);
  assert.deepEqual(r.data("FLT0RDATAR"), [-300, 1]);
  r.us(29);
  assert.equal(r.flags() & k.REOCF, 0);
  r.us(1);
  assert.equal(r.flags() & k.REOCF, k.REOCF);
  r.us(30);
  assert.equal(r.flags() & k.ROVRF, k.ROVRF, "the one before was not read");
  r.set("FLT0ICR", k.ROVRF);
  // RCONT = 0 ends it at once.
  r.set("FLT0CR1", k.regular(1) | k.DFEN);
  assert.equal(r.flags(), k.REOCF);
});

test("a level that changes during a conversion is filtered as the two streams that it is", () => {
  const r = dfsdmChip();
  r.mux("PC3", 3);
  r.serial(sinc(1, 16));
  r.set("FLT0CR1", k.regular(1) | k.RSWSTART | k.DFEN);
  r.us(4);
  r.drive("PC3", true);
  r.us(20);
  assert.deepEqual(r.data("FLT0RDATAR"), [16 - 2 * 4, 1]);
});

test("parallel data: each write is a sample, sinc filters of all orders have their step response", () => {
  const results: number[][] = [];
  for (const order of [0, 1, 2, 3, 4, 5]) {
    const r = dfsdmChip();
    r.parallel(sinc(order, 4), k.RCONT | k.FAST);
    r.set("FLT0CR1", k.RCONT | k.FAST | k.RSWSTART | k.DFEN);
    const seen: number[] = [];
    const take = (count: number, sample: number): void => {
      for (let n = 0; n < count; n++) {
        r.feed(sample);
        if ((r.flags() & k.REOCF) !== 0) seen.push(r.data("FLT0RDATAR")[0]);
      }
    };
    take(order === 0 ? 18 : 5 * order, 0);
    take(32, 100);
    results.push(seen);
  }
  const full = [3200, 400, 1600, 6400, 25_600, 102_400];
  results.forEach((seen, order) => {
    assert.equal(seen[0], 0, `order ${order}`);
    assert.equal(seen.at(-1), full[order], `order ${order}`);
    for (let at = 1; at < seen.length; at++) assert.ok((seen[at] ?? 0) >= (seen[at - 1] ?? 0));
  });
  // (1 + z^-1 + z^-2 + z^-3)^2 over a step, two samples of it still on their way in the filter: 1 + 2 of 16, then all but one.
  assert.deepEqual(results[2]?.slice(0, 4), [0, 300, 1500, 1600]);
});

test("a bypassed filter leaves the integrator; shift rounds, the offset is taken off", () => {
  const r = dfsdmChip();
  r.set("CH0CFGR2", (7 << 8) | (2 << 3));
  r.parallel(sinc(3, 1, 3));
  const convert = (...samples: number[]): number => {
    r.set("FLT0CR1", k.RSWSTART | k.DFEN);
    r.feed(...samples);
    assert.equal(r.flags(), k.REOCF);
    return r.data("FLT0RDATAR")[0];
  };
  assert.equal(convert(10, 20, 30), 15 - 7);
  assert.equal(convert(1, 2, 3), 2 - 7);
  assert.equal(convert(-100, 0, 1), -25 - 7);
  assert.equal(r.get("FLT0CNVTIMR"), 0);
});

test("packing: two samples of a word for one channel, or one for each of two", () => {
  const r = dfsdmChip();
  r.parallel(sinc(1, 1, 4), 0, 1 << 14);
  r.set("FLT0CR1", k.RSWSTART | k.DFEN);
  r.set("CH0DATINR", (300 << 16) | 100);
  assert.equal(r.flags(), k.RCIP);
  r.set("CH0DATINR", (0xffff << 16) | 1);
  assert.deepEqual(r.data("FLT0RDATAR"), [400, 0]);
  const dual = dfsdmChip();
  dual.set("CH1CFGR1", k.FROM_MEMORY | k.CHEN);
  dual.parallel(sinc(1, 1), 0, 2 << 14);
  dual.set("FLT1CR1", k.regular(1) | k.DFEN);
  for (const filter of [0, 1]) dual.set(`FLT${filter}CR1`, k.regular(filter) | k.RSWSTART | k.DFEN);
  dual.set("CH0DATINR", (22 << 16) | 11);
  assert.deepEqual(dual.data("FLT0RDATAR"), [11, 0]);
  assert.deepEqual(dual.data("FLT1RDATAR"), [22, 1]);
  assert.equal(dual.get("CH1DATINR"), 22);
});

test("an injected scan interrupts the regular conversion, which begins anew and tells so", () => {
  const r = dfsdmChip();
  r.set("CH2CFGR1", k.BY_CKOUT | k.CHEN);
  r.set("FLT0JCHGR", 6);
  r.serial(sinc(1, 10), k.JSCAN);
  r.set("FLT0CR1", k.regular(1) | k.JSCAN | k.RSWSTART | k.DFEN);
  r.us(5);
  r.set("FLT0CR1", k.regular(1) | k.JSCAN | k.JSWSTART | k.DFEN);
  assert.equal(r.flags(), k.RCIP | k.JCIP);
  r.us(11);
  assert.equal(r.flags(), k.RCIP | k.JCIP | k.JEOCF);
  assert.deepEqual(r.data("FLT0JDATAR"), [-10, 1]);
  r.us(11);
  assert.equal(r.flags(), k.RCIP | k.JEOCF);
  assert.deepEqual(r.data("FLT0JDATAR"), [-10, 2]);
  r.us(10);
  assert.equal(r.flags(), k.RCIP);
  r.us(1);
  assert.equal(r.flags(), k.REOCF);
  assert.deepEqual(r.data("FLT0RDATAR"), [-10, 1 | (1 << 4)]);
});

test("without a scan each trigger converts the next channel of the group", () => {
  const r = dfsdmChip();
  for (const channel of [2, 5]) r.set(`CH${channel}CFGR1`, k.BY_CKOUT | k.CHEN);
  r.serial(sinc(1, 4));
  r.set("FLT0JCHGR", (1 << 2) | (1 << 5));
  const seen = [1, 2, 3].map(() => {
    r.set("FLT0CR1", k.JSWSTART | k.DFEN);
    r.us(6);
    return r.data("FLT0JDATAR")[1];
  });
  assert.deepEqual(seen, [2, 5, 2]);
  r.set("FLT0JCHGR", 0);
  assert.equal(r.get("FLT0JCHGR"), 0x24, "at least one channel is selected");
});

test("what software starts in filter 0 starts in those that go along", () => {
  const r = dfsdmChip();
  r.serial(sinc(1, 4));
  for (const filter of [1, 2]) {
    r.set(`FLT${filter}CR1`, filter === 1 ? k.JSYNC : 0);
    r.set(`FLT${filter}CR1`, (filter === 1 ? k.JSYNC : 0) | k.DFEN);
  }
  r.set("FLT0CR1", k.JSWSTART | k.DFEN);
  assert.deepEqual([0, 1, 2].map(r.flags), [k.JCIP, k.JCIP, 0]);
  r.set("FLT1CR1", k.JSYNC);
  r.set("FLT1CR1", k.JSYNC | k.DFEN | k.JSWSTART);
  assert.equal(r.flags(1), 0, "JSYNC: its own start has no effect");
});

test("settings hold fast while their unit is on, and DFEN = 0 clears the flags", () => {
  const r = dfsdmChip();
  r.serial(sinc(2, 8));
  r.set("CH0CFGR1", k.DFSDMEN | k.ckout(8));
  assert.equal(r.get("CH0CFGR1"), (k.DFSDMEN | k.ckout(64)) >>> 0);
  r.set("CH1CFGR1", k.CHEN | k.FROM_MEMORY | k.SCDEN);
  assert.equal(r.get("CH1CFGR1"), k.CHEN | k.BY_CKOUT | k.SCDEN);
  r.set("FLT0FCR", sinc(4, 100));
  assert.equal(r.get("FLT0FCR"), sinc(2, 8) >>> 0);
  r.set("FLT0CR1", k.regular(1) | k.RDMAEN | k.RSWSTART | k.DFEN);
  assert.equal(r.get("FLT0CR1"), k.regular(1) | k.DFEN);
  r.us(30);
  assert.equal(r.flags(), k.REOCF);
  r.set("FLT0CR1", k.regular(1));
  assert.equal(r.flags(), 0);
  r.set("CH1DATINR", 77);
  assert.equal(r.get("CH1DATINR"), 0, "write protected: its data is serial");
});
