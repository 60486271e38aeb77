/** I2C as master and slave, and SMBus (RM0433, chapter I2C): bit by bit on its lines. Filters take no time. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../../bus.js";
import type { I2cDevice } from "../../../i2c-device.js";
import { NO_PIN, type PinSignal } from "../../../pin-signal.js";
import { RegisterBlock } from "../../../registers.js";
import type { Timeline } from "../../../timeline.js";
import { type DmaSignal, NO_DMA } from "../../dma/dma-request.js";
import { Peripheral } from "../../peripheral.js";
import { ALL, registerTable } from "../../register-table.js";
import { I2C } from "../../tables/serial.js";
import { CR1, CR2, ERRORS, type I2cRegister, ISR, OAEN, TIMEOUTR } from "./i2c-bits.js";
import { ByteCounter } from "./i2c-counter.js";
import { I2cLines, type LineName } from "./i2c-lines.js";
import { I2cMaster } from "./i2c-master.js";
import { Pec } from "./i2c-pec.js";
import { I2cSlave } from "./i2c-slave.js";
import { I2cTimeout } from "./i2c-timeout.js";

export type I2cPinName = LineName | "SMBA";

export interface I2cOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  /** Where the chip has one of its own for errors. */
  readonly errorInterrupt?: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  readonly pins?: Readonly<Record<I2cPinName, PinSignal>>;
  /** The chip is in Stop. */
  readonly stopped?: () => boolean;
  /** Who is at the bus with this address of seven bits. Default: nobody at all. */
  readonly device?: (address: number) => I2cDevice | undefined;
  readonly receiveRequest?: DmaSignal;
  readonly transmitRequest?: DmaSignal;
}

const NO_PINS = { SCL: NO_PIN, SDA: NO_PIN, SMBA: NO_PIN } as const;
/** CR1: TXIE, RXIE, ADDRIE, NACKIE, STOPIE, TCIE are at ISR's places for TXIS, RXNE, ADDR, NACKF, STOPF, TC. */
const EVENTS = 0x7e;
/** What ICR clears. */
const STICKY = ISR.ADDR | ISR.NACKF | ISR.STOPF | ERRORS;
const DNF = 0xf00;
/** What CR2 says of the transfer: SADD, RD_WRN, ADD10, HEAD10R, NBYTES. */
const TRANSFER = 0xff_1fff;
/** OAR1 and OAR2: all but the enable, while it is set. */
const own = (before: number): number => ((before & OAEN) === 0 ? 0 : ~OAEN);
/** Of the kernel clock: SCL is synchronised to it on either edge, and the filter's delay is about as long. */
const SYNCHRONISATION = 4;

