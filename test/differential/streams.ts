/** Random instruction streams on both machines: batches of cases, one start of QEMU for each batch. */
import { join } from "node:path";
import { ROOT } from "../tools/root.js";
import { type Case, makeCase, SCRATCH } from "./cases.js";
import { BATCH_BASE, CODE_BASE, type Load, runEmulator, runQemu } from "./machines.js";
import { Random } from "./random.js";
import { assemble, disassemble } from "./toolchain.js";

const HEADER = 64;
const RECORD = 256;
const STATE_BYTES = 192;
/** Of a record: where its code begins. */
const CODE_AT = STATE_BYTES;
/** Room for the code of a case. */
const CODE_BYTES = 256;
/** Where the harness keeps the address that a case leaves to. */
const EXIT_AT = 0x40;
const CASES_PER_BATCH = 6000;
const LOAD_PC = [0xf8df, 0xf000];
/** Far more than the cases of a batch take. */
const MAX_CYCLES = 1e8;
const NOP = 0xbf00;
const NAMES = [
  ...Array.from({ length: 13 }, (_, n) => `r${n}`),
  "lr",
  "APSR",
  "FPSCR",
  ...Array.from({ length: 32 }, (_, n) => `s${n}`),
];

/** Instructions of a case that surely execute. */
const executed = ({ items, states }: Case): number =>
  states.length * items.reduce((sum, item) => sum + item.executed, 0);

export class Streams {
  readonly #harness = assemble(join(ROOT, "test/differential/harness.s"));

  /** What differs, described; undefined when both machines agree. */
  async compare(cases: readonly Case[]): Promise<string | undefined> {
    const found = await this.#difference(cases);
    if (found === undefined) return undefined;
    const records = cases.flatMap(({ items, states }) =>
      states.map((state): Case => ({ items, states: [state] })),
    );
    const different = records[found];
    if (different === undefined) return "the memory that the cases share differs at the end";
    // Which of its instructions? The shortest beginning of the case that differs ends with it.
    const prefixes = different.items.map((_, n) => ({
      ...different,
      items: different.items.slice(0, n + 1),
    }));
    const shortest = await this.#difference(prefixes);
    return this.#describe(prefixes[shortest ?? prefixes.length] ?? different);
  }

  /** Index of the first record that differs, or one past the last when only the shared memory does. */
  async #difference(cases: readonly Case[]): Promise<number | undefined> {
    const loads = this.#loads(cases);
    const theirs = runQemu(loads);
    const ours = runEmulator(loads, MAX_CYCLES).output;
    const expected = await theirs;
    if (Buffer.compare(expected, ours) === 0) return undefined;
    const records = cases.reduce((sum, { states }) => sum + states.length, 0);
    for (let n = 0; n < records; n++) {
      const [from, to] = [HEADER + n * RECORD, HEADER + n * RECORD + STATE_BYTES];
      if (Buffer.compare(expected.subarray(from, to), ours.subarray(from, to)) !== 0) return n;
    }
    return records;
  }

  async #describe(one: Case): Promise<string> {
    const loads = this.#loads([one]);
    const record = (bytes: Uint8Array): Int32Array =>
      new Int32Array(Uint8Array.from(bytes.subarray(HEADER, HEADER + STATE_BYTES)).buffer);
    const theirs = record(await runQemu(loads));
    const ours = record(runEmulator(loads, MAX_CYCLES).output);
    const hex = (value: number | undefined): string => ((value ?? 0) >>> 0).toString(16).padStart(8, "0");
    const lines = NAMES.flatMap((name, n) =>
      theirs[n] === ours[n]
        ? []
        : [`  ${name}: before ${hex(one.states[0]?.[n])}, QEMU ${hex(theirs[n])}, here ${hex(ours[n])}`],
    );
    const before = NAMES.map((name, n) => `${name}=${hex(one.states[0]?.[n])}`).join(" ");
    return `${disassemble(one.items.flatMap((item) => item.halfwords))}${lines.join("\n")}\n  before: ${before}`;
  }

  #loads(cases: readonly Case[]): Load[] {
    const exit = new DataView(this.#harness.buffer, this.#harness.byteOffset).getUint32(EXIT_AT, true);
    const records = cases.reduce((sum, { states }) => sum + states.length, 0);
    const codeAt = HEADER + records * RECORD;
    const bytes = new Uint8Array(codeAt + cases.length * CODE_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, records, true);
    let record = HEADER;
    for (const [index, one] of cases.entries()) {
      const from = codeAt + index * CODE_BYTES;
      for (const [n, half] of code(one, exit).entries()) view.setUint16(from + n * 2, half, true);
      for (const state of one.states) {
        for (const [n, value] of state.entries()) view.setInt32(record + n * 4, value, true);
        view.setUint32(record + CODE_AT, BATCH_BASE + from + 1, true);
        record += RECORD;
      }
    }
    return [
      { address: CODE_BASE, bytes: this.#harness },
      { address: BATCH_BASE, bytes },
      { address: SCRATCH, bytes: new Uint8Array(0x10000) },
    ];
  }
}

function code({ items }: Case, exit: number): number[] {
  const halfwords = items.flatMap((item) => item.halfwords);
  if (halfwords.length % 2 !== 0) halfwords.push(NOP);
  halfwords.push(...LOAD_PC, exit & 0xffff, exit >>> 16);
  if (halfwords.length * 2 > CODE_BYTES) throw new RangeError("a case is longer than its room");
  return halfwords;
}

export interface StreamReport {
  readonly cases: number;
  /** Instructions compared, those that a branch may skip left out. */
  readonly instructions: number;
  readonly differences: readonly string[];
}

/** Compares cases until `instructions` were executed; stops after the first batch that differs. */
export async function compareStreams(seed: number, instructions: number): Promise<StreamReport> {
  const random = new Random(seed);
  const streams = new Streams();
  let count = 0;
  let total = 0;
  while (total < instructions) {
    const cases: Case[] = [];
    while (cases.length < CASES_PER_BATCH && total < instructions) {
      const one = makeCase(random);
      cases.push(one);
      total += executed(one);
    }
    count += cases.length;
    const difference = await streams.compare(cases);
    if (difference !== undefined) return { cases: count, instructions: total, differences: [difference] };
  }
  return { cases: count, instructions: total, differences: [] };
}
