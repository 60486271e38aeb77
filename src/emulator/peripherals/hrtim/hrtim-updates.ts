/** Repetition and register updates of HRTIM's timers, and how they spread (RM0433, "Register preload and update management"). */

import type { RegisterBlock } from "../../registers.js";
import { bitOf, CONTROL, EVENT, MASTER, UNITS } from "./hrtim-bits.js";
import type { Cause } from "./hrtim-core.js";
import type { HrtimTimer } from "./hrtim-timer.js";

/** RSTxR: what a timer's own compares, and external events, reset. Only such resets spread the update that they make. */
const SPREADING = 0x7_fe0c;
const UPDT = 1 << 1;
/** UPDGAT: a DMA burst, then the three update enable inputs; from the sixth on they only let the next update pass. */
const GATE = { NONE: 0, BURST: 1, BURST_THEN_UPDATE: 2, INPUT: 3, INPUT_THEN_UPDATE: 6 } as const;

export class HrtimUpdates {
  readonly #registers: RegisterBlock<string>;
  readonly #timers: readonly HrtimTimer[];
  /** Timers whose next update may pass. */
  #armed = 0;

  constructor(registers: RegisterBlock<string>, timers: readonly HrtimTimer[]) {
    this.#registers = registers;
    this.#timers = timers;
  }

  reset(): void {
    this.#armed = 0;
  }

  /** A DMA burst is complete. @returns timers that it updates at once */
  burstDone(): number {
    let at = 0;
    for (const { index } of this.#timers) {
      const gate = this.#gate(index);
      if (gate === GATE.BURST) at |= 1 << index;
      else if (gate === GATE.BURST_THEN_UPDATE) this.#armed |= 1 << index;
    }
    return at;
  }

  /** A rising edge of update enable input 1..3. @returns timers that it updates at once */
  input(number: number): number {
    let at = 0;
    for (const unit of UNITS) {
      const gate = this.#gate(unit);
      if (gate === GATE.INPUT + number - 1) at |= 1 << unit;
      else if (gate === GATE.INPUT_THEN_UPDATE + number - 1) this.#armed |= 1 << unit;
    }
    return at;
  }

  /** Does any timer look at update enable input 1..3? */
  takes(number: number): boolean {
    return UNITS.some((unit) => {
      const gate = this.#gate(unit);
      return gate === GATE.INPUT + number - 1 || gate === GATE.INPUT_THEN_UPDATE + number - 1;
    });
  }

  /** UPDGAT; the master's BRSTDMA has its first three. */
  #gate(timer: number): number {
    const control = this.#timers[timer]?.register("CR") ?? 0;
    return timer === MASTER ? control >>> 30 : control >>> 28;
  }

  /** @param reset what an update resets by RSTxR.UPDT; it returns whether the counter took it */
  instant(group: readonly number[], fired: number[], cause: Cause, reset: (unit: number) => boolean): void {
    const spreading = this.#ownUpdates(group, fired, cause);
    for (const unit of group) {
      if (unit === MASTER || ((fired[unit] ?? 0) & EVENT.UPD) !== 0) continue;
      const by = this.#timers[unit]?.register("CR") ?? 0;
      let others = by & CONTROL.MSTU & (((spreading >>> MASTER) & 1) * CONTROL.MSTU);
      others |= by & ((spreading & 0x1f) * CONTROL.TAU);
      if (others !== 0 && this.#passes(unit)) this.#update(unit, fired);
    }
    for (const index of group) {
      const timer = this.#timers[index] as HrtimTimer;
      const happened = fired[index] ?? 0;
      if ((happened & EVENT.REP) !== 0) timer.reloadRepetition();
      if ((happened & EVENT.UPD) === 0 || (happened & EVENT.RST) !== 0 || !resets(index, cause)) continue;
      if ((timer.active.RST & UPDT) !== 0 && reset(index) && timer.repeat()) {
        fired[index] = (fired[index] ?? 0) | EVENT.REP;
        timer.reloadRepetition();
      }
    }
  }

  /** Updates for a timer's own reasons. @returns those that spread to others */
  #ownUpdates(group: readonly number[], fired: number[], cause: Cause): number {
    let spreading = 0;
    for (const index of group) {
      const timer = this.#timers[index] as HrtimTimer;
      const happened = fired[index] ?? 0;
      const bit = 1 << index;
      const reset = (happened & EVENT.RST) !== 0;
      const repeated = reset && timer.repeat();
      if (repeated) fired[index] = happened | EVENT.REP;
      if (((cause.updates ?? 0) & bit) !== 0) {
        // RM0433: software cancels an update that was under way, and is not held up.
        this.#armed &= ~bit;
        this.#update(index, fired);
        continue;
      }
      if (((cause.enabled ?? 0) & bit) !== 0 && !this.#disabled(index)) this.#update(index, fired);
      const wanted =
        index === MASTER ? this.#masterWants(repeated, happened) : unitWants(timer, repeated, reset);
      if (!wanted || !this.#passes(index)) continue;
      this.#update(index, fired);
      const rolledOver = (happened & EVENT.PER) !== 0;
      if (rolledOver || (index !== MASTER && spreads(timer, happened, cause))) spreading |= bit;
    }
    return spreading;
  }

  #masterWants(repeated: boolean, happened: number): boolean {
    const timer = this.#timers[MASTER] as HrtimTimer;
    if (this.#gate(MASTER) === GATE.BURST_THEN_UPDATE) return (happened & EVENT.PER) !== 0;
    return repeated && timer.controlHas(CONTROL.MREPU);
  }

  /** CR1.MUDIS, TxUDIS */
  #disabled(timer: number): boolean {
    return this.#registers.has("CR1", 1 << bitOf(timer));
  }

  #passes(timer: number): boolean {
    if (this.#disabled(timer)) return false;
    const gate = this.#gate(timer);
    const gated = gate === GATE.BURST_THEN_UPDATE || gate >= GATE.INPUT_THEN_UPDATE;
    if (gated && (this.#armed & (1 << timer)) === 0) return false;
    this.#armed &= ~(1 << timer);
    return true;
  }

  #update(timer: number, fired: number[]): void {
    this.#timers[timer]?.load();
    fired[timer] = (fired[timer] ?? 0) | EVENT.UPD;
  }
}

function unitWants(timer: HrtimTimer, repeated: boolean, reset: boolean): boolean {
  return (repeated && timer.controlHas(CONTROL.TREPU)) || (reset && timer.controlHas(CONTROL.TRSTU));
}

/** RM0433, table "TIMx update event propagation": resets by own compares and by external events. */
function spreads(timer: HrtimTimer, happened: number, cause: Cause): boolean {
  const own = ((happened & EVENT.CMP2) << 1) | (happened & EVENT.CMP4) | ((cause.events ?? 0) << 9);
  return (timer.active.RST & own & SPREADING) !== 0;
}

/** RM0433, table "Update event propagation for a timer reset": software's updates reset nothing. */
const resets = (timer: number, cause: Cause): boolean =>
  timer !== MASTER && ((cause.updates ?? 0) & (1 << timer)) === 0;
