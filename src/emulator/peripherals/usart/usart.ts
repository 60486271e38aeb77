/**
 * USART, UART and LPUART as an asynchronous serial port (RM0433, chapters USART and LPUART): baud rate and its automatic
 * detection, frames of 7 to 9 bits with parity, FIFO, overrun, idle, receiver timeout, character match, mute mode, breaks,
 * half duplex, hardware flow control, interrupts, DMA. Smartcard, IrDA, synchronous mode and wake-up from Stop are stored.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { CR1, CR2, CR3, FIFO_DEPTH, ISR, RQR, THRESHOLDS } from "./usart-bits.js";
import { type FrameFormat, formatOf, type LineSettings } from "./usart-format.js";
import { UsartReceiver } from "./usart-receiver.js";
import { type UsartKind, type UsartRegister, usartRegisters } from "./usart-registers.js";
import { UsartTransmitter } from "./usart-transmitter.js";

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
  /** A frame left the TX pin: its bits without parity as a terminal reads them, and the baud rate it was sent with. */
  readonly onTransmit: (value: number, baud: number) => void;
  readonly receiveRequest?: DmaSignal;
  readonly transmitRequest?: DmaSignal;
  /** The RTS/DE output may have changed. */
  readonly onRequestToSend?: () => void;
}

/** What is fixed while UE = 1. */
const CR1_LOCKED = CR1.M0 | CR1.M1 | CR1.OVER8 | CR1.FIFOEN | CR1.PCE;
const ERRORS = ISR.PE | ISR.FE | ISR.NE | ISR.ORE;
/** Flags that stay until software clears them in ICR, at the same place. */
const STICKY = ERRORS | ISR.IDLE | ISR.TC | ISR.LBDF | ISR.CTSIF | ISR.RTOF | ISR.CMF;
/** PRESC. */
const PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256] as const;
/** A divider that automatic baud rate detection can set. */
const BRR_MIN = 16;
const BRR_MAX = 0xffff;
/** CR2.ABRMOD: what the frame has to begin with, lowest bit first: a 1; 1 and 0; 0x7F; 0x55. */
const PATTERNS = [
  { mask: 1, bits: 1 },
  { mask: 3, bits: 1 },
  { mask: 0xff, bits: 0x7f },
  { mask: 0xff, bits: 0x55 },
] as const;

export class Usart extends Peripheral {
  readonly registers: RegisterBlock<UsartRegister>;

  readonly #options: UsartOptions;
  readonly #receiver: UsartReceiver;
  readonly #transmitter: UsartTransmitter;
  /** Those of ISR that are not conditions. */
  #flags: number = ISR.TC;
  #clearToSend = true;
  /** TXFE was cleared by ICR and comes back when the FIFO fills. */
  #emptySeen = false;

  constructor(options: UsartOptions) {
    super();
    this.#options = options;
    const specs = usartRegisters(options.kind, {
      writeCr1: (before) => this.#writeCr1(before),
      writeCr2: (before) => this.#writeCr2(before),
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
    const common = {
      timeline: options.timeline,
      register: (name: UsartRegister) => this.registers.get(name),
      format: () => this.#format,
      baud: () => this.baud,
    };
    this.#receiver = new UsartReceiver({
      ...common,
      enabled: () => this.#enabled(CR1.RE) && options.clocked(),
      setFlags: (flags) => {
        this.#flags |= flags;
      },
      detect: (baud, word) => this.#detected(baud, word),
      update: () => this.#update(),
    });
    this.#transmitter = new UsartTransmitter({
      ...common,
      enabled: () => this.#enabled(CR1.TE),
      sent: (word, isBreak, baud) => this.#sent(word, isBreak, baud),
      mistake: (message) => this.#mistake(message),
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
    const hz = this.#dividedHz;
    if (brr === 0) return 0;
    if (this.#options.kind === "LPUART") return (256 * hz) / brr;
    // With OVER8 the low four bits of USARTDIV lie one place to the right (RM0433, chapter USART).
    return this.registers.has("CR1", CR1.OVER8) ? (2 * hz) / ((brr & 0xfff0) | ((brr & 7) << 1)) : hz / brr;
  }

  /**
   * Puts a frame on the RX line, behind those that are still arriving.
   * @param sender how its sender is set up; by default as the receiver is.
   */
  receive(value: number, sender: LineSettings = {}): void {
    this.#receiver.put(value, sender, false);
  }

  /** The line is low for longer than a frame. */
  receiveBreak(): void {
    this.#receiver.put(0, {}, true);
  }

  /** The level of nCTS; undefined: not connected. */
  setClearToSend(level: boolean | undefined): void {
    const clear = level !== true;
    if (clear === this.#clearToSend) return;
    this.#clearToSend = clear;
    if (this.registers.has("CR3", CR3.CTSE)) this.#flags |= ISR.CTSIF;
    this.#transmitter.setClear(clear);
    this.#update();
  }

  /** The TX pin; undefined while the transmitter is off. */
  get transmitLevel(): boolean | undefined {
    if (!this.#enabled(CR1.TE)) return undefined;
    return this.#transmitter.level !== this.registers.has("CR2", CR2.TXINV);
  }

  /** nRTS, or DE with CR3.DEM: low asks for data; undefined: the pin is not driven. */
  get requestToSend(): boolean | undefined {
    const cr3 = this.registers.get("CR3");
    if (!this.registers.has("CR1", CR1.UE)) return undefined;
    if ((cr3 & CR3.DEM) !== 0) return !this.#transmitter.idle !== ((cr3 & CR3.DEP) !== 0);
    return (cr3 & CR3.RTSE) === 0 ? undefined : this.#receiver.full || !this.#enabled(CR1.RE);
  }

  get #dividedHz(): number {
    return this.#options.kernelHz() / (PRESCALERS[this.registers.get("PRESC")] ?? 256);
  }

  get #format(): FrameFormat {
    return formatOf(this.registers.get("CR1"), this.registers.get("CR2"));
  }

  #enabled(bit: number): boolean {
    return this.registers.has("CR1", CR1.UE) && this.registers.has("CR1", bit);
  }

