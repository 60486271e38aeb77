/** What the firmware may cost, and what the analysis of its stack cannot see by itself. */

import type { IndirectCalls } from "./stack.js";

/** `stack_size` of board/sections.ld. */
export const STACK_MAX = 8 * 1024;

/** Eight words and up to four bytes to align the stack (ARMv7-M ARM, B1.5.7), rounded up. */
export const EXCEPTION_FRAME = 40;

/** Functions of core/requests.h that stand in its table. */
export const INDIRECT_CALLS: IndirectCalls = { operation_step: /^request_(?!kind$)/ };
