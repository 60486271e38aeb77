/** Control transfers on endpoint 0 (USB 2.0, 8.5.3), one after the other. */

import type { DataToggle, Handshake, InAnswer } from "../usb-port.js";
import type { Pipe, Transaction } from "./frames.js";

export interface ControlRequest {
  readonly address: number;
  readonly bmRequestType: number;
  readonly bRequest: number;
  readonly wValue: number;
  readonly wIndex: number;
  /** Bytes wanted (device to host); ignored when `data` is given. */
  readonly wLength?: number;
  /** Data stage from host to device. */
  readonly data?: Uint8Array;
  /** bMaxPacketSize0 as far as it is known. */
  readonly maxPacket: number;
}

/** What became of a request. `error` as Linux numbers it: -32 stalled, -71 no answer, -75 too much, -110 timed out. */
export type ControlResult =
  | { readonly ok: true; readonly data: Uint8Array }
  | { readonly ok: false; readonly error: -32 | -71 | -75 | -110 | -19 };

interface Job {
  readonly request: ControlRequest;
  /** Board time in ns; from the first frame in which it was its turn. */
  deadline: number | undefined;
  readonly finish: (result: ControlResult) => void;
  stage: "setup" | "data" | "status";
  toggle: DataToggle;
  readonly out: Uint8Array;
  done: number;
  readonly in: number[];
  misses: number;
}

/** Linux: USB_CTRL_GET_TIMEOUT. */
const TIMEOUT_NS = 5e9;
/** Transactions without an answer before a transfer fails. */
const TRIES = 3;

const EMPTY = new Uint8Array(0);

export class ControlPipe implements Pipe {
  readonly #now: () => number;
  readonly #kick: () => void;
  readonly #problem: (message: string) => void;
  #jobs: Job[] = [];

  /** @param now board time in ns. @param kick tells the bus that there is something to do. */
  constructor(now: () => number, kick: () => void, problem: (message: string) => void) {
    this.#now = now;
    this.#kick = kick;
    this.#problem = problem;
  }

  get busy(): boolean {
    return this.#jobs.length > 0;
  }

  submit(request: ControlRequest, finish: (result: ControlResult) => void): void {
    this.#jobs.push({
      request,
      finish,
      deadline: undefined,
      stage: "setup",
      toggle: 0,
      out: request.data ?? EMPTY,
      done: 0,
      in: [],
      misses: 0,
    });
    this.#kick();
  }

  /** Once a frame. */
  tick(): void {
    const job = this.#jobs[0];
    if (job === undefined) return;
    job.deadline ??= this.#now() + TIMEOUT_NS;
    if (this.#now() > job.deadline) this.#fail(-110);
  }

  /** The device is gone: nothing will be answered any more. */
  abort(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    for (const job of jobs) job.finish({ ok: false, error: -19 });
  }

  next(): Transaction | undefined {
    const job = this.#jobs[0];
    if (job === undefined) return undefined;
    const { address, maxPacket } = job.request;
    if (job.stage === "setup")
      return { kind: "setup", address, endpoint: 0, bytes: setupPacket(job.request) };
    if (inbound(job) === (job.stage === "data")) return { kind: "in", address, endpoint: 0, size: maxPacket };
    const bytes = job.stage === "data" ? job.out.subarray(job.done, job.done + maxPacket) : EMPTY;
    return { kind: "out", address, endpoint: 0, toggle: job.toggle, bytes };
  }

  done(answer: Handshake | InAnswer): void {
    const job = this.#jobs[0];
    if (job === undefined || answer === "nak") return;
    if (answer === "none") {
      if (++job.misses >= TRIES) this.#fail(-71);
      return;
    }
    job.misses = 0;
    if (answer === "stall") this.#fail(-32);
    else if (typeof answer === "string") this.#acknowledged(job);
    else this.#received(job, answer.toggle, answer.bytes);
  }

  #acknowledged(job: Job): void {
    if (job.stage === "setup") {
      job.toggle = 1;
      job.stage = wanted(job) > 0 ? "data" : "status";
    } else if (job.stage === "data") {
      job.done += Math.min(job.request.maxPacket, job.out.length - job.done);
      job.toggle = job.toggle === 0 ? 1 : 0;
      if (job.done === job.out.length) this.#status(job);
    } else {
      this.#succeed(job);
    }
  }

  #received(job: Job, toggle: DataToggle, bytes: Uint8Array): void {
    if (toggle !== job.toggle) {
      this.#problem(
        `control transfer, ${job.stage} stage: DATA${toggle} received, DATA${job.toggle} expected: packet dropped`,
      );
      return;
    }
    job.toggle = toggle === 0 ? 1 : 0;
    if (job.stage === "status") {
      if (bytes.length > 0)
        this.#problem(`control transfer: ${bytes.length} bytes in the status stage, not 0`);
      this.#succeed(job);
      return;
    }
    job.in.push(...bytes);
    if (job.in.length > wanted(job)) this.#fail(-75);
    else if (job.in.length === wanted(job) || bytes.length < job.request.maxPacket) this.#status(job);
  }

  #status(job: Job): void {
    job.stage = "status";
    job.toggle = 1;
  }

  #succeed(job: Job): void {
    this.#jobs.shift();
    job.finish({ ok: true, data: Uint8Array.from(job.in) });
  }

  #fail(error: -32 | -71 | -75 | -110): void {
    this.#jobs.shift()?.finish({ ok: false, error });
  }
}

function wanted(job: Job): number {
  return job.request.data === undefined ? (job.request.wLength ?? 0) : job.out.length;
}

/** Does the data stage go to the host? A request without one has its status stage in the IN direction. */
function inbound(job: Job): boolean {
  return (job.request.bmRequestType & 0x80) !== 0 && wanted(job) > 0;
}

function setupPacket(request: ControlRequest): Uint8Array {
  const { bmRequestType, bRequest, wValue, wIndex } = request;
  const length = request.data?.length ?? request.wLength ?? 0;
  const low = (value: number): number => value & 0xff;
  const high = (value: number): number => (value >> 8) & 0xff;
  return Uint8Array.of(
    bmRequestType,
    bRequest,
    low(wValue),
    high(wValue),
    low(wIndex),
    high(wIndex),
    low(length),
    high(length),
  );
}
