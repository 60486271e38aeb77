/** System control block, 0xE000ED00..0xE000ED8F (DDI 0403E, B3.2; Cortex-M7 values: DDI 0489). Offsets from 0xE000ED00. */

import type { AccessSize, BusDevice } from "../../bus.js";
import { RegisterBlock, type RegisterMap } from "../../registers.js";
import type { CortexM7 } from "../core.js";
import { CFSR, Exception, HFSR } from "../exceptions/faults.js";

const VECTKEY = 0x05fa;
const VECTKEYSTAT = 0xfa05;

const AIRCR = { VECTRESET: 1 << 0, VECTCLRACTIVE: 1 << 1, SYSRESETREQ: 1 << 2 } as const;

const ICSR = {
  PENDSTCLR: 1 << 25,
  PENDSTSET: 1 << 26,
  PENDSVCLR: 1 << 27,
  PENDSVSET: 1 << 28,
  NMIPENDSET: 1 << 31,
} as const;

const CCR = {
  USERSETMPEND: 1 << 1,
  UNALIGN_TRP: 1 << 3,
  DIV_0_TRP: 1 << 4,
  BFHFNMIGN: 1 << 8,
  STKALIGN: 1 << 9,
  DC: 1 << 16,
  IC: 1 << 17,
  BP: 1 << 18,
} as const;

/** SHCSR bits: [bit, exception number, what it shows]. */
const SHCSR: readonly (readonly [number, number, "active" | "pending" | "enabled"])[] = [
  [0, Exception.memManage, "active"],
  [1, Exception.busFault, "active"],
  [3, Exception.usageFault, "active"],
  [7, Exception.svCall, "active"],
  [8, Exception.debugMonitor, "active"],
  [10, Exception.pendSv, "active"],
  [11, Exception.sysTick, "active"],
  [12, Exception.usageFault, "pending"],
  [13, Exception.memManage, "pending"],
  [14, Exception.busFault, "pending"],
  [15, Exception.svCall, "pending"],
  [16, Exception.memManage, "enabled"],
  [17, Exception.busFault, "enabled"],
  [18, Exception.usageFault, "enabled"],
];

/** Identification registers of the Cortex-M7 with FPU and caches (DDI 0489, 3.3): [name, offset, value]. */
const IDENTIFICATION = [
  ["CPUID", 0x00, 0x411fc271],
  ["ID_PFR0", 0x40, 0x00000030],
  ["ID_PFR1", 0x44, 0x00000200],
  ["ID_DFR0", 0x48, 0x00100000],
  ["ID_AFR0", 0x4c, 0],
  ["ID_MMFR0", 0x50, 0x00100030],
  ["ID_MMFR1", 0x54, 0],
  ["ID_MMFR2", 0x58, 0x01000000],
  ["ID_MMFR3", 0x5c, 0],
  ["ID_ISAR0", 0x60, 0x01101110],
  ["ID_ISAR1", 0x64, 0x02112000],
  ["ID_ISAR2", 0x68, 0x20232231],
  ["ID_ISAR3", 0x6c, 0x01111131],
  ["ID_ISAR4", 0x70, 0x01310132],
  ["CLIDR", 0x78, 0x09000003],
  ["CTR", 0x7c, 0x8303c003],
] as const;

type Writable =
  | "ICSR"
  | "VTOR"
  | "AIRCR"
  | "SCR"
  | "CCR"
  | "SHPR1"
  | "SHPR2"
  | "SHPR3"
  | "SHCSR"
  | "CFSR"
  | "HFSR"
  | "DFSR"
  | "MMFAR"
  | "BFAR"
  | "AFSR"
  | "CCSIDR"
  | "CSSELR"
  | "CPACR";
type Name = Writable | (typeof IDENTIFICATION)[number][0];

/** 16 KiB each: data 4-way, instruction 2-way, 32-byte lines (DDI 0489, 3.3.7; STM32H750). */
const CCSIDR_DATA = 0xf00fe019;
const CCSIDR_INSTRUCTION = 0xf01fe009;

export class Scb implements BusDevice {
  readonly #cpu: CortexM7;
  readonly #regs: RegisterBlock<Name>;
  /** Where the last reset found it. */
  #vectorTable = 0;

  constructor(cpu: CortexM7) {
    this.#cpu = cpu;
    this.#regs = new RegisterBlock(this.#specs(), { name: "SCB", log: cpu.log });
  }

  reset(vectorTable: number): void {
    this.#vectorTable = vectorTable;
    this.#regs.reset();
    this.#regs.set("VTOR", vectorTable & ~127);
    this.#applyCcr();
  }

  read(offset: number, size: AccessSize): number {
    return this.#regs.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#regs.write(offset, size, value);
  }

