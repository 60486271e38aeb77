/**
 * The RX pin as the receiver samples it (RM0433, "USART receiver"): start bits, three samples a bit with their noise, LIN
 * breaks, IrDA's pulses, automatic baud rate. A bit is sampled at 8/16 to 10/16 of it, with OVER8 at 4/8 to 6/8.
 */

import type { Timeline, TimelineEvent } from "../../timeline.js";
import { CR2, CR3 } from "./usart-bits.js";
import type { FrameFormat, SampledFrame } from "./usart-format.js";

export interface LineHost {
  readonly timeline: Timeline;
  readonly register: (name: "CR2" | "CR3") => number;
  readonly format: () => FrameFormat;
  readonly baud: () => number;
  readonly over8: () => boolean;
  /** LPUART: one sample in the middle of a bit. */
  readonly lowPower: boolean;
  /** LPUART: the line is high where a start bit should be. */
  readonly falseStart: () => void;
  /** UE, RE and a clock, and neither IrDA's transmitter nor a synchronous clock has the line. */
  readonly listening: () => boolean;
  /** The shortest pulse that IrDA's decoder takes for one, nanoseconds. */
  readonly shortestPulseNs: () => number;
  /** Automatic baud rate detection waits for a frame. */
  readonly measuring: () => boolean;
  /** It measured this rate. */
  readonly measured: (baud: number) => void;
  readonly started: () => void;
  /** @param restNs what is left of its stop bits */
  readonly received: (frame: SampledFrame, noisy: boolean, restNs: number) => void;
  /** A break, as LIN counts it, ended. */
  readonly lineBreak: () => void;
}

interface Change {
  readonly at: number;
  readonly level: boolean;
}

/** A LIN slave's clock may be off by this much before it knows the rate. */
const BREAK_TOLERANCE = 0.05;
/** CR2.ABRMOD: bits from the start bit's falling edge to the edge that ends the measurement, and which edge that is. */
const MEASURES = [
  { edges: 1, level: true, bits: 1 },
  { edges: 1, level: false, bits: 2 },
  { edges: 1, level: false, bits: 8 },
  { edges: 4, level: false, bits: 8 },
] as const;

export class UsartLine {
  readonly #host: LineHost;
  #level = true;
  #changes: Change[] = [];
  /** The start bit's edge. */
  #start: number | undefined;
  #event: TimelineEvent | undefined;
  #lowSince = 0;
  #pulseSince = 0;
  /** Edges that automatic baud rate detection saw since the start bit. */
  #counted: number | undefined;

  constructor(host: LineHost) {
    this.#host = host;
  }

  get busy(): boolean {
    return this.#start !== undefined;
  }

  stop(): void {
    this.#host.timeline.cancel(this.#event);
    this.#start = undefined;
    this.#counted = undefined;
    this.#changes = [];
  }

