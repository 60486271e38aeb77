/** DBGMCU: device identity and debug freeze bits (RM0433, chapter debug infrastructure). */

import type { EmulatorLog } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import { Peripheral } from "./peripheral.js";

type DbgmcuRegister = "IDC" | "CR" | "APB3FZ1" | "APB1LFZ1" | "APB2FZ1" | "APB4FZ1";

/** DEV_ID 0x450 (STM32H742/743/750/753), REV_ID 0x2003: revision V. */
export const IDC_REVISION_V = 0x2003_6450;

const DBGSLEEP_D1 = 1 << 0;
const DBGSTOP_D1 = 1 << 1;

const FREEZE_BITS = {
  TIM2: ["APB1LFZ1", 0],
  TIM3: ["APB1LFZ1", 1],
  TIM4: ["APB1LFZ1", 2],
  TIM5: ["APB1LFZ1", 3],
  TIM6: ["APB1LFZ1", 4],
  TIM7: ["APB1LFZ1", 5],
  TIM12: ["APB1LFZ1", 6],
  TIM13: ["APB1LFZ1", 7],
  TIM14: ["APB1LFZ1", 8],
  TIM1: ["APB2FZ1", 0],
  TIM8: ["APB2FZ1", 1],
  TIM15: ["APB2FZ1", 16],
  TIM16: ["APB2FZ1", 17],
  TIM17: ["APB2FZ1", 18],
  HRTIM: ["APB2FZ1", 29],
  WWDG1: ["APB3FZ1", 6],
  LPTIM1: ["APB1LFZ1", 9],
  LPTIM2: ["APB4FZ1", 9],
  LPTIM3: ["APB4FZ1", 10],
  LPTIM4: ["APB4FZ1", 11],
  LPTIM5: ["APB4FZ1", 12],
  RTC: ["APB4FZ1", 16],
  IWDG1: ["APB4FZ1", 18],
} as const satisfies Readonly<Record<string, readonly [DbgmcuRegister, number]>>;

export type FrozenName = keyof typeof FREEZE_BITS;

export class Dbgmcu extends Peripheral {
  readonly registers: RegisterBlock<DbgmcuRegister>;

  constructor(options: { readonly log: EmulatorLog }) {
    super();
    this.registers = new RegisterBlock(
      {
        IDC: { offset: 0x00, reset: IDC_REVISION_V, ro: 0xffff_0fff },
        // Clocks of the debug domains: a debugger here needs none.
        CR: { offset: 0x04, reset: 0, rw: 0x1070_01bf },
        APB3FZ1: { offset: 0x34, reset: 0, rw: 0x40 },
        APB1LFZ1: { offset: 0x3c, reset: 0, rw: 0x3ff, tagged: 0xe0_0000 },
        APB2FZ1: { offset: 0x4c, reset: 0, rw: 0x2007_0003 },
        APB4FZ1: { offset: 0x54, reset: 0, rw: 0x5_1e00, tagged: 0x80 },
      },
      { name: "DBGMCU", log: options.log },
    );
  }

  /** Power-on only: a system reset leaves the debugger's settings alone. */
  powerOn(): void {
    this.registers.reset();
  }

  /** CR.DBGSLEEP_D1: the core's clock goes on in Sleep. */
  get keepsSleepingCoreClock(): boolean {
    return this.registers.has("CR", DBGSLEEP_D1);
  }

  /** CR.DBGSTOP_D1: the core's clock goes on in Stop, as HSI gives it (RM0433, DBGMCU_CR). */
  get keepsCoreClock(): boolean {
    return this.registers.has("CR", DBGSTOP_D1);
  }

  /** Does the peripheral stand still while a debugger halts the core? */
  freezes(name: FrozenName): boolean {
    const [register, bit] = FREEZE_BITS[name];
    return this.registers.has(register, 1 << bit);
  }
}
