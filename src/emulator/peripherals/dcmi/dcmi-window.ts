/** Which samples of a frame DCMI takes: the crop window, one line out of two, some bytes of a line (RM0433, DCMI_CR, DCMI_CWSTRT). */

import type { RegisterBlock } from "../../registers.js";
import { BSM_SHIFT, CROP, EDM_SHIFT, LSM, OEBS, OELS } from "./dcmi-registers.js";

/** CR.BSM */
const EVERY_OTHER = 1;
const ONE_OF_FOUR = 2;
const TWO_OF_FOUR = 3;

export class DcmiWindow {
  readonly #registers: RegisterBlock<string>;
  /** Of the line under way, from 0 on. */
  #line = 0;
  /** Pixel clocks of that line so far. */
  #clocks = 0;

  constructor(registers: RegisterBlock<string>) {
    this.#registers = registers;
  }

  frameStarts(): void {
    this.#line = 0;
    this.#clocks = 0;
  }

  /** @returns whether that was the last line of the crop window */
  lineEnds(): boolean {
    const last = this.#cropped && this.#line === this.#firstLine + this.#lines - 1;
    this.#line++;
    this.#clocks = 0;
    return last;
  }

  /** A pixel clock: is its sample taken? */
  takes(): boolean {
    const clock = this.#clocks++;
    const cr = this.#registers.get("CR");
    if ((cr & LSM) !== 0 && (this.#line & 1) !== ((cr & OELS) !== 0 ? 1 : 0)) return false;
    if (!this.#cropped) return this.#selected(cr, clock);
    const first = this.#registers.get("CWSTRTR") & 0x3fff;
    const within = clock >= first && clock <= first + (this.#registers.get("CWSIZER") & 0x3fff);
    const line = this.#line - this.#firstLine;
    return within && line >= 0 && line < this.#lines && this.#selected(cr, clock - first);
  }

  /** By CR.BSM and OEBS, which are for data of 8 bits alone. */
  #selected(cr: number, place: number): boolean {
    if (((cr >>> EDM_SHIFT) & 3) !== 0) return true;
    const second = (cr & OEBS) !== 0;
    switch ((cr >>> BSM_SHIFT) & 3) {
      case EVERY_OTHER:
        return (place & 1) === (second ? 1 : 0);
      case ONE_OF_FOUR:
        return (place & 3) === (second ? 1 : 0);
      case TWO_OF_FOUR:
        return (place & 2) === (second ? 2 : 0);
      default:
        return true;
    }
  }

  get #cropped(): boolean {
    return this.#registers.has("CR", CROP);
  }

  get #firstLine(): number {
    return (this.#registers.get("CWSTRTR") >>> 16) & 0x1fff;
  }

  get #lines(): number {
    return ((this.#registers.get("CWSIZER") >>> 16) & 0x3fff) + 1;
  }
}
