/** CRYP: AES, DES and triple DES, by software and DMA (RM0433, chapter CRYP). */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerNames, registerTable } from "../register-table.js";
import { CRYP } from "../tables/stored.js";
import type { Block } from "./aes.js";
import { Authentication, aesBlock, type CrypContext, desBlock, PHASE } from "./cryp-modes.js";

export interface CrypOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly hclkHz: () => number;
  /** CRYP_IN and CRYP_OUT. */
  readonly requests?: { readonly input: DmaSignal; readonly output: DmaSignal };
}

const ALGODIR = 1 << 2;
const FFLUSH = 1 << 14;
const CRYPEN = 1 << 15;
const FIFO_WORDS = 8;
const IFEM = 1 << 0;
const IFNF = 1 << 1;
const OFNE = 1 << 2;
const OFFU = 1 << 3;
const BUSY = 1 << 4;
const INPUT = 1 << 0;
const OUTPUT = 1 << 1;
const DMA_INPUT = 1 << 0;
const DMA_OUTPUT = 1 << 1;
/** CR.ALGOMODE, its bit 3 at its end. */
const ALGORITHM = {
  tdesEcb: 0,
  tdesCbc: 1,
  desEcb: 2,
  desCbc: 3,
  aesEcb: 4,
  aesCbc: 5,
  aesCtr: 6,
  keyPreparation: 7,
  aesGcm: 8,
  aesCcm: 9,
} as const;
/** Clocks of a block (RM0433, "CRYP processing time"): DES, triple DES, AES by the words of its key. */
const DES_CLOCKS = 16;
const TDES_CLOCKS = 48;
const AES_CLOCKS: Readonly<Record<number, number>> = { 4: 14, 6: 16, 8: 18 };
/**
 * Clocks that an access of the core to a register takes over its bridges, at least; none here. ST's library counts on it: by
 * interrupt it looks for a result right behind the block that it wrote, and never again.
 */
const ACCESS_CLOCKS = 20;
const KEYS = ["K0LR", "K0RR", "K1LR", "K1RR", "K2LR", "K2RR", "K3LR", "K3RR"] as const;
const VECTORS = ["IV0LR", "IV0RR", "IV1LR", "IV1RR"] as const;
/** Context swap registers that hold something here; the others of their kind are only stored. */
const CONTEXT = [
  ...["CSGCMCCM0R", "CSGCMCCM1R", "CSGCMCCM2R", "CSGCMCCM3R"],
  ...["CSGCM0R", "CSGCM1R", "CSGCM2R", "CSGCM3R"],
];

