/** Interrupts with more than one source: asserted while any of them is (RM0433, table "NVIC"). */

import type { InterruptLine } from "../bus.js";

export class SharedLines {
  readonly #line: (irq: number) => InterruptLine;
  readonly #asserted = new Map<number, number>();
  readonly #lines = new Map<number, InterruptLine>();

  constructor(line: (irq: number) => InterruptLine) {
    this.#line = line;
  }

  /** Another source of `irq`. */
  source(irq: number): InterruptLine {
    let on = false;
    return {
      set: (asserted) => {
        if (asserted === on) return;
        on = asserted;
        const count = (this.#asserted.get(irq) ?? 0) + (asserted ? 1 : -1);
        this.#asserted.set(irq, count);
        this.#to(irq).set(count > 0);
      },
    };
  }

  #to(irq: number): InterruptLine {
    const known = this.#lines.get(irq);
    if (known !== undefined) return known;
    const line = this.#line(irq);
    this.#lines.set(irq, line);
    return line;
  }
}
