/**
 * Delay block of QUADSPI and SDMMC (RM0433, chapter DLYB): the length of its line against the clock, as software measures it
 * to find a phase. What the delayed clock samples is right at every phase here.
 */

import type { ClockGate, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { DELAY_BLOCK } from "../tables/bus.js";

export interface DelayBlockOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly clocked: ClockGate;
  /** The clock that runs through the line, Hz. */
  readonly clockHz: () => number;
}

const DEN = 1 << 0;
const SEN = 1 << 1;
const LNGF = 0x8000_0000;
/** SEL and UNIT. */
const SETTINGS = 0x7f0f;
const UNITS = 12;
/** A unit's delay, nanoseconds: shortest, and what each step of UNIT adds (data sheet, "Delay block characteristics"). */
const SHORTEST_NS = 0.2;
const STEP_NS = 0.04;

export class DelayBlock extends Peripheral {
  readonly registers: RegisterBlock<string>;

  constructor(options: DelayBlockOptions) {
    super();
    this.registers = new RegisterBlock(
      registerTable(DELAY_BLOCK, {
        CR: { rw: ALL },
        CFGR: {
          rw: SETTINGS,
          ro: ~SETTINGS >>> 0,
          onRead: (stored) => this.#length(stored, options.clockHz()),
          onWrite: (_written, before) => {
            // SEL and UNIT can be written while the sampler is on only.
            if (!this.registers.has("CR", SEN)) this.registers.set("CFGR", before);
          },
        },
      }),
      options,
    );
  }

  reset(): void {
    this.registers.reset();
  }

  /** LNG: which units' outputs are high at the clock's rising edge, valid with LNGF. */
  #length(stored: number, hz: number): number {
    const settings = stored & SETTINGS;
    if ((this.registers.get("CR") & (DEN | SEN)) !== (DEN | SEN) || hz === 0) return settings;
    const periodNs = 1e9 / hz;
    const unitNs = SHORTEST_NS + STEP_NS * ((stored >>> 8) & 0x7f);
    let outputs = 0;
    for (let unit = 0; unit < UNITS; unit++) {
      const into = ((unit + 1) * unitNs) % periodNs;
      if (into > periodNs / 2) outputs |= 1 << unit;
    }
    return (LNGF | (outputs << 16) | settings) >>> 0;
  }
}
