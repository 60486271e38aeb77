/** A system-level case and the image of a batch of them (harness.s has the layout). */
import { BATCH_BASE, CODE_BASE, type Load } from "../machines.js";
import { bx, mov32, NOP } from "./thumb.js";

/** Where the code of a case is executed. */
export const CODE = 0x10000;
export const CODE_BYTES = 0x4000;
/** Memory that cases load from and store to. */
export const DATA = 0x20010000;
/** Code that regions are laid over (harness.s, `fill_window`). */
export const WINDOW = 0x20018000;
/** Where this case tells the harness which bits of ICSR it cannot compare. */
export const UNKNOWN_ICSR = 0x2000000c;
/** A second vector table, which ends with memory: vectors from 32 on cannot be read. */
export const VECTORS = 0x60ffff80;
/** Exception numbers with a handler of their own: the system's and 32 interrupts. */
export const EXCEPTIONS = 48;
const DESCRIPTOR = 0x100;
/** In the harness: where handlers and the thread go at their end. */
const LEAVE_AT = 0xc0;
const END_AT = 0xc4;
const LOG_POINTER = 11;
const RESUME = 9;

/** What may be taken away from a case as one. */
export interface Item {
  readonly name: string;
  readonly halfwords: readonly number[];
}

export interface SystemCase {
  readonly thread: readonly Item[];
  /** By exception number; the others only log and return. */
  readonly handlers: ReadonlyMap<number, readonly Item[]>;
}

/** An item begins on a word. */
export function item(name: string, ...code: readonly (number | readonly number[])[]): Item {
  const halfwords = code.flat();
  return { name, halfwords: halfwords.length % 2 === 0 ? halfwords : [...halfwords, NOP] };
}

/** Code that logs r1 to r`count` as the result of an item. Uses r0. */
export function log(tag: number, count: number): number[] {
  const [first, second] = mov32(0, (count << 12) | tag) as [number, number];
  const list = (1 << (count + 1)) - 1;
  return [first, second, 0xe8a0 | LOG_POINTER, list];
}

/** Code that makes r9 lead to what follows the next `halfwords` halfwords. Begins on a word. */
export function resumeBehind(halfwords: number): number[] {
  // ADR.W r9 counts from the word behind it.
  const offset = halfwords * 2 + 1;
  return [0xf20f, (RESUME << 8) | offset];
}

const jump = (address: number): number[] => [...mov32(12, address), bx(12)];

export interface Placed {
  readonly name: string;
  readonly address: number;
  readonly halfwords: readonly number[];
}

interface Laid {
  readonly code: readonly number[];
  readonly handlers: readonly number[];
  readonly placed: readonly Placed[];
}

/** Puts the code of a case together for `CODE`. */
export function layOut(one: SystemCase, routine: (at: number) => number): Laid {
  const code: number[] = [];
  const placed: Placed[] = [];
  const place = (where: string, items: readonly Item[], last: readonly number[]): number => {
    const start = CODE + code.length * 2;
    for (const { name, halfwords } of items) {
      placed.push({ name: `${where}: ${name}`, address: CODE + code.length * 2, halfwords });
      code.push(...halfwords);
    }
    code.push(...last);
    if (code.length % 2 !== 0) code.push(NOP);
    return start | 1;
  };
  place("thread", one.thread, jump(routine(END_AT)));
  const leave = jump(routine(LEAVE_AT));
  const plain = place("", [], leave);
  const handlers = Array.from({ length: EXCEPTIONS }, (_, number) => {
    const items = one.handlers.get(number);
    return items === undefined ? plain : place(`exception ${number}`, items, leave);
  });
  if (code.length * 2 > CODE_BYTES) throw new RangeError("a case is longer than its room");
  return { code, handlers, placed };
}

/** @returns what all machines are loaded with to run `cases` from a number on */
export function batch(harness: Uint8Array, cases: readonly SystemCase[]): (first: number) => Load[] {
  const table = new DataView(harness.buffer, harness.byteOffset);
  const laid = cases.map((one) => layOut(one, (at) => table.getUint32(at, true)));
  const codeAt = DESCRIPTOR * (cases.length + 1);
  const bytes = new Uint8Array(codeAt + laid.reduce((sum, { code }) => sum + code.length * 2, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cases.length, true);
  let at = codeAt;
  for (const [index, { code, handlers }] of laid.entries()) {
    const descriptor = DESCRIPTOR * (index + 1);
    const words = [at, code.length * 2, ...handlers];
    for (const [n, word] of words.entries()) view.setUint32(descriptor + n * 4, word, true);
    for (const [n, half] of code.entries()) view.setUint16(at + n * 2, half, true);
    at += code.length * 2;
  }
  return (first) => {
    view.setUint32(4, first, true);
    return [
      { address: CODE_BASE, bytes: harness },
      { address: BATCH_BASE, bytes },
    ];
  };
}
