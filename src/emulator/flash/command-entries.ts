/** What the command tables of the parts are written with. */

import type { CommandSpec } from "./part.js";

export const MHZ = 1e6;
/** Nanoseconds. */
export const MS = 1e6;
/** Nanoseconds. */
export const US = 1e3;
export const KIB = 1024;

/** Highest clock of a command of these parts, where its row names no lower one. */
export const FULL = 133 * MHZ;

/** Lengths of a wrapped read, by two bits of "Set Read Parameters" or "Set Burst with Wrap". */
export const WRAP_LENGTHS = [8, 16, 32, 64] as const;

export type Entry = readonly [code: number, spec: CommandSpec];

export const plain = (
  code: number,
  name: string,
  kind: CommandSpec["kind"],
  extra?: Partial<CommandSpec>,
): Entry => [code, { name, kind, maxHz: FULL, ...extra }];

/** The command needs QE. */
export const quad = { needsQuadEnable: true } as const;

/** In QPI mode every phase of every command uses four lines. */
export function qpiEntry([code, spec]: Entry): Entry {
  const dummy = typeof spec.dummy === "number" ? { dummy: spec.dummy / 4 } : {};
  return [
    code,
    {
      ...spec,
      ...dummy,
      ...(spec.address === undefined ? {} : { address: 4 }),
      ...(spec.data === undefined ? {} : { data: 4 }),
    },
  ];
}
