/** The sending half of a USART (RM0433, "USART transmitter"): FIFO, shift register, breaks, clear to send, driver enable. */

import type { Timeline, TimelineEvent } from "../../timeline.js";
import { CR1, CR3, FIFO_DEPTH } from "./usart-bits.js";
import { encode, type FrameFormat, frameNs } from "./usart-format.js";

export interface TransmitterHost {
  readonly timeline: Timeline;
  readonly register: (name: "CR1" | "CR3") => number;
  readonly format: () => FrameFormat;
  readonly baud: () => number;
  /** UE and TE. */
  readonly enabled: () => boolean;
  /** A frame, or a break, left. */
  readonly sent: (word: number, isBreak: boolean, baud: number) => void;
  readonly mistake: (message: string) => void;
}

/** A break lasts as long as a frame here; LIN's 13 bits make no difference to who receives it. */
interface Shifting {
  readonly word: number;
  readonly isBreak: boolean;
  readonly from: number;
  readonly baud: number;
  readonly event: TimelineEvent;
}

export class UsartTransmitter {
  readonly #host: TransmitterHost;
  /** Written and not yet in the shift register. */
  #waiting: number[] = [];
  #breakWanted = false;
  #shifting: Shifting | undefined;
  /** nCTS is low, or not connected. */
  #clear = true;

  constructor(host: TransmitterHost) {
    this.#host = host;
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

  /** SBKF */
  get breaking(): boolean {
    return this.#breakWanted || this.#shifting?.isBreak === true;
  }

  /** The level of the TX pin. */
  get level(): boolean {
    const shifting = this.#shifting;
    if (shifting === undefined) return true;
    const bit = Math.floor(((this.#host.timeline.now - shifting.from) * shifting.baud) / 1e9 + 1e-6);
    if (bit === 0 || shifting.isBreak) return false;
    return bit > this.#host.format().bits || ((shifting.word >>> (bit - 1)) & 1) === 1;
  }

  stop(): void {
    this.#host.timeline.cancel(this.#shifting?.event);
    this.#shifting = undefined;
    this.#waiting = [];
    this.#breakWanted = false;
  }

  put(value: number): void {
    if (this.full) {
      this.#host.mistake("TDR was written while TXE = 0: data that was not sent yet is lost");
      this.#waiting.pop();
    }
    this.#waiting.push(encode(this.#host.format(), value));
    this.next();
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
    if (this.#shifting !== undefined || this.idle || !this.#host.enabled()) return;
    if (!this.#clear && (this.#host.register("CR3") & CR3.CTSE) !== 0) return;
    const baud = this.#host.baud();
    if (baud === 0) {
      this.#host.mistake("data to send, but the baud rate is 0 (kernel clock or BRR): it never leaves");
      return;
    }
    const isBreak = this.#breakWanted;
    this.#breakWanted = false;
    const word = isBreak ? 0 : (this.#waiting.shift() ?? 0);
    const event = this.#host.timeline.after(frameNs(this.#host.format(), baud), () => {
      this.#shifting = undefined;
      this.#host.sent(word, isBreak, baud);
    });
    this.#shifting = { word, isBreak, baud, from: this.#host.timeline.now, event };
  }
}
