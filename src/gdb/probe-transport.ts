/**
 * The bootloader's byte pipe through a debug probe: docs/protocol.md section 12. Bytes lie in the chip's RAM; the core runs
 * until it has answered what they hold, and stands still meanwhile.
 */

import { type Timers, type Transport, TransportClosedError } from "../protocol/transport.js";
import { ProbeError } from "./errors.js";
import { hex } from "./flash-buffer.js";
import { PROGRAM_COUNTER, type Probe, type Running } from "./probe.js";
import type { ProbeTable } from "./probe-table.js";

/** Milliseconds for what one buffer of requests may ask for: 64 of the slowest chip's erases. */
const TURN_TIME = 300_000;
const ANSWER_COUNT = 0;
const ROOM = 1;

export class ProbeTransport implements Transport {
  readonly name = "the probe";
  readonly #probe: Probe;
  readonly #table: ProbeTable;
  readonly #timers: Timers;
  #waiting: Uint8Array[] = [];
  /** Bytes that the bootloader takes now. */
  #room: number;
  #turning: Promise<void> | undefined;
  #running: Running | undefined;
  #closed = false;
  #failure: Error | undefined;
  #receiver: (bytes: Uint8Array) => void = () => {};
  #ended: (reason: Error | undefined) => void = () => {};

  /** The core stands at the table's `done`, where a breakpoint is. */
  constructor(probe: Probe, table: ProbeTable, timers: Timers) {
    this.#probe = probe;
    this.#table = table;
    this.#timers = timers;
    this.#room = table.input.length;
  }

  /** What ended it; undefined while it works, or when it was closed. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new TransportClosedError(`${this.name} was given up`);
    this.#waiting.push(bytes);
    this.#turning ??= this.#turns();
  }

  onData(receiver: (bytes: Uint8Array) => void): void {
    this.#receiver = receiver;
  }

  onClose(receiver: (reason: Error | undefined) => void): void {
    this.#ended = receiver;
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#ended(undefined);
    }
    if (this.#running !== undefined) await this.#probe.halt(this.#running).catch(() => {});
    await this.#turning;
  }

  /** Lets the bootloader go on alone: it has taken its leave. */
  async release(): Promise<Running> {
    return this.#go(0);
  }

  async #turns(): Promise<void> {
    try {
      let more = true;
      while (more && !this.#closed) {
        // Who sends, sends more in the same turn.
        await this.#pause();
        if (this.#closed) return;
        const sent = await this.#turn();
        more = this.#waiting.length > 0 || this.#room === 0 || sent === this.#table.output.length;
      }
    } catch (error) {
      if (this.#closed) return;
      this.#closed = true;
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#ended(this.#failure);
    } finally {
      this.#turning = undefined;
    }
  }

  /** @returns bytes that came. @throws ProbeError, UpstreamLostError */
  async #turn(): Promise<number> {
    const bytes = this.#take(this.#room);
    await this.#probe.writeMemory(this.#table.input.address, bytes);
    const running = await this.#go(bytes.length);
    this.#running = running;
    const stopped = await this.#probe.stopsWithin(running, TURN_TIME);
    this.#running = undefined;
    const registers = await this.#probe.registers();
    const at = registers[PROGRAM_COUNTER] ?? 0;
    if (!stopped || at !== this.#table.done) {
      throw new ProbeError(
        `the bootloader was expected to stop at ${hex(this.#table.done)}, and stands at ${hex(at)}`,
      );
    }
    const count = Math.min(registers[ANSWER_COUNT] ?? 0, this.#table.output.length);
    this.#room = Math.min(registers[ROOM] ?? 0, this.#table.input.length);
    if (count > 0) this.#receiver(await this.#probe.readMemory(this.#table.output.address, count));
    return count;
  }

  async #go(bytes: number): Promise<Running> {
    await this.#probe.writeRegister(ANSWER_COUNT, bytes);
    await this.#probe.writeRegister(PROGRAM_COUNTER, this.#table.go);
    return this.#probe.run();
  }

  #take(room: number): Uint8Array {
    const taken = new Uint8Array(
      Math.min(
        room,
        this.#waiting.reduce((sum, { length }) => sum + length, 0),
      ),
    );
    let at = 0;
    while (at < taken.length) {
      const first = this.#waiting.shift() as Uint8Array;
      const part = first.subarray(0, taken.length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length < first.length) this.#waiting.unshift(first.subarray(part.length));
    }
    return taken;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#timers.after(0, resolve));
  }
}
