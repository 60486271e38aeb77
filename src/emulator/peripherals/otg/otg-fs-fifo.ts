/** The data FIFOs of the USB OTG core (RM0433, "Device FIFO architecture"): queues of 32-bit words. */

/** Room for the whole FIFO RAM, and for the status words that the core adds without looking. A power of two. */
const RING_WORDS = 2048;

/** One queue for all OUT endpoints: status words, each followed by its data. */
export class ReceiveFifo {
  readonly #words = new Uint32Array(RING_WORDS);
  /** 1 for a status word (one that GRXSTSP is meant to pop), 0 for four bytes of data. */
  readonly #status = new Uint8Array(RING_WORDS);
  #head = 0;
  #used = 0;

  /** Words in the queue. */
  get used(): number {
    return this.#used;
  }

  /** The next word, 0 when there is none. */
  get next(): number {
    return this.#used === 0 ? 0 : (this.#words[this.#head] ?? 0);
  }

  /** Is the next word a status word? False when there is none. */
  get nextIsStatus(): boolean {
    return this.#used > 0 && this.#status[this.#head] === 1;
  }

  clear(): void {
    this.#used = 0;
  }

  /** Words that a packet of `length` bytes takes: its status and the data. */
  static wordsFor(length: number): number {
    return 1 + Math.ceil(length / 4);
  }

  /** @param status bits of GRXSTSP besides BCNT. */
  push(status: number, bytes: Uint8Array = new Uint8Array(0)): void {
    this.#append(status | (bytes.length << 4), 1);
    for (let at = 0; at < bytes.length; at += 4) this.#append(wordAt(bytes, at), 0);
  }

  /** Removes the next word; there must be one. */
  pop(): void {
    this.#head = (this.#head + 1) % RING_WORDS;
    this.#used--;
  }

  #append(word: number, status: 0 | 1): void {
    const at = (this.#head + this.#used) % RING_WORDS;
    this.#words[at] = word;
    this.#status[at] = status;
    this.#used++;
  }
}

/** GRXSTSP in device mode: EPNUM, BCNT (added by the FIFO), DPID, PKTSTS, FRMNUM. */
export function receiveStatus(packetStatus: number, endpoint: number, toggle: number, frame: number): number {
  const dpid = toggle === 0 ? 0 : 2;
  return endpoint | (dpid << 15) | (packetStatus << 17) | ((frame & 15) << 21);
}

/** GRXSTSP.DPID. */
export function dataPidOf(word: number): number {
  return (word >>> 15) & 3;
}

export function packetStatusOf(word: number): number {
  return (word >>> 17) & 15;
}

/** One transmit FIFO. Software pushes words, the core takes packets. */
export class TransmitFifo {
  #words: number[] = [];

  get used(): number {
    return this.#words.length;
  }

  clear(): void {
    this.#words = [];
  }

  push(word: number): void {
    this.#words.push(word >>> 0);
  }

  /** The first `length` bytes, left in place: they may have to be sent again. */
  peek(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = (this.#words[at >> 2] ?? 0) >>> ((at & 3) * 8);
    return bytes;
  }

  /** Removes the words of a packet that the host acknowledged. */
  drop(length: number): void {
    this.#words.splice(0, Math.ceil(length / 4));
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  const byte = (index: number): number => bytes[at + index] ?? 0;
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
}
