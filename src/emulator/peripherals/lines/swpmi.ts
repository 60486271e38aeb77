/**
 * SWPMI (RM0433, chapter SWPMI) without a slave at SWPMI_IO: its transceiver starts, the bus is activated, frames go out in their time,
 * and nothing comes back but in loopback mode. Stuffed bits, and the transition in front of the idle bits of a resume, take no time.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { DmaSignal } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { SWPMI } from "../tables/stored.js";
import { SwpmiReceiver } from "./swpmi-receiver.js";

export interface SwpmiOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  readonly transmitRequest: DmaSignal;
  readonly receiveRequest: DmaSignal;
}

const RXDMA = 1 << 0;
const TXDMA = 1 << 1;
const RXMODE = 1 << 2;
const TXMODE = 1 << 3;
const LPBK = 1 << 4;
const SWPACT = 1 << 5;
const DEACT = 1 << 10;
const SWPEN = 1 << 11;

const RXBFF = 1 << 0;
const TXBEF = 1 << 1;
const RXBERF = 1 << 2;
const RXOVRF = 1 << 3;
const TXUNRF = 1 << 4;
const RXNE = 1 << 5;
const TXE = 1 << 6;
const TCF = 1 << 7;
const SUSP = 1 << 9;
const DEACTF = 1 << 10;
const RDYF = 1 << 11;

/** No text that was at hand has it: the data sheet of near chips has no such time. */
const READY_NS = 300e3;
const BYTE_BITS = 8;
const WORD_BYTES = 4;
/** A frame's payload, in bytes. */
const LONGEST = 30;
/** Of a buffer in multi software buffer mode, however long its frame is. */
const BUFFER_WORDS = 8;
/** In bits: what resumes a suspended bus, what is between two frames, SOF, CRC and EOF, and what suspends the bus again. */
const RESUME_BITS = 8;
const GAP_BITS = 1;
const SOF_BITS = 8;
const TAIL_BITS = 24;
const SUSPEND_BITS = 7;

