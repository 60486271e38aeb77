/** The XML documents that a server offers: target description (GDB manual, G) and memory map (E.14). */

export interface RegisterDescription {
  readonly name: string;
  readonly bits: number;
  /** "int", "code_ptr", "ieee_double" … */
  readonly type: string;
  readonly group?: string;
  /** Number in g, p and P where it is not one more than the one before. */
  readonly number?: number;
}

export interface FeatureDescription {
  /** "org.gnu.gdb.arm.m-profile" */
  readonly name: string;
  readonly registers: readonly RegisterDescription[];
}

export interface MemoryRange {
  readonly kind: "ram" | "rom" | "flash";
  readonly start: number;
  /** Bytes. */
  readonly length: number;
  /** Bytes that are erased together; needed for flash. */
  readonly blockSize?: number;
}

export function targetXml(architecture: string, features: readonly FeatureDescription[]): string {
  const lines = features.flatMap(({ name, registers }) => [
    `  <feature name="${name}">`,
    ...registers.map((register) => `    ${registerXml(register)}`),
    "  </feature>",
  ]);
  return document("target", 'version="1.0"', [`  <architecture>${architecture}</architecture>`, ...lines]);
}

function registerXml({ name, bits, type, group, number }: RegisterDescription): string {
  const more = [
    ...(number === undefined ? [] : [`regnum="${number}"`]),
    ...(group === undefined ? [] : [`group="${group}"`]),
  ];
  return `<reg name="${name}" bitsize="${bits}" type="${type}"${more.map((text) => ` ${text}`).join("")}/>`;
}

/** @throws RangeError for flash without a block size, with which GDB could not plan an erase */
export function memoryMapXml(ranges: readonly MemoryRange[]): string {
  return document("memory-map", "", ranges.map(rangeXml));
}

function rangeXml({ kind, start, length, blockSize }: MemoryRange): string {
  const open = `  <memory type="${kind}" start="0x${start.toString(16)}" length="0x${length.toString(16)}"`;
  if (kind !== "flash") return `${open}/>`;
  if (blockSize === undefined) throw new RangeError(`flash at 0x${start.toString(16)} needs a block size`);
  return `${open}><property name="blocksize">0x${blockSize.toString(16)}</property></memory>`;
}

const TYPES: Readonly<Record<string, string>> = {
  target: '<!DOCTYPE target SYSTEM "gdb-target.dtd">',
  "memory-map":
    '<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">',
};

function document(root: string, attributes: string, lines: readonly string[]): string {
  const open = attributes === "" ? root : `${root} ${attributes}`;
  return ['<?xml version="1.0"?>', TYPES[root], `<${open}>`, ...lines, `</${root}>`, ""].join("\n");
}
