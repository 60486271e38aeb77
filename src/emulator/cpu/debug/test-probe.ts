/** A debugger for tests: it drives the registers that a debug port reaches. */

import { TestMachine } from "../test-machine.js";

export const DHCSR = 0xe000edf0;
const DCRSR = 0xe000edf4;
const DCRDR = 0xe000edf8;
export const DEMCR = 0xe000edfc;
/** DBGKEY */
export const KEY = 0xa05f0000;
export const S_HALT = 1 << 17;

export class Probe {
  readonly machine: TestMachine;
  readonly halts: number[] = [];
  constructor(code: string) {
    this.machine = new TestMachine(code);
    this.machine.breakpointsHalt = false;
    this.machine.cpu.debug.onHalt = (reason) => this.halts.push(reason);
  }
  get(address: number): number {
    return this.machine.cpu.debug.read(address, 4);
  }
  put(address: number, value: number): this {
    this.machine.cpu.debug.write(address, 4, value);
    return this;
  }
  control(bits: number): this {
    return this.put(DHCSR, KEY | bits);
  }
  register(selector: number): number {
    this.put(DCRSR, selector);
    return this.get(DCRDR);
  }
  setRegister(selector: number, value: number): this {
    return this.put(DCRDR, value).put(DCRSR, (1 << 16) | selector);
  }
  run(): this {
    this.machine.run(1000);
    return this;
  }
  get halted(): boolean {
    return (this.get(DHCSR) & S_HALT) !== 0;
  }
}
