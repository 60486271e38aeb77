/**
 * What SPI has of a transfer, whoever clocks it: both FIFOs with their packing, the frames that TSIZE and TSER count, CRC
 * frames behind them (RM0433, "Data packing", "Transaction handling", "CRC computation").
 */

import { CFG1, CFG2, CGFR, COMM, CR1, isTi, onesOf, type SpiRegister, SR } from "./spi-bits.js";
import { SpiCrc } from "./spi-crc.js";

export interface TransferHost {
  readonly fifoBytes: number;
  readonly register: (name: SpiRegister) => number;
  readonly setSize: (tsize: number) => void;
  readonly setFlags: (flags: number) => void;
  readonly mistake: (message: string) => void;
}

/** I2S: CGFR.DATLEN. */
const DATA_LENGTHS = [16, 24, 32] as const;

export class SpiTransfer {
  readonly #host: TransferHost;
  #transmit: number[] = [];
  #receive: number[] = [];
  /** Frames of this transfer that began, and that software wrote: those for TSER count on. */
  #started = 0;
  #written = 0;
  /** All frames of a transfer were on the line. */
  #over = false;
  /** Received frames are lost since one of this channel found no room; acknowledged: software cleared OVR. */
  #lostFrom: number | undefined;
  #acknowledged = false;
  /** The CRC's frame is due, or on the line. */
  #crcDue = false;
  readonly transmitCrc = new SpiCrc();
  readonly receiveCrc = new SpiCrc();
  /** The next frame is a transfer's first. */
  #fresh = true;
  #lastReceived = 0;
  #lastSent = 0;

  constructor(host: TransferHost) {
    this.#host = host;
  }

  get lastReceived(): number {
    return this.#lastReceived;
  }

  get lastSent(): number {
    return this.#lastSent;
  }

  get queued(): number {
    return this.#transmit.length;
  }

  get received(): number {
    return this.#receive.length;
  }

  get full(): boolean {
    return this.#receive.length >= this.depth;
  }

  /** Frames of this transfer that have not begun. */
  get left(): number {
    return this.size - this.#started;
  }

  /** Frames that software still has to write: those of TSIZE, and behind them those of TSER. */
  get missing(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.size + this.#extension - this.#written;
  }

