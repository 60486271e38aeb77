/** CRC calculation unit (RM0433, chapter CRC): any polynomial of 7, 8, 16 or 32 bits, 8/16/32-bit data. */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock } from "../registers.js";

type CrcRegister = "DR" | "IDR" | "CR" | "INIT" | "POL";

const RESET = 1 << 0;
const REV_OUT = 1 << 7;
/** CR.POLYSIZE 0..3. */
const WIDTHS = [32, 16, 8, 7] as const;

export class Crc implements BusDevice {
  readonly registers: RegisterBlock<CrcRegister>;

  readonly #log: EmulatorLog;
  readonly #clocked: ClockGate;
  #crc = 0xffff_ffff;

  constructor(options: { readonly log: EmulatorLog; readonly clocked: ClockGate }) {
    this.#log = options.log;
    this.#clocked = options.clocked;
    this.registers = new RegisterBlock(
      {
        DR: { offset: 0x00, reset: 0xffff_ffff, rw: 0xffff_ffff, onRead: () => this.#result() },
        IDR: { offset: 0x04, reset: 0, rw: 0xffff_ffff },
        CR: { offset: 0x08, reset: 0, rw: 0xf8, wo: RESET, onWrite: (written) => this.#control(written) },
        INIT: { offset: 0x10, reset: 0xffff_ffff, rw: 0xffff_ffff },
        POL: { offset: 0x14, reset: 0x04c1_1db7, rw: 0xffff_ffff, onWrite: () => this.#checkPolynomial() },
      },
      { name: "CRC", ...options },
    );
  }

  read(offset: number, size: AccessSize): number {
    return this.registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.registers.write(offset, size, value);
    if ((offset & ~3) === 0 && this.#clocked()) this.#feed(value, size);
  }

  reset(): void {
    this.registers.reset();
    this.#crc = 0xffff_ffff;
  }

  get #width(): 32 | 16 | 8 | 7 {
    return WIDTHS[(this.registers.get("CR") >>> 3) & 3] ?? 32;
  }

  #control(written: number): void {
    if ((written & RESET) !== 0) this.#crc = this.registers.get("INIT");
  }

  #checkPolynomial(): void {
    if ((this.registers.get("POL") & 1) !== 0) return;
    this.#log.once("CRC.POL", "guest mistake: CRC_POL is even: the unit supports odd polynomials only");
  }

  /** Shifts the data in, most significant bit first, after REV_IN reversed it by byte, half-word or word. */
  #feed(value: number, size: AccessSize): void {
    const bits = size * 8;
    const unit = [0, 8, 16, 32][(this.registers.get("CR") >>> 5) & 3] ?? 0;
    const data = unit === 0 ? value : reverseUnits(value, bits, Math.min(unit, bits));
    const top = this.#width - 1;
    const polynomial = this.registers.get("POL");
    let crc = this.#crc;
    for (let bit = bits - 1; bit >= 0; bit--) {
      const out = ((crc >>> top) ^ (data >>> bit)) & 1;
      crc = (crc << 1) ^ (out === 1 ? polynomial : 0);
    }
    this.#crc = (crc & widthMask(this.#width)) >>> 0;
  }

  #result(): number {
    const value = (this.#crc & widthMask(this.#width)) >>> 0;
    return this.registers.has("CR", REV_OUT) ? reverseUnits(value, this.#width, this.#width) : value;
  }
}

function widthMask(width: number): number {
  return width === 32 ? 0xffff_ffff : (1 << width) - 1;
}

/** Reverses the order of bits inside each group of `unit` bits of a value of `bits` bits. */
function reverseUnits(value: number, bits: number, unit: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit++) {
    const group = bit - (bit % unit);
    if (((value >>> bit) & 1) === 1) result |= 1 << (group + unit - 1 - (bit % unit));
  }
  return result >>> 0;
}
