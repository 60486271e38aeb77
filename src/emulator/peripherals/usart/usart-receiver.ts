/** The receiving half of a USART (RM0433, "USART receiver"): FIFO with an error beside each frame, idle line, timeouts, mute mode. */

import type { Timeline, TimelineEvent } from "../../timeline.js";
import { CR1, CR2, CR3, FIFO_DEPTH, ISR } from "./usart-bits.js";
import {
  decode,
  type FrameFormat,
  frameNs,
  type LineSettings,
  type SampledFrame,
  sample,
} from "./usart-format.js";

export interface ReceiverHost {
  readonly timeline: Timeline;
  readonly register: (name: "CR1" | "CR2" | "CR3" | "RTOR") => number;
  /** What CR3.WUS names has happened. */
  readonly wakeUp: () => void;
  /** Tells a smartcard that its frame was not understood. */
  readonly refuse: () => void;
  /** EOBF is there. */
  readonly hasBlocks: boolean;
  readonly format: () => FrameFormat;
  readonly baud: () => number;
  /** UE, RE and the bus clock. */
  readonly enabled: () => boolean;
  readonly setFlags: (flags: number) => void;
  /** Automatic baud rate detection measured this rate; false: that rate cannot be set. */
  readonly detect: (baud: number, word: number) => boolean;
  readonly update: () => void;
}

interface Frame extends LineSettings {
  readonly value: number;
  readonly isBreak: boolean;
}

interface Received {
  readonly value: number;
  /** PE, FE and CMF that come with it. */
  readonly flags: number;
}

/** A receiver tolerates a few percent between its baud rate and the sender's (RM0433, chapter USART). */
const BAUD_TOLERANCE = 0.04;
/** What a terminal sends at while the chip is to find the rate out. */
const USUAL_BAUD = 115200;
/** CR3.WUS */
const WAKE_UP = { ADDRESS: 0, START: 2, RECEIVED: 3 } as const;
/** With the FIFO, RDR holds one frame beside the FIFO's sixteen (RM0433, USART_ISR.RXFF). */
const FIFO_CAPACITY = FIFO_DEPTH + 1;

export class UsartReceiver {
  readonly #host: ReceiverHost;
  #received: Received[] = [];
  /** What RDR showed last: it stays when there is nothing new. */
  #last = 0;
  /** Frames on their way to the RX pin, one after the other. */
  readonly #line: Frame[] = [];
  /** A smartcard's block: frames since its first one, and frames in a row that were refused. */
  #block = 0;
  #refused = 0;
  #arriving: TimelineEvent | undefined;
  #quiet: TimelineEvent | undefined;
  #silent: TimelineEvent | undefined;
  /** When the last frame ended, until the next one begins or RTOF tells of it. */
  #silentSince: number | undefined;
  /** The line has been idle for a frame. */
  #idle = false;
  /** IDLE comes once after a frame, or after RE was set. */
  #idleDue = false;
  /** The next frame's rate could not be measured. */
  #unmeasured = false;
  #muted = false;
  #detecting = true;

  constructor(host: ReceiverHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#received.length;
  }

  get full(): boolean {
    return this.#received.length >= this.#capacity;
  }

