/**
 * Intel HEX ("Hexadecimal Object File Format Specification", Intel 1988). Our own reader because the error must
 * name the line, the entry point is wanted, and the package nrf-intel-hex gives negative addresses from 0x8000_0000
 * up; that package is the oracle of the test.
 */
import { hex, ImageError } from "./error.js";
import type { Image } from "./image.js";
import { joinPieces, type Piece } from "./segments.js";

interface HexRecord {
  readonly offset: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** Lines whose data follow each other in the file and in memory. */
interface Run {
  readonly address: number;
  /** In `HexState.data`. */
  readonly start: number;
  length: number;
  readonly firstLine: number;
  lastLine: number;
}

interface HexState {
  /** All data in the order of the file: a file may be as large as a chip, with a million lines. */
  data: Uint8Array;
  used: number;
  readonly runs: Run[];
  base: number;
  entry: number | undefined;
  ended: boolean;
}

/** Bytes of a record: count, offset, type, data, checksum. */
const RECORD_BYTES = { min: 5, max: 260 } as const;
/** More than a record with spaces around it: what goes on without an end of line is none. */
const LINE_LIMIT = 0x1_0000;
const COLON = 0x3a;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
/** Value of each character that is a hexadecimal digit; NO_DIGIT for the others. */
const NO_DIGIT = 0xff;
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  for (const character of [text, text.toUpperCase()]) DIGITS[character.charCodeAt(0)] = digit;
}

/** Length and meaning of each record type; data records may have any length. */
const RECORD_TYPES: Readonly<
  Record<number, { readonly length?: number; take(state: HexState, record: HexRecord, line: number): void }>
> = {
  0: {
    take(state, record, line) {
      takeData(state, state.base + record.offset, record.data, line);
    },
  },
  1: {
    length: 0,
    take(state) {
      state.ended = true;
    },
  },
  2: {
    length: 2,
    take(state, record) {
      state.base = bigEndian(record.data) * 16;
    },
  },
  3: {
    length: 4,
    take(state, record) {
      state.entry = bigEndian(record.data.subarray(0, 2)) * 16 + bigEndian(record.data.subarray(2));
    },
  },
  4: {
    length: 2,
    take(state, record) {
      state.base = bigEndian(record.data) * 0x10000;
    },
  },
  5: {
    length: 4,
    take(state, record) {
      state.entry = bigEndian(record.data);
    },
  },
};

function bigEndian(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function takeData(state: HexState, address: number, data: Uint8Array, line: number): void {
  const last = state.runs.at(-1);
  if (data.length === 0) return;
  if (last !== undefined && last.address + last.length === address) {
    last.length += data.length;
    last.lastLine = line;
  } else {
    state.runs.push({ address, start: state.used, length: data.length, firstLine: line, lastLine: line });
  }
  if (state.used + data.length > state.data.length) {
    const more = new Uint8Array(2 * state.data.length + data.length);
    more.set(state.data);
    state.data = more;
  }
  state.data.set(data, state.used);
  state.used += data.length;
}

/** True when the first line is a HEX record: what tells a HEX file from raw bytes. */
export function looksLikeHex(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 1024);
  return decodeRecord(trim(start, 0, lineEnd(start, 0)), new Uint8Array(RECORD_BYTES.max)) !== undefined;
}

/** Where the line ends that begins at `at`. Ends are LF, CR LF or CR. */
function lineEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++;
  return end;
}

function trim(bytes: Uint8Array, from: number, to: number): Uint8Array {
  let [start, end] = [from, to];
  while (start < end && (bytes[start] ?? 0) <= SPACE) start++;
  while (end > start && (bytes[end - 1] ?? 0) <= SPACE) end--;
  return bytes.subarray(start, end);
}

/** The bytes that a line stands for, in `into`; undefined when it is no record. */
function decodeRecord(line: Uint8Array, into: Uint8Array): Uint8Array | undefined {
  const count = (line.length - 1) / 2;
  if (line[0] !== COLON || !Number.isInteger(count)) return undefined;
  if (count < RECORD_BYTES.min || count > RECORD_BYTES.max) return undefined;
  for (let index = 0; index < count; index++) {
    const high = DIGITS[line[1 + index * 2] ?? 0] ?? NO_DIGIT;
    const low = DIGITS[line[2 + index * 2] ?? 0] ?? NO_DIGIT;
    if (high === NO_DIGIT || low === NO_DIGIT) return undefined;
    into[index] = high * 16 + low;
  }
  return into.subarray(0, count);
}

/** The start of a line, for a message. */
function textOf(line: Uint8Array): string {
  return String.fromCharCode(...line.subarray(0, 24));
}

