import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../../bus.js";
import { RecordedLog } from "../../test-log.js";
import { Ram } from "../memory/memory.js";
import { Cacheability } from "../memory/mpu.js";
import { SystemBus } from "../memory/system-bus.js";
import { Level1 } from "./level1.js";

const BASE = 0x24000000;
const BYTES = 0x10000;
/** A word on: same set, other tag (128 sets of 32 bytes). */
const SAME_SET = 128 * 32;

function rig(kind: number = Cacheability.writeAllocate, strict = true) {
  const bus = new SystemBus();
  const ram = new Ram(BYTES);
  bus.map(BASE, BYTES, ram, "RAM");
  const log = new RecordedLog();
  const gone: number[] = [];
  const costs = { bytes: 0, faults: 0 };
  const count = (_: number, bytes: number): void => {
    costs.bytes += bytes;
  };
  const level1 = new Level1({
    bus,
    log,
    strict,
    cacheability: () => kind,
    isTcm: () => false,
    traffic: { read: count, write: count },
    onImpreciseFault: () => costs.faults++,
    onLineGone: (address) => gone.push(address),
    onCodeGone: () => gone.push(-1),
  });
  level1.enable(true, true);
  return { bus, ram, log, level1, gone, costs };
}

test("write-back memory gets what was written when its line is cleaned, evicted or neither", () => {
  const { bus, level1 } = rig();
  level1.write(BASE, 4, 1);
  assert.equal(bus.read(BASE, 4), 0);
  level1.maintainData(level1.data.find(BASE), true, false);
  assert.equal(bus.read(BASE, 4), 1);
  level1.write(BASE, 4, 2);
  for (let way = 1; way <= 4; way++) level1.read(BASE + way * SAME_SET, 4);
  assert.equal(bus.read(BASE, 4), 2, "four other lines of the set threw it out");
  level1.write(BASE, 4, 3);
  level1.maintainData(level1.data.find(BASE), false, true);
  assert.equal(level1.read(BASE, 4), 2, "invalidated without cleaning: lost");
});

test("write-through memory is never older than the core's stores, write-back without allocation on a miss only", () => {
  const through = rig(Cacheability.writeThrough);
  through.level1.read(BASE, 4);
  through.level1.write(BASE, 2, 0x1234);
  assert.equal(through.bus.read(BASE, 4), 0x1234);
  const back = rig(Cacheability.writeBack);
  back.level1.write(BASE, 4, 5);
  assert.equal(back.bus.read(BASE, 4), 5);
  back.level1.write(BASE, 4, 6);
  back.level1.read(BASE, 4);
  back.level1.write(BASE, 4, 7);
  assert.equal(back.bus.read(BASE, 4), 6);
});

test("a bus error in a line fill leaves the cache as it was, and comes only with the word that it hit", () => {
  const { bus, level1 } = rig();
  const end = BASE + BYTES;
  const device = {
    read: (offset: number) => {
      if (offset === 28) throw new BusFault("last word", offset);
      return offset;
    },
    write: () => {},
  };
  bus.map(end, 32, device, "partly broken");
  assert.equal(level1.read(end + 4, 4), 4);
  assert.equal(level1.data.find(end), -1);
  assert.throws(() => level1.read(end + 28, 4), BusFault);
});

test("a disabled data cache is not looked up, and keeps its dirty lines", () => {
  const { level1 } = rig();
  level1.write(BASE, 4, 9);
  level1.enable(false, true);
  assert.equal(level1.read(BASE, 4), 0);
  level1.enable(true, true);
  assert.equal(level1.read(BASE, 4), 9);
});

test("an instruction line that goes takes its instructions with it", () => {
  const { level1, gone } = rig();
  gone.length = 0;
  level1.fetch(BASE);
  level1.fetch(BASE + 256 * 32);
  level1.fetch(BASE + 2 * 256 * 32);
  assert.deepEqual(gone, [BASE], "the third line of a set with two ways");
  level1.invalidateInstructions(BASE + 256 * 32 + 6);
  level1.invalidateInstructions(undefined);
  assert.deepEqual(gone.slice(1), [BASE + 256 * 32 + 6, -1]);
});

