/** Delayed and balanced idle: outputs go idle by an external event once their pulse is over (RM0433, "Delayed Protection"). */

import type { RegisterBlock } from "../../registers.js";
import { CONTROL, EVENT, registerName, STATUS } from "./hrtim-bits.js";
import type { HrtimOutputs, Side } from "./hrtim-outputs.js";
import { SIDES } from "./hrtim-outputs.js";
import type { HrtimTimer } from "./hrtim-timer.js";

/** OUTxR */
const DLYPRTEN = 1 << 9;
/** DLYPRT: output 1, output 2, both, balanced; bit 2 takes the other event. */
const BOTH = 2;
const BALANCED = 3;
/** The shortest pulse that is balanced, in periods of fHRTIM. */
const SHORTEST = 4;

export interface HrtimProtectionPort {
  readonly registers: RegisterBlock<string>;
  readonly timers: readonly HrtimTimer[];
  readonly outputs: readonly HrtimOutputs[];
}

export class HrtimProtection {
  readonly #port: HrtimProtectionPort;
  /** By unit: roll-overs until balanced idle is reached; undefined: it is not under way. */
  readonly #balancing: (number | undefined)[] = [];

  constructor(port: HrtimProtectionPort) {
    this.#port = port;
  }

  reset(): void {
    this.#balancing.length = 0;
  }

  /** What happened to a unit. @returns DLYPRT where its event came */
  instant(
    unit: number,
    at: { readonly events: number; readonly fired: number; readonly cycle: number },
  ): number {
    const timer = this.#port.timers[unit] as HrtimTimer;
    const outputs = this.#port.outputs[unit] as HrtimOutputs;
    const out = timer.register("OUT");
    if (this.#balancing[unit] === 1 && (at.fired & EVENT.CMP4) !== 0) {
      this.#settle(unit);
    }
    if ((out & DLYPRTEN) === 0) return 0;
    const mode = (out >>> 10) & 7;
    // Events 6 and 7 for timers A, B and C, events 8 and 9 for D and E.
    const event = (unit < 3 ? 5 : 7) + (mode >>> 2);
    if ((at.events & (1 << event)) === 0) return 0;
    this.#note(timer, outputs, at.cycle, (mode & 3) === BALANCED);
    if ((mode & 3) === BALANCED) {
      timer.balance(Math.max(SHORTEST, timer.counter.count(at.cycle)));
      this.#balancing[unit] = 2;
      return EVENT.DLYPRT;
    }
    for (const side of SIDES)
      if ((mode & 3) === BOTH || (mode & 3) === side) outputs.delayIdle(side, at.cycle);
    return EVENT.DLYPRT;
  }

  /** The unit's counter rolled over. */
  roll(unit: number): void {
    const left = this.#balancing[unit];
    if (left === undefined) return;
    this.#balancing[unit] = left - 1;
    if (left <= 1) this.#settle(unit);
  }

  #settle(unit: number): void {
    this.#balancing[unit] = undefined;
    this.#port.timers[unit]?.balance(undefined);
    this.#port.outputs[unit]?.idleNow();
  }

  /** OxSTAT and IPPSTAT keep how it was. */
  #note(timer: HrtimTimer, outputs: HrtimOutputs, cycle: number, balanced: boolean): void {
    const { registers } = this.#port;
    const name = registerName(timer.index, "ISR");
    const pushed = timer.controlHas(CONTROL.PSHPLL) && outputs.pushed === 1;
    registers.setBits(name, STATUS.IPPSTAT, pushed);
    if (balanced) return;
    for (const side of SIDES as readonly Side[]) {
      registers.setBits(name, STATUS.O1STAT << side, outputs.waveform(side, cycle));
    }
  }
}
