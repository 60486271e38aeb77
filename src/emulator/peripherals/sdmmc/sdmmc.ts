/**
 * SDMMC (RM0433, chapter of that name) with a card, or without one: commands are sent, and whoever waits for a response
 * times out. Data goes through the FIFO, which software or the internal DMA serves.
 */

import { BusFault, type ClockGate, type EmulatorLog, type InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { SdBlocks, SdCardPort, SdResponse } from "../../sd-port.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { DmaBus } from "../dma/dma-channel.js";
import { Peripheral } from "../peripheral.js";
import { ALL, registerTable } from "../register-table.js";
import { SDMMC } from "../tables/bus.js";
import { SdmmcData } from "./sdmmc-data.js";
import { CMD, DCTRL, FIFO_FLAGS, STA } from "./sdmmc-registers.js";

export interface SdmmcOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly kernelHz: () => number;
  /** What the internal DMA reaches. */
  readonly bus: DmaBus;
  /** Does it reach `address`? */
  readonly reaches: (address: number) => boolean;
  /** MDMA's triggers: a command ends, data ends, a buffer of the internal DMA ends. */
  readonly trigger?: (event: SdmmcEvent) => void;
  /** The card in the slot. */
  readonly card?: (() => SdCardPort | undefined) | undefined;
}

export type SdmmcEvent = "command" | "data" | "buffer";

const WAITRESP_NONE = 0;
const WAITRESP_SHORT_NO_CRC = 2;
const HWFC_EN = 1 << 17;
const IDMAEN = 1 << 0;
const IDMABMODE = 1 << 1;
const IDMABACT = 1 << 2;
/** SD Physical Layer Specification, 3.6: CRC16 and end bit on each line; a pause of two clocks, start bit, status, end bit. */
const CRC_BITS = 17;
const CRC_STATUS_BITS = 7;
/** CLKCR.WIDBUS: 0 one line, 1 four, 2 eight. */
const LINES = [1, 4, 8, 8] as const;
const POWER_ON = 3;
/** A command has 48 bits; a response may take 64 clocks more. */
const COMMAND_CLOCKS = 48;
const RESPONSE_CLOCKS = 64;
/** How long a card holds D0 low behind a write or an R1b. */
const BUSY_NS = 20e3;

