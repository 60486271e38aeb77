/**
 * Registers as text: "NAME offset reset mask", hexadecimal, separated by commas. A letter behind the mask tells the
 * bits that only hardware changes (`r`) or that only act when written (`w`); without one they are stored.
 */

import type { RegisterSpec } from "../registers.js";

/** What a model does with some bits of a register; the bits of the table that it does not name are tagged. */
export type RegisterAction = Partial<Omit<RegisterSpec, "offset" | "reset" | "tagged">>;

/** Every bit that the table has. */
export const ALL = 0xffff_ffff;

interface Row {
  readonly name: string;
  readonly offset: number;
  readonly reset: number;
  readonly mask: number;
  /** What its bits are where an action does not say. */
  readonly kind: "ro" | "wo" | "tagged";
  /** As it is where nobody acts on it. */
  readonly plain: RegisterSpec;
}

/** Every board reads the same tables, and a simulation makes thousands of boards. */
const rowsOfText = new Map<string, readonly Row[]>();

function rowsOf(text: string): readonly Row[] {
  const known = rowsOfText.get(text);
  if (known !== undefined) return known;
  const rows = text.split(",").map((row): Row => {
    const [name, offset, reset, bits] = row.trim().split(/\s+/);
    if (name === undefined || offset === undefined || reset === undefined || bits === undefined) {
      throw new RangeError(`register table: "${row.trim()}" is not "NAME offset reset mask"`);
    }
    const [at, value, mask] = [offset, reset, bits].map((digits) => Number.parseInt(digits, 16)) as [
      number,
      number,
      number,
    ];
    const letter = bits.at(-1);
    const kind = letter === "r" ? "ro" : letter === "w" ? "wo" : "tagged";
    const plain = { offset: at, reset: value, [kind]: mask };
    return { name, offset: at, reset: value, mask, kind, plain };
  });
  rowsOfText.set(text, rows);
  return rows;
}

/** Tables that nothing acts on: the same for every board. */
const plainOfText = new Map<string, Record<string, RegisterSpec>>();
const NO_ACTIONS: Readonly<Record<string, RegisterAction>> = {};

const namesOfText = new Map<string, ReadonlySet<string>>();

/** The registers that a table has. */
export function registerNames(text: string): ReadonlySet<string> {
  const known = namesOfText.get(text) ?? new Set(rowsOf(text).map(({ name }) => name));
  namesOfText.set(text, known);
  return known;
}

export function registerTable(
  text: string,
  actions: Readonly<Record<string, RegisterAction>> = NO_ACTIONS,
): Record<string, RegisterSpec> {
  const known = actions === NO_ACTIONS ? plainOfText.get(text) : undefined;
  if (known !== undefined) return { ...known };
  const specs: Record<string, RegisterSpec> = {};
  for (const row of rowsOf(text)) {
    const action = actions[row.name];
    specs[row.name] = action === undefined ? row.plain : specOf(row, action);
  }
  for (const name of Object.keys(actions)) {
    if (!(name in specs)) throw new RangeError(`register table: there is no ${name} to act on`);
  }
  if (actions === NO_ACTIONS) plainOfText.set(text, { ...specs });
  return specs;
}

/** A literal and no spreading of what a table says: a board has thousands of registers, and a simulation makes thousands of boards. */
function specOf({ offset, reset, mask, kind }: Row, action: RegisterAction): RegisterSpec {
  const { rw, ro, w1c, wo, quiet, onRead, onWrite } = action;
  const unnamed = rw === undefined && ro === undefined && w1c === undefined && wo === undefined;
  const named = (rw ?? 0) | (ro ?? 0) | (w1c ?? 0) | (wo ?? 0);
  const rest = (of: Row["kind"]): number =>
    unnamed ? (of === kind ? mask : 0) : of === "tagged" ? mask & ~named : 0;
  return {
    offset,
    reset,
    rw: (mask & (rw ?? 0)) >>> 0,
    ro: (rest("ro") | (mask & (ro ?? 0))) >>> 0,
    w1c: (mask & (w1c ?? 0)) >>> 0,
    wo: (rest("wo") | (mask & (wo ?? 0))) >>> 0,
    tagged: rest("tagged") >>> 0,
    quiet,
    onRead,
    onWrite,
  };
}

/** The same row for each of `count` units: `#` in `row` stands for the unit's number, offsets move by `stride`. */
export function repeatRows(rows: string, count: number, stride: number): string {
  const all: string[] = [];
  for (let unit = 0; unit < count; unit++) {
    for (const row of rows.split(",")) {
      const [name = "", offset = "", ...rest] = row.trim().split(/\s+/);
      const moved = (Number.parseInt(offset, 16) + unit * stride).toString(16);
      all.push([name.replace("#", String(unit)), moved, ...rest].join(" "));
    }
  }
  return all.join(", ");
}