export class Cryp extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: CrypOptions;
  readonly #authentication = new Authentication();
  #input: number[] = [];
  #output: number[] = [];
  #busy: TimelineEvent | undefined;

  constructor(options: CrypOptions) {
    super();
    this.#options = options;
    const { log, clocked } = options;
    const swapped = [...registerNames(CRYP)].filter((name) => name.startsWith("CSGCM"));
    const stored = Object.fromEntries([...KEYS, ...VECTORS, ...swapped].map((name) => [name, { rw: ALL }]));
    const context = CONTEXT.map((name, index) => [name, this.#contextRegister(index)] as const);
    this.registers = new RegisterBlock(
      registerTable(CRYP, {
        ...stored,
        ...Object.fromEntries(context),
        CR: { rw: ALL & ~FFLUSH, wo: FFLUSH, onWrite: (written) => this.#control(written) },
        SR: { ro: ALL, onRead: () => this.#readStatus() },
        DIN: { rw: ALL, onRead: () => 0, onWrite: (word) => this.#push(word) },
        DOUT: { ro: ALL, onRead: () => this.#pull() },
        DMACR: { rw: ALL, onWrite: () => this.#update() },
        IMSCR: { rw: ALL, onWrite: () => this.#update() },
        RISR: { ro: ALL, onRead: () => this.#raised },
        MISR: { ro: ALL, onRead: () => this.#masked },
      }),
      { name: "CRYP", log, clocked },
    );
  }

  reset(): void {
    this.#options.timeline.cancel(this.#busy);
    this.#busy = undefined;
    this.registers.reset();
    this.#input = [];
    this.#output = [];
    this.#authentication.context = [];
    this.#update();
  }

  // ---- registers ----

  /** RM0433, "CRYP context swapping": read and written while CRYPEN = 0. */
  #contextRegister(index: number): RegisterAction {
    return {
      rw: ALL,
      onRead: () => this.#authentication.context[index] ?? 0,
      onWrite: (word) => {
        const next = [...this.#authentication.context];
        next[index] = word;
        this.#authentication.context = next;
      },
    };
  }

  get #control32(): number {
    return this.registers.get("CR");
  }

  get #algorithm(): number {
    const cr = this.#control32;
    return ((cr >>> 3) & 7) | ((cr >>> 16) & 8);
  }

  get #phase(): number {
    return (this.#control32 >>> 16) & 3;
  }

  get #isDes(): boolean {
    return this.#algorithm <= ALGORITHM.desCbc;
  }

  get #authenticates(): boolean {
    return this.#algorithm >= ALGORITHM.aesGcm;
  }

  get #keyWords(): number {
    return 4 + 2 * Math.min(2, (this.#control32 >>> 8) & 3);
  }

  get #enabled(): boolean {
    return (this.#control32 & CRYPEN) !== 0;
  }

  #readStatus(): number {
    const { timeline, hclkHz } = this.#options;
    const busy = this.#busy;
    if (busy !== undefined && (busy.at - timeline.now) * hclkHz() <= ACCESS_CLOCKS * 1e9) {
      timeline.cancel(busy);
      this.#finish();
    }
    return this.#status;
  }

  get #status(): number {
    return (
      (this.#input.length === 0 ? IFEM : 0) |
      (this.#input.length < FIFO_WORDS ? IFNF : 0) |
      (this.#output.length > 0 ? OFNE : 0) |
      (this.#output.length >= FIFO_WORDS ? OFFU : 0) |
      (this.#busy === undefined ? 0 : BUSY)
    );
  }

  get #raised(): number {
    return (this.#input.length < FIFO_WORDS / 2 ? INPUT : 0) | (this.#output.length > 0 ? OUTPUT : 0);
  }

  /** The input interrupt is masked while CRYPEN = 0. */
  get #masked(): number {
    return this.#raised & this.registers.get("IMSCR") & (this.#enabled ? INPUT | OUTPUT : OUTPUT);
  }

  #control(written: number): void {
    if ((written & FFLUSH) !== 0 && !this.#enabled) {
      this.#input = [];
      this.#output = [];
    }
    if (!this.#enabled) {
      this.#options.timeline.cancel(this.#busy);
      this.#busy = undefined;
    }
    this.#work();
  }

  #push(word: number): void {
    if (this.#input.length < FIFO_WORDS) this.#input.push(this.#fromBus(word));
    else this.#mistake("full", "DIN is written while the input FIFO is full: lost");
    this.#work();
  }

  #pull(): number {
    const word = this.#output.shift();
    if (word === undefined) this.#mistake("empty", "DOUT is read while the output FIFO is empty: 0");
    this.#work();
    return word === undefined ? 0 : swapped(word, (this.#control32 >>> 6) & 3);
  }

  /** Lengths, B0 and CTR0 are taken as they are. */
  #fromBus(word: number): number {
    const plain = this.#authenticates && (this.#phase === PHASE.init || this.#phase === PHASE.final);
    return plain ? word : swapped(word, (this.#control32 >>> 6) & 3);
  }

  // ---- blocks ----

  /** Begins with the next block when it is whole and its result has room. */
  #work(): void {
    this.#update();
    if (!this.#enabled || this.#busy !== undefined) return;
    const { timeline, hclkHz } = this.#options;
    const needed = this.#neededWords;
    if (this.#input.length < needed || this.#output.length + needed > FIFO_WORDS) return;
    const clocks = this.#isDes
      ? this.#algorithm <= ALGORITHM.tdesCbc
        ? TDES_CLOCKS
        : DES_CLOCKS
      : (AES_CLOCKS[this.#keyWords] ?? 14);
    this.#busy = timeline.after((clocks * 1e9) / hclkHz(), () => this.#finish());
    this.#update();
  }

  #finish(): void {
    this.#busy = undefined;
    this.#process();
    this.#work();
  }

  /** Words that the next step takes: none for a key, and for GCM's first phase. */
  get #neededWords(): number {
    if (this.#algorithm === ALGORITHM.keyPreparation) return 0;
    if (this.#algorithm === ALGORITHM.aesGcm && this.#phase === PHASE.init) return 0;
    return this.#isDes ? 2 : 4;
  }

  #process(): void {
    const needed = this.#neededWords;
    const words = this.#input.splice(0, needed);
    const result = this.#result(words);
    if (result !== undefined) this.#output.push(...result);
    const once =
      this.#algorithm === ALGORITHM.keyPreparation || (this.#authenticates && this.#phase === PHASE.init);
    if (once) this.registers.setBits("CR", CRYPEN, false);
  }

  #result(words: readonly number[]): readonly number[] | undefined {
    const context = this.#context();
    const block = words as unknown as Block;
    switch (this.#algorithm) {
      case ALGORITHM.tdesEcb:
      case ALGORITHM.tdesCbc:
      case ALGORITHM.desEcb:
      case ALGORITHM.desCbc: {
        const chained = (this.#algorithm & 1) !== 0;
        const triple = this.#algorithm <= ALGORITHM.tdesCbc;
        return desBlock(chained, triple, context, words as unknown as [number, number]);
      }
      case ALGORITHM.aesEcb:
        return aesBlock("ecb", context, block);
      case ALGORITHM.aesCbc:
        return aesBlock("cbc", context, block);
      case ALGORITHM.aesCtr:
        return aesBlock("ctr", context, block);
      case ALGORITHM.aesGcm:
        return this.#authentication.gcm(this.#phase, context, block);
      case ALGORITHM.aesCcm:
        return this.#authentication.ccm(this.#phase, context, block);
      default:
        return undefined;
    }
  }

  #context(): CrypContext {
    const { registers } = this;
    return {
      decrypts: (this.#control32 & ALGODIR) !== 0,
      keys: KEYS.map((name) => registers.get(name)),
      keyWords: this.#keyWords,
      iv: VECTORS.map((name) => registers.get(name)) as unknown as Block,
      setIv: (iv) => {
        VECTORS.forEach((name, index) => {
          registers.set(name, iv[index as 0]);
        });
      },
      padding: (this.#control32 >>> 20) & 15,
    };
  }

  #update(): void {
    const { interrupt, requests } = this.#options;
    interrupt.set(this.#masked !== 0);
    const dma = this.#enabled ? this.registers.get("DMACR") : 0;
    (requests?.input ?? NO_DMA).set((dma & DMA_INPUT) !== 0 && this.#input.length <= FIFO_WORDS - 4);
    (requests?.output ?? NO_DMA).set((dma & DMA_OUTPUT) !== 0 && this.#output.length > 0);
  }

  #mistake(key: string, message: string): void {
    this.#options.log.once(`CRYP.${key}`, `guest mistake: CRYP: ${message}`);
  }
}

/** CR.DATATYPE: words as they are, their halves, bytes or bits in the other order. */
function swapped(word: number, type: number): number {
  let result = word;
  if (type === 3) {
    for (const [shift, mask] of [
      [1, 0x5555_5555],
      [2, 0x3333_3333],
      [4, 0x0f0f_0f0f],
    ] as const) {
      result = ((result >>> shift) & mask) | ((result & mask) << shift);
    }
  }
  if (type >= 2) result = ((result >>> 8) & 0x00ff_00ff) | ((result & 0x00ff_00ff) << 8);
  if (type >= 1) result = (result >>> 16) | (result << 16);
  return result >>> 0;
}
