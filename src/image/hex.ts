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

interface HexState {
  readonly pieces: Piece[];
  base: number;
  entry: number | undefined;
  ended: boolean;
}

const RECORD = /^:([0-9A-Fa-f]{2}){5,260}$/;

/** Length and meaning of each record type; data records may have any length. */
const RECORD_TYPES: Readonly<
  Record<number, { readonly length?: number; take(state: HexState, record: HexRecord, line: number): void }>
> = {
  0: {
    take(state, record, line) {
      state.pieces.push({
        address: state.base + record.offset,
        bytes: record.data,
        origin: `line ${line}`,
      });
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

/** True when the first line is a HEX record: what tells a HEX file from raw bytes. */
export function looksLikeHex(bytes: Uint8Array): boolean {
  const [first] = linesOf(bytes.subarray(0, 1024));
  return first !== undefined && RECORD.test(first);
}

function linesOf(bytes: Uint8Array): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return pieces.join("").split(/\r\n|\r|\n/);
}

function readRecord(place: string, text: string): HexRecord {
  if (!RECORD.test(text)) {
    throw new ImageError(
      `${place}: not a record: expected ":" and pairs of hexadecimal digits, found ${JSON.stringify(text.slice(0, 24))}`,
    );
  }
  const bytes = Uint8Array.from({ length: (text.length - 1) / 2 }, (_, at) =>
    Number.parseInt(text.slice(1 + at * 2, 3 + at * 2), 16),
  );
  const [count = 0, high = 0, low = 0, type = 0] = bytes;
  const data = bytes.subarray(4, -1);
  if (count !== data.length) {
    throw new ImageError(`${place}: the record says ${count} data bytes, found ${data.length}`);
  }
  const expected = -bytes.subarray(0, -1).reduce((sum, byte) => sum + byte, 0) & 0xff;
  const found = bytes[bytes.length - 1] ?? 0;
  if (expected !== found) {
    const two = (value: number) => `0x${value.toString(16).toUpperCase().padStart(2, "0")}`;
    throw new ImageError(
      `${place}: bad checksum: expected ${two(expected)}, found ${two(found)}; the file is damaged, build or copy it again`,
    );
  }
  return { offset: high * 256 + low, type, data };
}

function takeLine(state: HexState, place: string, text: string, line: number): void {
  const record = readRecord(place, text);
  const kind = RECORD_TYPES[record.type];
  if (kind === undefined) {
    throw new ImageError(`${place}: record type ${record.type}: expected 0 to 5`);
  }
  if (kind.length !== undefined && kind.length !== record.data.length) {
    throw new ImageError(
      `${place}: a record of type ${record.type} has ${kind.length} data bytes, found ${record.data.length}`,
    );
  }
  if (record.type === 0 && record.offset + record.data.length > 0x10000) {
    throw new ImageError(
      `${place}: data runs over the end of its 64 KiB block (offset ${hex(record.offset)}, ${record.data.length} bytes)`,
    );
  }
  kind.take(state, record, line);
}

/**
 * Reads an Intel HEX file.
 * @param fileName for messages
 * @throws ImageError naming the line
 */
export function parseHex(bytes: Uint8Array, fileName: string): Image {
  const state: HexState = { pieces: [], base: 0, entry: undefined, ended: false };
  linesOf(bytes).forEach((raw, index) => {
    const text = raw.trim();
    if (text === "") return;
    const place = `${fileName}: line ${index + 1}`;
    if (state.ended) throw new ImageError(`${place}: data after the end-of-file record`);
    takeLine(state, place, text, index + 1);
  });
  if (!state.ended) {
    throw new ImageError(
      `${fileName}: cut off: expected an end-of-file record (":00000001FF") at the end, found none; copy the file again`,
    );
  }
  return { format: "hex", segments: joinPieces(fileName, state.pieces), entry: state.entry };
}
