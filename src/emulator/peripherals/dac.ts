/** DAC1 with two channels (RM0433, chapter DAC): holding and output registers, software and DMA. Waves are stored. */

import type { ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import { type DmaSignal, NO_DMA } from "./dma-request.js";
import { Peripheral } from "./peripheral.js";
import { ALL, type RegisterAction, registerTable } from "./register-table.js";
import { DAC } from "./tables/analog.js";

export interface DacOptions {
  readonly log: EmulatorLog;
  readonly clocked: ClockGate;
  readonly requests?: readonly [DmaSignal, DmaSignal];
}

type Side = 0 | 1;
const EN = [1 << 0, 1 << 16] as const;
const TEN = [1 << 1, 1 << 17] as const;
const DMAEN = [1 << 12, 1 << 28] as const;

/** Where each holding register has its values: shift in the register, and shift to 12 bits. */
const HOLDING: Readonly<Record<string, readonly (readonly [Side, number, number])[]>> = {
  DHR12R1: [[0, 0, 0]],
  DHR12L1: [[0, 4, 0]],
  DHR8R1: [[0, 0, 4]],
  DHR12R2: [[1, 0, 0]],
  DHR12L2: [[1, 4, 0]],
  DHR8R2: [[1, 0, 4]],
  DHR12RD: [
    [0, 0, 0],
    [1, 16, 0],
  ],
  DHR12LD: [
    [0, 4, 0],
    [1, 20, 0],
  ],
  DHR8RD: [
    [0, 0, 4],
    [1, 8, 4],
  ],
};

export class Dac extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: DacOptions;
  readonly #held: [number, number] = [0, 0];

  constructor(options: DacOptions) {
    super();
    this.#options = options;
    const actions: Record<string, RegisterAction> = {
      CR: { rw: 0x503f_503f | 0x4000_4000, onWrite: () => this.#load(this.#free) },
      SWTRIGR: { wo: 3, onWrite: (written) => this.#load((side) => (written & (1 << side)) !== 0) },
      DOR1: { ro: ALL },
      DOR2: { ro: ALL },
      SR: { ro: ALL },
      CCR: { rw: ALL },
      MCR: { rw: ALL },
    };
    for (const [name, values] of Object.entries(HOLDING)) {
      actions[name] = {
        rw: ALL,
        onWrite: () => {
          const raw = this.registers.get(name);
          for (const [side, shift, up] of values) {
            const mask = up === 0 ? 0xfff : 0xff;
            this.#held[side] = ((raw >>> shift) & mask) << up;
          }
          this.#load(this.#free);
        },
      };
    }
    this.registers = new RegisterBlock(registerTable(DAC, actions), {
      name: "DAC1",
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    this.registers.reset();
    this.#held.fill(0);
  }

  /** A timer's trigger: TSEL number 1..15 (0 is software). */
  trigger(selection: number): void {
    for (const side of [0, 1] as const) {
      if (!this.wants(selection, side)) continue;
      this.#load((at) => at === side);
      if (this.registers.has("CR", DMAEN[side])) (this.#options.requests?.[side] ?? NO_DMA).pulse();
    }
  }

  wants(selection: number, side: Side): boolean {
    const cr = this.registers.get("CR");
    const triggered = (cr & EN[side]) !== 0 && (cr & TEN[side]) !== 0;
    return triggered && ((cr >>> (side * 16 + 2)) & 0xf) === selection;
  }

  /** Output as a fraction of VREF+, undefined while the channel is off. */
  output(side: Side): number | undefined {
    if (!this.registers.has("CR", EN[side])) return undefined;
    return this.registers.get(side === 0 ? "DOR1" : "DOR2") / 4095;
  }

  /** Without a trigger the value goes out at once. */
  readonly #free = (side: Side): boolean => !this.registers.has("CR", TEN[side]);

  #load(which: (side: Side) => boolean): void {
    for (const side of [0, 1] as const) {
      if (!which(side) || !this.registers.has("CR", EN[side])) continue;
      this.registers.set(side === 0 ? "DOR1" : "DOR2", this.#held[side]);
    }
  }
}
