/** Endpoints of the USB OTG core in device mode without DMA (RM0433, "OTG device programming model"). */

import type { RegisterBlock } from "../registers.js";
import type { DataToggle, Handshake, InAnswer } from "../usb-port.js";
import { ReceiveFifo, receiveStatus, type TransmitFifo } from "./otg-fs-fifo.js";
import { EPCTL, EPINT, PKTSTS, TSIZ } from "./otg-fs-registers.js";

/** What an endpoint needs of the core around it. */
export interface EndpointCore {
  readonly regs: RegisterBlock<string>;
  readonly receive: ReceiveFifo;
  /** Capacity of the receive FIFO in words. */
  readonly receiveWords: number;
  readonly frame: number;
  readonly globalInNak: boolean;
  readonly globalOutNak: boolean;
  /** Global OUT NAK is in effect: software has popped its status word. */
  readonly globalOutNakEffective: boolean;
  transmitFifo(number: number): TransmitFifo;
  /** Depth of a transmit FIFO in words. */
  transmitWords(number: number): number;
  /** An interrupt cause of an endpoint changed. */
  endpointChanged(endpoint: number): void;
  /** An endpoint may answer differently now. */
  mayBeReady(): void;
  /** Runs `run` after the few clocks that the core takes for a command. */
  afterClocks(run: () => void): void;
  mistake(key: string, message: string): void;
}

const EP0_SIZES = [64, 32, 16, 8] as const;

interface EndpointNames {
  readonly ctl: string;
  readonly int: string;
  readonly tsiz: string;
}

abstract class Endpoint {
  readonly number: number;
  protected readonly core: EndpointCore;
  protected readonly names: EndpointNames;
  protected toggle: DataToggle = 0;

  constructor(number: number, core: EndpointCore, prefix: "DIEP" | "DOEP") {
    this.number = number;
    this.core = core;
    this.names = {
      ctl: `${prefix}CTL${number}`,
      int: `${prefix}INT${number}`,
      tsiz: `${prefix}TSIZ${number}`,
    };
  }

  get enabled(): boolean {
    return this.is(EPCTL.EPENA);
  }

  get maxPacket(): number {
    if (this.number > 0) return this.core.regs.get(this.names.ctl) & 0x7ff;
    return EP0_SIZES[(this.core.regs.get("DIEPCTL0") & 3) as 0 | 1 | 2 | 3];
  }

  busReset(): void {
    this.toggle = 0;
    if (this.number > 0) this.mark(EPCTL.USBAEP | EPCTL.DPID, false);
  }

  protected is(mask: number): boolean {
    return this.core.regs.has(this.names.ctl, mask);
  }

  protected mark(mask: number, on: boolean): void {
    this.core.regs.setBits(this.names.ctl, mask, on);
  }

  protected raise(cause: number): void {
    this.core.regs.setBits(this.names.int, cause, true);
    this.core.endpointChanged(this.number);
  }

  protected setToggle(toggle: DataToggle): void {
    this.toggle = toggle;
    if (this.number > 0) this.mark(EPCTL.DPID, toggle === 1);
  }

  protected flipToggle(): void {
    this.setToggle(this.toggle === 0 ? 1 : 0);
  }

  protected get packets(): number {
    return (this.core.regs.get(this.names.tsiz) >>> TSIZ.PKTCNT_SHIFT) & (this.number === 0 ? 3 : 0x3ff);
  }

  protected get size(): number {
    return this.core.regs.get(this.names.tsiz) & (this.number === 0 ? 0x7f : 0x7ffff);
  }

  protected subtract(bytes: number, packets: number): void {
    const value = this.core.regs.get(this.names.tsiz);
    this.core.regs.set(this.names.tsiz, value - bytes - packets * (1 << TSIZ.PKTCNT_SHIFT));
  }

