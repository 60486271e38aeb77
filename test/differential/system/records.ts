/** What a case logged, taken apart: entries of exceptions, results of items, the end (harness.s, `entry` and `finish`). */

const ENTRY = [
  "IPSR",
  "LR",
  "MSP",
  "PSP",
  "PRIMASK",
  "BASEPRI",
  "FAULTMASK",
  "CONTROL",
  "ICSR",
  "SHCSR",
  "CFSR",
  "HFSR",
  "MMFAR",
  "BFAR",
  "ISPR0",
  "IABR0",
  "FPCCR",
  "FPCAR",
  ...Array.from({ length: 7 }, (_, n) => `r${n + 4}`),
];
const FRAME = ["r0", "r1", "r2", "r3", "r12", "lr", "pc", "xPSR"].map((name) => `stacked ${name}`);
const FLOATING = [...Array.from({ length: 16 }, (_, n) => `stacked s${n}`), "stacked FPSCR"];
const END = [
  "IPSR",
  "PRIMASK",
  "BASEPRI",
  "FAULTMASK",
  "MSP",
  "PSP",
  "CONTROL",
  "MPU_CTRL",
  "ICSR",
  "SHCSR",
  "CFSR",
  "HFSR",
  "ISPR0",
  "IABR0",
  "FPCCR",
  "FPCAR",
  "CCR",
  "CPACR",
  ...Array.from({ length: 32 }, (_, n) => `s${n}`),
  "FPSCR",
  "sum of the stacks",
  "sum of the data",
];
const TAG_ENTRY = 0xee;
const TAG_END = 0xed;
const STACK_FIRST = 0x20000000;
const STACK_END = 0x203f0000;

export interface LogRecord {
  readonly title: string;
  /** Of the item that logged, or undefined. */
  readonly tag: number | undefined;
  readonly names: readonly string[];
  readonly values: readonly number[];
}

export function takeApart(words: Uint32Array): LogRecord[] {
  const found: LogRecord[] = [];
  for (let at = 0; at < words.length; ) {
    const record = recordAt(words, at);
    found.push(record);
    at += record.names.length + (record.tag === undefined ? 0 : 1);
  }
  return found;
}

function recordAt(words: Uint32Array, at: number): LogRecord {
  const head = words[at] as number;
  const take = (title: string, names: readonly string[]): LogRecord => ({
    title,
    tag: undefined,
    names,
    values: [...words.subarray(at, at + names.length)],
  });
  if (head >>> 24 === TAG_END) return take("end", END);
  if (head >>> 24 === TAG_ENTRY) return take(`entry of exception ${head & 0x1ff}`, entryNames(words, at));
  const count = (head >>> 12) & 15;
  const tag = head & 0xfff;
  const names = Array.from({ length: count }, (_, n) => `r${n + 1}`);
  return { title: "result", tag, names, values: [...words.subarray(at + 1, at + 1 + count)] };
}

/** As the harness does: the frame only where it lies in memory, the floating-point part when EXC_RETURN tells of it. */
function entryNames(words: Uint32Array, at: number): string[] {
  const value = (name: string): number => words[at + ENTRY.indexOf(name)] as number;
  const lr = value("LR");
  const frame = (lr & 4) === 0 ? value("MSP") : value("PSP");
  if (frame < STACK_FIRST || frame >= STACK_END || (frame & 3) !== 0) return ENTRY;
  return [...ENTRY, ...FRAME, ...((lr & 0x10) === 0 ? FLOATING : [])];
}
