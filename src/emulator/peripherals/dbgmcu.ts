/** DBGMCU: device identity and debug freeze bits (RM0433, chapter debug infrastructure). */

import type { EmulatorLog } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import { Peripheral } from "./peripheral.js";

type DbgmcuRegister = "IDC" | "CR" | "APB3FZ1" | "APB1LFZ1" | "APB2FZ1" | "APB4FZ1";

/** DEV_ID 0x450 (STM32H742/743/750/753), REV_ID 0x2003: revision V. */
export const IDC_REVISION_V = 0x2003_6450;

export class Dbgmcu extends Peripheral {
  readonly registers: RegisterBlock<DbgmcuRegister>;

  constructor(options: { readonly log: EmulatorLog }) {
    super();
    this.registers = new RegisterBlock(
      {
        IDC: { offset: 0x00, reset: IDC_REVISION_V, ro: 0xffff_0fff },
        CR: { offset: 0x04, reset: 0, tagged: 0x1070_01bf },
        APB3FZ1: { offset: 0x34, reset: 0, tagged: 0x40 },
        APB1LFZ1: { offset: 0x3c, reset: 0, tagged: 0xe0_03ff },
        APB2FZ1: { offset: 0x4c, reset: 0, tagged: 0x2007_0003 },
        APB4FZ1: { offset: 0x54, reset: 0, rw: 0x4_0000, tagged: 0x1_1e80 },
      },
      { name: "DBGMCU", log: options.log },
    );
  }

  /** Power-on only: a system reset leaves the debugger's settings alone. */
  powerOn(): void {
    this.registers.reset();
  }

  /** APB4FZ1.DBG_WDGLSD1: the independent watchdog stands still while the core is halted. */
  get freezesWatchdog(): boolean {
    return this.registers.has("APB4FZ1", 1 << 18);
  }
}
