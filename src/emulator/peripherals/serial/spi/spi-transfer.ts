/**
 * What SPI has of a transfer, whoever clocks it: both FIFOs with their packing, the frames that TSIZE and TSER count, CRC
 * frames behind them (RM0433, "Data packing", "Transfer size", "CRC computation").
 */

import { CFG1, CFG2, CGFR, COMM, CR1, onesOf, type SpiRegister, SR } from "./spi-bits.js";
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
  /** Frames of this transfer that began, and that software wrote. */
  #started = 0;
  #written = 0;
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

  /** Does software still have to write some? */
  get wantsData(): boolean {
    return this.size === 0 || this.#written < this.size;
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
    return (this.#host.register("CFG1") & 0x1f) + 1;
  }

  /** Bits of the next frame on the line. */
  get bits(): number {
    return this.#crcDue ? this.#crcBits : this.dataBits;
  }

  get #crcBits(): number {
    return ((this.#host.register("CFG1") >>> 16) & 0x1f) + 1;
  }

  /** Bytes of a frame in the FIFO. */
  get width(): number {
    return this.dataBits <= 8 ? 1 : this.dataBits <= 16 ? 2 : 4;
  }

  get depth(): number {
    return this.#host.fifoBytes / this.width;
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

  get #lowestFirst(): boolean {
    return (this.#host.register("CFG2") & CFG2.LSBFRST) !== 0;
  }

  /** SPE = 0, or a new transfer after EOT. */
  clear(): void {
    this.#transmit = [];
    this.#receive = [];
    this.restart();
  }

  restart(): void {
    this.#started = 0;
    this.#written = 0;
    this.#crcDue = false;
    this.#fresh = true;
  }

  #startCrc(): void {
    const cr1 = this.#host.register("CR1");
    const common = { size: this.#crcBits, polynomial: this.#host.register("CRCPOLY") };
    this.transmitCrc.start({ ...common, ones: (cr1 & CR1.TCRCINI) !== 0 });
    this.receiveCrc.start({ ...common, ones: (cr1 & CR1.RCRCINI) !== 0 });
  }

  /** TXDR: as many frames as the access is wide. */
  write(written: number, bytes: number): void {
    const width = Math.min(this.width, bytes);
    for (let at = 0; at < bytes; at += width) {
      const frame = this.#intoFrame((written >>> (at * 8)) >>> 0);
      if (this.#transmit.length >= this.depth)
        this.#host.mistake("TXDR was written while its FIFO was full: lost");
      else this.#transmit.push(frame);
      this.#written++;
    }
    if (this.size > 0 && this.#written >= this.size) this.#host.setFlags(SR.TXTF);
  }

  /** RXDR. */
  read(bytes: number): number {
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
    return this.#crcDue ? this.transmitCrc.value : this.#transmit[0];
  }

  /** The next frame begins. @param substitute what is sent where software wrote nothing */
  begin(substitute: number): number {
    if (this.#crcDue) return this.transmitCrc.value;
    if (this.#fresh) this.#startCrc();
    this.#fresh = false;
    this.#started++;
    const frame = this.sends ? (this.#transmit.shift() ?? substitute) : 0;
    this.#lastSent = frame;
    this.transmitCrc.add(frame, this.dataBits, this.#lowestFirst);
    return frame;
  }

  /** The frame ended. @returns whether the transfer did */
  end(received: number): boolean {
    if (this.#crcDue) {
      if (this.receives && received !== this.receiveCrc.value) this.#host.setFlags(SR.CRCE);
      this.#crcDue = false;
      return this.#finish();
    }
    this.#lastReceived = received;
    if (this.receives) {
      this.receiveCrc.add(received, this.dataBits, this.#lowestFirst);
      if (this.full) this.#host.setFlags(SR.OVR);
      else this.#receive.push(received);
    }
    if (this.size === 0 || this.#started < this.size) return false;
    if (this.#extended()) return false;
    this.#crcDue = (this.#host.register("CFG1") & CFG1.CRCEN) !== 0;
    return this.#crcDue ? false : this.#finish();
  }

  /** TSER: so many frames more. */
  #extended(): boolean {
    const more = this.#host.register("CR2") >>> 16;
    if (more === 0) return false;
    this.#host.setSize(more);
    this.#started = 0;
    this.#written = Math.max(0, this.#transmit.length);
    this.#host.setFlags(SR.TSERF);
    return true;
  }

  #finish(): boolean {
    this.#host.setFlags(SR.EOT);
    this.#started = 0;
    this.#written = 0;
    this.#fresh = true;
    return true;
  }
}