  get vtor(): number {
    return this.#regs.get("VTOR");
  }
  get scr(): number {
    return this.#regs.get("SCR");
  }
  /** SCR.SEVONPEND */
  get sendsEventOnPending(): boolean {
    return (this.scr & 0x10) !== 0;
  }
  /** SCR.SLEEPDEEP */
  get sleepsDeeply(): boolean {
    return (this.scr & 4) !== 0;
  }
  get ccr(): number {
    return this.#regs.get("CCR");
  }
  get cfsr(): number {
    return this.#regs.get("CFSR");
  }
  get hfsr(): number {
    return this.#regs.get("HFSR");
  }
  get mmfar(): number {
    return this.#regs.get("MMFAR");
  }
  get bfar(): number {
    return this.#regs.get("BFAR");
  }
  get divideByZeroTraps(): boolean {
    return this.#regs.has("CCR", CCR.DIV_0_TRP);
  }

  get ignoresBusFaults(): boolean {
    return this.#regs.has("CCR", CCR.BFHFNMIGN);
  }

  /** CPACR access rights to CP10/CP11: 0 none, 1 privileged only, 3 full. */
  get coprocessorAccess(): number {
    return (this.#regs.get("CPACR") >>> 20) & 3;
  }

  /** Sets CFSR bits, and the address register that goes with them. */
  faultStatus(bits: number, address?: number): void {
    let status = bits;
    if (address !== undefined) {
      const memManage = (bits & 0xff) !== 0;
      this.#regs.set(memManage ? "MMFAR" : "BFAR", address);
      status |= memManage ? CFSR.MMARVALID : CFSR.BFARVALID;
    }
    this.#regs.setBits("CFSR", status, true);
  }

  hardFaultStatus(bits: number): void {
    this.#regs.setBits("HFSR", bits, true);
  }

  debugStatus(bits: number): void {
    this.#regs.setBits("DFSR", bits, true);
  }

  /** An asynchronous bus fault whose handler is disabled becomes a HardFault. */
  escalateAsynchronously(): void {
    this.hardFaultStatus(HFSR.FORCED);
    this.#cpu.exceptions.setPending(Exception.hardFault, true);
  }

  #specs(): RegisterMap<Name> {
    const shpr = (offset: number, mask: number, first: number) => ({
      offset,
      reset: 0,
      rw: mask,
      // The priorities' bits that this chip lacks: written with whole bytes by everybody.
      wo: (mask >>> 4) & 0x0f0f0f0f,
      onWrite: (written: number, _before: number, laneMask: number) =>
        this.#writePriorities(first, written, laneMask),
    });
    const writable: RegisterMap<Writable> = {
      ICSR: {
        offset: 0x04,
        reset: 0,
        ro: 0x00c1f9ff,
        wo: 0x9e000000,
        onRead: () => this.#readIcsr(),
        onWrite: (written) => this.#writeIcsr(written),
      },
      VTOR: { offset: 0x08, reset: 0, rw: 0xffffff80 },
      AIRCR: {
        offset: 0x0c,
        reset: VECTKEYSTAT << 16,
        wo: 0xffff0707,
        onRead: () => (VECTKEYSTAT << 16) | (this.#cpu.exceptions.prigroup << 8),
        onWrite: (written) => this.#writeAircr(written),
      },
      SCR: { offset: 0x10, reset: 0, rw: 0x16 },
      CCR: {
        offset: 0x14,
        reset: CCR.STKALIGN | CCR.BP,
        rw: 0x1b | CCR.BFHFNMIGN | CCR.DC | CCR.IC,
        ro: CCR.STKALIGN | CCR.BP,
        onWrite: () => this.#applyCcr(),
      },
      SHPR1: shpr(0x18, 0x00f0f0f0, 4),
      SHPR2: shpr(0x1c, 0xf0000000, 8),
      SHPR3: shpr(0x20, 0xf0f000f0, 12),
      SHCSR: {
        offset: 0x24,
        reset: 0,
        rw: 0x7fd8b,
        onRead: () => this.#readShcsr(),
        onWrite: (written, _before, laneMask) => this.#writeShcsr(written, laneMask),
      },
      CFSR: { offset: 0x28, reset: 0, w1c: 0x030fbfbb },
      HFSR: { offset: 0x2c, reset: 0, w1c: 0xc0000002 },
      DFSR: { offset: 0x30, reset: 0, w1c: 0x1f },
      MMFAR: { offset: 0x34, reset: 0, rw: 0xffffffff },
      BFAR: { offset: 0x38, reset: 0, rw: 0xffffffff },
      AFSR: { offset: 0x3c, reset: 0, w1c: 0xffffffff },
      CCSIDR: {
        offset: 0x80,
        reset: 0,
        ro: 0xffffffff,
        onRead: () => (this.#regs.has("CSSELR", 1) ? CCSIDR_INSTRUCTION : CCSIDR_DATA),
      },
      CSSELR: { offset: 0x84, reset: 0, rw: 0xf },
      CPACR: {
        offset: 0x88,
        reset: 0,
        rw: 0x00f00000,
        onWrite: () => {
          this.#cpu.fpu.ready = false;
        },
      },
    };
    const identification = Object.fromEntries(
      IDENTIFICATION.map(([name, offset, reset]) => [name, { offset, reset, ro: 0xffffffff }]),
    ) as RegisterMap<(typeof IDENTIFICATION)[number][0]>;
    return { ...writable, ...identification };
  }

  #applyCcr(): void {
    // Not there yet while the core is being constructed.
    const mem = this.#cpu.mem as CortexM7["mem"] | undefined;
    if (mem === undefined) return;
    mem.userMayTrigger = this.#regs.has("CCR", CCR.USERSETMPEND);
    mem.trapUnaligned = this.#regs.has("CCR", CCR.UNALIGN_TRP);
    this.#cpu.level1?.enable(this.#regs.has("CCR", CCR.DC), this.#regs.has("CCR", CCR.IC));
  }

  #writePriorities(first: number, written: number, laneMask: number): void {
    for (let i = 0; i < 4; i++) {
      const mask = 0xff << (i * 8);
      const exists = first + i >= 4 && ![7, 8, 9, 10, 13].includes(first + i);
      if ((laneMask & mask) !== 0 && exists)
        this.#cpu.exceptions.setPriority(first + i, (written >>> (i * 8)) & 0xff);
    }
  }

