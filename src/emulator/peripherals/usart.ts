/**
 * USART, UART and LPUART as an asynchronous serial port (RM0433, chapters USART and LPUART): baud rate, frame length,
 * FIFO, overrun, receiver timeout, interrupts, DMA. A parity bit takes its time on the line and is always right. LIN, smartcard, IrDA, synchronous mode and flow control are stored only.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { type DmaSignal, NO_DMA } from "./dma-request.js";
import { Peripheral } from "./peripheral.js";
import { type UsartKind, type UsartRegister, usartRegisters } from "./usart-registers.js";

export interface UsartOptions {
  /** "USART1", "UART4", "LPUART1". */
  readonly name: string;
  readonly kind: UsartKind;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** The kernel clock in Hz, 0 while it stands still. */
  readonly kernelHz: () => number;
  /** A frame left the TX pin: its data (7..9 bits) and the baud rate it was sent with. */
  readonly onTransmit: (value: number, baud: number) => void;
  readonly receiveRequest?: DmaSignal;
  readonly transmitRequest?: DmaSignal;
}

const UE = 1 << 0;
const RE = 1 << 2;
const TE = 1 << 3;
const IDLEIE = 1 << 4;
const RXNEIE = 1 << 5;
const TCIE = 1 << 6;
const TXEIE = 1 << 7;
const OVER8 = 1 << 15;
const PCE = 1 << 10;
const M0 = 1 << 12;
const RTOIE = 1 << 26;
const M1 = 1 << 28;
const FIFOEN = 1 << 29;
const TXFEIE = 1 << 30;
const RXFFIE = 1 << 31;
const EIE = 1 << 0;
const DMAR = 1 << 6;
const DMAT = 1 << 7;
const OVRDIS = 1 << 12;
const RTOEN = 1 << 23;
const TXFTIE = 1 << 23;
const RXFTIE = 1 << 28;

const FE = 1 << 1;
const ORE = 1 << 3;
const IDLE = 1 << 4;
const RXNE = 1 << 5;
const TC = 1 << 6;
const TXE = 1 << 7;
const RTOF = 1 << 11;
const BUSY = 1 << 16;
const TEACK = 1 << 21;
const REACK = 1 << 22;
const TXFE = 1 << 23;
const RXFF = 1 << 24;
const RXFT = 1 << 26;
const TXFT = 1 << 27;
const ERRORS = 0xf;
const RXFRQ = 1 << 3;
const TXFRQ = 1 << 4;

const FIFO_DEPTH = 16;
/** PRESC. */
const PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256] as const;
/** FIFO threshold (TXFTCFG, RXFTCFG 0..5) in frames of the 16: 1/8, 1/4, 1/2, 3/4, 7/8, all. */
const THRESHOLDS = [2, 4, 8, 12, 14, 16] as const;
/** CR2.STOP. */
const STOP_BITS = [1, 0.5, 2, 1.5] as const;
/** A receiver tolerates a few percent between its baud rate and the sender's (RM0433, chapter USART). */
const BAUD_TOLERANCE = 0.04;

interface Frame {
  readonly value: number;
  readonly baud: number | undefined;
}

export class Usart extends Peripheral {
  readonly registers: RegisterBlock<UsartRegister>;

  readonly #options: UsartOptions;
  /** Frames written and not yet in the shift register. */
  #sending: number[] = [];
  #shifting: TimelineEvent | undefined;
  #received: number[] = [];
  /** Frames on their way to the RX pin, one after the other. */
  readonly #line: Frame[] = [];
  #arriving: TimelineEvent | undefined;
  #quiet: TimelineEvent | undefined;
  #silent: TimelineEvent | undefined;
  /** FE, ORE, IDLE as stored; TC too, which software can clear. */
  #flags = TC;

