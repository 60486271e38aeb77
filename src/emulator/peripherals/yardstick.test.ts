/**
 * Holds every declared register to the public description of the chip in data/stm32h753-registers.json: name,
 * offset, reset value and which bits exist. Where the description and the reference manual disagree, the manual
 * wins and the difference stands below with its reason.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { RegisterSpec } from "../registers.js";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { Adc } from "./analog/adc.js";
import { Crc } from "./crc.js";
import { Cryp } from "./crypto/cryp.js";
import { Hash } from "./crypto/hash.js";
import { Rng } from "./crypto/rng.js";
import { Dbgmcu } from "./dbgmcu.js";
import { Bdma } from "./dma/bdma.js";
import { Dma } from "./dma/dma.js";
import { Dmamux } from "./dma/dmamux.js";
import { Mdma } from "./dma/mdma.js";
import { Exti } from "./exti.js";
import { Fmc } from "./fmc.js";
import { Gpio, type PortLetter } from "./gpio.js";
import { Dma2d } from "./graphics/dma2d.js";
import { Ltdc } from "./graphics/ltdc.js";
import { Hsem } from "./hsem.js";
import { Flash } from "./internal-flash/flash.js";
import { STM32H743_FLASH } from "./internal-flash/flash-geometry.js";
import { FACTORY_OPTION_BYTES } from "./internal-flash/flash-options.js";
import { Pwr } from "./pwr/pwr.js";
import { DelayBlock } from "./quadspi/delay-block.js";
import { Crs } from "./rcc/crs.js";
import { Rcc } from "./rcc/rcc.js";
import { registerTable } from "./register-table.js";
import { Rtc } from "./rtc/rtc.js";
import { Sdmmc } from "./sdmmc/sdmmc.js";
import { I2c } from "./serial/i2c/i2c.js";
import { Sai } from "./serial/sai/sai.js";
import { Spi } from "./serial/spi/spi.js";
import { StoredBlock } from "./stored-block.js";
import { Syscfg } from "./syscfg.js";
import { AXI } from "./tables/bus.js";
import { TestLine } from "./test-kit.js";
import { Tim } from "./timers/tim.js";
import { Usart } from "./usart/usart.js";
import { Iwdg } from "./watchdogs/iwdg.js";
import { Wwdg } from "./watchdogs/wwdg.js";

interface YardstickRegister {
  readonly offset: number;
  readonly reset: number;
  readonly fields: Readonly<Record<string, readonly [number, number]>>;
}
interface Yardstick {
  readonly peripherals: Readonly<
    Record<string, { readonly registers: Readonly<Record<string, YardstickRegister>> }>
  >;
}
interface Declared {
  readonly names: readonly string[];
  spec(name: string): RegisterSpec;
}

function loadYardstick(): Yardstick {
  let folder = dirname(fileURLToPath(import.meta.url));
  const file = join("data", "stm32h753-registers.json");
  while (!existsSync(join(folder, file))) {
    const parent = dirname(folder);
    assert.notEqual(parent, folder, `${file} not found in any folder above this test`);
    folder = parent;
  }
  // The description prefixes some registers of TIM16 and TIM17 with the timer's name.
  const text = readFileSync(join(folder, file), "utf8").replaceAll(/"TIM1[67]_(AF1|TISEL)"/g, '"$1"');
  return JSON.parse(text) as Yardstick;
}

const timeline = new Timeline();
const common = { log: new RecordedLog(), timeline, interrupt: new TestLine(), clocked: () => true };
const nothing = (): void => {};

function declarations(): Record<string, Declared> {
  const bytes = (): typeof FACTORY_OPTION_BYTES => FACTORY_OPTION_BYTES;
  const registers: Record<string, { readonly registers: unknown }> = {
    RCC: new Rcc({
      ...common,
      backupWritable: () => true,
      flashTiming: () => ({ waitStates: 7, programmingDelay: 3 }),
      voltageScale: () => 1,
      onClockChange: nothing,
      onBackupReset: nothing,
    }),
    PWR: new Pwr({ ...common, overdrive: () => false, onVoltageChange: nothing }),
    Flash: new Flash({ ...common, random: () => 0, geometry: STM32H743_FLASH, onTimingChange: nothing }),
    SYSCFG: new Syscfg({ ...common, optionBytes: bytes, onOverdriveChange: nothing }),
    CRS: new Crs({ ...common, hsi48Ready: () => true }),
    EXTI: new Exti({ ...common, groups: [] }),
    DBGMCU: new Dbgmcu(common),
    IWDG: new Iwdg({ ...common, onStart: nothing, onTimeout: nothing }),
    WWDG: new Wwdg({ ...common, pclkHz: () => 0, resetsSystem: () => true, onTimeout: nothing }),
    RNG: new Rng({ ...common, kernelHz: () => 0, hclkHz: () => 1, random32: () => 0 }),
    CRC: new Crc(common),
    HASH: new Hash({ ...common, hclkHz: () => 1 }),
    RTC: new Rtc({ ...common, backupWritable: () => true, clockHz: () => 0 }),
  };
  for (const port of [..."ABCDEFGHIJK"] as PortLetter[]) {
    registers[`GPIO${port}`] = new Gpio({ ...common, port });
  }
  for (const name of ["USART1", "USART2", "USART3", "UART4", "LPUART1"]) {
    const kind = name.startsWith("LP") ? "LPUART" : name.startsWith("UA") ? "UART" : "USART";
    registers[name] = new Usart({ ...common, name, kind, kernelHz: () => 0, onTransmit: nothing });
  }
  const kinds = { 1: "advanced", 6: "basic", 7: "basic", 16: "oneBreak", 17: "oneBreak" } as const;
  for (const number of [1, 2, 3, 4, 5, 6, 7, 16, 17] as const) {
    registers[`TIM${number}`] = new Tim({
      ...common,
      name: `TIM${number}`,
      kind: number in kinds ? kinds[number as keyof typeof kinds] : "general",
      bits: number === 2 || number === 5 ? 32 : 16,
      clockHz: () => 0,
    });
  }
  Object.assign(registers, newer());
  const result: Record<string, Declared> = {};
  for (const [name, device] of Object.entries(registers)) result[name] = device.registers as Declared;
  return result;
}

/** Blocks whose rows stand in a table. */
function newer(): Record<string, { readonly registers: unknown }> {
  const bus = { read: () => 0, write: nothing };
  const lines = Array.from({ length: 8 }, () => new TestLine());
  const dma = { ...common, bus, hclkHz: () => 1, asserted: () => false, taken: nothing, interrupts: lines };
  const serial = { ...common, kernelHz: () => 0 };
  const adc = { ...common, clockHz: () => 0, input: () => 0, external: () => true };
  const stored = (name: string, table: string) =>
    new StoredBlock({ ...common, name, registers: registerTable(table) });
  return {
    AXI: stored("AXI", AXI),
    CRYP: new Cryp({ ...common, hclkHz: () => 1 }),
    DELAY_Block_QUADSPI: new DelayBlock({ ...common, name: "DLYB", clockHz: () => 0 }),
    HSEM: new Hsem(common),
    MDMA: new Mdma(dma),
    DMA1: new Dma({ ...dma, name: "DMA1" }),
    DMA2: new Dma({ ...dma, name: "DMA2" }),
    DMAMUX1: new Dmamux({ ...common, name: "DMAMUX1" }),
    BDMA: new Bdma({ ...dma, name: "BDMA" }),
    FMC: new Fmc({ ...common, onMappingChange: nothing }),
    SDMMC1: new Sdmmc({ ...serial, name: "SDMMC1", bus, reaches: () => true }),
    LTDC: new Ltdc({ ...common, bus, pixelHz: () => 0 }),
    DMA2D: new Dma2d(dma),
    SPI1: new Spi({ ...serial, name: "SPI1", fifoBytes: 16 }),
    SPI4: new Spi({ ...serial, name: "SPI4", fifoBytes: 8 }),
    I2C1: new I2c({ ...serial, name: "I2C1" }),
    I2C4: new I2c({ ...serial, name: "I2C4" }),
    SAI1: new Sai({
      ...common,
      name: "SAI1",
      kernelHz: { A: () => 0, B: () => 0 },
      microphones: { data: [], clocks: [] },
    }),
    ADC1: new Adc({ ...adc, name: "ADC1" }),
    ADC3: new Adc({ ...adc, name: "ADC3" }),
  };
}

