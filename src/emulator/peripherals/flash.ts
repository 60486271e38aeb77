/**
 * FLASH: the internal flash of the STM32H750, one bank with one sector of 128 KiB (RM0433, chapter embedded flash memory).
 *
 * `Flash` is the register interface; `Flash.memory` is what answers at the flash's address. The registers that
 * RM0433 shows a second time at 0x100 are the same ones; those of bank 2 do not exist on this chip.
 */

import {
  type AccessSize,
  type BusDevice,
  BusFault,
  type EmulatorLog,
  type InterruptLine,
  type MemoryDevice,
} from "../bus.js";
import type { GuestMemory } from "../guest-memory.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import {
  FLASH_BYTES,
  FLASH_WORD_BYTES,
  FlashCells,
  type FlashCellsState,
  type Random,
} from "./flash-cells.js";
import {
  CURRENT,
  FACTORY_OPTION_BYTES,
  OPTION_NAMES,
  type OptionBytes,
  readProtectionLevel,
  TO_PROGRAM,
} from "./flash-options.js";
import {
  FLASH_REGISTERS,
  type FlashHooks,
  type FlashRegister,
  flashRegisters,
  unmirror,
} from "./flash-registers.js";
import { FlashWriteBuffer } from "./flash-write-buffer.js";
import { KeyLock } from "./key-lock.js";
import { stallUntil } from "./stall.js";

export interface FlashOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  /** Decides how interrupted operations end. */
  readonly random: Random;
  /** How often an interrupted program leaves a broken ECC, 0..1. Default 0.75. */
  readonly tornEccProbability?: number;
  /** Where the cells lie; default: on their own. */
  readonly memory?: GuestMemory;
  /** FLASH_ACR changed: the RCC checks the operating point. */
  readonly onTimingChange: () => void;
}

/** All that survives power-off, as plain data. */
export interface FlashState {
  readonly cells: FlashCellsState;
  readonly options: OptionBytes;
}

interface Operation {
  readonly kind: "program" | "erase" | "options";
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
const OPTLOCK = 1 << 0;
const OPTSTART = 1 << 1;
const MER = 1 << 4;
const OPT_BUSY = 1 << 0;

/** Typical times by PSIZE 0..3 = x8, x16, x32, x64 (data sheet DS12556, "Flash memory programming"). */
const PROGRAM_NS = [290e3, 180e3, 130e3, 100e3] as const;
const ERASE_NS = [2e9, 1.8e9, 1.1e9, 1e9] as const;
const OPTION_CHANGE_NS = 500e6;

export class Flash implements BusDevice {
  readonly registers: RegisterBlock<FlashRegister>;
  /** Answers at the flash's own address; offsets count from there. */
  readonly memory: MemoryDevice;

  readonly #options: FlashOptions;
  readonly #cells: FlashCells;
  readonly #control: KeyLock;
  readonly #optionLock: KeyLock;
  #optionBytes = FACTORY_OPTION_BYTES;
  #operation: Operation | undefined;
  readonly #buffer = new FlashWriteBuffer();

