/** The chip's peripherals on its bus, and what puts each into its reset state. */

import type { BusDevice } from "../bus.js";
import type { SystemBus } from "../cpu/memory/system-bus.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { ChipPart } from "./chip-part.js";
import { domainOf, SIZE } from "./memory-map.js";

type Domain = "D1" | "D2" | "D3";

export class ChipMap {
  readonly #bus: SystemBus;
  #rcc: Rcc | undefined;
  readonly #resettable: { readonly domain: Domain; readonly reset: () => void }[] = [];

  constructor(bus: SystemBus) {
    this.#bus = bus;
  }

  /** From now on, parts with a reset bit are reset by it. */
  connectResetBits(rcc: Rcc): void {
    this.#rcc = rcc;
  }

  map(name: string, address: number, size: number, device: BusDevice): void {
    this.#bus.map(address, size, device, name);
  }

  /** Maps what decides whether memories can be reached: clock gates, the flash's own controller. */
  mapController(name: string, address: number, size: number, device: BusDevice): void {
    this.#bus.map(address, size, device, name, true);
  }

  /** Maps a peripheral and has it reset with the system and by its RCC reset bit, where it has one. */
  add<T extends ChipPart["device"]>(part: ChipPart<T>): T {
    const { name, address, size = SIZE.PERIPHERAL, device, resetBit, partReset } = part;
    this.map(name, address, size, device);
    const reset = (): void => device.reset();
    this.onReset(domainOf(address), reset);
    if (resetBit !== undefined) this.#rcc?.onReset(resetBit, partReset ?? reset);
    return device;
  }

  /** `reset` runs at a system reset, and when the domain was without supply. */
  onReset(domain: Domain, reset: () => void): void {
    this.#resettable.push({ domain, reset });
  }

  /** A system reset; or with a domain, the loss of its supply. */
  reset(domain?: Domain): void {
    for (const each of this.#resettable) if (domain === undefined || each.domain === domain) each.reset();
  }
}
