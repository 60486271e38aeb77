/** Registers of the RCC as data (RM0433, chapter RCC). Gates are named after the peripheral they serve. */

import type { RegisterSpec } from "../../registers.js";
import { TRIMS, type TrimmedSource } from "./rcc-sources.js";

type Bits = Readonly<Record<string, number>>;

const AHB3 = { MDMA: 0, DMA2D: 4, JPGDEC: 5, FMC: 12, QUADSPI: 14, SDMMC1: 16 } as const;
const AHB1 = { DMA1: 0, DMA2: 1, ADC12: 5, ETH1MAC: 15, USB1OTG: 25, USB2OTG: 27 } as const;
const AHB1_CLOCKS = { ...AHB1, ETH1TX: 16, ETH1RX: 17, USB1OTGULPI: 26, USB2OTGULPI: 28 } as const;
const AHB2 = { DCMI: 0, CRYP: 4, HASH: 5, RNG: 6, SDMMC2: 9 } as const;
const AHB2_CLOCKS = { ...AHB2, SRAM1: 29, SRAM2: 30, SRAM3: 31 } as const;
const AHB4 = {
  GPIOA: 0,
  GPIOB: 1,
  GPIOC: 2,
  GPIOD: 3,
  GPIOE: 4,
  GPIOF: 5,
  GPIOG: 6,
  GPIOH: 7,
  GPIOI: 8,
  GPIOJ: 9,
  GPIOK: 10,
  CRC: 19,
  BDMA: 21,
  ADC3: 24,
} as const;
const APB1L = {
  TIM2: 0,
  TIM3: 1,
  TIM4: 2,
  TIM5: 3,
  TIM6: 4,
  TIM7: 5,
  TIM12: 6,
  TIM13: 7,
  TIM14: 8,
  LPTIM1: 9,
  SPI2: 14,
  SPI3: 15,
  SPDIFRX: 16,
  USART2: 17,
  USART3: 18,
  UART4: 19,
  UART5: 20,
  I2C1: 21,
  I2C2: 22,
  I2C3: 23,
  CEC: 27,
  DAC12: 29,
  UART7: 30,
  UART8: 31,
} as const;
const APB1H = { CRS: 1, SWPMI: 2, OPAMP: 4, MDIOS: 5, FDCAN: 8 } as const;
const APB2 = {
  TIM1: 0,
  TIM8: 1,
  USART1: 4,
  USART6: 5,
  SPI1: 12,
  SPI4: 13,
  TIM15: 16,
  TIM16: 17,
  TIM17: 18,
  SPI5: 20,
  SAI1: 22,
  SAI2: 23,
  SAI3: 24,
  DFSDM1: 28,
  HRTIM: 29,
} as const;
/** Of APB4, what RCC_D3AMR can keep going, at the same bits. */
const APB4_AUTONOMOUS = {
  LPUART1: 3,
  SPI6: 5,
  I2C4: 7,
  LPTIM2: 9,
  LPTIM3: 10,
  LPTIM4: 11,
  LPTIM5: 12,
  COMP12: 14,
  VREF: 15,
  SAI4: 21,
} as const;
const APB4 = { SYSCFG: 1, ...APB4_AUTONOMOUS } as const;

/** RCC_xxxENR. */
export const ENABLE_BITS = {
  AHB3ENR: AHB3,
  AHB1ENR: AHB1_CLOCKS,
  AHB2ENR: AHB2_CLOCKS,
  AHB4ENR: { ...AHB4, HSEM: 25, BKPRAM: 28, D3SRAM1: 29 },
  APB3ENR: { LTDC: 3, WWDG1: 6 },
  APB1LENR: APB1L,
  APB1HENR: APB1H,
  APB2ENR: APB2,
  APB4ENR: { ...APB4, RTCAPB: 16 },
} as const;

/** RCC_xxxLPENR: memories have a sleep gate without a run gate. */
export const SLEEP_BITS = {
  AHB3LPENR: { ...AHB3, FLASH: 8, DTCM1: 28, DTCM2: 29, ITCM: 30, AXISRAM: 31 },
  AHB1LPENR: AHB1_CLOCKS,
  AHB2LPENR: AHB2_CLOCKS,
  AHB4LPENR: { ...AHB4, BKPRAM: 28, SRAM4: 29 },
  APB3LPENR: { LTDC: 3, WWDG1: 6 },
  APB1LLPENR: APB1L,
  APB1HLPENR: APB1H,
  APB2LPENR: APB2,
  APB4LPENR: { ...APB4, RTCAPB: 16 },
} as const;