  constructor(options: FlashOptions) {
    this.#options = options;
    this.#cells = new FlashCells(options.random, options.tornEccProbability ?? 0.75, options.memory);
    this.#control = new KeyLock("FLASH_KEYR1", [0x4567_0123, 0xcdef_89ab], options.log);
    this.#optionLock = new KeyLock("FLASH_OPTKEYR", [0x0819_2a3b, 0x4c5d_6e7f], options.log);
    this.registers = new RegisterBlock(flashRegisters(this.#hooks()), { name: "FLASH", log: options.log });
    this.memory = this.#memory();
    this.reset();
  }

  read(offset: number, size: AccessSize): number {
    return this.registers.read(unmirror(offset), size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.registers.write(unmirror(offset), size, value);
  }

  /** FLASH_ACR as the RCC's check of the operating point wants it. */
  get timing(): { readonly waitStates: number; readonly programmingDelay: number } {
    const acr = this.registers.get("ACR");
    return { waitStates: acr & 0xf, programmingDelay: (acr >>> 4) & 3 };
  }

  get optionBytes(): OptionBytes {
    return this.#optionBytes;
  }

  /** Option byte IWDG1_SW = 0: the watchdog starts by itself after reset. */
  get hardwareWatchdog(): boolean {
    return (this.#optionBytes.OPTSR & (1 << 4)) === 0;
  }

  /** Where the CPU boots from: BOOT_ADD0, or BOOT_ADD1 when the BOOT pin is high. */
  bootAddress(bootPin: boolean): number {
    const field = bootPin ? this.#optionBytes.BOOT >>> 16 : this.#optionBytes.BOOT & 0xffff;
    return (field << 16) >>> 0;
  }

  /** Power-on and system reset alike. An operation under way is cut off, as on the chip (RM0433, chapter embedded flash memory). */
  reset(): void {
    this.powerCut();
    this.registers.reset(FLASH_REGISTERS);
    for (const name of OPTION_NAMES) {
      this.registers.set(CURRENT[name], this.#optionBytes[name]);
      this.registers.set(TO_PROGRAM[name], this.#optionBytes[name]);
    }
    this.#control.reset();
    this.#optionLock.reset();
    this.#updateInterrupt();
  }

  /** Power fails now: an operation under way leaves a torn word, an undefined sector or old option bytes. */
  powerCut(): void {
    this.#discardBuffer();
    const operation = this.#operation;
    if (operation === undefined) return;
    this.#options.timeline.cancel(operation.event);
    this.#operation = undefined;
    operation.tear();
  }

  /** Puts an image into the flash as a factory programmer does; the rest of the sector is erased. */
  fill(image: Uint8Array): void {
    this.#cells.fill(image);
  }

  save(): FlashState {
    return { cells: this.#cells.save(), options: this.#optionBytes };
  }

  load(state: FlashState): void {
    this.#cells.load(state.cells);
    this.#optionBytes = state.options;
    this.reset();
  }

  #memory(): MemoryDevice {
    const flash = this;
    return {
      get readable() {
        return flash.#operation === undefined && flash.#cells.intact ? flash.#cells.bytes : undefined;
      },
      writable: undefined,
      read: (offset, size) => this.#readCells(offset, size),
      write: (offset, size, value) => this.#writeCells(offset, size, value),
    };
  }

  #readCells(offset: number, size: AccessSize): number {
    this.#within(offset, "read");
    this.#waitForIdle("a read of the flash");
    const word = Math.floor(offset / FLASH_WORD_BYTES);
    if (this.#cells.isBroken(word)) {
      if (!this.registers.has("SR1", DBECCERR)) this.registers.set("ECC_FA1R", word);
      this.#raise(DBECCERR);
      throw new BusFault(`double ECC error in flash word ${word} (offset 0x${offset.toString(16)})`, offset);
    }
    let value = 0;
    for (let lane = 0; lane < size; lane++) value |= (this.#cells.bytes[offset + lane] ?? 0xff) << (lane * 8);
    return value >>> 0;
  }

  /** RM0433, chapter embedded flash memory: writes gather in a buffer of one flash word, which is programmed when it is full. */
  #writeCells(offset: number, size: AccessSize, value: number): void {
    this.#within(offset, "write");
    if (!this.registers.has("CR1", PG)) {
      this.#fail(PGSERR, "a write to flash while CR1.PG = 0");
      return;
    }
    if (this.registers.has("SR1", PGSERR | WRPERR | STRBERR | INCERR)) {
      this.#fail(PGSERR, "a write to flash while error flags of an earlier one are set");
      return;
    }
    if ((this.registers.get("WPSN_CUR1R") & 1) === 0) {
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
    else this.registers.setBits("SR1", WBNE, true);
  }

  #program(): void {
    const { word, data } = this.#buffer.take();
    this.registers.setBits("SR1", WBNE, false);
    if (this.#cells.isProgrammed(word)) {
      this.#options.log.note(
        `guest mistake: flash word at offset 0x${(word * FLASH_WORD_BYTES).toString(16)} is programmed a second ` +
          "time since the last erase: its ECC breaks and reads will be bus errors",
      );
    }
    this.#begin("program", PROGRAM_NS, {
      finish: () => this.#cells.program(word, data),
      tear: () => this.#cells.tearProgram(word, data),
    });
  }

  #erase(): void {
    if (!this.#buffer.empty) {
      this.#fail(PGSERR, "an erase while the write buffer is not empty");
      return;
    }
    const sector = (this.registers.get("CR1") & SNB) >>> 8;
    if (!this.registers.has("CR1", BER) && sector !== 0) {
      this.#fail(PGSERR, `an erase of sector ${sector}: the STM32H750 has sector 0 only`);
      return;
    }
    if ((this.registers.get("WPSN_CUR1R") & 1) === 0) {
      this.#fail(WRPERR, "an erase of the write-protected sector");
      return;
    }
    this.#begin("erase", ERASE_NS, {
      finish: () => {
        this.#cells.erase();
        this.registers.setBits("CR1", START, false);
      },
      tear: () => this.#cells.tearErase(),
    });
  }

