/** Frames on the wire: docs/protocol.md section 2. */

import { ByteReader, ByteWriter, concat } from "./bytes.js";
import { cobsDecode, cobsEncode, cobsMaximum } from "./cobs.js";
import { crc32 } from "./crc32.js";

/** Largest payload of a frame, bytes. */
export const MAX_PAYLOAD = 4112;

const HEADER_BYTES = 4;
const CRC_BYTES = 4;
const MAX_ENCODED = cobsMaximum(HEADER_BYTES + MAX_PAYLOAD + CRC_BYTES);

export interface Frame {
  /** 0..255 */
  readonly type: number;
  /** 0..255 */
  readonly sequence: number;
  /** 0..4112 bytes */
  readonly payload: Uint8Array;
}

/** @returns the bytes on the wire, with the delimiter at the end. */
export function encodeFrame(frame: Frame): Uint8Array {
  if (frame.payload.length > MAX_PAYLOAD) {
    throw new RangeError(`a payload of ${frame.payload.length} bytes; a frame takes ${MAX_PAYLOAD} at most`);
  }
  const writer = new ByteWriter();
  writer.unsigned(1, frame.type);
  writer.unsigned(1, frame.sequence);
  writer.unsigned(2, frame.payload.length);
  writer.bytes(frame.payload);
  const body = writer.finish();
  const check = new ByteWriter();
  check.unsigned(4, crc32(body));
  return concat([cobsEncode(concat([body, check.finish()])), Uint8Array.of(0)]);
}

export type Decoded =
  | { readonly frame: Frame }
  /** Why a frame was dropped. */
  | { readonly bad: string };

/** Finds frames in a stream of bytes; after damage it reads on to the next delimiter. */
export class FrameDecoder {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** @param chunk any piece of the stream; kept until its frame ends. @returns what ended in it, in order. */
  push(chunk: Uint8Array): Decoded[] {
    const out: Decoded[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
      this.#take(chunk.subarray(start, end));
      start = end + 1;
      if (this.#length > 0) out.push(this.#finish());
    }
    this.#take(chunk.subarray(start));
    return out;
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    // What is too long is only counted, so that a stream without delimiters costs no memory.
    if (this.#length <= MAX_ENCODED) this.#parts.push(bytes);
    else this.#parts = [];
  }

  #finish(): Decoded {
    const length = this.#length;
    const encoded = concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return length > MAX_ENCODED ? { bad: `${length} bytes without a delimiter` } : decodeFrame(encoded);
  }
}

function decodeFrame(encoded: Uint8Array): Decoded {
  const bytes = cobsDecode(encoded);
  if (bytes === undefined) return { bad: "wrong byte stuffing" };
  if (bytes.length < HEADER_BYTES + CRC_BYTES) return { bad: `a frame of ${bytes.length} bytes` };
  const reader = new ByteReader(bytes);
  const type = reader.unsigned(1);
  const sequence = reader.unsigned(1);
  const length = reader.unsigned(2);
  const held = bytes.length - HEADER_BYTES - CRC_BYTES;
  if (length !== held) return { bad: `a length of ${length}, but ${held} bytes` };
  const payload = reader.bytes(length);
  const stated = reader.unsigned(4);
  const computed = crc32(bytes.subarray(0, HEADER_BYTES + length));
  if (stated !== computed) return { bad: "wrong CRC" };
  return { frame: { type, sequence, payload } };
}
