/** Little-endian reading and writing of message fields: docs/protocol.md, first section. */

import { decodeUtf8, encodeUtf8 } from "./utf8.js";

/** A message does not have the shape that its type says. */
export class MalformedMessageError extends Error {
  override readonly name = "MalformedMessageError";
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** @returns a view, not a copy. @throws MalformedMessageError */
  bytes(count: number): Uint8Array {
    if (count > this.remaining) {
      throw new MalformedMessageError(`a field of ${count} bytes, but only ${this.remaining} bytes are left`);
    }
    const start = this.#at;
    this.#at += count;
    return this.#bytes.subarray(start, this.#at);
  }

  /** @param size bytes of the integer: 1, 2 or 4. */
  unsigned(size: 1 | 2 | 4): number {
    return this.bytes(size).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  str8(): string {
    return decodeUtf8(this.bytes(this.unsigned(1)));
  }

  /** @throws MalformedMessageError when bytes are left over. */
  end(): void {
    if (this.remaining > 0) throw new MalformedMessageError(`${this.remaining} bytes too many`);
  }
}

export class ByteWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** @throws MalformedMessageError when `value` is no integer that fits in `size` bytes. */
  unsigned(size: 1 | 2 | 4, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
      throw new MalformedMessageError(`${value} is not an unsigned integer of ${8 * size} bits`);
    }
    this.#reserve(size);
    for (let i = 0; i < size; i++) this.#bytes[this.#length++] = value >>> (8 * i);
  }

  str8(text: string): void {
    const encoded = encodeUtf8(text);
    this.unsigned(1, encoded.length);
    this.bytes(encoded);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
