/** Holds system-level cases to QEMU: both engines of this core must log what QEMU's logs. */
import { join } from "node:path";
import { ROOT } from "../../tools/root.js";
import { Random } from "../random.js";
import { assemble, disassemble } from "../toolchain.js";
import { batch, layOut, type SystemCase } from "./case.js";
import { makeCase } from "./generate.js";
import { type LogRecord, takeApart } from "./records.js";
import { type Outcome, onEmulator, onQemu } from "./run.js";

const SOURCE = join(ROOT, "test/differential/system/harness.s");

type Difference = { readonly at: number; readonly who: string };

export class SystemComparison {
  readonly #harness = assemble(SOURCE);
  /** Cases that locked up, on all machines. */
  lockups = 0;
  /** Exceptions that were entered and compared. */
  entries = 0;

  /** What differs first, as its shortest case, described; undefined when all agree. */
  async compare(cases: readonly SystemCase[]): Promise<string | undefined> {
    const found = await this.#difference(cases);
    if (found === undefined) return undefined;
    return this.#describe(await this.#shorten(cases[found.at] as SystemCase));
  }

  async #run(cases: readonly SystemCase[]): Promise<Readonly<Record<string, Outcome[]>>> {
    const loads = batch(this.#harness, cases);
    const theirs = onQemu(cases.length, loads);
    const interpreter = onEmulator(cases.length, loads, "interpreter");
    const translation = onEmulator(cases.length, loads, "translation");
    return { QEMU: await theirs, interpreter, translation };
  }

  async #difference(cases: readonly SystemCase[]): Promise<Difference | undefined> {
    const { QEMU = [], ...ours } = await this.#run(cases);
    for (const at of cases.keys()) {
      for (const [who, outcomes] of Object.entries(ours))
        if (!same(QEMU[at], outcomes[at])) return { at, who };
      const words = QEMU[at];
      if (words === undefined) this.lockups++;
      else this.entries += takeApart(words).filter(({ title }) => title.startsWith("entry")).length;
    }
    return undefined;
  }

  /** Takes items away, as long as the case still differs. */
  async #shorten(one: SystemCase): Promise<SystemCase> {
    let shortest = one;
    for (;;) {
      const shorter = withoutOneItem(shortest);
      const found = shorter.length === 0 ? undefined : await this.#difference(shorter);
      if (found === undefined) return shortest;
      shortest = shorter[found.at] as SystemCase;
    }
  }

  async #describe(one: SystemCase): Promise<string> {
    const table = new DataView(this.#harness.buffer, this.#harness.byteOffset);
    const { placed } = layOut(one, (at) => table.getUint32(at, true));
    const code = placed.map(
      ({ name, address, halfwords }) => `${name}${disassemble(halfwords, address).trimEnd()}`,
    );
    const results = Object.entries(await this.#run([one]));
    const logs = results.map(([who, [words]]) => ({
      who,
      records: words === undefined ? undefined : takeApart(words),
    }));
    return `${code.join("\n")}\n${describeLogs(logs)}`;
  }
}

function withoutOneItem({ thread, handlers }: SystemCase): SystemCase[] {
  const fewer: SystemCase[] = thread.map((_, n) => ({
    thread: thread.filter((_, at) => at !== n),
    handlers,
  }));
  for (const [number, items] of handlers) {
    for (const n of items.keys()) {
      const rest = new Map(handlers);
      rest.set(
        number,
        items.filter((_, at) => at !== n),
      );
      fewer.push({ thread, handlers: rest });
    }
  }
  return fewer;
}

function same(a: Outcome, b: Outcome): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((word, n) => word === b[n]);
}

interface Log {
  readonly who: string;
  readonly records: readonly LogRecord[] | undefined;
}

/** The way to the first record that differs, and that record of each machine. */
function describeLogs(logs: readonly Log[]): string {
  const [first, ...others] = logs.map(({ records }) => records ?? []) as [LogRecord[], ...LogRecord[][]];
  const text = (record: LogRecord | undefined): string => JSON.stringify(record);
  let at = 0;
  while (at < first.length && others.every((other) => text(other[at]) === text(first[at]))) at++;
  const lines = first
    .slice(0, at)
    .map((record) => `  ${record.title} ${record.tag ?? ""}: ${words(record).slice(0, 12).join(" ")}`);
  for (const { who, records } of logs) {
    const record = records?.[at];
    const what = records === undefined ? "locked up" : record === undefined ? "no more" : record.title;
    lines.push(`  ${who}: ${what} ${record === undefined ? "" : different(record, first[at])}`);
  }
  return lines.join("\n");
}

const hex = (value: number | undefined): string => (value ?? 0).toString(16);
const words = ({ names, values }: LogRecord): string[] => names.map((name, n) => `${name}=${hex(values[n])}`);

/** Of a record: all words for the first machine, for the others those that differ from its. */
function different(record: LogRecord, from: LogRecord | undefined): string {
  if (from === undefined || from === record || from.title !== record.title) return words(record).join(" ");
  return words(record)
    .filter((_, n) => record.values[n] !== from.values[n])
    .join(" ");
}

export interface SystemReport {
  readonly cases: number;
  /** Exceptions that were entered. */
  readonly entries: number;
  readonly lockups: number;
  readonly differences: readonly string[];
}

const CASES_PER_BATCH = 250;

/** Compares `count` cases; stops after the first batch that differs. */
export async function compareSystem(seed: number, count: number): Promise<SystemReport> {
  const random = new Random(seed);
  const comparison = new SystemComparison();
  const differences: string[] = [];
  let cases = 0;
  while (cases < count && differences.length === 0) {
    const drawn = Array.from({ length: Math.min(CASES_PER_BATCH, count - cases) }, () => makeCase(random));
    const difference = await comparison.compare(drawn);
    if (difference !== undefined) differences.push(difference);
    cases += drawn.length;
  }
  return { cases, entries: comparison.entries, lockups: comparison.lockups, differences };
}
