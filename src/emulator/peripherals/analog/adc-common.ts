/** What ADC1 and ADC2 share, and ADC3 has for itself: clock and inputs, status and data of both in dual modes (RM0433, ADCx_CCR). */

import type { ClockGate, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { ADC_COMMON } from "../tables/analog.js";

/** A converter as the common registers see it. */
export interface CommonConverter {
  readonly status: number;
  /** Reads the data register, which clears EOC. */
  readonly takeData: () => number;
}

export interface AdcCommonOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly clocked: ClockGate;
}

/** CCR.DUAL: converters that go together; bit 0: regular sequences, bit 1: injected ones. */
const TOGETHER: Readonly<Record<number, number>> = { 1: 3, 2: 1, 3: 3, 5: 2, 6: 1, 7: 1, 9: 2 };
/** CCR.DAMDF: 2: data of both as half-words, 3: as bytes. */
const BYTES = 3;

export class AdcCommon extends Peripheral {
  readonly registers: RegisterBlock<string>;
  master: CommonConverter | undefined;
  slave: CommonConverter | undefined;

  constructor(options: AdcCommonOptions) {
    super();
    this.registers = new RegisterBlock(
      registerTable(ADC_COMMON, {
        CSR: { ro: ALL, onRead: () => this.#status() },
        CCR: { rw: ALL },
        CDR: { ro: ALL, onRead: () => this.#data() },
        CDR2: { ro: ALL, onRead: () => this.master?.takeData() ?? 0 },
      }),
      options,
    );
  }

  reset(): void {
    this.registers.reset();
  }

  get ccr(): number {
    return this.registers.get("CCR");
  }

  /** Does a regular (or an injected) sequence of the master take the slave along? */
  together(injected: boolean): boolean {
    return ((TOGETHER[this.ccr & 0x1f] ?? 0) & (injected ? 2 : 1)) !== 0;
  }

  #status(): number {
    return (((this.slave?.status ?? 0) << 16) | (this.master?.status ?? 0)) >>> 0;
  }

  #data(): number {
    const master = this.master?.takeData() ?? 0;
    const slave = this.slave?.takeData() ?? 0;
    if (((this.ccr >>> 14) & 3) === BYTES) return ((slave & 0xff) << 8) | (master & 0xff);
    return (((slave & 0xffff) << 16) | (master & 0xffff)) >>> 0;
  }
}
