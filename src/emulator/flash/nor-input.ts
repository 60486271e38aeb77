/** The bytes that a command brings: a page's, or a register's (Winbond, "Page Program": the last ones of a place win). */

import { PAGE } from "./part.js";

export class NorInput {
  #page = new Uint8Array(PAGE);
  #present = new Uint8Array(PAGE);
  /** Bytes since the chip was selected. */
  count = 0;

  begin(): void {
    this.#present.fill(0);
  }

  /** @param start where in the page the first byte lies */
  take(byte: number, start: number): void {
    const index = (start + this.count) % PAGE;
    this.#page[index] = byte;
    this.#present[index] = 1;
    this.count++;
  }

  get data(): { readonly bytes: Uint8Array; readonly present: Uint8Array } {
    return { bytes: this.#page.slice(), present: this.#present.slice() };
  }
}
