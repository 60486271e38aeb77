/** SPI as slave: another one clocks it (RM0433, "Motorola mode", "TI mode", "Underrun"). */

import type { PinSignal } from "../../../pin-signal.js";
import { CFG2, isTi, type SpiRegister, SR, UDRCFG, UDRDET } from "./spi-bits.js";
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
  /** NSS was active when it was enabled: it waits for the next start of it. */
  #late = false;
  /** Software wrote nothing in time, and has not cleared UDR since. */
  #underrun = false;

  constructor(host: SlaveHost) {
    this.#host = host;
  }

  /** It may drive its data line: in TI mode from NSS's pulse to the end of a frame. */
  get selected(): boolean {
    if (this.#ti) return this.#synchronised || this.#shifter !== undefined;
    return this.#selected && !this.#late;
  }

  get shifting(): boolean {
    return this.#shifter !== undefined;
  }

  /** What it sends now: before the first edge, the first bit of what waits. */
  get level(): boolean {
    const { transfer } = this.#host;
    if (this.#shifter !== undefined) return this.#shifter.out(this.#shifted);
    const next = this.#instead ?? transfer.peek() ?? transfer.lastSent;
    return new SpiShifter(next, transfer.bits, transfer.lowestFirst).out(0);
  }

  get #ti(): boolean {
    return isTi(this.#host.register("CFG2"));
  }

  /** SPE was set. @param byPin NSS is looked at its pin: an active one selects nothing until it was inactive */
  enable(byPin: boolean): void {
    this.stop();
    this.#late = byPin && this.#selected;
    this.#underrun = false;
  }

  /** Software cleared UDR. */
  resume(): void {
    this.#underrun = false;
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
    if (!selected) this.#late = false;
    if (!this.#ti) {
      this.stop();
      if (selected && this.#host.enabled()) this.#detect(UDRDET.SELECTED);
    }
    this.#host.output().refresh();
    this.#host.update();
  }

  /** Is there nothing to send? UDRDET tells when it looks. */
  #detect(when: number): void {
    const { transfer, register, setFlags } = this.#host;
    const detection = (register("CFG1") >>> 11) & 3;
    const wanted = transfer.sends && !transfer.over && transfer.missing > 0;
    if (detection !== when || !wanted || transfer.peek() !== undefined) return;
    this.#underrun = true;
    setFlags(SR.UDR);
  }

  clockLevel(level: boolean): void {
    if (level === this.#clock) return;
    this.#clock = level;
    if (!this.#host.enabled() || !(this.#ti || this.selected)) return;
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
      // A pulse inside a frame is ignored: what comes waits for the next one.
      const misplaced = was && this.#sampled > 0 && !last;
      if (misplaced) {
        this.#host.setFlags(SR.TIFRE);
        this.stop();
      } else if (was) {
        this.#sample();
      }
      this.#synchronised = !misplaced;
      this.#host.output().refresh();
      this.#host.update();
      return;
    }
    if (!was) return;
    this.#sample();
    if (this.#sampled > 0) return;
    this.#synchronised = false;
    this.#host.output().refresh();
  }

  /** The frame begins with its first edge of either kind. What nobody wrote in time is what was sent last. */
  #begin(): SpiShifter {
    const { transfer } = this.#host;
    const { bits, lowestFirst } = transfer;
    const instead = this.#instead;
    const dummy = transfer.peek() === undefined ? transfer.lastSent : undefined;
    this.#detect(UDRDET.FRAME_BEGIN);
    this.#shifter = new SpiShifter(transfer.begin(instead ?? dummy), bits, lowestFirst);
    return this.#shifter;
  }

  /** What it sends while an underrun lasts, whatever is in the FIFO. */
  get #instead(): number | undefined {
    const { register, transfer } = this.#host;
    if (!this.#underrun || transfer.inCrc) return undefined;
    const choice = (register("CFG1") >>> 9) & 3;
    if (choice === UDRCFG.RECEIVED) return transfer.lastReceived;
    return choice === UDRCFG.TRANSMITTED ? transfer.lastSent : register("UDRDR");
  }

  #sample(): void {
    const { transfer, input, update } = this.#host;
    const shifter = this.#shifter ?? this.#begin();
    shifter.take(this.#sampled, input().driven ?? true);
    this.#sampled++;
    if (this.#sampled === shifter.bits) {
      this.#sampled = 0;
      this.#shifted = 0;
      this.#shifter = undefined;
      transfer.end(shifter.received);
      this.#detect(UDRDET.FRAME_END);
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
