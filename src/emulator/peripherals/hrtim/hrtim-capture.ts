/** Capture units of timers A..E (RM0433, "Capture"). */

import { EVENT, MASTER, UNITS } from "./hrtim-bits.js";
import type { HrtimTimer } from "./hrtim-timer.js";

/** CPTyxCR */
const UPDCPT = 1 << 1;
const FIRST_EVENT = 2;
const FIRST_TIMER = 12;

export class HrtimCapture {
  readonly #timers: readonly HrtimTimer[];

  constructor(timers: readonly HrtimTimer[]) {
    this.#timers = timers;
  }

  /** @param counts the counters before what happened @param events external events of each unit */
  instant(
    group: readonly number[],
    fired: number[],
    { events, counts }: { readonly events: readonly number[]; readonly counts: readonly number[] },
  ): void {
    for (const unit of group) {
      const timer = this.#timers[unit];
      if (unit === MASTER || timer?.enabled !== true) continue;
      const controls = [timer.register("CPT1C"), timer.register("CPT2C")] as const;
      if ((controls[0] | controls[1]) === 0) continue;
      const sources = this.#sources(unit, fired, events[unit] ?? 0);
      for (const which of [0, 1] as const) {
        if ((controls[which] & sources) !== 0) capture(timer, which, { fired, count: counts[unit] ?? 0 });
      }
    }
  }

  #sources(unit: number, fired: readonly number[], events: number): number {
    let sources = ((fired[unit] ?? 0) & EVENT.UPD) === 0 ? 0 : UPDCPT;
    sources |= events << FIRST_EVENT;
    for (const other of UNITS) {
      if (other === unit) continue;
      const happened = fired[other] ?? 0;
      const bits =
        ((happened & EVENT.SET1) !== 0 ? 1 : 0) |
        ((happened & EVENT.RST1) !== 0 ? 2 : 0) |
        ((happened & 3) << 2);
      sources |= bits << (FIRST_TIMER + other * 4);
    }
    return sources;
  }
}

/** @returns nothing; `fired` tells of it */
function capture(
  timer: HrtimTimer,
  which: 0 | 1,
  at: { readonly fired: number[]; readonly count: number },
): void {
  if (!timer.capture(which, at.count)) return;
  at.fired[timer.index] = (at.fired[timer.index] ?? 0) | (which === 0 ? EVENT.CPT1 : EVENT.CPT2);
}
