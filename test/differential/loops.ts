/** Single instructions in loops of their own, on the engines of this project's core. */
import type { Engine } from "../../src/emulator/cpu/core-options.js";
import { SCRATCH } from "./cases.js";
import { CODE_BASE, Machine } from "./machines.js";

const CODE = 0x1000;
const PROGRAM_BYTES = 16;
/** How long a loop runs: a few times around. */
export const CYCLES = 14;
/** How often a loop may run: so seldom that one which is left each time is not given up (translator.ts). */
export const RUNS = 24;
const SCRATCH_BYTES = 0x10000;

/** The instruction, and a branch back to it. */
export function loopOf(code: readonly number[]): Uint8Array {
  const back = -(code.length * 2 + 4);
  return new Uint8Array(Uint16Array.from([...code, 0xe000 | ((back >> 1) & 0x7ff)]).buffer);
}

export class Loops {
  readonly machine: Machine;

  constructor(programs: readonly Uint8Array[], engine: Engine) {
    const vectors = new Uint8Array(Uint32Array.of(SCRATCH, CODE | 1).buffer);
    const code = programs.map((bytes, n) => ({ address: CODE + n * PROGRAM_BYTES, bytes }));
    this.machine = new Machine([{ address: CODE_BASE, bytes: vectors }, ...code], engine, 2);
    const { bus } = this.machine.cpu;
    bus.write(0xe000ed88, 4, 0xf00000);
    // No automatic floating-point frames: FPSCR stays as it is set.
    bus.write(0xe000ef34, 4, 0);
  }

  /** @param words as of `state` in cases.ts */
  run(program: number, words: Int32Array): void {
    const { cpu, timeline } = this.machine;
    cpu.r.set(words.subarray(0, 13));
    cpu.r[13] = SCRATCH + 0x8000;
    cpu.r[14] = words[13] as number;
    cpu.setApsr(words[14] as number);
    cpu.fpu.setFpscr(words[15] as number);
    cpu.fpu.bits.set(words.subarray(16, 48));
    cpu.pc = CODE + program * PROGRAM_BYTES;
    let reached = false;
    timeline.after(CYCLES * timeline.nsPerCycle, () => {
      reached = true;
    });
    while (!reached) {
      cpu.run();
      timeline.runDue();
    }
  }

  get registers(): readonly number[] {
    const { cpu } = this.machine;
    return [...cpu.r.subarray(0, 15), cpu.pc, cpu.apsr, cpu.fpu.fpscr, ...cpu.fpu.bits.subarray(0, 32)];
  }

  get memory(): Buffer {
    return Buffer.from(this.machine.cpu.bus.peek(SCRATCH, SCRATCH_BYTES) ?? new Uint8Array(0));
  }

  /** Cycles that passed in the interpreter's loop. */
  get interpretedCycles(): number {
    return this.machine.cpu.interpreter?.cycles ?? 0;
  }

  /** Cycles that passed in translated code. */
  get translatedCycles(): number {
    return this.machine.cpu.translator?.cycles ?? 0;
  }
}
