/** A peripheral that is there, but does nothing: its registers are stored, and whoever relies on one is told. */

import type { ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock, type RegisterSpec } from "../registers.js";
import { Peripheral } from "./peripheral.js";

export interface StoredBlockOptions {
  readonly name: string;
  readonly registers: Readonly<Record<string, RegisterSpec>>;
  readonly log: EmulatorLog;
  readonly clocked?: ClockGate;
}

export class StoredBlock extends Peripheral {
  readonly registers: RegisterBlock<string>;

  constructor(options: StoredBlockOptions) {
    super();
    const { name, log } = options;
    const specs: Record<string, RegisterSpec> = {};
    for (const [register, spec] of Object.entries(options.registers)) {
      const silent = (spec.ro ?? 0) === 0 || spec.onRead !== undefined;
      specs[register] = silent ? spec : { ...spec, onRead: told(log, `${name}.${register}`) };
    }
    this.registers = new RegisterBlock(specs, { ...options, name });
  }

  reset(): void {
    this.registers.reset();
  }
}

function told(log: EmulatorLog, what: string): (stored: number) => number {
  return (stored) => {
    log.once(`${what}.r`, `${what}: read, but this peripheral is not modelled: the status never changes`);
    return stored;
  };
}
