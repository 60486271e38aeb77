/** Burst DMA: what is written to BDMADR goes to one register after the other of those that were chosen (RM0433, "Burst DMA transfers"). */

import type { RegisterBlock } from "../../registers.js";
import { ALL_TIMERS, MASTER, type RegisterKind, registerName, UNITS } from "./hrtim-bits.js";

/** By the bits of BDMUPR, and of BDTxUPR. */
const KINDS = ("CR ICR DIER CNT PER REP CMP1 CMP2 CMP3 CMP4 " +
  "DT SET1 RST1 SET2 RST2 EEF1 EEF2 RST CHP OUT FLT") as string;
const ORDER = KINDS.split(" ") as RegisterKind[];
const MASTER_KINDS = 10;

export interface HrtimBurstDmaPort {
  readonly registers: RegisterBlock<string>;
  /** Another word is wanted. */
  readonly onRequest: () => void;
  /** All have come. */
  readonly onDone: () => void;
}

export class HrtimBurstDma {
  readonly #port: HrtimBurstDmaPort;
  #left: string[] = [];

  constructor(port: HrtimBurstDmaPort) {
    this.#port = port;
  }

  /** One of the update registers was written: the next word begins anew. */
  restart(): void {
    this.#left = [];
  }

  write(value: number): void {
    if (this.#left.length === 0) this.#left = this.#chosen();
    const name = this.#left.shift();
    if (name === undefined) return;
    const { registers, onRequest, onDone } = this.#port;
    registers.write(registers.spec(name).offset, 4, value);
    if (this.#left.length > 0) onRequest();
    else onDone();
  }

  #chosen(): string[] {
    const { registers } = this.#port;
    return [MASTER, ...UNITS].flatMap((timer) => {
      const bits = registers.get(updateRegister(timer));
      const kinds = timer === MASTER ? ORDER.slice(0, MASTER_KINDS) : ORDER;
      return kinds.filter((_kind, bit) => (bits & (1 << bit)) !== 0).map((kind) => registerName(timer, kind));
    });
  }
}

const updateRegister = (timer: number): string =>
  timer === MASTER ? "BDMUPR" : `BDT${"ABCDE".charAt(timer)}UPR`;

export const UPDATE_REGISTERS = ALL_TIMERS.map(updateRegister);