  /** The part of a write to xEPCTL that both directions share. Returns true when a transfer was enabled. */
  protected control(written: number, before: number): boolean {
    if ((written & EPCTL.CNAK) !== 0) this.mark(EPCTL.NAKSTS, false);
    if ((written & EPCTL.SNAK) !== 0) this.mark(EPCTL.NAKSTS, true);
    if ((written & EPCTL.SD0PID) !== 0) this.setToggle(0);
    if ((written & EPCTL.SD1PID) !== 0) this.setToggle(1);
    // On endpoint 0 software can only set STALL; the next SETUP clears it.
    if (this.number === 0 && (written & EPCTL.STALL) !== 0) this.mark(EPCTL.STALL, true);
    if (((written >>> EPCTL.EPTYP_SHIFT) & 3) === 1 && (written & EPCTL.USBAEP) !== 0) {
      this.core.mistake(`${this.names.ctl}.iso`, `${this.names.ctl}: isochronous endpoints are not modelled`);
    }
    const start = (written & EPCTL.EPENA) !== 0 && (before & EPCTL.EPENA) === 0;
    if (start) {
      this.mark(EPCTL.EPENA, true);
      if (this.packets === 0) {
        this.core.mistake(
          `${this.names.ctl}.pktcnt`,
          `${this.names.ctl}: enabled with PKTCNT = 0 in ${this.names.tsiz}: nothing will be transferred`,
        );
      }
    }
    return start;
  }

  /** @returns true when EPDIS was written and applies. */
  protected disables(written: number, before: number): boolean {
    if ((written & EPCTL.EPDIS) === 0) return false;
    if ((before & EPCTL.EPENA) !== 0) return true;
    this.core.mistake(
      `${this.names.ctl}.epdis`,
      `${this.names.ctl}: EPDIS written while EPENA = 0: EPDISD will never be set`,
    );
    return false;
  }

  protected finishDisable(): void {
    this.mark(EPCTL.EPENA | EPCTL.EPDIS, false);
    this.raise(EPINT.EPDISD);
    this.core.mayBeReady();
  }
}

export class InEndpoint extends Endpoint {
  /** Bytes of the transfer that the host has not yet acknowledged. */
  #left = 0;
  /** Words written of the packet that is being filled. */
  #filling = 0;
  /** Length of the packet on the bus, until the host acknowledges it. */
  #onBus: number | undefined;

  constructor(number: number, core: EndpointCore) {
    super(number, core, "DIEP");
  }

  get fifoNumber(): number {
    return (this.core.regs.get(this.names.ctl) >>> EPCTL.TXFNUM_SHIFT) & 15;
  }

