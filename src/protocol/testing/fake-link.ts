/** A stand-in for unit tests: a cable between a FakeBootloader and the PC, with faults from a seed. */

import { type Timers, type Transport, TransportClosedError } from "../transport.js";
import type { FakeBootloader } from "./fake-bootloader.js";

export interface LinkFaults {
  /** 0..1, of each transfer. */
  readonly drop?: number;
  readonly corrupt?: number;
  /** 0..1 */
  readonly random: () => number;
}

/** Full-speed bulk: 19 packets of 64 bytes a millisecond. */
const BYTES_PER_MS = 1216;

export class FakeLink implements Transport {
  readonly name = "fake board";
  readonly #board: FakeBootloader;
  readonly #timers: Timers;
  readonly #faults: LinkFaults | undefined;
  #receiver: (bytes: Uint8Array) => void = () => {};
  #ended: (reason: Error | undefined) => void = () => {};
  #closed = false;
  #losing = false;

  constructor(board: FakeBootloader, timers: Timers, faults?: LinkFaults) {
    this.#board = board;
    this.#timers = timers;
    this.#faults = faults;
    board.attach((bytes) => {
      if (this.#losing) this.#losing = false;
      else this.#deliver(bytes, (arrived) => this.#receiver(arrived));
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) return Promise.reject(new TransportClosedError("fake board: unplugged"));
    return new Promise((resolve, reject) => {
      this.#timers.after(bytes.length / BYTES_PER_MS, () => {
        if (this.#closed) return reject(new TransportClosedError("fake board: unplugged"));
        this.#deliver(bytes, (arrived) => this.#board.receive(arrived));
        resolve();
      });
    });
  }

  onData(receiver: (bytes: Uint8Array) => void): void {
    this.#receiver = receiver;
  }

  onClose(receiver: (reason: Error | undefined) => void): void {
    this.#ended = receiver;
  }

  async close(): Promise<void> {
    this.#end(undefined);
  }

  /** What the board sends next gets lost. */
  loseNext(): void {
    this.#losing = true;
  }

  /** The cable is pulled. */
  unplug(): void {
    this.#end(new TransportClosedError("fake board: unplugged"));
  }

  #end(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended(reason);
  }

  #deliver(bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const { drop = 0, corrupt = 0, random = () => 1 } = this.#faults ?? {};
    if (this.#closed || random() < drop) return;
    const copy = bytes.slice();
    if (random() < corrupt) {
      const at = Math.floor(random() * copy.length);
      copy[at] = (copy[at] as number) ^ (1 << Math.floor(random() * 8));
    }
    arrive(copy);
  }
}

/** A small deterministic generator (mulberry32). @returns numbers 0..1 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