  constructor(options: UsartOptions) {
    super();
    this.#options = options;
    const specs = usartRegisters(options.kind, {
      writeCr1: (before) => this.#writeCr1(before),
      writeBrr: (before) => this.#writeBrr(before),
      writeWhileDisabled: (name, before, mask) => this.#keepWhileEnabled(name, before, mask),
      update: () => this.#update(),
      request: (written) => this.#request(written),
      status: () => this.#status(),
      clear: (written) => this.#clear(written),
      take: () => this.#take(),
      transmit: (value) => this.#transmit(value),
    });
    this.registers = new RegisterBlock(specs, {
      name: options.name,
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    this.registers.reset();
    this.#stop();
    this.#update();
  }

  /** Baud rate as configured, in bits a second; 0 without a clock or with BRR = 0. */
  get baud(): number {
    const brr = this.registers.get("BRR");
    const hz = this.#options.kernelHz() / (PRESCALERS[this.registers.get("PRESC")] ?? 256);
    if (brr === 0) return 0;
    if (this.#options.kind === "LPUART") return (256 * hz) / brr;
    // With OVER8 the low four bits of USARTDIV lie one place to the right (RM0433, chapter USART).
    return this.registers.has("CR1", OVER8) ? (2 * hz) / ((brr & 0xfff0) | ((brr & 7) << 1)) : hz / brr;
  }

  /**
   * Puts a frame on the RX line, behind those that are still arriving.
   * @param baud the sender's rate; a rate that the receiver does not understand gives a framing error. Default:
   * whatever the receiver is set to.
   */
  receive(value: number, baud?: number): void {
    this.#line.push({ value, baud });
    this.#nextArrival();
  }

  /** Bits between start and stop bit. */
  get #frameBits(): number {
    const cr1 = this.registers.get("CR1");
    return (cr1 & M1) !== 0 ? 7 : (cr1 & M0) !== 0 ? 9 : 8;
  }

  get #dataBits(): number {
    return this.#frameBits - (this.registers.has("CR1", PCE) ? 1 : 0);
  }

  #frameNs(baud: number): number {
    const stop = STOP_BITS[(this.registers.get("CR2") >>> 12) & 3] ?? 1;
    return ((1 + this.#frameBits + stop) * 1e9) / baud;
  }

  get #depth(): number {
    return this.registers.has("CR1", FIFOEN) ? FIFO_DEPTH : 1;
  }

  #enabled(bit: number): boolean {
    return this.registers.has("CR1", UE) && this.registers.has("CR1", bit);
  }

