/** The data FIFOs of the USB OTG core (RM0433, "Device FIFO architecture"): queues of 32-bit words. */

/** A word that software took from the receive FIFO. */
export interface ReceivedWord {
  readonly value: number;
  /** True for a status word (one that GRXSTSP is meant to pop), false for four bytes of data. */
  readonly status: boolean;
}

/** One queue for all OUT endpoints: status words, each followed by its data. */
export class ReceiveFifo {
  #words: ReceivedWord[] = [];
  #head = 0;

  get used(): number {
    return this.#words.length - this.#head;
  }

  get next(): ReceivedWord | undefined {
    return this.#words[this.#head];
  }

  clear(): void {
    this.#words = [];
    this.#head = 0;
  }

  /** Words that a packet of `length` bytes takes: its status and the data. */
  static wordsFor(length: number): number {
    return 1 + Math.ceil(length / 4);
  }

  /** @param status bits of GRXSTSP besides BCNT. */
  push(status: number, bytes: Uint8Array = new Uint8Array(0)): void {
    this.#words.push({ value: (status | (bytes.length << 4)) >>> 0, status: true });
    for (let at = 0; at < bytes.length; at += 4) {
      this.#words.push({ value: wordAt(bytes, at), status: false });
    }
  }

  pop(): ReceivedWord | undefined {
    const word = this.#words[this.#head];
    if (word === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#words.length) this.clear();
    return word;
  }
}

/** GRXSTSP in device mode: EPNUM, BCNT (added by the FIFO), DPID, PKTSTS, FRMNUM. */
export function receiveStatus(packetStatus: number, endpoint: number, toggle: number, frame: number): number {
  const dpid = toggle === 0 ? 0 : 2;
  return endpoint | (dpid << 15) | (packetStatus << 17) | ((frame & 15) << 21);
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
  return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
}