test("enabling a cache that was not invalidated since power-on is told", () => {
  const { level1, log } = rig();
  assert.match(log.messages.join("\n"), /D-cache is enabled, but was not invalidated/);
  const quiet = rig();
  quiet.level1.enable(false, false);
  quiet.level1.powerOn();
  for (let set = 0; set < 128; set++) {
    for (let way = 0; way < 4; way++) quiet.level1.maintainData(quiet.level1.data.at(set, way), false, true);
  }
  quiet.level1.invalidateInstructions(undefined);
  const before = quiet.log.messages.length;
  quiet.level1.enable(true, true);
  assert.equal(quiet.log.messages.length, before);
  assert.equal(level1.strict, true);
});

test("caches that are not strict cost the same and never show a stale byte", () => {
  const { bus, level1, costs } = rig(Cacheability.writeAllocate, false);
  assert.equal(level1.read(BASE, 4), 0);
  assert.equal(costs.bytes, 32, "a line");
  bus.write(BASE, 4, 77);
  assert.equal(level1.read(BASE, 4), 77);
  level1.write(BASE + 4, 4, 78);
  assert.equal(bus.read(BASE + 4, 4), 78);
  assert.equal(costs.bytes, 32, "hits");
  level1.maintainData(level1.data.find(BASE), true, true);
  assert.equal(costs.bytes, 64, "the write-back");
});

/** Numbers in [0, n) from a seed: a linear congruential generator (Numerical Recipes). */
function drawer(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const SIZES = [1, 2, 4] as const;
const KINDS = [Cacheability.writeThrough, Cacheability.writeBack, Cacheability.writeAllocate];

test("whatever is evicted, cleaned or switched off and on: the core reads what it wrote last, and DMA after a clean", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const draw = drawer(seed);
    const { level1, bus, ram } = rig(KINDS[seed % 3]);
    const expected = new Uint8Array(BYTES);
    const view = new DataView(expected.buffer);
    for (let turn = 0; turn < 20_000; turn++) {
      const size = SIZES[draw(3)] ?? 4;
      // Sixteen lines for each of few sets: evictions all the time.
      const offset = (draw(16) * SAME_SET + draw(4) * 32 + draw(32 / size) * size) % BYTES;
      const address = BASE + offset;
      const choice = draw(16);
      if (choice < 6) {
        const value = draw(2 ** (8 * size));
        level1.write(address, size, value);
        for (let at = 0; at < size; at++) view.setUint8(offset + at, (value / 2 ** (8 * at)) & 0xff);
      } else if (choice < 13) {
        let value = 0;
        for (let at = size - 1; at >= 0; at--) value = value * 256 + view.getUint8(offset + at);
        assert.equal(level1.read(address, size), value, `seed ${seed}, turn ${turn}`);
      } else if (choice === 13) {
        level1.maintainData(level1.data.find(address), true, draw(2) === 1);
        assert.equal(bus.read(address, 1), expected[offset], `seed ${seed}, turn ${turn}: cleaned`);
      } else {
        const { sets, ways } = level1.data;
        level1.maintainData(level1.data.at(draw(sets), draw(ways)), true, choice === 14);
      }
    }
    for (let set = 0; set < level1.data.sets; set++) {
      for (let way = 0; way < level1.data.ways; way++)
        level1.maintainData(level1.data.at(set, way), true, false);
    }
    assert.deepEqual(Buffer.from(ram.readable), Buffer.from(expected), `seed ${seed}`);
  }
});

test("caches that are not strict agree with memory at every instant, whoever writes", () => {
  for (let seed = 1; seed <= 4; seed++) {
    const draw = drawer(seed + 100);
    const { level1, bus } = rig(KINDS[seed % 3], false);
    for (let turn = 0; turn < 20_000; turn++) {
      const size = SIZES[draw(3)] ?? 4;
      const address = BASE + ((draw(16) * SAME_SET + draw(4) * 32 + draw(32 / size) * size) % BYTES);
      const writer = draw(4) < 2 ? level1 : bus;
      if (draw(2) === 0) writer.write(address, size, draw(2 ** (8 * size)));
      assert.equal(level1.read(address, size), bus.read(address, size), `seed ${seed}, turn ${turn}`);
      assert.equal(
        level1.fetch(address & ~1),
        bus.read(address & ~1, 2),
        `seed ${seed}, turn ${turn}: fetch`,
      );
    }
  }
});
