/**
 * FMC: the SDRAM controller with a chip behind it; NOR, PSRAM and NAND banks are stored, nothing is attached to them
 * (RM0433, chapter FMC). The SDRAM has the size that SDCR1 describes, unless the board says otherwise.
 */

import {
  type AccessSize,
  type BusDevice,
  BusFault,
  type ClockGate,
  type EmulatorLog,
  type MemoryDevice,
} from "../bus.js";
import type { GuestMemory } from "../guest-memory.js";
import { RegisterBlock } from "../registers.js";
import { Peripheral } from "./peripheral.js";
import { ALL, registerTable } from "./register-table.js";
import { FMC } from "./tables/bus.js";

export interface FmcOptions {
  readonly log: EmulatorLog;
  readonly clocked: ClockGate;
  /** Bytes of SDRAM that the board has at each bank; undefined: what the guest configures. */
  readonly sdramBytes?: number;
  /** What the SDRAM lends changed. */
  readonly onMappingChange: () => void;
}

export type SdramBank = 1 | 2;

const FMCEN = 0x8000_0000;
/** SDCMR.MODE */
const COMMAND = {
  CLOCK_ENABLE: 1,
  PRECHARGE: 2,
  AUTO_REFRESH: 3,
  LOAD_MODE: 4,
  SELF_REFRESH: 5,
  POWER_DOWN: 6,
} as const;
const CTB2 = 1 << 3;
const CTB1 = 1 << 4;
const DEVICE_WIDTH = [1, 2, 4, 4] as const;

interface BankState {
  clock: boolean;
  precharged: boolean;
  refreshed: boolean;
  ready: boolean;
}

export class Fmc extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: FmcOptions;
  readonly #banks: Record<SdramBank, BankState> = { 1: fresh(), 2: fresh() };

  constructor(options: FmcOptions) {
    super();
    this.#options = options;
    const stored = { rw: ALL };
    this.registers = new RegisterBlock(
      registerTable(FMC, {
        BCR1: { rw: ALL, onWrite: () => options.onMappingChange() },
        SDCR1: stored,
        SDCR2: stored,
        SDTR1: stored,
        SDTR2: stored,
        SDRTR: { rw: 0x7ffe, wo: 1 },
        // The command itself is write-only: ST's HAL sets its bits into what it reads (SET_BIT), and that works on silicon.
        SDCMR: { rw: 0x007f_ffe0, wo: 0x1f, onWrite: (written) => this.#command(written) },
        SDSR: { ro: ALL },
        SR: { rw: 0x3f, ro: 0x40 },
      }),
      { name: "FMC", log: options.log, clocked: options.clocked },
    );
  }

  reset(): void {
    this.registers.reset();
    this.#banks[1] = fresh();
    this.#banks[2] = fresh();
    this.#options.onMappingChange();
  }

  get enabled(): boolean {
    return this.#options.clocked() && this.registers.has("BCR1", FMCEN);
  }

  /** BCR1.BMAP: 0 as in the memory map, 1 NOR and SDRAM bank 1 swapped, 2 SDRAM bank 2 also at 0x7000_0000. */
  get mapping(): number {
    return (this.registers.get("BCR1") >>> 24) & 3;
  }

  ready(bank: SdramBank): boolean {
    return this.enabled && this.#banks[bank].ready;
  }

  /** Bytes, from columns, rows, width and internal banks. */
  sdramSize(bank: SdramBank): number {
    if (this.#options.sdramBytes !== undefined) return this.#options.sdramBytes;
    const sdcr = this.registers.get(bank === 1 ? "SDCR1" : "SDCR2");
    const columns = 8 + (sdcr & 3);
    const rows = 11 + ((sdcr >>> 2) & 3);
    const width = DEVICE_WIDTH[(sdcr >>> 4) & 3] ?? 4;
    const banks = (sdcr & (1 << 6)) !== 0 ? 4 : 2;
    return 2 ** (columns + rows) * width * banks;
  }

  /** RM0433, "SDRAM initialization": clock, precharge, auto-refresh, mode register, in this order. */
  #command(written: number): void {
    const targets = ([1, 2] as const).filter((bank) => (written & (bank === 1 ? CTB1 : CTB2)) !== 0);
    for (const bank of targets) {
      this.#apply(bank, written & 7);
      const shift = bank === 1 ? 1 : 3;
      const mode = (written & 7) === COMMAND.SELF_REFRESH ? 1 : (written & 7) === COMMAND.POWER_DOWN ? 2 : 0;
      this.registers.set("SDSR", (this.registers.get("SDSR") & ~(3 << shift)) | (mode << shift));
    }
    this.#options.onMappingChange();
  }

  #apply(bank: SdramBank, command: number): void {
    const state = this.#banks[bank];
    if (command === COMMAND.CLOCK_ENABLE) state.clock = true;
    else if (command === COMMAND.PRECHARGE) state.precharged = state.clock;
    else if (command === COMMAND.AUTO_REFRESH) state.refreshed = state.precharged;
    else if (command === COMMAND.LOAD_MODE) {
      if (!state.refreshed) {
        this.#options.log.once(
          `FMC.order${bank}`,
          `guest mistake: FMC_SDCMR: SDRAM bank ${bank} got its mode register before clock, precharge and auto-refresh: it stays unusable`,
        );
      }
      state.ready = state.refreshed;
    }
  }
}

