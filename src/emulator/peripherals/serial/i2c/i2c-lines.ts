/** SCL and SDA (UM10204): who pulls them low, and what their edges mean. Without pins, what it releases is high. */

import type { PinSignal } from "../../../pin-signal.js";

export type LineName = "SCL" | "SDA";
/** "guest": a chip of the board's file, which knows bytes only. */
export type Puller = "master" | "slave" | "guest";

export interface LineListener {
  start(): void;
  stop(): void;
  /** SCL rose: SDA is a bit. */
  rise(sda: boolean): void;
  fall(): void;
}

export class I2cLines {
  readonly #pins: Readonly<Record<LineName, PinSignal>>;
  readonly #listeners: LineListener[] = [];
  readonly #low: Record<LineName, Set<Puller>> = { SCL: new Set(), SDA: new Set() };
  #scl = true;
  #sda = true;
  #inside = false;
  #again = false;

  constructor(pins: Readonly<Record<LineName, PinSignal>>) {
    this.#pins = pins;
  }

  listen(listener: LineListener): void {
    this.#listeners.push(listener);
  }

  get scl(): boolean {
    return this.#scl;
  }

  get sda(): boolean {
    return this.#sda;
  }

  /** What it drives onto a pin: low, or nothing. */
  output(line: LineName): boolean | undefined {
    const low = this.#low[line];
    return low.size === 0 || (low.size === 1 && low.has("guest")) ? undefined : false;
  }

  pull(who: Puller, line: LineName, low: boolean): void {
    const before = this.#low[line].size;
    if (low) this.#low[line].add(who);
    else this.#low[line].delete(who);
    if (this.#low[line].size === before) return;
    this.#pins[line].refresh();
    this.changed();
  }

  release(who: Puller): void {
    // SDA last would be a stop condition that nobody meant.
    this.pull(who, "SDA", false);
    this.pull(who, "SCL", false);
  }

  /** Takes the lines as they are, with nobody told. */
  settle(): void {
    this.#scl = this.#level("SCL");
    this.#sda = this.#level("SDA");
  }

  /** A level may have changed. What follows from an edge may change levels again. */
  changed(): void {
    this.#again = true;
    if (this.#inside) return;
    this.#inside = true;
    while (this.#again) {
      this.#again = false;
      this.#edge();
    }
    this.#inside = false;
  }

  #level(line: LineName): boolean {
    return this.#low[line].size === 0 && (this.#pins[line].driven ?? true);
  }

  /** One edge at a time: SDA changes while SCL is low, where both change at once. */
  #edge(): void {
    const scl = this.#level("SCL");
    const sda = this.#level("SDA");
    if (scl !== this.#scl && (!scl || sda === this.#sda)) {
      this.#scl = scl;
      this.#again = true;
      if (scl) for (const one of this.#listeners) one.rise(sda);
      else for (const one of this.#listeners) one.fall();
    } else if (sda !== this.#sda) {
      this.#sda = sda;
      this.#again = true;
      if (!this.#scl || !scl) return;
      if (sda) for (const one of this.#listeners) one.stop();
      else for (const one of this.#listeners) one.start();
    }
  }
}
