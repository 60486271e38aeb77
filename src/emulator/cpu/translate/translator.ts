/**
 * The second engine: what executes often becomes WebAssembly (function.ts). Translated code touches nothing but registers and
 * lent memory, and stops before everything else: accesses to devices, faults, exceptions, instructions that are rare. There
 * the interpreter goes on, with all state as it would be without this engine, to the cycle.
 */

import { webAssembly } from "../../web-assembly.js";
import type { CortexM7 } from "../core.js";
import { decode } from "../decode/decode.js";
import type { Execute, Insn } from "../decode/insn.js";
import type { OutsideAccess } from "../memory/outside-access.js";
import { type AccessView, PAGE_SHIFT } from "../memory/view.js";
import { Compiler } from "./compiler.js";
import { branchTableAt, literalAt, type Span } from "./constants.js";
import type { Exit, Places } from "./emit.js";
import { giveFlags, giveFloat, takeFlags, takeFloat } from "./flags.js";
import { NO_EXIT, RegionFunction } from "./function.js";
import { outsideFunctions } from "./outside-functions.js";
import { type Region, RegionBuilder } from "./region.js";
import {
  BLOCK_BITS,
  HASH_BYTES,
  HASH_EMPTY,
  HASH_PRESENT,
  hashOffset,
  MAX_FUNCTIONS,
  Word,
} from "./state.js";
import type { FunctionSource } from "./wasm.js";

const DEFAULT_HOT = 10_000;
/** A block that began less often than this part of that is left out of what is translated. */
const COLD_PART = 64;
/** What entering translated code costs, in instructions that the interpreter could execute meanwhile. */
const ENTER_COST = 20;
/** Credit of translated code that is entered: at most, and where it is interpreted again. */
const CREDIT = { most: 2000, least: -2000 } as const;
/** How often a block that did not pay begins before it is entered again. */
const RETRY = 20_000;
/** How often an exit is taken before translated code may begin behind it. */
const OFTEN = 4;
/** What is hot waits for others for this part of the time it took, to be compiled together with them; and for so many at most. */
const WAITING_PART = 4;
const MAX_WAITING = 256;
const SP = 13;

/** What the engine knows of an instruction that blocks begin with. */
export class Leader {
  /** What the instruction does when it is neither counted nor translated. */
  plain: Execute;
  /** Times that it may still begin before it is translated. */
  heat: number;
  /** Function and block, or -1. */
  key = -1;
  /** Reached by an address that was computed. */
  dynamic = false;
  /** It cannot be translated. */
  hopeless = false;
  /** Instructions that entering it saved, or cost when negative. */
  credit = 0;

  constructor(plain: Execute, heat: number) {
    this.plain = plain;
    this.heat = heat;
  }
}

interface Installed {
  readonly number: number;
  /** First instructions of its blocks. */
  readonly starts: readonly Insn[];
  readonly exits: readonly Exit[];
  /** Its code looks after FPSCR.FZ. */
  readonly flushes: boolean;
  readonly view: AccessView;
  readonly hash: Int32Array;
  /** Of its blocks, and of what it has from memory as constants. */
  readonly ranges: readonly Span[];
}

export class Translator {
  readonly #cpu: CortexM7;
  readonly #makeCompiler: () => Compiler;
  /** Made for the first region: many boards live too shortly for one. */
  #compiler: Compiler | undefined;
  readonly #state: Int32Array;
  readonly #hashes: ReadonlyMap<AccessView, Int32Array>;
  readonly #installed: (Installed | undefined)[] = [];
  /** Regions with code in a page (address / 4096). */
  readonly #byPage = new Map<number, Set<Installed>>();
  readonly #hot: number;
  /** What is to be translated next under the permissions of a view. */
  readonly #waiting: ReadonlyMap<AccessView, Set<Insn>>;
  /** Instructions that were seen to access memory unaligned. */
  readonly #unalignedSeen = new WeakSet<Insn>();
  /** Those that were seen to access what translated code does not reach itself. */
  readonly #outsideSeen = new WeakSet<Insn>();
  readonly #outside: OutsideAccess;
  /** What was dropped since translated code was entered: it may be what executes. */
  readonly #dropped = new Map<number, Installed>();
  /** Cycles that passed in translated code. */
  cycles = 0;

