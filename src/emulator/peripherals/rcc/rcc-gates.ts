/** Clock gates and reset bits by the peripheral that they serve (RM0433, RCC_xxxENR, RCC_xxxLPENR, RCC_xxxRSTR). */

import type { ClockGate } from "../../bus.js";
import type { RegisterBlock } from "../../registers.js";
import {
  ENABLE_BITS,
  type Gate,
  keys,
  type RccRegister,
  RESET_BITS,
  type ResetName,
  type ResetRegister,
  SLEEP_BITS,
  type SleepGate,
} from "./rcc-registers.js";

export class RccGates {
  readonly #registers: RegisterBlock<RccRegister>;
  readonly #run = new Map<Gate, ClockGate>();
  readonly #sleep = new Map<SleepGate, ClockGate>();
  readonly #resetListeners = new Map<string, (() => void)[]>();

  constructor(registers: RegisterBlock<RccRegister>) {
    this.#registers = registers;
    for (const register of keys(ENABLE_BITS)) this.#index(this.#run, register, ENABLE_BITS[register]);
    for (const register of keys(SLEEP_BITS)) this.#index(this.#sleep, register, SLEEP_BITS[register]);
  }

  run(name: Gate): ClockGate {
    return found(this.#run, name);
  }

  sleep(name: SleepGate): ClockGate {
    return found(this.#sleep, name);
  }

  onReset(name: ResetName, callback: () => void): void {
    const listeners = this.#resetListeners.get(name);
    if (listeners === undefined) this.#resetListeners.set(name, [callback]);
    else listeners.push(callback);
  }

  wroteReset(register: ResetRegister, before: number): void {
    const changed = this.#registers.get(register) ^ before;
    const bits: Readonly<Record<string, number>> = RESET_BITS[register];
    for (const [name, bit] of Object.entries(bits)) {
      if ((changed & (1 << bit)) === 0) continue;
      for (const listener of this.#resetListeners.get(name) ?? []) listener();
    }
  }

  #index<Name>(
    gates: Map<Name, ClockGate>,
    register: RccRegister,
    bits: Readonly<Record<string, number>>,
  ): void {
    const cell = this.#registers.cell(register);
    for (const [name, bit] of Object.entries(bits)) {
      const mask = 1 << bit;
      gates.set(name as Name, () => (cell.value & mask) !== 0);
    }
  }
}

function found<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new RangeError(`RCC: there is no clock gate ${String(key)}`);
  return value;
}
