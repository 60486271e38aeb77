/**
 * SPI as master: SCK, NSS and the frames between them (RM0433, "Slave select (SS) pin management", "Motorola mode", "TI mode").
 * A frame is one event, unless somebody looks at a pin: then it is a step for each half of SCK's period.
 */

import type { Timeline, TimelineEvent } from "../../../timeline.js";
import { CFG2, CR1, isTi, onesOf, type SpiRegister, SR } from "./spi-bits.js";
import { type SpiLines, steadyInput, watched } from "./spi-lines.js";
import { SpiShifter } from "./spi-shifter.js";
import type { SpiTransfer } from "./spi-transfer.js";

export interface MasterHost extends SpiLines {
  readonly timeline: Timeline;
  readonly register: (name: SpiRegister) => number;
  readonly kernelHz: () => number;
  readonly transfer: SpiTransfer;
  /** A chip that takes whole frames. */
  readonly exchange: ((value: number, bits: number, hz: number) => number) | undefined;
  readonly setFlags: (flags: number) => void;
  /** SR.SUSP waits for software. */
  readonly suspension: () => boolean;
  /** EOT, or a suspension that was accepted. */
  readonly stopped: () => void;
  readonly update: () => void;
  readonly mistake: (message: string) => void;
}

export class SpiMaster {
  readonly #host: MasterHost;
  #event: TimelineEvent | undefined;
  #shifter: SpiShifter | undefined;
  /** Half periods of SCK since the frame began. */
  #half = 0;
  /** SCK is at the level that CPOL does not name. */
  #clock = false;
  #selected = false;
  #suspend = false;
  /** TI mode: periods of SCK in front of this frame's first bit, in which NSS is high; the pulse for the next one is in its last bit. */
  #lead = 0;
  #chained = false;

  constructor(host: MasterHost) {
    this.#host = host;
  }

  /** A frame is on the line, or NSS runs ahead of it or pauses. */
  get busy(): boolean {
    return this.#event !== undefined;
  }

