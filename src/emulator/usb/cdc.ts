/** The host's end of a CDC-ACM function: a pipe of bytes over two bulk endpoints, as /dev/ttyACM0 is one. */

import type { EmulatorLog } from "../bus.js";
import type { DataToggle, Handshake, InAnswer } from "../usb-port.js";
import type { ControlResult } from "./control.js";
import type { AcmFunction, EndpointDescriptor } from "./descriptors.js";
import { clearHalt, controlLineState, type Question } from "./enumeration.js";
import type { FrameBus, Pipe, Transaction } from "./frames.js";

/** May damage what goes through a CDC port: return the bytes that really arrive (changed, fewer, none). */
export interface LinkFault {
  toDevice?(bytes: Uint8Array): Uint8Array;
  toHost?(bytes: Uint8Array): Uint8Array;
}

/** The device behind a CDC port is gone: unplugged, reset, or it left the bus. */
export class CdcDisconnectedError extends Error {
  override readonly name = "CdcDisconnectedError";
}

export interface CdcStatistics {
  bytesOut: number;
  bytesIn: number;
  packetsOut: number;
  packetsIn: number;
  naksOut: number;
  naksIn: number;
  /** Packets dropped because their data toggle was not the expected one. */
  toggleErrors: number;
  /** Endpoint halts that were cleared. */
  halts: number;
}

/** What a CDC port needs of its host. */
export interface CdcHost {
  readonly bus: FrameBus;
  readonly log: EmulatorLog;
  readonly fault: LinkFault | undefined;
  ask(question: Question, finish: (result: ControlResult) => void): void;
}

/** As many bytes as Linux's cdc_acm has write buffers for, about. */
const HIGH_WATER = 16 * 1024;
/** Transactions without an answer before it is worth a word. */
const TRIES = 3;

/** What both bulk pipes share: toggle, halt, silence. */
class BulkPipe {
  readonly address: number;
  readonly endpoint: EndpointDescriptor;
  readonly host: CdcHost;
  readonly statistics: CdcStatistics;
  toggle: DataToggle = 0;
  halted = false;
  #misses = 0;

  constructor(address: number, endpoint: EndpointDescriptor, host: CdcHost, statistics: CdcStatistics) {
    this.address = address;
    this.endpoint = endpoint;
    this.host = host;
    this.statistics = statistics;
  }

  get number(): number {
    return this.endpoint.bEndpointAddress & 15;
  }

  flip(): void {
    this.toggle = this.toggle === 0 ? 1 : 0;
    this.#misses = 0;
  }

  silent(): void {
    if (++this.#misses !== TRIES) return;
    const name = `0x${this.endpoint.bEndpointAddress.toString(16)}`;
    this.host.log.note(`usb: endpoint ${name}: no answer ${TRIES} times, error -71`);
  }

  /** Stalled: as cdc_acm does, clear the halt and go on with DATA0. */
  stalled(): void {
    if (this.halted) return;
    this.halted = true;
    const { bEndpointAddress } = this.endpoint;
    const name = `0x${bEndpointAddress.toString(16)}`;
    this.host.ask(clearHalt(bEndpointAddress), (result) => {
      if (!result.ok) {
        this.host.log.note(`usb: endpoint ${name}: its halt cannot be cleared, error ${result.error}`);
        return;
      }
      this.statistics.halts++;
      this.halted = false;
      this.toggle = 0;
      this.host.bus.kick();
    });
  }
}

interface Chunk {
  readonly bytes: Uint8Array;
  at: number;
}

class OutPipe extends BulkPipe implements Pipe {
  queued = 0;
  /** Called whenever the queue got shorter. */
  onProgress: () => void = () => {};
  readonly #chunks: Chunk[] = [];

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push({ bytes, at: 0 });
    this.queued += bytes.length;
    this.host.bus.kick();
  }

  /** Packets do not reach over the end of a write, as with cdc_acm. */
  next(): Transaction | undefined {
    const chunk = this.#chunks[0];
    if (chunk === undefined || this.halted) return undefined;
    const bytes = chunk.bytes.subarray(chunk.at, chunk.at + this.endpoint.wMaxPacketSize);
    return { kind: "out", address: this.address, endpoint: this.number, toggle: this.toggle, bytes };
  }

  done(answer: Handshake | InAnswer): void {
    if (answer === "nak") this.statistics.naksOut++;
    else if (answer === "stall") this.stalled();
    else if (answer === "none") this.silent();
    else this.#sent();
  }

  #sent(): void {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return;
    const length = Math.min(this.endpoint.wMaxPacketSize, chunk.bytes.length - chunk.at);
    chunk.at += length;
    this.queued -= length;
    this.statistics.bytesOut += length;
    this.statistics.packetsOut++;
    if (chunk.at === chunk.bytes.length) this.#chunks.shift();
    this.flip();
    this.onProgress();
  }
}

class InPipe extends BulkPipe implements Pipe {
  receiver: ((bytes: Uint8Array) => void) | undefined;
  paused = false;

  next(): Transaction | undefined {
    if (this.receiver === undefined || this.paused || this.halted) return undefined;
    return { kind: "in", address: this.address, endpoint: this.number, size: this.endpoint.wMaxPacketSize };
  }

  done(answer: Handshake | InAnswer): void {
    if (answer === "nak") this.statistics.naksIn++;
    else if (answer === "stall") this.stalled();
    else if (answer === "none") this.silent();
    else if (typeof answer !== "string") this.#received(answer.toggle, answer.bytes);
  }

