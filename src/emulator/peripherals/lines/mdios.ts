/** MDIOS (RM0433, chapter MDIOS) without a master at MDC: its registers, of which none is ever read or written from outside. */

import type { ClockGate, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable, repeatRows } from "../register-table.js";
import { MDIOS } from "../tables/stored.js";

const REGISTERS = 32;
const EN = 1 << 0;
/** DPC and PORT_ADDRESS: fixed while EN is set, from the write that sets it on. */
const FIXED = (1 << 7) | (0x1f << 8);
const TABLE = `${MDIOS}, ${repeatRows("DINR# 100 0 ffffr", REGISTERS, 4)}, ${repeatRows("DOUTR# 180 0 ffff", REGISTERS, 4)}`;

export class Mdios extends Peripheral {
  readonly registers: RegisterBlock<string>;

  constructor(options: { readonly log: EmulatorLog; readonly clocked: ClockGate }) {
    super();
    const flags: RegisterAction = { ro: ALL };
    const clear: RegisterAction = { wo: ALL };
    const actions: Record<string, RegisterAction> = {
      CR: {
        rw: ALL,
        onWrite: (_written, before) => {
          if ((before & EN) === 0) return;
          this.registers.set("CR", (this.registers.get("CR") & ~FIXED) | (before & FIXED));
        },
      },
      WRFR: flags,
      CWRFR: clear,
      RDFR: flags,
      CRDFR: clear,
      SR: flags,
      CLRFR: clear,
    };
    for (let n = 0; n < REGISTERS; n++) actions[`DOUTR${n}`] = { rw: ALL };
    this.registers = new RegisterBlock(registerTable(TABLE, actions), { name: "MDIOS", ...options });
  }

  reset(): void {
    this.registers.reset();
  }
}