/** Registers that the description lacks, with where they stand. */
const MISSING_THERE: Readonly<Record<string, string>> = {
  "RCC.CSICFGR": "RM0433, RCC_CSICFGR, revision V; also in ST's CMSIS header at 0x0C",
  "SYSCFG.CFGR": "RM0433, SYSCFG_CFGR; also in ST's CMSIS header at 0x18",
};

/** Registers of the description that are not declared, and why. Patterns over "PERIPHERAL.REGISTER". */
const NOT_DECLARED: readonly (readonly [RegExp, string])[] = [
  [/^RCC\.ICSCR$/, "revision Y's layout of the register that revision V calls HSICFGR"],
  [/^RCC\.C1_/, "the same registers seen a second time; Rcc.read and write map them"],
  [/^Flash\.\w+_$/, "the same registers seen a second time at 0x100; Flash.read and write map them"],
  [/^TIM\d+\.CCMR\d_Input$/, "the capture view of the same register"],
];

/** Reset values that differ, and why ours is right. Patterns over "PERIPHERAL.REGISTER". */
const OTHER_RESET: readonly (readonly [RegExp, string])[] = [
  [/^RCC\.CR$/, "0x83 has HSIRDY and D1CKRDY clear and CSION set: no CPU could run to read that"],
  [/^RCC\.\w+LPENR$/, "RM0433, RCC_xxxLPENR: all sleep clocks are on after reset (the ULPI trap of OTG)"],
  [/^RCC\.APB4ENR$/, "RM0433, RCC_APB4ENR: 0x0001_0000, the RTC's register interface is clocked"],
  [/^RCC\.RSR$/, "RM0433, RCC_RSR: a power-on sets POR, PIN, BOR, D1, D2 and CPU flags"],
  [/^Flash\.CR1$/, "RM0433, FLASH_CR1: 0x31 as for bank 2, the register starts locked"],
  [/^Flash\.CRCCR[12]$/, "RM0433, FLASH_CRCCR1: 0x001C_0000, bursts of 16 flash words"],
  [/^Flash\.OPTCR$/, "RM0433, FLASH_OPTCR: OPTLOCK is set after reset"],
  [/^EXTI\.CPUIMR[23]$/, "RM0433, EXTI_CPUIMR2 and 3: direct lines start unmasked"],
  [/^TIM\d+\.AF[12]$/, "RM0433, TIMx_AF1 and AF2: BKINE and BK2INE are set, the break pins are the default"],
  [/^DBGMCU\.IDC$/, "revision V (0x2003) of the same device 0x450"],
  [
    /^GPIO[A-K]\.(MODER|OSPEEDR|PUPDR)$/,
    "RM0433, GPIO registers: the description repeats port A's values for every port",
  ],
  [
    /^AXI\.AXI_(PERIPH|COMP)_ID_\d$/,
    "RM0433, AXI_PERIPH_IDx and AXI_COMP_IDx: the identifiers of the interconnect",
  ],
  [/^ADC[13]\.(LTR1|LHTR1|HTR[23])$/, "RM0433, ADC_LTRx and HTRx: from 0 to 0x03FF_FFFF, nothing is outside"],
  [/^ADC[13]\.CR$/, "RM0433, ADC_CR: the converter starts in deep power-down"],
  [/^TIM\d+\.ARR$/, "RM0433, TIMx_ARR: the auto-reload register starts at its maximum"],
];

