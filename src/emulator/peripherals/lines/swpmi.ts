/**
 * SWPMI (RM0433, chapter SWPMI) without a slave at SWPMI_IO: its transceiver starts, the bus is activated, frames go out in their time,
 * and nothing ever comes back. Stuffed bits take no time.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { DmaSignal } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { SWPMI } from "../tables/stored.js";

export interface SwpmiOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  readonly request: DmaSignal;
}

const TXDMA = 1 << 1;
const LPBK = 1 << 4;
const SWPACT = 1 << 5;
const DEACT = 1 << 10;
const SWPEN = 1 << 11;

const TXBEF = 1 << 1;
const TXUNRF = 1 << 4;
const TXE = 1 << 6;
const TCF = 1 << 7;
const SUSP = 1 << 9;
const DEACTF = 1 << 10;
const RDYF = 1 << 11;

/** Data sheet DS12556, start of the transceiver's regulator. */
const READY_NS = 300e3;
const BYTE_BITS = 8;
const WORD_BYTES = 4;
/** SOF, and behind the payload the CRC and EOF, in bits. */
const HEAD_BITS = 8;
const TAIL_BITS = 24;

export class Swpmi extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SwpmiOptions;
  #next: TimelineEvent | undefined;
  #starting: TimelineEvent | undefined;
  /** The word in TDR, which waits to be sent. */
  #word: number | undefined;
  /** Bytes of the frame's payload that TDR is still to bring; undefined: no frame is under way. */
  #left: number | undefined;

  constructor(options: SwpmiOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(SWPMI, {
        CR: { rw: ALL & ~LPBK, onWrite: (_written, before) => this.#control(before) },
        BRR: { rw: ALL },
        ISR: { ro: ALL },
        ICR: { wo: ALL, onWrite: (written) => this.#flag(written, false) },
        IER: { rw: ALL, onWrite: () => this.#update() },
        RFL: { ro: ALL },
        TDR: { wo: ALL, onWrite: (written) => this.#write(written) },
        RDR: { ro: ALL },
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

  /** No slave holds the bus. */
  #deactivate(): void {
    this.registers.setBits("CR", SWPACT | DEACT, false);
    this.#abandon();
    this.#flag(DEACTF, true);
  }

  #abandon(): void {
    this.#options.timeline.cancel(this.#next);
    this.#next = undefined;
    this.#word = undefined;
    this.#left = undefined;
    this.#flag(TXE | TXBEF | SUSP, true);
  }

  #write(word: number): void {
    if (!this.registers.has("CR", SWPACT)) return;
    this.#word = word;
    this.#flag(TXE, false);
    if (this.#left === undefined) this.#begin();
  }

  #begin(): void {
    this.#flag(TXBEF | TCF | SUSP, false);
    this.#left = 0;
    this.#after(HEAD_BITS, () => this.#first());
  }

  /** The lowest byte of the first word tells how many bytes the payload has. */
  #first(): void {
    const bytes = (this.#word ?? 0) & 0xff;
    this.#left = bytes;
    this.#take(Math.min(bytes, WORD_BYTES - 1));
  }

  /** Sends so many bytes of TDR's word. */
  #take(bytes: number): void {
    this.#word = undefined;
    this.#left = (this.#left ?? 0) - bytes;
    const more = this.#left > 0;
    this.#flag(more ? TXE : TXE | TXBEF, true);
    this.#after(bytes * BYTE_BITS, () => {
      if (!more) this.#after(TAIL_BITS, () => this.#done());
      else if (this.#word !== undefined) this.#take(Math.min(this.#left ?? 0, WORD_BYTES));
      else this.#underrun();
    });
  }

  #underrun(): void {
    this.#abandon();
    this.#flag(TXUNRF, true);
  }

  #done(): void {
    this.#left = undefined;
    this.#flag(TCF | SUSP, true);
    if (this.#word !== undefined) this.#begin();
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
    const isr = this.registers.get("ISR");
    const cr = this.registers.get("CR");
    this.#options.interrupt.set((isr & this.registers.get("IER")) !== 0);
    this.#options.request.set((cr & TXDMA) !== 0 && (cr & SWPACT) !== 0 && (isr & TXE) !== 0);
  }
}
