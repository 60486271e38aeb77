/** WWDG1: window watchdog (RM0433, chapter WWDG). Its registers are stored; it never resets the chip here. */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock } from "../registers.js";

type WwdgRegister = "CR" | "CFR" | "SR";

export class Wwdg implements BusDevice {
  readonly registers: RegisterBlock<WwdgRegister>;

  constructor(options: { readonly log: EmulatorLog; readonly clocked: ClockGate }) {
    this.registers = new RegisterBlock(
      {
        CR: { offset: 0x00, reset: 0x7f, tagged: 0xff },
        CFR: { offset: 0x04, reset: 0x7f, tagged: 0x1a7f },
        SR: { offset: 0x08, reset: 0, ro: 0x1 },
      },
      { name: "WWDG", ...options },
    );
  }

  read(offset: number, size: AccessSize): number {
    return this.registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.registers.write(offset, size, value);
  }

  reset(): void {
    this.registers.reset();
  }
}
