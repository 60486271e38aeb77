/** SPI as slave: another one clocks it (RM0433, "Motorola mode", "TI mode", "Underrun"). */

import type { PinSignal } from "../../../pin-signal.js";
import { CFG2, type SpiRegister, SR, UDRCFG, UDRDET } from "./spi-bits.js";
import { SpiShifter } from "./spi-shifter.js";
import type { SpiTransfer } from "./spi-transfer.js";

export interface SlaveHost {
  readonly register: (name: SpiRegister) => number;
  readonly transfer: SpiTransfer;
  /** SPE and a bus clock. */
  readonly enabled: () => boolean;
  readonly input: () => PinSignal;
  readonly output: () => PinSignal;
  readonly setFlags: (flags: number) => void;
  readonly update: () => void;
}

export class SpiSlave {
  readonly #host: SlaveHost;
  #selected = false;
  #clock = false;
  #shifter: SpiShifter | undefined;
  /** Bits of the frame that were sampled, and that were shifted out. */
  #sampled = 0;
  #shifted = 0;
  /** TI mode: NSS told that a frame comes. */
  #synchronised = false;

  constructor(host: SlaveHost) {
    this.#host = host;
  }

  get selected(): boolean {
    return this.#selected || this.#ti;
  }

  get shifting(): boolean {
    return this.#shifter !== undefined;
  }

  /** What it sends now: before the first edge, the first bit of what waits. */
  get level(): boolean {
    const { transfer, register } = this.#host;
    if (this.#shifter !== undefined) return this.#shifter.out(this.#shifted);
    const next = transfer.peek() ?? this.#substitute;
    return new SpiShifter(next, transfer.bits, (register("CFG2") & CFG2.LSBFRST) !== 0).out(0);
  }

  get #ti(): boolean {
    return ((this.#host.register("CFG2") >>> 19) & 7) === 1;
  }

  stop(): void {
    this.#shifter = undefined;
    this.#sampled = 0;
    this.#shifted = 0;
    this.#synchronised = false;
  }

  /** NSS, inside the chip or at its pin. */
  select(selected: boolean): void {
    if (selected === this.#selected) return;
    this.#selected = selected;
    if (!this.#ti) {
      this.stop();
      const { transfer, enabled } = this.#host;
      const late = transfer.sends && transfer.peek() === undefined;
      if (selected && enabled() && late && this.#detection === UDRDET.SELECTED) this.#host.setFlags(SR.UDR);
    }
    this.#host.output().refresh();
    this.#host.update();
  }

  get #detection(): number {
    return (this.#host.register("CFG1") >>> 11) & 3;
  }

  clockLevel(level: boolean): void {
    if (level === this.#clock) return;
    this.#clock = level;
    if (!this.#host.enabled() || !this.selected) return;
    const cfg2 = this.#host.register("CFG2");
    if (this.#ti) {
      if (level) this.#shift();
      else this.#synchronise();
      return;
    }
    const leading = level !== ((cfg2 & CFG2.CPOL) !== 0);
    if (leading === ((cfg2 & CFG2.CPHA) === 0)) this.#sample();
    else this.#shift();
  }

  /** TI mode: SCK falls while NSS is high in front of a frame's first bit, or with the last bit of the one before. */
  #synchronise(): void {
    const last = this.#sampled === this.#host.transfer.bits - 1;
    const was = this.#synchronised;
    if (this.#selected) {
      if (was && this.#sampled > 0 && !last) {
        this.#host.setFlags(SR.TIFRE);
        this.stop();
      } else if (was) {
        this.#sample();
      }
      this.#synchronised = true;
      this.#host.update();
      return;
    }
    if (!was) return;
    this.#sample();
    if (this.#sampled === 0) this.#synchronised = false;
  }

  /** The frame begins with its first edge of either kind. */
  #begin(): SpiShifter {
    const { transfer, register, setFlags } = this.#host;
    if (transfer.sends && transfer.peek() === undefined) setFlags(SR.UDR);
    const frame = transfer.begin(this.#substitute);
    const lowestFirst = (register("CFG2") & CFG2.LSBFRST) !== 0;
    const shifter = new SpiShifter(frame, transfer.bits, lowestFirst);
    this.#shifter = shifter;
    return shifter;
  }

  /** What it sends when software has written nothing. */
  get #substitute(): number {
    const { register, transfer } = this.#host;
    const choice = (register("CFG1") >>> 9) & 3;
    if (choice === UDRCFG.RECEIVED) return transfer.lastReceived;
    return choice === UDRCFG.TRANSMITTED ? transfer.lastSent : register("UDRDR");
  }

  #sample(): void {
    const { transfer, input, setFlags, update } = this.#host;
    const shifter = this.#shifter ?? this.#begin();
    shifter.take(this.#sampled, input().driven ?? true);
    this.#sampled++;
    if (this.#sampled === shifter.bits) {
      this.#sampled = 0;
      this.#shifted = 0;
      this.#shifter = undefined;
      transfer.end(shifter.received);
      const late = transfer.sends && !transfer.complete && transfer.peek() === undefined;
      if (late && this.#detection === UDRDET.FRAME_END && transfer.wantsData) setFlags(SR.UDR);
    }
    update();
  }

  #shift(): void {
    if (this.#shifter === undefined) {
      // Without CPHA this edge ends the last bit of a frame; with it, and in TI mode, it brings the first one.
      const first = this.#ti ? this.#synchronised : (this.#host.register("CFG2") & CFG2.CPHA) !== 0;
      if (first) this.#begin();
    } else {
      this.#shifted = this.#sampled;
    }
    this.#host.output().refresh();
    this.#host.update();
  }
}
