/**
 * COMP1 and COMP2 (RM0433, chapter COMP): inputs, polarity, window mode, hysteresis,
 * blanking, flags, lock. They are as fast in each power mode.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { COMP } from "../tables/analog.js";
import { REFERENCE_VOLTS } from "./internal-voltages.js";

export interface CompOptions {
  readonly log: EmulatorLog;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** Voltage at a pin ("PB0") as a fraction of VREF+. */
  readonly pin: (name: string) => number;
  /** DAC channel 1 or 2, as a fraction of VREF+. */
  readonly dac: (channel: 1 | 2) => number;
  /** A voltage inside the chip, as a fraction of VREF+. */
  readonly fraction: (volts: number) => number;
  /** Does the timer's output hold the comparator low that CFGR.BLANKING selects? */
  readonly blanked: (selection: number) => boolean;
  /** Comparator 1 or 2 went high or low. */
  readonly onOutput?: (comparator: 1 | 2, high: boolean) => void;
  /** Pins that both share may have another's output than before. */
  readonly onLead?: () => void;
}

/** Inputs of COMP1 and COMP2: INPSEL, and INMSEL 6 and 7 (ST's library, COMP_INPUT_...). */
const PINS = [
  { plus: ["PB0", "PB2"], minus: ["PB1", "PC4"] },
  { plus: ["PE9", "PE11"], minus: ["PE10", "PE7"] },
] as const;
/** Every pin that a comparator may look at. */
export const COMPARATOR_PINS: readonly string[] = PINS.flatMap(({ plus, minus }) => [...plus, ...minus]);

const EN = 1 << 0;
const BRGEN = 1 << 1;
const SCALEN = 1 << 2;
const POLARITY = 1 << 3;
/** CFGR2 only: COMP2's plus input is COMP1's. */
const WINMODE = 1 << 4;
const ITEN = 1 << 6;
const INPSEL = 1 << 20;
const LOCK = 0x8000_0000;
/** By CFGR.HYST (data sheet DS12556, typical). */
const HYSTERESIS_VOLTS = [0, 0.01, 0.02, 0.03] as const;
/** SR: C1VAL, C1IF; those of COMP2 are one place to the left. */
const VALUE = 1 << 0;
const FLAG = 1 << 16;
export class Comp extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: CompOptions;
  readonly #high: [boolean, boolean] = [false, false];
  /** The plus input is above the minus input, before polarity and blanking. */
  readonly #above: [boolean, boolean] = [false, false];

  constructor(options: CompOptions) {
    super();
    this.#options = options;
    const configure = (index: 0 | 1) => (_written: number, before: number) => {
      if ((before & LOCK) !== 0) this.registers.set(`CFGR${index + 1}`, before);
      this.look();
    };
    const lead = (_written: number, before: number) => {
      if (this.#any(LOCK)) this.registers.set("OR", before);
      else options.onLead?.();
    };
    this.registers = new RegisterBlock(
      registerTable(COMP, {
        SR: { ro: ALL },
        ICFR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        OR: { rw: ALL, onWrite: lead },
        CFGR1: { rw: ALL, onWrite: configure(0) },
        CFGR2: { rw: ALL, onWrite: configure(1) },
      }),
      { name: "COMP12", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.registers.reset();
    this.look();
  }

  /** By RCC: what is locked stays, until the whole chip is reset. */
  partReset(): void {
    const kept = ["CFGR1", "CFGR2"].filter((name) => this.registers.has(name, LOCK));
    const values = [...kept, ...(kept.length > 0 ? ["OR"] : [])].map(
      (name) => [name, this.registers.get(name)] as const,
    );
    this.registers.reset();
    for (const [name, value] of values) this.registers.set(name, value);
    for (const index of [0, 1] as const) this.registers.setBits("SR", VALUE << index, this.#high[index]);
    this.look();
  }

  /** Of both configurations. */
  #any(bit: number): boolean {
    return this.registers.has("CFGR1", bit) || this.registers.has("CFGR2", bit);
  }

  /** At a pin that both share: `place` in OR.AFOP. */
  shared(place: number): boolean {
    return this.output(this.registers.has("OR", 1 << place) ? 2 : 1);
  }

  /** Comparator 1 or 2. */
  output(comparator: 1 | 2): boolean {
    return this.#high[comparator - 1] ?? false;
  }

  /** A voltage may have changed. */
  look(): void {
    for (const index of [0, 1] as const) {
      const high = this.#compare(index);
      if (high === this.#high[index]) continue;
      this.#high[index] = high;
      this.registers.setBits("SR", VALUE << index, high);
      if (high) this.registers.setBits("SR", FLAG << index, true);
      this.#options.onOutput?.(index === 0 ? 1 : 2, high);
    }
    this.#update();
  }

  #compare(index: 0 | 1): boolean {
    const cfgr = this.registers.get(`CFGR${index + 1}`);
    if ((cfgr & EN) === 0) {
      this.#above[index] = false;
      return false;
    }
    const window = index === 1 && (cfgr & WINMODE) !== 0;
    const plus = window ? this.#plus(0) : this.#plus(index);
    const threshold = this.#minus(index, cfgr) - (this.#above[index] ? this.#hysteresis(cfgr) : 0);
    this.#above[index] = plus > threshold;
    const blanked = this.blankedBy(index) !== 0 && this.#options.blanked(this.blankedBy(index));
    return !blanked && this.#above[index] !== ((cfgr & POLARITY) !== 0);
  }

  /** CFGR.BLANKING of a comparator that is on. */
  blankedBy(index: 0 | 1): number {
    const cfgr = this.registers.get(`CFGR${index + 1}`);
    return (cfgr & EN) === 0 ? 0 : (cfgr >>> 24) & 0xf;
  }

  /** What is above stays so until it is below by this. */
  #hysteresis(cfgr: number): number {
    return this.#options.fraction(HYSTERESIS_VOLTS[(cfgr >>> 8) & 3] ?? 0);
  }

  #plus(index: 0 | 1): number {
    const second = this.registers.has(`CFGR${index + 1}`, INPSEL);
    return this.#options.pin(PINS[index].plus[second ? 1 : 0]);
  }

  /** Fractions of VREFINT need the scaler and, below the whole, its bridge, which either comparator enables for both. */
  #minus(index: 0 | 1, cfgr: number): number {
    const selection = (cfgr >>> 16) & 7;
    if (selection >= 6) return this.#options.pin(PINS[index].minus[selection === 6 ? 0 : 1]);
    if (selection >= 4) return this.#options.dac(selection === 4 ? 1 : 2);
    if (!this.#any(SCALEN)) return 0;
    const reference = this.#options.fraction(REFERENCE_VOLTS);
    return !this.#any(BRGEN) ? reference : (reference * (selection + 1)) / 4;
  }

  #clear(written: number): void {
    this.registers.setBits("SR", written & (FLAG | (FLAG << 1)), false);
    this.#update();
  }

  #update(): void {
    const asserted = [0, 1].some(
      (index) => this.registers.has("SR", FLAG << index) && this.registers.has(`CFGR${index + 1}`, ITEN),
    );
    this.#options.interrupt.set(asserted);
  }
}
