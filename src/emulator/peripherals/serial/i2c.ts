/**
 * I2C as master (RM0433, chapter I2C): what nobody answers to ends with NACK and a stop condition. Slave mode, SMBus and wake-up are
 * stored.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import type { I2cDevice } from "../../i2c-device.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { DmaSignal } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { I2C } from "../tables/serial.js";

export interface I2cOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  /** Who is at the bus with this address of seven bits. Default: nobody at all. */
  readonly device?: (address: number) => I2cDevice | undefined;
  readonly receiveRequest?: DmaSignal;
  readonly transmitRequest?: DmaSignal;
}

const PE = 1 << 0;
/** CR1: TXIE, RXIE, ADDRIE, NACKIE, STOPIE, TCIE are at ISR's places for TXIS, RXNE, ADDR, NACKF, STOPF, TC. */
const EVENTS = 0x7e;
const TXDMAEN = 1 << 14;
const RXDMAEN = 1 << 15;
const RD_WRN = 1 << 10;
const ADD10 = 1 << 11;
const START = 1 << 13;
const STOP = 1 << 14;
const RELOAD = 1 << 24;
const AUTOEND = 1 << 25;
const TXE = 1 << 0;
const TXIS = 1 << 1;
const RXNE = 1 << 2;
const NACKF = 1 << 4;
const STOPF = 1 << 5;
const TC = 1 << 6;
const TCR = 1 << 7;
const BUSY = 1 << 15;
/** Start condition, seven address bits, direction, acknowledge. */
const ADDRESS_CLOCKS = 10;
const BYTE_CLOCKS = 9;

/** "hold": all bytes are through, and SCL stays low until software goes on. */
type Phase = "idle" | "address" | "transmit" | "receive" | "hold" | "stop";

