/** HSEM: 32 hardware semaphores with an interrupt when one is freed (RM0433, chapter HSEM). The only core is number 3. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock, type RegisterSpec } from "../registers.js";
import { Peripheral } from "./peripheral.js";
import { ALL, registerTable, repeatRows } from "./register-table.js";

export interface HsemOptions {
  readonly log: EmulatorLog;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
}

const COUNT = 32;
const LOCK = 0x8000_0000;
/** Bus master identifier of the Cortex-M7 (RM0433, HSEM). */
const CORE = 3;
const COREID = 0xff00;
const PROCID = 0xff;

const TABLE = `${repeatRows("HSEM_R# 0 0 8000ffff", COUNT, 4)}, ${repeatRows("HSEM_RLR# 80 0 8000ffff", COUNT, 4)},
  HSEM_IER 100 0 ffffffff, HSEM_ICR 104 0 ffffffff, HSEM_ISR 108 0 ffffffff, HSEM_MISR 10c 0 ffffffff,
  HSEM_CR 140 0 ffffff00, HSEM_KEYR 144 0 ffff0000`;

export class Hsem extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: HsemOptions;

  constructor(options: HsemOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(this.#specs(), {
      name: "HSEM",
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    this.registers.reset();
    this.#update();
  }

  #specs(): Record<string, RegisterSpec> {
    const actions: Record<string, Partial<RegisterSpec>> = {
      HSEM_IER: { rw: ALL, onWrite: () => this.#update() },
      HSEM_ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
      HSEM_ISR: { ro: ALL },
      HSEM_MISR: {
        ro: ALL,
        onRead: () => (this.registers.get("HSEM_ISR") & this.registers.get("HSEM_IER")) >>> 0,
      },
      HSEM_CR: { wo: ALL, onWrite: (written) => this.#clearAll(written) },
      HSEM_KEYR: { rw: ALL },
    };
    for (let n = 0; n < COUNT; n++) {
      actions[`HSEM_R${n}`] = { ro: ALL, onWrite: (written) => this.#write(n, written) };
      actions[`HSEM_RLR${n}`] = { ro: ALL, onRead: () => this.#readLock(n) };
    }
    return registerTable(TABLE, actions);
  }

  /** Two-step lock, and release: only whoever took it, with the same process, frees it. */
  #write(n: number, written: number): void {
    const name = `HSEM_R${n}`;
    const now = this.registers.get(name);
    const core = (written & COREID) >>> 8;
    if (core !== CORE) return;
    if ((written & LOCK) !== 0) {
      if ((now & LOCK) === 0) this.registers.set(name, LOCK | (CORE << 8) | (written & PROCID));
    } else if ((now & LOCK) !== 0 && ((now ^ written) & (COREID | PROCID)) === 0) {
      this.#free(n);
    }
  }

  /** One-step lock: reading takes it, for process 0. */
  #readLock(n: number): number {
    const name = `HSEM_R${n}`;
    if (!this.registers.has(name, LOCK)) this.registers.set(name, LOCK | (CORE << 8));
    return this.registers.get(name);
  }

  #clearAll(written: number): void {
    if ((written & 0xffff_0000) !== (this.registers.get("HSEM_KEYR") & 0xffff_0000)) return;
    const core = (written & COREID) >>> 8;
    for (let n = 0; n < COUNT; n++) {
      const now = this.registers.get(`HSEM_R${n}`);
      if ((now & LOCK) !== 0 && (now & COREID) >>> 8 === core) this.#free(n);
    }
  }

  #free(n: number): void {
    this.registers.set(`HSEM_R${n}`, 0);
    this.registers.setBits("HSEM_ISR", (1 << n) >>> 0, true);
    this.#update();
  }

  #clear(written: number): void {
    this.registers.setBits("HSEM_ISR", written, false);
    this.#update();
  }

  #update(): void {
    this.#options.interrupt.set((this.registers.get("HSEM_ISR") & this.registers.get("HSEM_IER")) !== 0);
  }
}
