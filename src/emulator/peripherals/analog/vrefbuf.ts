/** The voltage reference buffer (RM0433, chapter VREFBUF): VREF+ from inside the chip, in place of the board's. */

import type { ClockGate, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { VREFBUF } from "../tables/analog.js";
import { SUPPLY_VOLTS } from "./internal-voltages.js";

export interface VrefbufOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly clocked: ClockGate;
  /** VREF+ is another than before. */
  readonly onVoltage: () => void;
}

const ENVR = 1 << 0;
const HIZ = 1 << 1;
const VRR = 1 << 3;
/** By CSR.VRS. */
const VOLTS = [2.5, 2.048, 1.8, 1.5] as const;
/** Data sheet DS12556, tSTART with 1 uF at VREF+, typical. */
const START_NS = 500e3;

export class Vrefbuf extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: VrefbufOptions;
  #starting: TimelineEvent | undefined;
  #ready = false;

  constructor(options: VrefbufOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(VREFBUF, {
        CSR: {
          rw: ALL & ~VRR,
          ro: VRR,
          onRead: (stored) => (this.#ready ? stored | VRR : stored),
          onWrite: () => this.#changed(),
        },
        CCR: { rw: ALL },
      }),
      { name: "VREFBUF", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.registers.reset();
    this.#changed();
  }

  /** VREF+ in volts: the board's, which is its supply, while the buffer does not drive it. */
  get volts(): number {
    if (!this.#ready) return SUPPLY_VOLTS;
    return VOLTS[(this.registers.get("CSR") >>> 4) & 3] ?? SUPPLY_VOLTS;
  }

  #changed(): void {
    const { timeline, onVoltage } = this.#options;
    if ((this.registers.get("CSR") & (ENVR | HIZ)) !== ENVR) {
      timeline.cancel(this.#starting);
      this.#starting = undefined;
      this.#ready = false;
    } else if (!this.#ready && this.#starting === undefined) {
      this.#starting = timeline.after(START_NS, () => {
        this.#starting = undefined;
        this.#ready = true;
        onVoltage();
      });
    }
    onVoltage();
  }
}
