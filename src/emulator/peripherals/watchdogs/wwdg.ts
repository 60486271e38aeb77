/** WWDG1: window watchdog (RM0433, chapter WWDG): counter, window, early wake-up interrupt, reset. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";

type WwdgRegister = "CR" | "CFR" | "SR";

export interface WwdgOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly pclkHz: () => number;
  /** RCC_GCR.WW1RSC */
  readonly resetsSystem: () => boolean;
  readonly onTimeout: () => void;
}

const WDGA = 1 << 7;
const T6 = 1 << 6;
const EWI = 1 << 9;
const EWIF = 1 << 0;
/** RM0433, "How to program the watchdog timeout": the counter runs at PCLK / 4096 / 2^WDGTB. */
const BASE_DIVIDER = 4096;

export class Wwdg extends Peripheral {
  readonly registers: RegisterBlock<WwdgRegister>;
  readonly #options: WwdgOptions;
  #tick: TimelineEvent | undefined;
  /** Share of a step of the counter that is still to come while its clock stands still. */
  #left = 1;
  /** Of a step of the counter. */
  #stepNs = 0;

  constructor(options: WwdgOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      {
        CR: { offset: 0x00, reset: 0x7f, rw: 0xff, onWrite: (_written, before) => this.#refresh(before) },
        CFR: {
          offset: 0x04,
          reset: 0x7f,
          rw: 0x1a7f | 0x3800,
          onWrite: (_written, before) => this.#configure(before),
        },
        SR: {
          offset: 0x08,
          reset: 0,
          rw: EWIF,
          quiet: true,
          onWrite: (written, before) => this.#clear(written, before),
        },
      },
      { name: "WWDG", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#options.timeline.cancel(this.#tick);
    this.#tick = undefined;
    this.#left = 1;
    this.registers.reset();
    this.#update();
  }

  /** To be called after anything that may stop or start its clock. */
  clockChanged(): void {
    if (!this.registers.has("CR", WDGA)) return;
    if (this.#options.pclkHz() > 0) {
      if (this.#tick === undefined) this.#schedule();
    } else if (this.#tick !== undefined) {
      const { timeline } = this.#options;
      this.#left = (this.#tick.at - timeline.now) / this.#stepNs;
      timeline.cancel(this.#tick);
      this.#tick = undefined;
    }
  }

  /** EWI can be cleared by a reset only. */
  #configure(before: number): void {
    this.registers.setBits("CFR", before & EWI, true);
    this.#update();
  }

  /** Once started only a reset stops it. */
  #refresh(before: number): void {
    const running = (before & WDGA) !== 0;
    const now = this.registers.get("CR") | (before & WDGA);
    this.registers.set("CR", now);
    if (running && (before & 0x7f) > (this.registers.get("CFR") & 0x7f)) {
      this.#bite("refreshed before its window opened");
      return;
    }
    if ((now & WDGA) === 0) return;
    if (!running && !this.#options.resetsSystem()) {
      const { log } = this.#options;
      log.once(
        "WWDG.scope",
        "guest mistake: WWDG1 was started without RCC_GCR.WW1RSC, which the manual wants first",
      );
    }
    if ((now & T6) === 0) {
      this.#bite("its counter was written with T6 = 0");
      return;
    }
    if (this.#tick === undefined) this.#schedule();
  }

  #schedule(): void {
    const hz = this.#options.pclkHz();
    if (hz === 0) return;
    const divider = BASE_DIVIDER * 2 ** ((this.registers.get("CFR") >>> 11) & 7);
    this.#stepNs = (divider * 1e9) / hz;
    this.#tick = this.#options.timeline.after(this.#left * this.#stepNs, () => this.#down());
    this.#left = 1;
  }

  #down(): void {
    this.#tick = undefined;
    const count = (this.registers.get("CR") & 0x7f) - 1;
    this.registers.set("CR", WDGA | (count & 0x7f));
    if (count === 0x40) {
      this.registers.setBits("SR", EWIF, true);
      this.#update();
    }
    if (count < T6) {
      this.#bite("was not refreshed in time");
      return;
    }
    this.#schedule();
  }

  #bite(why: string): void {
    this.#options.timeline.cancel(this.#tick);
    this.#tick = undefined;
    this.#options.log.note(`WWDG1 resets the chip: ${why}`);
    this.#options.onTimeout();
  }

  /** EWIF is cleared by writing 0; EWI stays until a reset. */
  #clear(written: number, before: number): void {
    this.registers.set("SR", before & written);
    this.#update();
  }

  #update(): void {
    this.#options.interrupt.set(this.registers.has("SR", EWIF) && this.registers.has("CFR", EWI));
  }
}
