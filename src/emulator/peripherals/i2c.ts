/**
 * I2C as master on a bus without devices (RM0433, chapter I2C): every address is answered with NACK and the master
 * stops by itself. Slave mode, SMBus and wake-up are stored.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { Peripheral } from "./peripheral.js";
import { ALL, registerTable } from "./register-table.js";
import { I2C } from "./tables/serial.js";

export interface I2cOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
}

const PE = 1 << 0;
/** CR1: TXIE, RXIE, ADDRIE, NACKIE, STOPIE, TCIE are at ISR's places for TXIS, RXNE, ADDR, NACKF, STOPF, TC. */
const EVENTS = 0x7e;
const START = 1 << 13;
const STOP = 1 << 14;
const TXE = 1 << 0;
const TXIS = 1 << 1;
const NACKF = 1 << 4;
const STOPF = 1 << 5;
const BUSY = 1 << 15;
/** Start condition, seven address bits, direction, acknowledge. */
const ADDRESS_CLOCKS = 10;

export class I2c extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: I2cOptions;
  #addressing: TimelineEvent | undefined;

  constructor(options: I2cOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(I2C, {
        CR1: { rw: PE | EVENTS | (1 << 7) | 0x1f00 | (3 << 14), onWrite: () => this.#control() },
        CR2: { rw: 0x03ff_ffff, onWrite: () => this.#start() },
        TIMINGR: { rw: ALL },
        OAR1: { rw: ALL },
        OAR2: { rw: ALL },
        ISR: { rw: TXE | TXIS, ro: ALL & ~3, onWrite: (written, before) => this.#flush(written, before) },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        TXDR: { rw: ALL, onWrite: () => this.#fill() },
        RXDR: { ro: ALL },
        PECR: { ro: ALL },
      }),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#options.timeline.cancel(this.#addressing);
    this.registers.reset();
    this.#update();
  }

  /** PE = 0 is a software reset of the state machine and the flags. */
  #control(): void {
    if (!this.registers.has("CR1", PE)) {
      this.#options.timeline.cancel(this.#addressing);
      this.registers.set("ISR", TXE);
      this.registers.setBits("CR2", START | STOP, false);
    }
    this.#update();
  }

  #start(): void {
    if (!this.registers.has("CR2", START) || this.registers.has("ISR", BUSY)) return;
    const { timeline } = this.#options;
    if (!this.registers.has("CR1", PE)) {
      this.registers.setBits("CR2", START, false);
      return;
    }
    const clock = this.#clockNs();
    if (clock === undefined) return;
    this.registers.setBits("ISR", BUSY, true);
    this.#addressing = timeline.after(ADDRESS_CLOCKS * clock, () => {
      this.registers.setBits("ISR", NACKF, true);
      this.registers.setBits("CR2", START, false);
      this.#update();
      this.#addressing = timeline.after(clock, () => {
        this.registers.setBits("ISR", STOPF, true);
        this.registers.setBits("ISR", BUSY, false);
        this.registers.setBits("CR2", STOP, false);
        this.#update();
      });
    });
  }

  /** Nanoseconds of an SCL period (RM0433, I2C_TIMINGR). */
  #clockNs(): number | undefined {
    const hz = this.#options.kernelHz();
    const timing = this.registers.get("TIMINGR");
    if (hz === 0) {
      const { log, name } = this.#options;
      log.once(`${name}.clock0`, `guest mistake: ${name}: the kernel clock stands still: START never ends`);
      return undefined;
    }
    const scl = (timing & 0xff) + ((timing >>> 8) & 0xff) + 2;
    return ((((timing >>> 28) + 1) * scl + 8) * 1e9) / hz;
  }

  /** Writing 1 to TXE empties TXDR; TXIS can only be set by software. */
  #flush(written: number, before: number): void {
    this.registers.set("ISR", before | (written & TXE));
  }

  #fill(): void {
    this.registers.setBits("ISR", TXE, false);
  }

  #clear(written: number): void {
    this.registers.setBits("ISR", written & 0x3f38, false);
    if ((written & NACKF) !== 0) this.registers.setBits("ISR", TXE, true);
    this.#update();
  }

  #update(): void {
    const pending = this.registers.get("ISR") & this.registers.get("CR1") & EVENTS;
    this.#options.interrupt.set(pending !== 0);
  }
}
