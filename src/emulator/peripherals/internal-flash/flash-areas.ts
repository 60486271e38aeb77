/** What is protected in one bank of the internal flash (RM0433, "FLASH protection mechanisms"). */

import { type ByteRange, bankRange, type FlashGeometry, sectorRange } from "./flash-geometry.js";
import { overlap, protectedArea } from "./flash-options.js";
import type { BankRegister } from "./flash-registers.js";
import type { FlashRights } from "./flash-rights.js";

export interface FlashAreasPort {
  readonly geometry: FlashGeometry;
  /** Bank, from 0. */
  readonly index: number;
  readonly rights: FlashRights;
  readonly register: (name: BankRegister) => number;
  /** OPTSR_CUR.SECURITY */
  readonly secure: () => boolean;
}

/** "execute-only": PCROP. "shut": to everything, see `FlashRights.shut`. */
export type Refusal = "execute-only" | "secure-only" | "shut";

export class FlashAreas {
  readonly #port: FlashAreasPort;

  constructor(port: FlashAreasPort) {
    this.#port = port;
  }

  /** Nothing of the bank is kept from any read. */
  get open(): boolean {
    return !this.#port.rights.shut && this.#executeOnly() === undefined && this.#closed() === undefined;
  }

  /** Why a read or an instruction fetch does not get what lies there. @param offset in the whole flash */
  refusal(offset: number, fetch: boolean): Refusal | undefined {
    if (this.#port.rights.shut) return "shut";
    if (holds(this.#closed(), offset)) return "secure-only";
    return !fetch && holds(this.#executeOnly(), offset) ? "execute-only" : undefined;
  }

  /** Does a read of data get zeros somewhere in the range? The CRC unit's reads do as well. */
  hides(range: ByteRange): boolean {
    return this.#areas().some((area) => overlap(area, range));
  }

  /** A write or an erase that reaches into the range is refused. @param range in the whole flash */
  keeps(range: ByteRange): boolean {
    const { geometry, index, rights, register } = this.#port;
    if (rights.shut) return true;
    for (let sector = 0; sector < geometry.sectorsPerBank; sector++) {
      const here = sectorRange(geometry, index, sector);
      if (!overlap(here, range)) continue;
      if ((register("WPSN_CUR") & (1 << sector)) === 0 || this.hides(here)) return true;
    }
    return false;
  }

  #areas(): ByteRange[] {
    return [this.#executeOnly(), this.#closed()].filter((area) => area !== undefined);
  }

  #executeOnly(): ByteRange | undefined {
    return this.#area("PRAR_CUR");
  }

  /** The secure-only area, while secure user software does not run. */
  #closed(): ByteRange | undefined {
    const { rights, secure } = this.#port;
    return secure() && !rights.secureRuns ? this.#area("SCAR_CUR") : undefined;
  }

  #area(name: BankRegister): ByteRange | undefined {
    const { geometry, index, register } = this.#port;
    const area = protectedArea(register(name), geometry);
    return area === undefined
      ? undefined
      : { ...area, offset: area.offset + bankRange(geometry, index).offset };
  }
}

function holds(area: ByteRange | undefined, offset: number): boolean {
  return area !== undefined && offset >= area.offset && offset < area.offset + area.length;
}
