/**
 * FLASH: the internal flash (RM0433, chapter embedded flash memory). The STM32H750 has one bank with one sector of
 * 128 KiB, the STM32H743 two banks of eight.
 *
 * `Flash` is the register interface and what the banks have in common; `Flash.memory` is what answers at the flash's
 * address. Banks are numbered as they are seen: after a swap the second one of the chip is seen as the first.
 */

import {
  type AccessSize,
  type BusDevice,
  BusFault,
  type EmulatorLog,
  type InterruptLine,
  type MemoryDevice,
} from "../../bus.js";
import type { GuestMemory } from "../../guest-memory.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { KeyLock } from "../key-lock.js";
import { FlashBank } from "./flash-bank.js";
import { FlashCells, type FlashCellsState, type Random } from "./flash-cells.js";
import {
  type ByteRange,
  bankBytes,
  type FlashGeometry,
  flashBytes,
  STM32H750_FLASH,
} from "./flash-geometry.js";
import {
  FACTORY_OPTION_BYTES,
  isRegression,
  type OptionBytes,
  type OptionPlaces,
  optionPlaces,
  refusal,
  regressionErases,
  removesProtection,
  secureStart,
  swapsBanks,
} from "./flash-options.js";
import {
  bankOfRegister,
  type FlashHooks,
  type FlashRegister,
  flashRegisters,
  unmirror,
} from "./flash-registers.js";
import { FlashRights } from "./flash-rights.js";

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
  /** AXI clock, Hz; 64 MHz by default, as after a reset. */
  readonly clockHz?: () => number;
  /** What lies at which address changed past the bus: the banks were swapped. */
  readonly onSwap?: () => void;
  /** Who may read what changed, here and of the other secured regions. */
  readonly onRights?: () => void;
  /** Read protection goes from level 1 to level 0: backup SRAM and backup registers are erased. */
  readonly onRegression?: () => void;
  /** A word was read whose ECC finds two wrong bits. */
  readonly onDoubleError?: () => void;
}

/** All that survives power-off, as plain data. */
export interface FlashState {
  readonly cells: FlashCellsState;
  readonly options: OptionBytes;
}

/** Offsets. */
const KEYR = 0x04;
const OPTKEYR = 0x08;
const OPTLOCK = 1 << 0;
const OPTSTART = 1 << 1;
const MER = 1 << 4;
const OPTCHANGEERR = 1 << 30;
const SWAP_BANK = 0x8000_0000;
const OPT_BUSY = 1 << 0;
/** OPTSR's bits that programs change. */
const OPTIONS = 0xa03e_ffdc;
const OPTION_CHANGE_NS = 500e6;

export class Flash implements BusDevice {
  readonly registers: RegisterBlock<FlashRegister>;
  /** Answers at the flash's own address; offsets count from there. */
  readonly memory: MemoryDevice;
  /** Bytes of all banks. */
  readonly size: number;
  readonly rights: FlashRights;

  readonly #options: FlashOptions;
  readonly #cells: FlashCells;
  readonly #banks: readonly FlashBank[];
  readonly #bankBytes: number;
  readonly #geometry: FlashGeometry;
  readonly #optionLock: KeyLock;
  #places: OptionPlaces;
  #swapped = false;
  /** All banks lie open to every read. */
  #open = true;
  #optionBytes = FACTORY_OPTION_BYTES;

