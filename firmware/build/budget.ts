/** What the firmware may cost, and what the analysis of its stack cannot see by itself. */

import type { IndirectCalls } from "./stack.js";

/** docs/protocol.md, section 10: the log begins here. */
export const IMAGE_MAX = 64 * 1024;

/** `stack_size` of board/stm32h750.ld. */
export const STACK_MAX = 8 * 1024;

/** Where thread mode begins. */
export const THREAD_ROOT = "Reset_Handler";

/** All have the same priority, so at most one of them is on the stack. Fault handlers start the stack afresh. */
export const INTERRUPT_ROOTS = ["SysTick_Handler", "QUADSPI_IRQHandler", "OTG_FS_IRQHandler"] as const;

/** Eight words and up to four bytes to align the stack (ARMv7-M ARM, B1.5.7), rounded up. */
export const EXCEPTION_FRAME = 40;

/** Functions of core/requests.h that stand in its table. */
export const INDIRECT_CALLS: IndirectCalls = { operation_step: /^request_(?!kind$)/ };
