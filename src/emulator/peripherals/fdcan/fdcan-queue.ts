/** FDCAN's queues in message RAM: get and put index, level, what is lost (RM0433, "Rx FIFOs", "Tx event FIFO"). */

export class FdcanQueue {
  #get = 0;
  #level = 0;
  lost = false;

  get level(): number {
    return this.#level;
  }

  get getIndex(): number {
    return this.#get;
  }

  clear(): void {
    this.#get = 0;
    this.#level = 0;
    this.lost = false;
  }

  putIndex(size: number): number {
    return size === 0 ? 0 : (this.#get + this.#level) % size;
  }

  /** @returns index of the element to write; undefined: full, the element is lost. @param overwrites the oldest one goes instead */
  put(size: number, overwrites: boolean): number | undefined {
    if (this.#level >= size) {
      this.lost = true;
      if (!overwrites || size === 0) return undefined;
      this.acknowledge(this.#get, size);
    }
    const index = this.putIndex(size);
    this.#level++;
    return index;
  }

  /** Everything up to `index` was read. */
  acknowledge(index: number, size: number): void {
    if (size === 0) return;
    const read = ((index - this.#get + size) % size) + 1;
    if (read > this.#level) return;
    this.#get = (index + 1) % size;
    this.#level -= read;
  }
}

/** As RXFxS and TXEFS tell it. */
export function queueStatus(queue: FdcanQueue, size: number): number {
  const full = size > 0 && queue.level >= size ? 1 << 24 : 0;
  const indexes = (queue.putIndex(size) << 16) | (queue.getIndex << 8);
  return full | (queue.lost ? 1 << 25 : 0) | indexes | queue.level;
}

export function bitCount(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}
