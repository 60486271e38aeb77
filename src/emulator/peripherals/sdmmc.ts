/**
 * SDMMC (RM0433, chapter of that name) with a card to read from, or without one: commands are sent, and whoever waits for a
 * response times out. Data comes through the FIFO; the internal DMA and sending are stored but have no effect.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { SdCardPort, SdResponse } from "../sd-port.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { Peripheral } from "./peripheral.js";
import { ALL, registerTable } from "./register-table.js";
import { SdmmcReceiver } from "./sdmmc-data.js";
import { SDMMC } from "./tables/bus.js";

export interface SdmmcOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  /** The card in the slot. */
  readonly card?: (() => SdCardPort | undefined) | undefined;
}

const CPSMEN = 1 << 12;
const WAITRESP = 3 << 8;
const CMDTRANS = 1 << 6;
const WAITRESP_NONE = 0;
const WAITRESP_SHORT_NO_CRC = 2;
const DTEN = 1 << 0;
const DTDIR_FROM_CARD = 1 << 1;
const FIFORST = 1 << 13;
const HWFC_EN = 1 << 17;
/** CLKCR.WIDBUS: 0 one line, 1 four, 2 eight. */
const LINES = [1, 4, 8, 8] as const;
const CCRCFAIL = 1 << 0;
const CTIMEOUT = 1 << 2;
const DTIMEOUT = 1 << 3;
const RXOVERR = 1 << 5;
const CMDREND = 1 << 6;
const CMDSENT = 1 << 7;
const DATAEND = 1 << 8;
const DBCKEND = 1 << 10;
const DPSMACT = 1 << 12;
const CPSMACT = 1 << 13;
const TXFIFOE = 1 << 18;
const RXFIFOE = 1 << 19;
const TXFIFOHE = 1 << 14;
const RXFIFOHF = 1 << 15;
const RXFIFOF = 1 << 17;
const POWER_ON = 3;
/** A command has 48 bits; a response may take 64 clocks more. */
const COMMAND_CLOCKS = 48;
const RESPONSE_CLOCKS = 64;

export class Sdmmc extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SdmmcOptions;
  #command: TimelineEvent | undefined;
  #data: TimelineEvent | undefined;
  readonly #receiver = new SdmmcReceiver();

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
        DCNTR: { ro: ALL, onRead: (stored) => this.#count(stored) },
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
        FIFOR: { rw: ALL, onRead: () => this.#fifo() },
      }),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
    this.registers.set("RESPCMDR", 0);
  }

  reset(): void {
    this.#options.timeline.cancel(this.#command);
    this.#options.timeline.cancel(this.#data);
    this.#receiver.stop();
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
      this.#answered(written, this.#options.card?.()?.command(written & 0x3f, this.registers.get("ARGR")));
      this.#update();
    });
  }

  /** R3 has no CRC: it fails unless the command says so (RM0433, WAITRESP). */
  #answered(command: number, response: SdResponse | undefined): void {
    const waits = (command & WAITRESP) >>> 8;
    if (waits === WAITRESP_NONE || response === undefined) {
      this.registers.setBits("STAR", waits === WAITRESP_NONE ? CMDSENT : CTIMEOUT, true);
      return;
    }
    this.registers.set("RESPCMDR", response.index);
    response.words.forEach((word, at) => {
      this.registers.set(`RESP${at + 1}R`, word);
    });
    const noCrc = response.words.length === 1 && response.index === 0x3f;
    this.registers.setBits("STAR", noCrc && waits !== WAITRESP_SHORT_NO_CRC ? CCRCFAIL : CMDREND, true);
    if (response.data !== undefined) this.#receive(response.data, command);
  }

  /** What the card sends while nobody has told the data path to receive is gone. */
  #receive(data: Uint8Array, command: number): void {
    const control = this.registers.get("DCTRL");
    if ((control & DTEN) === 0 && (command & CMDTRANS) === 0) return;
    const { timeline, log, name } = this.#options;
    if ((control & DTDIR_FROM_CARD) === 0 || this.registers.get("DLENR") !== data.length) {
      log.once(`${name}.dlen`, `guest mistake: ${name}: DCTRL and DLENR do not fit what the card sends`);
      return;
    }
    timeline.cancel(this.#data);
    const clkcr = this.registers.get("CLKCR");
    const lines = LINES[(clkcr >>> 14) & 3] ?? 1;
    const bytesPerSecond = (this.#clockHz * lines) / 8;
    this.#receiver.start({ bytes: data, bytesPerSecond, flowControl: (clkcr & HWFC_EN) !== 0 }, timeline.now);
    this.#watch();
  }

  /** Looks again when everything can have arrived. */
  #watch(): void {
    const { timeline } = this.#options;
    this.#data = timeline.after(Math.max(1000, this.#receiver.remaining()), () => {
      this.#progress();
      if (this.#receiver.active) this.#watch();
    });
  }

  #progress(): void {
    const receiver = this.#receiver;
    const before = receiver.active;
    receiver.advance(this.#options.timeline.now);
    if (!before || receiver.active) return;
    this.registers.setBits("STAR", receiver.lost ? RXOVERR : DATAEND | DBCKEND, true);
    this.registers.setBits("DCTRL", DTEN, false);
    this.#update();
  }

  #fifo(): number {
    this.#progress();
    const word = this.#receiver.take();
    if (word !== undefined) return word;
    const { log, name } = this.#options;
    log.once(`${name}.fifo`, `guest mistake: ${name}: FIFOR is read while it is empty: 0`);
    return 0;
  }

  #count(stored: number): number {
    this.#progress();
    return this.#receiver.active ? this.#receiver.left : stored;
  }

  #startData(written: number): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#data);
    if ((written & FIFORST) !== 0) this.#receiver.stop();
    const hz = this.#clockHz;
    if ((written & DTEN) === 0 || hz === 0) return;
    this.registers.set("DCNTR", this.registers.get("DLENR"));
    this.#data = timeline.after((this.registers.get("DTIMER") * 1e9) / hz, () => {
      this.registers.setBits("STAR", DTIMEOUT, true);
      this.#update();
    });
  }

  #status(stored: number): number {
    this.#progress();
    const { level, active } = this.#receiver;
    const now = this.registers.get("STAR") | (stored & CPSMACT);
    const received = level === 0 ? RXFIFOE : level >= 8 ? RXFIFOHF : 0;
    return (now | TXFIFOE | TXFIFOHE | received | (level >= 16 ? RXFIFOF : 0) | (active ? DPSMACT : 0)) >>> 0;
  }

  #clear(written: number): void {
    this.registers.setBits("STAR", written & 0x1fe0_0fff, false);
    this.#update();
  }

  #update(): void {
    this.#options.interrupt.set((this.registers.get("STAR") & this.registers.get("MASKR")) !== 0);
  }
}
