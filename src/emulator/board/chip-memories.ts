/** The chip's memories, and what may be attached to it as memory, on the bus. */

import type { EmulatorLog } from "../bus.js";
import { Ram } from "../cpu/memory/memory.js";
import type { SystemBus } from "../cpu/memory/system-bus.js";
import type { GuestMemory } from "../guest-memory.js";
import { DeviceSignature, SIGNATURE_BYTES } from "../peripherals/device-signature.js";
import { EmptyBank, Fmc, Sdram } from "../peripherals/fmc.js";
import type { FlashRights } from "../peripherals/internal-flash/flash-rights.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import { faults, GatedRam, ignores, secured } from "./gated-ram.js";
import { ADDRESS, SIZE } from "./memory-map.js";
import { SystemMemory } from "./system-memory.js";

export interface MemoryWiring {
  readonly bus: SystemBus;
  readonly memory: GuestMemory;
  readonly rcc: Rcc;
  readonly log: EmulatorLog;
  readonly uniqueId: Uint8Array;
  /** Size of the internal flash. */
  readonly flashKib: number;
  /** Who may reach the internal flash, and with it the backup SRAM. */
  readonly flashRights: FlashRights;
}

export interface MappedMemories {
  /** RAMs whose content is noise after power-on, and after their domain was in DStandby. */
  readonly noisy: readonly { readonly domain: "D1" | "D2" | "D3"; readonly bytes: Uint8Array }[];
  readonly backup: Uint8Array;
  /** FDCAN's message RAM. */
  readonly messages: Uint8Array;
}

export function mapMemories(wiring: MemoryWiring): MappedMemories {
  const { bus, memory, rcc, log, uniqueId, flashKib, flashRights } = wiring;
  const noisy: { readonly domain: "D1" | "D2" | "D3"; readonly bytes: Uint8Array }[] = [];
  const signature = new DeviceSignature({ log, uniqueId, flashKib });
  bus.map(ADDRESS.DEVICE_SIGNATURE, SIGNATURE_BYTES, signature, "device signature");
  for (const name of ["ITCM", "DTCM", "AXI_SRAM", "SRAM4"] as const) {
    const ram = new Ram(SIZE[name], memory);
    noisy.push({ domain: name === "SRAM4" ? "D3" : "D1", bytes: ram.readable });
    bus.map(ADDRESS[name], SIZE[name], ram, name);
  }
  for (const name of ["SRAM1", "SRAM2", "SRAM3"] as const) {
    const ram = new GatedRam(new Ram(SIZE[name], memory), () => rcc.d2Clocked, faults(name));
    noisy.push({ domain: "D2", bytes: ram.bytes });
    bus.map(ADDRESS[name], SIZE[name], ram, name);
    bus.map(ADDRESS[`${name}_AXI`], SIZE[name], ram, `${name} (AXI)`);
  }
  const system = new SystemMemory(log, (debug) => flashRights.exitSecureArea(debug));
  bus.map(ADDRESS.SYSTEM_MEMORY, SIZE.SYSTEM_MEMORY, system, "system memory");
  const messages = new Ram(SIZE.FDCAN_MESSAGE_RAM);
  const gatedMessages = new GatedRam(messages, rcc.clockGate("FDCAN"), ignores("FDCAN message RAM", log));
  bus.map(ADDRESS.FDCAN_MESSAGE_RAM, SIZE.FDCAN_MESSAGE_RAM, gatedMessages, "FDCAN message RAM");
  const clocked = rcc.clockGate("BKPRAM");
  const backup = new GatedRam(
    new Ram(SIZE.BACKUP_SRAM, memory),
    () => clocked() && !flashRights.shut,
    (offset) => (clocked() ? secured("BKPRAM", log) : ignores("BKPRAM", log))(offset),
  );
  bus.map(ADDRESS.BACKUP_SRAM, SIZE.BACKUP_SRAM, backup, "backup SRAM");
  return { noisy, backup: backup.bytes, messages: messages.readable };
}

/** FMC with the SDRAM at it. */
export function mapExternalMemory({ bus, memory, rcc, log }: MemoryWiring): Fmc {
  const fmc = new Fmc({ log, clocked: rcc.clockGate("FMC"), onMappingChange: () => bus.refreshLent() });
  bus.map(ADDRESS.FMC, SIZE.FMC, fmc, "FMC", true);
  rcc.onReset("FMC", () => fmc.reset());
  bus.map(ADDRESS.FMC_NOR, SIZE.FMC_BANK, new EmptyBank(fmc, "FMC NOR/PSRAM", log), "FMC NOR/PSRAM");
  bus.map(ADDRESS.FMC_NAND, SIZE.FMC_BANK, new EmptyBank(fmc, "FMC NAND", log), "FMC NAND");
  bus.map(ADDRESS.SDRAM1, SIZE.FMC_BANK, new Sdram(fmc, 1, log, memory), "SDRAM bank 1");
  bus.map(ADDRESS.SDRAM2, SIZE.FMC_BANK, new Sdram(fmc, 2, log, memory), "SDRAM bank 2");
  return fmc;
}
