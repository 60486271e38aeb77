/**
 * The serial input of a channel (RM0399, "Serial channel transceivers"): SPI format, clocked by CKIN or by CKOUT, with the
 * short-circuit detector, the detector of a clock that is absent, and the watchdog's own filter. A level that lasts is so many
 * equal samples, counted when somebody looks. Manchester code is not decoded: such an input never comes into step.
 */

import type { RegisterCell } from "../../registers.js";
import { CHANNEL, clockOf, formatOf, INPUT, inputOf } from "./dfsdm-bits.js";
import type { OutputClock, Strobe } from "./output-clock.js";
import { SampleWindow, type SincShape, samplesBetween, samplesFor } from "./sinc-window.js";

export interface SerialInputHooks {
  /** Samples came at the clock input. */
  readonly onSamples: (value: number, count: number, periodNs: number) => void;
  readonly onShort: () => void;
  /** The watchdog's filter has a value. */
  readonly onWatched: (value: number) => void;
}

/** SPICKSEL: edges of CKOUT; 0 is CKIN. */
const STROBES: readonly ((format: number) => Strobe)[] = [
  (format) => ({ rising: format === 0, halved: false }),
  (format) => ({ rising: format === 0, halved: false }),
  () => ({ rising: false, halved: true }),
  () => ({ rising: true, halved: true }),
];
const MANCHESTER = 2;
/** Periods of CKOUT in which CKIN must move. */
const ABSENCE_PERIODS = 8;

export class SerialInput {
  /** What has to be known of the clock's absence: an edge came since the channel is on; board time of the last one. */
  synchronized = false;
  lastEdge = 0;
  readonly #cfgr1: RegisterCell;
  readonly #awscdr: RegisterCell;
  readonly #clock: OutputClock;
  readonly #hooks: SerialInputHooks;
  #level = false;
  #clockLevel = false;
  /** Edges of CKOUT that were counted. */
  #counted = 0;
  /** The short-circuit detector's last sample and its count. */
  #last = 0;
  #equal = 0;
  readonly #window = new SampleWindow();
  #latest = 0;
  /** Samples until the watchdog's filter has its next value. */
  #toValue = 1;
  /** The watchdog's value is the one of before, and nothing of it is news. */
  #settled = false;

  constructor(
    cells: { cfgr1: RegisterCell; awscdr: RegisterCell },
    clock: OutputClock,
    hooks: SerialInputHooks,
  ) {
    this.#cfgr1 = cells.cfgr1;
    this.#awscdr = cells.awscdr;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** It is on, and takes its data from its pins. */
  get active(): boolean {
    const cfgr1 = this.#cfgr1.value;
    return (cfgr1 & CHANNEL.CHEN) !== 0 && inputOf(cfgr1) === INPUT.SERIAL && formatOf(cfgr1) < MANCHESTER;
  }

  get externallyClocked(): boolean {
    return clockOf(this.#cfgr1.value) === 0;
  }

  /** From now on: the channel was switched on, or CKOUT begins anew. */
  begin(): void {
    this.synchronized = false;
    this.#counted = this.#clock.edges(this.#strobe);
    this.#equal = 0;
    this.#latest = 0;
    const shape = this.#shape;
    this.#window.begin(shape);
    this.#toValue = samplesFor(shape) + (shape.ratio === 1 ? 0 : 1);
    this.#settled = false;
  }

  /** DATIN; what came before is counted. */
  set level(high: boolean) {
    this.#level = high;
  }

  /** CKIN. @param now board time */
  clockEdge(high: boolean, now: number): void {
    if (high === this.#clockLevel) return;
    this.#clockLevel = high;
    if (!this.active || !this.externallyClocked) return;
    const before = this.lastEdge;
    this.lastEdge = now;
    this.synchronized = true;
    if (high === this.#strobe.rising) this.#hooks.onSamples(this.#value, 1, 2 * (now - before));
  }

  /** Samples by CKOUT that were not counted yet. */
  take(): { readonly value: number; readonly count: number; readonly periodNs: number } | undefined {
    if (!this.active || this.externallyClocked) return undefined;
    const strobe = this.#strobe;
    const edges = this.#clock.edges(strobe);
    const count = edges - this.#counted;
    if (count <= 0) return undefined;
    this.#counted = edges;
    this.synchronized = true;
    return { value: this.#value, count, periodNs: ((strobe.halved ? 2 : 1) * 1e9) / this.#clock.hz };
  }

  /** Nanoseconds until CKOUT gave `count` more samples than were counted. */
  nsUntil(count: number): number {
    if (!this.active || this.externallyClocked) return Number.POSITIVE_INFINITY;
    return this.#clock.nsUntil(this.#strobe, this.#counted + count);
  }

  /** Nanoseconds from the last edge on, until the clock is absent. */
  get absenceNs(): number {
    return (ABSENCE_PERIODS * 1e9) / this.#clock.hz;
  }

  /** Samples pass the detectors. */
  watch(value: number, count: number): void {
    if (value !== this.#last) {
      this.#equal = 0;
      this.#settled = false;
    }
    this.#last = value;
    this.#equal += count;
    const threshold = this.#shortThreshold;
    if (this.#equal >= threshold) {
      this.#equal %= threshold;
      if ((this.#cfgr1.value & CHANNEL.SCDEN) !== 0) this.#hooks.onShort();
    }
    this.#filter(value, count);
  }

  /** Samples until the detectors have something to tell. @param shorted is told already @param watched by a watchdog */
  samplesToEvent(shorted: boolean, watched: boolean): number {
    const scden = (this.#cfgr1.value & CHANNEL.SCDEN) !== 0;
    const toShort = shorted || !scden ? Number.POSITIVE_INFINITY : this.#shortThreshold - this.#equal;
    return Math.min(toShort, watched && !this.#settled ? this.#toValue : Number.POSITIVE_INFINITY);
  }

  /** The watchdogs' thresholds or flags changed: the next value is news. */
  unsettle(): void {
    this.#settled = false;
  }

  /** The last value of the watchdog's filter. */
  get watched(): number {
    return this.#latest;
  }

  get #value(): number {
    return this.#level ? 1 : -1;
  }

  get #strobe(): Strobe {
    const cfgr1 = this.#cfgr1.value;
    return (STROBES[clockOf(cfgr1)] as (format: number) => Strobe)(formatOf(cfgr1));
  }

  get #shortThreshold(): number {
    return Math.max(1, this.#awscdr.value & 0xff);
  }

  get #shape(): SincShape {
    const awscdr = this.#awscdr.value;
    return { order: (awscdr >>> 22) & 3, ratio: ((awscdr >>> 16) & 0x1f) + 1, sum: 1 };
  }

  #filter(value: number, count: number): void {
    const step = samplesBetween(this.#shape);
    for (let left = count; left > 0; ) {
      const taken = Math.min(left, this.#toValue);
      this.#window.push(value, taken);
      left -= taken;
      this.#toValue -= taken;
      if (this.#toValue > 0) return;
      this.#toValue = step;
      if (this.#settled) {
        // The same values, again and again.
        this.#window.push(value, left);
        this.#toValue = step - (left % step);
        return;
      }
      const { steady, result } = this.#window;
      this.#latest = (result << 16) >> 16;
      this.#hooks.onWatched(this.#latest);
      this.#settled = steady;
    }
  }
}