  #writeCr1(before: number): void {
    if ((before & UE) !== 0 && this.registers.has("CR1", UE)) {
      this.#keepWhileEnabled("CR1", before, M0 | M1 | OVER8 | FIFOEN | PCE);
    }
    if ((before & UE) !== 0 && !this.registers.has("CR1", UE)) this.#stop();
    this.#startShifting();
    this.#nextArrival();
    this.#update();
  }

  /** The manual wants UE = 0. The chip takes it all the same: U-Boot's driver has set its rate like that for years. */
  #writeBrr(before: number): void {
    if (this.registers.has("CR1", UE) && this.registers.get("BRR") !== before)
      this.#mistake("BRR: written while UE = 1, against the manual; it takes effect");
    this.#startShifting();
  }

  #keepWhileEnabled(name: UsartRegister, before: number, mask: number): void {
    const now = this.registers.get(name);
    if (!this.registers.has("CR1", UE) || ((now ^ before) & mask) === 0) return;
    this.registers.set(name, (now & ~mask) | (before & mask));
    this.#mistake(`${name}: frame and FIFO settings are fixed while UE = 1`);
  }

  #stop(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#shifting);
    timeline.cancel(this.#arriving);
    timeline.cancel(this.#quiet);
    timeline.cancel(this.#silent);
    this.#shifting = undefined;
    this.#arriving = undefined;
    this.#sending = [];
    this.#received = [];
    this.#flags = TC;
  }

  #transmit(value: number): void {
    if (!this.#enabled(TE)) {
      this.#mistake("TDR was written while UE or TE is off: the data is lost");
      return;
    }
    if (this.#sending.length >= this.#depth) {
      this.#mistake("TDR was written while TXE = 0: data that was not sent yet is lost");
      this.#sending.pop();
    }
    this.#sending.push(value & ((1 << this.#dataBits) - 1));
    this.#flags &= ~TC;
    this.#startShifting();
    this.#update();
  }

  #startShifting(): void {
    const value = this.#sending[0];
    const baud = this.baud;
    if (value === undefined || this.#shifting !== undefined || !this.#enabled(TE)) return;
    if (baud === 0) {
      this.#mistake("data to send, but the baud rate is 0 (kernel clock or BRR): it never leaves");
      return;
    }
    this.#sending.shift();
    this.#shifting = this.#options.timeline.after(this.#frameNs(baud), () => this.#sent(value, baud));
  }

  #sent(value: number, baud: number): void {
    this.#shifting = undefined;
    this.#options.onTransmit(value, baud);
    this.#startShifting();
    if (this.#shifting === undefined) this.#flags |= TC;
    this.#update();
  }

  #nextArrival(): void {
    const frame = this.#line[0];
    const baud = frame?.baud ?? this.baud;
    if (frame === undefined || this.#arriving !== undefined || baud === 0) return;
    this.#options.timeline.cancel(this.#quiet);
    this.#arriving = this.#options.timeline.after(this.#frameNs(baud), () => {
      this.#arriving = undefined;
      this.#line.shift();
      this.#arrived(frame);
      this.#nextArrival();
    });
  }

  #arrived({ value, baud }: Frame): void {
    if (!this.#enabled(RE) || !this.#options.clocked()) return;
    if (baud !== undefined && Math.abs(baud / this.baud - 1) > BAUD_TOLERANCE) this.#flags |= FE;
    if (this.#received.length < this.#depth) {
      this.#received.push(value & ((1 << this.#dataBits) - 1));
    } else if (this.registers.has("CR3", OVRDIS)) {
      this.#received[this.#received.length - 1] = value;
    } else {
      this.#flags |= ORE;
    }
    this.#watchIdle();
    this.#update();
  }

  /** IDLE comes when the line stayed quiet for a whole frame after data (RM0433, chapter USART). */
  #watchIdle(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#quiet);
    if (this.baud === 0) return;
    this.#quiet = timeline.after(this.#frameNs(this.baud), () => {
      this.#flags |= IDLE;
      this.#update();
    });
    this.#watchTimeout();
  }

  /** RTOF comes RTOR bit times after the last frame. */
  #watchTimeout(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#silent);
    if (!this.registers.has("CR2", RTOEN)) return;
    const bits = this.registers.get("RTOR") & 0xff_ffff;
    this.#silent = timeline.after((bits * 1e9) / this.baud, () => {
      this.#flags |= RTOF;
      this.#update();
    });
  }

  #take(): number {
    const value = this.#received.shift() ?? 0;
    this.#update();
    return value;
  }

  #request(written: number): void {
    if ((written & RXFRQ) !== 0) this.#received = [];
    if ((written & TXFRQ) !== 0) this.#sending = [];
    this.#update();
  }

  /** ICR clears the flag at the same place in ISR. */
  #clear(written: number): void {
    this.#flags &= ~(written & (ERRORS | IDLE | TC | RTOF));
    this.#update();
  }

  #status(): number {
    const cr3 = this.registers.get("CR3");
    const fifo = this.registers.has("CR1", FIFOEN);
    const received = this.#received.length;
    const free = FIFO_DEPTH - this.#sending.length;
    const conditions: readonly (readonly [number, boolean])[] = [
      [RXNE, received > 0],
      [TXE, this.#sending.length < this.#depth],
      [BUSY, this.#arriving !== undefined && this.#enabled(RE)],
      [TEACK, this.#enabled(TE)],
      [REACK, this.#enabled(RE)],
      [TXFE, fifo && this.#sending.length === 0],
      [RXFF, fifo && received >= FIFO_DEPTH],
      [RXFT, fifo && received >= (THRESHOLDS[(cr3 >>> 25) & 7] ?? FIFO_DEPTH)],
      [TXFT, fifo && free >= (THRESHOLDS[(cr3 >>> 29) & 7] ?? FIFO_DEPTH)],
    ];
    return conditions.reduce((status, [bit, on]) => (on ? status | bit : status), this.#flags) >>> 0;
  }

  #update(): void {
    const status = this.#status();
    const cr1 = this.registers.get("CR1");
    const cr3 = this.registers.get("CR3");
    const sources: readonly (readonly [number, number, number])[] = [
      [cr1, IDLEIE, IDLE],
      [cr1, RXNEIE, RXNE | ORE],
      [cr1, TCIE, TC],
      [cr1, TXEIE, TXE],
      [cr1, TXFEIE, TXFE],
      [cr1, RXFFIE, RXFF],
      [cr1, RTOIE, RTOF],
      [cr3, EIE, ERRORS],
      [cr3, TXFTIE, TXFT],
      [cr3, RXFTIE, RXFT],
    ];
    const asserted = sources.some(([enables, bit, flags]) => (enables & bit) !== 0 && (status & flags) !== 0);
    this.#options.interrupt.set(asserted && (cr1 & UE) !== 0);
    const { receiveRequest = NO_DMA, transmitRequest = NO_DMA } = this.#options;
    transmitRequest.set((cr3 & DMAT) !== 0 && this.#enabled(TE) && (status & TXE) !== 0);
    receiveRequest.set((cr3 & DMAR) !== 0 && this.#received.length > 0);
  }

  #mistake(message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${message}`, `guest mistake: ${name}: ${message}`);
  }
}
