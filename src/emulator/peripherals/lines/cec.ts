/**
 * HDMI-CEC (RM0433, chapter HDMI-CEC; times of CEC 13.2): sends messages bit by bit on its line, with the acknowledge that the
 * line shows. Nobody else is there to be received.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { NO_PIN, type PinSignal } from "../../pin-signal.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { CEC } from "../tables/stored.js";

export interface CecOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** The clock of about 32 kHz; 0: none. */
  readonly kernelHz: () => number;
  readonly line?: PinSignal;
}

const CECEN = 1 << 0;
const TXSOM = 1 << 1;
const TXEOM = 1 << 2;
const ARBLST = 1 << 7;
const TXBR = 1 << 8;
const TXEND = 1 << 9;
const TXUDR = 1 << 10;
const TXERR = 1 << 11;
const TXACKE = 1 << 12;

const MS = 1e6;
const BIT_NS = 2.4 * MS;
const START = { low: 3.7 * MS, whole: 4.5 * MS };
const ONE = { low: 0.6 * MS, whole: BIT_NS };
const ZERO = { low: 1.5 * MS, whole: BIT_NS };
const SAMPLE_NS = 1.05 * MS;
/** Of a byte: data from the highest bit on, end of message, acknowledge. */
const EOM_BIT = 8;
const ACK_BIT = 9;
/** A byte's fourth bit asks for the next one. */
const REQUEST_BIT = 3;
/** The header's first half, with which initiators find out who goes on. */
const ARBITRATION_BITS = 4;
const BROADCAST = 0xf;
/** CFGR.SFT = 0, in bits: after a failure, as another initiator than the last, after a message of its own. */
const FREE = { failed: 2.5, other: 4, own: 6 } as const;

interface Byte {
  readonly value: number;
  readonly last: boolean;
  readonly header: boolean;
}

export class Cec extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: CecOptions;
  #next: TimelineEvent | undefined;
  #low = false;
  #sending = false;
  /** TXDR was written, and not sent. */
  #loaded = false;
  #broadcast = false;
  #before: keyof typeof FREE = "other";

  constructor(options: CecOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(CEC, {
        CR: { rw: ALL, onWrite: (_written, before) => this.#control(before) },
        CFGR: { rw: ALL },
        TXDR: { rw: ALL, onRead: () => 0, onWrite: () => this.#load() },
        RXDR: { ro: ALL },
        ISR: { w1c: ALL, onWrite: () => this.#update() },
        IER: { rw: ALL, onWrite: () => this.#update() },
      }),
      { name: "CEC", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.registers.reset();
    this.#stop();
    this.#before = "other";
    this.#update();
  }

  /** What it drives: undefined while it is off; a line that is not low is open. */
  get output(): boolean | undefined {
    return this.registers.has("CR", CECEN) ? !this.#low : undefined;
  }

  /** The line's level, or the clock, has changed: a message may have waited for it. */
  look(): void {
    if (this.registers.has("CR", TXSOM) && !this.#sending && this.#next === undefined) this.#wait();
  }

  get #line(): PinSignal {
    return this.#options.line ?? NO_PIN;
  }

  #control(before: number): void {
    const cr = this.registers.get("CR");
    if ((cr & CECEN) === 0) {
      this.#stop();
      this.registers.set("CR", 0);
      return;
    }
    // Software sets them; what ends a message clears them.
    this.registers.setBits("CR", before & (TXSOM | TXEOM), true);
    this.#line.refresh();
    this.look();
  }

  #stop(): void {
    this.#options.timeline.cancel(this.#next);
    this.#next = undefined;
    this.#sending = false;
    this.#loaded = false;
    this.#drive(false);
  }

  #load(): void {
    this.#loaded = true;
    this.look();
  }

  /** The line must be free for a time. */
  #wait(): void {
    if (this.#options.kernelHz() === 0) {
      this.#options.log.once(
        "CEC.clock",
        "guest mistake: CEC: a message without its 32 kHz clock is not sent",
      );
      return;
    }
    if (this.#line.level !== true) return;
    const sft = this.registers.get("CFGR") & 7;
    const bits = sft === 0 ? FREE[this.#before] : sft - 0.5;
    this.#after(bits * BIT_NS, () => {
      if (this.#line.level !== true) return;
      this.#sending = true;
      this.#pulse(START, () => this.#byte(true));
    });
  }

  #byte(header: boolean): void {
    if (!this.#loaded) {
      this.#end(TXUDR, "failed");
      return;
    }
    this.#loaded = false;
    const value = this.registers.get("TXDR");
    if (header) this.#broadcast = (value & 0xf) === BROADCAST;
    this.#bit({ value, last: this.registers.has("CR", TXEOM), header }, 0);
  }

  #bit(byte: Byte, place: number): void {
    if (place === ACK_BIT) {
      this.#acknowledge(byte);
      return;
    }
    if (place === REQUEST_BIT && !byte.last) this.#flag(TXBR);
    const one = place === EOM_BIT ? byte.last : ((byte.value >> (7 - place)) & 1) !== 0;
    if (!one) {
      this.#pulse(ZERO, () => this.#bit(byte, place + 1));
      return;
    }
    this.#one(
      () => this.#bit(byte, place + 1),
      (high) => high || this.#collided(byte.header && place < ARBITRATION_BITS),
    );
  }

  /** Somebody else holds the line. @returns false: this is the message's end */
  #collided(arbitration: boolean): false {
    if (!arbitration) {
      this.#end(TXERR, "failed");
      return false;
    }
    // The message is still to be sent, from its header on, once the line is free.
    this.#flag(ARBLST);
    this.#stop();
    this.#loaded = true;
    this.#before = "failed";
    return false;
  }

  /** A follower takes a message for itself by a low line, and refuses one for all by it. */
  #acknowledge(byte: Byte): void {
    this.#one(
      () => {
        if (byte.last) this.#end(TXEND, "own");
        else this.#byte(false);
      },
      (high) => {
        if (high === this.#broadcast) return true;
        this.#end(TXACKE, "failed");
        return false;
      },
    );
  }

  /** A one, with a look at the line when followers look. @param sampled tells whether the message goes on */
  #one(then: () => void, sampled: (high: boolean) => boolean): void {
    this.#drive(true);
    this.#after(ONE.low, () => {
      this.#drive(false);
      this.#after(SAMPLE_NS - ONE.low, () => {
        if (sampled(this.#line.level === true)) this.#after(ONE.whole - SAMPLE_NS, then);
      });
    });
  }

  #pulse({ low, whole }: typeof START, then: () => void): void {
    this.#drive(true);
    this.#after(low, () => {
      this.#drive(false);
      this.#after(whole - low, then);
    });
  }

  #end(flag: number, how: keyof typeof FREE): void {
    this.#stop();
    this.#before = how;
    this.registers.setBits("CR", TXSOM | TXEOM, false);
    this.#flag(flag);
  }

  #drive(low: boolean): void {
    this.#low = low;
    this.#line.refresh();
  }

  #after(ns: number, run: () => void): void {
    this.#next = this.#options.timeline.after(ns, () => {
      this.#next = undefined;
      run();
    });
  }

  #flag(mask: number): void {
    this.registers.setBits("ISR", mask, true);
    this.#update();
  }

  #update(): void {
    this.#options.interrupt.set((this.registers.get("ISR") & this.registers.get("IER")) !== 0);
  }
}