  get #fifo(): TransmitFifo {
    return this.core.transmitFifo(this.fifoNumber);
  }

  /** DTXFSTS.INEPTFSAV: free words. */
  get available(): number {
    return Math.max(0, this.core.transmitWords(this.fifoNumber) - this.#fifo.used);
  }

  onControl(written: number, before: number): void {
    const { regs } = this.core;
    if ((written & EPCTL.CNAK) !== 0) regs.setBits(this.names.int, EPINT.INEPNE, false);
    if ((written & EPCTL.SNAK) !== 0) regs.setBits(this.names.int, EPINT.INEPNE, true);
    if (this.control(written, before)) {
      this.#left = this.size;
      this.#filling = 0;
      this.#onBus = undefined;
    }
    if (this.disables(written, before)) {
      this.mark(EPCTL.EPDIS, true);
      this.core.afterClocks(() => {
        if (this.is(EPCTL.EPDIS)) this.finishDisable();
      });
    }
    this.core.endpointChanged(this.number);
    this.core.mayBeReady();
  }

  onSize(): void {
    if (!this.enabled) return;
    const { ctl, tsiz } = this.names;
    this.core.mistake(
      `${tsiz}.enabled`,
      `${tsiz}: written while ${ctl}.EPENA = 1: the transfer is undefined`,
    );
  }

  pushWord(word: number): void {
    const { core } = this;
    if (this.available === 0) {
      core.mistake(
        `txfifo${this.fifoNumber}.overflow`,
        `transmit FIFO ${this.fifoNumber} (${core.transmitWords(this.fifoNumber)} words) overflows: word lost`,
      );
      return;
    }
    this.#fifo.push(word);
    const packet = Math.min(this.maxPacket, this.size);
    if (!this.enabled || packet === 0) {
      core.mistake(
        `${this.names.ctl}.unasked`,
        `data written to the FIFO of IN endpoint ${this.number} ${
          this.enabled ? "beyond XFRSIZ" : "before EPENA"
        }: it stays in front of the next packet`,
      );
      return;
    }
    if (++this.#filling * 4 < packet) return;
    this.#filling = 0;
    this.subtract(packet, 0);
    core.endpointChanged(this.number);
    core.mayBeReady();
  }

  flushed(): void {
    this.#filling = 0;
    this.#onBus = undefined;
    this.core.endpointChanged(this.number);
  }

  /** SETUP: what was being sent is over, the data stage begins with DATA1. */
  setupReceived(): void {
    this.mark(EPCTL.NAKSTS, true);
    this.mark(EPCTL.STALL, false);
    this.toggle = 1;
    this.#onBus = undefined;
  }

  token(): InAnswer {
    if (this.number > 0 && !this.is(EPCTL.USBAEP)) return "none";
    if (this.is(EPCTL.STALL)) return "stall";
    const length = Math.min(this.maxPacket, this.#left);
    const fifo = this.#fifo;
    const ready = this.enabled && !this.is(EPCTL.NAKSTS) && !this.core.globalInNak && this.packets > 0;
    if (!ready || fifo.used * 4 < length) {
      this.raise(fifo.used === 0 ? EPINT.ITTXFE | EPINT.NAK : EPINT.NAK);
      return "nak";
    }
    this.#onBus = length;
    return { toggle: this.toggle, bytes: fifo.peek(length) };
  }

  /** @returns true when the packet was an empty one (the status stage of a control transfer). */
  acknowledged(): boolean {
    const length = this.#onBus;
    this.#onBus = undefined;
    if (length === undefined || !this.enabled) return false;
    this.#fifo.drop(length);
    this.#left -= length;
    this.subtract(0, 1);
    this.flipToggle();
    if (this.packets === 0) this.#complete();
    else this.core.endpointChanged(this.number);
    return length === 0;
  }

  #complete(): void {
    if (this.#left > 0) {
      this.core.mistake(
        `${this.names.tsiz}.short`,
        `${this.names.tsiz}: PKTCNT reached 0 with ${this.#left} bytes of XFRSIZ not sent`,
      );
    }
    this.mark(EPCTL.EPENA, false);
    this.raise(EPINT.XFRC);
  }
}

export class OutEndpoint extends Endpoint {
  /** Bytes that the transfer still has room for, on the side of the bus. */
  #room = 0;

  constructor(number: number, core: EndpointCore) {
    super(number, core, "DOEP");
  }

  onControl(written: number, before: number): void {
    if (this.control(written, before)) this.#room = this.size;
    if (this.disables(written, before)) this.#disable();
    this.core.endpointChanged(this.number);
    this.core.mayBeReady();
  }

  #disable(): void {
    if (this.number === 0) {
      this.core.mistake("DOEPCTL0.epdis", "DOEPCTL0: EPDIS has no effect, OUT endpoint 0 cannot be disabled");
      return;
    }
    this.mark(EPCTL.EPDIS, true);
    if (!this.core.globalOutNakEffective) {
      this.core.mistake(
        `${this.names.ctl}.gonak`,
        `${this.names.ctl}: EPDIS without global OUT NAK in effect (GINTSTS.GONAKEFF): waits for it`,
      );
    }
    this.core.afterClocks(() => this.disableIfAllowed());
  }

  /** Completes a pending EPDIS once global OUT NAK is in effect. */
  disableIfAllowed(): void {
    if (this.is(EPCTL.EPDIS) && this.core.globalOutNakEffective) this.finishDisable();
  }

  /** SETUP is taken whatever NAK and STALL say, without looking for room first. */
  setup(bytes: Uint8Array): Handshake {
    const { core } = this;
    if (core.receive.used + ReceiveFifo.wordsFor(8) > core.receiveWords) {
      core.mistake(
        "rxfifo.setup",
        `receive FIFO (${core.receiveWords} words) has no room for a SETUP packet`,
      );
      return "none";
    }
    core.receive.push(receiveStatus(PKTSTS.SETUP_DATA, this.number, 0, core.frame), bytes);
    const count = (core.regs.get(this.names.tsiz) >>> TSIZ.STUPCNT_SHIFT) & 3;
    if (count === 0) {
      core.mistake("DOEPTSIZ0.stupcnt", "SETUP received while DOEPTSIZ0.STUPCNT = 0: set it to 1..3");
    } else {
      core.regs.set(this.names.tsiz, core.regs.get(this.names.tsiz) - (1 << TSIZ.STUPCNT_SHIFT));
    }
    this.mark(EPCTL.NAKSTS, true);
    this.mark(EPCTL.STALL, false);
    this.toggle = 1;
    return "ack";
  }

  packet(toggle: DataToggle, bytes: Uint8Array): Handshake {
    if (this.number > 0 && !this.is(EPCTL.USBAEP)) return "none";
    if (this.is(EPCTL.STALL)) return "stall";
    if (bytes.length > this.maxPacket) {
      this.core.mistake(
        `${this.names.ctl}.babble`,
        `OUT endpoint ${this.number}: packet of ${bytes.length} bytes, MPSIZ is ${this.maxPacket}: no answer`,
      );
      return "none";
    }
    if (!this.#accepts(bytes.length)) return "nak";
    if (toggle !== this.toggle) {
      this.core.mistake(
        `${this.names.ctl}.toggle`,
        `OUT endpoint ${this.number}: DATA${toggle} received, DATA${this.toggle} expected: taken for a repetition and dropped`,
      );
      return "ack";
    }
    this.#store(bytes);
    return "ack";
  }

  #accepts(length: number): boolean {
    const { core } = this;
    // One more word than the packet: its completion has to fit behind it.
    const fits = core.receive.used + ReceiveFifo.wordsFor(length) + 1 <= core.receiveWords;
    const armed = this.enabled && !this.is(EPCTL.NAKSTS) && !core.globalOutNak && this.packets > 0;
    if (armed && fits) return true;
    if (armed && ReceiveFifo.wordsFor(length) + 1 > core.receiveWords) {
      core.mistake(
        "rxfifo.small",
        `GRXFSIZ = ${core.receiveWords} words: a packet of ${length} bytes never fits`,
      );
    }
    this.raise(this.number === 0 && !this.enabled ? EPINT.NAK | EPINT.OTEPDIS : EPINT.NAK);
    return false;
  }

  #store(bytes: Uint8Array): void {
    const { core } = this;
    core.receive.push(receiveStatus(PKTSTS.OUT_DATA, this.number, this.toggle, core.frame), bytes);
    if (bytes.length > this.#room) {
      core.mistake(
        `${this.names.tsiz}.overrun`,
        `${this.names.tsiz}: ${bytes.length} bytes received, XFRSIZ had room for ${this.#room}`,
      );
    }
    this.#room = Math.max(0, this.#room - bytes.length);
    this.subtract(0, 1);
    this.flipToggle();
    if (bytes.length < this.maxPacket || this.packets === 0) {
      this.mark(EPCTL.NAKSTS, true);
      core.receive.push(receiveStatus(PKTSTS.OUT_COMPLETE, this.number, this.toggle, core.frame));
    }
  }

  /** Software popped the status word of a data packet: XFRSIZ counts what was handed over. */
  dataPopped(length: number): void {
    this.subtract(Math.min(length, this.size), 0);
  }

  completePopped(): void {
    this.mark(EPCTL.EPENA, false);
    this.raise(EPINT.XFRC);
  }

  setupDonePopped(): void {
    this.mark(EPCTL.EPENA, false);
    this.raise(EPINT.STUP);
  }
}
