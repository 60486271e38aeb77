/** A flash chip on the board and its way to QUADSPI's pins. */

import { FLASH_PINS, type FlashPin } from "../../boards/board.js";
import type { SerialNorFlash } from "../flash/nor-flash.js";
import { alternateFunction, type Signal } from "../peripherals/alternate-functions.js";
import type { Gpio, PortLetter } from "../peripherals/gpio.js";
import type { DataLines } from "../peripherals/quadspi/quadspi-wire.js";

export interface PinAt {
  readonly gpio: Gpio;
  readonly port: PortLetter;
  readonly pin: number;
}

export interface FlashSocketOptions {
  readonly chip: SerialNorFlash;
  /** QUADSPI bank that it is wired to. */
  readonly bank: 1 | 2;
  /** "PB2" of each of the chip's pins. */
  readonly pins: Readonly<Record<FlashPin, string>>;
  readonly pinAt: (name: string) => PinAt;
  readonly hasAlternateFunction: (port: PortLetter, pin: number, af: number) => boolean;
}

/** QUADSPI signal of each flash pin, by bank. */
const SIGNALS: Readonly<Record<1 | 2, Readonly<Record<FlashPin, Signal>>>> = {
  1: {
    CLK: "QUADSPI_CLK",
    NCS: "QUADSPI_BK1_NCS",
    IO0: "QUADSPI_BK1_IO0",
    IO1: "QUADSPI_BK1_IO1",
    IO2: "QUADSPI_BK1_IO2",
    IO3: "QUADSPI_BK1_IO3",
  },
  2: {
    CLK: "QUADSPI_CLK",
    NCS: "QUADSPI_BK2_NCS",
    IO0: "QUADSPI_BK2_IO0",
    IO1: "QUADSPI_BK2_IO1",
    IO2: "QUADSPI_BK2_IO2",
    IO3: "QUADSPI_BK2_IO3",
  },
};
const DATA_PINS = ["IO0", "IO1", "IO2", "IO3"] as const;

export class FlashSocket {
  readonly chip: SerialNorFlash;
  readonly bank: 1 | 2;
  readonly #options: FlashSocketOptions;
  readonly #pins: Readonly<Record<FlashPin, { readonly at: PinAt; readonly af: number | undefined }>>;

  constructor(options: FlashSocketOptions) {
    const { chip, bank, pins, pinAt } = options;
    this.#options = options;
    this.chip = chip;
    this.bank = bank;
    const found = FLASH_PINS.map((name) => {
      // In dual-flash mode one /CS may select both chips.
      const signals = name === "NCS" ? [SIGNALS[bank].NCS, SIGNALS[1].NCS] : [SIGNALS[bank][name]];
      const af = signals
        .map((signal) => alternateFunction(signal, pins[name]))
        .find((one) => one !== undefined);
      return [name, { at: pinAt(pins[name]), af }] as const;
    });
    this.#pins = Object.fromEntries(found) as Record<FlashPin, { at: PinAt; af: number | undefined }>;
  }

  /** CLK and NCS reach the chip; which data lines do is another question. */
  get wired(): boolean {
    return this.#muxed("CLK") && this.#muxed("NCS");
  }

  /** Lines that are no QUADSPI pins carry what GPIO drives, else the chip's own pull-up (/WP, /HOLD). */
  get lines(): DataLines {
    let muxed = 0;
    let levels = 0;
    DATA_PINS.forEach((name, line) => {
      const { gpio, pin } = this.#pins[name].at;
      if (this.#muxed(name)) muxed |= 1 << line;
      else if (gpio.pinFunction(pin).mode !== "output" || gpio.level(pin)) levels |= 1 << line;
    });
    return { muxed, levels };
  }

  #muxed(name: FlashPin): boolean {
    const { at, af } = this.#pins[name];
    return af !== undefined && this.#options.hasAlternateFunction(at.port, at.pin, af);
  }
}
