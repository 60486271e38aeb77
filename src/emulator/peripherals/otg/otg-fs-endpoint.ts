/** What IN and OUT endpoints of the USB OTG core share (RM0433, "OTG device programming model"). */

import type { RegisterBlock, RegisterCell } from "../../registers.js";
import type { DataToggle } from "../../usb-port.js";
import type { OtgDma } from "./otg-fs-dma.js";
import type { ReceiveFifo, TransmitFifo } from "./otg-fs-fifo.js";
import { EPCTL, EPINT, TSIZ } from "./otg-fs-registers.js";

/** What an endpoint needs of the core around it. */
export interface EndpointCore {
  readonly regs: RegisterBlock<string>;
  readonly receive: ReceiveFifo;
  /** Undefined while software serves the FIFOs (GAHBCFG.DMAEN = 0). */
  readonly dma: OtgDma | undefined;
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
  /** An isochronous OUT packet found no room in the receive FIFO. */
  isochronousOutDropped(endpoint: number): void;
  /** An interrupt cause of an endpoint changed. */
  endpointChanged(endpoint: number): void;
  /** An endpoint may answer differently now. */
  mayBeReady(): void;
  /** Runs `run` after the few clocks that the core takes for a command. */
  afterClocks(run: () => void): void;
  mistake(key: string, message: string): void;
}

const EP0_SIZES = [64, 32, 16, 8] as const;
/** EPTYP. */
const ISOCHRONOUS = 1;

interface EndpointNames {
  readonly ctl: string;
  readonly int: string;
  readonly tsiz: string;
  readonly dma: string;
}

export abstract class Endpoint {
  readonly number: number;
  protected readonly core: EndpointCore;
  protected readonly names: EndpointNames;
  protected readonly ctl: RegisterCell;
  protected readonly tsiz: RegisterCell;
  /** The next data PID; of an isochronous endpoint, EONUM: the frames, even or odd, that the transfer is for. */
  protected toggle: DataToggle = 0;

  constructor(number: number, core: EndpointCore, prefix: "DIEP" | "DOEP") {
    this.number = number;
    this.core = core;
    this.names = {
      ctl: `${prefix}CTL${number}`,
      int: `${prefix}INT${number}`,
      tsiz: `${prefix}TSIZ${number}`,
      dma: `${prefix}DMA${number}`,
    };
    this.ctl = core.regs.cell(this.names.ctl);
    this.tsiz = core.regs.cell(this.names.tsiz);
  }

  get enabled(): boolean {
    return this.is(EPCTL.EPENA);
  }

  protected get type(): number {
    return this.number === 0 ? 0 : (this.ctl.value >>> EPCTL.EPTYP_SHIFT) & 3;
  }

  get isochronous(): boolean {
    return this.type === ISOCHRONOUS;
  }

  /** Transfers of an isochronous endpoint wait for a frame whose number is even or odd, as EONUM says. */
  protected get itsFrame(): boolean {
    return this.toggle === (this.core.frame & 1);
  }

  /** Was to be served in the current frame, and is not done. */
  get incomplete(): boolean {
    return this.isochronous && this.enabled && this.itsFrame;
  }

  get maxPacket(): number {
    if (this.number > 0) return this.ctl.value & 0x7ff;
    return EP0_SIZES[(this.core.regs.get("DIEPCTL0") & 3) as 0 | 1 | 2 | 3];
  }

  busReset(): void {
    this.toggle = 0;
    if (this.number > 0) this.mark(EPCTL.USBAEP | EPCTL.DPID, false);
  }

  protected is(mask: number): boolean {
    return (this.ctl.value & mask) !== 0;
  }

  protected mark(mask: number, on: boolean): void {
    this.core.regs.setBits(this.names.ctl, mask, on);
  }

  protected raise(cause: number): void {
    this.core.regs.setBits(this.names.int, cause, true);
    this.core.endpointChanged(this.number);
  }

  protected get dmaAddress(): number {
    return this.core.regs.get(this.names.dma);
  }

  /** xEPDMA counts along with what was moved. */
  protected dmaMoved(length: number): void {
    this.core.regs.set(this.names.dma, this.dmaAddress + length);
  }

  protected setToggle(toggle: DataToggle): void {
    this.toggle = toggle;
    if (this.number > 0) this.mark(EPCTL.DPID, toggle === 1);
  }

  /** After a packet. Isochronous endpoints have no toggle, and EONUM is software's to change. */
  protected flipToggle(): void {
    if (!this.isochronous) this.setToggle(this.toggle === 0 ? 1 : 0);
  }

  protected get packets(): number {
    return (this.tsiz.value >>> TSIZ.PKTCNT_SHIFT) & (this.number === 0 ? 3 : 0x3ff);
  }

  protected get size(): number {
    return this.tsiz.value & (this.number === 0 ? 0x7f : 0x7ffff);
  }

  protected subtract(bytes: number, packets: number): void {
    const value = this.tsiz.value;
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
    const start = (written & EPCTL.EPENA) !== 0 && (before & EPCTL.EPENA) === 0;
    if (start) {
      this.mark(EPCTL.EPENA, true);
      if (this.isochronous && this.packets > 1) this.#tooMuchForAFrame();
    }
    return start;
  }

  #tooMuchForAFrame(): void {
    const { ctl, tsiz } = this.names;
    this.core.mistake(
      `${ctl}.frame`,
      `${ctl}: isochronous transfer of ${this.packets} packets (${tsiz}.PKTCNT): a frame has one at full speed`,
    );
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
