/** Bytes in, bytes or words out. */

export class ByteQueue {
  #bytes = new Uint8Array(1024);
  #head = 0;
  #tail = 0;

  get length(): number {
    return this.#tail - this.#head;
  }

  clear(): void {
    this.#head = 0;
    this.#tail = 0;
  }

  push(bytes: ArrayLike<number>): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#tail);
    this.#tail += bytes.length;
  }

  pushWord(word: number): void {
    this.#room(4);
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#tail++] = (word >>> shift) & 0xff;
  }

  /** The next four bytes as a word; what is missing at the end is 0. */
  shiftWord(): number {
    let word = 0;
    for (let shift = 0; shift < 32 && this.#head < this.#tail; shift += 8) {
      word |= (this.#bytes[this.#head++] ?? 0) << shift;
    }
    return word >>> 0;
  }

  /** The next bytes, as many as are there, to be used at once. */
  shift(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#head, Math.min(this.#head + count, this.#tail));
    this.#head += taken.length;
    return taken;
  }

  /** The byte `at` places ahead; undefined: it is not there yet. */
  at(at: number): number | undefined {
    return this.#head + at < this.#tail ? this.#bytes[this.#head + at] : undefined;
  }

  #room(count: number): void {
    if (this.#tail + count <= this.#bytes.length) return;
    const held = this.#bytes.subarray(this.#head, this.#tail);
    const target =
      held.length + count > this.#bytes.length / 2
        ? new Uint8Array((held.length + count) * 2)
        : new Uint8Array(this.#bytes.length);
    target.set(held);
    this.#tail -= this.#head;
    this.#head = 0;
    this.#bytes = target;
  }
}
