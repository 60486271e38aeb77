/**
 * Frames and transactions of a full-speed bus (USB 2.0, chapters 5.11 and 8): who may use the bus when.
 *
 * A host controller retries what was answered with NAK for as long as the frame lasts. Here the pipe waits
 * instead until the device says that it may be ready, and continues at the instant at which the next of those
 * retries would have begun; so an idle bus costs one event a frame. At the start of each frame everything is
 * tried again in any case.
 */

import type { Timeline, TimelineEvent } from "../timeline.js";
import type { DataToggle, Handshake, InAnswer, UsbDevicePort } from "../usb-port.js";

export type Transaction =
  | {
      readonly kind: "setup";
      readonly address: number;
      readonly endpoint: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "out";
      readonly address: number;
      readonly endpoint: number;
      readonly toggle: DataToggle;
      readonly bytes: Uint8Array;
      readonly isochronous?: true;
    }
  | {
      readonly kind: "in";
      readonly address: number;
      readonly endpoint: number;
      /** Largest answer in bytes, to know whether it still fits into the frame. */
      readonly size: number;
      readonly isochronous?: true;
    };

/** A user of the bus: one endpoint's traffic. */
export interface Pipe {
  /** Interrupt and isochronous endpoints have the beginning of each frame. */
  readonly periodic?: true;
  /** What it wants to do now, or undefined. Called often: must be cheap and without effect. */
  next(frame: number): Transaction | undefined;
  /**
   * The outcome, at the instant at which the transaction ends. NAK: it will be offered again. "none" is the usual end of an
   * isochronous OUT transaction.
   */
  done(answer: Handshake | InAnswer, frame: number): void;
}

export interface BusStatistics {
  /** Frames begun. */
  frames: number;
  /** Data packets that were acknowledged, or isochronous, both directions, all endpoints. */
  packets: number;
  naks: number;
  /** Transactions without an answer. */
  timeouts: number;
}

const FRAME_NS = 1e6;
/** One byte at 12 Mbit/s. */
const BYTE_NS = 8e9 / 12e6;
/** Token, handshake, syncs, CRCs and turnarounds of a transaction, in byte times (USB 2.0, table 5-10). */
const OVERHEAD_BYTES = 13;
const IN_NAK_BYTES = 9;
/** The same without a handshake (USB 2.0, table 5-5). */
const ISOCHRONOUS_OVERHEAD_BYTES = 9;
const SOF_NS = 6 * BYTE_NS;
/** Nothing may still be on the bus this long before the frame ends. */
const END_OF_FRAME_NS = 8 * BYTE_NS;
/** A host gives up waiting for an answer after 18 bit times. */
const TIMEOUT_NS = (18 * BYTE_NS) / 8;

interface Seat {
  readonly pipe: Pipe;
  /** NAKed: not before the device may be ready. */
  waiting: boolean;
  /** When the NAKed transaction began, and how long one try takes. */
  triedAt: number;
  period: number;
  notBefore: number;
}

/** The transaction on the bus. */
interface UnderWay {
  readonly seat: Seat;
  readonly begin: number;
  /** Nothing comes back: that it was sent is all that is known. */
  readonly withoutHandshake: boolean;
}

export class FrameBus {
  readonly statistics: BusStatistics = { frames: 0, packets: 0, naks: 0, timeouts: 0 };
  frame = 0;

  readonly #timeline: Timeline;
  readonly #port: UsbDevicePort;
  readonly #periodic: Seat[] = [];
  readonly #seats: Seat[] = [];
  /** Called at each start of frame, before anything else happens in it. */
  readonly #onFrame: () => void;
  #turn = 0;
  /** When a pipe that must wait a little longer may try again. */
  #earliest = 0;
  #frameEnd = 0;
  #freeAt = 0;
  #frameEvent: TimelineEvent | undefined;
  #busEvent: TimelineEvent | undefined;
  #transacting = false;
  /** The device got ready while its NAK was on the bus: the next try finds it so. */
  #readySinceBegin = false;

  constructor(timeline: Timeline, port: UsbDevicePort, onFrame: () => void) {
    this.#timeline = timeline;
    this.#port = port;
    this.#onFrame = onFrame;
  }

  get running(): boolean {
    return this.#frameEvent !== undefined;
  }