  /** There is room for a packet, or for what is missing of the last one. */
  get takesPacket(): boolean {
    const wanted = Math.min(this.packet, this.missing);
    return !this.#over && wanted > 0 && this.depth - this.queued >= wanted;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Another frame follows the one that is on the line, and what it sends is there. */
  get goesOn(): boolean {
    if (this.size > 0 && this.#started >= this.size && this.#extension === 0)
      return this.#checked && !this.#crcDue;
    return !this.sends || this.queued > 0;
  }

  get #checked(): boolean {
    return (this.#host.register("CFG1") & CFG1.CRCEN) !== 0;
  }

  /** TSER. */
  get #extension(): number {
    return this.#host.register("CR2") >>> 16;
  }

  get inCrc(): boolean {
    return this.#crcDue;
  }

  /** All frames that TSIZE counts have begun, and no CRC is due. */
  get complete(): boolean {
    return this.size > 0 && this.#started >= this.size && !this.#crcDue;
  }

  get #i2s(): boolean {
    return (this.#host.register("CGFR") & CGFR.I2SMOD) !== 0;
  }

  /** Bits of a data frame. */
  get dataBits(): number {
    if (this.#i2s) return DATA_LENGTHS[(this.#host.register("CGFR") >>> 8) & 3] ?? 32;
    // Less than four bits is forced to four.
    return Math.max(4, (this.#host.register("CFG1") & 0x1f) + 1);
  }

  /** Bits of the next frame on the line. */
  get bits(): number {
    return this.#crcDue ? this.#crcBits : this.dataBits;
  }

  get #crcBits(): number {
    return ((this.#host.register("CFG1") >>> 16) & 0x1f) + 1;
  }

  /** Bytes of a frame in the FIFO. */
  get bytes(): number {
    return Math.ceil(this.dataBits / 8);
  }

  /** Bytes of the access that has one frame. */
  get width(): number {
    const { bytes } = this;
    return bytes === 3 ? 4 : bytes;
  }

  get depth(): number {
    return Math.floor(this.#host.fifoBytes / this.bytes);
  }

  /** FTHLV: frames of a packet. */
  get packet(): number {
    return Math.min(((this.#host.register("CFG1") >>> 5) & 0xf) + 1, this.depth);
  }

  get size(): number {
    return this.#i2s ? 0 : this.#host.register("CR2") & 0xffff;
  }

  get sends(): boolean {
    // I2SCFG: slave and master transmit, receive, full duplex.
    if (this.#i2s) return [0, 2, 4, 5].includes((this.#host.register("CGFR") >>> 1) & 7);
    return this.#goes(COMM.TRANSMIT, (this.#host.register("CR1") & CR1.HDDIR) !== 0);
  }

  get receives(): boolean {
    if (this.#i2s) return [1, 3, 4, 5].includes((this.#host.register("CGFR") >>> 1) & 7);
    return this.#goes(COMM.RECEIVE, (this.#host.register("CR1") & CR1.HDDIR) === 0);
  }

  #goes(simplex: number, half: boolean): boolean {
    const comm = (this.#host.register("CFG2") >>> 17) & 3;
    return comm === COMM.FULL || comm === simplex || (comm === COMM.HALF && half);
  }

  /** The order of TI's protocol is fixed. */
  get lowestFirst(): boolean {
    const cfg2 = this.#host.register("CFG2");
    return (cfg2 & CFG2.LSBFRST) !== 0 && !isTi(cfg2);
  }

  /** SPE = 0. */
  clear(): void {
    this.#transmit = [];
    this.#receive = [];
    this.restart();
  }

  restart(): void {
    this.#started = 0;
    this.#written = 0;
    this.#over = false;
    this.#lostFrom = undefined;
    this.#crcDue = false;
    this.#fresh = true;
    this.#startCrc();
  }

  /** CSTART behind a transfer that ended. */
  renew(): void {
    this.#over = false;
  }

  /** Software cleared OVR. */
  acknowledge(): void {
    this.#acknowledged = true;
  }

  #startCrc(): void {
    const cr1 = this.#host.register("CR1");
    const polynomial = this.#host.register("CRCPOLY");
    // Without CRC33_17 the highest bit that is set is the polynomial's highest term; with it, that term is implied.
    const full = (cr1 & CR1.CRC33_17) !== 0;
    const degree = full ? this.#host.fifoBytes * 2 : Math.max(1, 31 - Math.clz32(polynomial));
    if (this.#checked && degree < this.dataBits) {
      this.#host.mistake("CRCPOLY's polynomial is not longer than a data frame (CRC33_17)");
    }
    const common = { size: this.#crcBits, degree, polynomial };
    this.transmitCrc.start({ ...common, ones: (cr1 & CR1.TCRCINI) !== 0 });
    this.receiveCrc.start({ ...common, ones: (cr1 & CR1.RCRCINI) !== 0 });
  }

  /** TXDR: as many frames as the access is wide, but no more than TSIZE counts. */
  write(written: number, bytes: number): void {
    this.#held(bytes);
    const width = Math.min(this.width, bytes);
    // TSER's frames begin with an access of their own.
    const due = this.#written < this.size ? this.size - this.#written : this.missing;
    for (let at = 0; at < bytes && at / width < due; at += width) {
      if (this.#transmit.length >= this.depth) {
        this.#host.mistake("TXDR was written while its FIFO was full: lost");
        break;
      }
      this.#transmit.push(this.#intoFrame((written >>> (at * 8)) >>> 0));
      this.#written++;
    }
    if (this.missing <= 0) this.#host.setFlags(SR.TXTF);
  }

  #held(bytes: number): void {
    if (bytes < this.width)
      this.#host.mistake("TXDR and RXDR must not be accessed with less than a data frame");
  }

  /** RXDR. */
  read(bytes: number): number {
    this.#held(bytes);
    let value = 0;
    for (let at = 0; at < bytes; at += this.width) {
      value += this.#fromFrame(this.#receive.shift() ?? 0) * 2 ** (at * 8);
    }
    return value;
  }

  /** I2S: DATFMT has data of 24 bits at the left end of a word. */
  get #leftAligned(): boolean {
    return this.#i2s && this.dataBits === 24 && (this.#host.register("CGFR") & CGFR.DATFMT) !== 0;
  }

  #intoFrame(value: number): number {
    return ((this.#leftAligned ? value >>> 8 : value) & onesOf(this.dataBits)) >>> 0;
  }

  #fromFrame(frame: number): number {
    return this.#leftAligned ? (frame << 8) >>> 0 : frame;
  }

  /** What the next frame sends; undefined: software wrote nothing. */
  peek(): number | undefined {
    return this.#crcDue ? this.transmitCrc.frame : this.#transmit[0];
  }

  /** The next frame begins. @param instead is sent for want of data, and while a slave's underrun lasts */
  begin(instead?: number): number {
    if (this.#crcDue) return this.transmitCrc.frame;
    if (this.#fresh) this.#startCrc();
    this.#fresh = false;
    this.#over = false;
    this.#started++;
    const frame = this.sends ? (instead ?? this.#transmit.shift() ?? 0) : 0;
    this.#lastSent = frame;
    if (this.#checked) this.transmitCrc.add(frame, this.dataBits, this.lowestFirst);
    return frame;
  }

  /** The frame ended. @param channel I2S: whose @returns whether the transfer did */
  end(received: number, channel = 0): boolean {
    if (this.#crcDue) {
      if (this.receives && received !== this.receiveCrc.frame) this.#host.setFlags(SR.CRCE);
      this.#crcDue = false;
      return this.#finish();
    }
    this.#lastReceived = this.receives ? received : 0;
    if (this.receives) {
      if (this.#checked) this.receiveCrc.add(received, this.dataBits, this.lowestFirst);
      this.#store(received, channel);
    }
    if (this.size === 0 || this.#started < this.size) return false;
    if (this.#extended()) return false;
    this.#crcDue = this.#checked;
    return this.#crcDue ? false : this.#finish();
  }

  /** After an overrun all is lost until OVR is cleared; I2S goes on with the channel that it missed first. */
  #store(received: number, channel: number): void {
    const resumes = this.#lostFrom === undefined || (this.#acknowledged && channel === this.#lostFrom);
    if (!resumes) return;
    if (this.full) {
      this.#lostFrom = channel;
      this.#acknowledged = false;
      this.#host.setFlags(SR.OVR);
      return;
    }
    this.#lostFrom = undefined;
    this.#receive.push(received);
  }

  /** TSER: so many frames more. */
  #extended(): boolean {
    const more = this.#extension;
    if (more === 0) return false;
    this.#written = Math.max(0, this.#written - this.size);
    this.#host.setSize(more);
    this.#started = 0;
    this.#host.setFlags(SR.TSERF);
    return true;
  }

  #finish(): boolean {
    this.#host.setFlags(SR.EOT);
    this.#over = true;
    this.#started = 0;
    this.#written = 0;
    this.#fresh = true;
    return true;
  }
}
