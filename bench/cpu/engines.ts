/** The engines that run a program: speed in millions of instructions a second, and the checksum that the program found. */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RP2040 } from "rp2040js";
import type { Engine } from "../../src/emulator/cpu/core-options.js";
import { RegisterBlock } from "../../src/emulator/registers.js";
import { CODE_BASE, Machine } from "../../test/differential/machines.js";
import { withRounds } from "./programs.js";

export interface Speed {
  /** Millions of guest instructions a second of processor time. */
  readonly mips: number;
  /** What the program wrote: the same from every engine. */
  readonly checksum: number;
}

/** Instructions of a program: before and behind its rounds, and in each round. */
export interface Length {
  readonly fixed: number;
  readonly round: number;
}

const load = (image: Uint8Array) => [{ address: CODE_BASE, bytes: image }];

/** Registers of Arm's AN500 that `poll` reads. */
function mapDevices({ cpu: { bus, log } }: Machine): void {
  const state = { STATE: { offset: 4, reset: 0, ro: 0xf } };
  bus.map(0x40004000, 0x1000, new RegisterBlock(state, { name: "UART0", log, clocked: () => true }), "UART0");
  const data = { DATA: { offset: 0, reset: 0, rw: 0xffff, onRead: (stored: number) => stored } };
  bus.map(0x40010000, 0x1000, new RegisterBlock(data, { name: "GPIO0", log, clocked: () => true }), "GPIO0");
}

function word(bytes: Uint8Array): number {
  if (bytes.length !== 4) throw new Error(`the program wrote ${bytes.length} bytes instead of a checksum`);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Counts instructions by executing them one by one. */
export function measureLength(image: Uint8Array): Length {
  const [one, two] = [1, 2].map((rounds) => {
    const machine = new Machine(load(withRounds(image, rounds)));
    mapDevices(machine);
    let count = 0;
    for (; !machine.ended; count++) machine.cpu.step();
    return count;
  }) as [number, number];
  return { fixed: 2 * one - two, round: two - one };
}

/** Seconds of processor time of this process: of all of its threads, so that what compiles in the background counts. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** This project's core. What is translated, is so within the first fifth of the run, which does not count. */
export function runOurs(engine: Engine, image: Uint8Array, length: Length, rounds: number): Speed {
  const machine = new Machine(load(withRounds(image, rounds)), engine);
  mapDevices(machine);
  let began = { seconds: processorSeconds(), cycles: 0 };
  const instructions = length.fixed + rounds * length.round;
  while (!machine.ended) {
    machine.turn();
    if (began.cycles === 0 && machine.cycles > instructions / 5)
      began = { seconds: processorSeconds(), cycles: machine.cycles };
  }
  const seconds = processorSeconds() - began.seconds;
  const measured = instructions * (1 - began.cycles / machine.cycles);
  return { mips: measured / seconds / 1e6, checksum: word(machine.output) };
}

/** QEMU's translator: the time of `rounds` without that of one, in which it starts. */
export async function runQemu(image: Uint8Array, length: Length, rounds: number): Promise<Speed> {
  const start = await timeQemu(withRounds(image, 1));
  const whole = await timeQemu(withRounds(image, rounds));
  if (start.checksum !== whole.checksum) throw new Error("QEMU's rounds do not agree");
  const instructions = (rounds - 1) * length.round;
  return { mips: instructions / (whole.seconds - start.seconds) / 1e6, checksum: whole.checksum };
}

async function timeQemu(image: Uint8Array): Promise<{ seconds: number; checksum: number }> {
  const folder = mkdtempSync(join(tmpdir(), "bench-cpu-"));
  try {
    const file = join(folder, "program.bin");
    writeFileSync(file, image);
    const machine = "-M mps2-an500 -cpu cortex-m7 -display none -monitor none -serial none".split(" ");
    const semihosting = ["-semihosting-config", "enable=on,target=native"];
    const program = ["-device", `loader,file=${file},addr=0x0,force-raw=on`];
    const seconds = await timeCommand(["qemu-system-arm", ...machine, ...semihosting, ...program], folder);
    return { seconds, checksum: word(readFileSync(join(folder, "result.bin"))) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Processor seconds of a command, by the shell that waits for it: Node does not tell those of its children. */
function timeCommand(command: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const script = 'TIMEFORMAT="%U %S"; time "$@"';
    const child = spawn("bash", ["-c", script, "bash", ...command], { cwd, timeout: 120_000 });
    let words = "";
    child.stderr.on("data", (chunk) => (words += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => {
      const times = /([\d.]+) ([\d.]+)\s*$/.exec(words);
      if (code !== 0 || times === null) reject(new Error(`${command[0]} ended with ${code}: ${words}`));
      else resolve(Number(times[1]) + Number(times[2]));
    });
  });
}

const RP2040_FLASH = 0x1000_0000;
const SYS_WRITE = 5;
const SYS_EXIT = 0x18;

/** rp2040js's interpreter, a Cortex-M0+, with the same sources compiled for that. */
export function runRp2040(image: Uint8Array, rounds: number): Speed {
  const chip = new RP2040();
  const { core } = chip;
  chip.flash.set(withRounds(image, rounds));
  core.SP = chip.readUint32(RP2040_FLASH);
  core.PC = chip.readUint32(RP2040_FLASH + 4) & ~1;
  let ended = false;
  let checksum = 0;
  chip.onBreak = () => {
    const operation = core.registers[0];
    if (operation === SYS_WRITE) checksum = chip.readUint32(chip.readUint32((core.registers[1] ?? 0) + 4));
    ended = operation === SYS_EXIT;
    core.registers[0] = 1;
  };
  const began = processorSeconds();
  let instructions = 0;
  for (; !ended; instructions++) core.executeInstruction();
  return { mips: instructions / (processorSeconds() - began) / 1e6, checksum };
}
