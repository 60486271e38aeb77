/** What a file is, in words. */
import { hex } from "../../image/error.js";
import { type Inspection, inspectFile } from "../../image/inspect.js";
import { hexBytes } from "../../protocol/hex.js";
import type { RunCommand } from "../command.js";
import { readInput } from "../files.js";
import { formatBytes } from "../progress-bar.js";

const FORMATS: Readonly<Record<Inspection["format"], string>> = {
  bin: "raw bytes (.bin): nothing in them says where they go",
  elf: "ELF executable",
  hex: "Intel HEX",
  uf2: "UF2",
  exst: "EXST image, for a first stage",
};
const PT_LOAD = 1;

export const run: RunCommand = async ({ io, reporter }, [file = ""]) => {
  const found = inspectFile(await readInput(io, file), file);
  reporter.result("inspect", { data: { file, ...json(found) }, lines: lines(found) });
  if (found.fault !== undefined) throw found.fault;
};

type Row = readonly [name: string, text: string];

function lines(found: Inspection): string[] {
  const rows: Row[] = [
    ["format", FORMATS[found.format]],
    ["size", formatBytes(found.bytes)],
    ...segmentRows(found),
    ...vectorRows(found),
    ...exstRows(found),
  ];
  return rows.map(([name, text]) => `${name.padEnd(10)} ${text}`);
}

function segmentRows({ segments, programHeaders, uf2, entry }: Inspection): Row[] {
  const rows: Row[] = segments
    .filter(({ address }) => address !== undefined)
    .map(({ address = 0, length }) => [
      "bytes",
      `${hex(address)} to ${hex(address + length - 1)}, ${formatBytes(length)}`,
    ]);
  for (const header of programHeaders.filter(({ type }) => type === PT_LOAD)) {
    const { physicalAddress, virtualAddress, fileBytes, memoryBytes } = header;
    rows.push([
      "segment",
      `loaded at ${hex(physicalAddress)}, runs at ${hex(virtualAddress)}, ${fileBytes} bytes in the file, ${memoryBytes} in memory`,
    ]);
  }
  if (uf2 !== undefined) {
    const { blocks, damaged, families } = uf2;
    rows.push(["blocks", `${blocks}, ${damaged} damaged; for ${families.join(", ") || "any chip"}`]);
  }
  if (entry !== undefined) rows.push(["entry", hex(entry)]);
  return rows;
}

function vectorRows({ vectors }: Inspection): Row[] {
  if (vectors === undefined) return [];
  const { stack, reset, stackIn, runsIn } = vectors;
  if (stackIn === undefined || runsIn === undefined) {
    return [
      [
        "vectors",
        `none: ${hex(stack)} and ${hex(reset)} at its beginning are no stack pointer and reset vector`,
      ],
    ];
  }
  return [["vectors", `stack ${hex(stack)} (${stackIn}), reset ${hex(reset)}: it runs in ${runsIn}`]];
}

function exstRows({ exst }: Inspection): Row[] {
  if (exst === undefined) return [];
  const { format, method, hash, computed, valid } = exst;
  const verdict = valid ? "right" : `wrong: expected ${hexBytes(computed)}`;
  return [
    ["EXST", `format ${format}, hash method ${method}`],
    ["MD5", `${hexBytes(hash)}, ${verdict}`],
  ];
}

function json(found: Inspection) {
  const { format, bytes, segments, entry, vectors, exst, programHeaders, uf2, fault } = found;
  return {
    format,
    bytes,
    segments: segments.map(({ address, length }) => ({ address: address ?? null, length })),
    entry: entry ?? null,
    vectors:
      vectors === undefined
        ? null
        : { ...vectors, runsIn: vectors.runsIn ?? null, stackIn: vectors.stackIn ?? null },
    exst:
      exst === undefined ? null : { ...exst, hash: hexBytes(exst.hash), computed: hexBytes(exst.computed) },
    programHeaders: programHeaders.map((header) => ({ ...header })),
    uf2: uf2 === undefined ? null : { ...uf2 },
    fault: fault?.message ?? null,
  };
}
