/** One bank of the internal flash: its control and status registers, and what is under way in it (RM0433, chapter embedded flash memory). */

import { type AccessSize, BusFault, type EmulatorLog } from "../bus.js";
import type { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { FLASH_WORD_BYTES, type FlashCells } from "./flash-cells.js";
import { type ByteRange, bankRange, type FlashGeometry, sectorRange } from "./flash-geometry.js";
import { type BankRegister, bankRegister, type FlashHooks, type FlashRegister } from "./flash-registers.js";
import { FlashWriteBuffer } from "./flash-write-buffer.js";
import { KeyLock } from "./key-lock.js";
import { stallUntil } from "./stall.js";

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
const SNB = 7 << 8;
const BSY = 1 << 0;
const WBNE = 1 << 1;
const QW = 1 << 2;
const EOP = 1 << 16;
const WRPERR = 1 << 17;
const PGSERR = 1 << 18;
const STRBERR = 1 << 19;
const INCERR = 1 << 21;
const DBECCERR = 1 << 26;
const FLAGS = 0x1fef_0000;

/** Typical times by PSIZE 0..3 = x8, x16, x32, x64 (data sheet DS12556, "Flash memory programming"). */
const PROGRAM_NS = [290e3, 180e3, 130e3, 100e3] as const;
const ERASE_NS = [2e9, 1.8e9, 1.1e9, 1e9] as const;

export class FlashBank {
  readonly #options: FlashBankOptions;
  readonly #control: KeyLock;
  readonly #buffer = new FlashWriteBuffer();
  #operation: Operation | undefined;

  constructor(options: FlashBankOptions) {
    this.#options = options;
    const key = bankRegister("KEYR", options.index);
    this.#control = new KeyLock(`FLASH_${key}`, [0x4567_0123, 0xcdef_89ab], options.log);
  }

  get idle(): boolean {
    return this.#operation === undefined;
  }

  /** A flag in SR is set whose enable bit, at the same place in CR, is set, too. */
  get interrupting(): boolean {
    return (this.#get("SR") & this.#get("CR") & FLAGS) !== 0;
  }

  hooks(): FlashHooks {
    return {
      [this.#name("KEYR")]: (written: number) => this.#setBits("CR", LOCK, !this.#control.write(written)),
      [this.#name("CR")]: (written: number, before: number) => this.#writeCr(written, before),
      [this.#name("CCR")]: (written: number) => {
        this.#setBits("SR", written & FLAGS, false);
        this.#options.onFlags();
      },
    };
  }

  reset(): void {
    this.#control.reset();
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

  /** @param offset in the whole flash */
  read(offset: number, size: AccessSize): number {
    this.#waitForIdle("a read of the flash");
    const { cells } = this.#options;
    const word = Math.floor(offset / FLASH_WORD_BYTES);
    if (cells.isBroken(word)) {
      const inBank = word - this.#range.offset / FLASH_WORD_BYTES;
      if (!this.#has("SR", DBECCERR)) this.#options.registers().set(this.#name("ECC_FA"), inBank);
      this.#raise(DBECCERR);
      throw new BusFault(`double ECC error in flash word ${word} (offset 0x${offset.toString(16)})`, offset);
    }
    let value = 0;
    for (let lane = 0; lane < size; lane++) value |= (cells.bytes[offset + lane] ?? 0xff) << (lane * 8);
    return value >>> 0;
  }

  /** Writes gather in a buffer of one flash word, which is programmed when it is full. @param offset in the whole flash */
  write(offset: number, size: AccessSize, value: number): void {
    if (!this.#has("CR", PG)) {
      this.#fail(PGSERR, `a write to flash while ${this.#name("CR")}.PG = 0`);
      return;
    }
    if (this.#has("SR", PGSERR | WRPERR | STRBERR | INCERR)) {
      this.#fail(PGSERR, "a write to flash while error flags of an earlier one are set");
      return;
    }
    if (this.#protected(offset)) {
      this.#fail(WRPERR, "a write to the write-protected sector");
      return;
    }
    this.#waitForIdle("a write to the flash");
    const result = this.#buffer.write(offset, size, value);
    if (result === "otherWord") {
      this.#fail(INCERR, "a write to another flash word before the buffered one was complete");
    } else if (result === "sameByte") {
      this.#fail(STRBERR, "a second write to the same byte of the write buffer");
    } else if (result === "full") this.#program();
    else this.#setBits("SR", WBNE, true);
  }

  /** The whole bank, as OPTCR.MER asks for both. */
  erase(): void {
    if (this.idle) this.#eraseRange(this.#range);
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
    if (cells.isProgrammed(word)) {
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
    const { geometry, index } = this.#options;
    if (this.#has("CR", BER)) {
      this.erase();
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

  #eraseRange(range: ByteRange): void {
    const { cells, geometry, index } = this.#options;
    if (!this.#buffer.empty) {
      this.#fail(PGSERR, "an erase while the write buffer is not empty");
      return;
    }
    for (let sector = 0; sector < geometry.sectorsPerBank; sector++) {
      const { offset } = sectorRange(geometry, index, sector);
      const touched = offset >= range.offset && offset < range.offset + range.length;
      if (touched && this.#protected(offset)) {
        this.#fail(WRPERR, "an erase of the write-protected sector");
        return;
      }
    }
    this.begin("erase", this.#time(ERASE_NS), {
      finish: () => {
        cells.erase(range);
        this.#setBits("CR", START, false);
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
    if (operation.kind !== "options") this.#raise(EOP);
  }

  /** A bank cannot be read or written while it is busy: the bus stalls until it is done. */
  #waitForIdle(what: string): void {
    const operation = this.#operation;
    if (operation === undefined) return;
    const { log, timeline } = this.#options;
    log.once(
      `FLASH.stall.${operation.kind}`,
      `FLASH: ${what} during ${operation.kind} stalls the bus until it is done (run from RAM to avoid that)`,
    );
    stallUntil(timeline, operation.event.at);
    this.#complete();
  }

  #writeCr(written: number, before: number): void {
    const name = this.#name("CR");
    if ((before & LOCK) !== 0 || !this.idle) {
      this.#options.registers().set(name, before);
      if (written !== before) {
        const why = this.idle ? `locked: write the keys to ${this.#name("KEYR")}` : "busy: wait for QW = 0";
        this.#mistake(`FLASH_${name}: write ignored, the register is ${why}`);
      }
      return;
    }
    if ((written & LOCK) !== 0) this.#control.lock();
    this.#setBits("CR", FW, false);
    if ((written & FW) !== 0 && this.#has("CR", PG) && !this.#buffer.empty) this.#program();
    this.#setBits("CR", START, false);
    if ((written & START) !== 0 && this.#has("CR", SER | BER)) {
      this.#setBits("CR", START, true);
      this.#eraseAsAsked();
      if (this.idle) this.#setBits("CR", START, false);
    }
    this.#options.onFlags();
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

  #protected(offset: number): boolean {
    const { geometry, index } = this.#options;
    const { length } = sectorRange(geometry, index, 0);
    const sector = Math.floor((offset - this.#range.offset) / length);
    return (this.#get("WPSN_CUR") & (1 << sector)) === 0;
  }

  get #range(): ByteRange {
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
