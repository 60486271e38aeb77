/**
 * USART, UART and LPUART (RM0433, chapters USART and LPUART). Frames reach the receiver from a terminal (`receive`), whole,
 * or from its pin, edge by edge (`pinChanged`), where another chip or a wire drives it.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import type { PinSignal } from "../../pin-signal.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { UsartBaud } from "./usart-baud.js";
import { ABRMOD, ADD, CR1, CR2, CR3, FIFO_DEPTH, ISR, RQR, THRESHOLDS } from "./usart-bits.js";
import { type FrameFormat, formatOf, type LineSettings } from "./usart-format.js";
import { interrupts, RECEIVE_SIDE, TRANSMIT_SIDE } from "./usart-interrupts.js";
import { UsartLine } from "./usart-line.js";
import { type UsartPin, UsartPins } from "./usart-pins.js";
import { UsartReceiver } from "./usart-receiver.js";
import { type UsartKind, type UsartRegister, usartRegisters } from "./usart-registers.js";
import { UsartSlave } from "./usart-slave.js";
import { type SentFrame, UsartTransmitter } from "./usart-transmitter.js";

export interface UsartOptions {
  /** "USART1", "UART4", "LPUART1". */
  readonly name: string;
  readonly kind: UsartKind;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  /** Which sides interrupt now. */
  readonly onInterrupts?: (receive: boolean, transmit: boolean) => void;
  readonly clocked: ClockGate;
  /** The kernel clock in Hz, 0 while it stands still. */
  readonly kernelHz: () => number;
  /** A frame left the TX pin: its bits without parity as a terminal reads them, and the baud rate it was sent with. */
  readonly onTransmit: (value: number, baud: number) => void;
  readonly receiveRequest?: DmaSignal;
  readonly transmitRequest?: DmaSignal;
  /** The RTS/DE output may have changed. */
  readonly onRequestToSend?: () => void;
  readonly pins?: Readonly<Record<UsartPin, PinSignal>>;
  /** The chip is in Stop. */
  readonly stopped?: () => boolean;
}

/** What is fixed while UE = 1; DEAT and DEDT are, too. */
const DRIVER_TIMES = 0x03ff_0000;
const CR1_LOCKED = CR1.M0 | CR1.M1 | CR1.OVER8 | CR1.FIFOEN | CR1.PCE | CR1.PS | CR1.WAKE | DRIVER_TIMES;
const ERRORS = ISR.PE | ISR.FE | ISR.NE | ISR.ORE;
/** Flags that stay until software clears them in ICR, at the same place. */
const STICKY =
  ERRORS | ISR.IDLE | ISR.TC | ISR.LBDF | ISR.CTSIF | ISR.RTOF | ISR.EOBF | ISR.UDR | ISR.CMF | ISR.WUF;
/** ICR has these at other places than ISR. */
const TXFECF = 1 << 5;
const TCBGTCF = 1 << 7;
export class Usart extends Peripheral {
  readonly registers: RegisterBlock<UsartRegister>;
  readonly #cr1: RegisterCell;
  readonly #cr2: RegisterCell;
  readonly #cr3: RegisterCell;

  readonly #options: UsartOptions;
  readonly #baud: UsartBaud;
  readonly #pins: UsartPins;
  readonly #line: UsartLine;
  readonly #slave: UsartSlave;
  readonly #receiver: UsartReceiver;
  readonly #transmitter: UsartTransmitter;
  /** Those of ISR that are not conditions. */
  #flags: number = ISR.TC;
  #clearToSend = true;
  /** WUF was set in Stop: only then does it interrupt. */
  #woke = false;
  /** TXFE was cleared by ICR and comes back when the FIFO fills. */
  #emptySeen = false;
  /** Those that interrupt. */
  #sides = 0;

