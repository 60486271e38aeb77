/** For tests: FLASH alone. */

import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import { Flash } from "./flash.js";
import { STM32H743_FLASH } from "./flash-geometry.js";

export const KEYR1 = 0x04;
export const OPTKEYR = 0x08;
export const CR1 = 0x0c;
export const SR1 = 0x10;
export const CCR1 = 0x14;
export const OPTCR = 0x18;
export const OPTSR_CUR = 0x1c;
export const OPTSR_PRG = 0x20;
export const PG = 2;
export const OPTSTART = 2;
export const WRPERR = 1 << 17;
export const EOP = 1 << 16;
export const OPTCHANGEERR = 1 << 30;

/** A small deterministic generator (xorshift32) so that a failing seed can be replayed. */
export function seeded(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export function flashRig(random = seeded(1)) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const flash = new Flash({ log, timeline, interrupt, random, onTimingChange: () => {} });
  const unlock = (): void => {
    flash.write(KEYR1, 4, 0x45670123);
    flash.write(KEYR1, 4, 0xcdef89ab);
  };
  const writeWord = (offset: number, value: number): void => {
    for (let at = 0; at < 32; at += 4) flash.memory.write(offset + at, 4, value);
  };
  return { flash, timeline, log, interrupt, unlock, writeWord };
}

/** The larger chip's, with a way to change its option bytes. */
export function optionRig(geometry = STM32H743_FLASH) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const interrupt = new TestLine();
  const seen = { swaps: 0, regressions: 0 };
  const flash = new Flash({
    log,
    timeline,
    interrupt,
    random: seeded(1),
    geometry,
    onTimingChange: () => {},
    onSwap: () => seen.swaps++,
    onRegression: () => seen.regressions++,
  });
  const change = (offset: number, value: number): void => {
    if ((flash.read(OPTCR, 4) & 1) !== 0) {
      flash.write(OPTKEYR, 4, 0x08192a3b);
      flash.write(OPTKEYR, 4, 0x4c5d6e7f);
    }
    flash.write(offset, 4, value);
    flash.write(OPTCR, 4, (flash.read(OPTCR, 4) & OPTCHANGEERR) | OPTSTART);
    pass(timeline, 1e9);
  };
  return { flash, timeline, log, interrupt, seen, change };
}
