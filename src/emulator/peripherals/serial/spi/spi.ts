/**
 * SPI and I2S (RM0433, chapter SPI/I2S), as master and as slave. A chip that takes whole frames can be at the other end
 * (`exchange`), and anything that moves the pins.
 */

import type { AccessSize, ClockGate, EmulatorLog, InterruptLine } from "../../../bus.js";
import { NO_PIN, type PinSignal } from "../../../pin-signal.js";
import { RegisterBlock } from "../../../registers.js";
import type { Timeline } from "../../../timeline.js";
import type { DmaSignal } from "../../dma/dma-request.js";
import { Peripheral } from "../../peripheral.js";
import { ALL, registerTable } from "../../register-table.js";
import { SPI, SPI_SHORT } from "../../tables/serial.js";
import { I2sMaster } from "./i2s-master.js";
import { I2sSlave } from "./i2s-slave.js";
import { CFG1, CFG2, CGFR, COMM, CR1, isTi, type SpiRegister, SR } from "./spi-bits.js";
import { SpiMaster } from "./spi-master.js";
import { SpiRequests } from "./spi-requests.js";
import { SpiSlave } from "./spi-slave.js";
import { SpiTransfer } from "./spi-transfer.js";

export type SpiPinName = "SCK" | "MISO" | "MOSI" | "NSS" | "MCK";

export interface SpiOptions {
  readonly name: string;
  /** Bytes of each FIFO: 16 in SPI1..3; 8 in SPI4..6, which have frames of up to 16 bits and no I2S. */
  readonly fifoBytes: 8 | 16;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  readonly receiveRequest?: DmaSignal;
  readonly transmitRequest?: DmaSignal;
  readonly pins?: Readonly<Record<Exclude<SpiPinName, "MCK">, PinSignal>>;
  /** What is at the other end: takes MOSI's frame at `hz` bits a second, gives MISO's. Default: nothing; MISO reads ones. */
  readonly exchange?: ((value: number, bits: number, hz: number) => number) | undefined;
}

const NO_PINS = { SCK: NO_PIN, MISO: NO_PIN, MOSI: NO_PIN, NSS: NO_PIN } as const;
/** What IFCR clears. */
const STICKY = SR.EOT | SR.TXTF | SR.UDR | SR.OVR | SR.CRCE | SR.TIFRE | SR.MODF | SR.TSERF | SR.SUSP;
/** IER has an enable for each at its place. */
const EVENTS = 0x7ff;