  constructor(options: UsartOptions) {
    super();
    this.#options = options;
    const specs = usartRegisters(options.kind, {
      writeCr1: (before) => this.#writeCr1(before),
      writeCr2: (before) => this.#writeCr2(before),
      writeBrr: (before) => this.#writeBrr(before),
      writeWhileDisabled: (name, before, mask) => this.#keepWhileEnabled(name, before, mask),
      lockedByUse: (cr2) =>
        ((this.#cr1.value & CR1.RE) !== 0 ? ADD : 0) | ((cr2 & CR2.ABREN) === 0 ? 0 : ABRMOD),
      writeCr3: (before) => this.#writeCr3(before),
      writeRtor: () => this.#receiver.watchSilence(),
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
    this.#cr1 = this.registers.cell("CR1");
    this.#cr2 = this.registers.cell("CR2");
    this.#cr3 = this.registers.cell("CR3");
    const common = {
      timeline: options.timeline,
      register: (name: UsartRegister) => this.registers.get(name),
      format: () => this.#format,
      baud: () => this.baud,
      stopped: options.stopped ?? (() => false),
      setFlags: (flags: number) => {
        this.#flags |= flags;
      },
      wakeUp: () => this.#wakeUp(),
      update: () => this.#update(),
    };
    this.#baud = new UsartBaud({
      ...common,
      kind: options.kind,
      kernelHz: options.kernelHz,
      setDivider: (brr) => this.registers.set("BRR", brr),
    });
    this.#pins = new UsartPins({
      ...common,
      pins: options.pins,
      cardHz: () => this.#baud.cardHz,
      transmitter: () => this.#transmitter,
      slave: () => (this.#isSlave ? this.#slave : undefined),
    });
    this.#receiver = new UsartReceiver({
      ...common,
      enabled: () => this.#enabled(CR1.RE) && options.clocked(),
      refuse: () => this.#pins.refuse(),
      hasBlocks: options.kind === "USART",
      detect: (baud, word) => this.#baud.detect(baud, word),
    });
    this.#line = new UsartLine({
      ...common,
      listening: () => this.#listening,
      over8: () => this.#baud.over8,
      shortestPulseNs: () => this.#baud.shortestPulseNs,
      measuring: () => this.#receiver.measuring,
      measured: (baud) => {
        this.#receiver.detected(this.#baud.detect(baud));
      },
      started: () => this.#receiver.began(),
      lowPower: options.kind === "LPUART",
      falseStart: () => {
        this.#flags |= ISR.NE;
        this.#update();
      },
      received: (frame, noisy, restNs) => {
        this.#receiver.hear(frame, noisy, restNs);
        this.#update();
      },
      lineBreak: () => {
        this.#flags |= ISR.LBDF;
        this.#update();
      },
    });
    this.#slave = new UsartSlave({
      ...common,
      enabled: () => this.#isSlave && options.clocked(),
      sends: () => this.#enabled(CR1.TE),
      take: () => this.#transmitter.take(),
      receiveLevel: () => this.#pins.received,
      received: (word) => {
        this.#receiver.hear({ word, stop: true });
        this.#update();
      },
      drained: () => this.#transmitter.count === 0 && !this.#slave.shifting,
      empty: () => {
        this.#flags |= ISR.TC;
      },
      update: () => this.#pins.line.refresh(),
    });
    this.#transmitter = new UsartTransmitter({
      ...common,
      enabled: () => this.#enabled(CR1.TE) && !this.#isSlave,
      pulseNs: (baud) => this.#baud.pulseNs(baud),
      driverNs: (steps) => this.#baud.driverNs(steps),
      line: () => this.#pins.line,
      loops: () => this.#pins.loops,
      clock: this.#pins.clock,
      receiveLevel: () => this.#pins.received,
      sent: (frame) => this.#sent(frame),
      guarded: () => this.#guarded(),
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
    return this.#baud.hz;
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
    this.#slave.select(clear);
    if (clear === this.#clearToSend) return;
    this.#clearToSend = clear;
    if ((this.#cr3.value & CR3.CTSE) !== 0) this.#flags |= ISR.CTSIF;
    this.#transmitter.setClear(clear);
    this.#update();
  }

  /** UESM: frames wake the chip from Stop. */
  get wakesFromStop(): boolean {
    return (this.#cr1.value & CR1.UESM) !== 0 && (this.#cr1.value & CR1.UE) !== 0;
  }

  /** What it drives onto a pin; undefined: nothing. */
  output(pin: UsartPin): boolean | undefined {
    return this.#pins.output(pin);
  }

  /** The level at a pin changed; undefined: the pin is not connected. */
  pinChanged(pin: UsartPin, level: boolean | undefined): void {
    if (pin === "CK") this.#slave.clockLevel(level ?? false);
    else if (pin === this.#pins.input) this.#line.input(this.#pins.logic(level));
  }

  get #isSlave(): boolean {
    return (this.#cr1.value & CR1.UE) !== 0 && (this.#cr2.value & CR2.SLVEN) !== 0;
  }

  /** Does the receiver listen to its pin? Not while it is clocked, IrDA's transmitter sends, or it refuses a smartcard's frame. */
  get #listening(): boolean {
    if (!this.#enabled(CR1.RE) || !this.#options.clocked() || this.baud === 0 || this.#isSlave) return false;
    const clocked = (this.#cr2.value & CR2.CLKEN) !== 0 && (this.#cr3.value & CR3.SCEN) === 0;
    const infrared = (this.#cr3.value & CR3.IREN) !== 0 && this.#transmitter.shifting;
    return !clocked && !infrared && !this.#pins.refusing;
  }

  /** nRTS, or DE with CR3.DEM: low asks for data; undefined: the pin is not driven. */
  get requestToSend(): boolean | undefined {
    const cr3 = this.#cr3.value;
    if ((this.#cr1.value & CR1.UE) === 0) return undefined;
    if ((cr3 & CR3.DEM) !== 0) return this.#transmitter.driver.active !== ((cr3 & CR3.DEP) !== 0);
    return (cr3 & CR3.RTSE) === 0 ? undefined : this.#receiver.full || !this.#enabled(CR1.RE);
  }

  get #format(): FrameFormat {
    return formatOf(this.#cr1.value, this.#cr2.value);
  }

  #enabled(bit: number): boolean {
    return (this.#cr1.value & CR1.UE) !== 0 && (this.#cr1.value & bit) !== 0;
  }

  #writeCr1(before: number): void {
    const on = (this.#cr1.value & CR1.UE) !== 0;
    const was = (bit: number): boolean => (before & CR1.UE) !== 0 && (before & bit) !== 0;
    if (was(CR1.UE) && on) this.#keepWhileEnabled("CR1", before, CR1_LOCKED);
    if (was(CR1.UE) && !on) this.#stop();
    if (!was(CR1.UE) && on) this.#slave.stop();
    if (!was(CR1.TE) && this.#enabled(CR1.TE)) this.#transmitter.begin();
    if (was(CR1.TE) && !this.#enabled(CR1.TE) && this.#transmitter.idle) this.#flags |= ISR.TC;
    if (was(CR1.RE) !== this.#enabled(CR1.RE)) this.#receiver.turn(!was(CR1.RE));
    if ((this.#cr1.value & CR1.UESM) === 0) this.#flags &= ~ISR.WUF;
    this.#transmitter.next();
    this.#receiver.next();
    this.#pinsChanged();
    this.#update();
  }

  /** CR3: with UE = 1 SCARCNT takes nothing but 0, which ends repetitions. */
  #writeCr3(before: number): void {
    if ((this.#cr3.value & CR3.SCARCNT) !== 0) this.#keepWhileEnabled("CR3", before, CR3.SCARCNT);
    this.#update();
  }

  #wakeUp(): void {
    if ((this.#cr1.value & CR1.UESM) === 0) return;
    this.#flags |= ISR.WUF;
    this.#woke = this.#options.stopped?.() ?? false;
    this.#update();
  }

  #writeCr2(before: number): void {
    if ((this.#cr2.value & ~before & CR2.ABREN) !== 0) this.#receiver.detect();
    this.#receiver.watchSilence();
    this.#pinsChanged();
    this.#update();
  }

  /** The manual wants UE = 0. The chip takes it all the same: U-Boot's driver has set its rate like that for years. */
  #writeBrr(before: number): void {
    if ((this.#cr1.value & CR1.UE) !== 0 && this.registers.get("BRR") !== before)
      this.#mistake("BRR: written while UE = 1, against the manual; it takes effect");
    this.#transmitter.next();
  }

  /** What drives the pins, and what their levels mean, may have changed. */
  #pinsChanged(): void {
    this.#pins.refresh();
    this.#line.settle(this.#pins.received);
  }

  #keepWhileEnabled(name: UsartRegister, before: number, mask: number): void {
    const now = this.registers.get(name);
    if ((this.#cr1.value & CR1.UE) === 0 || ((now ^ before) & mask) === 0) return;
    this.registers.set(name, (now & ~mask) | (before & mask));
    this.#mistake(`${name}: frame and FIFO settings are fixed while UE = 1`);
  }

  #stop(): void {
    this.#transmitter.stop();
    this.#slave.stop();
    this.#line.stop();
    this.#receiver.stop();
    this.#flags = ISR.TC;
  }

  #transmit(value: number): void {
    if (!this.#enabled(CR1.TE)) {
      this.#mistake("TDR was written while UE or TE is off: the data is lost");
      return;
    }
    this.#emptySeen = false;
    this.#flags &= ~(ISR.TC | ISR.TCBGT);
    if ((this.#cr3.value & CR3.SCEN) !== 0) this.#receiver.newBlock();
    this.#transmitter.put(value);
    this.#slave.load();
    this.#update();
  }

  #sent({ word, isBreak, baud, received, refused }: SentFrame): void {
    const { bits, parity } = this.#format;
    const data = word & ((1 << (bits - (parity === "none" ? 0 : 1))) - 1);
    const cr2 = this.#cr2.value;
    const cr3 = this.#cr3.value;
    if ((cr2 & (CR2.TXINV | CR2.SWAP)) !== 0 || (cr3 & CR3.IREN) !== 0) {
      this.#mistake("TXINV, SWAP or IREN: a terminal at the TX pin reads nothing from it");
    } else if (!isBreak) {
      this.#options.onTransmit(data, baud);
    }
    if (refused) this.#flags |= ISR.FE;
    if (this.#pins.singleWire && !this.#pins.loops) this.#receiver.hear({ word, stop: !isBreak });
    if ((cr2 & CR2.CLKEN) !== 0 && (cr3 & CR3.SCEN) === 0)
      this.#receiver.hear({ word: received, stop: true });
    this.#transmitter.next();
    if ((cr3 & CR3.SCEN) !== 0 && !refused) this.#flags |= ISR.TCBGT;
    if (!isBreak) this.#guarded();
    this.#pins.line.refresh();
    this.#update();
  }

  /** Nothing is left to be sent, nor to be waited for. */
  #guarded(): void {
    if (this.#transmitter.empty && !this.#transmitter.guarding) this.#flags |= ISR.TC;
    this.#pins.line.refresh();
    this.#update();
  }

  #take(): number {
    const value = this.#receiver.take();
    this.#update();
    return value;
  }

  #request(written: number): void {
    if ((written & RQR.RXFRQ) !== 0) this.#receiver.flush();
    if ((written & RQR.TXFRQ) !== 0) this.#transmitter.flush();
    if ((written & RQR.MMRQ) !== 0 && (this.#cr1.value & CR1.MME) !== 0) this.#receiver.mute();
    if ((written & RQR.SBKRQ) !== 0 && this.#enabled(CR1.TE)) this.#transmitter.requestBreak();
    if ((written & RQR.ABRRQ) !== 0) {
      this.#flags &= ~(ISR.ABRF | ISR.ABRE);
      this.#receiver.detect();
    }
    this.#update();
  }

  /** ICR clears the flag at the same place in ISR, but for two. */
  #clear(written: number): void {
    this.#flags &= ~(written & STICKY);
    if ((written & TXFECF) !== 0) this.#emptySeen = true;
    if ((written & TCBGTCF) !== 0) this.#flags &= ~ISR.TCBGT;
    if ((written & ISR.EOBF) !== 0 && (this.#cr3.value & CR3.SCEN) === 0) this.#receiver.newBlock();
    if ((written & ISR.UDR) !== 0) this.#slave.resume();
    this.#update();
  }

  #status(): number {
    const cr1 = this.#cr1.value;
    const cr3 = this.#cr3.value;
    const fifo = (cr1 & CR1.FIFOEN) !== 0;
    const received = this.#receiver.count;
    const free = FIFO_DEPTH - this.#transmitter.count;
    const status =
      this.#flags |
      flag(ISR.RXNE, received > 0) |
      flag(ISR.TXE, !this.#transmitter.full) |
      flag(ISR.CTS, (cr3 & CR3.CTSE) !== 0 && this.#clearToSend) |
      flag(ISR.BUSY, this.#enabled(CR1.RE) && (this.#receiver.busy || this.#line.busy)) |
      flag(ISR.SBKF, this.#transmitter.breaking) |
      flag(ISR.RWU, this.#receiver.muted) |
      flag(ISR.TEACK, this.#enabled(CR1.TE)) |
      flag(ISR.REACK, this.#enabled(CR1.RE));
    if (!fifo) return status >>> 0;
    return (
      (status |
        flag(ISR.TXFE, free === FIFO_DEPTH && !this.#emptySeen) |
        flag(ISR.RXFF, this.#receiver.full) |
        flag(ISR.RXFT, received >= (THRESHOLDS[(cr3 >>> 25) & 7] ?? FIFO_DEPTH)) |
        flag(ISR.TXFT, free >= (THRESHOLDS[(cr3 >>> 29) & 7] ?? FIFO_DEPTH))) >>>
      0
    );
  }

  #update(): void {
    const status = this.#status();
    const cr1 = this.#cr1.value;
    const cr3 = this.#cr3.value;
    const telling = this.#woke ? status : status & ~ISR.WUF;
    const sides = (cr1 & CR1.UE) === 0 ? 0 : interrupts(telling, cr1, this.#cr2.value, cr3);
    this.#options.interrupt.set(sides !== 0);
    if (sides !== this.#sides) {
      this.#sides = sides;
      this.#options.onInterrupts?.((sides & RECEIVE_SIDE) !== 0, (sides & TRANSMIT_SIDE) !== 0);
    }
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

function flag(bit: number, on: boolean): number {
  return on ? bit : 0;
}