  get busy(): boolean {
    return this.#arriving !== undefined;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** OVRDIS bypasses the FIFO. */
  get #capacity(): number {
    const bypassed = (this.#host.register("CR3") & CR3.OVRDIS) !== 0;
    return bypassed || (this.#host.register("CR1") & CR1.FIFOEN) === 0 ? 1 : FIFO_CAPACITY;
  }

  /** RE. An idle line is found idle after a frame's time. */
  turn(on: boolean): void {
    this.#block = 0;
    this.#idle = false;
    this.#idleDue = on;
    this.#host.timeline.cancel(this.#quiet);
    if (!on) return;
    if (this.#arriving === undefined) this.#watchIdle(0);
    this.watchSilence();
  }

  stop(): void {
    for (const event of [this.#arriving, this.#quiet, this.#silent]) this.#host.timeline.cancel(event);
    this.#arriving = undefined;
    this.#silentSince = undefined;
    this.#idle = false;
    this.#unmeasured = false;
    this.#received = [];
    this.#muted = false;
    this.#detecting = true;
    this.#block = 0;
    this.#refused = 0;
  }

  put(value: number, sender: LineSettings, isBreak: boolean): void {
    this.#line.push({ value, isBreak, ...sender });
    this.next();
  }

  /** Begins with the next frame on the line, when there is one. */
  next(): void {
    const frame = this.#line[0];
    const baud = frame?.baud ?? (this.measuring ? USUAL_BAUD : this.#host.baud());
    if (frame === undefined || this.#arriving !== undefined || baud === 0) return;
    const { timeline } = this.#host;
    this.began();
    this.#arriving = timeline.after(frameNs(this.#host.format(), baud), () => {
      this.#arriving = undefined;
      this.#line.shift();
      this.#arrived(frame, baud);
      this.next();
    });
  }

  take(): number {
    const frame = this.#received.shift();
    if (frame !== undefined) this.#last = frame.value;
    this.#surface();
    return this.#last;
  }

  /** A start bit. */
  began(): void {
    const { timeline, register, wakeUp } = this.#host;
    timeline.cancel(this.#quiet);
    timeline.cancel(this.#silent);
    this.#silentSince = undefined;
    this.#idle = false;
    if (((register("CR3") >>> 20) & 3) === WAKE_UP.START) wakeUp();
  }

  /** A frame from the line, or of the own transmitter. @param restNs of its stop bits */
  hear(frame: SampledFrame, noisy = false, restNs = 0): void {
    if (!this.#host.enabled()) return;
    this.#sampled(this.#host.format(), frame, frame.stop, noisy);
    this.#watchLine(restNs);
  }

  /** A smartcard's block begins. */
  newBlock(): void {
    this.#block = 0;
  }

  /** RXFRQ */
  flush(): void {
    this.#received = [];
  }

  /** MMRQ. A line that is idle already would not end it. */
  mute(): void {
    const byIdle = (this.#host.register("CR1") & CR1.WAKE) === 0;
    this.#muted ||= !(byIdle && this.#idle);
  }

  /** ABRRQ, or ABREN: the next frame's rate is measured. */
  detect(): void {
    this.#detecting = true;
  }

  /** The rate of a frame was measured, or could not be: then it ends with FE. */
  detected(found: boolean): void {
    this.#detecting = false;
    this.#unmeasured = !found;
    this.#host.setFlags(found ? ISR.ABRF : ISR.ABRF | ISR.ABRE);
  }

  get measuring(): boolean {
    return this.#detecting && (this.#host.register("CR2") & CR2.ABREN) !== 0;
  }

  #arrived(frame: Frame, baud: number): void {
    const host = this.#host;
    if (!host.enabled()) return;
    const format = host.format();
    const sampled: SampledFrame = frame.isBreak
      ? { word: 0, stop: false }
      : sample(format, frame.value, frame);
    if (this.measuring) this.detected(host.detect(baud, sampled.word));
    if (frame.isBreak && (host.register("CR2") & CR2.LINEN) !== 0) host.setFlags(ISR.LBDF);
    const understood = Math.abs(baud / host.baud() - 1) <= BAUD_TOLERANCE;
    this.#sampled(format, sampled, understood && sampled.stop);
    this.#watchLine(0);
    host.update();
  }

  #sampled(format: FrameFormat, { word }: SampledFrame, stopped: boolean, noisy = false): void {
    const { value, good } = decode(format, word);
    if (!good && this.#refuses()) return;
    this.#refused = 0;
    const wake = (this.#host.register("CR3") >>> 20) & 3;
    if (wake === WAKE_UP.ADDRESS && this.#isAddressed(format, value) === true) this.#host.wakeUp();
    if (this.#ignores(format, value)) return;
    if (wake === WAKE_UP.RECEIVED) this.#host.wakeUp();
    const matched = (value & 0xff) === this.#host.register("CR2") >>> 24;
    const ended = stopped && !this.#unmeasured;
    this.#unmeasured = false;
    const errors = (good ? 0 : ISR.PE) | (ended ? 0 : ISR.FE) | (noisy ? ISR.NE : 0);
    this.#idleDue = true;
    this.#count();
    // DMA does not get a frame with an error, but for DDRE.
    const skipped = (this.#host.register("CR3") & (CR3.DMAR | CR3.DDRE)) === CR3.DMAR;
    if (skipped && errors !== 0) this.#host.setFlags(errors);
    else this.#push({ value, flags: errors | (matched ? ISR.CMF : 0) });
  }

  /** A smartcard's frame with a wrong parity is asked for again SCARCNT times before software sees it. */
  #refuses(): boolean {
    const cr3 = this.#host.register("CR3");
    if ((cr3 & CR3.SCEN) === 0 || (cr3 & CR3.NACK) === 0 || this.#refused >= ((cr3 >>> 17) & 7)) return false;
    this.#refused++;
    this.#host.refuse();
    return true;
  }

  /** EOBF: BLEN and the four bytes around a block's data are in. */
  #count(): void {
    const { register, hasBlocks, setFlags } = this.#host;
    this.#block++;
    if (hasBlocks && this.#block >= (register("RTOR") >>> 24) + 4) setFlags(ISR.EOBF);
  }

  /** Mute mode: does the frame stay unseen? With WAKE = 1 frames whose most significant bit is set are addresses. */
  #ignores(format: FrameFormat, value: number): boolean {
    const cr1 = this.#host.register("CR1");
    if ((cr1 & CR1.MME) === 0) this.#muted = false;
    if ((cr1 & CR1.MME) === 0 || (cr1 & CR1.WAKE) === 0) return this.#muted;
    const addressed = this.#isAddressed(format, value);
    if (addressed !== undefined) this.#muted = !addressed;
    return this.#muted;
  }

  /** undefined: the frame is no address. */
  #isAddressed(format: FrameFormat, value: number): boolean | undefined {
    if (((value >>> (format.bits - 1)) & 1) === 0) return undefined;
    const cr2 = this.#host.register("CR2");
    const mask = (cr2 & CR2.ADDM7) === 0 ? 0xf : (1 << (format.bits - 1)) - 1;
    return ((value ^ (cr2 >>> 24)) & mask) === 0;
  }

  #push(frame: Received): void {
    if (this.#received.length < this.#capacity) {
      this.#received.push(frame);
      if (this.#received.length === 1) this.#surface();
    } else if ((this.#host.register("CR3") & CR3.OVRDIS) !== 0) {
      this.#received[this.#received.length - 1] = frame;
    } else {
      this.#host.setFlags(ISR.ORE);
    }
  }

  /** A frame's flags appear when it reaches RDR. */
  #surface(): void {
    const head = this.#received[0];
    if (head !== undefined && head.flags !== 0) this.#host.setFlags(head.flags);
  }

  /** From the end of a frame's stop bits on. */
  #watchLine(restNs: number): void {
    this.#silentSince = this.#host.timeline.now + restNs;
    this.#watchIdle(restNs);
    this.watchSilence();
  }

  /** IDLE comes when the line stayed quiet for a whole frame; where it ends mute mode it is not told, nor in mute mode. */
  #watchIdle(restNs: number): void {
    const { timeline, register, baud, format, setFlags, update } = this.#host;
    timeline.cancel(this.#quiet);
    if (baud() === 0) return;
    this.#quiet = timeline.after(restNs + frameNs(format(), baud()), () => {
      this.#idle = true;
      const muted = this.#muted;
      if (muted && (register("CR1") & CR1.WAKE) === 0) this.#muted = false;
      if (!muted && this.#idleDue) setFlags(ISR.IDLE);
      this.#idleDue = false;
      update();
    });
  }

  /** RTOF comes RTOR bit times after a frame, as RTOR and RTOEN are now. */
  watchSilence(): void {
    const { timeline, register, baud, enabled, setFlags, update } = this.#host;
    timeline.cancel(this.#silent);
    const since = this.#silentSince;
    if (since === undefined || baud() === 0 || (register("CR2") & CR2.RTOEN) === 0 || !enabled()) return;
    const due = since + ((register("RTOR") & 0xff_ffff) * 1e9) / baud();
    this.#silent = timeline.after(Math.max(0, due - timeline.now), () => {
      this.#silentSince = undefined;
      setFlags(ISR.RTOF);
      update();
    });
  }
}
