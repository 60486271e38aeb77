import type { CortexM7 } from "../core.js";
import { Kind, Word } from "./state.js";

/** Works out N, Z, C and V from what translated code left of them (state.ts). */
export function takeFlags(cpu: CortexM7, state: Int32Array): void {
  const nz = state[Word.nz] as number;
  cpu.nr = nz;
  cpu.zr = nz;
  const a = state[Word.fa] as number;
  const b = state[Word.fb] as number;
  const sum = (a + b) | 0;
  const difference = (a - b) | 0;
  const ck = state[Word.ck] as number;
  const vk = state[Word.vk] as number;
  if (ck === Kind.stored) cpu.c = state[Word.fc] as number;
  else if (ck === Kind.subtraction) cpu.c = a >>> 0 >= b >>> 0 ? 1 : 0;
  else cpu.c = sum >>> 0 < a >>> 0 ? 1 : 0;
  if (vk === Kind.stored) cpu.v = b;
  else if (vk === Kind.subtraction) cpu.v = ((a ^ b) & (a ^ difference)) >>> 31;
  else cpu.v = ((a ^ sum) & (b ^ sum)) >>> 31;
}
