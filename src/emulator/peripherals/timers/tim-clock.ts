/** What a timer's counter counts: its kernel clock or a signal, through the prescaler, as slave or not (RM0433, "Clock selection"). */

import type { RegisterBlock } from "../../registers.js";
import type { TimInputs } from "./tim-inputs.js";
import type { TimOptions } from "./tim-options.js";
import type { PeriodicInputs } from "./tim-periodic.js";
import { CEN, ECE } from "./tim-registers.js";

/** SMCR.SMS; 1..3 are the encoder modes. */
export const SLAVE = {
  ENCODER3: 3,
  RESET: 4,
  GATED: 5,
  TRIGGER: 6,
  EXTERNAL: 7,
  RESET_TRIGGER: 8,
} as const;

export interface TimClockPort {
  readonly registers: RegisterBlock<string>;
  readonly options: TimOptions;
  readonly inputs: TimInputs;
  readonly periodic: PeriodicInputs;
  readonly hasSlave: boolean;
}

export class TimClock {
  /** Board time at which the counter stood at its position. */
  since = 0;
  /** The prescaler's active value. */
  psc = 0;
  readonly #port: TimClockPort;
  /** Edges of an external clock that the prescaler has counted. */
  #prescaled = 0;
  #hz = 0;
  /** The trigger input's level, for gated mode. */
  #gate = false;

  constructor(port: TimClockPort) {
    this.#port = port;
  }

  reset(): void {
    this.psc = 0;
    this.#prescaled = 0;
    this.#hz = 0;
  }

  get slaveMode(): number {
    const { registers, hasSlave } = this.#port;
    if (!hasSlave) return 0;
    const smcr = registers.get("SMCR");
    return (smcr & 7) | ((smcr >>> 13) & 8);
  }

  /** An encoder turns the counter's direction. */
  get encoding(): boolean {
    const mode = this.slaveMode;
    return mode > 0 && mode <= SLAVE.ENCODER3;
  }

  get tickNs(): number {
    return ((this.psc + 1) * 1e9) / this.#hz;
  }

  /** Does the counter count by time now? @param arr RM0433, TIMx_ARR: it is blocked while ARR is 0 */
  counting(arr: number): boolean {
    if (!this.#port.registers.has("CR1", CEN) || this.#hz <= 0 || arr === 0) return false;
    const mode = this.slaveMode;
    if (mode === 0) return !this.#external;
    if (mode <= SLAVE.ENCODER3) return false;
    if (mode === SLAVE.GATED && !this.#gate) return false;
    return !this.#external;
  }

  /** Whole ticks until board time `at`. */
  ticksUntil(at: number): number {
    return Math.floor((at - this.since) / this.tickNs + 1e-6);
  }

  /** The clock may be another one now. */
  changed(): void {
    const hz = this.#sourceHz;
    if (hz === this.#hz) return;
    this.#hz = hz;
    this.start();
  }

  /** Counting begins, or ended, now. */
  start(): void {
    this.since = this.#port.options.timeline.now;
  }

  /** UG, or a slave's reset. */
  restart(): void {
    this.#prescaled = 0;
    this.start();
  }

  /** An edge of an external clock, which the prescaler counts, too. @returns the counter counts */
  edge(): boolean {
    if (!this.#port.registers.has("CR1", CEN)) return false;
    this.#prescaled++;
    if (this.#prescaled <= this.psc) return false;
    this.#prescaled = 0;
    return true;
  }

  /** The trigger input may have another level. @returns does it, in gated mode? Both edges set TIF (RM0433, SMS = 5) */
  gated(): boolean {
    const gate = this.#triggerInput;
    if (gate === this.#gate) return false;
    this.#gate = gate;
    if (this.slaveMode !== SLAVE.GATED) return false;
    this.start();
    return true;
  }

  /** The trigger input may be another one: what it had before is no edge. */
  selectGate(): void {
    this.#gate = this.#triggerInput;
  }

  get #triggerInput(): boolean {
    const { inputs, options } = this.#port;
    const { trigger, triggerLevel } = inputs;
    if (trigger >= 4 && trigger < 8) return triggerLevel;
    return options.internalLevel?.(trigger < 4 ? trigger : trigger - 4) ?? false;
  }

  /** Before the prescaler: the kernel's clock, or one that TISEL leads to TI1 or TI2 in external clock mode 1. */
  get #sourceHz(): number {
    const { options, inputs, periodic } = this.#port;
    if (this.slaveMode !== SLAVE.EXTERNAL) return options.clockHz();
    return periodic.clockHz(inputs.trigger);
  }

  /** SMCR.ECE: ETRF clocks the counter. */
  get #external(): boolean {
    return this.#port.hasSlave && this.#port.registers.has("SMCR", ECE);
  }
}
