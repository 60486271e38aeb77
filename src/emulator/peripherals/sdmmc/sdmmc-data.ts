/**
 * SDMMC's data path: bytes pass the lines at their speed, and a FIFO of 16 words is between them and whoever reads or writes
 * it. Without hardware flow control what comes too late is lost (RXOVERR, TXUNDERR); with it the clock stops (RM0433,
 * SDMMC chapter, "Data path" and "Data FIFO").
 */

import type { SdBlocks } from "../../sd-port.js";

const FIFO_WORDS = 16;
const FIFO_BYTES = 4 * FIFO_WORDS;
const HALF_BYTES = FIFO_BYTES / 2;
/** The word that the shift register holds. */
const SLACK_BYTES = 4;
/** Bytes are a product of times and rates: what is this close is there. */
const ROUNDING = 1e-6;

export interface Transfer {
  readonly blocks: SdBlocks;
  readonly fromCard: boolean;
  /** DLENR. */
  readonly bytes: number;
  readonly blockBytes: number;
  /** Of the data lines together. */
  readonly bytesPerSecond: number;
  /** From the last byte to the end: CRC16 and end bit, and the card's answer to a block that it was sent. */
  readonly tailNs: number;
  readonly flowControl: boolean;
}

/**
 * How it stands: `starved` when the card has no more to send, `garbled` when a block has another length than the other side
 * expects; `halted` keeps what the FIFO holds.
 */
export type DataResult = "none" | "running" | "done" | "lost" | "starved" | "garbled" | "halted";

export class SdmmcData {
  #transfer: Transfer | undefined;
  #result: DataResult = "none";
  #buffer = new Uint8Array(0);
  #view = new DataView(this.#buffer.buffer);
  /** Bytes that passed the lines, with a fraction. */
  #passed = 0;
  /** Bytes that passed between FIFO and bus. */
  #served = 0;
  /** Bytes of `#buffer` that are exchanged with the card. */
  #exchanged = 0;
  #since = 0;
  /** Bytes that the lines were ahead of the FIFO. */
  #excess = 0;
  /** Board time, once the last byte has passed. */
  #endsAt: number | undefined;

  /** @param now board time, nanoseconds */
  start(transfer: Transfer, now: number): void {
    this.#transfer = transfer;
    this.#result = "running";
    this.#buffer = new Uint8Array(Math.ceil(transfer.bytes / 4) * 4);
    this.#view = new DataView(this.#buffer.buffer);
    this.#passed = 0;
    this.#served = 0;
    this.#exchanged = 0;
    this.#since = now;
    this.#excess = 0;
    this.#endsAt = undefined;
  }

  stop(): void {
    this.#transfer = undefined;
    this.#result = "none";
  }

  /** An error has ended it. */
  halt(): void {
    this.#result = "halted";
  }

  get result(): DataResult {
    return this.#result;
  }

  get active(): boolean {
    return this.#result === "running";
  }

  /** The data path is not idle: bytes pass the lines, or wait to be read. */
  get live(): boolean {
    return this.active || this.#result === "done";
  }

  get fromCard(): boolean {
    return this.#transfer?.fromCard === true;
  }

