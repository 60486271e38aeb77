/** SDMMC without a card (RM0433, chapter SDMMC): commands are sent, and whoever waits for a response times out. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { Peripheral } from "./peripheral.js";
import { ALL, registerTable } from "./register-table.js";
import { SDMMC } from "./tables/bus.js";

export interface SdmmcOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
}

const CPSMEN = 1 << 12;
const WAITRESP = 3 << 8;
const DTEN = 1 << 0;
const CTIMEOUT = 1 << 2;
const DTIMEOUT = 1 << 3;
const CMDSENT = 1 << 7;
const CPSMACT = 1 << 13;
const TXFIFOE = 1 << 18;
const RXFIFOE = 1 << 19;
const TXFIFOHE = 1 << 14;
const POWER_ON = 3;
/** A command has 48 bits; a response may take 64 clocks more. */
const COMMAND_CLOCKS = 48;
const RESPONSE_CLOCKS = 64;

export class Sdmmc extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SdmmcOptions;
  #command: TimelineEvent | undefined;
  #data: TimelineEvent | undefined;

  constructor(options: SdmmcOptions) {
    super();
    this.#options = options;
    const stored = { rw: ALL };
    const names = [
      "ARGR",
      "DTIMER",
      "DLENR",
      "ACKTIMER",
      "IDMACTRLR",
      "IDMABSIZER",
      "IDMABASE0R",
      "IDMABASE1R",
    ];
    this.registers = new RegisterBlock(
      registerTable(SDMMC, {
        ...Object.fromEntries(names.map((name) => [name, stored])),
        POWER: stored,
        CLKCR: stored,
        CMDR: { rw: ALL, onWrite: (written) => this.#start(written) },
        DCTRL: { rw: ALL, onWrite: (written) => this.#startData(written) },
        DCNTR: { ro: ALL },
        STAR: { ro: ALL, onRead: (stored) => this.#status(stored) },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        MASKR: { rw: ALL, onWrite: () => this.#update() },
        RESP1R: { ro: ALL },
        RESP2R: { ro: ALL },
        RESP3R: { ro: ALL },
        RESP4R: { ro: ALL },
        RESPCMDR: { ro: ALL },
        VER: { ro: ALL },
        ID: { ro: ALL },
        FIFOR: { rw: ALL },
      }),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
    this.registers.set("RESPCMDR", 0);
  }

  reset(): void {
    this.#options.timeline.cancel(this.#command);
    this.#options.timeline.cancel(this.#data);
    this.registers.reset();
    this.registers.set("RESPCMDR", 0);
    this.#update();
  }

  /** Hz of SDMMC_CK; 0 while it stands still. */
  get #clockHz(): number {
    if ((this.registers.get("POWER") & 3) !== POWER_ON) return 0;
    const divider = this.registers.get("CLKCR") & 0x3ff;
    return this.#options.kernelHz() / (divider === 0 ? 1 : 2 * divider);
  }

  #start(written: number): void {
    const { timeline, log, name } = this.#options;
    timeline.cancel(this.#command);
    if ((written & CPSMEN) === 0) return;
    const hz = this.#clockHz;
    if (hz === 0) {
      log.once(
        `${name}.ck`,
        `guest mistake: ${name}: a command without power (POWER) or kernel clock: never sent`,
      );
      return;
    }
    const waits = (written & WAITRESP) !== 0;
    this.registers.setBits("STAR", CPSMACT, true);
    const clocks = COMMAND_CLOCKS + (waits ? RESPONSE_CLOCKS : 0);
    this.#command = timeline.after((clocks * 1e9) / hz, () => {
      this.registers.setBits("STAR", CPSMACT, false);
      this.registers.setBits("STAR", waits ? CTIMEOUT : CMDSENT, true);
      this.#update();
    });
  }

  #startData(written: number): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#data);
    const hz = this.#clockHz;
    if ((written & DTEN) === 0 || hz === 0) return;
    this.registers.set("DCNTR", this.registers.get("DLENR"));
    this.#data = timeline.after((this.registers.get("DTIMER") * 1e9) / hz, () => {
      this.registers.setBits("STAR", DTIMEOUT, true);
      this.#update();
    });
  }

  #status(stored: number): number {
    return (stored | TXFIFOE | RXFIFOE | TXFIFOHE) >>> 0;
  }

  #clear(written: number): void {
    this.registers.setBits("STAR", written & 0x1fe0_0fff, false);
    this.#update();
  }

  #update(): void {
    this.#options.interrupt.set((this.registers.get("STAR") & this.registers.get("MASKR")) !== 0);
  }
}
