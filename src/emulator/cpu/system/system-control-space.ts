/** The private peripheral bus: what of the core answers at which address (DDI 0403E, B3.1 and B3.2). */

import type { AccessSize, BusDevice, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import { cacheMaintenance } from "../caches/cache-maintenance.js";
import type { CortexM7 } from "../core.js";
import { CPU_ROM_TABLE, coresightId, PART, PPB_ROM_TABLE } from "../debug/coresight-id.js";
import { Dwt } from "../debug/dwt.js";
import { Itm } from "../debug/itm.js";
import { Exception, hex } from "../exceptions/faults.js";
import { Mpu } from "../memory/mpu.js";
import type { Region, SystemBus } from "../memory/system-bus.js";
import { EXTERNAL_PPB, externalPpb } from "./external-ppb.js";
import { Nvic } from "./nvic.js";
import { Scb } from "./scb.js";
import { SoftwareLock } from "./software-lock.js";
import { SysTick } from "./systick.js";

const ITM = 0xe0000000;
const DWT = 0xe0001000;
const FPB = 0xe0002000;
const SCS = 0xe000e000;
const CPU_ROM = 0xe00fe000;
const PPB_ROM = 0xe00ff000;
const PAGE = 0x1000;
const STIR = 0xf00;
/** Auxiliary bus fault status (DDI 0489, 3.3): the interfaces, and what AXI answered. */
const ABFSR = {
  ITCM: 1 << 0,
  DTCM: 1 << 1,
  AHBP: 1 << 2,
  AXIM: 1 << 3,
  EPPB: 1 << 4,
  AXIMTYPE: 3 << 8,
  SLVERR: 2 << 8,
  DECERR: 3 << 8,
} as const;
const CACR = { SIWT: 1 << 0, FORCEWT: 1 << 2 } as const;

/** Parts of the 4 KiB page at 0xE000E000: [first offset, end, device, what the device counts from]. */
type Part = readonly [number, number, BusDevice, number];

export class SystemControlSpace implements BusDevice {
  readonly nvic: Nvic;
  readonly sysTick: SysTick;
  readonly scb: Scb;
  readonly mpu: Mpu;
  readonly dwt: Dwt;
  readonly itm: Itm;
  readonly #cpu: CortexM7;
  #regions: { readonly scs: Region; readonly dwt: Region } | undefined;
  readonly #implementation: RegisterBlock<
    "ICTR" | "ACTLR" | "ITCMCR" | "DTCMCR" | "AHBPCR" | "CACR" | "AHBSCR" | "ABFSR"
  >;
  /** By offset / 4. */
  readonly #parts: readonly Part[];

  constructor(cpu: CortexM7) {
    const { timeline, log, exceptions, options } = cpu;
    this.#cpu = cpu;
    this.nvic = new Nvic(options.irqs ?? 150, exceptions, log);
    this.sysTick = new SysTick(timeline, log, () => exceptions.setPending(Exception.sysTick, true));
    this.scb = new Scb(cpu);
    this.mpu = new Mpu(log);
    const lock = new SoftwareLock("DWT", log, () => cpu.debug.byDebugger);
    this.dwt = new Dwt({
      timeline,
      log,
      lock,
      comparators: cpu.debug.comparators,
      timeModel: options.busTiming !== undefined,
      traceEnabled: () => cpu.debug.traceEnabled,
      pc: () => (cpu.halted ? undefined : cpu.pc),
    });
    this.itm = new Itm({
      log,
      lock: new SoftwareLock("ITM", log, () => cpu.debug.byDebugger),
      traceEnabled: () => cpu.debug.traceEnabled,
      privileged: () => cpu.privileged || cpu.debug.byDebugger,
    });
    this.#implementation = new RegisterBlock(
      {
        ICTR: { offset: 0x004, reset: Math.ceil(this.nvic.irqs / 32) - 1, ro: 0xf },
        ACTLR: { offset: 0x008, reset: 0, tagged: 0x1ffffc04 },
        ITCMCR: { offset: 0xf90, reset: 0x39, rw: 0x7, ro: 0x78 },
        DTCMCR: { offset: 0xf94, reset: 0x41, rw: 0x7, ro: 0x78 },
        AHBPCR: { offset: 0xf98, reset: 0x6, tagged: 0x1, ro: 0xe },
        CACR: { offset: 0xf9c, reset: 0, rw: 0x7, onWrite: () => this.#cacheControlChanged() },
        AHBSCR: { offset: 0xfa0, reset: 0x800, tagged: 0xffff },
        // Whatever is written clears it.
        ABFSR: { offset: 0xfa8, reset: 0, rw: 0x31f, onWrite: () => this.#implementation.set("ABFSR", 0) },
      },
      { name: "SCS", log },
    );
    this.#parts = byWord([
      [0x010, 0x020, this.sysTick, 0x010],
      [0x100, 0x4f0, this.nvic, 0x100],
      [0x4f0, 0xd00, reserved(log), 0],
      [0xd00, 0xd90, this.scb, 0xd00],
      [0xd90, 0xdc0, this.mpu, 0xd90],
      [0xdf0, 0xe00, cpu.debug.device, 0],
      [
        0xf34,
        0xf50,
        { read: (o) => cpu.fpu.readRegister(o), write: (o, _, v) => cpu.fpu.writeRegister(o, v) },
        0,
      ],
      [0xf50, 0xf7c, cacheMaintenance(cpu), 0xf50],
      [0xfd0, PAGE, { read: (o) => coresightId(o & ~3, PART.SCS[0], PART.SCS[1]) ?? 0, write: () => {} }, 0],
      [0x000, PAGE, this.#implementation, 0],
    ]);
  }

  map(bus: SystemBus): void {
    this.#regions = {
      scs: bus.map(SCS, PAGE, this, "SCS"),
      dwt: bus.map(DWT, PAGE, this.dwt, "DWT"),
    };
    bus.map(ITM, PAGE, this.itm, "ITM");
    bus.map(FPB, PAGE, this.#cpu.debug.fpb, "FPB");
    bus.map(
      EXTERNAL_PPB.first,
      EXTERNAL_PPB.end - EXTERNAL_PPB.first,
      externalPpb(this.#cpu.log),
      "external PPB",
    );
    bus.map(CPU_ROM, PAGE, CPU_ROM_TABLE, "CPU ROM table");
    bus.map(PPB_ROM, PAGE, PPB_ROM_TABLE, "PPB ROM table");
  }

  /** CYCCNT and SysTick's counter were read so often without an access. */
  countReads(cycles: number, ticks: number): void {
    if (this.#regions === undefined) return;
    this.#regions.dwt.touched += cycles;
    this.#regions.scs.touched += ticks;
  }

  /** Notes by which interface an asynchronous bus fault came. @param nobody nothing answers at the address */
  asynchronousFault(address: number, nobody: boolean): void {
    const way = interfaceOf(address);
    const type = way === ABFSR.AXIM ? (nobody ? ABFSR.DECERR : ABFSR.SLVERR) : 0;
    this.#implementation.setBits("ABFSR", ABFSR.AXIMTYPE, false);
    this.#implementation.setBits("ABFSR", way | type, true);
  }

  /** CACR.SIWT: shareable memory is cached as write-through. */
  get sharedIsWriteThrough(): boolean {
    return this.#implementation.has("CACR", CACR.SIWT);
  }

  #cacheControlChanged(): void {
    const { level1, mem } = this.#cpu;
    if (level1 === undefined) return;
    level1.forceWriteThrough = this.#implementation.has("CACR", CACR.FORCEWT);
    mem.forgetCode();
  }

  reset(vectorTable: number): void {
    this.nvic.resample();
    this.sysTick.reset();
    this.mpu.reset();
    this.dwt.resume();
    this.#implementation.reset();
    if (this.#cpu.level1 !== undefined) this.#cpu.level1.forceWriteThrough = false;
    this.scb.reset(vectorTable);
  }

  read(offset: number, size: AccessSize): number {
    const [, , device, base] = this.#part(offset);
    return device.read(offset - base, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset === STIR) {
      this.nvic.trigger(value);
      return;
    }
    if ((offset & ~3) === 0xdfc) this.dwt.synchronise();
    const [, , device, base] = this.#part(offset);
    device.write(offset - base, size, value);
  }

  #part(offset: number): Part {
    return this.#parts[offset >>> 2] as Part;
  }
}

/** Which interface of the core leads to an address (RM0433, 2.1: AHBP to D2's peripherals). */
function interfaceOf(address: number): number {
  if (address < 0x10000) return ABFSR.ITCM;
  if (address >= 0x20000000 && address < 0x20020000) return ABFSR.DTCM;
  if (address >= 0x40000000 && address < 0x50000000) return ABFSR.AHBP;
  return address >= EXTERNAL_PPB.first && address < EXTERNAL_PPB.end ? ABFSR.EPPB : ABFSR.AXIM;
}

/** The first part that has each word of the page. The last one has all. */
function byWord(parts: readonly Part[]): Part[] {
  const part = (offset: number): Part =>
    parts.find(([first, end]) => offset >= first && offset < end) as Part;
  return Array.from({ length: PAGE / 4 }, (_, word) => part(word * 4));
}

/** Between NVIC and SCB nothing is: reads 0, takes nothing (DDI 0403E, B3.2.2). Linux writes there, looking for priorities. */
function reserved(log: EmulatorLog): BusDevice {
  const tell = (verb: string, offset: number): void =>
    log.once("scs.reserved", `SCS+${hex(offset, 3)}: ${verb} in the reserved range 0x4F0 to 0xCFF`);
  return {
    read(offset) {
      tell("read", offset);
      return 0;
    },
    write: (offset) => tell("write", offset),
  };
}
