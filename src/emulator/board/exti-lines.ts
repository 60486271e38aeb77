/** Lines of EXTI (RM0433, table "EXTI Event input mapping"). */

import { IRQ } from "./memory-map.js";

/** Those that share an interrupt. */
export const EXTI_GROUPS = [
  { first: 0, last: 0, irq: IRQ.EXTI0 },
  { first: 1, last: 1, irq: IRQ.EXTI1 },
  { first: 2, last: 2, irq: IRQ.EXTI2 },
  { first: 3, last: 3, irq: IRQ.EXTI3 },
  { first: 4, last: 4, irq: IRQ.EXTI4 },
  { first: 5, last: 9, irq: IRQ.EXTI9_5 },
  { first: 10, last: 15, irq: IRQ.EXTI15_10 },
  { first: 16, last: 16, irq: IRQ.PVD_AVD },
  { first: 17, last: 17, irq: IRQ.RTC_ALARM },
  { first: 18, last: 18, irq: IRQ.TAMP_STAMP },
  { first: 19, last: 19, irq: IRQ.RTC_WKUP },
  { first: 20, last: 21, irq: IRQ.COMP },
];

/** Lines whose edges come from inside the chip. */
export const EXTI_LINE = {
  PVD_AVD: 16,
  RTC_ALARM: 17,
  TAMP_STAMP_CSS: 18,
  RTC_WKUP: 19,
  WAKE_UP_PIN1: 55,
} as const;