export class Sdmmc extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: SdmmcOptions;
  readonly #data = new SdmmcData();
  #command: TimelineEvent | undefined;
  #progressEvent: TimelineEvent | undefined;
  #timeout: TimelineEvent | undefined;
  #busy: TimelineEvent | undefined;
  /** Where the internal DMA stands, and what is left of its buffer. */
  #dma = { address: 0, left: 0 };

  constructor(options: SdmmcOptions) {
    super();
    this.#options = options;
    const stored = { rw: ALL };
    const names = [
      "POWER",
      "CLKCR",
      "ARGR",
      "DTIMER",
      "DLENR",
      "ACKTIMER",
      "IDMACTRLR",
      "IDMABSIZER",
      "IDMABASE0R",
      "IDMABASE1R",
    ];
    const fixed = ["RESP1R", "RESP2R", "RESP3R", "RESP4R", "RESPCMDR", "VER", "ID"];
    this.registers = new RegisterBlock(
      registerTable(SDMMC, {
        ...Object.fromEntries(names.map((name) => [name, stored])),
        ...Object.fromEntries(fixed.map((name) => [name, { ro: ALL }])),
        CMDR: { rw: ALL, onWrite: (written, before) => this.#writeCommand(written, before) },
        DCTRL: { rw: ALL, onWrite: (written) => this.#writeDataControl(written) },
        DCNTR: { ro: ALL, onRead: (value) => this.#count(value) },
        STAR: { ro: ALL, onRead: () => this.#status() },
        ICR: { wo: ALL, onWrite: (written) => this.#clear(written) },
        MASKR: { rw: ALL, onWrite: () => this.#update() },
        FIFOR: { rw: ALL, onRead: () => this.#readFifo(), onWrite: (word) => this.#writeFifo(word) },
      }),
      { name: options.name, log: options.log, clocked: options.clocked },
    );
    this.registers.set("RESPCMDR", 0);
  }

  reset(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#command);
    timeline.cancel(this.#busy);
    this.#stopData();
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

  // ---- commands ----

  #writeCommand(written: number, before: number): void {
    if (this.registers.has("STAR", STA.CPSMACT)) {
      this.registers.set("CMDR", before);
      this.#mistake("cmd", "CMDR is written while a command is under way (CPSMACT): ignored");
      return;
    }
    if ((written & CMD.CPSMEN) === 0) return;
    const hz = this.#clockHz;
    if (hz === 0) {
      this.#mistake("ck", "a command without power (POWER) or kernel clock: never sent");
      return;
    }
    const waits = (written & CMD.WAITRESP) !== 0;
    this.registers.setBits("STAR", STA.CPSMACT, true);
    const clocks = COMMAND_CLOCKS + (waits ? RESPONSE_CLOCKS : 0);
    this.#command = this.#options.timeline.after((clocks * 1e9) / hz, () => {
      this.registers.setBits("STAR", STA.CPSMACT, false);
      this.registers.setBits("CMDR", CMD.CPSMEN, false);
      if ((written & CMD.CMDSTOP) !== 0) this.#abortData();
      this.#answered(written, this.#options.card?.()?.command(written & 0x3f, this.registers.get("ARGR")));
      this.#options.trigger?.("command");
      this.#update();
    });
  }

  /** R3 has no CRC: it fails unless the command says so (RM0433, WAITRESP). */
  #answered(command: number, response: SdResponse | undefined): void {
    const waits = (command & CMD.WAITRESP) >>> 8;
    if (waits === WAITRESP_NONE || response === undefined) {
      this.registers.setBits("STAR", waits === WAITRESP_NONE ? STA.CMDSENT : STA.CTIMEOUT, true);
      return;
    }
    this.registers.set("RESPCMDR", response.index);
    response.words.forEach((word, at) => {
      this.registers.set(`RESP${at + 1}R`, word);
    });
    const noCrc = response.words.length === 1 && response.index === 0x3f;
    this.registers.setBits(
      "STAR",
      noCrc && waits !== WAITRESP_SHORT_NO_CRC ? STA.CCRCFAIL : STA.CMDREND,
      true,
    );
    if (response.busy === true) this.#hold();
    if ((command & CMD.CMDTRANS) !== 0) this.#expectData();
    if (response.blocks !== undefined) this.#begin(response.blocks, command);
  }

  /** The card holds D0 low. */
  #hold(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#busy);
    this.registers.setBits("STAR", STA.BUSYD0, true);
    this.#busy = timeline.after(BUSY_NS, () => {
      this.registers.setBits("STAR", STA.BUSYD0, false);
      this.registers.setBits("STAR", STA.BUSYD0END, true);
      this.#update();
    });
  }

  // ---- data ----

  #writeDataControl(written: number): void {
    if ((written & DCTRL.FIFORST) !== 0) {
      this.#stopData();
      this.registers.setBits("DCTRL", DCTRL.FIFORST, false);
    }
    if ((written & DCTRL.DTEN) !== 0) this.#expectData();
  }

  /** The data path is told to run: data has to come within DTIMER. */
  #expectData(): void {
    const { timeline } = this.#options;
    const hz = this.#clockHz;
    timeline.cancel(this.#timeout);
    if (hz === 0) return;
    this.registers.set("DCNTR", this.registers.get("DLENR"));
    this.#timeout = timeline.after((this.registers.get("DTIMER") * 1e9) / hz, () => this.#end(STA.DTIMEOUT));
  }

  /** What the card sends while nobody has told the data path to receive is gone. */
  #begin(blocks: SdBlocks, command: number): void {
    const control = this.registers.get("DCTRL");
    if ((control & DCTRL.DTEN) === 0 && (command & CMD.CMDTRANS) === 0) return;
    const fromCard = (control & DCTRL.FROM_CARD) !== 0;
    const blockBytes = 1 << ((control >>> 4) & 15);
    const bytes = this.registers.get("DLENR");
    const whole = (control & DCTRL.DTMODE) !== 0 || bytes % blockBytes === 0;
    if (fromCard !== (blocks.read !== undefined) || !whole || bytes === 0) {
      this.#mistake("dlen", "DCTRL and DLENR do not fit what the card sends or takes");
      return;
    }
    const { timeline } = this.#options;
    timeline.cancel(this.#timeout);
    const clkcr = this.registers.get("CLKCR");
    const lines = LINES[(clkcr >>> 14) & 3] ?? 1;
    this.#loadBuffer();
    this.#data.start(
      {
        blocks,
        fromCard,
        bytes,
        blockBytes,
        bytesPerSecond: (this.#clockHz * lines) / 8,
        tailNs: ((fromCard ? CRC_BITS : CRC_BITS + CRC_STATUS_BITS) * 1e9) / this.#clockHz,
        flowControl: (clkcr & HWFC_EN) !== 0,
      },
      timeline.now,
    );
    this.#progress();
  }

  #progress(): void {
    if (!this.#data.live) return;
    this.#data.advance(this.#options.timeline.now);
    if (this.#usesDma) this.#moveByDma();
    this.#settle();
  }

  /** What has come of the transfer. A receiver is not done before its FIFO is empty: ST's library stops reading at DATAEND. */
  #settle(): void {
    const { result, fromCard, level } = this.#data;
    if (result === "lost") this.#end(fromCard ? STA.RXOVERR : STA.TXUNDERR);
    else if (result === "starved") this.#end(STA.DTIMEOUT);
    else if (result === "garbled") this.#garbled();
    else if (result === "done" && (!fromCard || level <= 0)) this.#complete();
    this.#watch();
    this.#update();
  }

  #watch(): void {
    const at = this.#data.nextAt();
    if (at === undefined || (this.#progressEvent !== undefined && !this.#progressEvent.done)) return;
    const { timeline } = this.#options;
    this.#progressEvent = timeline.after(Math.max(1, at - timeline.now), () => this.#progress());
  }

  #garbled(): void {
    this.#mistake("dlen", "DCTRL and DLENR do not fit what the card sends or takes: DCRCFAIL");
    this.#end(STA.DCRCFAIL);
  }

  #complete(): void {
    if (!this.#data.fromCard) this.#hold();
    this.#end(STA.DATAEND | STA.DBCKEND);
  }

  #end(flags: number): void {
    const { timeline, trigger } = this.#options;
    timeline.cancel(this.#timeout);
    if (this.#data.live) this.registers.set("DCNTR", this.#data.left);
    this.registers.setBits("STAR", flags, true);
    this.registers.setBits("DCTRL", DCTRL.DTEN, false);
    timeline.cancel(this.#progressEvent);
    if ((flags & STA.DATAEND) === 0) this.#data.halt();
    else this.#data.stop();
    if ((flags & STA.DATAEND) !== 0) trigger?.("data");
    this.#update();
  }

  #stopData(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#timeout);
    timeline.cancel(this.#progressEvent);
    this.#data.stop();
  }

  /** A command with CMDSTOP ends what is under way on the data lines. */
  #abortData(): void {
    if (this.#data.live) this.#end(STA.DABORT);
  }

  #readFifo(): number {
    this.#progress();
    const word = this.#data.take();
    this.#settle();
    if (word !== undefined) return word;
    this.#mistake("fifo", "FIFOR is read while it is empty: 0");
    return 0;
  }

  #writeFifo(word: number): void {
    this.#progress();
    if (!this.#data.push(word))
      this.#mistake("fifo.full", "FIFOR is written while it takes nothing: ignored");
    this.#progress();
  }

  #count(stored: number): number {
    this.#progress();
    return this.#data.live ? this.#data.left : stored;
  }

  // ---- internal DMA ----

  get #usesDma(): boolean {
    return this.registers.has("IDMACTRLR", IDMAEN);
  }

  /** The buffer that IDMABACT tells; without double buffering it has no end. */
  #loadBuffer(): void {
    const control = this.registers.get("IDMACTRLR");
    const doubled = (control & IDMABMODE) !== 0;
    const second = doubled && (control & IDMABACT) !== 0;
    this.#dma = {
      address: this.registers.get(second ? "IDMABASE1R" : "IDMABASE0R"),
      left: doubled ? this.registers.get("IDMABSIZER") : Number.POSITIVE_INFINITY,
    };
  }

  #moveByDma(): void {
    const data = this.#data;
    try {
      while (data.fromCard ? data.level > 0 : data.wanting) this.#moveWord();
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#mistake("idma", `its internal DMA: ${error.message}`);
      this.#end(STA.IDMATE);
    }
  }

  #moveWord(): void {
    const { bus, reaches, trigger } = this.#options;
    const { address } = this.#dma;
    if (!reaches(address)) throw new BusFault("it does not reach this memory", address);
    if (this.#data.fromCard) bus.write(address, 4, this.#data.take() ?? 0);
    else this.#data.push(bus.read(address, 4));
    this.#dma = { address: address + 4, left: this.#dma.left - 4 };
    if (this.#dma.left > 0) return;
    this.registers.set("IDMACTRLR", this.registers.get("IDMACTRLR") ^ IDMABACT);
    this.registers.setBits("STAR", STA.IDMABTC, true);
    this.#loadBuffer();
    trigger?.("buffer");
  }

  // ---- flags ----

  #status(): number {
    this.#progress();
    return this.#flags();
  }

  #flags(): number {
    const { level, fromCard, live: active } = this.#data;
    let flags = this.registers.get("STAR");
    if (active) flags |= STA.DPSMACT;
    if (!active || !fromCard) {
      if (level <= 8) flags |= STA.TXFIFOHE;
      flags |= level === 0 ? STA.TXFIFOE : level >= 16 ? STA.TXFIFOF : 0;
    }
    if (!active || fromCard) {
      if (level >= 8) flags |= STA.RXFIFOHF;
      flags |= level <= 0 ? STA.RXFIFOE : level >= 16 ? STA.RXFIFOF : 0;
    }
    return flags >>> 0;
  }

  #clear(written: number): void {
    this.registers.setBits("STAR", written & 0x1fe0_0fff, false);
    this.#update();
  }

  #update(): void {
    const fifo = this.#data.live && !this.#usesDma ? FIFO_FLAGS : 0;
    const pending = this.registers.get("STAR") | (fifo === 0 ? 0 : this.#flags() & fifo);
    this.#options.interrupt.set((pending & this.registers.get("MASKR")) !== 0);
  }

  #mistake(key: string, message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${key}`, `guest mistake: ${name}: ${message}`);
  }
}
