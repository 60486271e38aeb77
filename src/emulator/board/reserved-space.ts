/** Addresses inside an APB window where the chip has no peripheral: the bridge answers with 0 and no error. */

import type { AccessSize, BusDevice, EmulatorLog } from "../bus.js";
import type { SystemBus } from "../cpu/memory/system-bus.js";

/** RM0433, table "Register boundary addresses": APB1, APB2, APB3, APB4. */
const WINDOWS: readonly { readonly name: string; readonly base: number; readonly end: number }[] = [
  { name: "APB1", base: 0x4000_0000, end: 0x4000_d400 },
  { name: "APB2", base: 0x4001_0000, end: 0x4001_7800 },
  { name: "APB3", base: 0x5000_0000, end: 0x5000_4000 },
  { name: "APB4", base: 0x5800_0000, end: 0x5800_6c00 },
];

class ReservedSpace implements BusDevice {
  readonly #bus: string;
  readonly #base: number;
  readonly #log: EmulatorLog;

  constructor(bus: string, base: number, log: EmulatorLog) {
    this.#bus = bus;
    this.#base = base;
    this.#log = log;
  }

  read(offset: number, _size: AccessSize): number {
    this.#tell("read", offset, "gives 0");
    return 0;
  }

  write(offset: number, _size: AccessSize, _value: number): void {
    this.#tell("write", offset, "ignored");
  }

  #tell(verb: string, offset: number, what: string): void {
    const address = `0x${(this.#base + offset).toString(16)}`;
    this.#log.once(
      `reserved ${address}`,
      `${this.#bus}: ${verb} at ${address}, where no peripheral is: ${what}`,
    );
  }
}

/** Fills what is still free in the APB windows. To be called after everything else was mapped. */
export function mapReservedSpace(bus: SystemBus, log: EmulatorLog): void {
  for (const { name, base, end } of WINDOWS) {
    let at: number = base;
    const inside = bus.regions.filter((region) => region.base >= base && region.base < end);
    for (const region of [...inside, { base: end, size: 0 }]) {
      if (region.base > at)
        bus.map(at, region.base - at, new ReservedSpace(name, at, log), `${name} reserved`);
      at = region.base + region.size;
    }
  }
}
