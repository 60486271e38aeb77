/** Runs a batch of system-level cases on a machine, over the lockups that end it. */
import type { CortexM7 } from "../../../src/emulator/cpu/core.js";
import type { Engine } from "../../../src/emulator/cpu/core-options.js";
import { CFSR, CoreFault, Exception } from "../../../src/emulator/cpu/exceptions/faults.js";
import { CODE_BASE, type Load, Machine, tryQemu } from "../machines.js";

/** What a case logged; undefined when it locked the core up. */
export type Outcome = Uint32Array | undefined;
/** Far more than a case takes. */
const MAX_CYCLES = 1e6;
const IRQS = 32;
const ITM = 0xe0000000;
/** Processor time for a batch, which takes one second of it. */
const QEMU_SECONDS = 30;

type Batch = (first: number) => readonly Load[];

/** The records in the order of cases: bytes with the length itself, words. */
function records(output: Uint8Array): Uint32Array[] {
  const bytes = Uint8Array.from(output);
  const found: Uint32Array[] = [];
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < 8 || at + length > bytes.length) throw new Error(`case ${found.length} broke its log`);
    found.push(new Uint32Array(bytes.buffer, at + 4, length / 4 - 1));
    at += length;
  }
  return found;
}

/**
 * A lockup ends QEMU: then it is started again behind that case.
 * @throws Error when QEMU fails in another way, or a case does not end.
 */
export async function onQemu(count: number, loads: Batch): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  while (outcomes.length < count) {
    const { output, failure } = await tryQemu(loads(outcomes.length), QEMU_SECONDS);
    outcomes.push(...records(output));
    if (failure === undefined) break;
    if (!failure.includes("Lockup")) throw new Error(`case ${outcomes.length}: ${failure}`);
    outcomes.push(undefined);
  }
  return outcomes;
}

/** @throws Error when a case does not end. */
export function onEmulator(count: number, loads: Batch, engine: Engine): Outcome[] {
  const outcomes: Outcome[] = [];
  while (outcomes.length < count) {
    const { output, lockedUp } = runFrom(loads(outcomes.length), engine, outcomes.length);
    outcomes.push(...records(output));
    if (lockedUp) outcomes.push(undefined);
  }
  return outcomes;
}

function runFrom(loads: readonly Load[], engine: Engine, first: number) {
  let resets = 0;
  let begun = 0;
  let locked = false;
  const machine = new Machine(loads, engine, 1, {
    irqs: IRQS,
    onSystemReset: () => {
      resets++;
      begun = machine.cycles;
      reset(machine.cpu);
    },
    onLockup: () => {
      locked = true;
    },
  });
  shutItm(machine.cpu);
  while (!machine.ended && !locked) {
    machine.advance();
    if (machine.cycles - begun > MAX_CYCLES)
      throw new Error(`case ${first + resets} does not end: pc 0x${machine.cpu.pc.toString(16)}`);
  }
  return { output: machine.output, lockedUp: locked };
}

const reset = (cpu: CortexM7): void => cpu.reset(CODE_BASE);

/** QEMU has no ITM: its page is shut to unprivileged code, as all of the private peripheral bus. */
function shutItm(cpu: CortexM7): void {
  const { itm } = cpu.scs;
  const access = (offset: number): number => {
    if (!cpu.privileged) throw new CoreFault(Exception.busFault, CFSR.PRECISERR, (ITM + offset) | 0);
    return 0;
  };
  itm.read = access;
  itm.write = access;
}
