/** What QUADSPI's registers ask for: mode, command, address, length, threshold (RM0433, QUADSPI registers). */

import type { RegisterBlock, RegisterCell } from "../../registers.js";
import { CR, MODE, type QuadSpiRegister } from "./quadspi-registers.js";
import { type CommandFormat, decodeCommand, type QuadSpiWire } from "./quadspi-wire.js";

export class QuadSpiSetup {
  readonly #registers: RegisterBlock<QuadSpiRegister>;
  readonly #wire: QuadSpiWire;
  readonly #cr: RegisterCell;
  readonly #ccr: RegisterCell;
  readonly #abr: RegisterCell;
  readonly #dcr: RegisterCell;
  #decoded: { readonly ccr: number; readonly abr: number; readonly format: CommandFormat } | undefined;

  constructor(registers: RegisterBlock<QuadSpiRegister>, wire: QuadSpiWire) {
    this.#registers = registers;
    this.#wire = wire;
    this.#cr = registers.cell("CR");
    this.#ccr = registers.cell("CCR");
    this.#abr = registers.cell("ABR");
    this.#dcr = registers.cell("DCR");
  }

  get cr(): number {
    return this.#cr.value;
  }

  get ccr(): number {
    return this.#ccr.value;
  }

  get mode(): number {
    return (this.#ccr.value >>> 26) & 3;
  }

  get enabled(): boolean {
    return (this.#cr.value & CR.EN) !== 0;
  }

  get deviceBytes(): number {
    return 2 ** (((this.#dcr.value >>> 16) & 31) + 1);
  }

  /** With two chips, bit 0 of AR is stuck at 0, and bit 0 of DLR at 1: bytes come in pairs. */
  get address(): number {
    return (this.#registers.get("AR") & (this.#wire.dual ? ~1 : -1)) >>> 0;
  }

  get lastByte(): number {
    return (this.#registers.get("DLR") | (this.#wire.dual ? 1 : 0)) >>> 0;
  }

  /** How long /CS stays high between commands. */
  get gapNs(): number {
    return (((this.#dcr.value >>> 8) & 7) + 1) * this.#wire.clockNs;
  }

  /** Bytes, or room for them, at which FTF rises. */
  get threshold(): number {
    return ((this.#cr.value >>> 8) & 31) + 1;
  }

  get format(): CommandFormat {
    const ccr = this.#ccr.value;
    const abr = this.#abr.value;
    if (this.#decoded?.ccr !== ccr || this.#decoded.abr !== abr) {
      this.#decoded = { ccr, abr, format: decodeCommand(ccr, abr) };
    }
    return this.#decoded.format;
  }

  /** Indirect writes with a data phase start with the first write to DR. */
  get waitsForData(): boolean {
    return this.mode === MODE.WRITE && this.format.dataLines !== undefined;
  }

  /** Bytes of the data phase; undefined when it would leave the device (DCR.FSIZE). */
  get dataLength(): number | undefined {
    const format = this.format;
    const room = this.deviceBytes - this.address;
    const addressed = format.addressLines !== undefined;
    if (addressed && room <= 0) return undefined;
    if (format.dataLines === undefined) return 0;
    const dlr = this.lastByte;
    if (dlr === 0xffffffff) {
      return addressed && this.deviceBytes < 2 ** 32 ? room : Number.POSITIVE_INFINITY;
    }
    const bytes = dlr + 1;
    return addressed && this.mode !== MODE.POLL && bytes > room ? undefined : bytes;
  }
}