  /** What the pin's level means has changed: no edge. */
  settle(level: boolean): void {
    if (this.#start === undefined) this.#level = level;
  }

  /** The pin's level after RXINV. */
  input(level: boolean): void {
    if ((this.#host.register("CR3") & CR3.IREN) !== 0) this.#infrared(level);
    else this.#changed(level);
  }

  /** A pulse that is long enough is a zero for a whole bit. */
  #infrared(level: boolean): void {
    const { timeline, shortestPulseNs, baud } = this.#host;
    if (!level) {
      this.#pulseSince = timeline.now;
      return;
    }
    // With PSC = 0 the decoder does not work.
    const shortest = shortestPulseNs();
    if (shortest === 0 || timeline.now - this.#pulseSince < shortest || baud() === 0) return;
    const from = this.#pulseSince;
    this.#changed(false, from);
    timeline.after(from + 1e9 / baud() - timeline.now, () => {
      // The next zero's pulse may have begun, but has not ended.
      if (this.#lowSince === from) this.#changed(true);
    });
  }

  #changed(level: boolean, at = this.#host.timeline.now): void {
    if (level === this.#level) {
      if (!level) this.#lowSince = at;
      return;
    }
    this.#level = level;
    if (this.#start === undefined) this.#changes = [];
    this.#changes.push({ at, level });
    if (this.#counted !== undefined) this.#measure(level, at);
    if (level) this.#rose(at);
    else this.#fell(at);
  }

  #fell(at: number): void {
    this.#lowSince = at;
    if (this.#start !== undefined || !this.#host.listening()) return;
    this.#start = at;
    if (this.#host.measuring()) {
      this.#counted = 0;
      return;
    }
    const bitNs = 1e9 / this.#host.baud();
    this.#at(at + (10 / 16) * bitNs, () => this.#checkStart(bitNs));
  }

  /** LIN: the line is high again after ten or eleven low bits. */
  #rose(at: number): void {
    const cr2 = this.#host.register("CR2");
    if ((cr2 & CR2.LINEN) === 0 || !this.#host.listening()) return;
    const bits = ((at - this.#lowSince) * this.#host.baud()) / 1e9;
    if (bits >= ((cr2 & CR2.LBDL) === 0 ? 10 : 11) * (1 - BREAK_TOLERANCE)) this.#host.lineBreak();
  }

  #measure(level: boolean, at: number): void {
    const measure = MEASURES[(this.#host.register("CR2") >>> 21) & 3] ?? MEASURES[0];
    if (level !== measure.level || this.#start === undefined || this.#counted === undefined) return;
    this.#counted++;
    if (this.#counted < measure.edges) return;
    this.#counted = undefined;
    this.#host.measured((measure.bits * 1e9) / (at - this.#start));
    this.#host.started();
    this.#atStop(1e9 / this.#host.baud());
  }

  #checkStart(bitNs: number): void {
    const { high } = this.#sample(0, bitNs);
    if (high) {
      this.#finish();
      if (this.#host.lowPower) this.#host.falseStart();
      return;
    }
    this.#host.started();
    this.#atStop(bitNs);
  }

  /** Schedules the end: the stop bit's last sample; a smartcard's frame is refused half a bit after its parity, or not. */
  #atStop(bitNs: number): void {
    const { bits } = this.#host.format();
    const end = this.#smartcard ? 0.5 : 10 / 16;
    this.#at((this.#start ?? 0) + (1 + bits + this.#laterStop + end) * bitNs, () => this.#decode(bitNs));
  }

  /** LPUART looks at the second of two stop bits. */
  get #laterStop(): number {
    return this.#host.lowPower && this.#host.format().stopBits === 2 ? 1 : 0;
  }

  get #smartcard(): boolean {
    return (this.#host.register("CR3") & CR3.SCEN) !== 0;
  }

  #decode(bitNs: number): void {
    const { bits, stopBits } = this.#host.format();
    let noisy = this.#sample(0, bitNs).noisy;
    let word = 0;
    for (let bit = 0; bit < bits; bit++) {
      const sample = this.#sample(1 + bit, bitNs);
      if (sample.high) word |= 1 << bit;
      noisy ||= sample.noisy;
    }
    // Half a stop bit is not sampled at all.
    const stop = stopBits === 0.5 || this.#smartcard || this.#sample(1 + bits + this.#laterStop, bitNs).high;
    const { baud, timeline } = this.#host;
    const end = (this.#start ?? 0) + (1 + bits + stopBits) * (1e9 / baud());
    this.#finish();
    this.#host.received({ word, stop }, noisy, Math.max(0, end - timeline.now));
  }

  #finish(): void {
    this.#start = undefined;
    this.#changes = [];
  }

  #sample(bit: number, bitNs: number): { readonly high: boolean; readonly noisy: boolean } {
    const sixteenths = this.#host.over8() ? [7, 9, 11] : [7.5, 8.5, 9.5];
    const [early = false, middle = false, late = false] = sixteenths.map((at) =>
      this.#levelAt((this.#start ?? 0) + (bit + at / 16) * bitNs),
    );
    if (this.#host.lowPower || (this.#host.register("CR3") & CR3.ONEBIT) !== 0)
      return { high: middle, noisy: false };
    const high = (early && middle) || (middle && late) || (early && late);
    return { high, noisy: early !== middle || middle !== late };
  }

  #levelAt(ns: number): boolean {
    let level = true;
    for (const change of this.#changes) {
      if (change.at > ns) break;
      level = change.level;
    }
    return level;
  }

  #at(ns: number, run: () => void): void {
    const { timeline } = this.#host;
    this.#event = timeline.after(ns - timeline.now, run);
  }
}
