/**
 * Instruction time of the Cortex-M7, simply: two instructions a cycle in order, a scoreboard of results, a branch target
 * cache, a store buffer, and waits for memory that stop everything. docs/emulator.md, "Instruction time", tells what it is
 * good for, where the figures come from, and how far it was off.
 */

import type { Timeline } from "../../timeline.js";
import type { BusTraffic, Level1 } from "../caches/level1.js";
import type { CortexM7 } from "../core.js";
import type { DwtCounters } from "../debug/dwt-counters.js";
import type { Execute, Insn } from "../decode/insn.js";
import { issueInfo } from "./issue-info.js";
import { type IssueInfo, Kind, SCOREBOARD, type Unit } from "./issue-kinds.js";

/** What the core waits for its buses, in clock cycles of the core beyond the one of the instruction. */
export interface BusTiming {
  read(address: number, bytes: number): number;
  /** Stores go through a buffer: how long the bus is busy with it. */
  write(address: number, bytes: number): number;
}

/** Entries of the branch target address cache. */
const BTAC_ENTRIES = 64;
/** Cycles lost when a branch was predicted wrongly, or is indirect and not known. */
const MISPREDICTED = 6;
/** Cycles lost when a direct branch that is always taken is first seen in the decoder. */
const NOT_IN_BTAC = 2;
/** Stores that may wait in the buffer. */
const STORE_BUFFER = 4;
const COUNTER_MAX = 3;
const TAKEN_FROM = 2;
const FULL = -1;

/** May `second` issue in the cycle in which `first` did? */
function mayPair(first: Unit | typeof FULL, second: Unit): boolean {
  if (first === FULL || first === Kind.alone || first === Kind.branch || second === Kind.alone) return false;
  if (second === Kind.dsp) return false;
  const memory = first === Kind.load || first === Kind.store;
  if (memory && (second === Kind.load || second === Kind.store))
    return first === Kind.load && second === Kind.load;
  if (first === Kind.dsp && second === Kind.multiply) return false;
  return first !== second || first === Kind.alu;
}

export class Pipeline implements BusTraffic {
  readonly #timeline: Timeline;
  readonly #timing: BusTiming;
  /** Cycle of the last issue, from an arbitrary start. */
  #at = 0;
  /** What issued first in that cycle; FULL when nothing more can. */
  #first: Unit | typeof FULL = FULL;
  readonly #ready = new Float64Array(SCOREBOARD);
  readonly #readyAsAddress = new Float64Array(SCOREBOARD);
  readonly #branches = new Int32Array(BTAC_ENTRIES).fill(-1);
  readonly #targets = new Int32Array(BTAC_ENTRIES);
  readonly #counters = new Uint8Array(BTAC_ENTRIES);
  /** When the store buffer will be empty. */
  #storesUntil = 0;
  /** Cycles that the instruction under way has to wait for. */
  #owed = 0;

  constructor(timeline: Timeline, timing: BusTiming) {
    this.#timeline = timeline;
    this.#timing = timing;
  }

  read(address: number, bytes: number): void {
    const cycles = this.#timing.read(address, bytes);
    if (cycles > 0) this.#owed += Math.max(0, this.#storesUntil - this.#at) + cycles;
  }

  write(address: number, bytes: number): void {
    const cycles = this.#timing.write(address, bytes);
    this.#storesUntil = Math.max(this.#storesUntil, this.#at) + cycles;
    this.#owed += Math.max(0, this.#storesUntil - this.#at - STORE_BUFFER * cycles);
  }