  #readIcsr(): number {
    const { exceptions, ipsr, halted } = this.#cpu;
    const bit = (number: number, at: number) => (exceptions.isPending(number) ? 1 << at : 0);
    // RETTOBASE
    const base = exceptions.othersActive(ipsr) ? 0 : 1 << 11;
    const flags = bit(Exception.nmi, 31) | bit(Exception.pendSv, 28) | bit(Exception.sysTick, 26);
    // ISRPREEMPT: taken when the core leaves Debug state
    const preempts = halted && exceptions.preempting !== 0 ? 1 << 23 : 0;
    return (
      flags |
      preempts |
      (exceptions.irqPending ? 1 << 22 : 0) |
      (exceptions.vectorPending << 12) |
      base |
      ipsr
    );
  }

  #writeIcsr(written: number): void {
    const { exceptions } = this.#cpu;
    if ((written & ICSR.NMIPENDSET) !== 0) exceptions.setPending(Exception.nmi, true);
    if ((written & ICSR.PENDSVSET) !== 0) exceptions.setPending(Exception.pendSv, true);
    if ((written & ICSR.PENDSVCLR) !== 0) exceptions.setPending(Exception.pendSv, false);
    if ((written & ICSR.PENDSTSET) !== 0) exceptions.setPending(Exception.sysTick, true);
    if ((written & ICSR.PENDSTCLR) !== 0) exceptions.setPending(Exception.sysTick, false);
  }

  #writeAircr(written: number): void {
    const { log, exceptions, options, timeline } = this.#cpu;
    if (written >>> 16 !== VECTKEY) {
      log.once("scb.aircr.key", "AIRCR: write without VECTKEY 0x05FA is ignored");
      return;
    }
    exceptions.prigroup = (written >>> 8) & 7;
    exceptions.onAttention();
    if ((written & AIRCR.SYSRESETREQ) !== 0) {
      options.onSystemReset();
      timeline.stopSoon();
    }
    if ((written & AIRCR.VECTCLRACTIVE) !== 0) this.#clearActive();
    if ((written & AIRCR.VECTRESET) === 0) return;
    // Peripherals, and what a debugger has set up, stay (B3.2.6).
    if (this.#cpu.halted) this.#cpu.reset(this.#vectorTable);
    else log.once("scb.aircr.debug", "AIRCR: VECTRESET works only in Debug state; ignored");
  }

  /** No exception is active, and IPSR is 0. In Debug state only. */
  #clearActive(): void {
    const cpu = this.#cpu;
    if (!cpu.halted) {
      cpu.log.once("scb.aircr.active", "AIRCR: VECTCLRACTIVE works only in Debug state; ignored");
      return;
    }
    cpu.exceptions.clearActive();
    cpu.setMode(0, cpu.control);
  }

  #readShcsr(): number {
    const { exceptions } = this.#cpu;
    const shows = {
      active: (n: number) => exceptions.isActive(n),
      pending: (n: number) => exceptions.isPending(n),
      enabled: (n: number) => exceptions.isEnabled(n),
    };
    return SHCSR.reduce((value, [bit, number, what]) => value | (shows[what](number) ? 1 << bit : 0), 0);
  }

  #writeShcsr(written: number, laneMask: number): void {
    const { exceptions } = this.#cpu;
    for (const [bit, number, what] of SHCSR) {
      if (((laneMask >>> bit) & 1) === 0) continue;
      const on = ((written >>> bit) & 1) === 1;
      if (what === "enabled") exceptions.setEnabled(number, on);
      else if (what === "pending") exceptions.setPending(number, on);
      else if (exceptions.isActive(number) !== on) exceptions.setActive(number, on);
    }
  }
}
