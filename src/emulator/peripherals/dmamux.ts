/** DMAMUX1 and DMAMUX2: which request each DMA channel listens to (RM0433, chapter DMAMUX). Synchronisation and generators are stored. */

import type { ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import { Peripheral } from "./peripheral.js";
import { type RegisterAction, registerTable, repeatRows } from "./register-table.js";

const CHANNELS = 16;
const GENERATORS = 8;
const REQUEST = 0x7f;

const table = (channels: number): string =>
  `${repeatRows("DMAMUX_C#CR 0 0 7ff037f", channels, 4)}, DMAMUX_CSR 80 0 ffffr, DMAMUX_CFR 84 0 ffffw,
  ${repeatRows(`DMAMUX_RG#CR 100 0 ${channels === CHANNELS ? "ff0107" : "ff011f"}`, GENERATORS, 4)}, DMAMUX_RGSR 140 0 ffr, DMAMUX_RGCFR 144 0 ffw`;

export class Dmamux extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #channels: number;

  constructor(options: {
    readonly name: string;
    /** 16 in DMAMUX1, 8 in DMAMUX2. */
    readonly channels?: number;
    readonly log: EmulatorLog;
    readonly clocked?: ClockGate;
    /** A channel listens to something else now. */
    readonly onChange?: (channel: number) => void;
  }) {
    super();
    this.#channels = options.channels ?? CHANNELS;
    const actions: Record<string, RegisterAction> = {};
    for (let n = 0; n < this.#channels; n++) {
      actions[`DMAMUX_C${n}CR`] = { rw: REQUEST, onWrite: () => options.onChange?.(n) };
    }
    this.registers = new RegisterBlock(registerTable(table(this.#channels), actions), options);
  }

  reset(): void {
    this.registers.reset();
  }

  /** DMAREQ_ID of a channel; 0 listens to nothing. */
  request(channel: number): number {
    return this.registers.get(`DMAMUX_C${channel}CR`) & REQUEST;
  }
}