  /** Words in the FIFO. */
  get level(): number {
    if (this.#transfer === undefined) return 0;
    const bytes = this.fromCard ? this.#arrived - this.#served : this.#served - this.#passed;
    return Math.ceil(bytes / 4);
  }

  /** Bytes that have not passed the lines. */
  get left(): number {
    return this.#transfer === undefined ? 0 : this.#transfer.bytes - Math.floor(this.#passed);
  }

  /** A word can be written. */
  get wanting(): boolean {
    const { bytes = 0 } = this.#transfer ?? {};
    return this.active && !this.fromCard && this.#served < bytes && this.level < FIFO_WORDS;
  }

  /**
   * What software can read: bursts of eight words, and the rest of a block with its end. ST's library takes both words of a
   * card's SCR as soon as the FIFO is not empty.
   */
  get #arrived(): number {
    const { bytes = 0, blockBytes = 1 } = this.#transfer ?? {};
    const passed = Math.floor(this.#passed + ROUNDING);
    if (passed >= bytes) return bytes;
    const blocks = passed - (passed % Math.max(4, blockBytes));
    return Math.max(blocks, passed - (passed % HALF_BYTES));
  }

  /** Board time at which it has something to tell by itself: FIFO half full or half empty, overrun, the end; undefined: never. */
  nextAt(): number | undefined {
    const transfer = this.#transfer;
    if (transfer === undefined || !this.active) return undefined;
    if (this.#endsAt !== undefined) return this.#endsAt;
    const limit = this.#limit(transfer);
    const half = transfer.fromCard ? this.#served + HALF_BYTES : this.#served - HALF_BYTES;
    const target = Math.min(half > this.#passed + ROUNDING ? half : limit, transfer.bytes);
    let bytes = target - this.#passed;
    if (bytes <= ROUNDING) {
      if (transfer.flowControl || !this.#begun) return undefined;
      bytes = SLACK_BYTES - this.#excess;
    }
    return this.#since + (bytes * 1e9) / transfer.bytesPerSecond;
  }

  /** The card sends by itself; to it nothing goes before there is something. */
  get #begun(): boolean {
    return this.fromCard || this.#served > 0;
  }

  /** Where the FIFO stops the lines. */
  #limit({ bytes, fromCard }: Transfer): number {
    return Math.min(bytes, fromCard ? this.#served + FIFO_BYTES : this.#served);
  }

  advance(now: number): void {
    const transfer = this.#transfer;
    if (transfer === undefined || !this.active) return;
    const { bytes, flowControl, bytesPerSecond, tailNs } = transfer;
    const lastAt = this.#since + ((bytes - this.#passed) * 1e9) / bytesPerSecond;
    const moved = this.#begun ? ((now - this.#since) * bytesPerSecond) / 1e9 : 0;
    this.#since = now;
    const limit = this.#limit(transfer);
    const due = this.#passed + moved + ROUNDING;
    this.#excess = due < limit || limit >= bytes ? 0 : this.#excess + due - Math.max(limit, this.#passed);
    this.#passed = Math.min(due, limit);
    if (this.#excess >= SLACK_BYTES && !flowControl) this.#result = "lost";
    const trouble = this.#exchange(transfer);
    if (trouble !== undefined) this.#result = trouble;
    else if (this.#passed >= bytes) {
      this.#endsAt ??= lastAt + tailNs;
      if (now + ROUNDING >= this.#endsAt) this.#result = "done";
    }
  }

  /** Blocks are whole when their last byte passes; the card's are fetched with their first. */
  #exchange({ blocks, bytes, blockBytes, fromCard }: Transfer): "starved" | "garbled" | undefined {
    while (fromCard ? this.#exchanged < this.#passed : this.#exchanged < bytes) {
      const end = Math.min(this.#exchanged + blockBytes, bytes);
      if (fromCard) {
        const block = blocks.read?.();
        if (block === undefined) return "starved";
        if (block.length !== end - this.#exchanged) return "garbled";
        this.#buffer.set(block, this.#exchanged);
      } else {
        if (this.#passed < end) return undefined;
        if (blocks.write?.(this.#buffer.slice(this.#exchanged, end)) !== true) return "garbled";
      }
      this.#exchanged = end;
    }
    return undefined;
  }

  /** @returns the next word; undefined: there is none */
  take(): number | undefined {
    if (!this.fromCard || this.level <= 0) return undefined;
    const word = this.#view.getUint32(this.#served, true);
    this.#served += 4;
    return word;
  }

  /** @returns false when there is no room for it */
  push(word: number): boolean {
    if (!this.wanting) return false;
    this.#view.setUint32(this.#served, word, true);
    this.#served = Math.min(this.#served + 4, this.#transfer?.bytes ?? 0);
    return true;
  }
}