/** Bits that differ, and why. */
const OTHER_BITS: readonly (readonly [RegExp, string])[] = [
  [/^SYSCFG\.PWRCR$/, "ODEN is one bit (SYSCFG_PWRCR in CMSIS)"],
  [
    /^Flash\.(CR|SR|CCR)2$/,
    "RM0433, FLASH_CR2, SR2 and CCR2: the same bits as bank 1's (CMSIS has one set of names)",
  ],
  [/^CRYP\.CR$/, "NPBLB is there (CMSIS; revision V and later)"],
  [/^Flash\.CRCCR[12]$/, "RM0433, FLASH_CRCCR1: ALL_BANK is bit 22 (CMSIS too)"],
  [/^WWDG\.CFR$/, "RM0433, WWDG_CFR: WDGTB has three bits (CMSIS too)"],
  [/^ADC[13]\.SMPR1$/, "SMP0 is there (CMSIS)"],
  [/^ADC[13]\.AWD3CR$/, "AWD3CH has 20 bits, as AWD2CH (CMSIS)"],
  [/^RCC\.AHB4ENR$/, "D3SRAM1EN (CMSIS): ST's macro sets it; SRAM4 runs without"],
  [/^ADC[13]\.(CR|ISR)$/, "RM0433, revision V: BOOST has two bits, LDORDY tells of the regulator"],
  [/^DMA[12]\.S0CR$/, "RM0433, DMA_SxCR: TRBUFF is in every stream's register"],
  [
    /^DMA2D\.(CR|OPFCCR|[FB]GOR|OOR)$/,
    "LOM with offsets of 16 bits, fixed colours (MODE) and SB are there (CMSIS)",
  ],
  [
    /^SPI4\.(CFG1|CRCPOLY|TXCRC|RXCRC|UDRDR|CGFR)$/,
    'SPI4 to SPI6 have frames of up to 16 bits and no I2S (RM0433, "SPI implementation")',
  ],
  [/^SAI1\.SAI_[AB]CR1$/, "MCKDIV has six bits, and MCKEN is there in revision V (CMSIS)"],
  [
    /^UART4\.(CR[123]|GTPR|ISR|ICR)$/,
    'UART4, 5, 7 and 8 have no synchronous mode and no smartcard mode (RM0433, "USART implementation")',
  ],
  [/^LPUART1\.(GTPR|RTOR|RQR)$/, "RM0433, LPUART register map: no GTPR, no RTOR, no ABRRQ"],
  [/^TIM[34]\.(CNT|ARR|CCR[1-4])$/, "TIM3 and TIM4 are 16 bits wide (RM0433, chapter TIM2..TIM5)"],
];

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
const excused = (list: readonly (readonly [RegExp, string])[], key: string): boolean =>
  list.some(([pattern]) => pattern.test(key));