  add(pipe: Pipe): void {
    const seat = { pipe, waiting: false, triedAt: 0, period: 0, notBefore: 0 };
    (pipe.periodic === true ? this.#periodic : this.#seats).push(seat);
    this.kick();
  }

  remove(pipe: Pipe): void {
    for (const seats of [this.#periodic, this.#seats]) {
      const index = seats.findIndex((seat) => seat.pipe === pipe);
      if (index >= 0) seats.splice(index, 1);
    }
  }

  /** Begins to send frames, the first one now. */
  start(): void {
    if (this.running) return;
    this.#startFrame();
  }

  /** Stops at once: suspend, reset or the cable gone. What was on the bus is lost. */
  stop(): void {
    this.#timeline.cancel(this.#frameEvent);
    this.#timeline.cancel(this.#busEvent);
    this.#frameEvent = undefined;
    this.#busEvent = undefined;
    this.#transacting = false;
  }

  /** A pipe has something new to do. */
  kick(): void {
    if (this.running && !this.#transacting) this.#wakeAt(Math.max(this.#timeline.now, this.#freeAt));
  }

  /** The device may answer now what it NAKed before. */
  mayBeReady(): void {
    if (!this.running) return;
    const now = this.#timeline.now;
    this.#readySinceBegin = true;
    for (const seat of this.#seats) this.#retry(seat, now);
    for (const seat of this.#periodic) this.#retry(seat, now);
  }

  #retry(seat: Seat, now: number): void {
    if (!seat.waiting) return;
    seat.waiting = false;
    seat.notBefore = seat.triedAt + Math.ceil((now - seat.triedAt) / seat.period) * seat.period;
    if (!this.#transacting) this.#wakeAt(Math.max(seat.notBefore, this.#freeAt));
  }

  #startFrame(): void {
    const { now } = this.#timeline;
    this.#frameEvent = this.#timeline.after(FRAME_NS, () => this.#startFrame());
    this.frame = (this.frame + 1) & 0x7ff;
    this.statistics.frames++;
    this.#frameEnd = now + FRAME_NS - END_OF_FRAME_NS;
    this.#freeAt = now + SOF_NS;
    for (const seat of this.#seats) seat.waiting = false;
    for (const seat of this.#periodic) seat.waiting = false;
    this.#port.sof(this.frame);
    this.#onFrame();
    if (this.running && !this.#transacting) this.#pump();
  }

  #wakeAt(at: number): void {
    const pending = this.#busEvent;
    if (pending !== undefined && !pending.done && pending.at <= at) return;
    this.#timeline.cancel(pending);
    this.#busEvent = this.#timeline.after(at - this.#timeline.now, () => this.#pump());
  }

  /** Begins the next transaction, if any pipe has one that fits into this frame. */
  #pump(): void {
    if (this.#transacting) return;
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const seat of this.#periodic) if (this.#tries(seat)) return;
    const { length } = this.#seats;
    for (let tried = 0; tried < length; tried++) {
      const index = (this.#turn + tried) % length;
      const seat = this.#seats[index];
      if (seat === undefined || !this.#tries(seat)) continue;
      this.#turn = index + 1;
      return;
    }
    if (this.#earliest < this.#frameEnd) this.#wakeAt(this.#earliest);
  }

  /** @returns true when this pipe's transaction has the bus now. */
  #tries(seat: Seat): boolean {
    const transaction = seat.waiting ? undefined : seat.pipe.next(this.frame);
    if (transaction === undefined) return false;
    const begin = Math.max(this.#timeline.now, this.#freeAt);
    if (seat.notBefore > begin) {
      this.#earliest = Math.min(this.#earliest, seat.notBefore);
      return false;
    }
    if (begin + duration(transaction) > this.#frameEnd) return false;
    this.#begin(seat, transaction, begin);
    return true;
  }

  #begin(seat: Seat, transaction: Transaction, begin: number): void {
    this.#transacting = true;
    this.#readySinceBegin = false;
    const port = this.#port;
    if (transaction.kind === "in") {
      const answer = port.in(transaction.address, transaction.endpoint);
      const data = typeof answer !== "string";
      const bytes = data ? overhead(transaction) + answer.bytes.length : IN_NAK_BYTES;
      this.#endAt(begin + bytes * BYTE_NS, { seat, begin, withoutHandshake: false }, () => {
        if (data) port.inAcknowledged(transaction.address, transaction.endpoint);
        return answer;
      });
      return;
    }
    const { address, endpoint, bytes } = transaction;
    const withoutHandshake = transaction.kind === "out" && transaction.isochronous === true;
    this.#endAt(begin + duration(transaction), { seat, begin, withoutHandshake }, () =>
      transaction.kind === "setup"
        ? port.setup(address, endpoint, bytes)
        : port.out(address, endpoint, transaction.toggle, bytes),
    );
  }

  #endAt(end: number, { seat, begin, withoutHandshake }: UnderWay, finish: () => Handshake | InAnswer): void {
    this.#freeAt = end;
    this.#timeline.cancel(this.#busEvent);
    this.#busEvent = this.#timeline.after(end - this.#timeline.now, () => {
      this.#transacting = false;
      const answer = finish();
      this.#account(seat, begin, end, withoutHandshake && answer === "none" ? "ack" : answer);
      seat.pipe.done(answer, this.frame);
      if (this.running) this.#pump();
    });
  }

  #account(seat: Seat, begin: number, end: number, answer: Handshake | InAnswer): void {
    seat.notBefore = end;
    if (answer === "nak") {
      this.statistics.naks++;
      seat.waiting = !this.#readySinceBegin;
      seat.triedAt = begin;
      seat.period = end - begin;
    } else if (answer === "none") {
      this.statistics.timeouts++;
      this.#freeAt = end + TIMEOUT_NS;
    } else if (answer !== "stall") {
      this.statistics.packets++;
    }
  }
}

function duration(transaction: Transaction): number {
  const bytes = transaction.kind === "in" ? transaction.size : transaction.bytes.length;
  return (overhead(transaction) + bytes) * BYTE_NS;
}

function overhead(transaction: Transaction): number {
  const isochronous = transaction.kind !== "setup" && transaction.isochronous === true;
  return isochronous ? ISOCHRONOUS_OVERHEAD_BYTES : OVERHEAD_BYTES;
}
