/** A flash chip on an SPI: clocked by the peripheral, or by a program that moves the pins itself. */

import type { SpiFlashWiring, SpiPin } from "../../boards/board.js";
import type { SerialNorFlash } from "../flash/nor-flash.js";
import type { PortLetter } from "../peripherals/gpio.js";
import type { PinAt } from "./flash-socket.js";

export interface SpiFlashSocketOptions {
  readonly chip: SerialNorFlash;
  readonly wiring: SpiFlashWiring;
  readonly pinAt: (name: string) => PinAt;
  readonly hasAlternateFunction: (port: PortLetter, pin: number, af: number) => boolean;
}

/** A frame on the wire: `bits` bits of `value`, most significant first, at `hz` bits a second. */
export interface SpiFrame {
  readonly value: number;
  readonly bits: number;
  readonly hz: number;
}

export class SpiFlashSocket {
  readonly chip: SerialNorFlash;
  readonly spi: string;
  readonly #options: SpiFlashSocketOptions;
  readonly #mosi: PinAt;
  readonly #miso: PinAt;
  #selected = false;
  #drives = false;

  constructor(options: SpiFlashSocketOptions) {
    const { chip, wiring, pinAt } = options;
    this.#options = options;
    this.chip = chip;
    this.spi = wiring.spi;
    this.#mosi = pinAt(wiring.pins.MOSI.pin);
    this.#miso = pinAt(wiring.pins.MISO.pin);
    const select = pinAt(wiring.select);
    // Nobody drives it: the board pulls it up.
    select.gpio.observe(select.pin, (level) => this.#select(level === false), true);
    const clock = pinAt(wiring.pins.SCK.pin);
    clock.gpio.observe(clock.pin, (level) => this.#edge(level), true);
  }

  /** A frame of the SPI at its pins, both ways. MISO reads ones where nobody drives it. */
  exchange({ value, bits, hz }: SpiFrame): number {
    const ones = bits === 32 ? 0xffff_ffff : 2 ** bits - 1;
    if (!this.#selected || !this.#muxed("SCK")) return ones;
    this.chip.clockHz = hz;
    const sent = this.#muxed("MOSI") ? value : ones;
    const answer = this.#clockIn(sent, bits);
    return this.#muxed("MISO") ? answer : ones;
  }

  #clockIn(value: number, bits: number): number {
    let answer = 0;
    if (bits % 8 === 0) {
      for (let left = bits - 8; left >= 0; left -= 8)
        answer = answer * 256 + this.chip.exchangeByte((value >>> left) & 0xff);
      return answer;
    }
    for (let left = bits - 1; left >= 0; left--)
      answer = answer * 2 + (this.chip.exchangeBit(((value >>> left) & 1) !== 0) ? 1 : 0);
    return answer;
  }

  #select(selected: boolean): void {
    if (selected === this.#selected) return;
    this.#selected = selected;
    if (selected) {
      this.chip.select();
      return;
    }
    this.chip.deselect();
    this.#release();
  }

  /** A program moves SCK: MOSI is taken when it rises, MISO changes when it falls (modes 0 and 3). */
  #edge(level: boolean | undefined): void {
    if (!this.#selected || level === undefined || this.#muxed("SCK")) return;
    this.chip.clockHz = 0;
    if (!this.chip.answering) {
      if (level) this.chip.exchangeBit(this.#mosi.gpio.level(this.#mosi.pin));
      return;
    }
    if (level) return;
    this.#drives = true;
    this.#miso.gpio.drive(this.#miso.pin, this.chip.exchangeBit(true), "strong");
  }

  #release(): void {
    if (!this.#drives) return;
    this.#drives = false;
    this.#miso.gpio.release(this.#miso.pin);
  }

  #muxed(name: SpiPin): boolean {
    const { pin, af } = this.#options.wiring.pins[name];
    const at = this.#options.pinAt(pin);
    return this.#options.hasAlternateFunction(at.port, at.pin, af);
  }
}
