/** SPDIFRX (RM0433, chapter SPDIFRX) without a signal at its inputs: it waits for one, or tells after a while that there is none. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { SPDIFRX } from "../tables/stored.js";

export interface SpdifrxOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
}

/** CR.SPDIFRXEN: idle, synchronisation, and with reception. */
const SPDIFRXEN = 3;
const RECEIVE = 3;
/** DRFMT and RXSTEO: fixed while it receives. */
const RECEPTION_FIELDS = 7 << 3;
/** CHSEL, NBTR, WFA and INSEL: fixed while it is not idle. */
const SYNC_FIELDS = (0xf << 11) | (7 << 16);
/** It waits for transitions at its input before it synchronises. */
const WFA = 1 << 14;
const TERR = 1 << 8;
const INTERFACE_ERRORS = 7 << 6;
const IFEIE = 1 << 6;
/** The counter of the time between two transitions ends. */
const SILENCE_CLOCKS = 8192;

export class Spdifrx extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SpdifrxOptions;
  #silence: TimelineEvent | undefined;

  constructor(options: SpdifrxOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(SPDIFRX, {
        CR: { rw: ALL, onWrite: (_written, before) => this.#control(before) },
        IMR: { rw: ALL, onWrite: () => this.#update() },
        SR: { ro: ALL },
        IFCR: { wo: ALL },
        DR: { ro: ALL },
        CSR: { ro: ALL },
        DIR: { ro: ALL },
      }),
      { name: "SPDIFRX", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.registers.reset();
    this.#idle();
  }

  /** The hardware keeps what must not change under way, and from reception there is no way back to synchronisation. */
  #protect(before: number): void {
    const state = before & SPDIFRXEN;
    const cr = this.registers.get("CR");
    if (state === 0 || (cr & SPDIFRXEN) === 0) return;
    const fixed = state === RECEIVE ? SYNC_FIELDS | RECEPTION_FIELDS | SPDIFRXEN : SYNC_FIELDS;
    this.registers.set("CR", (cr & ~fixed) | (before & fixed));
  }

  #control(before: number): void {
    this.#protect(before);
    const cr = this.registers.get("CR");
    if ((cr & SPDIFRXEN) === 0) this.#idle();
    else if ((before & SPDIFRXEN) === 0 && (cr & WFA) === 0) this.#listen();
  }

  #idle(): void {
    this.#options.timeline.cancel(this.#silence);
    this.#silence = undefined;
    this.registers.setBits("SR", INTERFACE_ERRORS, false);
    this.#update();
  }

  #listen(): void {
    const { timeline, kernelHz, log } = this.#options;
    const hz = kernelHz();
    if (hz === 0) {
      log.once("SPDIFRX.clock", "guest mistake: SPDIFRX: enabled without its kernel clock: nothing happens");
      return;
    }
    this.#silence = timeline.after((SILENCE_CLOCKS * 1e9) / hz, () => {
      this.registers.setBits("SR", TERR, true);
      this.#update();
    });
  }

  #update(): void {
    const failed = this.registers.has("SR", INTERFACE_ERRORS);
    this.#options.interrupt.set(failed && this.registers.has("IMR", IFEIE));
  }
}
