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
    }
  | {
      readonly kind: "in";
      readonly address: number;
      readonly endpoint: number;
      /** Largest answer in bytes, to know whether it still fits into the frame. */
      readonly size: number;
    };

/** A user of the bus: one endpoint's traffic. */
export interface Pipe {
  /** What it wants to do now, or undefined. Called often: must be cheap and without effect. */
  next(frame: number): Transaction | undefined;
  /** The outcome, at the instant at which the transaction ends. NAK: it will be offered again. */
  done(answer: Handshake | InAnswer, frame: number): void;
}

export interface BusStatistics {
  /** Frames begun. */
  frames: number;
  /** Data packets that were acknowledged, both directions, all endpoints. */
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

export class FrameBus {
  readonly statistics: BusStatistics = { frames: 0, packets: 0, naks: 0, timeouts: 0 };
  frame = 0;

  readonly #timeline: Timeline;
  readonly #port: UsbDevicePort;
  readonly #seats: Seat[] = [];
  /** Called at each start of frame, before anything else happens in it. */
  readonly #onFrame: () => void;
  #turn = 0;
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
    this.#seats.push({ pipe, waiting: false, triedAt: 0, period: 0, notBefore: 0 });
    this.kick();
  }

  remove(pipe: Pipe): void {
    const index = this.#seats.findIndex((seat) => seat.pipe === pipe);
    if (index >= 0) this.#seats.splice(index, 1);
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
    for (const seat of this.#seats) {
      if (!seat.waiting) continue;
      seat.waiting = false;
      seat.notBefore = seat.triedAt + Math.ceil((now - seat.triedAt) / seat.period) * seat.period;
      if (!this.#transacting) this.#wakeAt(Math.max(seat.notBefore, this.#freeAt));
    }
  }

  #startFrame(): void {
    const { now } = this.#timeline;
    this.#frameEvent = this.#timeline.after(FRAME_NS, () => this.#startFrame());
    this.frame = (this.frame + 1) & 0x7ff;
    this.statistics.frames++;
    this.#frameEnd = now + FRAME_NS - END_OF_FRAME_NS;
    this.#freeAt = now + SOF_NS;
    for (const seat of this.#seats) seat.waiting = false;
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
    let earliest = Number.POSITIVE_INFINITY;
    for (let tried = 0; tried < this.#seats.length; tried++) {
      const index = (this.#turn + tried) % this.#seats.length;
      const seat = this.#seats[index];
      if (seat === undefined || seat.waiting) continue;
      const transaction = seat.pipe.next(this.frame);
      if (transaction === undefined) continue;
      const begin = Math.max(this.#timeline.now, this.#freeAt);
      if (seat.notBefore > begin) {
        earliest = Math.min(earliest, seat.notBefore);
        continue;
      }
      if (begin + duration(transaction) > this.#frameEnd) continue;
      this.#turn = index + 1;
      this.#begin(seat, transaction, begin);
      return;
    }
    if (earliest < this.#frameEnd) this.#wakeAt(earliest);
  }

  #begin(seat: Seat, transaction: Transaction, begin: number): void {
    this.#transacting = true;
    this.#readySinceBegin = false;
    const port = this.#port;
    if (transaction.kind === "in") {
      const answer = port.in(transaction.address, transaction.endpoint);
      const data = typeof answer !== "string";
      const bytes = data ? OVERHEAD_BYTES + answer.bytes.length : IN_NAK_BYTES;
      this.#endAt(begin + bytes * BYTE_NS, seat, begin, () => {
        if (data) port.inAcknowledged(transaction.address, transaction.endpoint);
        return answer;
      });
      return;
    }
    const { address, endpoint, bytes } = transaction;
    this.#endAt(begin + duration(transaction), seat, begin, () =>
      transaction.kind === "setup"
        ? port.setup(address, endpoint, bytes)
        : port.out(address, endpoint, transaction.toggle, bytes),
    );
  }

  #endAt(end: number, seat: Seat, begin: number, finish: () => Handshake | InAnswer): void {
    this.#freeAt = end;
    this.#timeline.cancel(this.#busEvent);
    this.#busEvent = this.#timeline.after(end - this.#timeline.now, () => {
      this.#transacting = false;
      const answer = finish();
      this.#account(seat, answer, begin, end);
      seat.pipe.done(answer, this.frame);
      if (this.running) this.#pump();
    });
  }

  #account(seat: Seat, answer: Handshake | InAnswer, begin: number, end: number): void {
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
  return (OVERHEAD_BYTES + bytes) * BYTE_NS;
}