  /** The instruction with its time. To be called when it was decoded. */
  timed(insn: Insn, execute: Execute, level1: Level1, counters: DwtCounters): Execute {
    const info = issueInfo(insn.opcode, insn.size === 4);
    const conditional = insn.it !== 0;
    const eachTime = level1.fetchesEachTime(insn.pc);
    const memory = info.kind === Kind.load || info.kind === Kind.store;
    return (cpu: CortexM7, i: Insn) => {
      const { timeline } = cpu;
      const began = timeline.cycles;
      if (eachTime) level1.fetchBlock(i.pc);
      // What the fetch took, here or when it was decoded.
      if (this.#owed > 0) this.#pay();
      const fetch = timeline.cycles - began;
      const exceptions = counters.exceptionCycles;
      this.#issue(info, cpu, i);
      const before = timeline.cycles;
      const next = execute(cpu, i);
      if (info.kind === Kind.branch || (next !== i.next && !conditional)) this.#branched(i, next, before);
      if (this.#owed > 0) this.#pay();
      if (counters.counting) {
        const rest = timeline.cycles - began - fetch - (counters.exceptionCycles - exceptions);
        counters.instruction(fetch, rest, memory);
      }
      return next;
    };
  }

  /** The loop that executes has counted one cycle: what is more or less comes here. */
  #issue(info: IssueInfo, cpu: CortexM7, insn: Insn): void {
    let at = this.#at + (mayPair(this.#first, info.kind) ? 0 : 1);
    for (const index of info.reads) at = Math.max(at, this.#ready[index] as number);
    for (const index of info.shifted) at = Math.max(at, (this.#ready[index] as number) + 1);
    for (const index of info.address) at = Math.max(at, this.#readyAsAddress[index] as number);
    const cycles = info.divides === true ? divisionCycles(cpu.get(insn.n), cpu.get(insn.m)) : info.cycles;
    const last = at + cycles - 1;
    this.#timeline.cycles += last - this.#at - 1;
    this.#first = at === this.#at || cycles > 1 ? FULL : info.kind;
    this.#at = last;
    const ready = at + Math.max(info.latency, cycles);
    for (const index of info.writes) {
      this.#ready[index] = ready;
      this.#readyAsAddress[index] = info.latency > 1 ? ready + 1 : ready;
    }
  }

  #branched(insn: Insn, next: Insn, before: number): void {
    const taken = next !== insn.next;
    const passed = this.#timeline.cycles - before;
    // The core counts one cycle for a taken branch; more is an exception's entry or return, which has its own time.
    if (passed > 1) return;
    const slot = (insn.pc >>> 1) & (BTAC_ENTRIES - 1);
    const known = this.#branches[slot] === insn.pc;
    const counter = known ? (this.#counters[slot] as number) : 0;
    const predicted = known && counter >= TAKEN_FROM;
    const right = predicted === taken && (!taken || this.#targets[slot] === next.pc);
    if (taken || known) this.#learn(slot, insn, taken ? next : undefined, counter);
    if (right) this.#owe(-passed);
    else this.#owe((known || !alwaysTaken(insn) ? MISPREDICTED : NOT_IN_BTAC) - passed);
    if (taken) this.#first = FULL;
  }

  #learn(slot: number, insn: Insn, target: Insn | undefined, counter: number): void {
    const known = this.#branches[slot] === insn.pc;
    this.#branches[slot] = insn.pc;
    if (target === undefined) this.#counters[slot] = Math.max(0, counter - 1);
    else {
      this.#targets[slot] = target.pc;
      this.#counters[slot] = known ? Math.min(COUNTER_MAX, counter + 1) : TAKEN_FROM;
    }
  }

  #owe(cycles: number): void {
    if (cycles > 0) this.#owed += cycles;
    else this.#timeline.cycles += cycles;
  }

  #pay(): void {
    const cycles = Math.ceil(this.#owed);
    this.#owed = 0;
    this.#timeline.cycles += cycles;
    this.#at += cycles;
    this.#first = FULL;
  }
}

/** B and BL, whose target is known when they are decoded. */
function alwaysTaken(insn: Insn): boolean {
  if (insn.size === 2) return insn.opcode >>> 11 === 0x1c;
  return (insn.opcode & 0xf800_9000) >>> 0 === 0xf000_9000;
}

/** SDIV and UDIV end early: by how much longer the dividend is than the divisor. */
function divisionCycles(dividend: number, divisor: number): number {
  const bits = Math.clz32(Math.abs(divisor)) - Math.clz32(Math.abs(dividend));
  return 4 + Math.max(0, Math.ceil(bits / 4));
}