  #begin(
    kind: Operation["kind"],
    times: readonly number[],
    ends: { readonly finish: () => void; readonly tear: () => void },
  ): void {
    const psize = (this.registers.get("CR1") >>> 4) & 3;
    this.registers.setBits("SR1", BSY | QW, true);
    const event = this.#options.timeline.after(times[psize] ?? times[0] ?? 0, () => this.#complete());
    this.#operation = { kind, event, ...ends };
  }

  #complete(): void {
    const operation = this.#operation;
    if (operation === undefined) return;
    this.#options.timeline.cancel(operation.event);
    this.#operation = undefined;
    operation.finish();
    this.registers.setBits("SR1", BSY | QW, false);
    if (operation.kind !== "options") this.#raise(EOP);
  }

  /** The single bank cannot be read or written while it is busy: the bus stalls until it is done. */
  #waitForIdle(what: string): void {
    const operation = this.#operation;
    if (operation === undefined) return;
    this.#options.log.once(
      `FLASH.stall.${operation.kind}`,
      `FLASH: ${what} during ${operation.kind} stalls the bus until it is done (run from RAM to avoid that)`,
    );
    stallUntil(this.#options.timeline, operation.event.at);
    this.#complete();
  }

  #hooks(): FlashHooks {
    return {
      ACR: () => this.#options.onTimingChange(),
      KEYR1: (written) => this.registers.setBits("CR1", LOCK, !this.#control.write(written)),
      OPTKEYR: (written) => this.registers.setBits("OPTCR", OPTLOCK, !this.#optionLock.write(written)),
      CR1: (written, before) => this.#writeCr(written, before),
      CCR1: (written) => {
        this.registers.setBits("SR1", written & FLAGS, false);
        this.#updateInterrupt();
      },
      OPTCR: (written, before) => this.#writeOptcr(written, before),
      OPTCCR: (written) => this.registers.setBits("OPTSR_CUR", written & (1 << 30), false),
      OPTSR_PRG: (_written, before) => this.#guardOption("OPTSR_PRG", before),
      PRAR_PRG1: (_written, before) => this.#guardOption("PRAR_PRG1", before),
      SCAR_PRG1: (_written, before) => this.#guardOption("SCAR_PRG1", before),
      WPSN_PRG1R: (_written, before) => this.#guardOption("WPSN_PRG1R", before),
      BOOT_PRGR: (_written, before) => this.#guardOption("BOOT_PRGR", before),
    };
  }

  #writeCr(written: number, before: number): void {
    if ((before & LOCK) !== 0 || this.#operation !== undefined) {
      this.registers.set("CR1", before);
      if (written !== before) {
        const why =
          this.#operation === undefined ? "locked: write the keys to KEYR1" : "busy: wait for QW = 0";
        this.#mistake(`FLASH_CR1: write ignored, the register is ${why}`);
      }
      return;
    }
    if ((written & LOCK) !== 0) this.#control.lock();
    this.registers.setBits("CR1", FW, false);
    if ((written & FW) !== 0 && this.registers.has("CR1", PG) && !this.#buffer.empty) this.#program();
    this.registers.setBits("CR1", START, false);
    if ((written & START) !== 0 && this.registers.has("CR1", SER | BER)) {
      this.registers.setBits("CR1", START, true);
      this.#erase();
      if (this.#operation === undefined) this.registers.setBits("CR1", START, false);
    }
    this.#updateInterrupt();
  }

  #writeOptcr(written: number, before: number): void {
    if ((before & OPTLOCK) !== 0) {
      this.registers.set("OPTCR", before);
      if (written !== before) this.#mistake("FLASH_OPTCR: write ignored, locked: write the keys to OPTKEYR");
      return;
    }
    if ((written & OPTLOCK) !== 0) this.#optionLock.lock();
    if ((written & MER) !== 0) this.#erase();
    if ((written & OPTSTART) !== 0) this.#changeOptions();
  }

  #guardOption(name: FlashRegister, before: number): void {
    const level = readProtectionLevel(this.#optionBytes.OPTSR);
    if (!this.registers.has("OPTCR", OPTLOCK) && level !== 2) return;
    this.registers.set(name, before);
    this.#mistake(
      `FLASH_${name}: write ignored, ${level === 2 ? "read protection level 2 is for ever" : "OPTCR is locked"}`,
    );
  }

  #changeOptions(): void {
    const next = { ...FACTORY_OPTION_BYTES };
    for (const name of OPTION_NAMES) next[name] = this.registers.get(TO_PROGRAM[name]);
    const regression =
      readProtectionLevel(this.#optionBytes.OPTSR) === 1 && readProtectionLevel(next.OPTSR) === 0;
    this.registers.setBits("OPTSR_CUR", OPT_BUSY, true);
    this.#begin("options", [OPTION_CHANGE_NS], {
      finish: () => {
        if (regression) this.#cells.erase();
        this.#optionBytes = next;
        for (const name of OPTION_NAMES) this.registers.set(CURRENT[name], next[name]);
      },
      tear: () => {
        if (regression) this.#cells.tearErase();
        if (this.#options.random() < 0.5) this.#optionBytes = next;
      },
    });
  }

  #fail(flag: number, what: string): void {
    this.#discardBuffer();
    this.#mistake(`FLASH: ${what}: nothing is written, SR1 shows the error`);
    this.#raise(flag);
  }

  #raise(flag: number): void {
    this.registers.setBits("SR1", flag, true);
    this.#updateInterrupt();
  }

  #discardBuffer(): void {
    this.#buffer.take();
    this.registers.setBits("SR1", WBNE, false);
  }

  /** Every flag in SR1 has its enable bit at the same place in CR1. */
  #updateInterrupt(): void {
    const pending = this.registers.get("SR1") & this.registers.get("CR1") & FLAGS;
    this.#options.interrupt.set(pending !== 0);
  }

  #within(offset: number, verb: string): void {
    if (offset >= 0 && offset < FLASH_BYTES) return;
    throw new BusFault(`${verb} beyond the ${FLASH_BYTES} bytes of internal flash`, offset);
  }

  #mistake(message: string): void {
    this.#options.log.once(message, `guest mistake: ${message}`);
  }
}