  get selected(): boolean {
    if (!this.#ti) return this.#selected;
    const bit = this.#half >> 1;
    const shifter = this.#shifter;
    return shifter !== undefined && (bit < this.#lead || (this.#chained && bit >= this.#lastBit(shifter)));
  }

  #lastBit(shifter: SpiShifter): number {
    return shifter.bits + this.#lead - 1;
  }

  get clock(): boolean {
    return this.#clock;
  }

  /** The level of its data line. */
  get level(): boolean {
    const shifter = this.#shifter;
    return shifter?.out(Math.max(0, (this.#half >> 1) - this.#lead)) ?? false;
  }

  get #ti(): boolean {
    return isTi(this.#host.register("CFG2"));
  }

  get #periodNs(): number {
    const divider = 2 ** (((this.#host.register("CFG1") >>> 28) & 7) + 1);
    return (divider * 1e9) / this.#host.kernelHz();
  }

  stop(): void {
    this.#host.timeline.cancel(this.#event);
    this.#event = undefined;
    this.#shifter = undefined;
    this.#clock = false;
    this.#selected = false;
    this.#suspend = false;
    this.#chained = false;
    this.#refresh();
  }

  /** CSUSP: the frame under way is finished. */
  suspend(): void {
    this.#suspend = true;
    if (this.#event === undefined) this.#suspended();
  }

  #suspended(): void {
    this.#suspend = false;
    this.#selected = false;
    this.#host.setFlags(SR.SUSP);
    this.#host.stopped();
    this.#refresh();
  }

  /** NSS goes active with CSTART; a frame begins when there is one to be sent, or to be received. */
  next(): void {
    const { transfer, register, suspension } = this.#host;
    if (this.#event !== undefined || (register("CR1") & CR1.CSTART) === 0 || transfer.complete) return;
    if (suspension()) return;
    if (this.#host.kernelHz() === 0) {
      this.#host.mistake("the kernel clock stands still (RCC_D2CCIP1R, PLL): nothing is ever sent");
      return;
    }
    if (!this.#selected && !this.#ti) {
      this.#select();
      const idle = (register("CFG2") & CFG2.SSOE) === 0 ? 0 : register("CFG2") & 0xf;
      this.#pause(idle, () => this.next());
    } else if (transfer.inCrc || this.#ready()) {
      this.#begin();
    }
  }

  #select(): void {
    this.#selected = true;
    this.#host.nss.refresh();
  }

  /** MASRX has the clock of a mere receiver stop before its FIFO overruns, until software clears SUSP. */
  #ready(): boolean {
    const { transfer, register } = this.#host;
    if (transfer.sends) return transfer.queued > 0;
    if (!transfer.full || (register("CR1") & CR1.MASRX) === 0) return true;
    this.#host.setFlags(SR.SUSP);
    return false;
  }

  /** Waits periods of SCK, then goes on. */
  #pause(periods: number, then: () => void): void {
    if (periods === 0) then();
    else this.#after(periods * this.#periodNs, then);
  }

  #after(ns: number, then: () => void): void {
    this.#event = this.#host.timeline.after(ns, () => {
      this.#event = undefined;
      then();
    });
  }

  #begin(): void {
    const { transfer } = this.#host;
    const { bits, lowestFirst } = transfer;
    this.#shifter = new SpiShifter(transfer.begin(), bits, lowestFirst);
    this.#half = 0;
    this.#lead = this.#ti && !this.#chained ? 1 : 0;
    this.#chained = false;
    if (watched(this.#host)) this.#step();
    else this.#after((bits + this.#lead) * this.#periodNs, () => this.#ended(undefined));
    this.#host.update();
  }

  /** CPHA = 0: SCK's first edge is in the middle of the first bit; CPHA = 1 and TI mode: at its beginning. Odd halves begin with the sample. */
  #step(): void {
    const shifter = this.#shifter;
    if (shifter === undefined) return;
    const half = this.#half;
    const bit = (half >> 1) - this.#lead;
    if (this.#ti && half === 2 * this.#lastBit(shifter)) this.#chained = this.#chains;
    const last = 2 * (shifter.bits + this.#lead);
    const phase = this.#ti || (this.#host.register("CFG2") & CFG2.CPHA) !== 0;
    if (half % 2 === 1 && bit >= 0) shifter.take(bit, this.#host.input().driven ?? true);
    this.#clock = half < last && (half % 2 === 1) !== phase;
    this.#refresh();
    if (half === last) {
      this.#ended(shifter.received);
      return;
    }
    this.#after(this.#periodNs / 2, () => {
      this.#half++;
      this.#step();
    });
  }

  /** TI mode: the next frame follows at once. */
  get #chains(): boolean {
    return !this.#suspend && this.#host.transfer.goesOn;
  }

  #refresh(): void {
    const { sck, nss, output } = this.#host;
    // Data changes with the edge, not before it: who samples at the edge still sees the old bit.
    sck.refresh();
    output().refresh();
    nss.refresh();
  }

  /** @param sampled undefined: nobody looked at the pins */
  #ended(sampled: number | undefined): void {
    const { transfer, register, exchange, input } = this.#host;
    const { bits } = transfer;
    const shifter = this.#shifter;
    const sent = this.#sentOf(shifter, bits);
    const answer = exchange?.(sent, bits, 1e9 / this.#periodNs);
    const pins = sampled ?? steadyInput(this.#host, bits);
    if (sampled === undefined && this.#ti) this.#chained = this.#chains;
    // A chip on the bus drives MISO; what a wire brings comes on top.
    const received = answer === undefined ? pins : input().watched ? answer & pins : answer;
    const over = transfer.end((received & onesOf(bits)) >>> 0);
    if (over) this.#deselect();
    else if (this.#suspend) this.#suspended();
    else this.#between(register("CFG2"));
    this.#host.update();
  }

  #sentOf(shifter: SpiShifter | undefined, bits: number): number {
    let value = 0;
    for (let bit = 0; bit < bits; bit++) value = value * 2 + (shifter?.out(bit) === true ? 1 : 0);
    return value;
  }

  #deselect(): void {
    this.#selected = false;
    this.#suspend = false;
    this.#shifter = undefined;
    this.#host.stopped();
    this.#refresh();
  }

  /** MIDI: a pause between two frames; with SSOM NSS rests in all of it but the last period. TI's protocol has none. */
  #between(cfg2: number): void {
    const idle = isTi(cfg2) ? 0 : (cfg2 >>> 4) & 0xf;
    if ((cfg2 & CFG2.SSOM) === 0 || idle < 2) {
      this.#pause(idle, () => this.next());
      return;
    }
    this.#selected = false;
    this.#host.nss.refresh();
    this.#pause(idle - 1, () => {
      this.#select();
      this.#pause(1, () => this.next());
    });
  }
}
