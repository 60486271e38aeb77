/** I2S as slave: CK and WS come from outside (RM0433, "I2S slave mode"). */

import type { PinSignal } from "../../../pin-signal.js";
import { dataBitAt, type I2sFormat, i2sFormat, restLevel, wsLevel } from "./i2s-format.js";
import { type SpiRegister, SR } from "./spi-bits.js";
import { SpiShifter } from "./spi-shifter.js";
import type { SpiTransfer } from "./spi-transfer.js";

export interface I2sSlaveHost {
  readonly register: (name: SpiRegister) => number;
  readonly transfer: SpiTransfer;
  readonly enabled: () => boolean;
  readonly nss: PinSignal;
  readonly input: () => PinSignal;
  readonly output: () => PinSignal;
  readonly setFlags: (flags: number) => void;
  readonly update: () => void;
}

export class I2sSlave {
  readonly #host: I2sSlaveHost;
  #clock = false;
  /** WS as it was last; undefined: it has not looked yet. */
  #ws: boolean | undefined;
  /** WS told of the next channel a bit ahead. */
  #due = false;
  /** The first channel has come. */
  #running = false;
  #at = 0;
  #shifter: SpiShifter | undefined;

  constructor(host: I2sSlaveHost) {
    this.#host = host;
  }

  get level(): boolean {
    const bit = dataBitAt(i2sFormat(this.#host.register), this.#at);
    return bit !== undefined && this.#shifter?.out(bit) === true;
  }

  get shifting(): boolean {
    return this.#shifter !== undefined;
  }

  stop(): void {
    this.#running = false;
    this.#due = false;
    this.#shifter = undefined;
    this.#ws = undefined;
  }

  clockLevel(level: boolean): void {
    if (level === this.#clock) return;
    this.#clock = level;
    if (!this.#host.enabled()) return;
    const format = i2sFormat(this.#host.register);
    if (level !== format.clockInverted) this.#sample(format);
    else this.#shift(format);
  }

  /** Signals change: with WS, or a bit behind it, a channel begins. */
  #shift(format: I2sFormat): void {
    const ws = this.#host.nss.level ?? false;
    const before = this.#ws ?? restLevel(format);
    const changed = ws !== before && (format.standard !== "pcm" || ws !== format.wsInverted);
    this.#ws = ws;
    const ahead = format.standard === "philips" || (format.standard === "pcm" && !format.longSync);
    const begins = ahead ? this.#due : changed;
    this.#due = changed;
    this.#at++;
    if (begins) this.#begin(format, ws);
    this.#host.output().refresh();
  }

  /** It starts with a left channel. */
  #begin(format: I2sFormat, ws: boolean): void {
    const { transfer, setFlags, register, update } = this.#host;
    if (!this.#running && format.standard !== "pcm" && ws !== wsLevel(format, 0, 0)) return;
    this.#running = true;
    if (this.#shifter !== undefined) {
      setFlags(SR.TIFRE);
      transfer.end(this.#shifter.received);
    }
    if (transfer.sends && transfer.peek() === undefined) setFlags(SR.UDR);
    this.#shifter = new SpiShifter(transfer.begin(register("UDRDR")), format.dataBits, format.lowestFirst);
    this.#at = 0;
    update();
  }

  #sample(format: I2sFormat): void {
    const shifter = this.#shifter;
    const bit = dataBitAt(format, this.#at);
    if (shifter === undefined || bit === undefined) return;
    shifter.take(bit, this.#host.input().driven ?? true);
    if (bit < format.dataBits - 1) return;
    this.#shifter = undefined;
    this.#host.transfer.end(shifter.received);
    this.#host.update();
  }
}
