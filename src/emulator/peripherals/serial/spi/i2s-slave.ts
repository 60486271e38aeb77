/** I2S as slave: CK and WS come from outside (RM0433, "I2S functional description"). */

import type { PinSignal } from "../../../pin-signal.js";
import { dataBitAt, type I2sFormat, i2sFormat, wsLevel } from "./i2s-format.js";
import { I2sSource } from "./i2s-source.js";
import { CGFR, type SpiRegister, SR } from "./spi-bits.js";
import { SpiShifter } from "./spi-shifter.js";
import type { SpiTransfer } from "./spi-transfer.js";

export interface I2sSlaveHost {
  readonly register: (name: SpiRegister) => number;
  readonly transfer: SpiTransfer;
  /** SPE, CSTART and a bus clock. */
  readonly started: () => boolean;
  readonly nss: PinSignal;
  readonly input: () => PinSignal;
  readonly output: () => PinSignal;
  readonly setFlags: (flags: number) => void;
  readonly update: () => void;
}

export class I2sSlave {
  readonly #host: I2sSlaveHost;
  readonly source: I2sSource;
  #clock = false;
  /** WS as it was last. */
  #ws = false;
  /** The channel that WS told of. */
  #due: number | undefined;
  /** The first channel has come. */
  #running = false;
  #channel = 0;
  #at = 0;
  /** Bits since WS moved. */
  #length = 0;
  #shifter: SpiShifter | undefined;

  constructor(host: I2sSlaveHost) {
    this.#host = host;
    this.source = new I2sSource(host);
  }

  get level(): boolean {
    const format = i2sFormat(this.#host.register);
    const bit = dataBitAt(format, this.#at);
    if (this.#shifter !== undefined && bit !== undefined) return this.#shifter.out(bit);
    // Where WS comes with the data, the first bit waits on the line for it; elsewhere there are zeros.
    if (format.standard !== "msb") return false;
    const next = this.source.peek(this.#running ? 1 - this.#channel : 0);
    return new SpiShifter(next, format.dataBits, format.lowestFirst).out(0);
  }

  get shifting(): boolean {
    return this.#shifter !== undefined;
  }

  stop(): void {
    this.#running = false;
    this.#due = undefined;
    this.#shifter = undefined;
    this.source.restart();
  }

  /** CSTART: only edges of WS from now on begin anything. */
  start(): void {
    this.#ws = this.#host.nss.level ?? false;
  }

  clockLevel(level: boolean): void {
    if (level === this.#clock) return;
    this.#clock = level;
    if (!this.#host.started()) return;
    const format = i2sFormat(this.#host.register);
    if (level !== format.clockInverted) this.#sample(format);
    else this.#shift(format);
  }

  /** Data changes. */
  #shift(format: I2sFormat): void {
    this.#at++;
    if (format.ahead) this.#begin(format);
    this.#host.output().refresh();
  }

  /** Data and WS are read. */
  #sample(format: I2sFormat): void {
    const ws = this.#host.nss.level ?? false;
    this.#length++;
    if (ws !== this.#ws && (format.standard !== "pcm" || ws !== format.wsInverted)) {
      this.#due = this.#boundary(format, ws);
      if (!format.ahead) this.#begin(format);
    }
    this.#ws = ws;
    this.#take(format);
  }

  /** WS moved: a channel begins, but the first one is a left one. */
  #boundary(format: I2sFormat, ws: boolean): number | undefined {
    const channel = format.standard !== "pcm" && ws !== wsLevel(format, 0, 0) ? 1 : 0;
    if (!this.#running && channel !== 0) return undefined;
    const { register, setFlags } = this.#host;
    const cgfr = register("CGFR");
    const wrong = (cgfr & CGFR.FIXCH) !== 0 && this.#length !== ((cgfr & CGFR.CHLEN) === 0 ? 16 : 32);
    if (this.#running && wrong) setFlags(SR.TIFRE);
    this.#length = 0;
    return channel;
  }

  #begin(format: I2sFormat): void {
    const { transfer, setFlags, update } = this.#host;
    if (this.#due === undefined) return;
    if (this.#shifter !== undefined) {
      setFlags(SR.TIFRE);
      transfer.end(this.#shifter.received, this.#channel);
    }
    this.#channel = this.#due;
    this.#due = undefined;
    this.#running = true;
    const sample = this.source.next(this.#channel);
    this.#shifter = new SpiShifter(sample, format.dataBits, format.lowestFirst);
    this.#at = 0;
    update();
  }

  #take(format: I2sFormat): void {
    const shifter = this.#shifter;
    const bit = dataBitAt(format, this.#at);
    if (shifter === undefined || bit === undefined) return;
    shifter.take(bit, this.#host.input().driven ?? true);
    if (bit < format.dataBits - 1) return;
    this.#shifter = undefined;
    this.#host.transfer.end(shifter.received, this.#channel);
    this.#host.update();
  }
}
