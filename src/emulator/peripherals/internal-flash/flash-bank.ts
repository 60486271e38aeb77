/** One bank of the internal flash: its control and status registers, and what is under way in it (RM0433, chapter embedded flash memory). */

import { type AccessSize, BusFault, type EmulatorLog } from "../../bus.js";
import type { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { KeyLock } from "../key-lock.js";
import { stallUntil } from "../stall.js";
import { FlashAreas } from "./flash-areas.js";
import { FLASH_WORD_BYTES, type FlashCells } from "./flash-cells.js";
import { FlashCrc } from "./flash-crc.js";
import { type ByteRange, bankRange, type FlashGeometry, sectorRange } from "./flash-geometry.js";
import { DBECCERR, FlashReader, SNECCERR } from "./flash-reader.js";
import { type BankRegister, bankRegister, type FlashHooks, type FlashRegister } from "./flash-registers.js";
import type { FlashRights } from "./flash-rights.js";
import { FlashWriteBuffer } from "./flash-write-buffer.js";

export interface FlashBankOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly cells: FlashCells;
  readonly geometry: FlashGeometry;
  /** From 0. */
  readonly index: number;
  /** Those of the whole FLASH; made after its banks. */
  readonly registers: () => RegisterBlock<FlashRegister>;
  /** A flag or its enable bit changed. */
  readonly onFlags: () => void;
  readonly onDoubleError: (() => void) | undefined;
  /** AXI clock, Hz. */
  readonly clockHz: () => number;
  readonly rights: FlashRights;
  /** An erase of the bank takes its protections away, too: it ends with that. undefined: it does not. */
  readonly protectionRemoval: (index: number) => (() => void) | undefined;
}

type OperationKind = "program" | "erase" | "options";

interface Operation {
  readonly kind: OperationKind;
  readonly event: TimelineEvent;
  readonly finish: () => void;
  readonly tear: () => void;
}

const LOCK = 1 << 0;
const PG = 1 << 1;
const SER = 1 << 2;
const BER = 1 << 3;
const FW = 1 << 6;
const START = 1 << 7;
const CRC_EN = 1 << 15;
const SNB = 7 << 8;
const BSY = 1 << 0;
const WBNE = 1 << 1;
const QW = 1 << 2;
const CRC_BUSY = 1 << 3;
const EOP = 1 << 16;
const WRPERR = 1 << 17;
const PGSERR = 1 << 18;
const STRBERR = 1 << 19;
const INCERR = 1 << 21;
const CRCEND = 1 << 27;
const CRCRDERR = 1 << 28;
const FLAGS = 0x1fef_0000;
/** Of OPTSR. */
const SECURITY = 1 << 21;

/** Typical times by PSIZE 0..3 = x8, x16, x32, x64 (data sheet DS12556, "Flash memory programming"). */
const PROGRAM_NS = [290e3, 180e3, 130e3, 100e3] as const;
const ERASE_NS = [2e9, 1.8e9, 1.1e9, 1e9] as const;

export class FlashBank {
  readonly #options: FlashBankOptions;
  readonly #control: KeyLock;
  readonly #buffer = new FlashWriteBuffer();
  readonly #crc: FlashCrc;
  readonly #areas: FlashAreas;
  readonly #reader: FlashReader;
  #operation: Operation | undefined;