  #writeCr1(before: number): void {
    const on = this.registers.has("CR1", CR1.UE);
    if ((before & CR1.UE) !== 0 && on) this.#keepWhileEnabled("CR1", before, CR1_LOCKED);
    if ((before & CR1.UE) !== 0 && !on) this.#stop();
    this.#transmitter.next();
    this.#receiver.next();
    this.#update();
  }

  #writeCr2(before: number): void {
    if ((this.registers.get("CR2") & ~before & CR2.ABREN) !== 0) this.#receiver.detect();
    this.#update();
  }

  /** The manual wants UE = 0. The chip takes it all the same: U-Boot's driver has set its rate like that for years. */
  #writeBrr(before: number): void {
    if (this.registers.has("CR1", CR1.UE) && this.registers.get("BRR") !== before)
      this.#mistake("BRR: written while UE = 1, against the manual; it takes effect");
    this.#transmitter.next();
  }

  #keepWhileEnabled(name: UsartRegister, before: number, mask: number): void {
    const now = this.registers.get(name);
    if (!this.registers.has("CR1", CR1.UE) || ((now ^ before) & mask) === 0) return;
    this.registers.set(name, (now & ~mask) | (before & mask));
    this.#mistake(`${name}: frame and FIFO settings are fixed while UE = 1`);
  }

  #stop(): void {
    this.#transmitter.stop();
    this.#receiver.stop();
    this.#flags = ISR.TC;
  }

  #transmit(value: number): void {
    if (!this.#enabled(CR1.TE)) {
      this.#mistake("TDR was written while UE or TE is off: the data is lost");
      return;
    }
    this.#emptySeen = false;
    this.#flags &= ~ISR.TC;
    this.#transmitter.put(value);
    this.#update();
  }

  #sent(word: number, isBreak: boolean, baud: number): void {
    const { bits, parity } = this.#format;
    const data = word & ((1 << (bits - (parity === "none" ? 0 : 1))) - 1);
    if (this.registers.has("CR2", CR2.TXINV)) {
      this.#mistake("CR2.TXINV: the line is inverted, a terminal reads nothing from it");
    } else if (!isBreak) {
      this.#options.onTransmit(data, baud);
    }
    // Half duplex: both halves are on the TX pin, and hear each other.
    if (this.registers.has("CR3", CR3.HDSEL)) this.#receiver.hear(word, isBreak);
    this.#transmitter.next();
    if (this.#transmitter.idle) this.#flags |= ISR.TC;
    this.#update();
  }

  /** Sets BRR to what was measured. */
  #detected(baud: number, word: number): boolean {
    const { mask, bits } = PATTERNS[(this.registers.get("CR2") >>> 21) & 3] ?? PATTERNS[0];
    const over8 = this.registers.has("CR1", CR1.OVER8);
    const divider = Math.round((this.#dividedHz * (over8 ? 2 : 1)) / baud);
    if (divider < BRR_MIN || divider > BRR_MAX || (word & mask) !== bits) return false;
    this.registers.set("BRR", over8 ? (divider & 0xfff0) | ((divider & 0xf) >>> 1) : divider);
    return true;
  }

  #take(): number {
    const value = this.#receiver.take();
    this.#update();
    return value;
  }

  #request(written: number): void {
    if ((written & RQR.RXFRQ) !== 0) this.#receiver.flush();
    if ((written & RQR.TXFRQ) !== 0) this.#transmitter.flush();
    if ((written & RQR.MMRQ) !== 0 && this.registers.has("CR1", CR1.MME)) this.#receiver.mute();
    if ((written & RQR.SBKRQ) !== 0 && this.#enabled(CR1.TE)) {
      this.#flags &= ~ISR.TC;
      this.#transmitter.requestBreak();
    }
    if ((written & RQR.ABRRQ) !== 0) {
      this.#flags &= ~(ISR.ABRF | ISR.ABRE);
      this.#receiver.detect();
    }
    this.#update();
  }

  /** ICR clears the flag at the same place in ISR; TXFE's is at bit 5. */
  #clear(written: number): void {
    this.#flags &= ~(written & STICKY);
    if ((written & (1 << 5)) !== 0) this.#emptySeen = true;
    this.#update();
  }

  #status(): number {
    const cr3 = this.registers.get("CR3");
    const fifo = this.registers.has("CR1", CR1.FIFOEN);
    const received = this.#receiver.count;
    const free = FIFO_DEPTH - this.#transmitter.count;
    const conditions: readonly (readonly [number, boolean])[] = [
      [ISR.RXNE, received > 0],
      [ISR.TXE, !this.#transmitter.full],
      [ISR.CTS, (cr3 & CR3.CTSE) !== 0 && this.#clearToSend],
      [ISR.BUSY, this.#receiver.busy && this.#enabled(CR1.RE)],
      [ISR.SBKF, this.#transmitter.breaking],
      [ISR.RWU, this.#receiver.muted],
      [ISR.TEACK, this.#enabled(CR1.TE)],
      [ISR.REACK, this.#enabled(CR1.RE)],
      [ISR.TXFE, fifo && free === FIFO_DEPTH && !this.#emptySeen],
      [ISR.RXFF, fifo && this.#receiver.full],
      [ISR.RXFT, fifo && received >= (THRESHOLDS[(cr3 >>> 25) & 7] ?? FIFO_DEPTH)],
      [ISR.TXFT, fifo && free >= (THRESHOLDS[(cr3 >>> 29) & 7] ?? FIFO_DEPTH)],
    ];
    return conditions.reduce((status, [bit, on]) => (on ? status | bit : status), this.#flags) >>> 0;
  }

  #update(): void {
    const status = this.#status();
    const cr1 = this.registers.get("CR1");
    const cr2 = this.registers.get("CR2");
    const cr3 = this.registers.get("CR3");
    const sources: readonly (readonly [number, number, number])[] = [
      [cr1, CR1.IDLEIE, ISR.IDLE],
      [cr1, CR1.RXNEIE, ISR.RXNE | ISR.ORE],
      [cr1, CR1.TCIE, ISR.TC],
      [cr1, CR1.TXEIE, ISR.TXE],
      [cr1, CR1.PEIE, ISR.PE],
      [cr1, CR1.CMIE, ISR.CMF],
      [cr1, CR1.TXFEIE, ISR.TXFE],
      [cr1, CR1.RXFFIE, ISR.RXFF],
      [cr1, CR1.RTOIE, ISR.RTOF],
      [cr2, CR2.LBDIE, ISR.LBDF],
      [cr3, CR3.EIE, ISR.FE | ISR.NE | ISR.ORE],
      [cr3, CR3.CTSIE, ISR.CTSIF],
      [cr3, CR3.TXFTIE, ISR.TXFT],
      [cr3, CR3.RXFTIE, ISR.RXFT],
    ];
    const asserted = sources.some(([enables, bit, flags]) => (enables & bit) !== 0 && (status & flags) !== 0);
    this.#options.interrupt.set(asserted && (cr1 & CR1.UE) !== 0);
    const { receiveRequest = NO_DMA, transmitRequest = NO_DMA, onRequestToSend } = this.#options;
    transmitRequest.set((cr3 & CR3.DMAT) !== 0 && this.#enabled(CR1.TE) && (status & ISR.TXE) !== 0);
    // DDRE: a frame with an error stops the requests until its flag is cleared.
    const barred = (cr3 & CR3.DDRE) !== 0 && (status & (ISR.PE | ISR.FE | ISR.NE)) !== 0;
    receiveRequest.set((cr3 & CR3.DMAR) !== 0 && this.#receiver.count > 0 && !barred);
    if ((cr3 & (CR3.RTSE | CR3.DEM)) !== 0) onRequestToSend?.();
  }

  #mistake(message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${message}`, `guest mistake: ${name}: ${message}`);
  }
}