export class I2c extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: I2cOptions;
  #event: TimelineEvent | undefined;
  #phase: Phase = "idle";
  #device: I2cDevice | undefined;
  /** Of NBYTES. */
  #left = 0;
  /** A byte is on the bus. */
  #shifting = false;
  /** Received, while RXDR is full. */
  #waiting: number | undefined;

  constructor(options: I2cOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(I2C, {
        CR1: { rw: PE | EVENTS | (1 << 7) | 0x1f00 | TXDMAEN | RXDMAEN, onWrite: () => this.#control() },
        CR2: { rw: 0x03ff_ffff, onWrite: () => this.#command() },
        TIMINGR: { rw: ALL },
        OAR1: { rw: ALL },
        OAR2: { rw: ALL },
        ISR: { rw: TXE | TXIS, ro: ALL & ~3, onWrite: (written, before) => this.#flush(written, before) },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        TXDR: { rw: ALL, onWrite: () => this.#fill() },
        RXDR: { ro: ALL, onRead: (stored) => this.#take(stored) },
        PECR: { ro: ALL },
      }),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#abandon();
    this.registers.reset();
    this.#update();
  }

  #abandon(): void {
    this.#options.timeline.cancel(this.#event);
    this.#device?.stop();
    this.#device = undefined;
    this.#phase = "idle";
    this.#shifting = false;
    this.#waiting = undefined;
  }

  /** PE = 0 is a software reset of the state machine and the flags. */
  #control(): void {
    if (!this.registers.has("CR1", PE)) {
      this.#abandon();
      this.registers.set("ISR", TXE);
      this.registers.setBits("CR2", START | STOP, false);
    }
    this.#update();
  }

  /** CR2 was written. */
  #command(): void {
    const { registers } = this;
    if (!registers.has("CR1", PE)) {
      registers.setBits("CR2", START | STOP, false);
      return;
    }
    if (registers.has("CR2", START) && (this.#phase === "idle" || this.#phase === "hold")) this.#start();
    else if (registers.has("CR2", STOP) && this.#mayStop) this.#stop();
    else if (this.#phase === "hold" && registers.has("ISR", TCR)) this.#reload();
    this.#update();
  }

  /** Between two bytes. */
  get #mayStop(): boolean {
    return this.#phase === "hold" || (this.#phase === "transmit" && !this.#shifting);
  }

  get #bytes(): number {
    return (this.registers.get("CR2") >>> 16) & 0xff;
  }

  #start(): void {
    const { registers } = this;
    if (this.#clockNs() === undefined) return;
    const cr2 = registers.get("CR2");
    registers.setBits("ISR", BUSY, true);
    registers.setBits("ISR", TC | TCR, false);
    this.#phase = "address";
    this.#left = this.#bytes;
    this.#after(ADDRESS_CLOCKS, () => {
      const device = (cr2 & ADD10) === 0 ? this.#options.device?.((cr2 >>> 1) & 0x7f) : undefined;
      if (device !== this.#device) this.#device?.stop();
      this.#device = device;
      registers.setBits("CR2", START, false);
      const reading = (cr2 & RD_WRN) !== 0;
      if (device?.start(reading) === true) this.#next(reading ? "receive" : "transmit");
      else this.#refused();
    });
  }

  /** A byte that was not acknowledged: the master stops by itself. */
  #refused(): void {
    this.registers.setBits("ISR", NACKF, true);
    this.registers.setBits("ISR", TXIS, false);
    this.#stop();
  }

  #stop(): void {
    this.registers.setBits("ISR", TC | TCR, false);
    this.#phase = "stop";
    this.#after(1, () => {
      this.#device?.stop();
      this.#device = undefined;
      this.#phase = "idle";
      this.registers.setBits("ISR", STOPF, true);
      this.registers.setBits("ISR", BUSY, false);
      this.registers.setBits("CR2", STOP, false);
    });
  }

  /** The next byte in that direction, or what follows the last one. */
  #next(direction: "transmit" | "receive"): void {
    this.#phase = direction;
    if (this.#left === 0) this.#done();
    else if (direction === "receive") this.#receive();
    else if (this.registers.has("ISR", TXE)) this.registers.setBits("ISR", TXIS, true);
    else this.#transmit();
  }

  #done(): void {
    const { registers } = this;
    if (registers.has("CR2", STOP) || (registers.get("CR2") & (RELOAD | AUTOEND)) === AUTOEND) {
      this.#stop();
      return;
    }
    this.#phase = "hold";
    registers.setBits("ISR", registers.has("CR2", RELOAD) ? TCR : TC, true);
  }

  /** TCR: a new NBYTES goes on with the same transfer. */
  #reload(): void {
    if (this.#bytes === 0) return;
    this.registers.setBits("ISR", TCR, false);
    this.#left = this.#bytes;
    this.#next(this.registers.has("CR2", RD_WRN) ? "receive" : "transmit");
  }

  #transmit(): void {
    const byte = this.registers.get("TXDR") & 0xff;
    this.#shifting = true;
    this.registers.setBits("ISR", TXE, true);
    this.registers.setBits("ISR", TXIS, this.#left > 1);
    this.#after(BYTE_CLOCKS, () => {
      this.#shifting = false;
      this.#left--;
      if (this.#device?.write(byte) !== true) this.#refused();
      else if (this.registers.has("CR2", STOP)) this.#stop();
      else this.#next("transmit");
    });
  }

  #receive(): void {
    this.#shifting = true;
    this.#after(BYTE_CLOCKS, () => {
      this.#shifting = false;
      this.#left--;
      const byte = this.#device?.read() ?? 0xff;
      if (this.registers.has("ISR", RXNE)) this.#waiting = byte;
      else this.#received(byte);
    });
  }

  #received(byte: number): void {
    this.registers.set("RXDR", byte);
    this.registers.setBits("ISR", RXNE, true);
    this.#next("receive");
  }

  #take(stored: number): number {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.registers.setBits("ISR", RXNE, false);
    if (waiting !== undefined) this.#received(waiting);
    this.#update();
    return stored;
  }

  #after(clocks: number, run: () => void): void {
    this.#event = this.#options.timeline.after(clocks * (this.#clockNs() ?? 0), () => {
      run();
      this.#update();
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
    this.registers.setBits("ISR", TXE | TXIS, false);
    if (this.#phase === "transmit" && !this.#shifting && this.#left > 0) this.#transmit();
    this.#update();
  }

  #clear(written: number): void {
    this.registers.setBits("ISR", written & 0x3f38, false);
    if ((written & NACKF) !== 0) this.registers.setBits("ISR", TXE, true);
    this.#update();
  }

  #update(): void {
    const { interrupt, receiveRequest, transmitRequest } = this.#options;
    const isr = this.registers.get("ISR");
    const cr1 = this.registers.get("CR1");
    // TCR has TC's enable bit.
    const events = isr | ((isr & TCR) >>> 1);
    interrupt.set((events & cr1 & EVENTS) !== 0);
    receiveRequest?.set((isr & RXNE) !== 0 && (cr1 & RXDMAEN) !== 0);
    transmitRequest?.set((isr & TXIS) !== 0 && (cr1 & TXDMAEN) !== 0);
  }
}