  constructor(options: FlashBankOptions) {
    this.#options = options;
    const key = bankRegister("KEYR", options.index);
    this.#control = new KeyLock(`FLASH_${key}`, [0x4567_0123, 0xcdef_89ab], options.log);
    this.#areas = new FlashAreas({
      ...options,
      register: (name) => this.#get(name),
      secure: () => (options.registers().get("OPTSR_CUR") & SECURITY) !== 0,
    });
    this.#reader = new FlashReader({
      ...options,
      areas: this.#areas,
      raise: (flag) => this.#raise(flag),
      eccError: (flag, word) => this.#eccError(flag, word),
      waitForIdle: () => this.waitForIdle("a read of the flash"),
    });
    this.#crc = this.#makeCrc();
  }

  #makeCrc(): FlashCrc {
    return new FlashCrc({
      ...this.#options,
      control: () => this.#get("CRCCR"),
      start: () => this.#get("CRCSADD"),
      end: () => this.#get("CRCEADD"),
      data: () => this.#options.registers().get("CRCDATAR"),
      setData: (crc) => this.#options.registers().set("CRCDATAR", crc),
      hides: (range) => this.#areas.hides(range),
      busy: (on, error) => {
        this.#setBits("SR", CRC_BUSY, on);
        if (!on) this.#raise(CRCEND | (error ? CRCRDERR : 0));
      },
    });
  }

  get idle(): boolean {
    return this.#operation === undefined;
  }

  /** Nothing of it is kept from any read. */
  get open(): boolean {
    return this.#areas.open;
  }

  /** A flag in SR is set whose enable bit, at the same place in CR, is set, too. */
  get interrupting(): boolean {
    return (this.#get("SR") & this.#get("CR") & FLAGS) !== 0;
  }

  get crcBusy(): boolean {
    return this.#crc.busy;
  }

  get unlocked(): boolean {
    return !this.#has("CR", LOCK);
  }

  hooks(): FlashHooks {
    return {
      [this.#name("KEYR")]: (key: number, _before: number, laneMask: number) => {
        const result = this.#control.write(key, laneMask);
        this.#setBits("CR", LOCK, result !== "open");
        if (result === "wrong") throw new BusFault("a wrong key for the flash", 0);
      },
      [this.#name("CR")]: (written: number, before: number) => this.#writeCr(written, before),
      [this.#name("CCR")]: (written: number) => this.#clearFlags(written),
      [this.#name("CRCCR")]: (written: number, before: number) => {
        if (this.#has("CR", CRC_EN)) this.#crc.configure(written);
        else this.#options.registers().set(this.#name("CRCCR"), before);
      },
    };
  }

  /** Another register of this bank was written between its two keys: a bus error. */
  interruptKeys(): void {
    if (!this.#control.halfOpen) return;
    this.#control.jam("got its first key, and then another register was written");
    throw new BusFault("a write between the two keys of the flash", 0);
  }

  reset(): void {
    this.#control.reset();
    this.#crc.disable();
  }

  #clearFlags(flags: number): void {
    this.#setBits("SR", flags & FLAGS, false);
    if (!this.#has("SR", SNECCERR | DBECCERR)) this.#options.registers().set(this.#name("ECC_FA"), 0);
    this.#options.onFlags();
  }

  /** An operation under way is cut off, by a power failure or a reset. */
  cut(): void {
    this.#discardBuffer();
    const operation = this.#operation;
    if (operation === undefined) return;
    this.#options.timeline.cancel(operation.event);
    this.#operation = undefined;
    operation.tear();
  }

  /** @param offset in the whole flash @param fetch of an instruction */
  read(offset: number, size: AccessSize, fetch: boolean): number {
    return this.#reader.read(offset, size, fetch);
  }

  /** Of several errors, the first one's address stays. */
  #eccError(flag: number, word: number): void {
    const inBank = word - this.#range().offset / FLASH_WORD_BYTES;
    if (!this.#has("SR", SNECCERR | DBECCERR)) this.#options.registers().set(this.#name("ECC_FA"), inBank);
    this.#raise(flag);
    if (flag === DBECCERR) this.#options.onDoubleError?.();
  }

  /** Writes gather in a buffer of one flash word, which is programmed when it is full. @param offset in the whole flash */
  write(offset: number, size: AccessSize, value: number): void {
    if (!this.#has("CR", PG)) {
      this.#fail(PGSERR, `a write to flash while ${this.#name("CR")}.PG = 0`);
      return;
    }
    if (this.#has("SR", PGSERR | INCERR)) {
      this.#fail(PGSERR, "a write to flash while PGSERR or INCERR of an earlier one is set");
      return;
    }
    this.waitForIdle("a write to the flash");
    const result = this.#buffer.write(offset, size, value);
    if (result === "otherWord") {
      this.#fail(INCERR, "a write to another flash word before the buffered one was complete");
      return;
    }
    if (this.#buffer.overwritten) {
      this.#mistake("FLASH: a second write to the same byte of the write buffer: the new byte is taken");
      this.#raise(STRBERR);
    }
    if (result === "full") this.#program();
    else this.#setBits("SR", WBNE, true);
  }

  /** The whole bank, as OPTCR.MER asks for both. @param removal its protections go at the end */
  erase(removal: (() => void) | undefined): void {
    this.waitForIdle("an erase");
    this.#setBits("CR", BER, true);
    this.#eraseRange(this.#range(), removal);
  }

  /** @param ns how long it takes; the bank is busy as long */
  begin(
    kind: OperationKind,
    ns: number,
    ends: { readonly finish: () => void; readonly tear: () => void },
  ): void {
    this.#setBits("SR", BSY | QW, true);
    const event = this.#options.timeline.after(ns, () => this.#complete());
    this.#operation = { kind, event, ...ends };
  }

  #program(): void {
    const { cells, log } = this.#options;
    const { word, data } = this.#buffer.take();
    this.#setBits("SR", WBNE, false);
    if (this.#areas.keeps({ offset: word * FLASH_WORD_BYTES, length: FLASH_WORD_BYTES })) {
      this.#fail(WRPERR, "a write to a protected sector");
      return;
    }
    if (cells.breaks(word, data)) {
      log.note(
        `guest mistake: flash word at offset 0x${(word * FLASH_WORD_BYTES).toString(16)} is programmed a second ` +
          "time since the last erase: its ECC breaks and reads will be bus errors",
      );
    }
    this.begin("program", this.#time(PROGRAM_NS), {
      finish: () => cells.program(word, data),
      tear: () => cells.tearProgram(word, data),
    });
  }

  #eraseAsAsked(): void {
    const { geometry, index, protectionRemoval } = this.#options;
    if (this.#has("CR", BER)) {
      this.erase(protectionRemoval(index));
      return;
    }
    const sector = (this.#get("CR") & SNB) >>> 8;
    if (sector >= geometry.sectorsPerBank) {
      this.#fail(
        PGSERR,
        `an erase of sector ${sector}: the bank's last one is ${geometry.sectorsPerBank - 1}`,
      );
      return;
    }
    this.#eraseRange(sectorRange(geometry, index, sector));
  }

  #eraseRange(range: ByteRange, removal?: () => void): void {
    const { cells, rights } = this.#options;
    if (rights.shut || (removal === undefined && this.#areas.keeps(range))) {
      this.#fail(WRPERR, "an erase of a protected sector");
      return;
    }
    this.begin("erase", this.#time(ERASE_NS), {
      finish: () => {
        cells.erase(range);
        removal?.();
      },
      tear: () => cells.tearErase(range),
    });
  }

  #complete(): void {
    const operation = this.#operation;
    if (operation === undefined) return;
    this.#options.timeline.cancel(operation.event);
    this.#operation = undefined;
    operation.finish();
    this.#setBits("SR", BSY | QW, false);
    this.#raise(EOP);
  }

  /**
   * A bank cannot be read or written while it is busy: the bus stalls until it is done. Beside a program, which takes no
   * longer than an interrupt may wait, that is nothing to tell: code in a chip's only bank cannot do otherwise.
   */
  waitForIdle(what: string): void {
    const operation = this.#operation;
    if (operation === undefined) return;
    const { log, timeline } = this.#options;
    if (operation.kind !== "program") {
      log.once(
        `FLASH.stall.${operation.kind}`,
        `FLASH: ${what} during ${operation.kind} stalls the bus until it is done, interrupts and watchdog with it: run from RAM`,
      );
    }
    stallUntil(timeline, operation.event.at);
    this.#complete();
  }

  #writeCr(written: number, before: number): void {
    const { onFlags } = this.#options;
    const registers = this.#options.registers();
    const name = this.#name("CR");
    const stored = registers.get(name);
    registers.set(name, before);
    if ((before & LOCK) !== 0) {
      if (written === before) return;
      const key = this.#name("KEYR");
      this.#mistake(`FLASH_${name}: write ignored, the register is locked: write the keys to ${key}`);
      return;
    }
    const forces = (written & FW) !== 0 && (stored & PG) !== 0 && !this.#buffer.empty && !this.#buffer.blank;
    const erases = (written & START) !== 0 && (stored & (SER | BER)) !== 0;
    if (forces || erases) this.waitForIdle("a command");
    // FW and START fall once the command is accepted, before software can look.
    registers.set(name, stored & ~(FW | START));
    if ((written & LOCK) !== 0) this.#control.lock();
    if ((stored & PG) === 0) this.#discardBuffer();
    if (forces) this.#program();
    if (erases) this.#eraseAsAsked();
    if ((before & ~stored & CRC_EN) !== 0) this.#disableCrc();
    onFlags();
  }

  #disableCrc(): void {
    this.#crc.disable();
    this.#setBits("SR", CRC_BUSY, false);
    this.#options.registers().set("CRCDATAR", 0);
    this.#options.registers().reset([this.#name("CRCCR")]);
  }

  #fail(flag: number, what: string): void {
    this.#discardBuffer();
    this.#mistake(`FLASH: ${what}: nothing is written, ${this.#name("SR")} shows the error`);
    this.#raise(flag);
  }

  #raise(flag: number): void {
    this.#setBits("SR", flag, true);
    this.#options.onFlags();
  }

  #discardBuffer(): void {
    this.#buffer.take();
    this.#setBits("SR", WBNE, false);
  }

  #range(): ByteRange {
    return bankRange(this.#options.geometry, this.#options.index);
  }

  #time(times: readonly number[]): number {
    return times[(this.#get("CR") >>> 4) & 3] ?? 0;
  }

  #name(name: BankRegister): FlashRegister {
    return bankRegister(name, this.#options.index);
  }

  #get(name: BankRegister): number {
    return this.#options.registers().get(this.#name(name));
  }

  #has(name: BankRegister, mask: number): boolean {
    return (this.#get(name) & mask) !== 0;
  }

  #setBits(name: BankRegister, mask: number, on: boolean): void {
    this.#options.registers().setBits(this.#name(name), mask, on);
  }

  #mistake(message: string): void {
    this.#options.log.once(message, `guest mistake: ${message}`);
  }
}
