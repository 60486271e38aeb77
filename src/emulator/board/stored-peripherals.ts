/** Peripherals whose registers are stored and nothing more, as rows. What has a model of its own is not here. */

import type { EmulatorLog } from "../bus.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { Gate, ResetName } from "../peripherals/rcc/rcc-registers.js";
import { type RegisterAction, registerTable, repeatRows } from "../peripherals/register-table.js";
import { StoredBlock } from "../peripherals/stored-block.js";
import { AXI } from "../peripherals/tables/bus.js";
import { SWO, SWTF } from "../peripherals/tables/debug.js";
import { FDCAN_CCU } from "../peripherals/tables/stored.js";
import type { ChipPart } from "./chip-part.js";

interface Row {
  readonly name: string;
  readonly address: number;
  /** Bytes. */
  readonly size?: number;
  readonly registers: string;
  readonly actions?: Readonly<Record<string, RegisterAction>>;
  readonly gate?: Gate;
  readonly resetBit?: ResetName;
}

const MONITOR =
  "M#CR 20 0 3c, M#SR 24 0 7, M#FAR 28 0 ffffffffr, M#FDRL 2c 0 ffffffffr, M#FDRH 30 0 ffffffffr, M#FECR 34 0 ffffffffr";
const ramEcc = (monitors: number): string => `IER 0 0 f, ${repeatRows(MONITOR, monitors, 0x20)}`;

/** Every bit of the interconnect's quality-of-service and errata settings is stored; none has an effect on what code sees. */
const AXI_SETTINGS = Object.fromEntries(
  [...AXI.matchAll(/AXI_(?:TARG|INI)\w+/g)].map(([name]) => [name, { rw: 0xf }]),
);
const ID = { ro: 0xff, onRead: (stored: number) => stored };
const AXI_IDS = Object.fromEntries([...AXI.matchAll(/AXI_(?:PERIPH|COMP)\w+/g)].map(([name]) => [name, ID]));

const ROWS: readonly Row[] = [
  {
    name: "AXI",
    address: 0x5100_0000,
    size: 0x10_0000,
    registers: AXI,
    actions: { ...AXI_SETTINGS, ...AXI_IDS },
  },
  { name: "RAMECC1", address: 0x5200_9000, registers: ramEcc(6) },
  { name: "RAMECC2", address: 0x4802_3000, registers: ramEcc(6) },
  { name: "RAMECC3", address: 0x5802_7000, registers: ramEcc(3) },
  { name: "FDCAN_CCU", address: 0x4000_a800, registers: FDCAN_CCU, gate: "FDCAN", resetBit: "FDCAN" },
  { name: "SWO", address: 0x5c00_3000, size: 0x1000, registers: SWO },
  { name: "SWTF", address: 0x5c00_4000, size: 0x1000, registers: SWTF },
];

export function storedPeripherals({
  log,
  rcc,
}: {
  readonly log: EmulatorLog;
  readonly rcc: Rcc;
}): ChipPart[] {
  return ROWS.map(({ name, address, size, registers, actions, gate, resetBit }) => {
    const device = new StoredBlock({
      name,
      registers: registerTable(registers, actions ?? {}),
      log,
      ...(gate === undefined ? {} : { clocked: rcc.clockGate(gate) }),
    });
    return {
      name,
      address,
      device,
      ...(size === undefined ? {} : { size }),
      ...(resetBit === undefined ? {} : { resetBit }),
    };
  });
}
