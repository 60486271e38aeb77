/**
 * The chip's serial wire debug port and access ports (Arm IHI 0031, ADIv5.2), as registers.
 *
 * What a probe does to them by itself (the SWD wire, SELECT, posted reads) is not here: reads are answered at once.
 */

import { type AccessSize, BusFault } from "../bus.js";

/** Memory behind an access port. @throws BusFault */
export interface DebugBus {
  read(address: number, size: AccessSize): number;
  write(address: number, size: AccessSize, value: number): void;
}

export interface AccessPort {
  /** Identification register. */
  readonly idr: number;
  /** BASE: where its ROM table is, with the bits that tell whether there is one. */
  readonly base: number;
  readonly bus: DebugBus;
}

/** The port answered FAULT: STICKYERR stood, or the memory access failed and set it. */
export class DapFault extends Error {
  override readonly name = "DapFault";
}

/** DP: bank in bits 7:4, A[3:2] below. */
const DP = {
  DPIDR: 0x00,
  ABORT: 0x00,
  CTRL_STAT: 0x04,
  SELECT: 0x08,
  RDBUFF: 0x0c,
  TARGETID: 0x24,
  DLPIDR: 0x34,
} as const;
const AP = {
  CSW: 0x00,
  TAR: 0x04,
  DRW: 0x0c,
  BD0: 0x10,
  BD3: 0x1c,
  CFG: 0xf4,
  BASE: 0xf8,
  IDR: 0xfc,
} as const;

/** SW-DP version 2, designed by Arm. */
export const DPIDR = 0x6ba0_2477;
/** STM32H742/743/750/753: TPARTNO 0x450, designed by ST. */
const TARGETID = 0x0450_0041;
const STKERRCLR = 1 << 2;
const STICKYERR = 1 << 5;
const POWER_REQUESTS = (1 << 28) | (1 << 30);
const CSW_SIZE = 7;
const CSW_ADDRINC_SINGLE = 1 << 4;
const CSW_DEVICE_ENABLED = 1 << 6;
/** Prot, AddrInc and Size. */
const CSW_WRITABLE = 0x7f00_0037;
const CSW_RESET = 0x4300_0002;
/** TAR counts within 4 KiB on Cortex-M7's AHB-AP. */
const TAR_WRAP = 0xfff;

interface PortState {
  csw: number;
  tar: number;
}

export class Dap {
  readonly #ports: ReadonlyMap<number, AccessPort>;
  readonly #states = new Map<number, PortState>();
  #requests = 0;
  #select = 0;
  #sticky = false;
  #lastRead = 0;

  readonly #answers: () => boolean;

  /** @param ports by number @param answers may a debugger connect? Asked at each access of memory */
  constructor(ports: ReadonlyMap<number, AccessPort>, answers: () => boolean = () => true) {
    this.#ports = ports;
    this.#answers = answers;
  }

  readDp(register: number): number {
    switch (register) {
      case DP.DPIDR:
        return DPIDR;
      case DP.CTRL_STAT:
        // The domains are always on: each acknowledge, one bit above its request, follows it.
        return (this.#requests | (this.#requests << 1) | (this.#sticky ? STICKYERR : 0)) >>> 0;
      case DP.RDBUFF:
        return this.#lastRead;
      case DP.TARGETID:
        return TARGETID;
      case DP.DLPIDR:
        return 1;
      default:
        return 0;
    }
  }

  writeDp(register: number, value: number): void {
    if (register === DP.ABORT && (value & STKERRCLR) !== 0) this.#sticky = false;
    if (register === DP.CTRL_STAT) this.#requests = value & POWER_REQUESTS;
    if (register === DP.SELECT) this.#select = value;
  }

  /** As last written; what a probe passes on names port and bank itself. */
  get select(): number {
    return this.#select;
  }

  /** @throws DapFault */
  readAp(port: number, register: number): number {
    this.#lastRead = this.#readAp(port, register) >>> 0;
    return this.#lastRead;
  }

  /** @throws DapFault */
  writeAp(port: number, register: number, value: number): void {
    this.#requireClear();
    const state = this.#state(port);
    if (register === AP.CSW) state.csw = (value & CSW_WRITABLE) | CSW_DEVICE_ENABLED;
    else if (register === AP.TAR) state.tar = value >>> 0;
    else if (register === AP.DRW)
      this.#transfer(port, (bus, address, size, shift) => bus.write(address, size, value >>> shift));
    else if (register >= AP.BD0 && register <= AP.BD3) {
      this.writeMemory(port, bankedAddress(state.tar, register), 4, value);
    }
  }

  /** One access of a probe's memory command. @throws DapFault */
  readMemory(port: number, address: number, size: AccessSize): number {
    return this.#access(port, (bus) => bus.read(address, size));
  }

  /** @throws DapFault */
  writeMemory(port: number, address: number, size: AccessSize, value: number): void {
    this.#access(port, (bus) =>
      bus.write(address, size, size === 4 ? value >>> 0 : value & (2 ** (8 * size) - 1)),
    );
  }

  /** A port that is not there reads 0 and takes nothing. */
  #readAp(port: number, register: number): number {
    const found = this.#ports.get(port);
    if (register === AP.IDR) return found?.idr ?? 0;
    this.#requireClear();
    const state = this.#state(port);
    if (register === AP.CSW) return state.csw;
    if (register === AP.TAR) return state.tar;
    if (register === AP.BASE) return found?.base ?? 0;
    if (register === AP.DRW)
      return this.#transfer(port, (bus, address, size, shift) => bus.read(address, size) << shift);
    if (register >= AP.BD0 && register <= AP.BD3)
      return this.readMemory(port, bankedAddress(state.tar, register), 4);
    return 0;
  }

  /** DRW: the size is CSW's, data stands in the byte lanes of the address, and TAR moves on. */
  #transfer<T>(
    port: number,
    access: (bus: DebugBus, address: number, size: AccessSize, shift: number) => T,
  ): T {
    const state = this.#state(port);
    const { tar, csw } = state;
    const size = ([1, 2, 4] as const)[csw & CSW_SIZE] ?? 4;
    const result = this.#access(port, (bus) => access(bus, tar, size, (tar & 3) * 8));
    if ((csw & CSW_ADDRINC_SINGLE) !== 0) state.tar = ((tar & ~TAR_WRAP) | ((tar + size) & TAR_WRAP)) >>> 0;
    return result;
  }

  #access<T>(port: number, access: (bus: DebugBus) => T): T {
    this.#requireClear();
    const found = this.#ports.get(port);
    try {
      if (found === undefined) throw new BusFault(`access port ${port} does not exist`, port);
      if (!this.#answers()) throw new BusFault("the debug port is shut (read protection)", port);
      return access(found.bus);
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#sticky = true;
      throw new DapFault(error.message, { cause: error });
    }
  }

  #requireClear(): void {
    if (this.#sticky) throw new DapFault("STICKYERR is set");
  }

  #state(port: number): PortState {
    let state = this.#states.get(port);
    if (state === undefined) {
      state = { csw: CSW_RESET | CSW_DEVICE_ENABLED, tar: 0 };
      this.#states.set(port, state);
    }
    return state;
  }
}

function bankedAddress(tar: number, register: number): number {
  return ((tar & ~0xf) | (register & 0xc)) >>> 0;
}