  constructor(options: FlashOptions) {
    this.#options = options;
    const { log, timeline, random, geometry = STM32H750_FLASH, memory, clockHz = () => 64e6 } = options;
    this.size = flashBytes(geometry);
    this.#bankBytes = bankBytes(geometry);
    this.#geometry = geometry;
    this.#places = optionPlaces(geometry.banks, false);
    const cells = new FlashCells(this.size, random, options.tornEccProbability ?? 0.75, memory);
    this.#cells = cells;
    const registers = (): RegisterBlock<FlashRegister> => this.registers;
    this.rights = new FlashRights(
      () => this.#optionBytes,
      () => this.#rightsChanged(),
    );
    const common = { log, timeline, cells, geometry, registers, clockHz, rights: this.rights };
    const onFlags = (): void => this.#updateInterrupt();
    const { onDoubleError } = options;
    const protectionRemoval = (index: number) => this.#protectionRemoval([index]);
    this.#banks = Array.from(
      { length: geometry.banks },
      (_, index) => new FlashBank({ ...common, index, onFlags, onDoubleError, protectionRemoval }),
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
    const own = unmirror(offset);
    const bank = bankOfRegister(own);
    if (this.registers.has("OPTSR_CUR", OPT_BUSY)) this.#banks[0]?.waitForIdle("a write to its registers");
    if (bank !== undefined && own !== KEYR + bank * 0x100) this.#banks[bank]?.interruptKeys();
    if (own !== OPTKEYR && this.#optionLock.halfOpen) this.#interruptOptionKeys();
    this.registers.write(own, size, value);
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

  /** Where secure user software starts after a reset; undefined: there is none. @param boot where the chip would, both in the whole flash */
  secureStart(boot: number): number | undefined {
    return secureStart(this.#optionBytes, this.#geometry, boot);
  }

  /** A cell wears out, or is hit by a particle: one wrong bit of a flash word is corrected, two are not. */
  flipBit(offset: number, bit: number): void {
    this.#cells.flipBit(offset * 8 + bit);
    this.#options.onRights?.();
  }

  /** Power-on and system reset alike. An operation under way is cut off, as on the chip (RM0433, chapter embedded flash memory). */
  reset(): void {
    this.powerCut();
    this.registers.reset();
    this.#swap();
    for (const [name, { current, toProgram }] of this.#places) {
      this.registers.set(current, this.#optionBytes[name]);
      this.registers.set(toProgram, this.#optionBytes[name]);
    }
    for (const bank of this.#banks) bank.reset();
    this.#optionLock.reset();
    this.#rightsChanged();
    this.#updateInterrupt();
  }

  #rightsChanged(): void {
    this.#open = this.#banks.every((bank) => bank.open);
    this.#options.onRights?.();
  }

  /** OPTCR.SWAP_BANK takes what the option bytes say; cells and banks' registers change places. */
  #swap(): void {
    const { banks } = this.#geometry;
    const swaps = banks === 2 && swapsBanks(this.#optionBytes);
    this.registers.setBits("OPTCR", SWAP_BANK, swaps);
    if (swaps === this.#swapped) return;
    this.#swapped = swaps;
    this.#cells.swapHalves();
    this.#places = optionPlaces(banks, swaps);
    this.#options.onSwap?.();
  }

  /** Power fails now: an operation under way leaves a torn word, an undefined sector or the option bytes of before. */
  powerCut(): void {
    for (const bank of this.#banks) bank.cut();
  }

  /** Puts an image into the flash as a factory programmer does; the rest is erased. */
  fill(image: Uint8Array): void {
    this.#cells.fill(image);
  }

  /** A copy of all bytes, in the order of their addresses. */
  get content(): Uint8Array {
    return this.#cells.bytes.slice();
  }

  /** The banks as they lie in the chip, swapped or not. */
  save(): FlashState {
    if (this.#swapped) this.#cells.swapHalves();
    const cells = this.#cells.save();
    if (this.#swapped) this.#cells.swapHalves();
    return { cells, options: this.#optionBytes };
  }

  load(state: FlashState): void {
    this.#cells.load(state.cells);
    this.#swapped = false;
    this.#optionBytes = state.options;
    this.reset();
  }

  #memory(): MemoryDevice {
    const flash = this;
    return {
      get readable() {
        const idle = flash.#banks.every((bank) => bank.idle);
        return idle && flash.#open && flash.#cells.intact ? flash.#cells.bytes : undefined;
      },
      writable: undefined,
      read: (offset, size) => this.#bank(offset, "read").read(offset, size, false),
      fetch: (offset, size) => this.#bank(offset, "fetch").read(offset, size, true),
      write: (offset, size, value) => this.#bank(offset, "write").write(offset, size, value),
    };
  }

  #bank(offset: number, verb: string): FlashBank {
    const bank = offset < 0 ? undefined : this.#banks[Math.floor(offset / this.#bankBytes)];
    if (bank !== undefined) return bank;
    throw new BusFault(`${verb} beyond the ${this.size} bytes of internal flash`, offset);
  }

  #hooks(): FlashHooks {
    const guarded = optionPlaces(this.#geometry.banks, false).map(([, { toProgram }]) => {
      const guard = (_written: number, before: number): void => this.#guardOption(toProgram, before);
      return [toProgram, guard] as const;
    });
    return {
      ...Object.fromEntries(guarded),
      ...Object.assign({}, ...this.#banks.map((bank) => bank.hooks())),
      ACR: () => this.#options.onTimingChange(),
      OPTKEYR: (key, _before, laneMask) => this.#writeOptionKey(key, laneMask),
      OPTCR: (written, before) => this.#writeOptcr(written, before),
      OPTCCR: (written) => {
        this.registers.setBits("OPTSR_CUR", written & OPTCHANGEERR, false);
        this.#updateInterrupt();
      },
    };
  }

  #writeOptionKey(key: number, laneMask: number): void {
    const result = this.#optionLock.write(key, laneMask);
    this.registers.setBits("OPTCR", OPTLOCK, result !== "open");
    if (result === "wrong") throw new BusFault("a wrong key for the flash's option bytes", OPTKEYR);
  }

  #interruptOptionKeys(): void {
    this.#optionLock.jam("got its first key, and then another register was written");
    throw new BusFault("a write between the two keys of the flash's option bytes", OPTKEYR);
  }

  #writeOptcr(written: number, before: number): void {
    if ((before & OPTLOCK) !== 0) {
      this.registers.set("OPTCR", before);
      if (written !== before) this.#mistake("FLASH_OPTCR: write ignored, the register is locked");
      return;
    }
    if ((written & OPTLOCK) !== 0) this.#optionLock.lock();
    if ((written & MER) !== 0) this.#massErase();
    if ((written & OPTSTART) !== 0) this.#changeOptions();
    this.#updateInterrupt();
  }

  #massErase(): void {
    if (this.#banks.every((bank) => bank.unlocked)) {
      const removal = this.#protectionRemoval([...this.#banks.keys()]);
      for (const bank of this.#banks) bank.erase(removal);
    } else this.#mistake("FLASH_OPTCR: MER while FLASH_CR1 or CR2 is locked: nothing is erased");
  }

  #guardOption(name: FlashRegister, before: number): void {
    if (!this.registers.has("OPTCR", OPTLOCK)) return;
    this.registers.set(name, before);
    this.#mistake(`FLASH_${name}: write ignored, OPTCR is locked`);
  }

  #changeOptions(): void {
    if (this.#banks.some((bank) => bank.crcBusy)) return;
    const current = this.#optionBytes;
    const next = this.#asked();
    if (this.#places.every(([name]) => next[name] >>> 0 === current[name] >>> 0)) return;
    const why = refusal(current, next, this.#geometry);
    if (why !== undefined) {
      this.#mistake(`FLASH_OPTCR.OPTSTART: the option bytes do not change, OPTCHANGEERR: ${why}`);
      this.registers.setBits("OPTSR_CUR", OPTCHANGEERR, true);
      return;
    }
    const erased = isRegression(current, next) ? regressionErases(current, next, this.#geometry) : undefined;
    this.registers.setBits("OPTSR_CUR", OPT_BUSY, true);
    this.#banks[0]?.begin("options", OPTION_CHANGE_NS, {
      finish: () => {
        this.#erasePhysically(erased ?? [], (range) => this.#cells.erase(range));
        if (erased !== undefined) this.#options.onRegression?.();
        this.#take(next);
      },
      // Whatever interrupts it, the option bytes stay as they were.
      tear: () => this.#erasePhysically(erased ?? [], (range) => this.#cells.tearErase(range)),
    });
  }

  /** The option bytes as the registers to program have them. */
  #asked(): OptionBytes {
    const current = this.#optionBytes;
    const next = { ...current };
    for (const [name, { toProgram }] of this.#places) next[name] = this.registers.get(toProgram);
    next.OPTSR = (next.OPTSR | (current.OPTSR & ~OPTIONS)) >>> 0;
    return next;
  }

  #take(next: OptionBytes): void {
    this.#optionBytes = next;
    for (const [name, { current }] of this.#places) this.registers.set(current, next[name]);
    this.#rightsChanged();
  }

  /** @param banks that are erased, as they are seen */
  #protectionRemoval(banks: readonly number[]): (() => void) | undefined {
    if (this.registers.has("OPTCR", OPTLOCK)) return undefined;
    const next = this.#asked();
    const inChip = banks.map((bank) => (this.#swapped ? this.#geometry.banks - 1 - bank : bank));
    if (!removesProtection(this.#optionBytes, next, inChip, this.#geometry)) return undefined;
    return () => this.#take(next);
  }

  /** @param ranges of the banks as they lie in the chip */
  #erasePhysically(ranges: readonly ByteRange[], erase: (range: ByteRange) => void): void {
    for (const { offset, length } of ranges) {
      erase({ offset: this.#swapped ? (offset + this.#bankBytes) % this.size : offset, length });
    }
  }

  #updateInterrupt(): void {
    const refused = this.registers.has("OPTSR_CUR", OPTCHANGEERR);
    const optionError = refused && this.registers.has("OPTCR", OPTCHANGEERR);
    this.#options.interrupt.set(optionError || this.#banks.some((bank) => bank.interrupting));
  }

  #mistake(message: string): void {
    this.#options.log.once(message, `guest mistake: ${message}`);
  }
}
