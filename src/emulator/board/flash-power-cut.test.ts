import assert from "node:assert/strict";
import { test } from "node:test";
import { CortexM7 } from "../cpu/core.js";
import { Ram } from "../cpu/memory/memory.js";
import { SystemBus } from "../cpu/memory/system-bus.js";
import { Flash } from "../peripherals/internal-flash/flash.js";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";

const FLASH = 0x08000000;
const RAM = 0x20000000;
const REGISTERS = 0x52002000;
const KEYR1 = 4;
const CR1 = 0x0c;
const PG_X64 = 0x32;
const TARGET = 0x1000;

/**
 * A core that runs from the very flash that it programs: the loop writes one flash word and then spins.
 * stmia r0!,{r2-r9}; adds r1,#1; 1: b 1b
 */
const CODE = "a0e8fc030131fee7";

function rig(seed: number) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const bus = new SystemBus();
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 2 ** 31;
  };
  const interrupt = { set: (): void => {} };
  const flash = new Flash({ log, timeline, interrupt, random, onTimingChange: () => {} });
  bus.map(FLASH, 0x20000, flash.memory, "flash");
  bus.map(RAM, 0x1000, new Ram(0x1000), "RAM");
  bus.map(REGISTERS, 0x1000, flash, "FLASH", true);
  const cpu = new CortexM7({ bus, timeline, log, onSystemReset: () => {} });
  const image = new Uint8Array(0x420);
  new DataView(image.buffer).setUint32(0, RAM + 0x1000, true);
  new DataView(image.buffer).setUint32(4, FLASH + 0x401, true);
  image.set(CODE.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [], 0x400);
  flash.fill(image);
  bus.refreshLent();
  flash.write(KEYR1, 4, 0x45670123);
  flash.write(KEYR1, 4, 0xcdef89ab);
  flash.write(CR1, 4, PG_X64);
  cpu.reset(FLASH);
  cpu.r[0] = FLASH + TARGET;
  for (let n = 2; n <= 9; n++) cpu.r[n] = 0x0f0f0f0f;
  return { timeline, flash, cpu };
}

/** Runs for `ns` of board time. */
function advance({ timeline, cpu }: ReturnType<typeof rig>, ns: number): void {
  const end = timeline.now + ns;
  const stop = timeline.after(ns, () => {});
  while (!stop.done) {
    cpu.run();
    timeline.runDue();
  }
  assert.ok(timeline.now - end < 100, `stopped ${timeline.now - end} ns late`);
}

test("power can be cut at any instant of a program that stalls the core in the same flash", () => {
  let torn = 0;
  for (let us = 2; us < 98; us += 1) {
    const board = rig(us);
    advance(board, us * 1000);
    assert.equal(board.cpu.r[1], 0);
    board.flash.powerCut();
    const { bytes, broken } = board.flash.save().cells;
    const word = bytes.subarray(TARGET, TARGET + 32);
    if (broken.length > 0 || word.some((byte) => byte !== 0x0f && byte !== 0xff)) torn++;
  }
  assert.ok(torn > 60, `${torn} of 96 torn`);
});

test("without a cut the core goes on when the word is programmed", () => {
  const board = rig(1);
  advance(board, 110_000);
  assert.equal(board.cpu.r[1], 1);
  assert.ok(
    board.flash
      .save()
      .cells.bytes.subarray(TARGET, TARGET + 32)
      .every((byte) => byte === 0x0f),
  );
});
