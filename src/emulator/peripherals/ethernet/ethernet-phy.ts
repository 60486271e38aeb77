/**
 * A transceiver for 10 and 100 Mbit/s with no cable in it, as its management registers tell it: Microchip's LAN8742A, which ST's
 * boards have (data sheet DS00001989, "Register map"; IEEE 802.3, 22.2.4 for the first sixteen).
 */

const BASIC_CONTROL = 0;
const BASIC_STATUS = 1;
const INTERRUPT_FLAGS = 29;
const RESET = 1 << 15;
const RESTART_NEGOTIATION = 1 << 9;
/** 100BASE-TX and 10BASE-T, both duplexes, negotiation; no link, negotiation not complete. */
const STATUS_WITHOUT_CABLE = 0x7809;
const FIXED: Readonly<Record<number, number>> = {
  [BASIC_STATUS]: STATUS_WITHOUT_CABLE,
  2: 0x0007,
  3: 0xc131,
  5: 0,
  6: 0,
  [INTERRUPT_FLAGS]: 0,
};
const AFTER_RESET: Readonly<Record<number, number>> = {
  [BASIC_CONTROL]: 0x3000,
  4: 0x01e1,
  17: 0x0002,
  31: 0x0040,
};
const MODES = 18;
/** All capable, with negotiation; the address below. */
const MODE_BITS = 0x00e0;

export class EthernetPhy {
  readonly address: number;
  readonly #registers = new Uint16Array(32);

  /** @param address 0..31, by its straps */
  constructor(address: number) {
    this.address = address;
    this.reset();
  }

  reset(): void {
    this.#registers.fill(0);
    for (const [number, value] of Object.entries({ ...AFTER_RESET, ...FIXED })) {
      this.#registers[Number(number)] = value;
    }
    this.#registers[MODES] = MODE_BITS | this.address;
  }

  /** @param register 0..31 */
  read(register: number): number {
    return this.#registers[register] ?? 0;
  }

  write(register: number, value: number): void {
    if (register === BASIC_CONTROL && (value & RESET) !== 0) {
      this.reset();
      return;
    }
    if (register in FIXED) return;
    this.#registers[register] = register === BASIC_CONTROL ? value & ~RESTART_NEGOTIATION : value;
  }
}