/** RCC_xxxRSTR. */
export const RESET_BITS = {
  AHB3RSTR: { ...AHB3, CPU: 31 },
  AHB1RSTR: AHB1,
  AHB2RSTR: AHB2,
  AHB4RSTR: { ...AHB4, HSEM: 25 },
  APB3RSTR: { LTDC: 3 },
  APB1LRSTR: APB1L,
  APB1HRSTR: APB1H,
  APB2RSTR: APB2,
  APB4RSTR: APB4,
} as const;

/** RCC_D3AMR. */
export const AUTONOMOUS_BITS: Readonly<Record<string, number>> = {
  ...APB4_AUTONOMOUS,
  BDMA: 0,
  RTCAPB: 16,
  CRC: 19,
  ADC3: 24,
  BKPRAM: 28,
  SRAM4: 29,
};

type KeysOf<T> = T extends unknown ? keyof T : never;
type Registers<T> = keyof T & string;

/** Peripheral with a clock enable bit. */
export type Gate = KeysOf<(typeof ENABLE_BITS)[Registers<typeof ENABLE_BITS>]>;
/** Peripheral or memory with a sleep-mode clock bit. */
export type SleepGate = KeysOf<(typeof SLEEP_BITS)[Registers<typeof SLEEP_BITS>]>;
/** Peripheral with a reset bit. */
export type ResetName = KeysOf<(typeof RESET_BITS)[Registers<typeof RESET_BITS>]>;

export type GateRegister = Registers<typeof ENABLE_BITS>;
export type SleepRegister = Registers<typeof SLEEP_BITS>;
export type ResetRegister = Registers<typeof RESET_BITS>;

const GATE_OFFSETS: Readonly<Record<GateRegister | SleepRegister | ResetRegister, number>> = {
  AHB3RSTR: 0x7c,
  AHB1RSTR: 0x80,
  AHB2RSTR: 0x84,
  AHB4RSTR: 0x88,
  APB3RSTR: 0x8c,
  APB1LRSTR: 0x90,
  APB1HRSTR: 0x94,
  APB2RSTR: 0x98,
  APB4RSTR: 0x9c,
  AHB3ENR: 0xd4,
  AHB1ENR: 0xd8,
  AHB2ENR: 0xdc,
  AHB4ENR: 0xe0,
  APB3ENR: 0xe4,
  APB1LENR: 0xe8,
  APB1HENR: 0xec,
  APB2ENR: 0xf0,
  APB4ENR: 0xf4,
  AHB3LPENR: 0xfc,
  AHB1LPENR: 0x100,
  AHB2LPENR: 0x104,
  AHB4LPENR: 0x108,
  APB3LPENR: 0x10c,
  APB1LLPENR: 0x110,
  APB1HLPENR: 0x114,
  APB2LPENR: 0x118,
  APB4LPENR: 0x11c,
};

const PLAIN_REGISTERS = {
  CRRCR: { offset: 0x08, reset: 0, ro: 0x3ff },
  D1CFGR: { offset: 0x18, reset: 0, rw: 0xf7f },
  D2CFGR: { offset: 0x1c, reset: 0, rw: 0x770 },
  D3CFGR: { offset: 0x20, reset: 0, rw: 0x70 },
  D1CCIPR: { offset: 0x4c, reset: 0, rw: 0x3001_0033 },
  D2CCIP1R: { offset: 0x50, reset: 0, rw: 0xb137_71c7 },
  D2CCIP2R: { offset: 0x54, reset: 0, rw: 0x70f0_333f },
  D3CCIPR: { offset: 0x58, reset: 0, rw: 0x70e3_ff07, tagged: 0x0700_0000 },
  GCR: { offset: 0xa0, reset: 0, rw: 0x1 },
  D3AMR: { offset: 0xa8, reset: 0, rw: 0x3129_dea9 },
} as const satisfies Readonly<Record<string, RegisterSpec>>;

/** HSICAL and CSICAL: the factory's value and the trim together. */
function calibrated(name: TrimmedSource, mask: number): (stored: number) => number {
  const { reset, factory } = TRIMS[name];
  return (stored) => (stored | ((factory + (stored >>> 24) - reset) & mask)) >>> 0;
}