function readRecord(place: () => string, line: Uint8Array, into: Uint8Array): HexRecord {
  const bytes = decodeRecord(line, into);
  if (bytes === undefined) {
    throw new ImageError(
      `${place()}: not a record: expected ":" and pairs of hexadecimal digits, found ${JSON.stringify(textOf(line))}`,
    );
  }
  const [count = 0, high = 0, low = 0, type = 0] = bytes;
  const data = bytes.subarray(4, -1);
  if (count !== data.length) {
    throw new ImageError(`${place()}: the record says ${count} data bytes, found ${data.length}`);
  }
  let sum = 0;
  for (let index = 0; index < bytes.length - 1; index++) sum += bytes[index] ?? 0;
  const expected = -sum & 0xff;
  const found = bytes[bytes.length - 1] ?? 0;
  if (expected !== found) {
    const two = (value: number) => `0x${value.toString(16).toUpperCase().padStart(2, "0")}`;
    throw new ImageError(
      `${place()}: bad checksum: expected ${two(expected)}, found ${two(found)}; the file is damaged, build or copy it again`,
    );
  }
  return { offset: high * 256 + low, type, data };
}

function takeRecord(state: HexState, place: () => string, record: HexRecord, line: number): void {
  const kind = RECORD_TYPES[record.type];
  if (kind === undefined) {
    throw new ImageError(`${place()}: record type ${record.type}: expected 0 to 5`);
  }
  if (kind.length !== undefined && kind.length !== record.data.length) {
    throw new ImageError(
      `${place()}: a record of type ${record.type} has ${kind.length} data bytes, found ${record.data.length}`,
    );
  }
  if (record.type === 0 && record.offset + record.data.length > 0x10000) {
    throw new ImageError(
      `${place()}: data runs over the end of its 64 KiB block (offset ${hex(record.offset)}, ${record.data.length} bytes)`,
    );
  }
  kind.take(state, record, line);
}

/** Reads an Intel HEX file that arrives in parts. */
export class HexReader {
  readonly #fileName: string;
  readonly #state: HexState;
  readonly #record = new Uint8Array(RECORD_BYTES.max);
  #line = 0;
  /** What came behind the last end of a line. */
  #rest: Uint8Array = new Uint8Array(0);

  /**
   * @param fileName for messages
   * @param size bytes of the file, as far as that is known
   */
  constructor(fileName: string, size: number) {
    this.#fileName = fileName;
    const data = new Uint8Array(size >>> 1);
    this.#state = { data, used: 0, runs: [], base: 0, entry: undefined, ended: false };
  }

  /** @throws ImageError naming the line */
  take(part: Uint8Array): void {
    const text = this.#rest.length === 0 ? part : behind(this.#rest, part);
    let at = 0;
    for (;;) {
      const end = lineEnd(text, at);
      // An LF may follow the CR in the next part.
      if (end === text.length || (text[end] === CR && end + 1 === text.length)) break;
      this.#take(trim(text, at, end));
      at = end + (text[end] === CR && text[end + 1] === LF ? 2 : 1);
    }
    this.#rest = text.slice(at);
    if (this.#rest.length > LINE_LIMIT) this.#take(this.#rest);
  }

  /** @throws ImageError */
  end(): Image {
    this.#take(trim(this.#rest, 0, this.#rest.length));
    const { data, runs, entry, ended } = this.#state;
    if (!ended) {
      throw new ImageError(
        `${this.#fileName}: cut off: expected an end-of-file record (":00000001FF") at the end, found none; copy the file again`,
      );
    }
    const pieces = runs.map((run) => pieceOf(run, data));
    return { format: "hex", segments: joinPieces(this.#fileName, pieces), entry };
  }

  #take(line: Uint8Array): void {
    const number = ++this.#line;
    if (line.length === 0) return;
    const place = () => `${this.#fileName}: line ${number}`;
    if (this.#state.ended) throw new ImageError(`${place()}: data after the end-of-file record`);
    takeRecord(this.#state, place, readRecord(place, line, this.#record), number);
  }
}

/**
 * Reads an Intel HEX file.
 * @param fileName for messages
 * @throws ImageError naming the line
 */
export function parseHex(bytes: Uint8Array, fileName: string): Image {
  const reader = new HexReader(fileName, bytes.length);
  reader.take(bytes);
  return reader.end();
}

function behind(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function pieceOf({ address, start, length, firstLine, lastLine }: Run, data: Uint8Array): Piece {
  const origin = firstLine === lastLine ? `line ${firstLine}` : `lines ${firstLine} to ${lastLine}`;
  return { address, bytes: data.subarray(start, start + length), origin };
}
