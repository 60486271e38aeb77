/**
 * SDMMC's data path, receiving: bytes arrive at the lines' speed and wait in a FIFO of 16 words. Without hardware flow control
 * what does not fit is lost (RXOVERR); with it the clock stops (RM0433, SDMMC chapter, "Data path" and "Data FIFO").
 */

const FIFO_WORDS = 16;

export interface Transfer {
  /** Whole words. */
  readonly bytes: Uint8Array;
  /** Of the data lines together. */
  readonly bytesPerSecond: number;
  readonly flowControl: boolean;
}

export class SdmmcReceiver {
  #transfer: Transfer | undefined;
  #arrived = 0;
  #read = 0;
  #lost = false;
  #since = 0;

  /** @param now board time, nanoseconds */
  start(transfer: Transfer, now: number): void {
    this.#transfer = transfer;
    this.#arrived = 0;
    this.#read = 0;
    this.#lost = false;
    this.#since = now;
  }

  stop(): void {
    this.#transfer = undefined;
  }

  get active(): boolean {
    return this.#transfer !== undefined && !this.done && !this.#lost;
  }

  /** Words that wait. */
  get level(): number {
    return this.#transfer === undefined ? 0 : Math.floor(this.#arrived) - this.#read;
  }

  /** Everything has arrived. */
  get done(): boolean {
    return this.#transfer !== undefined && this.#arrived >= this.#words;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Bytes that have not arrived. */
  get left(): number {
    return this.#transfer === undefined ? 0 : 4 * (this.#words - Math.floor(this.#arrived));
  }

  /** Nanoseconds from `now` until it is all there, if somebody reads. */
  remaining(): number {
    const { bytesPerSecond = 1 } = this.#transfer ?? {};
    return (this.left * 1e9) / bytesPerSecond;
  }

  advance(now: number): void {
    const transfer = this.#transfer;
    if (transfer === undefined || this.#lost) return;
    const due = this.#arrived + ((now - this.#since) * transfer.bytesPerSecond) / 4e9;
    this.#since = now;
    const room = this.#read + FIFO_WORDS;
    if (due > room && !transfer.flowControl && room < this.#words) this.#lost = true;
    this.#arrived = Math.min(due, this.#words, room);
  }

  /** @returns the next word; undefined: there is none */
  take(): number | undefined {
    const transfer = this.#transfer;
    if (transfer === undefined || this.level <= 0) return undefined;
    const { bytes } = transfer;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const word = view.getUint32(4 * this.#read, true);
    this.#read++;
    return word;
  }

  get #words(): number {
    return (this.#transfer?.bytes.length ?? 0) / 4;
  }
}
