/** The emulated board as a GDB server has it. */

import type { EmulatedBoard } from "../board/emulated-board.js";
import { ADDRESS } from "../board/memory-map.js";
import { SECTOR_BYTES } from "../peripherals/internal-flash/flash-geometry.js";
import { CoreDebugger } from "./core-debugger.js";
import { readMemory, writeMemory } from "./memory-access.js";
import {
  DebugError,
  type DebugFlash,
  type DebugTarget,
  type StopReason,
  type WatchAccess,
} from "./target.js";

/** DBGMCU: the independent watchdog stands still while the core does, as every probe's server sets it up. */
const APB4FZ1 = ADDRESS.DBGMCU + 0x54;
const DBG_WDGLSD1 = 1 << 18;

const PROTECTED =
  "the internal flash is read-protected: a debugger cannot write it before the option bytes are back at RDP = 0xAA";

/** Board time that interrupt handlers may take before a step. */
const HANDLERS_NS = 20e6;

export class BoardTarget implements DebugTarget {
  readonly #board: EmulatedBoard;
  readonly #core: CoreDebugger;

  constructor(board: EmulatedBoard) {
    this.#board = board;
    const { debug } = board.chip.cpu;
    this.#core = new CoreDebugger(debug);
    // Whoever waits for it hears at that instant of board time.
    debug.onHalt = () => board.interrupt();
  }

  get powered(): boolean {
    return this.#board.powered;
  }

  /** Read protection takes note of whoever comes this way. */
  get #connected(): boolean {
    return this.powered && this.#board.chip.flash.rights.debuggerConnects();
  }

  get running(): boolean {
    return this.powered && !this.#board.chip.cpu.halted;
  }

  get stopReason(): StopReason {
    return this.#core.stopReason;
  }

  halt(): void {
    if (!this.running || !this.#connected) return;
    const { debug } = this.#board.chip.cpu;
    debug.write(APB4FZ1, 4, debug.read(APB4FZ1, 4) | DBG_WDGLSD1);
    this.#core.halt();
  }

  resume(): void {
    if (this.powered && !this.running) this.#core.resume(this.#run);
  }

  step(): void {
    this.#requireHalted();
    this.#core.step(this.#run);
    this.#settle();
  }

  reset(halt: boolean): void {
    this.#requirePower();
    this.#core.requestReset(halt);
    this.#settle();
    this.#core.afterReset();
  }

  readRegister(selector: number): number {
    this.#requireHalted();
    return this.#core.readRegister(selector);
  }

  writeRegister(selector: number, value: number): void {
    this.#requireHalted();
    this.#core.writeRegister(selector, value);
  }

  samplePc(): number {
    return this.#connected ? this.#board.chip.cpu.pc : 0;
  }

  read(address: number, length: number): Uint8Array {
    return this.#connected ? readMemory(this.#board.chip.cpu, address, length) : new Uint8Array(0);
  }

  write(address: number, bytes: Uint8Array): boolean {
    return this.#connected && writeMemory(this.#board.chip.cpu, address, bytes);
  }

  insertBreakpoint(address: number): void {
    this.#requirePower();
    this.#core.insertBreakpoint(address);
  }

  removeBreakpoint(address: number): void {
    this.#core.removeBreakpoint(address);
  }

  hasBreakpoint(address: number): boolean {
    return this.#core.hasBreakpoint(address);
  }

  insertWatchpoint(access: WatchAccess, address: number, length: number): void {
    this.#requirePower();
    this.#core.insertWatchpoint(access, address, length);
  }

  removeWatchpoint(access: WatchAccess, address: number, length: number): void {
    this.#core.removeWatchpoint(access, address, length);
  }

  release(): void {
    if (this.#connected) this.#core.release();
  }

  /** Ends when the core halts: see `onHalt` above. */
  readonly #run = (): void => this.#board.advance(this.#board.now + HANDLERS_NS);

  /** What is due at this instant (a reset, an event) happens now. */
  #settle(): void {
    this.#board.advance(this.#board.now);
  }

  #requirePower(): void {
    if (!this.powered) throw new DebugError("the board has no power");
    if (!this.#connected)
      throw new DebugError(
        "the debug port does not answer: read protection is at level 2, or secure user software runs",
      );
  }

  #requireHalted(): void {
    this.#requirePower();
    if (this.running) throw new DebugError("the core is running: stop it first");
  }
}

/** The internal flash, replaced as a probe would. */
export function boardFlash(board: EmulatedBoard): DebugFlash {
  return {
    address: ADDRESS.FLASH_MEMORY,
    length: board.chip.flash.size,
    blockSize: SECTOR_BYTES,
    content: () => board.chip.flash.content,
    program: (content) => {
      if (board.chip.flash.rights.level !== 0) throw new DebugError(PROTECTED);
      board.loadInternal(content);
    },
  };
}
