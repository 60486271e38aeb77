/** Reads the firmware's register headers (firmware/drivers/registers/*.h) as facts that can be compared. */

export interface HeaderField {
  readonly block: string;
  readonly register: string;
  readonly field: string;
  readonly lsb: number;
  /** Bits, where the header tells (a mask or a single bit). */
  readonly width: number | undefined;
}

export interface HeaderFacts {
  /** Byte offset of each register, by name of the struct without "_registers". */
  readonly offsets: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Base address of the blocks that have a constant one. */
  readonly bases: ReadonlyMap<string, number>;
  readonly fields: readonly HeaderField[];
}

function structOffsets(body: string): Map<string, number> {
  const offsets = new Map<string, number>();
  let offset = 0;
  for (const [, name = "", count = "1"] of body.matchAll(/uint32_t (\w+)(?:\[(\d+)\])?;/g)) {
    if (!name.startsWith("RESERVED")) offsets.set(name, offset);
    offset += 4 * Number(count);
  }
  return offsets;
}

const BIT = /^#define ([A-Z0-9]+)_([A-Z0-9]+)_([A-Z0-9_]+) \(1u << (\d+)\)/gm;
const VALUE = /^#define ([A-Z0-9]+)_([A-Z0-9]+)_([A-Z0-9_]+)\(n\) \(\(uint32_t\)\(n\) << (\d+)\)/gm;
const MASK = /^#define ([A-Z0-9]+)_([A-Z0-9]+)_([A-Z0-9_]+)_MASK \((0x[0-9A-F]+)u << (\d+)\)/gm;
const STRUCT = /struct (\w+)_registers \{([^}]*)\}/g;
const BASE = /^#define (\w+) \(\(struct \w+_registers \*\)(0x[0-9A-F]+)u\)/gm;

function fieldOf(match: RegExpMatchArray, lsb: string | undefined, width: number | undefined): HeaderField {
  const [, block = "", register = "", field = ""] = match;
  return { block, register, field, lsb: Number(lsb), width };
}

export function readHeader(text: string): HeaderFacts {
  return {
    offsets: new Map(
      [...text.matchAll(STRUCT)].map(([, name = "", body = ""]) => [name, structOffsets(body)]),
    ),
    bases: new Map([...text.matchAll(BASE)].map(([, name = "", base = ""]) => [name, Number(base)])),
    fields: [
      ...[...text.matchAll(BIT)].map((match) => fieldOf(match, match[4], 1)),
      ...[...text.matchAll(VALUE)].map((match) => fieldOf(match, match[4], undefined)),
      ...[...text.matchAll(MASK)].map((match) => fieldOf(match, match[5], Math.log2(Number(match[4]) + 1))),
    ],
  };
}
