/** Code in a loop under SysTick, begun anew after each fault (engines.s), and what of it must be the same on all engines. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../tools/root.js";
import { CODE_BASE, DATA_BASE, type Load, type Machine } from "./machines.js";
import type { Random } from "./random.js";
import { assemble } from "./toolchain.js";

/** Where the code begins. */
export const BODY = 0x1000;
const LOG = 0x20000800;
const REGISTERS = 13;
const FLOATS = 32;

const harness = assemble(join(ROOT, "test/differential/engines.s"));

/** @param state r0 to r12, s0 to s31 */
export function loop(code: readonly number[], state: Int32Array, period: number): Load[] {
  // B.W to the beginning; after a NOP, because a last instruction may skip one halfword.
  const halfwords = [...code, 0xbf00];
  const offset = -(halfwords.length * 2 + 4);
  halfwords.push(0xf400 | ((offset >> 12) & 0x3ff), 0xb800 | ((offset >> 1) & 0x7ff));
  const words = new Int32Array(REGISTERS + FLOATS + 1);
  words.set(state);
  words[REGISTERS + FLOATS] = period;
  return [
    { address: CODE_BASE, bytes: harness },
    { address: BODY, bytes: new Uint8Array(Uint16Array.from(halfwords).buffer) },
    { address: DATA_BASE, bytes: new Uint8Array(words.buffer) },
  ];
}

/** Up to an event so many cycles from now. */
function runFor({ cpu, timeline }: Machine, cycles: number): void {
  let reached = false;
  timeline.after(cycles * timeline.nsPerCycle, () => {
    reached = true;
  });
  while (!reached) {
    cpu.run();
    timeline.runDue();
  }
}

function state({ cpu, timeline }: Machine) {
  return {
    registers: [...cpu.r.subarray(0, 15)].map((value) => (value >>> 0).toString(16)),
    pc: cpu.pc.toString(16),
    xpsr: cpu.xpsr.toString(16),
    fpscr: cpu.fpu.fpscr,
    floats: [...cpu.fpu.bits.subarray(0, 32)],
    now: timeline.now,
    log: [0, 4, 8].map((offset) => cpu.bus.read(LOG + offset, 4)),
    lockedUp: cpu.lockedUp,
  };
}

/** Stops the machines so often at random, and compares them there. @param first is what the others are held to */
export function compareAtStops(
  [first, ...others]: readonly [Machine, ...Machine[]],
  random: Random,
  stops: { readonly count: number; readonly longest: number },
  what: string,
): void {
  for (let stop = 0; stop < stops.count; stop++) {
    const cycles = 1 + random.below(stops.longest);
    runFor(first, cycles);
    const wanted = state(first);
    for (const machine of others) {
      runFor(machine, cycles);
      assert.deepEqual(state(machine), wanted, `${what}, stop ${stop}: ${machine.cpu.options.engine}`);
    }
  }
}

/** How often the loop was interrupted, and begun anew. */
export function interruptions({ cpu: { bus } }: Machine): { interrupts: number; faults: number } {
  return { interrupts: bus.read(LOG + 4, 4), faults: bus.read(LOG + 8, 4) };
}
