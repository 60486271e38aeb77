/** ConditionPassed() (DDI 0403E, A7.3). */

import type { CoreState } from "../core-state.js";

/** Indexed by condition / 2; odd conditions are the opposite. AL is 14. */
const CONDITIONS: readonly ((cpu: CoreState) => boolean)[] = [
  (cpu) => cpu.zr === 0,
  (cpu) => cpu.c !== 0,
  (cpu) => cpu.nr < 0,
  (cpu) => cpu.v !== 0,
  (cpu) => cpu.c !== 0 && cpu.zr !== 0,
  (cpu) => cpu.nr < 0 === (cpu.v !== 0),
  (cpu) => cpu.zr !== 0 && cpu.nr < 0 === (cpu.v !== 0),
  () => true,
];

/** @param condition 0..14 */
export function conditionPassed(cpu: CoreState, condition: number): boolean {
  return (CONDITIONS[condition >> 1] as (cpu: CoreState) => boolean)(cpu) !== ((condition & 1) === 1);
}