export class I2c extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: I2cOptions;
  readonly #pins: NonNullable<I2cOptions["pins"]>;
  readonly #lines: I2cLines;
  readonly #pec = new Pec();
  readonly #master: I2cMaster;
  readonly #slave: I2cSlave;
  readonly #timeout: I2cTimeout;
  #alertLevel = true;

  constructor(options: I2cOptions) {
    super();
    this.#options = options;
    this.#pins = options.pins ?? NO_PINS;
    this.registers = this.#declare();
    this.#lines = new I2cLines(this.#pins);
    const common = {
      timeline: options.timeline,
      lines: this.#lines,
      register: (name: I2cRegister) => this.registers.get(name),
      has: (flags: number) => this.registers.has("ISR", flags),
      setFlags: (flags: number, on = true) => this.registers.setBits("ISR", flags, on),
      clearCommand: (bits: number) => this.registers.setBits("CR2", bits, false),
      take: () => this.#take(),
      give: (byte: number) => this.#give(byte),
      kernelHz: options.kernelHz,
      update: () => this.#update(),
    };
    const counter = new ByteCounter(common, this.#pec);
    this.#master = new I2cMaster({
      ...common,
      counter,
      times: () => this.#times(),
      acknowledged: () => this.#timeout.nextByte(),
      device: options.device ?? (() => undefined),
    });
    this.#slave = new I2cSlave({
      ...common,
      counter,
      enabled: () => this.#awake,
      mastering: () => this.#master.active,
    });
    this.#timeout = new I2cTimeout({ ...common, expired: (low) => this.#expired(low) });
    this.#lines.listen({
      start: () => this.#busy(true),
      stop: () => this.#busy(false),
      rise: () => {},
      fall: () => {},
    });
  }

  #declare(): RegisterBlock<string> {
    const { name, log, clocked } = this.#options;
    return new RegisterBlock(
      registerTable(I2C, {
        CR1: { rw: ALL, onWrite: (_written, before) => this.#control(before) },
        CR2: { rw: ALL, onWrite: (written, before) => this.#command(written, before) },
        TIMINGR: { rw: ALL, onWrite: (_written, before) => this.#keepWhileEnabled("TIMINGR", before) },
        OAR1: { rw: ALL, onWrite: (_written, before) => this.#keepBits("OAR1", before, own(before)) },
        OAR2: { rw: ALL, onWrite: (_written, before) => this.#keepBits("OAR2", before, own(before)) },
        TIMEOUTR: { rw: ALL, onWrite: (_written, before) => this.#timeouts(before) },
        ISR: {
          rw: ISR.TXE | ISR.TXIS,
          ro: ALL & ~3,
          onWrite: (written, before) => this.#flush(written, before),
        },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        TXDR: { rw: ALL, onWrite: (_written, before) => this.#fill(before) },
        RXDR: { ro: ALL, onRead: (stored) => this.#read(stored) },
        PECR: { ro: ALL, onRead: () => (this.registers.has("CR1", CR1.PECEN) ? this.#pec.value : 0) },
      }),
      { name, log, clocked },
    );
  }

  reset(): void {
    this.#abandon();
    this.registers.reset();
    this.#pins.SMBA.refresh();
    this.#update();
  }

  get #enabled(): boolean {
    return this.registers.has("CR1", CR1.PE);
  }

  /** WUPEN: an address wakes the chip from Stop. */
  get wakesFromStop(): boolean {
    return this.#enabled && this.registers.has("CR1", CR1.WUPEN);
  }

  get #awake(): boolean {
    const { clocked, stopped, kernelHz } = this.#options;
    // In Stop it asks for its clock, and has it where that is HSI or CSI (RM0433, "I2C low-power modes").
    return this.#enabled && clocked() && (stopped?.() !== true || (this.wakesFromStop && kernelHz() > 0));
  }

  /** What it drives onto a pin: low, or nothing. */
  output(pin: I2cPinName): boolean | undefined {
    if (pin !== "SMBA") return this.#lines.output(pin);
    const cr1 = this.registers.get("CR1");
    return (cr1 & (CR1.PE | CR1.ALERTEN | CR1.SMBHEN)) === (CR1.PE | CR1.ALERTEN) ? false : undefined;
  }

  /** The level at a pin changed; undefined: no pin is connected. */
  pinChanged(pin: I2cPinName, level: boolean | undefined): void {
    if (pin === "SMBA") this.#alert(level ?? true);
    else if (this.#enabled) this.#lines.changed();
  }

  /** SMBus: a host is told that a device wants something. */
  #alert(level: boolean): void {
    const fell = this.#alertLevel && !level;
    this.#alertLevel = level;
    const cr1 = this.registers.get("CR1");
    const listening = CR1.PE | CR1.SMBHEN | CR1.ALERTEN;
    if (!fell || (cr1 & listening) !== listening) return;
    this.registers.setBits("ISR", ISR.ALERT, true);
    this.#update();
  }

  #busy(busy: boolean): void {
    if (!this.#enabled) return;
    this.registers.setBits("ISR", ISR.BUSY, busy);
    this.#update();
  }

  #abandon(): void {
    this.#master.abandon();
    this.#slave.abandon();
    this.#timeout.stop();
  }

  /** PE = 0 is a software reset of the state machine and the flags. */
  #control(before: number): void {
    // The digital filter cannot wake the chip.
    if (this.registers.has("CR1", DNF)) this.registers.setBits("CR1", CR1.WUPEN, false);
    if (!this.#enabled) {
      this.#abandon();
      this.#pec.clear();
      this.registers.set("ISR", ISR.TXE);
      this.registers.setBits("CR2", CR2.START | CR2.STOP | CR2.NACK | CR2.PECBYTE, false);
    } else if ((before & CR1.PE) === 0) {
      this.#lines.settle();
      this.#timeout.restart();
    } else {
      this.#keepBits("CR1", before, CR1.NOSTRETCH | CR1.ANFOFF | DNF);
      const changed = this.registers.get("CR1") ^ before;
      if ((changed & CR1.PECEN) !== 0) this.#mistake("PECEN is changed while PE = 1");
    }
    const both = CR1.SBC | CR1.NOSTRETCH;
    if ((this.registers.get("CR1") & both) === both) this.#mistake("SBC is set with NOSTRETCH");
    this.#pins.SMBA.refresh();
    this.#update();
  }

  /** Bits that cannot be written as things are. */
  #keepBits(name: string, before: number, fixed: number): void {
    const now = this.registers.get(name);
    if (((now ^ before) & fixed) === 0) return;
    this.registers.set(name, (now & ~fixed) | (before & fixed));
    this.#mistake(`${name}: fixed while what they configure is enabled (PE, OA1EN, OA2EN, TIMOUTEN, TEXTEN)`);
  }

  #timeouts(before: number): void {
    const first = (before & TIMEOUTR.TIMOUTEN) === 0 ? 0 : TIMEOUTR.TIMEOUTA | TIMEOUTR.TIDLE;
    const second = (before & TIMEOUTR.TEXTEN) === 0 ? 0 : TIMEOUTR.TIMEOUTB;
    this.#keepBits("TIMEOUTR", before, first | second);
    this.#timeout.restart();
  }

  #keepWhileEnabled(name: string, before: number): void {
    if (!this.#enabled || this.registers.get(name) === before) return;
    this.registers.set(name, before);
    this.#mistake(`${name} is fixed while PE = 1`);
  }

  /** START, STOP, NACK and PECBYTE are set by software and cleared by the peripheral alone. */
  #command(written: number, before: number): void {
    const set = CR2.START | CR2.STOP | CR2.NACK | CR2.PECBYTE;
    if (!this.#enabled) {
      this.registers.setBits("CR2", set, false);
      return;
    }
    this.registers.setBits("CR2", before & set & ~written, true);
    // All but RELOAD and AUTOEND describe the transfer that is about to begin.
    const changed = this.registers.get("CR2") ^ before;
    if ((before & CR2.START) !== 0 && (changed & TRANSFER) !== 0) {
      this.#mistake("CR2: address, direction and NBYTES are changed while START is set");
    }
    if (this.#slave.active) this.#slave.reload();
    this.#master.command();
    this.#update();
  }

  /** TXDR to the shift register. */
  #take(): number | undefined {
    if (this.registers.has("ISR", ISR.TXE)) return undefined;
    this.registers.setBits("ISR", ISR.TXE, true);
    return this.registers.get("TXDR") & 0xff;
  }

  #give(byte: number): boolean {
    if (this.registers.has("ISR", ISR.RXNE)) return false;
    this.registers.set("RXDR", byte);
    this.registers.setBits("ISR", ISR.RXNE, true);
    this.#update();
    return true;
  }

  #read(stored: number): number {
    this.registers.setBits("ISR", ISR.RXNE, false);
    this.#master.taken();
    this.#slave.taken();
    this.#update();
    return stored;
  }

  /** RM0433, I2C_TIMINGR. */
  #times(): { readonly low: number; readonly high: number } | undefined {
    const hz = this.#options.kernelHz();
    if (hz === 0) {
      this.#mistake("the kernel clock stands still: START never ends");
      return undefined;
    }
    const timing = this.registers.get("TIMINGR");
    const step = (timing >>> 28) + 1;
    const ns = (steps: number): number => ((step * (steps + 1) + SYNCHRONISATION) * 1e9) / hz;
    // SDADEL and SCLDEL hold SCL low for at least so long.
    const delays = ((timing >>> 16) & 0xf) + ((timing >>> 20) & 0xf);
    return { low: ns(Math.max(timing & 0xff, delays)), high: ns((timing >>> 8) & 0xff) };
  }

  /** Writing 1 to TXE empties TXDR; with NOSTRETCH, software may set TXIS. */
  #flush(written: number, before: number): void {
    const asks = this.registers.has("CR1", CR1.NOSTRETCH) ? written & ISR.TXIS : 0;
    this.registers.set("ISR", before | (written & ISR.TXE) | asks);
    this.#update();
  }

  #fill(before: number): void {
    if (!this.registers.has("ISR", ISR.TXE)) {
      this.registers.set("TXDR", before);
      this.#mistake("TXDR is written while TXE = 0: it keeps what it has");
      return;
    }
    this.registers.setBits("ISR", ISR.TXE | ISR.TXIS, false);
    this.#master.transmit();
    this.#slave.filled();
    this.#update();
  }

  #clear(written: number): void {
    const addressed = this.registers.has("ISR", ISR.ADDR);
    this.registers.setBits("ISR", written & STICKY, false);
    if ((written & ISR.ADDR) !== 0) {
      this.registers.setBits("CR2", CR2.START, false);
      this.#master.cancel();
    }
    if (addressed && (written & ISR.ADDR) !== 0) this.#slave.addressCleared();
    this.#update();
  }

  #expired(low: boolean): void {
    this.registers.setBits("ISR", ISR.TIMEOUT, true);
    this.registers.setBits("CR2", CR2.START, false);
    if (low) {
      if (this.#master.active) this.#master.giveUp();
      else this.#master.abandon();
      this.#slave.abandon();
    }
    this.#update();
  }

  #update(): void {
    const {
      interrupt,
      errorInterrupt = interrupt,
      receiveRequest = NO_DMA,
      transmitRequest = NO_DMA,
    } = this.#options;
    this.#timeout.stretching(this.#master.stretching || this.#slave.stretching);
    const isr = this.registers.get("ISR");
    const cr1 = this.registers.get("CR1");
    // TCR has TC's enable bit.
    const events = ((isr | ((isr & ISR.TCR) >>> 1)) & cr1 & EVENTS) !== 0;
    const errors = (cr1 & CR1.ERRIE) !== 0 && (isr & ERRORS) !== 0;
    interrupt.set(events || (errors && errorInterrupt === interrupt));
    if (errorInterrupt !== interrupt) errorInterrupt.set(errors);
    receiveRequest.set((isr & ISR.RXNE) !== 0 && (cr1 & CR1.RXDMAEN) !== 0);
    transmitRequest.set((isr & ISR.TXIS) !== 0 && (cr1 & CR1.TXDMAEN) !== 0);
  }

  #mistake(message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${message}`, `guest mistake: ${name}: ${message}`);
  }
}