  #received(toggle: DataToggle, bytes: Uint8Array): void {
    if (toggle !== this.toggle) {
      this.statistics.toggleErrors++;
      this.host.log.note(
        `usb: endpoint ${this.number} IN: DATA${toggle} received, DATA${this.toggle} expected: ${bytes.length} bytes dropped as a repetition`,
      );
      return;
    }
    this.flip();
    this.statistics.packetsIn++;
    this.statistics.bytesIn += bytes.length;
    const arrived = this.host.fault?.toHost?.(bytes) ?? bytes;
    if (arrived.length > 0) this.receiver?.(arrived);
  }
}

/** Notifications are asked for every bInterval frames while the port is open; what they say is not used. */
class NotificationPipe extends BulkPipe implements Pipe {
  readonly periodic = true;
  #last = 0;

  next(frame: number): Transaction | undefined {
    if (this.halted || ((frame - this.#last) & 0x7ff) < this.endpoint.bInterval) return undefined;
    return { kind: "in", address: this.address, endpoint: this.number, size: this.endpoint.wMaxPacketSize };
  }

  done(answer: Handshake | InAnswer, frame: number): void {
    this.#last = frame;
    if (answer === "stall") this.stalled();
    else if (typeof answer !== "string" && answer.toggle === this.toggle) this.flip();
  }
}

interface Waiter {
  readonly taken: (error?: CdcDisconnectedError) => void;
}

export class CdcPort {
  readonly statistics: CdcStatistics = {
    bytesOut: 0,
    bytesIn: 0,
    packetsOut: 0,
    packetsIn: 0,
    naksOut: 0,
    naksIn: 0,
    toggleErrors: 0,
    halts: 0,
  };
  readonly #host: CdcHost;
  readonly #acm: AcmFunction;
  readonly #out: OutPipe;
  readonly #in: InPipe;
  readonly #notification: NotificationPipe;
  #waiters: Waiter[] = [];
  #open = false;
  #gone: CdcDisconnectedError | undefined;
  #onDisconnect: ((reason: CdcDisconnectedError) => void) | undefined;

  /** Made by the host once it has configured the device. @param address the device's address. */
  constructor(address: number, acm: AcmFunction, host: CdcHost) {
    this.#host = host;
    this.#acm = acm;
    this.#out = new OutPipe(address, acm.bulkOut, host, this.statistics);
    this.#in = new InPipe(address, acm.bulkIn, host, this.statistics);
    this.#notification = new NotificationPipe(address, acm.notification, host, this.statistics);
    this.#out.onProgress = () => this.#release();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Bytes that were written and have not reached the device yet. */
  get queuedBytes(): number {
    return this.#out.queued;
  }

  /** Starts traffic and raises DTR and RTS. @throws CdcDisconnectedError */
  open(): void {
    if (this.#gone !== undefined) throw this.#gone;
    if (this.#open) return;
    this.#open = true;
    this.setDtr(true);
    for (const pipe of [this.#notification, this.#out, this.#in]) this.#host.bus.add(pipe);
  }

  /** Drops DTR and RTS and stops traffic. What is queued stays queued. Closing twice is allowed. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.setDtr(false);
    for (const pipe of [this.#notification, this.#out, this.#in]) this.#host.bus.remove(pipe);
  }

  /** Sets DTR and RTS together. */
  setDtr(on: boolean): void {
    if (this.#gone !== undefined) return;
    this.#host.ask(controlLineState(this.#acm, on ? 3 : 0), (result) => {
      if (!result.ok && this.#gone === undefined) {
        this.#host.log.note(`usb: CDC SET_CONTROL_LINE_STATE: error ${result.error}`);
      }
    });
  }

  /** Queues bytes (they are copied) and calls `taken` once the queue is short enough for more, or at its end. */
  send(bytes: Uint8Array, taken: (error?: CdcDisconnectedError) => void): void {
    if (this.#gone !== undefined) {
      taken(this.#gone);
      return;
    }
    const copy = bytes.slice();
    this.#out.push(this.#host.fault?.toDevice?.(copy) ?? copy);
    if (this.#out.queued <= HIGH_WATER) taken();
    else this.#waiters.push({ taken });
  }

  /** As `send`, for those who wait with promises. Rejects with CdcDisconnectedError. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.send(bytes, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Sets the one receiver; without one nothing is read, and the device has to wait. */
  onData(receiver: (bytes: Uint8Array) => void): void {
    this.#in.receiver = receiver;
    this.#host.bus.kick();
  }

  /** Stops reading: the device gets no IN tokens until `resume`. */
  pause(): void {
    this.#in.paused = true;
  }

  resume(): void {
    this.#in.paused = false;
    this.#host.bus.kick();
  }

  onDisconnect(receiver: (reason: CdcDisconnectedError) => void): void {
    this.#onDisconnect = receiver;
  }

  /** For the host: the device is gone, and this port with it. */
  disconnect(reason: string): void {
    if (this.#gone !== undefined) return;
    const error = new CdcDisconnectedError(`USB device is gone: ${reason}`);
    this.#gone = error;
    this.#open = false;
    for (const pipe of [this.#notification, this.#out, this.#in]) this.#host.bus.remove(pipe);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { taken } of waiters) taken(error);
    this.#onDisconnect?.(error);
  }

  #release(): void {
    if (this.#waiters.length === 0 || this.#out.queued > HIGH_WATER) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { taken } of waiters) taken();
  }
}
