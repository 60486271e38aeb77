/** IN endpoints of the USB OTG core (RM0433, "IN data transfers"): packets come from the FIFO, or by DMA from memory. */

import type { InAnswer, InPacket } from "../../usb-port.js";
import type { OtgDma } from "./otg-fs-dma.js";
import { Endpoint, type EndpointCore } from "./otg-fs-endpoint.js";
import type { TransmitFifo } from "./otg-fs-fifo.js";
import { EPCTL, EPINT } from "./otg-fs-registers.js";

/** EPTYP. */
const INTERRUPT = 3;

export class InEndpoint extends Endpoint {
  /** Bytes of the transfer that the host has not yet acknowledged. */
  #left = 0;
  /** Words written of the packet that is being filled. */
  #filling = 0;
  /** Length of the packet on the bus, until the host acknowledges it. */
  #onBus: number | undefined;
  /** What DMA fetched of the transfer and the host has not yet acknowledged. */
  #fetched: Uint8Array | undefined;

  constructor(number: number, core: EndpointCore) {
    super(number, core, "DIEP");
  }

  get fifoNumber(): number {
    return (this.core.regs.get(this.names.ctl) >>> EPCTL.TXFNUM_SHIFT) & 15;
  }

  #fifo(): TransmitFifo {
    return this.core.transmitFifo(this.fifoNumber);
  }

  /** DTXFSTS.INEPTFSAV: free words. */
  get available(): number {
    return Math.max(0, this.core.transmitWords(this.fifoNumber) - this.#fifo().used);
  }

  /** Something waits to be sent. */
  get holdsData(): boolean {
    return this.#fifo().used > 0 || (this.core.dma !== undefined && this.enabled && !this.is(EPCTL.NAKSTS));
  }

  onControl(written: number, before: number): void {
    const { regs } = this.core;
    if ((written & EPCTL.CNAK) !== 0) regs.setBits(this.names.int, EPINT.INEPNE, false);
    if ((written & EPCTL.SNAK) !== 0) regs.setBits(this.names.int, EPINT.INEPNE, true);
    if (this.control(written, before)) {
      // What is left of an incomplete transfer is overwritten (RM0433, "Incomplete isochronous IN data transfers").
      if (this.isochronous) this.#fifo().clear();
      this.#begin();
      if (this.packets === 0) this.#nothingToSend();
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

  #nothingToSend(): void {
    const { ctl, tsiz } = this.names;
    this.core.mistake(
      `${ctl}.pktcnt`,
      `${ctl}: enabled with PKTCNT = 0 in ${tsiz}: nothing will be transferred`,
    );
  }

  /** The manual forbids it while enabled; drivers that do it after a flush get by, so the new size counts. */
  onSize(): void {
    if (!this.enabled) return;
    this.#begin();
    const { ctl, tsiz } = this.names;
    this.core.mistake(
      `${tsiz}.enabled`,
      `${tsiz}: written while ${ctl}.EPENA = 1: the transfer is undefined`,
    );
  }

  #begin(): void {
    this.#left = this.size;
    this.#filling = 0;
    this.#onBus = undefined;
    this.#fetched = undefined;
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
    this.#fifo().push(word);
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
    this.#fetched = undefined;
    this.core.endpointChanged(this.number);
  }

  /** SETUP: what was being sent is over, the data stage begins with DATA1. */
  setupReceived(): void {
    this.mark(EPCTL.NAKSTS, true);
    this.mark(EPCTL.STALL, false);
    this.toggle = 1;
    this.#onBus = undefined;
    this.#fetched = undefined;
  }

  token(): InAnswer {
    if (this.number > 0 && !this.is(EPCTL.USBAEP)) return "none";
    // The host asks again: its handshake did not come.
    if (this.#onBus !== undefined) this.raise(EPINT.TOC);
    if (this.isochronous) return this.#isochronousToken();
    if (this.is(EPCTL.STALL)) return "stall";
    const bytes = this.#ready() ? this.#packet() : undefined;
    if (bytes === undefined) {
      this.#nothingThere();
      return "nak";
    }
    this.#onBus = bytes.length;
    return { toggle: this.toggle, bytes };
  }

  /** The packet for this frame, or an empty one: there is no handshake that would ask for patience. */
  #isochronousToken(): InPacket {
    const bytes = this.#ready() && this.itsFrame ? this.#packet() : undefined;
    this.#onBus = bytes?.length;
    if (bytes === undefined) this.#nothingThere();
    return { toggle: 0, bytes: bytes ?? new Uint8Array(0) };
  }

  /** Global IN NAK is for endpoints that are not periodic. */
  #ready(): boolean {
    const held = this.is(EPCTL.NAKSTS) || (this.core.globalInNak && !this.#periodic);
    return this.enabled && !held && this.packets > 0;
  }

  get #periodic(): boolean {
    return this.isochronous || this.type === INTERRUPT;
  }

  /** Length of the next packet. */
  get #due(): number {
    return Math.min(this.maxPacket, this.#left);
  }

  /** A periodic endpoint's FIFO counts as empty until it holds the frame's whole packet. */
  #nothingThere(): void {
    const { used } = this.#fifo();
    const empty = used === 0 || (this.#periodic && used * 4 < this.#due);
    this.raise(empty ? EPINT.ITTXFE | EPINT.NAK : EPINT.NAK);
  }

  /** The next packet, left where it is: it may have to be sent again. Undefined while it is not whole. */
  #packet(): Uint8Array | undefined {
    const { dma } = this.core;
    const length = this.#due;
    if (dma !== undefined) return this.#fetch(dma, length);
    return this.#fifo().used * 4 < length ? undefined : this.#fifo().peek(length);
  }

  #fetch(dma: OtgDma, length: number): Uint8Array | undefined {
    if (this.#fetched !== undefined) return this.#fetched;
    const words = this.core.transmitWords(this.fifoNumber);
    if (length > words * 4) {
      this.core.mistake(
        `txfifo${this.fifoNumber}.small`,
        `transmit FIFO ${this.fifoNumber} (${words} words) never holds a packet of ${length} bytes`,
      );
      return undefined;
    }
    const bytes = dma.fetch(this.dmaAddress, length);
    if (bytes === undefined) {
      this.raise(EPINT.AHBERR);
      return undefined;
    }
    this.dmaMoved(length);
    this.subtract(length, 0);
    this.#fetched = bytes;
    return bytes;
  }

  /**
   * The packet has passed: the host acknowledged it, or it was isochronous.
   * @returns true when it was an empty one (the status stage of a control transfer).
   */
  acknowledged(): boolean {
    const length = this.#onBus;
    this.#onBus = undefined;
    if (length === undefined || !this.enabled) return false;
    if (this.#fetched === undefined) this.#fifo().drop(length);
    this.#fetched = undefined;
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
