/** The emulated board as a debugger has it. */

import type { EmulatedBoard } from "../board/emulated-board.js";
import { ADDRESS, SIZE } from "../board/memory-map.js";
import { readMemory, writeMemory } from "./memory-access.js";
import {
  CORE_REGISTER,
  DebugError,
  type DebugFlash,
  type DebugTarget,
  type StopReason,
  type WatchAccess,
} from "./target.js";

const COMPARATORS = 8;

export class BoardTarget implements DebugTarget {
  readonly #board: EmulatedBoard;
  readonly #breakpoints = new Set<number>();
  #stopReason: StopReason = { kind: "request" };

  constructor(board: EmulatedBoard) {
    this.#board = board;
  }

  get powered(): boolean {
    return this.#board.powered;
  }

  get running(): boolean {
    return this.powered && !this.#cpu.halted;
  }

  get stopReason(): StopReason {
    return this.#stopReason;
  }

  get #cpu() {
    return this.#board.chip.cpu;
  }

  halt(): void {
    if (!this.running) return;
    this.#cpu.halt();
    this.#stopReason = { kind: "request" };
  }

  resume(): void {
    this.#stopReason = { kind: "breakpoint" };
    this.#cpu.resume();
  }

  step(): void {
    this.#cpu.step();
    this.#board.advance(this.#board.now);
    this.#stopReason = { kind: "step" };
  }

  reset(halt: boolean): void {
    this.#board.chip.requestReset("software");
    this.#board.advance(this.#board.now);
    this.#stopReason = { kind: "request" };
    if (halt) this.#cpu.halt();
  }

  readRegister(selector: number): number {
    this.#requireHalted();
    const cpu = this.#cpu;
    const { exceptions } = cpu;
    if (selector < 15) return cpu.get(selector) >>> 0;
    if (selector >= CORE_REGISTER.S0) return (cpu.fpu.bits[selector - CORE_REGISTER.S0] ?? 0) >>> 0;
    switch (selector) {
      case CORE_REGISTER.PC:
        return cpu.pc;
      case CORE_REGISTER.XPSR:
        return cpu.xpsr;
      case CORE_REGISTER.MSP:
        return cpu.msp >>> 0;
      case CORE_REGISTER.PSP:
        return cpu.psp >>> 0;
      case CORE_REGISTER.FPSCR:
        return cpu.fpu.fpscr >>> 0;
      default:
        return (
          ((cpu.control << 24) |
            (exceptions.faultmask << 16) |
            (exceptions.basepri << 8) |
            exceptions.primask) >>>
          0
        );
    }
  }

  writeRegister(selector: number, value: number): void {
    this.#requireHalted();
    const cpu = this.#cpu;
    if (selector < 15) cpu.set(selector, selector === 13 ? value & ~3 : value | 0);
    else if (selector >= CORE_REGISTER.S0) cpu.fpu.bits[selector - CORE_REGISTER.S0] = value;
    else if (selector === CORE_REGISTER.PC) cpu.pc = value | 0;
    else if (selector === CORE_REGISTER.XPSR) cpu.setApsr(value);
    else if (selector === CORE_REGISTER.MSP) cpu.msp = value | 0;
    else if (selector === CORE_REGISTER.PSP) cpu.psp = value | 0;
    else if (selector === CORE_REGISTER.FPSCR) cpu.fpu.setFpscr(value);
    else this.#writeSpecial(value);
  }

  #writeSpecial(value: number): void {
    const cpu = this.#cpu;
    cpu.exceptions.primask = value & 1;
    cpu.exceptions.basepri = (value >>> 8) & 0xf0;
    cpu.exceptions.faultmask = (value >>> 16) & 1;
    cpu.setMode(cpu.ipsr, (value >>> 24) & 7);
  }

  read(address: number, length: number): Uint8Array {
    return this.powered ? readMemory(this.#board.chip.bus, address, length) : new Uint8Array(0);
  }

  write(address: number, bytes: Uint8Array): boolean {
    return this.powered && writeMemory(this.#board.chip.bus, address, bytes);
  }

  insertBreakpoint(address: number): void {
    if (this.#breakpoints.has(address)) return;
    if (this.#breakpoints.size === COMPARATORS) {
      throw new DebugError(`all ${COMPARATORS} hardware breakpoints are in use: delete one first`);
    }
    this.#breakpoints.add(address);
    this.#cpu.setBreakpoint(address | 0);
  }

  removeBreakpoint(address: number): void {
    if (this.#breakpoints.delete(address)) this.#cpu.clearBreakpoint(address | 0);
  }

  insertWatchpoint(_access: WatchAccess, _address: number, _length: number): void {
    throw new DebugError("watchpoints are not there yet");
  }

  removeWatchpoint(_access: WatchAccess, _address: number, _length: number): void {}

  release(): void {
    for (const address of [...this.#breakpoints]) this.removeBreakpoint(address);
    if (this.powered) this.resume();
  }

  #requireHalted(): void {
    if (!this.powered) throw new DebugError("the board has no power");
    if (this.running) throw new DebugError("the core is running: stop it first");
  }
}

/** The sector of the internal flash, replaced as a probe would. */
export function boardFlash(board: EmulatedBoard): DebugFlash {
  return {
    address: ADDRESS.FLASH_MEMORY,
    length: SIZE.FLASH_MEMORY,
    blockSize: SIZE.FLASH_MEMORY,
    content: () => board.chip.flash.save().cells.bytes.slice(),
    program: (content) => board.loadInternal(content),
  };
}