  /** Undefined where there is no WebAssembly, or where the core's own memory does not lie in `GuestMemory`. */
  static make(cpu: CortexM7, outside: OutsideAccess): Translator | undefined {
    const { memory } = cpu.bus;
    const { linear } = memory;
    const hashes = cpu.mem.views.map(() => memory.allocate(HASH_BYTES));
    const own = [cpu.r, ...cpu.mem.views.flatMap(({ reads, writes }) => [reads, writes]), ...hashes];
    if (webAssembly === undefined || linear === undefined) return undefined;
    if (!own.every(({ buffer }) => buffer === linear.buffer)) return undefined;
    const api = webAssembly;
    const functions = outsideFunctions(cpu, outside);
    return new Translator(cpu, hashes, outside, () => new Compiler(api, linear, cpu.r.byteOffset, functions));
  }

  private constructor(
    cpu: CortexM7,
    hashes: readonly Uint8Array[],
    outside: OutsideAccess,
    makeCompiler: () => Compiler,
  ) {
    this.#cpu = cpu;
    this.#hot = cpu.options.translateAfter ?? DEFAULT_HOT;
    this.#outside = outside;
    this.#state = outside.state;
    this.#makeCompiler = makeCompiler;
    this.#waiting = new Map(cpu.mem.views.map((view) => [view, new Set()]));
    this.#hashes = new Map(cpu.mem.views.map((view, n) => [view, words(hashes[n] as Uint8Array)]));
  }

  /** Regions that were translated so far. */
  get translated(): number {
    return this.#installed.length;
  }

  /** Instructions before which translated code gave way to the interpreter, and how often. */
  *leavings(): Generator<readonly [insn: Insn, times: number]> {
    for (const installed of this.#installed)
      for (const { insn, taken } of installed?.exits ?? []) if (taken > 0) yield [insn, taken];
  }

  /** Counts how often the instruction begins a block. @param dynamic by an address that was computed */
  lead(insn: Insn, dynamic = false): void {
    if (insn.it !== 0) return;
    const leader = insn.leader;
    if (leader === undefined) {
      insn.leader = new Leader(insn.execute, this.#hot);
      insn.leader.dynamic = dynamic;
      this.#set(insn, count);
    } else if (dynamic && !leader.hopeless) {
      leader.dynamic = true;
      if (insn.execute === leader.plain) this.#set(insn, count);
    }
  }

  /** The instruction, a leader, was decoded. */
  decoded(insn: Insn): void {
    const leader = insn.leader as Leader;
    leader.plain = insn.execute;
    leader.key = -1;
    leader.hopeless = false;
    this.#count(insn, this.#hot);
  }

  #set(insn: Insn, execute: Execute): void {
    insn.execute = execute;
    this.#cpu.records?.update(insn);
  }

  /** Counts so many beginnings of a block. */
  #count(insn: Insn, heat: number): void {
    this.#cpu.records?.setHeat(insn, 0);
    (insn.leader as Leader).heat = heat;
    this.#set(insn, count);
  }

