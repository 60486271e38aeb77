/** RNG: true random number generator (RM0433, chapter RNG). */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";

export interface RngOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** The kernel clock rng_clk in Hz, 0 while it stands still. */
  readonly kernelHz: () => number;
  /** The AHB clock in Hz. */
  readonly hclkHz: () => number;
  /** The noise source: 32 fresh bits, unsigned. */
  readonly random32: () => number;
}

type RngRegister = "CR" | "SR" | "DR";

const RNGEN = 1 << 2;
const IE = 1 << 3;
const CED = 1 << 5;
const DRDY = 1 << 0;
const CECS = 1 << 1;
const SECS = 1 << 2;
const CEIS = 1 << 5;
const SEIS = 1 << 6;
/** RM0433, chapter RNG: a new word every 40 cycles of rng_clk. */
const CYCLES_A_WORD = 40;

export class Rng extends Peripheral {
  readonly registers: RegisterBlock<RngRegister>;

  readonly #options: RngOptions;
  #next: TimelineEvent | undefined;

  constructor(options: RngOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      {
        CR: { offset: 0x00, reset: 0, rw: RNGEN | IE | CED, onWrite: () => this.#follow() },
        SR: {
          offset: 0x04,
          reset: 0,
          rw: CEIS | SEIS,
          ro: DRDY | CECS | SECS,
          onRead: (stored) => this.#status(stored),
          onWrite: (written, before) => this.#clear(written, before),
        },
        DR: { offset: 0x08, reset: 0, ro: 0xffff_ffff, onRead: () => this.#take() },
      },
      { name: "RNG", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#options.timeline.cancel(this.#next);
    this.#next = undefined;
    this.registers.reset();
    this.#updateInterrupt();
  }

  /** Fault hook: the noise source fails its health test until the guest restarts the generator. */
  seedError(): void {
    this.registers.setBits("SR", SECS | SEIS, true);
    this.registers.setBits("SR", DRDY, false);
    this.#options.timeline.cancel(this.#next);
    this.#next = undefined;
    this.#updateInterrupt();
  }

  /** To be called when a clock changed. */
  clockChanged(): void {
    if (this.registers.has("CR", RNGEN)) this.#follow();
  }

  #follow(): void {
    if (!this.registers.has("CR", RNGEN)) {
      this.#options.timeline.cancel(this.#next);
      this.#next = undefined;
      this.registers.setBits("SR", DRDY | SECS, false);
    }
    this.#checkClock();
    this.#produce();
    this.#updateInterrupt();
  }

  /** RM0433, chapter RNG: the detector reports an rng_clk slower than hclk / 16. */
  #checkClock(): void {
    const { kernelHz, hclkHz } = this.#options;
    const watched = this.registers.has("CR", RNGEN) && !this.registers.has("CR", CED);
    const slow = watched && kernelHz() < hclkHz() / 16;
    const was = this.registers.has("SR", CECS);
    this.registers.setBits("SR", CECS, slow);
    if (slow && !was) this.registers.setBits("SR", CEIS, true);
  }

  #produce(): void {
    const hz = this.#options.kernelHz();
    const wanted = this.registers.has("CR", RNGEN) && !this.registers.has("SR", DRDY | SECS);
    if (!wanted || this.#next !== undefined) return;
    if (hz === 0) {
      this.#options.log.once("RNG.clock", "guest mistake: RNG is enabled, but rng_clk stands still (RNGSEL)");
      return;
    }
    this.#next = this.#options.timeline.after((CYCLES_A_WORD * 1e9) / hz, () => {
      this.#next = undefined;
      this.registers.set("DR", this.#options.random32());
      this.registers.setBits("SR", DRDY, true);
      this.#updateInterrupt();
    });
  }

  #status(stored: number): number {
    this.#checkClock();
    this.#produce();
    return stored;
  }

  /** A word can be taken once; without DRDY the register reads 0. */
  #take(): number {
    if (!this.registers.has("SR", DRDY)) return 0;
    const value = this.registers.get("DR");
    this.registers.setBits("SR", DRDY, false);
    this.registers.set("DR", 0);
    this.#produce();
    this.#updateInterrupt();
    return value;
  }

  /** CEIS and SEIS are cleared by writing 0. */
  #clear(written: number, before: number): void {
    this.registers.set("SR", before & (written | ~(CEIS | SEIS)));
    this.#updateInterrupt();
  }

  #updateInterrupt(): void {
    const pending = this.registers.has("SR", DRDY | CEIS | SEIS);
    this.#options.interrupt.set(this.registers.has("CR", IE) && pending);
  }
}
