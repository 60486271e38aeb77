/** Records of decoded instructions, in `GuestMemory`: what the interpreter's loop executes. */

import type { GuestMemory } from "../../guest-memory.js";
import { conditional } from "../decode/decode.js";
import { withPc, withSp } from "../decode/decode-helpers.js";
import type { Execute, Insn } from "../decode/insn.js";
import * as data from "../execute/ops-data.js";
import { type AccessView, PAGE_SHIFT } from "../memory/view.js";
import { count } from "../translate/translator.js";
import { At, COUNTED, Field, PAGE_RECORDS, RECORD_BYTES, RECORD_PAGE_BYTES, UNCOUNTED } from "./layout.js";
import { FIRST_RARE, OPERATIONS, type Operation, operationOf } from "./operations.js";

const PAGES = 1 << 20;
/** For 2 MiB of code, of which only what executes takes memory. Code that finds no room is executed by JavaScript. */
const RECORDS_BYTES = 512 * RECORD_PAGE_BYTES;
/** An instruction in an IT block has two: the condition, and what it guards. */
const VARIANT_RECORDS = 2;

/** A power of two. */
const RECENT = 256;

/** Where a page of records belongs: code at an address, or instructions in IT blocks. */
type Owner = { readonly view: AccessView; readonly pc: number } | readonly Insn[];

export class Records {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  /** Is there a translator that wants to know how often blocks begin? */
  counts = false;
  /** An instruction was decoded whose operation is beside the loop. */
  onRare: () => void = () => {};
  readonly #start: number;
  #used = 0;
  readonly #owners: Owner[] = [];
  /** Instructions that were asked for lately, by their records. */
  readonly #recent: (Insn | undefined)[] = new Array<undefined>(RECENT).fill(undefined);
  /** The page that variants are put into: first record, and what they are. */
  #variants: { readonly page: number; readonly insns: Insn[] } | undefined;
  readonly #memory: GuestMemory;

  /** Undefined where `GuestMemory` is no memory of WebAssembly, or has no room. */
  static make(memory: GuestMemory): Records | undefined {
    if (memory.linear === undefined) return undefined;
    let records: Records | undefined;
    const bytes = memory.allocate(RECORDS_BYTES, () => records?.forget());
    if (memory.holds(bytes)) records = new Records(memory, bytes);
    return records;
  }

  private constructor(memory: GuestMemory, bytes: Uint8Array) {
    this.#memory = memory;
    this.bytes = memory.bytes;
    this.halves = memory.halves;
    this.words = memory.words;
    this.#start = bytes.byteOffset;
  }

