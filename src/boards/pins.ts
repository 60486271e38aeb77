/**
 * Pins of the STM32H750: which pin carries which QUADSPI, SPI, DCMI or serial signal with which alternate function, and which
 * pins a package has. Data sheet DS12556, "Port A..K alternate functions" and the pin description; held to ST's open
 * pin data (GPIO-STM32H747, STM32H750IBKx, IBTx, VBTx, XBHx, ZBTx). The emulator has a table of its own
 * (emulator/peripherals/alternate-functions.ts): a test holds one to the other.
 */

/** Signal -> pin -> alternate function number, pins ascending. */
export const SIGNAL_PINS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  QUADSPI_CLK: { PB2: 9, PF10: 9 },
  QUADSPI_BK1_NCS: { PB6: 10, PB10: 9, PG6: 10 },
  QUADSPI_BK1_IO0: { PC9: 9, PD11: 9, PF8: 10 },
  QUADSPI_BK1_IO1: { PC10: 9, PD12: 9, PF9: 10 },
  QUADSPI_BK1_IO2: { PE2: 9, PF7: 9 },
  QUADSPI_BK1_IO3: { PA1: 9, PD13: 9, PF6: 9 },
  QUADSPI_BK2_NCS: { PC11: 9 },
  QUADSPI_BK2_IO0: { PE7: 10, PH2: 9 },
  QUADSPI_BK2_IO1: { PE8: 10, PH3: 9 },
  QUADSPI_BK2_IO2: { PE9: 10, PG9: 9 },
  QUADSPI_BK2_IO3: { PE10: 10, PG14: 9 },
  SPI1_MISO: { PA6: 5, PB4: 5, PG9: 5 },
  SPI1_MOSI: { PA7: 5, PB5: 5, PD7: 5 },
  SPI1_SCK: { PA5: 5, PB3: 5, PG11: 5 },
  SPI2_MISO: { PB14: 5, PC2: 5, PI2: 5 },
  SPI2_MOSI: { PB15: 5, PC1: 5, PC3: 5, PI3: 5 },
  SPI2_SCK: { PA9: 5, PA12: 5, PB10: 5, PB13: 5, PD3: 5, PI1: 5 },
  SPI3_MISO: { PB4: 6, PC11: 6 },
  SPI3_MOSI: { PB2: 7, PB5: 7, PC12: 6, PD6: 5 },
  SPI3_SCK: { PB3: 6, PC10: 6 },
  SPI4_MISO: { PE5: 5, PE13: 5 },
  SPI4_MOSI: { PE6: 5, PE14: 5 },
  SPI4_SCK: { PE2: 5, PE12: 5 },
  SPI5_MISO: { PF8: 5, PH7: 5, PJ11: 5 },
  SPI5_MOSI: { PF9: 5, PF11: 5, PJ10: 5 },
  SPI5_SCK: { PF7: 5, PH6: 5, PK0: 5 },
  SPI6_MISO: { PA6: 8, PB4: 8, PG12: 5 },
  SPI6_MOSI: { PA7: 8, PB5: 8, PG14: 5 },
  SPI6_SCK: { PA5: 8, PB3: 8, PG13: 5 },
  DCMI_D0: { PA9: 13, PC6: 13, PH9: 13 },
  DCMI_D1: { PA10: 13, PC7: 13, PH10: 13 },
  DCMI_D2: { PC8: 13, PE0: 13, PG10: 13, PH11: 13 },
  DCMI_D3: { PC9: 13, PE1: 13, PG11: 13, PH12: 13 },
  DCMI_D4: { PC11: 13, PE4: 13, PH14: 13 },
  DCMI_D5: { PB6: 13, PD3: 13, PI4: 13 },
  DCMI_D6: { PB8: 13, PE5: 13, PI6: 13 },
  DCMI_D7: { PB9: 13, PE6: 13, PI7: 13 },
  DCMI_HSYNC: { PA4: 13, PH8: 13 },
  DCMI_PIXCLK: { PA6: 13 },
  DCMI_VSYNC: { PB7: 13, PG9: 13, PI5: 13 },
  LPUART1_TX: { PA9: 3, PB6: 8 },
  LPUART1_RX: { PA10: 3, PB7: 8 },
  USART1_TX: { PA9: 7, PB6: 7, PB14: 4 },
  USART1_RX: { PA10: 7, PB7: 7, PB15: 4 },
  USART2_TX: { PA2: 7, PD5: 7 },
  USART2_RX: { PA3: 7, PD6: 7 },
  USART3_TX: { PB10: 7, PC10: 7, PD8: 7 },
  USART3_RX: { PB11: 7, PC11: 7, PD9: 7 },
  UART4_TX: { PA0: 8, PA12: 6, PB9: 8, PC10: 8, PD1: 8, PH13: 8 },
  UART4_RX: { PA1: 8, PA11: 6, PB8: 8, PC11: 8, PD0: 8, PH14: 8, PI9: 8 },
  UART5_TX: { PB6: 14, PB13: 14, PC12: 8 },
  UART5_RX: { PB5: 14, PB12: 14, PD2: 8 },
  USART6_TX: { PC6: 7, PG14: 7 },
  USART6_RX: { PC7: 7, PG9: 7 },
  UART7_TX: { PA15: 11, PB4: 11, PE8: 7, PF7: 7 },
  UART7_RX: { PA8: 11, PB3: 11, PE7: 7, PF6: 7 },
  UART8_TX: { PE1: 8, PJ8: 8 },
  UART8_RX: { PE0: 8, PJ9: 8 },
};

/** What every board needs for something else. */
export const TAKEN_PINS: Readonly<Record<string, string>> = {
  PA11: "USB D-",
  PA12: "USB D+",
  PA13: "SWDIO",
  PA14: "SWCLK",
};

/** Package -> port letter -> highest pin number; ports that are not named have no pin at all. */
export const PACKAGES = {
  LQFP100: ports("ABCDE", { H: 1 }),
  LQFP144: ports("ABCDEFG", { H: 1 }),
  LQFP176: ports("ABCDEFGH", { I: 11 }),
  UFBGA176: ports("ABCDEFGH", { I: 11 }),
  TFBGA240: ports("ABCDEFGHIJ", { K: 7 }),
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

export type PackageName = keyof typeof PACKAGES;

export const PACKAGE_NAMES = Object.keys(PACKAGES) as readonly PackageName[];

function ports(whole: string, partly: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return { ...Object.fromEntries([...whole].map((letter) => [letter, 15])), ...partly };
}

/** Does the package bring the pin ("PB2") out? */
export function hasPin(packageName: PackageName, pin: string): boolean {
  const highest: Readonly<Record<string, number>> = PACKAGES[packageName];
  return Number(pin.slice(2)) <= (highest[pin[1] ?? ""] ?? -1);
}

export interface PossiblePin {
  readonly pin: string;
  readonly af: number;
}

/** Pins that carry the signal, on this package where it is known; none: the chip has no such signal. */
export function possiblePins(signal: string, packageName?: PackageName): PossiblePin[] {
  return Object.entries(SIGNAL_PINS[signal] ?? {})
    .filter(([pin]) => packageName === undefined || hasPin(packageName, pin))
    .map(([pin, af]) => ({ pin, af }));
}

/** For messages: "PE2 (AF9), PF7 (AF9)". */
export function describePins(pins: readonly PossiblePin[]): string {
  return pins.length === 0 ? "none" : pins.map(({ pin, af }) => `${pin} (AF${af})`).join(", ");
}
