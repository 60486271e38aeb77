/**
 * HDMI-CEC (RM0433, chapter HDMI-CEC; times of CEC 13.2): sends messages bit by bit on its line, with the acknowledge that the
 * line shows. Who else is at the line may hold it, and is not received.
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
/** A bit: its low part, when its sender looks at the line again, and all of it. */
interface Pulse {
  readonly low: number;
  readonly look: number;
  readonly whole: number;
}
const ONE: Pulse = { low: 0.6 * MS, look: 1.05 * MS, whole: BIT_NS };
/** A message is over with the shortest bit that followers may send. */
const LAST: Pulse = { ...ONE, whole: 2.05 * MS };
/** By CFGR.RXTOL: how late a line may rise. */
const START: readonly Pulse[] = [0.2, 0.4].map((late) => ({
  low: 3.7 * MS,
  look: (3.7 + late) * MS,
  whole: 4.5 * MS,
}));
const ZERO: readonly Pulse[] = [0.2, 0.3].map((late) => ({
  low: 1.5 * MS,
  look: (1.5 + late) * MS,
  whole: BIT_NS,
}));
const RXTOL = 1 << 3;
/** The line is free from its last event on, not from TXSOM on. */
const SFTOP = 1 << 8;
/** Of a byte: data from the highest bit on, end of message, acknowledge. */
const EOM_BIT = 8;
const ACK_BIT = 9;
/** The bit behind a byte's fourth: it asks for the next byte. */
const REQUEST_BIT = 4;
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
  /** When the line became free; undefined: it is not. */
  #freeSince: number | undefined;

  constructor(options: CecOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(CEC, {
        CR: { rw: ALL, onWrite: (_written, before) => this.#control(before) },
        CFGR: { rw: ALL, onWrite: () => this.#configured("CFGR") },
        TXDR: { rw: ALL, onRead: () => 0, onWrite: () => this.#load() },
        RXDR: { ro: ALL },
        ISR: { w1c: ALL, onWrite: () => this.#update() },
        IER: {
          rw: ALL,
          onWrite: () => {
            this.#configured("IER");
            this.#update();
          },
        },
      }),
      { name: "CEC", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.registers.reset();
    this.#stop();
    this.#freeSince = undefined;
    this.#before = "other";
    this.#update();
  }

  /** What it drives: undefined while it is off; a line that is not low is open. */
  get output(): boolean | undefined {
    return this.registers.has("CR", CECEN) ? !this.#low : undefined;
  }

  /** The line's level, or the clock, has changed: a message may have waited for it, or have lost it. */
  look(): void {
    if (this.#sending || !this.registers.has("CR", CECEN)) return;
    const free = this.#line.level === true;
    if (!free) this.#freeSince = undefined;
    else this.#freeSince ??= this.#options.timeline.now;
    if (!free && this.#next !== undefined) this.#lost();
    else if (this.registers.has("CR", TXSOM) && this.#next === undefined) this.#wait();
  }

  get #line(): PinSignal {
    return this.#options.line ?? NO_PIN;
  }

  #control(before: number): void {
    const cr = this.registers.get("CR");
    if ((cr & CECEN) === 0) {
      this.#stop();
      this.#freeSince = undefined;
      this.registers.set("CR", 0);
      return;
    }
    // Software sets them; what ends a message clears them.
    this.registers.setBits("CR", before & (TXSOM | TXEOM), true);
    this.#line.refresh();
    this.look();
  }

  /** The manual allows it while CECEN is 0, and does not tell what it does otherwise. */
  #configured(name: string): void {
    if (!this.registers.has("CR", CECEN)) return;
    this.#options.log.once(`CEC.${name}`, `guest mistake: CEC_${name} is written while CECEN is set`);
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
    const cfgr = this.registers.get("CFGR");
    const sft = cfgr & 7;
    const bits = sft === 0 ? FREE[this.#before] : sft - 0.5;
    const now = this.#options.timeline.now;
    const from = (cfgr & SFTOP) === 0 ? now : (this.#freeSince ?? now);
    this.#after(Math.max(0, bits * BIT_NS - (now - from)), () => {
      this.#sending = true;
      this.#pulse(
        this.#tolerated(START),
        () => this.#byte(true),
        (high) => high || this.#collided(true),
      );
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
    this.#pulse(
      one ? ONE : this.#tolerated(ZERO),
      () => this.#bit(byte, place + 1),
      (high) => high || this.#collided(byte.header && place < ARBITRATION_BITS),
    );
  }

  /** Somebody else holds the line. @returns false: this is the message's end */
  #collided(arbitration: boolean): false {
    if (arbitration) this.#lost();
    else this.#end(TXERR, "failed");
    return false;
  }

  /** The message is still to be sent, from its header on, once the line is free. */
  #lost(): void {
    this.#flag(ARBLST);
    this.#stop();
    this.#loaded = true;
    this.#before = "failed";
    this.#freeSince = undefined;
  }

  /** A follower takes a message for itself by a low line, and refuses one for all by it. */
  #acknowledge(byte: Byte): void {
    this.#pulse(
      byte.last ? LAST : ONE,
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

  #tolerated(pulses: readonly Pulse[]): Pulse {
    return pulses[this.registers.has("CFGR", RXTOL) ? 1 : 0] as Pulse;
  }

  /** A bit, with a look at the line. @param looked tells whether the message goes on */
  #pulse({ low, look, whole }: Pulse, then: () => void, looked: (high: boolean) => boolean): void {
    this.#drive(true);
    this.#after(low, () => {
      this.#drive(false);
      this.#after(look - low, () => {
        if (looked(this.#line.level === true)) this.#after(whole - look, then);
      });
    });
  }

  #end(flag: number, how: keyof typeof FREE): void {
    this.registers.setBits("CR", TXSOM | TXEOM, false);
    this.#stop();
    this.#before = how;
    this.#freeSince = this.#line.level === true ? this.#options.timeline.now : undefined;
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