export class Swpmi extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SwpmiOptions;
  readonly #receiver = new SwpmiReceiver();
  #next: TimelineEvent | undefined;
  #starting: TimelineEvent | undefined;
  /** The word in TDR, which waits to be sent. */
  #word: number | undefined;
  /** Bytes of the frame's payload that TDR is still to bring; undefined: no frame is under way. */
  #left: number | undefined;
  /** Words that the frame has taken. */
  #words = 0;
  /** The frame ends with a wrong CRC. */
  #broken = false;
  /** Words of the frame's buffer that are still to come, and not sent. */
  #surplus = 0;

  constructor(options: SwpmiOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(SWPMI, {
        CR: { rw: ALL, onWrite: (_written, before) => this.#control(before) },
        BRR: {
          rw: ALL,
          onWrite: (_written, before) => {
            if (this.registers.has("CR", SWPACT)) this.registers.set("BRR", before);
          },
        },
        ISR: { ro: ALL },
        ICR: { wo: ALL, onWrite: (written) => this.#flag(written, false) },
        IER: { rw: ALL, onWrite: () => this.#update() },
        RFL: { ro: ALL },
        TDR: { wo: ALL, onWrite: (written) => this.#write(written) },
        RDR: { ro: ALL, onRead: () => this.#read() },
        OR: { rw: ALL },
      }),
      { name: "SWPMI1", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#starting);
    this.#starting = undefined;
    this.registers.reset();
    this.#abandon();
    this.#update();
  }

  #control(before: number): void {
    this.#protect(before);
    const cr = this.registers.get("CR");
    if ((cr & ~before & SWPEN) !== 0) {
      this.#starting = this.#options.timeline.after(READY_NS, () => this.#flag(RDYF, true));
    } else if ((cr & SWPEN) === 0) {
      this.#options.timeline.cancel(this.#starting);
      this.#flag(RDYF, false);
    }
    if ((cr & ~before & SWPACT) !== 0) this.#flag(DEACTF, false);
    if ((cr & SWPACT) === 0) this.#abandon();
    else if ((cr & DEACT) !== 0) this.#deactivate();
    this.#update();
  }

  /** Modes are for an inactive bus, which becomes active only when DEACT was taken back before. */
  #protect(before: number): void {
    const modes = LPBK | TXMODE | RXMODE;
    const cr = this.registers.get("CR");
    if ((before & SWPACT) !== 0) this.registers.set("CR", (cr & ~modes) | (before & modes));
    else if ((before & DEACT) !== 0) this.registers.setBits("CR", SWPACT, false);
  }

  /** No slave holds the bus. */
  #deactivate(): void {
    this.registers.setBits("CR", SWPACT, false);
    this.#abandon();
    this.#flag(DEACTF, true);
  }

  #abandon(): void {
    this.#options.timeline.cancel(this.#next);
    this.#next = undefined;
    this.#word = undefined;
    this.#left = undefined;
    this.#surplus = 0;
    this.#receiver.clear();
    this.#flag(TXE | SUSP, true);
  }

  #read(): number {
    const word = this.#receiver.take();
    this.#update();
    return word;
  }

  #write(word: number): void {
    if (!this.registers.has("CR", SWPACT) || this.registers.has("ISR", TXUNRF)) return;
    if (this.#surplus > 0) {
      this.#surplus--;
      return;
    }
    const first = this.#left === undefined || this.#left === 0;
    if (first && !this.#isFrame(word & 0xff)) return;
    this.#word = word;
    this.#flag(TXE, false);
    if (this.#left === undefined) this.#begin(this.registers.has("ISR", SUSP) ? RESUME_BITS : 0);
  }

  /** The lowest byte of a frame's first word tells how many bytes its payload has; none end DMA. */
  #isFrame(bytes: number): boolean {
    if (bytes === 0) this.#endDma();
    return bytes > 0 && bytes <= LONGEST;
  }

  #endDma(): void {
    this.registers.setBits("CR", TXDMA, false);
    this.#update();
  }

  #begin(before: number): void {
    this.#options.timeline.cancel(this.#next);
    const bytes = (this.#word ?? 0) & 0xff;
    this.#left = bytes;
    this.#words = 0;
    this.#broken = false;
    this.#flag(SUSP, false);
    this.#after(before + SOF_BITS, () => this.#take(Math.min(bytes, WORD_BYTES - 1)));
  }

  /** Sends so many bytes of TDR's word. */
  #take(bytes: number): void {
    const sent = (this.#word ?? 0) >>> (this.#words === 0 ? BYTE_BITS : 0);
    this.#words++;
    this.#word = undefined;
    const left = (this.#left ?? 0) - bytes;
    this.#left = left;
    if (left === 0) this.#surplus = this.#unsent();
    this.#flag(left > 0 ? TXE : TXE | TXBEF, true);
    this.#after(bytes * BYTE_BITS, () => {
      this.#loop(sent, bytes);
      if (left > 0 && this.#word === undefined) this.#underrun();
      if (this.#left === 0) this.#after(TAIL_BITS, () => this.#done());
      else this.#take(Math.min(left, WORD_BYTES));
    });
  }

  /** With its last word taken: the words of a buffer that its frame has not filled. */
  #unsent(): number {
    const multi = (this.registers.get("CR") & (TXDMA | TXMODE)) === (TXDMA | TXMODE);
    return multi ? BUFFER_WORDS - this.#words : 0;
  }

  #underrun(): void {
    this.#left = 0;
    this.#broken = true;
    this.#flag(TXUNRF, true);
    this.#endDma();
  }

  /** Loopback: what was sent is received. */
  #loop(word: number, bytes: number): void {
    if (!this.registers.has("CR", LPBK)) return;
    for (let n = 0; n < bytes; n++) {
      if (!this.#receiver.put((word >>> (BYTE_BITS * n)) & 0xff)) this.#flag(RXOVRF, true);
    }
    this.#update();
  }

  #received(): void {
    const cr = this.registers.get("CR");
    if ((cr & LPBK) === 0) return;
    const buffered = (cr & (RXDMA | RXMODE)) === (RXDMA | RXMODE);
    const { length, kept } = this.#receiver.end(buffered, this.#broken);
    this.registers.set("RFL", length);
    this.#flag(RXBFF | (kept ? 0 : RXOVRF) | (this.#broken ? RXBERF : 0), true);
  }

  #done(): void {
    this.#received();
    this.#left = undefined;
    if (this.#word !== undefined) this.#begin(GAP_BITS);
    else this.#after(SUSPEND_BITS, () => this.#flag(TCF | SUSP, true));
  }

  #after(bits: number, run: () => void): void {
    const { timeline, kernelHz } = this.#options;
    const clocks = 4 * ((this.registers.get("BRR") & 0xff) + 1);
    this.#next = timeline.after((bits * clocks * 1e9) / Math.max(1, kernelHz()), run);
  }

  #flag(mask: number, on: boolean): void {
    this.registers.setBits("ISR", mask, on);
    this.#update();
  }

  #update(): void {
    this.registers.setBits("ISR", RXNE, !this.#receiver.empty);
    const isr = this.registers.get("ISR");
    const cr = this.registers.get("CR");
    this.#options.interrupt.set((isr & this.registers.get("IER")) !== 0);
    this.#options.transmitRequest.set((cr & TXDMA) !== 0 && (cr & SWPACT) !== 0 && (isr & TXE) !== 0);
    this.#options.receiveRequest.set((cr & RXDMA) !== 0 && (isr & RXNE) !== 0);
  }
}
