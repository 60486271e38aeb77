/**
 * The sending half of a USART (RM0433, "USART transmitter"): FIFO, shift register, breaks, clear to send, driver enable,
 * the synchronous clock, and a smartcard's guard time and repetitions.
 */

import type { PinSignal } from "../../pin-signal.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { CR1, CR2, CR3, FIFO_DEPTH } from "./usart-bits.js";
import { DriverEnable } from "./usart-driver-enable.js";
import { breakBits, encode, type FrameFormat, frameNs } from "./usart-format.js";
import { breakEdges, clockEdges, type Edge, frameEdges, infraredEdges, levelAt } from "./usart-waveform.js";

export interface TransmitterHost {
  readonly timeline: Timeline;
  readonly register: (name: "CR1" | "CR2" | "CR3" | "GTPR") => number;
  readonly format: () => FrameFormat;
  readonly baud: () => number;
  /** Width of IrDA's pulse in nanoseconds. */
  readonly pulseNs: (baud: number) => number;
  readonly driverNs: (steps: number) => number;
  /** UE and TE, and not a synchronous slave. */
  readonly enabled: () => boolean;
  readonly line: () => PinSignal;
  readonly clock: PinSignal;
  /** The own receiver listens to the line's pin. */
  readonly loops: () => boolean;
  /** The level that a synchronous master receives. */
  readonly receiveLevel: () => boolean;
  readonly sent: (frame: SentFrame) => void;
  /** A smartcard's guard time is over. */
  readonly guarded: () => void;
  readonly update: () => void;
  readonly mistake: (message: string) => void;
}

export interface SentFrame {
  readonly word: number;
  readonly isBreak: boolean;
  readonly baud: number;
  /** What a synchronous master received meanwhile. */
  readonly received: number;
  /** A smartcard said that it got the frame wrong, and no repetition is left. */
  readonly refused: boolean;
}

interface Shifting {
  readonly word: number;
  readonly isBreak: boolean;
  readonly from: number;
  readonly baud: number;
  readonly line: readonly Edge[];
  readonly clock: readonly Edge[];
  /** Repetitions that a smartcard may still ask for. */
  readonly repetitions: number;
  received: number;
  refused: boolean;
}

/** A smartcard pulls the line low in the middle of the guard time, a bit after the stop bits began. */
const NACK_AT_BITS = 1;
/** A frame is sent again two and a half bits after it was refused (ISO 7816-3; RM0433, "USART Smartcard mode"). */
const REPEAT_AFTER_BITS = 2.5;

export class UsartTransmitter {
  readonly #host: TransmitterHost;
  readonly driver: DriverEnable;
  /** Written and not yet in the shift register. */
  #waiting: number[] = [];
  #breakWanted = false;
  #shifting: Shifting | undefined;
  #events: TimelineEvent[] = [];
  /** The idle frame behind TE. */
  #preamble: TimelineEvent | undefined;
  /** A smartcard's guard time runs. */
  #guarding = false;
  /** nCTS is low, or not connected. */
  #clear = true;

  constructor(host: TransmitterHost) {
    this.#host = host;
    this.driver = new DriverEnable({
      ...host,
      ready: () => this.next(),
    });
  }

  get count(): number {
    return this.#waiting.length;
  }

  get full(): boolean {
    return this.#waiting.length >= ((this.#host.register("CR1") & CR1.FIFOEN) === 0 ? 1 : FIFO_DEPTH);
  }

  get idle(): boolean {
    return this.#shifting === undefined && this.#waiting.length === 0 && !this.#breakWanted;
  }

  /** No data is left: a break may be. */
  get empty(): boolean {
    return this.#waiting.length === 0 && (this.#shifting === undefined || this.#shifting.isBreak);
  }

  get guarding(): boolean {
    return this.#guarding;
  }

  get shifting(): boolean {
    return this.#shifting !== undefined;
  }

  /** SBKF: until the break's stop bits. */
  get breaking(): boolean {
    const shifting = this.#shifting;
    return this.#breakWanted || (shifting?.isBreak === true && !this.level);
  }

