/**
 * FLASH: the internal flash (RM0433, chapter embedded flash memory). The STM32H750 has one bank with one sector of
 * 128 KiB, the STM32H743 two banks of eight.
 *
 * `Flash` is the register interface and what the banks have in common; `Flash.memory` is what answers at the flash's
 * address. Swapping of the banks is not modelled.
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
import type { Timeline } from "../timeline.js";
import { FlashBank } from "./flash-bank.js";
import { FlashCells, type FlashCellsState, type Random } from "./flash-cells.js";
import { bankBytes, type FlashGeometry, flashBytes, STM32H750_FLASH } from "./flash-geometry.js";
import {
  FACTORY_OPTION_BYTES,
  type OptionBytes,
  optionPlaces,
  readProtectionLevel,
} from "./flash-options.js";
import { type FlashHooks, type FlashRegister, flashRegisters, unmirror } from "./flash-registers.js";
import { KeyLock } from "./key-lock.js";

export interface FlashOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  /** Decides how interrupted operations end. */
  readonly random: Random;
  /** How often an interrupted program leaves a broken ECC, 0..1. Default 0.75. */
  readonly tornEccProbability?: number;
  /** Default: the STM32H750's. */
  readonly geometry?: FlashGeometry;
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

const OPTLOCK = 1 << 0;
const OPTSTART = 1 << 1;
const MER = 1 << 4;
const OPT_BUSY = 1 << 0;
const OPTION_CHANGE_NS = 500e6;

export class Flash implements BusDevice {
  readonly registers: RegisterBlock<FlashRegister>;
  /** Answers at the flash's own address; offsets count from there. */
  readonly memory: MemoryDevice;
  /** Bytes of all banks. */
  readonly size: number;

  readonly #options: FlashOptions;
  readonly #cells: FlashCells;
  readonly #banks: readonly FlashBank[];
  readonly #bankBytes: number;
  readonly #places: ReturnType<typeof optionPlaces>;
  readonly #optionLock: KeyLock;
  #optionBytes = FACTORY_OPTION_BYTES;

  constructor(options: FlashOptions) {
    this.#options = options;
    const { log, timeline, random, geometry = STM32H750_FLASH, memory } = options;
    this.size = flashBytes(geometry);
    this.#bankBytes = bankBytes(geometry);
    this.#places = optionPlaces(geometry.banks);
    const cells = new FlashCells(this.size, random, options.tornEccProbability ?? 0.75, memory);
    this.#cells = cells;
    const registers = (): RegisterBlock<FlashRegister> => this.registers;
    const onFlags = (): void => this.#updateInterrupt();
    this.#banks = Array.from(
      { length: geometry.banks },
      (_, index) => new FlashBank({ log, timeline, cells, geometry, index, registers, onFlags }),
    );
    this.#optionLock = new KeyLock("FLASH_OPTKEYR", [0x0819_2a3b, 0x4c5d_6e7f], log);
    this.registers = new RegisterBlock(flashRegisters(geometry.banks, this.#hooks()), { name: "FLASH", log });
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
    this.registers.reset();
    for (const [name, { current, toProgram }] of this.#places) {
      this.registers.set(current, this.#optionBytes[name]);
      this.registers.set(toProgram, this.#optionBytes[name]);
    }
    for (const bank of this.#banks) bank.reset();
    this.#optionLock.reset();
    this.#updateInterrupt();
  }

  /** Power fails now: an operation under way leaves a torn word, an undefined sector or old option bytes. */
  powerCut(): void {
    for (const bank of this.#banks) bank.cut();
  }

  /** Puts an image into the flash as a factory programmer does; the rest is erased. */
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
        const idle = flash.#banks.every((bank) => bank.idle);
        return idle && flash.#cells.intact ? flash.#cells.bytes : undefined;
      },
      writable: undefined,
      read: (offset, size) => this.#bank(offset, "read").read(offset, size),
      write: (offset, size, value) => this.#bank(offset, "write").write(offset, size, value),
    };
  }

  #bank(offset: number, verb: string): FlashBank {
    const bank = offset < 0 ? undefined : this.#banks[Math.floor(offset / this.#bankBytes)];
    if (bank !== undefined) return bank;
    throw new BusFault(`${verb} beyond the ${this.size} bytes of internal flash`, offset);
  }

  #hooks(): FlashHooks {
    const guarded = this.#places.map(([, { toProgram }]) => {
      const guard = (_written: number, before: number): void => this.#guardOption(toProgram, before);
      return [toProgram, guard] as const;
    });
    return {
      ...Object.fromEntries(guarded),
      ...Object.assign({}, ...this.#banks.map((bank) => bank.hooks())),
      ACR: () => this.#options.onTimingChange(),
      OPTKEYR: (written) => this.registers.setBits("OPTCR", OPTLOCK, !this.#optionLock.write(written)),
      OPTCR: (written, before) => this.#writeOptcr(written, before),
      OPTCCR: (written) => this.registers.setBits("OPTSR_CUR", written & (1 << 30), false),
    };
  }

  #writeOptcr(written: number, before: number): void {
    if ((before & OPTLOCK) !== 0) {
      this.registers.set("OPTCR", before);
      if (written !== before) this.#mistake("FLASH_OPTCR: write ignored, locked: write the keys to OPTKEYR");
      return;
    }
    if ((written & OPTLOCK) !== 0) this.#optionLock.lock();
    if ((written & MER) !== 0) for (const bank of this.#banks) bank.erase();
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
    const next = { ...this.#optionBytes };
    for (const [name, { toProgram }] of this.#places) next[name] = this.registers.get(toProgram);
    const regression =
      readProtectionLevel(this.#optionBytes.OPTSR) === 1 && readProtectionLevel(next.OPTSR) === 0;
    const everything = { offset: 0, length: this.size };
    this.registers.setBits("OPTSR_CUR", OPT_BUSY, true);
    this.#banks[0]?.begin("options", OPTION_CHANGE_NS, {
      finish: () => {
        if (regression) this.#cells.erase(everything);
        this.#optionBytes = next;
        for (const [name, { current }] of this.#places) this.registers.set(current, next[name]);
      },
      tear: () => {
        if (regression) this.#cells.tearErase(everything);
        if (this.#options.random() < 0.5) this.#optionBytes = next;
      },
    });
  }

  #updateInterrupt(): void {
    this.#options.interrupt.set(this.#banks.some((bank) => bank.interrupting));
  }

  #mistake(message: string): void {
    this.#options.log.once(message, `guest mistake: ${message}`);
  }
}