  /** Records of each page of code under the permissions of a view. */
  directory(): Int32Array {
    const bytes = this.#memory.allocate(PAGES * 4, () => {
      for (const owner of this.#owners) if ("view" in owner) directory[owner.pc >>> PAGE_SHIFT] = 0;
    });
    const directory = new Int32Array(bytes.buffer, bytes.byteOffset, PAGES);
    return directory;
  }

  /** Nobody will execute them any more. */
  forget(): void {
    this.bytes.fill(0, this.#start, this.#start + this.#used);
  }

  /** Records for the 4 KiB of code from `pc` on; 0 when there is no room. */
  page(view: AccessView, pc: number): number {
    return this.#page({ view, pc });
  }

  #page(owner: Owner): number {
    if (this.#used === RECORDS_BYTES) return 0;
    const record = this.#start + this.#used;
    this.#used += RECORD_PAGE_BYTES;
    this.#owners.push(owner);
    return record;
  }

  /** Records of an instruction in an IT block; 0 when there is no room. */
  variant(insn: Insn): number {
    if (this.#variants === undefined || this.#variants.insns.length === PAGE_RECORDS / VARIANT_RECORDS) {
      const insns: Insn[] = [];
      this.#variants = { insns, page: this.#page(insns) };
    }
    const { page, insns } = this.#variants;
    if (page === 0) return 0;
    return page + (insns.push(insn) - 1) * VARIANT_RECORDS * RECORD_BYTES;
  }

  /** The instruction whose record this is. */
  insnAt(record: number): Insn {
    const slot = (record / RECORD_BYTES) & (RECENT - 1);
    const recent = this.#recent[slot];
    if (recent?.record === record) return recent;
    const insn = this.#find(record);
    this.#recent[slot] = insn;
    return insn;
  }

  #find(record: number): Insn {
    const n = (record - this.#start) / RECORD_BYTES;
    const owner = this.#owners[(n / PAGE_RECORDS) | 0] as Owner;
    const index = n % PAGE_RECORDS;
    if ("view" in owner) return owner.view.lookup((owner.pc + index * 2) | 0);
    return owner[(index / VARIANT_RECORDS) | 0] as Insn;
  }

  /** Can the loop execute the instruction? */
  has(insn: Insn): boolean {
    return this.halves[insn.record >>> 1] !== 0;
  }

  /** The instruction is to be decoded anew. */
  clear(insn: Insn): void {
    if (insn.record !== 0) this.halves[insn.record >>> 1] = 0;
  }

  /** How often the instruction may still begin a block, as far as its record counts. */
  heat(insn: Insn): number {
    const heat = insn.record === 0 ? 0 : (this.halves[(insn.record + At.heat) >>> 1] as number);
    return heat === UNCOUNTED ? 0 : heat;
  }

  setHeat(insn: Insn, heat: number): void {
    if (insn.record !== 0) this.halves[(insn.record + At.heat) >>> 1] = heat;
  }

  /** What the instruction does has changed. */
  update(insn: Insn): void {
    if (insn.record === 0) return;
    const { leader } = insn;
    const counted = insn.execute === count && leader !== undefined;
    let heat = this.counts && leader === undefined ? 0 : UNCOUNTED;
    if (leader !== undefined) {
      leader.heat += this.heat(insn);
      if (counted) {
        heat = Math.max(0, Math.min(leader.heat - 1, UNCOUNTED - 1));
        leader.heat -= heat;
      }
    }
    this.setHeat(insn, heat);
    const execute = counted ? leader.plain : insn.execute;
    if (execute === conditional) {
      this.#guarded(insn);
      return;
    }
    const number = this.#fill(insn.record, insn, execute);
    this.halves[insn.record >>> 1] = counted && number !== 0 ? number | COUNTED : number;
  }

  #guarded(insn: Insn): void {
    const inner = insn.record + RECORD_BYTES;
    this.halves[inner >>> 1] = this.#fill(inner, insn, insn.guarded);
    this.words[(insn.record + At.next) >>> 2] = insn.next.record;
    this.halves[insn.record >>> 1] = insn.next.record === 0 ? 0 : 1 + (insn.it >>> 4);
  }

  /** Writes all but the number of the operation, and returns that. */
  #fill(record: number, insn: Insn, execute: Execute): number {
    let imm = insn.imm;
    let does = execute;
    if (execute === withPc && insn.m === 15 && insn.d !== 15) {
      // MOV Rd, PC and ADD Rd, PC.
      imm = (insn.pc + 4) | 0;
      if (insn.inner === data.movReg) does = data.movImm;
      else if (insn.inner === data.addReg) does = data.addImm;
    } else if (execute === withSp && insn.n === 13 && (insn.imm & 3) === 0) {
      if (insn.inner === data.addImm || insn.inner === data.subImm) does = insn.inner;
    }
    const number = operationOf(insn, does);
    if (number === 0) return 0;
    if (number >= FIRST_RARE) this.onRare();
    const operation = OPERATIONS[number] as Operation;
    const { control, immediate } = operation;
    const next = control === "branch" ? insn.target.record : insn.next.record;
    if (next === 0 || (control === "conditional" && insn.target.record === 0)) return 0;
    if (control === "conditional") imm = insn.target.record;
    else if (immediate === "pc") imm = (insn.pc + 4) | 0;
    else if (immediate === "link") imm = insn.next.pc | 1;
    else if (immediate === "shift") imm = insn.kind;
    const { bytes, words } = this;
    const { doubles } = operation;
    bytes[record + At.d] = insn.d * (doubles.includes(Field.d) ? 8 : 4);
    bytes[record + At.n] = insn.n * (doubles.includes(Field.n) ? 8 : 4);
    bytes[record + At.m] = insn.m * (doubles.includes(Field.m) ? 8 : 4);
    bytes[record + At.a] = operation.aIsRegister ? insn.a * 4 : insn.a;
    words[(record + At.imm) >>> 2] = imm;
    words[(record + At.next) >>> 2] = next;
    return number;
  }
}