  /** TE was set: an idle frame goes ahead of the first data; ISO 7816-3 has none, but a bit of delay. */
  begin(): void {
    const { timeline, baud, format, register, enabled } = this.#host;
    if (!enabled() || baud() === 0) return;
    const smartcard = (register("CR3") & CR3.SCEN) !== 0;
    const ns = smartcard ? 1e9 / baud() : frameNs(format(), baud());
    timeline.cancel(this.#preamble);
    this.#preamble = timeline.after(ns, () => {
      this.#preamble = undefined;
      this.next();
      this.#host.update();
    });
  }

  /** The level of the line before TXINV. */
  get level(): boolean {
    const idle = !this.#infrared;
    const shifting = this.#shifting;
    return shifting === undefined ? idle : levelAt(shifting.line, this.#elapsed(shifting), idle);
  }

  /** CK is at the level that CPOL does not name. */
  get clockActive(): boolean {
    const shifting = this.#shifting;
    return shifting !== undefined && levelAt(shifting.clock, this.#elapsed(shifting), false);
  }

  get #infrared(): boolean {
    return (this.#host.register("CR3") & CR3.IREN) !== 0;
  }

  get #synchronous(): boolean {
    const cr3 = this.#host.register("CR3");
    return (this.#host.register("CR2") & CR2.CLKEN) !== 0 && (cr3 & CR3.SCEN) === 0;
  }

  #elapsed({ from }: Shifting): number {
    return this.#host.timeline.now - from;
  }

  stop(): void {
    for (const event of [...this.#events, this.#preamble]) this.#host.timeline.cancel(event);
    this.#events = [];
    this.#preamble = undefined;
    this.#shifting = undefined;
    this.#guarding = false;
    this.#waiting = [];
    this.#breakWanted = false;
    this.driver.stop();
    this.#host.line().refresh();
    this.#host.clock.refresh();
  }

  put(value: number): void {
    if (this.full) {
      this.#host.mistake("TDR was written while TXE = 0: data that was not sent yet is lost");
      this.#waiting.pop();
    }
    this.#waiting.push(encode(this.#host.format(), value));
    this.next();
  }

  /** Takes what a synchronous slave shifts out next. */
  take(): number | undefined {
    return this.#waiting.shift();
  }

  /** TXFRQ */
  flush(): void {
    this.#waiting = [];
  }

  /** SBKRQ: a break follows the frame that is being sent. */
  requestBreak(): void {
    this.#breakWanted = true;
    this.next();
  }

  /** nCTS went low (true) or high: the frame under way is finished all the same. */
  setClear(clear: boolean): void {
    this.#clear = clear;
    this.next();
  }

  /** Sends what waits, when it may. */
  next(): void {
    if (this.#shifting !== undefined || this.#guarding || this.#preamble !== undefined) return;
    if (this.idle || !this.#host.enabled()) return;
    if (!this.#clear && (this.#host.register("CR3") & CR3.CTSE) !== 0) return;
    const baud = this.#host.baud();
    if (baud === 0) {
      this.#host.mistake("data to send, but the baud rate is 0 (kernel clock or BRR): it never leaves");
      return;
    }
    if (!this.driver.assert()) return;
    const isBreak = this.#breakWanted;
    this.#breakWanted = false;
    const word = isBreak ? 0 : (this.#waiting.shift() ?? 0);
    const scarcnt = (this.#host.register("CR3") >>> 17) & 7;
    this.#begin(word, isBreak, baud, scarcnt);
  }

  #begin(word: number, isBreak: boolean, baud: number, repetitions: number): void {
    const { timeline, register } = this.#host;
    const format = this.#host.format();
    const bitNs = 1e9 / baud;
    const low = breakBits(format, (register("CR2") & CR2.LINEN) !== 0);
    const duration = isBreak ? (low + 2) * bitNs : frameNs(format, baud);
    const plain = isBreak ? breakEdges(low, bitNs) : frameEdges(word, format.bits, bitNs);
    const line = this.#infrared ? infraredEdges(plain, bitNs, this.#host.pulseNs(baud), duration) : plain;
    const cr2 = register("CR2");
    const clock =
      this.#synchronous && !isBreak
        ? clockEdges(format.bits, bitNs, (cr2 & CR2.CPHA) !== 0, (cr2 & CR2.LBCL) !== 0)
        : [];
    const shifting = { word, isBreak, from: timeline.now, baud, line, clock, repetitions };
    this.#shifting = { ...shifting, received: 0, refused: false };
    this.#events = [timeline.after(duration, () => this.#ended())];
    this.#schedule(this.#shifting, format.bits, bitNs);
  }

  /** Edges that somebody waits for, bits that are sampled, a smartcard's answer. */
  #schedule(shifting: Shifting, bits: number, bitNs: number): void {
    const { timeline, clock, register, receiveLevel } = this.#host;
    const line = this.#host.line();
    const at = (ns: number, run: () => void): void => {
      this.#events.push(timeline.after(ns, run));
    };
    line.refresh();
    if (line.watched || this.#host.loops())
      for (const edge of shifting.line) at(edge.at, () => line.refresh());
    if (clock.watched) for (const edge of shifting.clock) at(edge.at, () => clock.refresh());
    if (this.#synchronous && (register("CR1") & CR1.RE) !== 0) {
      for (let bit = 0; bit < bits; bit++) {
        at((1.5 + bit) * bitNs, () => {
          if (receiveLevel()) shifting.received |= 1 << bit;
        });
      }
    }
    if ((register("CR3") & CR3.SCEN) !== 0) {
      at((1 + bits + NACK_AT_BITS) * bitNs, () => {
        shifting.refused = line.level === false;
      });
    }
  }

  #ended(): void {
    const shifting = this.#shifting;
    if (shifting === undefined) return;
    const { word, isBreak, baud, received, refused, repetitions } = shifting;
    this.#shifting = undefined;
    this.#events = [];
    const smartcard = (this.#host.register("CR3") & CR3.SCEN) !== 0;
    if (smartcard && refused && repetitions > 0) {
      this.#guard((REPEAT_AFTER_BITS * 1e9) / baud, () => this.#begin(word, isBreak, baud, repetitions - 1));
      return;
    }
    const guardBits = smartcard ? (this.#host.register("GTPR") >>> 8) & 0xff : 0;
    if (guardBits > 0) {
      this.#guard((guardBits * 1e9) / baud, () => {
        this.next();
        this.#host.guarded();
      });
    }
    this.#host.sent({ word, isBreak, baud, received, refused });
    if (this.idle) this.driver.release();
  }

  #guard(ns: number, then: () => void): void {
    this.#guarding = true;
    this.#events = [
      this.#host.timeline.after(ns, () => {
        this.#guarding = false;
        this.#events = [];
        then();
      }),
    ];
  }
}