export class Spi extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SpiOptions;
  readonly #pins: NonNullable<SpiOptions["pins"]>;
  readonly #transfer: SpiTransfer;
  readonly #master: SpiMaster;
  readonly #slave: SpiSlave;
  readonly #i2sMaster: I2sMaster;
  readonly #i2sSlave: I2sSlave;
  readonly #requests: SpiRequests;
  /** Those of SR that stay until IFCR clears them, whatever becomes of SPE. */
  #flags = 0;

  constructor(options: SpiOptions) {
    super();
    this.#options = options;
    this.#pins = options.pins ?? NO_PINS;
    this.registers = this.#declare();
    this.#requests = new SpiRequests(options.transmitRequest, options.receiveRequest);
    const common = {
      timeline: options.timeline,
      kernelHz: options.kernelHz,
      fifoBytes: options.fifoBytes,
      register: (name: SpiRegister) => this.registers.get(name),
      setSize: (tsize: number) => this.registers.set("CR2", tsize),
      setFlags: (flags: number) => this.#raise(flags),
      suspension: () => (this.#flags & SR.SUSP) !== 0,
      mistake: (message: string) => this.#mistake(message),
      enabled: () => this.registers.has("CR1", CR1.SPE) && options.clocked(),
      sck: this.#pins.SCK,
      nss: this.#pins.NSS,
      output: () => this.#output,
      input: () => this.#input,
      exchange: options.exchange,
      stopped: () => this.registers.setBits("CR1", CR1.CSTART, false),
      suspended: () => {
        this.#flags |= SR.SUSP;
        this.registers.setBits("CR1", CR1.CSTART, false);
      },
      update: () => this.#update(),
    };
    this.#transfer = new SpiTransfer(common);
    const transfer = this.#transfer;
    this.#master = new SpiMaster({ ...common, transfer });
    this.#slave = new SpiSlave({ ...common, transfer });
    this.#i2sMaster = new I2sMaster({ ...common, transfer });
    const started = (): boolean => common.enabled() && this.registers.has("CR1", CR1.CSTART);
    this.#i2sSlave = new I2sSlave({ ...common, transfer, started });
  }

  #declare(): RegisterBlock<string> {
    const locked = (name: string) => ({
      rw: ALL,
      onWrite: (_written: number, before: number) => this.#lock(name, before),
    });
    const { name, log, clocked, fifoBytes } = this.#options;
    return new RegisterBlock(
      registerTable(fifoBytes === 16 ? SPI : SPI_SHORT, {
        CR1: {
          rw: ALL & ~(CR1.CSUSP | CR1.CSTART),
          wo: CR1.CSUSP,
          ro: CR1.CSTART,
          onWrite: (written, before) => this.#control(written, before),
        },
        CR2: { rw: ALL, onWrite: (_written, before, lanes) => this.#sizes(before, lanes) },
        CFG1: locked("CFG1"),
        CFG2: locked("CFG2"),
        IER: { rw: ALL, onWrite: () => this.#update() },
        SR: { ro: ALL, onRead: () => this.#status() },
        IFCR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        TXDR: { wo: ALL, onWrite: (written, _before, lanes) => this.#push(written, lanes) },
        RXDR: { ro: ALL, onRead: (_stored, size, lane) => this.#pop(size) * 2 ** lane },
        UDRDR: locked("UDRDR"),
        CRCPOLY: locked("CRCPOLY"),
        TXCRC: { ro: ALL, onRead: () => this.#transfer.transmitCrc.value },
        RXCRC: { ro: ALL, onRead: () => this.#transfer.receiveCrc.value },
        CGFR: locked("CGFR"),
      }),
      { name, log, clocked },
    );
  }

  reset(): void {
    this.#disable();
    this.#flags = 0;
    this.registers.reset();
    this.#transfer.clear();
    this.#refresh();
    this.#update();
  }

  get #on(): boolean {
    return this.registers.has("CR1", CR1.SPE);
  }

  get #i2s(): boolean {
    return this.registers.has("CGFR", CGFR.I2SMOD);
  }

  get #isMaster(): boolean {
    // I2SCFG: 2, 3 and 5 are masters.
    if (this.#i2s) return [2, 3, 5].includes((this.registers.get("CGFR") >>> 1) & 7);
    return this.registers.has("CFG2", CFG2.MASTER);
  }

  get #engine(): SpiMaster | I2sMaster {
    return this.#i2s ? this.#i2sMaster : this.#master;
  }

  #goOn(): void {
    if (this.#isMaster) this.#engine.next();
  }

  get #half(): boolean {
    return !this.#i2s && ((this.registers.get("CFG2") >>> 17) & 3) === COMM.HALF;
  }

  /** MOSI of a master, MISO of a slave, and the other way round with IOSWP. I2S: SDO is at MOSI's pin, SDI at MISO's. */
  get #output(): PinSignal {
    return this.#pins[this.#outputName];
  }

  get #input(): PinSignal {
    return this.#half ? this.#output : this.#pins[this.#outputName === "MOSI" ? "MISO" : "MOSI"];
  }

  get #outputName(): "MOSI" | "MISO" {
    return (this.#isMaster || this.#i2s) !== this.registers.has("CFG2", CFG2.IOSWP) ? "MOSI" : "MISO";
  }

  /** What it drives onto a pin; undefined: nothing. */
  output(pin: SpiPinName): boolean | undefined {
    const master = this.#isMaster;
    if (pin === "MCK") {
      // Whatever SPE says (RM0433, "MCK generation").
      const given = this.#i2s && this.registers.has("CGFR", CGFR.MCKOE);
      return given && master ? this.#i2sMaster.masterClock : undefined;
    }
    if (!this.#on && !this.registers.has("CFG2", CFG2.AFCNTR)) return undefined;
    if (pin === this.#outputName) return this.#dataLevel(master);
    if (!master || pin === "MISO" || pin === "MOSI") return undefined;
    if (pin === "SCK") {
      if (this.#i2s) return this.#i2sMaster.clock;
      return this.#master.clock !== (this.registers.has("CFG2", CFG2.CPOL) && !this.#ti);
    }
    if (this.#i2s) return this.#i2sMaster.ws;
    const selects = this.registers.has("CFG2", CFG2.SSOE) && !this.registers.has("CFG2", CFG2.SSM);
    if (!selects && !this.#ti) return undefined;
    return this.#master.selected === (this.#ti || this.registers.has("CFG2", CFG2.SSIOP));
  }

  get #ti(): boolean {
    return isTi(this.registers.get("CFG2"));
  }

  #dataLevel(master: boolean): boolean | undefined {
    if (!this.#transfer.sends) return undefined;
    if (this.#i2s) return master ? this.#i2sMaster.level : this.#i2sSlave.level;
    if (master) return this.#master.level;
    return this.#on && this.#slave.selected ? this.#slave.level : undefined;
  }

  /** The level at a pin changed; undefined: the pin is not connected. */
  pinChanged(pin: "SCK" | "NSS", level: boolean | undefined): void {
    if (pin === "NSS") this.#selection();
    else if (!this.#isMaster) (this.#i2s ? this.#i2sSlave : this.#slave).clockLevel(level ?? false);
  }

  /** NSS as the chip sees it, and what it means: a slave's selection, or a master's mode fault. */
  #selection(): void {
    if (this.#i2s) return;
    const level = this.registers.has("CFG2", CFG2.SSM)
      ? this.registers.has("CR1", CR1.SSI)
      : this.#pins.NSS.level;
    const active = level !== undefined && level === (this.#ti || this.registers.has("CFG2", CFG2.SSIOP));
    if (!this.#isMaster) {
      this.#slave.select(active);
      return;
    }
    // A master that drives the pin sees it inactive inside.
    const drives = (this.registers.get("CFG2") & (CFG2.SSM | CFG2.SSOE)) >>> 0 === CFG2.SSOE;
    if (!this.#on || !active || this.#ti || drives) return;
    this.#mistake(
      "NSS is active while it is master (SSI, or the pin): a mode fault makes it a slave that is off",
    );
    this.#disable();
    this.#flags |= SR.MODF;
    this.registers.setBits("CR1", CR1.SPE | CR1.IOLOCK, false);
    this.registers.setBits("CFG2", CFG2.MASTER, false);
    this.#refresh();
    this.#update();
  }

  #lock(name: string, before: number): void {
    const fixed = this.#on || (name === "CFG2" && this.registers.has("CR1", CR1.IOLOCK));
    if (fixed && this.registers.get(name) !== before) {
      // The DMA bits are the exception (RM0433, SPI_CFG1).
      const free = name === "CFG1" ? CFG1.RXDMAEN | CFG1.TXDMAEN : 0;
      const now = this.registers.get(name);
      this.registers.set(name, (before & ~free) | (now & free));
      if (((now ^ before) & ~free) !== 0) this.#mistake(`${name} is fixed while SPE = 1 or IOLOCK is set`);
    }
    this.#refresh();
    this.#selection();
    this.#update();
  }

  #control(written: number, before: number): void {
    const was = (before & CR1.SPE) !== 0;
    if ((this.#flags & SR.MODF) !== 0) this.registers.setBits("CR1", CR1.SPE, false);
    this.#lockPins(before);
    if (was && !this.#on) this.#disable();
    if (!was && this.#on) this.#begin();
    this.#selection();
    if (this.#on) this.#start(written);
    this.#refresh();
    this.#goOn();
    this.#update();
  }

  /** IOLOCK is set before SPE, or with it, and stays until SPE is cleared, or a mode fault. */
  #lockPins(before: number): void {
    const was = (before & CR1.SPE) !== 0;
    const ends = (was && !this.#on) || (this.#flags & SR.MODF) !== 0;
    const held = (before & CR1.IOLOCK) !== 0;
    const set = !was && this.registers.has("CR1", CR1.IOLOCK);
    this.registers.setBits("CR1", CR1.IOLOCK, !ends && (held || set));
  }

  /** SPE was set. */
  #begin(): void {
    this.#transfer.restart();
    this.#slave.enable(!this.registers.has("CFG2", CFG2.SSM));
    this.#i2sSlave.stop();
    const endless = (this.registers.get("CR2") & 0xffff) === 0xffff;
    if (endless && this.registers.has("CFG1", CFG1.CRCEN)) this.#mistake("TSIZE is 0xFFFF with CRC");
  }

  #start(written: number): void {
    if ((written & CR1.CSTART) !== 0) this.#startTransfer();
    const running = this.#isMaster && this.registers.has("CR1", CR1.CSTART);
    if (running && (written & CR1.CSUSP) !== 0) this.#engine.suspend();
  }

  #startTransfer(): void {
    if (!this.#isMaster && !this.#i2s) this.#mistake("CSTART as a slave does nothing");
    else if ((this.#flags & SR.SUSP) !== 0) this.#mistake("CSTART does nothing until SUSP is cleared");
    else {
      this.registers.setBits("CR1", CR1.CSTART, true);
      this.#transfer.renew();
      if (!this.#isMaster) this.#i2sSlave.start();
    }
  }

  /** CR2: TSER takes a value when it has none (RM0433, SPI_CR2). */
  #sizes(before: number, lanes: number): void {
    const now = this.registers.get("CR2");
    if (before >>> 16 !== 0) this.registers.set("CR2", (before & 0xffff_0000) | (now & 0xffff));
    if (lanes >>> 16 !== 0) this.#flags &= ~SR.TSERF;
    if (this.#on && ((now ^ before) & 0xffff) !== 0) this.#mistake("TSIZE is changed while SPE = 1");
    this.#update();
  }

  #raise(flags: number): void {
    this.#flags |= flags;
    if ((flags & SR.TXTF) !== 0) this.registers.setBits("IER", SR.TXP | SR.DXP, false);
  }

  #disable(): void {
    this.#master.stop();
    this.#slave.stop();
    this.#i2sMaster.stop();
    this.#i2sSlave.stop();
    this.#transfer.clear();
    this.registers.setBits("CR1", CR1.CSTART, false);
  }

  #refresh(): void {
    for (const pin of Object.values(this.#pins)) pin.refresh();
  }

  #push(written: number, lanes: number): void {
    if (!this.#on) return;
    if ((this.#flags & SR.TXTF) !== 0) {
      if (!this.#transfer.over && this.#transfer.missing > 0) {
        this.#mistake("TXDR takes nothing until TXTF of the transfer before is cleared");
      }
      return;
    }
    const before = this.#transfer.queued;
    this.#transfer.write(written, lanes === 0xffff_ffff ? 4 : (lanes & 0xffff) === 0xffff ? 2 : 1);
    this.#requests.sent(this.#transfer.queued - before);
    this.#goOn();
    if (!this.#isMaster) this.#output.refresh();
    this.#update();
  }

  #pop(size: AccessSize): number {
    const before = this.#transfer.received;
    const value = this.#transfer.read(size);
    this.#requests.read(before - this.#transfer.received);
    this.#goOn();
    this.#update();
    return value;
  }

  #clear(written: number): void {
    this.#flags &= ~(written & STICKY);
    if ((written & SR.OVR) !== 0) this.#transfer.acknowledge();
    if ((written & SR.UDR) !== 0) {
      this.#slave.resume();
      this.#i2sMaster.source.acknowledge();
      this.#i2sSlave.source.acknowledge();
    }
    if ((written & SR.SUSP) !== 0) this.#goOn();
    this.#update();
  }

  /** TXC: EOT, or with TSIZE = 0 nothing more to send. */
  get #complete(): boolean {
    if (this.#transfer.size > 0) return (this.#flags & SR.EOT) !== 0;
    const shifting = this.#isMaster ? this.#engine.busy : (this.#i2s ? this.#i2sSlave : this.#slave).shifting;
    return this.#transfer.queued === 0 && !shifting;
  }

  #status(): number {
    const txc = this.#complete ? SR.TXC : 0;
    if (!this.#on) return (txc | SR.TXP | this.#flags) >>> 0;
    const { packet, received, bytes, size, left, over, takesPacket } = this.#transfer;
    const perWord = Math.ceil(4 / bytes);
    const rxp = received >= packet;
    let status = this.#flags | txc;
    if (takesPacket) status |= SR.TXP;
    if (rxp) status |= SR.RXP;
    if (takesPacket && rxp) status |= SR.DXP;
    if (received >= perWord) status |= SR.RXWNE;
    if (bytes <= 2) status |= (received % perWord) << 13;
    return (status + (size > 0 && !over ? left * 0x1_0000 : 0)) >>> 0;
  }

  #update(): void {
    const status = this.#status();
    this.#requests.update(this.#on ? this.registers.get("CFG1") : 0, status, this.#transfer);
    const ier = this.registers.get("IER");
    // EOTIE covers SUSP and TXC, too (RM0433, SPI_IER); with TSIZE TXC is but another EOT.
    const endless = this.#transfer.size === 0 ? SR.TXC : 0;
    const covered = (ier & SR.EOT) !== 0 && (status & (SR.SUSP | endless)) !== 0;
    this.#options.interrupt.set((status & ier & EVENTS) !== 0 || covered);
  }

  #mistake(message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${message}`, `guest mistake: ${name}: ${message}`);
  }
}
