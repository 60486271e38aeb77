/** HASH: MD5, SHA-1, SHA-224 and SHA-256, plain and HMAC, by software and DMA, with context swapping (RM0433, chapter HASH). */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock, type RegisterSpec } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { stallUntil } from "../stall.js";
import { HashMessage } from "./hash-message.js";

export interface HashOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** The AHB clock in Hz: the unit's own speed. */
  readonly hclkHz: () => number;
  /** HASH_IN */
  readonly request?: DmaSignal;
}

type DigestRegister = "HR0" | "HR1" | "HR2" | "HR3" | "HR4";
type HashRegister =
  | "CR"
  | "DIN"
  | "STR"
  | "IMR"
  | "SR"
  | DigestRegister
  | `HASH_HR${number}`
  | `CSR${number}`;

const INIT = 1 << 2;
const DMAE = 1 << 3;
const MDMAT = 1 << 13;
const DCAL = 1 << 8;
const NBLW = 0x1f;
const DINIS = 1 << 0;
const DCIS = 1 << 1;
const DMAS = 1 << 2;
const BUSY = 1 << 3;
const BLOCK_WORDS = 16;
const CONTEXT_WORDS = 54;
/** Contexts that were saved and not yet restored; the oldest are forgotten. */
const CONTEXTS = 64;
const CONTEXT_MARK = 0x48415348;
/** CR.DATATYPE: how a written word is turned into the bit string, most significant bit first. */
const SWAPS: readonly ((word: number) => number)[] = [
  (word) => word,
  (word) => (word << 16) | (word >>> 16),
  (word) => (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24),
  (word) => {
    let reversed = 0;
    for (let bit = 0; bit < 32; bit++) reversed |= ((word >>> bit) & 1) << (31 - bit);
    return reversed;
  },
];

export class Hash extends Peripheral {
  readonly registers: RegisterBlock<HashRegister>;

  readonly #options: HashOptions;
  #message = new HashMessage(0);
  /** Words in the input FIFO, as written. */
  #words: number[] = [];
  readonly #contexts = new Map<
    number,
    { readonly message: HashMessage; readonly words: readonly number[] }
  >();
  #nextContext = 1;
  #busy: { readonly event: TimelineEvent; readonly finish: () => void } | undefined;

  constructor(options: HashOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock<HashRegister>(this.#specs(), {
      name: "HASH",
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    this.#options.timeline.cancel(this.#busy?.event);
    this.#busy = undefined;
    this.registers.reset();
    this.#initialise();
    this.#updateInterrupt();
  }

  #specs(): Record<HashRegister, RegisterSpec> {
    const specs: Partial<Record<HashRegister, RegisterSpec>> = {
      CR: {
        offset: 0x00,
        reset: 0,
        rw: 0x5_20f8,
        wo: INIT,
        ro: 0x1f00,
        onRead: (stored) => stored | this.#fifoLevel(),
        onWrite: (written) => this.#control(written),
      },
      DIN: { offset: 0x04, reset: 0, rw: 0xffff_ffff, onWrite: (written) => this.#push(written) },
      STR: { offset: 0x08, reset: 0, rw: NBLW, wo: DCAL, onWrite: (written) => this.#start(written) },
      IMR: { offset: 0x20, reset: 0, rw: 0x3, onWrite: () => this.#updateInterrupt() },
      SR: {
        offset: 0x24,
        reset: 0x1,
        rw: DINIS | DCIS,
        ro: 0xc,
        onWrite: (written, before) => this.#clear(written, before),
      },
    };
    for (let index = 0; index < CONTEXT_WORDS; index++) {
      specs[`CSR${index}`] = { offset: 0xf8 + index * 4, reset: 0, rw: 0xffff_ffff };
    }
    // What lies in the other context registers is only ST's business: the first two lead back to the state.
    specs["CSR0"] = { offset: 0xf8, reset: 0, rw: 0xffff_ffff, onRead: () => this.#saveContext() };
    specs["CSR1"] = { offset: 0xfc, reset: 0, rw: 0xffff_ffff, onWrite: () => this.#restoreContext() };
    for (const index of [0, 1, 2, 3, 4] as const) {
      specs[`HR${index}`] = { offset: 0x0c + index * 4, reset: 0, ro: 0xffff_ffff };
    }
    for (let index = 0; index < 8; index++) {
      specs[`HASH_HR${index}`] = { offset: 0x310 + index * 4, reset: 0, ro: 0xffff_ffff };
    }
    return specs as Record<HashRegister, RegisterSpec>;
  }

  /** NBW (bits 11:8, words in the FIFO) and DINNE (bit 12). */
  #fifoLevel(): number {
    const level = this.#words.length;
    return level === 0 ? 0 : ((level & 0xf) << 8) | (1 << 12);
  }

  #control(written: number): void {
    if ((written & INIT) === 0) {
      this.#updateInterrupt();
      return;
    }
    this.#waitForIdle();
    this.#initialise();
    this.registers.setBits("SR", DINIS, true);
    this.registers.setBits("SR", DCIS, false);
    this.#updateInterrupt();
  }

  #initialise(): void {
    this.#message = new HashMessage(this.registers.get("CR"));
    this.#words = [];
  }

  /** The state stays here, and software carries its number around. */
  #saveContext(): number {
    const number = this.#nextContext++;
    this.#contexts.set(number, { message: this.#message.clone(), words: [...this.#words] });
    this.#contexts.delete(number - CONTEXTS);
    this.registers.set("CSR1", CONTEXT_MARK);
    return number;
  }

  #restoreContext(): void {
    const context = this.#contexts.get(this.registers.get("CSR0"));
    if (context === undefined || this.registers.get("CSR1") !== CONTEXT_MARK) return;
    this.#message = context.message.clone();
    this.#words = [...context.words];
  }