const ACTIVE_REGISTERS = {
  // HSI runs and D1/D2 have their clock: the CPU could not read the register otherwise.
  CR: { offset: 0x00, reset: 0x0000_c025, rw: 0x150d_129b, ro: 0x2a02_e124 },
  HSICFGR: { offset: 0x04, reset: 0x4000_0000, ro: 0xfff, rw: 0x7f00_0000, onRead: calibrated("HSI", 0xfff) },
  CSICFGR: { offset: 0x0c, reset: 0x2000_0000, ro: 0xff, rw: 0x3f00_0000, onRead: calibrated("CSI", 0xff) },
  CFGR: { offset: 0x10, reset: 0, rw: 0xfffc_bfc7, ro: 0x38, tagged: 0x4000 },
  PLLCKSELR: { offset: 0x28, reset: 0x0202_0200, rw: 0x03f3_f3f3 },
  PLLCFGR: { offset: 0x2c, reset: 0x01ff_0000, rw: 0x01ff_0fff },
  PLL1DIVR: { offset: 0x30, reset: 0x0101_0280, rw: 0x7f7f_ffff },
  PLL1FRACR: { offset: 0x34, reset: 0, rw: 0xfff8 },
  PLL2DIVR: { offset: 0x38, reset: 0x0101_0280, rw: 0x7f7f_ffff },
  PLL2FRACR: { offset: 0x3c, reset: 0, rw: 0xfff8 },
  PLL3DIVR: { offset: 0x40, reset: 0x0101_0280, rw: 0x7f7f_ffff },
  PLL3FRACR: { offset: 0x44, reset: 0, rw: 0xfff8 },
  CIER: { offset: 0x60, reset: 0, rw: 0x3ff },
  CIFR: { offset: 0x64, reset: 0, ro: 0x7ff },
  CICR: { offset: 0x68, reset: 0, wo: 0x7ff },
  BDCR: { offset: 0x70, reset: 0, rw: 0x0001_833d, ro: 0x42 },
  CSR: { offset: 0x74, reset: 0, rw: 0x1, ro: 0x2 },
  RSR: { offset: 0xd0, reset: 0x00fa_0000, ro: 0x55fa_0000, wo: 0x0001_0000 },
} as const satisfies Readonly<Record<string, RegisterSpec>>;

export type ActiveRegister = keyof typeof ACTIVE_REGISTERS;
export type RccRegister =
  | ActiveRegister
  | keyof typeof PLAIN_REGISTERS
  | GateRegister
  | SleepRegister
  | ResetRegister;

/** What the model does after software wrote a register. */
export type RccWriteHooks = Readonly<Partial<Record<RccRegister, NonNullable<RegisterSpec["onWrite"]>>>>;

const maskOf = (bits: Bits): number =>
  Object.values(bits).reduce((mask, bit) => (mask | (1 << bit)) >>> 0, 0);

/** RM0433, RCC_APB4ENR: the register interface of the RTC is clocked from reset. */
const ON_AT_RESET: Readonly<Record<string, number>> = { APB4ENR: 1 << 16 };

type GateSpecs = Record<GateRegister | SleepRegister | ResetRegister, RegisterSpec>;

function gateSpecs(): GateSpecs {
  const specs: Partial<GateSpecs> = {};
  const add = (name: keyof GateSpecs, bits: Bits, special: Partial<RegisterSpec> = {}): void => {
    specs[name] = { offset: GATE_OFFSETS[name], reset: ON_AT_RESET[name] ?? 0, rw: maskOf(bits), ...special };
  };
  // All ones, or all but one bit: how libraries reset a whole bus.
  for (const name of keys(RESET_BITS)) add(name, RESET_BITS[name], { quiet: true });
  for (const name of keys(ENABLE_BITS)) add(name, ENABLE_BITS[name]);
  for (const name of keys(SLEEP_BITS)) add(name, SLEEP_BITS[name], { reset: maskOf(SLEEP_BITS[name]) });
  return specs as GateSpecs;
}

/** `Object.keys` of a literal, with its type. */
export function keys<T extends object>(table: T): (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}

/** All registers of the RCC with the hooks filled in. */
export function rccRegisters(hooks: RccWriteHooks): Record<RccRegister, RegisterSpec> {
  const bare = { ...PLAIN_REGISTERS, ...ACTIVE_REGISTERS, ...gateSpecs() };
  const specs: Partial<Record<RccRegister, RegisterSpec>> = {};
  for (const name of keys(bare)) {
    const onWrite = hooks[name];
    specs[name] = onWrite === undefined ? bare[name] : { ...bare[name], onWrite };
  }
  return specs as Record<RccRegister, RegisterSpec>;
}
