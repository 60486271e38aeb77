/** What code has in memory as constants: literals and branch tables in pages with code. */

import type { CortexM7 } from "../core.js";
import type { Insn } from "../decode/insn.js";
import { PAGE_SHIFT } from "../memory/view.js";
import type { BranchTable } from "./region.js";

/** First and last halfwords (addresses / 2). */
export type Span = readonly [first: number, last: number];

/** Entries of a branch table that are believed. */
const MAX_TABLE = 64;

/**
 * The table behind the instruction: it ends where the first of the code begins that it leads to.
 * @param literals takes what must not change
 */
export function branchTableAt(
  cpu: CortexM7,
  insn: Insn,
  halfwords: boolean,
  literals: Span[],
): BranchTable | undefined {
  if (insn.n !== 15) return undefined;
  const { bus, mem } = cpu;
  const size = halfwords ? 2 : 1;
  const start = (insn.pc + 4) >>> 0;
  const table = bus.peek(start, MAX_TABLE * size);
  if (table === undefined) return undefined;
  const targets: Insn[] = [];
  let end = MAX_TABLE * size;
  for (let at = 0; at < end; at += size) {
    const distance = ((table[at] as number) | (halfwords ? (table[at + 1] as number) << 8 : 0)) * 2;
    end = Math.min(end, distance);
    targets.push(mem.view.lookup((start + distance) | 0));
  }
  const place = { address: start, length: targets.length * size };
  return { targets, constant: literalAt(cpu, place, literals) !== undefined };
}

/**
 * What lies in a page with code. A change of it is told to the translator, as of code; where code may be executed, it may be read.
 * @param literals takes what must not change
 */
export function literalAt(
  { bus, mem }: CortexM7,
  { address, length }: { readonly address: number; readonly length: number },
  literals: Span[],
): DataView | undefined {
  const page = address >>> PAGE_SHIFT;
  const last = ((address >>> 0) + length - 1) >>> 0;
  // A page that is watched has no entry.
  if (last >>> PAGE_SHIFT !== page || mem.view.reads[page] === 0 || !mem.isCode(page)) return undefined;
  const bytes = bus.peek(address, length);
  if (bytes === undefined) return undefined;
  literals.push([address >>> 1, last >>> 1]);
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}
