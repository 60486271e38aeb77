/** The two machines that are held to each other: this project's core and QEMU's, both with the memory map of Arm's AN500. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CortexM7 } from "../../src/emulator/cpu/core.js";
import type { CortexM7Options, Engine } from "../../src/emulator/cpu/core-options.js";
import { Ram } from "../../src/emulator/cpu/memory/memory.js";
import { SystemBus } from "../../src/emulator/cpu/memory/system-bus.js";
import { GuestMemory } from "../../src/emulator/guest-memory.js";
import { Timeline } from "../../src/emulator/timeline.js";

export const CODE_BASE = 0;
export const DATA_BASE = 0x20000000;
export const BATCH_BASE = 0x60000000;
const SMALL = 4 << 20;
const LARGE = 16 << 20;
const SEMIHOSTING = 0xab;
const SYS_OPEN = 1;
const SYS_WRITE = 5;
const SYS_EXIT = 0x18;

/** Where a machine's memory is filled before it starts. */
export interface Load {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface Run {
  /** What the guest wrote to its file. */
  readonly output: Uint8Array;
  /** Cycles of this project's core: an instruction is one, a taken branch two, an exception entry or return 12. */
  readonly cycles: number;
}

/** This project's core with a program loaded, out of reset. The program ends, and writes its file, through semihosting. */
export class Machine {
  readonly timeline = new Timeline(100e6);
  readonly cpu: CortexM7;
  /** The program has ended. */
  ended = false;
  /** Cycles so far: an instruction is one, a taken branch two, an exception entry or return 12. */
  cycles = 0;
  readonly #output: Uint8Array[] = [];

  /** @param translateAfter small: short programs are translated, too */
  constructor(
    loads: readonly Load[],
    engine: Engine = "translation",
    translateAfter?: number,
    options: Partial<CortexM7Options> = {},
  ) {
    const memory = new GuestMemory(2 * SMALL + LARGE);
    const bus = new SystemBus(memory);
    bus.map(CODE_BASE, SMALL, new Ram(SMALL, memory), "SSRAM1");
    bus.map(DATA_BASE, SMALL, new Ram(SMALL, memory), "SSRAM2");
    bus.map(BATCH_BASE, LARGE, new Ram(LARGE, memory), "PSRAM");
    this.cpu = new CortexM7({
      bus,
      engine,
      ...(translateAfter === undefined ? {} : { translateAfter }),
      timeline: this.timeline,
      log: { once: () => {}, note: () => {} },
      onSystemReset: () => {},
      onBreakpoint: (immediate) => {
        if (immediate !== SEMIHOSTING) return false;
        this.ended = semihost(this.cpu, this.#output);
        return this.ended || "continue";
      },
      ...options,
    });
    for (const { address, bytes } of loads) bus.poke(address, bytes);
    this.cpu.reset(CODE_BASE);
  }

  /** What the program wrote to its file. */
  get output(): Uint8Array {
    return Buffer.concat(this.#output);
  }

  /** Executes up to the timeline's next limit. */
  advance(): void {
    this.cpu.run();
    this.cycles += this.timeline.cycles;
    this.timeline.runDue();
  }

  /** @throws Error when the core locked up. */
  turn(): void {
    this.advance();
    if (this.cpu.lockedUp) throw new Error(`the guest locked up at pc 0x${this.cpu.pc.toString(16)}`);
  }
}

/**
 * Runs a program on all engines, which must agree to the cycle.
 * @throws Error when they do not, when the guest does not end within `maxCycles`, or locks up.
 */
export function runEmulator(loads: readonly Load[], maxCycles = 2e9): Run {
  const [reference, ...others] = (["reference", "interpreter", "translation"] as const).map((engine) => {
    const machine = new Machine(loads, engine, 1);
    while (!machine.ended) {
      machine.turn();
      if (machine.cycles > maxCycles)
        throw new Error(`the guest does not end: pc 0x${machine.cpu.pc.toString(16)}`);
    }
    return machine;
  }) as [Machine, ...Machine[]];
  for (const { cpu, cycles, output } of others) {
    const { engine } = cpu.options;
    if (cycles !== reference.cycles)
      throw new Error(`${engine}: ${cycles} cycles instead of ${reference.cycles}`);
    if (Buffer.compare(output, reference.output) !== 0)
      throw new Error(`${engine}: wrote something else than the instructions in JavaScript`);
  }
  return reference;
}

/** True at the end. */
function semihost(cpu: CortexM7, output: Uint8Array[]): boolean {
  const operation = cpu.get(0);
  if (operation === SYS_EXIT) return true;
  if (operation === SYS_OPEN) cpu.set(0, 1);
  else if (operation === SYS_WRITE) {
    const block = cpu.get(1);
    const bytes = cpu.bus.peek(cpu.bus.read(block + 4, 4), cpu.bus.read(block + 8, 4));
    if (bytes === undefined) throw new Error("SYS_WRITE from outside the memories");
    output.push(bytes);
    cpu.set(0, 0);
  } else throw new Error(`semihosting operation ${operation} is not there`);
  return false;
}

/** Of processor time, which a guest without end uses up. Of the clock's time QEMU may need any amount while the cores are busy. */
const QEMU_SECONDS = 120;

export interface QemuRun {
  /** What the guest wrote to its file. */
  readonly output: Uint8Array;
  /** QEMU's words when it failed or the guest did not end. */
  readonly failure: string | undefined;
}

/** @throws Error with QEMU's words when it fails or the guest does not end. */
export async function runQemu(loads: readonly Load[]): Promise<Uint8Array> {
  const { output, failure } = await tryQemu(loads);
  if (failure !== undefined) throw new Error(failure);
  return output;
}

/** A guest may end QEMU: by a lockup. */
export async function tryQemu(loads: readonly Load[], seconds = QEMU_SECONDS): Promise<QemuRun> {
  const folder = mkdtempSync(join(tmpdir(), "differential-"));
  try {
    const devices = loads.flatMap(({ address, bytes }, index) => {
      const file = join(folder, `load${index}.bin`);
      writeFileSync(file, bytes);
      return ["-device", `loader,file=${file},addr=0x${address.toString(16)},force-raw=on`];
    });
    const fixed = ["-M", "mps2-an500", "-cpu", "cortex-m7", "-display", "none", "-monitor", "none"];
    const semihosting = ["-serial", "none", "-semihosting-config", "enable=on,target=native"];
    const failure = await ended([...fixed, ...semihosting, ...devices], folder, seconds);
    const result = join(folder, "result.bin");
    return { output: existsSync(result) ? readFileSync(result) : new Uint8Array(0), failure };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Why QEMU failed; undefined when it did not. */
function ended(args: readonly string[], cwd: string, seconds: number): Promise<string | undefined> {
  const program = "qemu-system-arm";
  const limited = `ulimit -t ${seconds}; exec "$0" "$@"`;
  return new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", limited, program, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let words = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (words += String(chunk)));
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve(code === 0 ? undefined : `${program} ended with ${signal ?? code}: ${words.slice(0, 2000)}`),
    );
  });
}
