/** What the tests of the chips share: a chip, its clock, and a bus master that speaks to its pins. */

import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import type { SerialNorFlashOptions } from "./device.js";
import { SerialNorFlash } from "./nor-flash.js";
import type { Lines, NorPart } from "./part.js";

/** Reproducible random numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** One command as a bus master sends it; lines default to 1. */
export interface Exchange {
  readonly code?: number;
  readonly codeLines?: Lines;
  readonly address?: number;
  /** Default: 3. */
  readonly addressBytes?: 3 | 4;
  readonly addressLines?: Lines;
  readonly mode?: number;
  readonly dummy?: number;
  readonly send?: readonly number[];
  readonly receive?: number;
  readonly dataLines?: Lines;
}

export class FlashRig {
  readonly timeline = new Timeline();
  readonly log = new RecordedLog();
  readonly chip: SerialNorFlash;
  readonly content: Uint8Array;

  constructor(part: NorPart, options: Partial<SerialNorFlashOptions> = {}) {
    this.content = options.content ?? new Uint8Array(part.size).fill(0xff);
    const { timeline, log, content } = this;
    this.chip = new SerialNorFlash({ part, timeline, log, random: seeded(1), ...options, content });
  }

  /** Moves board time on and runs what falls due. */
  wait(ns: number): void {
    const end = this.timeline.now + ns;
    while (this.timeline.now < end) {
      this.timeline.skipTo(end);
      this.timeline.runDue();
    }
  }

  exchange(command: Exchange): number[] {
    const { chip } = this;
    const data = command.dataLines ?? 1;
    chip.select();
    if (command.code !== undefined) chip.write(command.code, command.codeLines ?? 1);
    if (command.address !== undefined) {
      for (const shift of command.addressBytes === 4 ? [24, 16, 8, 0] : [16, 8, 0])
        chip.write((command.address >>> shift) & 0xff, command.addressLines ?? 1);
    }
    if (command.mode !== undefined) chip.write(command.mode, command.addressLines ?? 1);
    chip.dummy(command.dummy ?? 0);
    for (const byte of command.send ?? []) chip.write(byte, data);
    const received = Array.from({ length: command.receive ?? 0 }, () => chip.read(data));
    chip.deselect();
    return received;
  }

  /** Sends instructions without address or data. */
  send(...codes: readonly number[]): void {
    for (const code of codes) this.exchange({ code });
  }

  status(code = 0x05): number {
    return this.exchange({ code, receive: 1 })[0] ?? 0;
  }

  program(address: number, send: readonly number[]): void {
    this.send(0x06);
    this.exchange({ code: 0x02, address, send });
  }

  erase(code: number, address: number): void {
    this.send(0x06);
    this.exchange({ code, address });
  }

  writeStatus(code: number, ...send: readonly number[]): void {
    this.send(0x06);
    this.exchange({ code, send });
    this.wait(20e6);
  }

  read(address: number, receive: number): number[] {
    return this.exchange({ code: 0x03, address, receive });
  }
}
