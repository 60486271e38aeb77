import type { AccessSize, BusDevice } from "../bus.js";

/** A peripheral whose accesses all go to its register block. */
export abstract class Peripheral implements BusDevice {
  abstract readonly registers: BusDevice;

  read(offset: number, size: AccessSize): number {
    return this.registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.registers.write(offset, size, value);
  }
}
