/**
 * What the core may reach directly, and what it has decoded, under one set of permissions (MPU off; MPU on and
 * privileged; MPU on and unprivileged). A page is 4 KiB.
 */

import type { GuestMemory } from "../../guest-memory.js";
import { type Execute, Insn } from "../decode/insn.js";
import { PC_SHIFT } from "../interpret/layout.js";
import type { Records } from "../interpret/records.js";
import { DevicePlaces } from "./device-places.js";

const PAGES = 1 << 20;
export const PAGE_SHIFT = 12;

interface CodePage {
  readonly insns: (Insn | undefined)[];
  /** Records of the page; 0: none. */
  readonly records: number;
}

export class AccessView {
  /**
   * For each page, one less than what added to an address gives its place in `GuestMemory`; 0: the slow path must be asked.
   * One less, so that the lowest two bits of what is there are 1: translated code tests them together with those of the address.
   */
  readonly reads: Int32Array;
  readonly writes: Int32Array;
  /** Where devices that lend nothing may be read, and written. */
  readonly readDevices = new DevicePlaces();
  readonly writeDevices = new DevicePlaces();
  /** Permissions changed since the view was selected the last time. */
  stale = false;
  #filled: number[] = [];
  readonly #codePages: number[] = [];
  readonly #decode: Execute;
  /** Indexed by address bits 31:22, then 21:12, then 11:1. */
  readonly #code: ((CodePage | undefined)[] | undefined)[] = new Array(1024).fill(undefined);

  /** For each page, where its records lie; undefined where nothing but JavaScript executes. */
  readonly directory: Int32Array | undefined;
  readonly #records: Records | undefined;

  constructor(decode: Execute, memory: GuestMemory, records?: Records) {
    this.#decode = decode;
    this.#records = records;
    this.directory = records?.directory();
    this.reads = this.#table(memory);
    this.writes = this.#table(memory);
  }

  /** Pages (address / 4096) with instructions, decoded or not. */
  get codePages(): readonly number[] {
    return this.#codePages;
  }

  /** Does the page hold instructions, decoded or not? */
  hasCode(page: number): boolean {
    return this.#pageAt(page) !== undefined;
  }

  /** May an instruction lie in this page and in the one behind it? */
  entersNextPage(page: number): boolean {
    return this.#pageAt(page)?.insns.at(-1) !== undefined;
  }

  /** The instruction at an even address, decoded or not yet. */
  lookup(pc: number): Insn {
    const page = this.#code[pc >>> 22]?.[(pc >>> 12) & 1023];
    const insn = page?.insns[(pc >>> 1) & 2047];
    return insn ?? this.#create(pc);
  }

  /** The instruction at an even address inside an IT block. */
  lookupIt(pc: number, it: number): Insn {
    const plain = this.lookup(pc);
    if (it === 0) return plain;
    let insn: Insn = plain;
    while (insn.it !== it) {
      insn.variant ??= this.#variant(pc, it);
      insn = insn.variant;
    }
    return insn;
  }

  #variant(pc: number, it: number): Insn {
    const insn = new Insn(pc, it, this.#decode);
    insn.record = this.#records?.variant(insn) ?? 0;
    return insn;
  }

  allowRead(page: number, distance: number): void {
    this.reads[page] = distance;
    this.#filled.push(page);
  }

  allowWrite(page: number, distance: number): void {
    this.writes[page] = distance;
    this.#filled.push(page);
  }

  /** Forgets what may be reached directly and what was decoded. */
  flush(): void {
    this.forgetAccess();
    for (const page of this.#codePages) this.undecodePage(page);
  }

  forgetAccess(): void {
    for (const page of this.#filled) {
      this.reads[page] = 0;
      this.writes[page] = 0;
    }
    this.#filled = [];
    this.readDevices.clear();
    this.writeDevices.clear();
  }

  undecodePage(page: number): void {
    for (const insn of this.#pageAt(page)?.insns ?? []) this.#undecode(insn);
  }

  #pageAt(page: number): CodePage | undefined {
    return this.#code[page >>> 10]?.[page & 1023];
  }

  /** Drops the instructions that start in the halfwords from `first` to `last` (addresses / 2). */
  undecodeHalves(first: number, last: number): void {
    for (let half = first; half <= last; half++) {
      this.#undecode(this.#code[half >>> 21]?.[(half >>> 11) & 1023]?.insns[half & 2047]);
    }
  }

  #undecode(insn: Insn | undefined): void {
    for (let each = insn; each !== undefined; each = each.variant) {
      each.execute = this.#decode;
      this.#records?.clear(each);
    }
  }

  #create(pc: number): Insn {
    let table = this.#code[pc >>> 22];
    if (table === undefined) {
      table = new Array(1024).fill(undefined);
      this.#code[pc >>> 22] = table;
    }
    let page = table[(pc >>> 12) & 1023];
    if (page === undefined) {
      page = this.#createPage(pc);
      table[(pc >>> 12) & 1023] = page;
    }
    const insn = new Insn(pc & ~1, 0, this.#decode);
    if (page.records !== 0) insn.record = page.records + ((pc & 0xffe) << PC_SHIFT);
    page.insns[(pc >>> 1) & 2047] = insn;
    return insn;
  }

  #createPage(pc: number): CodePage {
    this.#codePages.push(pc >>> PAGE_SHIFT);
    const records = this.#records?.page(this, pc & ~0xfff) ?? 0;
    if (this.directory !== undefined) this.directory[pc >>> PAGE_SHIFT] = records;
    return { insns: new Array(2048).fill(undefined), records };
  }

  #table(memory: GuestMemory): Int32Array {
    const bytes = memory.allocate(PAGES * 4, () => this.forgetAccess());
    return new Int32Array(bytes.buffer, bytes.byteOffset, PAGES);
  }
}
