/**
 * Which pin carries which signal with which alternate function (data sheet DS12556, "Port A..K alternate
 * functions"): QUADSPI, USB2 OTG_FS, SPI and the serial ports of the STM32H750.
 */

/** Signal -> pin -> alternate function number. */
export const ALTERNATE_FUNCTIONS = {
  LPUART1_CTS: { PA11: 3 },
  LPUART1_RTS: { PA12: 3 },
  LPUART1_RX: { PA10: 3, PB7: 8 },
  LPUART1_TX: { PA9: 3, PB6: 8 },
  OTG_FS_DM: { PA11: 10 },
  OTG_FS_DP: { PA12: 10 },
  OTG_FS_ID: { PA10: 10 },
  OTG_FS_SOF: { PA8: 10 },
  QUADSPI_BK1_IO0: { PC9: 9, PD11: 9, PF8: 10 },
  QUADSPI_BK1_IO1: { PC10: 9, PD12: 9, PF9: 10 },
  QUADSPI_BK1_IO2: { PE2: 9, PF7: 9 },
  QUADSPI_BK1_IO3: { PA1: 9, PD13: 9, PF6: 9 },
  QUADSPI_BK1_NCS: { PB6: 10, PB10: 9, PG6: 10 },
  QUADSPI_BK2_IO0: { PE7: 10, PH2: 9 },
  QUADSPI_BK2_IO1: { PE8: 10, PH3: 9 },
  QUADSPI_BK2_IO2: { PE9: 10, PG9: 9 },
  QUADSPI_BK2_IO3: { PE10: 10, PG14: 9 },
  QUADSPI_BK2_NCS: { PC11: 9 },
  QUADSPI_CLK: { PB2: 9, PF10: 9 },
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
  UART4_CTS: { PB0: 8, PB15: 8 },
  UART4_RTS: { PA15: 8, PB14: 8 },
  UART4_RX: { PA1: 8, PA11: 6, PB8: 8, PC11: 8, PD0: 8, PH14: 8, PI9: 8 },
  UART4_TX: { PA0: 8, PA12: 6, PB9: 8, PC10: 8, PD1: 8, PH13: 8 },
  UART5_CTS: { PC9: 8 },
  UART5_RTS: { PC8: 8 },
  UART5_RX: { PB5: 14, PB12: 14, PD2: 8 },
  UART5_TX: { PB6: 14, PB13: 14, PC12: 8 },
  UART7_CTS: { PE10: 7, PF9: 7 },
  UART7_RTS: { PE9: 7, PF8: 7 },
  UART7_RX: { PA8: 11, PB3: 11, PE7: 7, PF6: 7 },
  UART7_TX: { PA15: 11, PB4: 11, PE8: 7, PF7: 7 },
  UART8_CTS: { PD14: 8 },
  UART8_RTS: { PD15: 8 },
  UART8_RX: { PE0: 8, PJ9: 8 },
  UART8_TX: { PE1: 8, PJ8: 8 },
  USART1_CTS: { PA11: 7 },
  USART1_RTS: { PA12: 7 },
  USART1_RX: { PA10: 7, PB7: 7, PB15: 4 },
  USART1_TX: { PA9: 7, PB6: 7, PB14: 4 },
  USART2_CTS: { PA0: 7, PD3: 7 },
  USART2_RTS: { PA1: 7, PD4: 7 },
  USART2_RX: { PA3: 7, PD6: 7 },
  USART2_TX: { PA2: 7, PD5: 7 },
  USART3_CTS: { PB13: 7, PD11: 7 },
  USART3_RTS: { PB14: 7, PD12: 7 },
  USART3_RX: { PB11: 7, PC11: 7, PD9: 7 },
  USART3_TX: { PB10: 7, PC10: 7, PD8: 7 },
  USART6_CTS: { PG13: 7, PG15: 7 },
  USART6_RTS: { PG8: 7, PG12: 7 },
  USART6_RX: { PC7: 7, PG9: 7 },
  USART6_TX: { PC6: 7, PG14: 7 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

export type Signal = keyof typeof ALTERNATE_FUNCTIONS;

/** Alternate function that connects `pin` ("PB2") to `signal`, or undefined when the chip has no such connection. */
export function alternateFunction(signal: Signal, pin: string): number | undefined {
  const pins: Readonly<Record<string, number>> = ALTERNATE_FUNCTIONS[signal];
  return pins[pin];
}

/** The signal that alternate function `af` of `pin` carries, undefined when it is none of this table's. */
export function signalOf(pin: string, af: number): Signal | undefined {
  const signals = Object.keys(ALTERNATE_FUNCTIONS) as Signal[];
  return signals.find((signal) => alternateFunction(signal, pin) === af);
}