  /** The DMA transfer that feeds HASH is through: without MDMAT that is the end of the message (or key). */
  transferred(): void {
    if (!this.registers.has("CR", DMAE) || this.registers.has("CR", MDMAT)) return;
    this.registers.setBits("CR", DMAE, false);
    this.#start(DCAL);
    this.#updateInterrupt();
  }

  /** The FIFO takes one word more than a block; that word starts the block (RM0433, chapter HASH). */
  #push(word: number): void {
    if (this.#words.length === BLOCK_WORDS) {
      this.#waitForIdle();
      this.#absorb(this.#words, 32);
      this.#words = [];
      this.#compute(1, () => this.registers.setBits("SR", DINIS, true));
      this.#updateInterrupt();
    }
    this.#words.push(word);
    if (this.#words.length < BLOCK_WORDS) return;
    this.registers.setBits("SR", DINIS, false);
    this.#updateInterrupt();
  }

  /** DCAL: NBLW says how many bits of the last word count, 0 meaning all. */
  #start(written: number): void {
    if ((written & DCAL) === 0) return;
    this.#waitForIdle();
    this.#absorb(this.#words, this.registers.get("STR") & NBLW || 32);
    this.#words = [];
    const { bytes } = this.#message;
    const tail = bytes % 64;
    const blocks = (tail > 55 ? 2 : 1) + (bytes > 0 && tail === 0 ? 1 : 0);
    this.#compute(blocks, () => this.#finish());
  }

  #finish(): void {
    const digest = this.#message.end();
    this.registers.setBits("SR", DINIS, true);
    if (digest === undefined) return;
    for (let index = 0; index < 8; index++) {
      const word = bigEndian(digest, index * 4);
      this.registers.set(`HASH_HR${index}`, word);
      if (index < 5) this.registers.set(`HR${index}` as DigestRegister, word);
    }
    this.registers.setBits("SR", DCIS, true);
  }

  #absorb(words: readonly number[], bitsOfLast: number): void {
    const swap = SWAPS[(this.registers.get("CR") >>> 4) & 3] as (word: number) => number;
    const length = words.length === 0 ? 0 : (words.length - 1) * 4 + Math.floor(bitsOfLast / 8);
    const bytes = new Uint8Array(words.length * 4);
    for (let at = 0; at < words.length; at++) putBigEndian(bytes, at * 4, swap(words[at] as number));
    this.#message.update(bytes.subarray(0, length));
    if (bitsOfLast % 8 !== 0 && words.length > 0) this.#message.endWith(bytes[length] ?? 0, bitsOfLast % 8);
  }

  #compute(blocks: number, finish: () => void): void {
    const ns = (blocks * this.#message.cycles * 1e9) / this.#options.hclkHz();
    this.registers.setBits("SR", BUSY, true);
    const event = this.#options.timeline.after(ns, () => this.#complete());
    this.#busy = { event, finish };
  }

  #complete(): void {
    const busy = this.#busy;
    if (busy === undefined) return;
    this.#options.timeline.cancel(busy.event);
    this.#busy = undefined;
    this.registers.setBits("SR", BUSY, false);
    busy.finish();
    this.#updateInterrupt();
  }

  /** The unit inserts wait states into an access that has to wait for the running block. */
  #waitForIdle(): void {
    if (this.#busy === undefined) return;
    stallUntil(this.#options.timeline, this.#busy.event.at);
    this.#complete();
  }

  /** DINIS and DCIS are cleared by writing 0. */
  #clear(written: number, before: number): void {
    this.registers.set("SR", before & (written | ~(DINIS | DCIS)));
    this.#updateInterrupt();
  }

  #updateInterrupt(): void {
    this.#options.interrupt.set((this.registers.get("SR") & this.registers.get("IMR") & 3) !== 0);
    const wants = this.registers.has("CR", DMAE) && this.#busy === undefined;
    this.registers.setBits("SR", DMAS, this.registers.has("CR", DMAE));
    (this.#options.request ?? NO_DMA).set(wants);
  }
}

function putBigEndian(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

function bigEndian(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let lane = 0; lane < 4; lane++) word = (word << 8) | (bytes[at + lane] ?? 0);
  return word >>> 0;
}