  /** Code in these halfwords (addresses / 2) changed, or is to be decoded again. */
  forget(first: number, last: number): void {
    const [from, to] = [first >>> (PAGE_SHIFT - 1), last >>> (PAGE_SHIFT - 1)];
    for (const page of to - from < this.#byPage.size ? pages(from, to) : this.#byPage.keys()) {
      for (const one of this.#byPage.get(page) ?? [])
        if (one.ranges.some((range) => range[0] <= last && first <= range[1])) this.#invalidate(one);
    }
  }

  /** Everything that was decoded under these permissions is to be decoded again. */
  forgetView(view: AccessView): void {
    for (const one of this.#installed) if (one?.view === view) this.#invalidate(one);
  }

  /** Executes translated code from `insn` on, whose cycle is counted already. */
  enter(insn: Insn): Insn {
    const cpu = this.#cpu;
    const { timeline } = cpu;
    const leader = insn.leader as Leader;
    const state = this.#state;
    if (!giveFlags(cpu, state)) return leader.plain(cpu, insn);
    timeline.cycles--;
    const before = timeline.cycles;
    if (this.#dropped.size > 0) this.#dropped.clear();
    this.#outside.begin();
    giveFloat(cpu.fpu, state);
    try {
      this.#compiler?.run(leader.key);
    } catch (error) {
      this.#outside.unwound(error);
      return cpu.at;
    }
    const next = this.#leave();
    const passed = timeline.cycles - before;
    this.cycles += passed;
    this.#judge(insn, leader, passed);
    return next;
  }

  /** What is left after few instructions again and again is better interpreted. */
  #judge(insn: Insn, leader: Leader, cycles: number): void {
    leader.credit = Math.min(leader.credit + cycles - ENTER_COST, CREDIT.most);
    if (leader.credit > CREDIT.least || insn.execute !== enter) return;
    this.#count(insn, RETRY);
  }

  #leave(): Insn {
    const cpu = this.#cpu;
    const { timeline } = cpu;
    const state = this.#state;
    const { limit } = this.#outside;
    takeFlags(cpu, state);
    takeFloat(cpu.fpu, state);
    this.#outside.end();
    this.#outside.rethrow();
    const rem = state[Word.rem] as number;
    const number = state[Word.exit] as number;
    if (number === NO_EXIT) {
      timeline.cycles = limit - rem;
      return this.#untranslated(cpu.mem.view.lookup(state[Word.pc] as number));
    }
    const fn = state[Word.fn] as number;
    const installed = (this.#installed[fn] ?? this.#dropped.get(fn)) as Installed;
    const exit = installed.exits[number] as Exit;
    const { insn } = exit;
    timeline.cycles = limit - rem - exit.uncounted;
    // What it does once only, such as the first access to a page, is no reason to begin a block behind it.
    if (!exit.limit && ++exit.taken === OFTEN) this.#leftOften(installed, exit);
    if (timeline.cycles >= limit) return insn;
    timeline.cycles++;
    cpu.at = insn;
    return plainOf(insn)(cpu, insn);
  }

  /** Unaligned accesses, those that JavaScript does, and FPSCR.FZ get code of their own; else a block begins behind what only the interpreter does. */
  #leftOften(installed: Installed, { insn, access }: Exit): void {
    const address = this.#state[Word.address] as number;
    const there = installed.view.reads[address >>> PAGE_SHIFT] !== 0;
    const seen = (address & 3) !== 0 && there ? this.#unalignedSeen : this.#outsideSeen;
    // LDR SP is not done when the load is.
    if (this.#cpu.fpu.flushToZero && !installed.flushes) this.#invalidate(installed);
    else if (!access || seen.has(insn) || insn.d === SP || insn.record === 0) this.lead(insn.next, true);
    else {
      seen.add(insn);
      this.#invalidate(installed);
    }
  }

  /** A computed address that the table of addresses does not have, or not any more. */
  #untranslated(insn: Insn): Insn {
    if (insn.leader !== undefined && insn.execute === enter) this.#publish(insn, insn.leader.key);
    else this.lead(insn, true);
    return insn;
  }

  /** What begins with `insn` is hot: translates it, or lets it wait for others. */
  translate(insn: Insn): void {
    const { view } = this.#cpu.mem;
    const leader = insn.leader as Leader;
    if (leader.key >= 0) {
      leader.credit = 0;
      this.#set(insn, enter);
      return;
    }
    const waiting = this.#waiting.get(view) as Set<Insn>;
    const time = Math.floor(this.#hot / WAITING_PART);
    if (time > 0 && !waiting.has(insn) && waiting.size < MAX_WAITING) {
      waiting.add(insn);
      this.#count(insn, time);
      return;
    }
    waiting.add(insn);
    this.#translateAll(waiting);
    waiting.clear();
  }

  #translateAll(insns: ReadonlySet<Insn>): void {
    if (this.#installed.length + insns.size > MAX_FUNCTIONS) this.#forgetAll();
    const first = this.#installed.length;
    const sources: FunctionSource[] = [];
    for (const insn of insns) {
      // It may have changed, or have become part of another region.
      const source = insn.execute === count ? this.#translateOne(insn) : undefined;
      if (source !== undefined) sources.push(source);
    }
    if (sources.length === 0) return;
    this.#compiler ??= this.#makeCompiler();
    this.#compiler.add(first, sources);
  }

  /** Undefined when that cannot be translated. */
  #translateOne(insn: Insn): FunctionSource | undefined {
    const { view } = this.#cpu.mem;
    const leader = insn.leader as Leader;
    const literals: Span[] = [];
    const builder = new RegionBuilder({
      executeOf,
      isCold: (one) => one.execute === count && this.#hot - this.#heat(one) < this.#hot / COLD_PART - 1,
      isDynamic: (one) => one.leader?.dynamic === true,
      branchTable: (one, halfwords) => branchTableAt(this.#cpu, one, halfwords, literals),
    });
    const region = builder.build(insn);
    if (region === undefined) {
      leader.hopeless = true;
      this.#set(insn, leader.plain);
      return undefined;
    }
    const number = this.#installed.length;
    const hash = this.#hashOf(view);
    const places: Places = {
      state: this.#state.byteOffset,
      reads: view.reads.byteOffset,
      writes: view.writes.byteOffset,
      hash: hash.byteOffset,
    };
    const flushes = this.#cpu.fpu.flushToZero;
    const { source, exits } = new RegionFunction(region, places, number, flushes, {
      mayBeUnaligned: (one) => this.#unalignedSeen.has(one),
      mayBeOutside: (one) => this.#outsideSeen.has(one),
      literal: (address, length) => literalAt(this.#cpu, { address, length }, literals),
    }).write();
    const starts = region.blocks.map(({ start }) => start);
    const installed: Installed = {
      number,
      starts,
      exits,
      flushes,
      view,
      hash,
      ranges: [...spans(region), ...literals],
    };
    this.#installed.push(installed);
    this.#install(installed, region);
    return source;
  }

  #install(installed: Installed, region: Region): void {
    const { number, ranges } = installed;
    for (const [first, last] of ranges) {
      for (let page = first >>> (PAGE_SHIFT - 1); page <= last >>> (PAGE_SHIFT - 1); page++) {
        const regions = this.#byPage.get(page) ?? new Set();
        this.#byPage.set(page, regions.add(installed));
      }
    }
    for (const { start, entry, index } of region.blocks) {
      if (!entry) {
        if (start.leader !== undefined && start.execute === count) this.#set(start, start.leader.plain);
        continue;
      }
      const leader = start.leader ?? new Leader(start.execute, this.#hot);
      start.leader = leader;
      leader.key = (number << BLOCK_BITS) | index;
      leader.credit = 0;
      this.#set(start, enter);
      this.#publish(start, leader.key);
    }
  }

  #publish(insn: Insn, key: number): void {
    const hash = this.#hashOf(this.#cpu.mem.view);
    const at = hashOffset(insn.pc) >>> 2;
    hash[at] = insn.pc | HASH_PRESENT;
    hash[at + 1] = key;
  }

  #invalidate(installed: Installed): void {
    const { number } = installed;
    if (this.#installed[number] !== installed) return;
    this.#installed[number] = undefined;
    this.#dropped.set(number, installed);
    this.#outside.mustLeave = true;
    this.#compiler?.remove(number);
    for (const regions of this.#byPage.values()) regions.delete(installed);
    for (const start of installed.starts) {
      const { leader } = start;
      if (leader === undefined) continue;
      if (leader.key >>> BLOCK_BITS !== number && start.execute === enter) continue;
      const at = hashOffset(start.pc) >>> 2;
      if (
        installed.hash[at] === (start.pc | HASH_PRESENT) &&
        (installed.hash[at + 1] as number) >>> BLOCK_BITS === number
      )
        installed.hash[at] = HASH_EMPTY;
      leader.key = -1;
      const { execute } = start;
      if (execute === enter || execute === leader.plain || execute === count) this.#count(start, this.#hot);
    }
  }

  #forgetAll(): void {
    for (const installed of this.#installed) if (installed !== undefined) this.#invalidate(installed);
    this.#installed.length = 0;
    for (const hash of this.#hashes.values()) hash.fill(HASH_EMPTY);
  }

  /** How often it may still begin before it is translated. */
  #heat(insn: Insn): number {
    return (insn.leader?.heat ?? 0) + (this.#cpu.records?.heat(insn) ?? 0);
  }

  #hashOf(view: AccessView): Int32Array {
    return this.#hashes.get(view) as Int32Array;
  }
}

/** Counts an instruction that begins blocks, until it is hot. */
export const count: Execute = (cpu, insn) => {
  const leader = insn.leader as Leader;
  const { records } = cpu;
  const heat = records?.heat(insn) ?? 0;
  if (heat > 0) records?.setHeat(insn, heat - 1);
  else if (--leader.heat <= 0) {
    cpu.translator?.translate(insn);
    return insn.execute === count ? leader.plain(cpu, insn) : insn.execute(cpu, insn);
  }
  return leader.plain(cpu, insn);
};

const enter: Execute = (cpu, insn) =>
  cpu.translator === undefined ? (insn.leader as Leader).plain(cpu, insn) : cpu.translator.enter(insn);

/** What the instruction does, in the interpreter. */
export function plainOf(insn: Insn): Execute {
  const { execute } = insn;
  return execute === count || execute === enter ? (insn.leader as Leader).plain : execute;
}

function executeOf(insn: Insn): Execute | undefined {
  const execute = plainOf(insn);
  return execute === decode ? undefined : execute;
}

/** First and last halfwords of each block's code. */
function spans(region: Region): readonly Span[] {
  return region.blocks.map(({ start, steps, ending }): Span => {
    const last = (ending ?? steps.at(-1))?.insn ?? start;
    return [start.pc >>> 1, (((last.pc + last.size) >>> 1) - 1) >>> 0];
  });
}

function* pages(first: number, last: number): Generator<number> {
  for (let page = first; page <= last; page++) yield page;
}

function words(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}
