/** A core with flash at 0x08000000 and RAM at 0x20000000 for tests. BKPT halts it. */

import { Timeline } from "../timeline.js";
import { CortexM7 } from "./core.js";
import type { CortexM7Options } from "./core-options.js";
import { Ram } from "./memory/memory.js";
import { SystemBus } from "./memory/system-bus.js";

export const FLASH = 0x08000000;
export const CODE = 0x08000400;
export const RAM = 0x20000000;
export const STACK_TOP = 0x20008000;

export class TestMachine {
  readonly bus = new SystemBus();
  readonly timeline = new Timeline(100e6);
  readonly flash = new Ram(0x10000, this.bus.memory);
  readonly ram = new Ram(0x10000, this.bus.memory);
  readonly notes: string[] = [];
  readonly cpu: CortexM7;
  resets = 0;
  lockups = 0;
  /** False: BKPT does what the core makes of it. */
  breakpointsHalt = true;

  /** @param code hexadecimal machine code in memory order, placed at `CODE`, where reset starts. */
  constructor(code = "", options: Partial<CortexM7Options> = {}) {
    this.bus.map(FLASH, 0x10000, this.flash, "flash");
    this.bus.map(RAM, 0x10000, this.ram, "RAM");
    this.cpu = new CortexM7({
      bus: this.bus,
      timeline: this.timeline,
      log: { once: (_, message) => this.notes.push(message), note: (message) => this.notes.push(message) },
      onSystemReset: () => this.resets++,
      onLockup: () => this.lockups++,
      onBreakpoint: () => this.breakpointsHalt,
      ...options,
    });
    this.word(FLASH, STACK_TOP);
    this.word(FLASH + 4, CODE | 1);
    this.load(CODE, code);
    this.cpu.reset(FLASH);
  }

  load(address: number, code: string): this {
    this.bus.poke(
      address,
      Uint8Array.from(code.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    );
    return this;
  }

  word(address: number, value: number): this {
    this.bus.write(address, 4, value);
    return this;
  }

  at(address: number): number {
    return this.bus.read(address, 4);
  }

  /** Places a handler's code and its vector. */
  handler(exception: number, code: string): this {
    const address = FLASH + 0x1000 + exception * 0x80;
    this.word(FLASH + exception * 4, address | 1);
    return this.load(address, code);
  }

  set(registers: Readonly<Record<number, number>>): this {
    for (const [n, value] of Object.entries(registers)) this.cpu.r[Number(n)] = value;
    return this;
  }

  reg(n: number): number {
    return this.cpu.get(n) >>> 0;
  }

  step(count = 1): this {
    for (let i = 0; i < count; i++) this.cpu.step();
    return this;
  }

  /** Runs to a halt, lockup or sleep without end; events run as on the board. */
  run(maxCycles = 100_000): this {
    const end = this.timeline.now + maxCycles * this.timeline.nsPerCycle;
    while (!this.cpu.halted && !this.cpu.lockedUp && this.timeline.now < end) {
      this.cpu.run();
      if (this.cpu.sleeping) this.timeline.skipTo(this.timeline.nextEventAt ?? end);
      this.timeline.runDue();
    }
    return this;
  }
}
