/**
 * SPI as master (RM0433, chapter SPI/I2S): FIFOs with packing, transfer size, end and suspension of a transfer, interrupts,
 * DMA. A slave gets no clock here. I2S runs as 16-bit frames without a word clock. CRC is stored.
 */

import type { AccessSize, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { SPI } from "../tables/serial.js";

export interface SpiOptions {
  readonly name: string;
  /** Bytes of each FIFO: 16 in SPI1..3, 8 in SPI4..6. */
  readonly fifoBytes: 8 | 16;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  readonly receiveRequest?: DmaSignal;
  readonly transmitRequest?: DmaSignal;
  /** What is at the other end: takes MOSI's frame at `hz` bits a second, gives MISO's. Default: nothing; MISO reads ones. */
  readonly exchange?: ((value: number, bits: number, hz: number) => number) | undefined;
}

const SPE = 1 << 0;
const MASRX = 1 << 8;
const CSTART = 1 << 9;
const CSUSP = 1 << 10;
const HDDIR = 1 << 11;
const RXDMAEN = 1 << 14;
const TXDMAEN = 1 << 15;
const MASTER = 1 << 22;

const RXP = 1 << 0;
const TXP = 1 << 1;
const DXP = 1 << 2;
const EOT = 1 << 3;
const TXTF = 1 << 4;
const OVR = 1 << 6;
const SUSP = 1 << 11;
const TXC = 1 << 12;
const RXWNE = 1 << 15;
/** CFG2.COMM */
const COMM = { FULL: 0, TRANSMIT: 1, RECEIVE: 2, HALF: 3 } as const;

export class Spi extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SpiOptions;
  #transmit: number[] = [];
  #receive: number[] = [];
  #shifting: TimelineEvent | undefined;
  /** Frames of this transfer that were started, and that software wrote. */
  #started = 0;
  #written = 0;
  /** EOT, TXTF, OVR, SUSP as stored. */
  #flags = 0;

  constructor(options: SpiOptions) {
    super();
    this.#options = options;
    const locked = (name: string) => ({
      rw: ALL,
      onWrite: (_written: number, before: number) => this.#lock(name, before),
    });
    this.registers = new RegisterBlock(
      registerTable(SPI, {
        CR1: {
          rw: SPE | MASRX | HDDIR | (1 << 12) | (1 << 16),
          wo: CSUSP,
          ro: CSTART,
          onWrite: (written, before) => this.#control(written, before),
        },
        CR2: { rw: 0xffff },
        CFG1: locked("CFG1"),
        CFG2: locked("CFG2"),
        IER: { rw: ALL, onWrite: () => this.#update() },
        SR: { ro: ALL, onRead: () => this.#status() },
        IFCR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        TXDR: { wo: ALL, onWrite: (written, _before, lanes) => this.#push(written, lanes) },
        RXDR: { ro: ALL, onRead: (_stored, size, lane) => this.#pop(size) * 2 ** lane },
        UDRDR: { rw: ALL },
        CRCPOLY: { rw: ALL },
      }),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#disable();
    this.registers.reset();
    this.#update();
  }

  get #bits(): number {
    return (this.registers.get("CFG1") & 0x1f) + 1;
  }

  /** Bytes of a frame in the FIFO. */
  get #width(): number {
    return this.#bits <= 8 ? 1 : this.#bits <= 16 ? 2 : 4;
  }

  get #depth(): number {
    return this.#options.fifoBytes / this.#width;
  }

  /** FTHLV: frames of a packet. */
  get #packet(): number {
    return Math.min(((this.registers.get("CFG1") >>> 5) & 0xf) + 1, this.#depth);
  }

  get #size(): number {
    return this.registers.get("CR2") & 0xffff;
  }

  get #comm(): number {
    return (this.registers.get("CFG2") >>> 17) & 3;
  }

  get #sends(): boolean {
    const comm = this.#comm;
    return (
      comm === COMM.FULL || comm === COMM.TRANSMIT || (comm === COMM.HALF && this.registers.has("CR1", HDDIR))
    );
  }

  get #receives(): boolean {
    const comm = this.#comm;
    return (
      comm === COMM.FULL || comm === COMM.RECEIVE || (comm === COMM.HALF && !this.registers.has("CR1", HDDIR))
    );
  }

  #lock(name: string, before: number): void {
    if (!this.registers.has("CR1", SPE) || this.registers.get(name) === before) return;
    // The DMA bits are the exception (RM0433, SPI_CFG1).
    const free = name === "CFG1" ? RXDMAEN | TXDMAEN : 0;
    const now = this.registers.get(name);
    this.registers.set(name, (before & ~free) | (now & free));
    if (((now ^ before) & ~free) !== 0) this.#mistake(`${name} is fixed while SPE = 1`);
    this.#update();
  }

  #control(written: number, before: number): void {
    if ((before & ~written & SPE) !== 0) this.#disable();
    if (this.registers.has("CR1", SPE)) {
      if ((written & CSTART) !== 0 && this.registers.has("CFG2", MASTER)) {
        this.registers.setBits("CR1", CSTART, true);
      } else if ((written & CSTART) !== 0) {
        this.#mistake("CSTART as a slave does nothing");
      }
      if ((written & CSUSP) !== 0 && this.registers.has("CR1", CSTART)) this.#suspend();
    }
    this.#next();
    this.#update();
  }

  #disable(): void {
    this.#options.timeline.cancel(this.#shifting);
    this.#shifting = undefined;
    this.#transmit = [];
    this.#receive = [];
    this.#started = 0;
    this.#written = 0;
    this.#flags = 0;
    this.registers.setBits("CR1", CSTART, false);
  }

  #suspend(): void {
    this.registers.setBits("CR1", CSTART, false);
    this.#flags |= SUSP;
  }

  #push(written: number, lanes: number): void {
    if (!this.registers.has("CR1", SPE)) return;
    const bytes = lanes === 0xffff_ffff ? 4 : (lanes & 0xffff) === 0xffff ? 2 : 1;
    const width = Math.min(this.#width, bytes);
    const mask = this.#bits === 32 ? 0xffff_ffff : 2 ** this.#bits - 1;
    for (let at = 0; at < bytes; at += width) {
      const frame = ((written >>> (at * 8)) & mask) >>> 0;
      if (this.#transmit.length >= this.#depth)
        this.#mistake("TXDR was written while its FIFO was full: lost");
      else this.#transmit.push(frame);
      this.#written++;
    }
    if (this.#size > 0 && this.#written >= this.#size) this.#flags |= TXTF;
    this.#next();
    this.#update();
  }

  #pop(size: AccessSize): number {
    const width = this.#width;
    let value = 0;
    for (let at = 0; at < size; at += width) value += (this.#receive.shift() ?? 0) * 2 ** (at * 8);
    this.#next();
    this.#update();
    return value;
  }

  /** Starts the next frame if there is one to be sent, or to be received. */
  #next(): void {
    if (this.#shifting !== undefined || !this.registers.has("CR1", CSTART)) return;
    if (this.#size > 0 && this.#started >= this.#size) return;
    if (this.#sends && this.#transmit.length === 0) return;
    if (this.#receives && this.#receive.length >= this.#depth && this.registers.has("CR1", MASRX)) return;
    const hz = this.#options.kernelHz();
    if (hz === 0) {
      this.#mistake("the kernel clock stands still (RCC_D2CCIP1R, PLL): nothing is ever sent");
      return;
    }
    const value = this.#sends ? (this.#transmit.shift() as number) : 0;
    this.#started++;
    const divider = 2 ** (((this.registers.get("CFG1") >>> 28) & 7) + 1);
    this.#shifting = this.#options.timeline.after((this.#bits * divider * 1e9) / hz, () =>
      this.#shifted(value, hz / divider),
    );
  }

  #shifted(value: number, hz: number): void {
    this.#shifting = undefined;
    const bits = this.#bits;
    const ones = bits === 32 ? 0xffff_ffff : 2 ** bits - 1;
    const answer = this.#options.exchange?.(value, bits, hz) ?? ones;
    if (this.#receives) {
      if (this.#receive.length < this.#depth) this.#receive.push((answer & ones) >>> 0);
      else this.#flags |= OVR;
    }
    if (this.#size > 0 && this.#started >= this.#size) {
      this.#flags |= EOT;
      this.#started = 0;
      this.#written = 0;
      this.registers.setBits("CR1", CSTART, false);
    }
    this.#next();
    this.#update();
  }

  #clear(written: number): void {
    this.#flags &= ~written;
    this.#update();
  }

  #status(): number {
    if (!this.registers.has("CR1", SPE)) return (TXC | TXP | this.#flags) >>> 0;
    const size = this.#size;
    const room = this.#depth - this.#transmit.length >= this.#packet;
    const received = this.#receive.length;
    const perWord = 4 / this.#width;
    const txp = room && (size === 0 || this.#written < size) && (this.#flags & EOT) === 0;
    const rxp = received >= this.#packet;
    const idle = size > 0 ? (this.#flags & EOT) !== 0 : this.#transmit.length === 0 && !this.#shifting;
    let status = this.#flags;
    if (txp) status |= TXP;
    if (rxp) status |= RXP;
    if (txp && rxp) status |= DXP;
    if (idle) status |= TXC;
    if (received >= perWord) status |= RXWNE;
    status |= (received % perWord) << 13;
    return (status + (size > 0 ? (size - this.#started) * 0x1_0000 : 0)) >>> 0;
  }

  #update(): void {
    const status = this.#status();
    const { interrupt, receiveRequest = NO_DMA, transmitRequest = NO_DMA } = this.#options;
    const cfg1 = this.registers.get("CFG1");
    const on = this.registers.has("CR1", SPE);
    transmitRequest.set(on && (cfg1 & TXDMAEN) !== 0 && (status & TXP) !== 0);
    receiveRequest.set(on && (cfg1 & RXDMAEN) !== 0 && this.#receive.length > 0);
    interrupt.set((status & this.registers.get("IER") & 0x7ff) !== 0 || this.#suspended(status));
  }

  /** EOTIE covers EOT, SUSP and TXC (RM0433, SPI_IER). */
  #suspended(status: number): boolean {
    return (this.registers.get("IER") & EOT) !== 0 && (status & SUSP) !== 0;
  }

  #mistake(message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${message}`, `guest mistake: ${name}: ${message}`);
  }
}
