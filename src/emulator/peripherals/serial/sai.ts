/**
 * SAI: two blocks as masters with a FIFO that empties or fills at the sample rate; a slave block that is synchronous with
 * the other follows it (RM0433, chapter SAI). Received data is 0: nothing is attached. PDM, AC'97 and mute are stored.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { SAI } from "../tables/serial.js";

export interface SaiOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  readonly requests?: Readonly<Record<Block, DmaSignal>>;
}

type Block = "A" | "B";
const BLOCKS: readonly Block[] = ["A", "B"];
const SAIEN = 1 << 16;
const DMAEN = 1 << 17;
const NODIV = 1 << 19;
const FFLUSH = 1 << 3;
const OVRUDR = 1 << 0;
const FREQ = 1 << 3;
const DEPTH = 8;
/** SAI_xCR2.FTH: empty, 1/4, 1/2, 3/4, full. */
const THRESHOLDS = [0, 2, 4, 6, 8] as const;

interface State {
  level: number;
  flags: number;
  next: TimelineEvent | undefined;
}

export class Sai extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SaiOptions;
  readonly #states: Readonly<Record<Block, State>> = {
    A: { level: 0, flags: 0, next: undefined },
    B: { level: 0, flags: 0, next: undefined },
  };

  constructor(options: SaiOptions) {
    super();
    this.#options = options;
    const actions: Record<string, RegisterAction> = { SAI_GCR: { rw: ALL } };
    for (const block of BLOCKS) {
      const named = (name: string): string => `SAI_${block}${name}`;
      actions[named("CR1")] = { rw: ALL, onWrite: (_written, before) => this.#control(block, before) };
      actions[named("CR2")] = { rw: 0xffff & ~FFLUSH, wo: FFLUSH, onWrite: (w) => this.#flush(block, w) };
      actions[named("FRCR")] = { rw: ALL };
      actions[named("SLOTR")] = { rw: ALL };
      actions[named("IM")] = { rw: ALL, onWrite: () => this.#update() };
      actions[named("SR")] = { ro: ALL, onRead: () => this.#status(block) };
      actions[named("CLRFR")] = { wo: ALL, onWrite: (written) => this.#clear(block, written) };
      actions[named("DR")] = { rw: ALL, onRead: () => this.#pop(block), onWrite: () => this.#push(block) };
    }
    this.registers = new RegisterBlock(registerTable(SAI, actions), {
      name: options.name,
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    for (const block of BLOCKS) this.#stop(block);
    this.registers.reset();
    this.#update();
  }

  #cr1(block: Block): number {
    return this.registers.get(`SAI_${block}CR1`);
  }

  #receives(block: Block): boolean {
    return (this.#cr1(block) & 1) !== 0;
  }

  #control(block: Block, before: number): void {
    const on = (this.#cr1(block) & SAIEN) !== 0;
    if ((before & SAIEN) !== 0 && !on) this.#stop(block);
    for (const each of BLOCKS) this.#run(each);
    this.#update();
  }

  #stop(block: Block): void {
    this.#options.timeline.cancel(this.#states[block].next);
    this.#states[block].next = undefined;
  }

  /** Nanoseconds between two slots that carry data; undefined while the block has no clock. */
  #slotNs(block: Block): number | undefined {
    const cr1 = this.#cr1(block);
    const slave = (cr1 & 2) !== 0;
    const synchronous = ((cr1 >>> 10) & 3) === 1;
    if (slave) {
      const other = block === "A" ? "B" : "A";
      const masters = (this.#cr1(other) & 2) === 0 && (this.#cr1(other) & SAIEN) !== 0;
      return synchronous && masters ? this.#frameNs(other) / this.#slots(block) : undefined;
    }
    const frame = this.#frameNs(block);
    return Number.isFinite(frame) ? frame / this.#slots(block) : undefined;
  }

  #slots(block: Block): number {
    const slotr = this.registers.get(`SAI_${block}SLOTR`);
    const enabled = slotr >>> 16;
    let count = 0;
    for (let slot = 0; slot <= ((slotr >>> 8) & 15); slot++) if ((enabled & (1 << slot)) !== 0) count++;
    return Math.max(1, count);
  }

  /** RM0433, "SAI clock generator": the master clock is 256 or 512 times the frame rate, or absent (NODIV). */
  #frameNs(block: Block): number {
    const cr1 = this.#cr1(block);
    const hz = this.#options.kernelHz() / Math.max(1, (cr1 >>> 20) & 0x3f);
    const bits = (this.registers.get(`SAI_${block}FRCR`) & 0xff) + 1;
    const divider = (cr1 & NODIV) !== 0 ? bits : (cr1 & (1 << 26)) !== 0 ? 512 : 256;
    return (divider * 1e9) / hz;
  }

  #run(block: Block): void {
    const state = this.#states[block];
    if (state.next !== undefined || (this.#cr1(block) & SAIEN) === 0) return;
    const slot = this.#slotNs(block);
    if (slot === undefined || this.#idle(block, state)) return;
    state.next = this.#options.timeline.after(slot, () => {
      state.next = undefined;
      this.#slot(block, state);
      this.#run(block);
    });
  }

  /** Over- or underrun was told and nobody served the FIFO: nothing can change until somebody does. */
  #idle(block: Block, state: State): boolean {
    const stuck = this.#receives(block) ? state.level >= DEPTH : state.level === 0;
    return stuck && (state.flags & OVRUDR) !== 0;
  }

  #slot(block: Block, state: State): void {
    if (this.#receives(block)) {
      if (state.level < DEPTH) state.level++;
      else state.flags |= OVRUDR;
    } else if (state.level > 0) {
      state.level--;
    } else {
      state.flags |= OVRUDR;
    }
    this.#update();
  }

  #push(block: Block): void {
    const state = this.#states[block];
    if (!this.#receives(block) && state.level < DEPTH) state.level++;
    this.#run(block);
    this.#update();
  }

  #pop(block: Block): number {
    const state = this.#states[block];
    if (this.#receives(block) && state.level > 0) state.level--;
    this.#run(block);
    this.#update();
    return 0;
  }

  #flush(block: Block, written: number): void {
    if ((written & FFLUSH) !== 0) this.#states[block].level = 0;
    this.#update();
  }

  #clear(block: Block, written: number): void {
    this.#states[block].flags &= ~written;
    this.#run(block);
    this.#update();
  }

  #wants(block: Block): boolean {
    const { level } = this.#states[block];
    const threshold = THRESHOLDS[this.registers.get(`SAI_${block}CR2`) & 7] ?? DEPTH;
    if (this.#receives(block)) return threshold === 0 ? level > 0 : level >= threshold;
    return threshold === 0 ? level === 0 : level <= DEPTH - 1 && level < Math.max(1, threshold);
  }

  #status(block: Block): number {
    const { level, flags } = this.#states[block];
    const filled = level === 0 ? 0 : level >= DEPTH ? 5 : 1 + Math.floor((level * 4) / DEPTH);
    return flags | (this.#wants(block) ? FREQ : 0) | (filled << 16);
  }

  #update(): void {
    let pending = 0;
    for (const block of BLOCKS) {
      const status = this.#status(block);
      const cr1 = this.#cr1(block);
      // Also while SAIEN = 0: ST's library waits for DMA to fill the FIFO before it enables the block.
      const asks = (cr1 & DMAEN) !== 0 && (status & FREQ) !== 0;
      (this.#options.requests?.[block] ?? NO_DMA).set(asks);
      if ((cr1 & SAIEN) !== 0) pending |= status & this.registers.get(`SAI_${block}IM`) & 0x7f;
    }
    this.#options.interrupt.set(pending !== 0);
  }
}