function fresh(): BankState {
  return { clock: false, precharged: false, refreshed: false, ready: false };
}

/** The SDRAM chip of one bank, with noise at power-on. */
export class Sdram implements MemoryDevice {
  readonly steady = true;
  readonly #fmc: Fmc;
  readonly #bank: SdramBank;
  readonly #log: EmulatorLog;
  readonly #memory: GuestMemory | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  /** @param memory where its bytes lie; default: on their own */
  constructor(fmc: Fmc, bank: SdramBank, log: EmulatorLog, memory?: GuestMemory) {
    this.#memory = memory;
    this.#fmc = fmc;
    this.#bank = bank;
    this.#log = log;
  }

  get readable(): Uint8Array | undefined {
    if (!this.#fmc.ready(this.#bank)) return undefined;
    const size = this.#fmc.sdramSize(this.#bank);
    if (this.#bytes.length !== size) {
      const before = this.#bytes;
      this.#bytes = noisy(this.#memory?.allocate(size) ?? new Uint8Array(size));
      this.#bytes.set(before.subarray(0, size));
    }
    return this.#bytes;
  }

  get writable(): Uint8Array | undefined {
    return this.readable;
  }

  /** Not lent: before it was initialised, or above its size, where its content repeats. */
  read(offset: number, size: AccessSize): number {
    const bytes = this.#reached(offset);
    if (bytes === undefined) return 0;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | (bytes[(offset + i) % bytes.length] as number);
    return value >>> 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    const bytes = this.#reached(offset);
    if (bytes === undefined) return;
    for (let i = 0; i < size; i++) bytes[(offset + i) % bytes.length] = value >>> (i * 8);
  }

  #reached(offset: number): Uint8Array | undefined {
    if (!this.#fmc.enabled) throw new BusFault("SDRAM: the FMC is off (RCC_AHB3ENR, FMC_BCR1.FMCEN)", offset);
    const bytes = this.readable;
    if (bytes === undefined) {
      this.#log.once(
        `SDRAM${this.#bank}`,
        `guest mistake: SDRAM bank ${this.#bank} is used before its initialisation (FMC_SDCMR): reads 0, keeps nothing`,
      );
    }
    return bytes;
  }
}

function noisy(bytes: Uint8Array): Uint8Array {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 0x9e37_79b1);
  return bytes;
}

/** NOR, PSRAM and NAND banks: nothing answers on the data lines. */
export class EmptyBank implements BusDevice {
  readonly #fmc: Fmc;
  readonly #name: string;
  readonly #log: EmulatorLog;

  constructor(fmc: Fmc, name: string, log: EmulatorLog) {
    this.#fmc = fmc;
    this.#name = name;
    this.#log = log;
  }

  read(offset: number, size: AccessSize): number {
    this.#tell(offset);
    return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff;
  }

  write(offset: number): void {
    this.#tell(offset);
  }

  #tell(offset: number): void {
    if (!this.#fmc.enabled) throw new BusFault(`${this.#name}: the FMC is off`, offset);
    this.#log.once(`${this.#name}`, `${this.#name}: nothing is attached there: reads ones, keeps nothing`);
  }
}