const yardstick = loadYardstick();
const devices = declarations();

for (const [peripheral, declared] of Object.entries(devices)) {
  const described = yardstick.peripherals[peripheral]?.registers ?? {};

  test(`${peripheral}: every declared register is where the chip has it, with its reset value`, () => {
    const differences: string[] = [];
    const compare = (what: string, ours: number, theirs: number): void => {
      if (ours >>> 0 !== theirs >>> 0) differences.push(`${what}: ${hex(ours)}, described as ${hex(theirs)}`);
    };
    for (const name of declared.names) {
      const key = `${peripheral}.${name}`;
      const spec = declared.spec(name);
      const there = described[name];
      if (there === undefined) {
        if (!(key in MISSING_THERE)) differences.push(`${key} is declared but not described`);
        continue;
      }
      compare(`${key} offset`, spec.offset, there.offset);
      if (!excused(OTHER_RESET, key)) compare(`${key} reset value`, spec.reset, there.reset);
    }
    assert.deepEqual(differences, []);
  });

  test(`${peripheral}: every register of the chip is declared`, () => {
    for (const name of Object.keys(described)) {
      const key = `${peripheral}.${name}`;
      assert.ok(declared.names.includes(name) || excused(NOT_DECLARED, key), `${key} is not declared`);
    }
  });

  test(`${peripheral}: every bit of the chip is modelled, tagged or read-only, and no other`, () => {
    const differences: string[] = [];
    for (const name of declared.names) {
      const key = `${peripheral}.${name}`;
      const there = described[name];
      if (there === undefined || excused(OTHER_BITS, key)) continue;
      const { rw = 0, ro = 0, wo = 0, w1c = 0, tagged = 0 } = declared.spec(name);
      let mask = 0;
      for (const [lsb, width] of Object.values(there.fields)) {
        mask |= width === 32 ? 0xffff_ffff : ((1 << width) - 1) << lsb;
      }
      const ours = rw | ro | wo | w1c | tagged;
      if (ours >>> 0 !== mask >>> 0) differences.push(`${key}: ${hex(ours)}, described as ${hex(mask)}`);
    }
    assert.deepEqual(differences, []);
  });
}

test("every exception names a register that exists", () => {
  const keys = Object.entries(devices).flatMap(([peripheral, declared]) => [
    ...declared.names.map((name) => `${peripheral}.${name}`),
    ...Object.keys(yardstick.peripherals[peripheral]?.registers ?? {}).map((name) => `${peripheral}.${name}`),
  ]);
  for (const [pattern, why] of [...NOT_DECLARED, ...OTHER_RESET, ...OTHER_BITS]) {
    assert.ok(
      keys.some((key) => pattern.test(key)),
      `${pattern} matches nothing any more (${why})`,
    );
  }
});
