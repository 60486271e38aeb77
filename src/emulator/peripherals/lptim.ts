/** LPTIM: counting its kernel clock once or continuously, compare, interrupts (RM0433, chapter LPTIM). Encoder and external clock are stored. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { Peripheral } from "./peripheral.js";
import { ALL, registerTable } from "./register-table.js";
import { LPTIM } from "./tables/lptim.js";

export interface LptimOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
}

const ENABLE = 1 << 0;
const SNGSTRT = 1 << 1;
const CNTSTRT = 1 << 2;
const COUNTRST = 1 << 3;
const CMPM = 1 << 0;
const ARRM = 1 << 1;
const CMPOK = 1 << 3;
const ARROK = 1 << 4;

export class Lptim extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: LptimOptions;
  #running: "no" | "once" | "on" = "no";
  #since = 0;
  #events: TimelineEvent[] = [];

  constructor(options: LptimOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      registerTable(LPTIM, {
        ISR: { ro: ALL },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        IER: { rw: ALL, onWrite: () => this.#update() },
        CFGR: { rw: 0x0030_0e00 | 0xf0_0000 },
        CR: { rw: ENABLE | (1 << 4), wo: SNGSTRT | CNTSTRT | COUNTRST, onWrite: (w) => this.#control(w) },
        CMP: { rw: ALL, onWrite: () => this.#loaded(CMPOK) },
        ARR: { rw: ALL, onWrite: () => this.#loaded(ARROK) },
        CNT: { ro: ALL, onRead: () => this.#count() },
        CFGR2: { rw: 0x33 },
      }),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.#halt();
    this.registers.reset();
    this.#update();
  }

  get #tickNs(): number {
    const prescaler = 2 ** ((this.registers.get("CFGR") >>> 9) & 7);
    return (prescaler * 1e9) / this.#options.kernelHz();
  }

  get #period(): number {
    return this.registers.get("ARR") + 1;
  }

  #halt(): void {
    for (const event of this.#events) this.#options.timeline.cancel(event);
    this.#events = [];
    this.#running = "no";
  }

  #control(written: number): void {
    if ((written & ENABLE) === 0) {
      this.#halt();
      return;
    }
    if ((written & COUNTRST) !== 0) this.#since = this.#options.timeline.now;
    if ((written & (SNGSTRT | CNTSTRT)) === 0) return;
    this.#halt();
    this.#running = (written & CNTSTRT) !== 0 ? "on" : "once";
    this.#since = this.#options.timeline.now;
    this.#lap();
  }

  #lap(): void {
    const { timeline, kernelHz } = this.#options;
    if (kernelHz() === 0) return;
    const cmp = this.registers.get("CMP");
    const at = (ticks: number, run: () => void): void => {
      this.#events.push(timeline.after(ticks * this.#tickNs, run));
    };
    this.#events = [];
    if (cmp < this.#period) at(cmp, () => this.#flag(CMPM));
    at(this.#period, () => {
      this.#flag(ARRM);
      this.#since = timeline.now;
      if (this.#running === "on") this.#lap();
      else this.#halt();
    });
  }

  #count(): number {
    if (this.#running === "no" || this.#options.kernelHz() === 0) return 0;
    const ticks = Math.floor((this.#options.timeline.now - this.#since) / this.#tickNs);
    return ticks % this.#period;
  }

  /** A write arrives in the kernel clock's domain after a few of its cycles. */
  #loaded(flag: number): void {
    const hz = this.#options.kernelHz();
    if (hz === 0 || !this.registers.has("CR", ENABLE)) return;
    this.#options.timeline.after(3e9 / hz, () => this.#flag(flag));
  }

  #flag(flag: number): void {
    this.registers.setBits("ISR", flag, true);
    this.#update();
  }

  #clear(written: number): void {
    this.registers.setBits("ISR", written, false);
    this.#update();
  }

  #update(): void {
    this.#options.interrupt.set((this.registers.get("ISR") & this.registers.get("IER")) !== 0);
  }
}
