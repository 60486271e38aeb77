/** CRC calculation unit (RM0433, chapter CRC): any polynomial of 7, 8, 16 or 32 bits, 8/16/32-bit data. */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock, type RegisterCell } from "../registers.js";
import { byteRemainders } from "./crc-table.js";

type CrcRegister = "DR" | "IDR" | "CR" | "INIT" | "POL";

const RESET = 1 << 0;
const REV_OUT = 1 << 7;
/** CR.POLYSIZE 0..3. */
const UNITS = [0, 8, 16, 32] as const;
const WIDTHS = [32, 16, 8, 7] as const;

export class Crc implements BusDevice {
  readonly registers: RegisterBlock<CrcRegister>;

  readonly #log: EmulatorLog;
  readonly #clocked: ClockGate;
  readonly #cr: RegisterCell;
  readonly #pol: RegisterCell;
  readonly #table = new Int32Array(256);
  /** 0: none yet; the unit's polynomials are odd. */
  #tablePolynomial = 0;
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
    this.#cr = this.registers.cell("CR");
    this.#pol = this.registers.cell("POL");
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

  #width(): 32 | 16 | 8 | 7 {
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
    const { value: cr } = this.#cr;
    const unit = UNITS[(cr >>> 5) & 3] ?? 0;
    const data = unit === 0 ? value : reverseUnits(value, bits, Math.min(unit, bits));
    const width = WIDTHS[(cr >>> 3) & 3] ?? 32;
    // A register narrower than 32 bits stands at the upper end of the word, so that one way of shifting serves all.
    const align = 32 - width;
    const table = this.#tableOf((this.#pol.value << align) >>> 0);
    let crc = this.#crc << align;
    for (let byte = bits - 8; byte >= 0; byte -= 8) {
      crc = (crc << 8) ^ (table[((crc >>> 24) ^ (data >>> byte)) & 0xff] ?? 0);
    }
    this.#crc = crc >>> align;
  }

  /** What eight bits do. @param polynomial at the upper end of the word. */
  #tableOf(polynomial: number): Int32Array {
    if (polynomial === this.#tablePolynomial) return this.#table;
    this.#tablePolynomial = polynomial;
    return byteRemainders(polynomial, this.#table);
  }

  #result(): number {
    const value = (this.#crc & widthMask(this.#width())) >>> 0;
    return this.registers.has("CR", REV_OUT) ? reverseUnits(value, this.#width(), this.#width()) : value;
  }
}

function widthMask(width: number): number {
  return width === 32 ? 0xffff_ffff : (1 << width) - 1;
}

/** Reverses the order of bits inside each group of `unit` bits of a value of `bits` bits. */
function reverseUnits(value: number, bits: number, unit: number): number {
  if (unit === 7) return reverseUnits(value, 8, 8) >>> 1;
  let result = ((value >>> 1) & 0x5555_5555) | ((value & 0x5555_5555) << 1);
  result = ((result >>> 2) & 0x3333_3333) | ((result & 0x3333_3333) << 2);
  result = ((result >>> 4) & 0x0f0f_0f0f) | ((result & 0x0f0f_0f0f) << 4);
  if (unit >= 16) result = ((result >>> 8) & 0x00ff_00ff) | ((result & 0x00ff_00ff) << 8);
  if (unit === 32) result = (result >>> 16) | (result << 16);
  return (bits === 32 ? result : result & ((1 << bits) - 1)) >>> 0;
}
