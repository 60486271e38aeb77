/** Peripherals' outputs by the alternate function that leads them to a pin. */

/** What a peripheral drives onto a pin in its alternate function; undefined: nothing, or high impedance. Asked when it matters. */
export type AlternateOutput = () => boolean | undefined;

export class PinFunctions {
  /** By pin * 16 + alternate function. */
  readonly #outputs = new Map<number, AlternateOutput>();
  /** Of those, the lines of buses that a board pulls up. */
  readonly #buses = new Set<number>();
  /** Functions that take a pin whatever MODER and AFR say. */
  readonly #takers = new Map<number, AlternateOutput>();
  /** Pins that one of them has now. */
  taken = 0;

  connect(pin: number, af: number, output: AlternateOutput, pulledUp: boolean): void {
    this.#outputs.set(pin * 16 + af, output);
    if (pulledUp) this.#buses.add(pin * 16 + af);
  }

  take(pin: number, output: AlternateOutput | undefined): void {
    if (output === undefined) this.#takers.delete(pin);
    else this.#takers.set(pin, output);
    this.taken = output === undefined ? this.taken & ~(1 << pin) : this.taken | (1 << pin);
  }

  output(pin: number, af: number): AlternateOutput | undefined {
    return this.#takers.get(pin) ?? this.#outputs.get(pin * 16 + af);
  }

  pulledUp(pin: number, af: number): boolean {
    return this.#buses.has(pin * 16 + af);
  }
}
