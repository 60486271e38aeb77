/**
 * OPAMP1 and OPAMP2 (RM0433, chapter OPAMP; fields and formula of the gain as in ST's library and its examples): follower,
 * programmable gain, standalone as a comparator without feedback, trimming. They settle at once, in either speed.
 */

import type { ClockGate, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { OPAMP } from "../tables/analog.js";

export type Amplifier = 1 | 2;

/** Voltages are fractions of VREF+. */
export interface OpampOptions {
  readonly log: EmulatorLog;
  readonly clocked: ClockGate;
  readonly pin: (name: string) => number;
  readonly dac: (channel: Amplifier) => number;
  /** VDDA, which limits the outputs. */
  readonly supply: () => number;
  /** An output may have changed. */
  readonly onOutput: () => void;
}

/** Data sheet DS12556, "Pin description". */
const PINS = {
  1: { plus: "PB0", minus: ["PC5", "PA7"], output: "PC4" },
  2: { plus: "PE9", minus: ["PE8", "PG1"], output: "PE7" },
} as const;
/** Every pin that an amplifier may look at. */
export const OPAMP_INPUTS: readonly string[] = Object.values(PINS).flatMap(({ plus, minus }) => [
  plus,
  ...minus,
]);

const OPAEN = 1 << 0;
/** The non-inverting input is the reference that CALSEL selects. */
const FORCE_VP = 1 << 1;
/** By CALSEL, of VDDA. */
const REFERENCES = [0.033, 0.1, 0.5, 0.9] as const;
const VP_SEL_DAC = 1;
const VM_SEL = { minus1: 1, gain: 2, follower: 3 } as const;
const CALON = 1 << 11;
/** Of CALSEL: set, the pair of N is calibrated (at 90 % of VDDA), else that of P (at 10 %). */
const CALSEL_N = 1 << 13;
const USERTRIM = 1 << 18;
const CALOUT = 1 << 30;
/** PGA_GAIN: the inverting input is connected, as a bias or as the signal. */
const GAIN_BIAS = 8;
/** What the factory found for either pair, and what a calibration finds. */
const TRIM = 16;
const FACTORY = TRIM | (TRIM << 8);

export class Opamp extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: OpampOptions;

  constructor(options: OpampOptions) {
    super();
    this.#options = options;
    const actions: Record<string, RegisterAction> = {};
    for (const number of [1, 2] as const) {
      actions[`CSR${number}`] = {
        rw: ALL & ~CALOUT,
        ro: CALOUT,
        onRead: (stored) => (this.#calibrated(number) ? stored : stored | CALOUT) >>> 0,
        onWrite: () => options.onOutput(),
      };
      const trimming = {
        rw: ALL,
        onRead: (stored: number) => (this.#userTrimmed(number) ? stored : FACTORY),
      };
      actions[`OTR${number}`] = trimming;
      actions[`HSOTR${number}`] = trimming;
    }
    this.registers = new RegisterBlock(registerTable(OPAMP, actions), {
      name: "OPAMP",
      log: options.log,
      clocked: options.clocked,
    });
    this.#trim();
  }

  reset(): void {
    this.registers.reset();
    this.#trim();
    this.#options.onOutput();
  }

  /** What an amplifier gives a pin; undefined: it gives none. */
  atPin(name: string): number | undefined {
    for (const number of [1, 2] as const) if (PINS[number].output === name) return this.#output(number);
    return undefined;
  }

  /** A user's trimming starts at the factory's values. */
  #trim(): void {
    for (const number of [1, 2]) {
      for (const name of ["OTR", "HSOTR"]) this.registers.set(`${name}${number}`, FACTORY);
    }
  }

  #output(number: Amplifier): number | undefined {
    const csr = this.registers.get(`CSR${number}`);
    if ((csr & OPAEN) === 0 || (csr & CALON) !== 0) return undefined;
    const { pin, dac, supply } = this.#options;
    const { plus, minus } = PINS[number];
    const input = (): number => (((csr >>> 2) & 3) === VP_SEL_DAC ? dac(number) : pin(plus));
    const vp = (csr & FORCE_VP) !== 0 ? (REFERENCES[(csr >>> 12) & 3] ?? 0) * supply() : input();
    const limited = (volts: number): number => Math.min(supply(), Math.max(0, volts));
    switch ((csr >>> 5) & 3) {
      case VM_SEL.follower:
        return limited(vp);
      case VM_SEL.gain: {
        const selection = (csr >>> 14) & 0xf;
        const gain = 2 << (selection & 3);
        const bias = (selection & GAIN_BIAS) !== 0 ? pin(minus[0]) : 0;
        return limited(gain * vp + (1 - gain) * bias);
      }
      case VM_SEL.minus1:
        return vp > pin(minus[1]) ? supply() : 0;
      default:
        return vp > pin(minus[0]) ? supply() : 0;
    }
  }

  /** CALOUT is low once the trimming value has reached what the amplifier needs. */
  #calibrated(number: Amplifier): boolean {
    const csr = this.registers.get(`CSR${number}`);
    if ((csr & OPAEN) === 0 || (csr & CALON) === 0) return true;
    const name = (csr & (1 << 8)) === 0 ? `OTR${number}` : `HSOTR${number}`;
    const both = this.#userTrimmed(number) ? this.registers.get(name) : FACTORY;
    return ((csr & CALSEL_N) !== 0 ? both & 0x1f : (both >>> 8) & 0x1f) >= TRIM;
  }

  #userTrimmed(number: Amplifier): boolean {
    return this.registers.has(`CSR${number}`, USERTRIM);
  }
}
