/** SPI, I2C, SAI, ADC, DAC, SDMMC, LTDC, LPTIM, HSEM of the chip, as rows: with nothing attached to their pins. */

import type { BusDevice } from "../bus.js";
import { Adc } from "../peripherals/adc.js";
import type { KernelClock } from "../peripherals/clock-tree.js";
import { Dac } from "../peripherals/dac.js";
import { Hsem } from "../peripherals/hsem.js";
import { I2c } from "../peripherals/i2c.js";
import { Lptim } from "../peripherals/lptim.js";
import { Ltdc } from "../peripherals/ltdc.js";
import type { ResetName } from "../peripherals/rcc-registers.js";
import { ALL, registerTable } from "../peripherals/register-table.js";
import { Sai } from "../peripherals/sai.js";
import { Sdmmc } from "../peripherals/sdmmc.js";
import { Spi } from "../peripherals/spi.js";
import { StoredBlock } from "../peripherals/stored-block.js";
import { ADC_COMMON } from "../peripherals/tables/analog.js";
import type { Tim } from "../peripherals/tim.js";
import type { SdCardPort } from "../sd-port.js";
import type { ChipRequests } from "./dma-requests.js";
import type { Wiring } from "./serial-and-timers.js";

export interface ChipPart {
  readonly name: string;
  readonly address: number;
  /** Bytes; default 0x400. */
  readonly size?: number;
  readonly device: BusDevice & { reset(): void };
  readonly resetBit?: ResetName;
}

export interface ConnectedWiring extends Wiring {
  readonly requests: ChipRequests;
  /** Numbers in [0, 1): noise of open inputs. */
  readonly random: () => number;
  readonly timer: (name: string) => Tim | undefined;
  /** The card in SDMMC1's slot. */
  readonly sdCard: () => SdCardPort | undefined;
}

const SPIS = [
  { name: "SPI1", address: 0x4001_3000, irq: 35, clock: "SPI123", fifoBytes: 16 },
  { name: "SPI2", address: 0x4000_3800, irq: 36, clock: "SPI123", fifoBytes: 16 },
  { name: "SPI3", address: 0x4000_3c00, irq: 51, clock: "SPI123", fifoBytes: 16 },
  { name: "SPI4", address: 0x4001_3400, irq: 84, clock: "SPI45", fifoBytes: 8 },
  { name: "SPI5", address: 0x4001_5000, irq: 85, clock: "SPI45", fifoBytes: 8 },
  { name: "SPI6", address: 0x5800_1400, irq: 86, clock: "SPI6", fifoBytes: 8 },
] as const;

const I2CS = [
  { name: "I2C1", address: 0x4000_5400, irq: 31, clock: "I2C123" },
  { name: "I2C2", address: 0x4000_5800, irq: 33, clock: "I2C123" },
  { name: "I2C3", address: 0x4000_5c00, irq: 72, clock: "I2C123" },
  { name: "I2C4", address: 0x5800_1c00, irq: 95, clock: "I2C4" },
] as const;

const SAIS = [
  { name: "SAI1", address: 0x4001_5800, irq: 87, clock: "SAI1" },
  { name: "SAI2", address: 0x4001_5c00, irq: 91, clock: "SAI23" },
  { name: "SAI3", address: 0x4001_6000, irq: 114, clock: "SAI23" },
  { name: "SAI4", address: 0x5800_5400, irq: 146, clock: "SAI4" },
] as const;

const LPTIMS = [
  { name: "LPTIM1", address: 0x4000_2400, irq: 93, clock: "LPTIM1" },
  { name: "LPTIM2", address: 0x5800_2400, irq: 138, clock: "LPTIM2" },
  { name: "LPTIM3", address: 0x5800_2800, irq: 139, clock: "LPTIM345" },
  { name: "LPTIM4", address: 0x5800_2c00, irq: 140, clock: "LPTIM345" },
  { name: "LPTIM5", address: 0x5800_3000, irq: 141, clock: "LPTIM345" },
] as const;

const ADC_PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256] as const;
/** Timers whose trigger output starts an ADC (CFGR.EXTSEL) or the DAC (CR.TSELx). */
const ADC_TRIGGERS: Readonly<Record<string, number>> = {
  TIM3: 4,
  TIM8: 7,
  TIM1: 9,
  TIM2: 11,
  TIM4: 12,
  TIM6: 13,
  TIM15: 14,
};
const DAC_TRIGGERS: Readonly<Record<string, number>> = {
  TIM1: 1,
  TIM2: 2,
  TIM4: 3,
  TIM5: 4,
  TIM6: 5,
  TIM7: 6,
  TIM8: 7,
  TIM15: 8,
};
/** Fractions of VREF+ = 3.3 V at ADC3's internal inputs: VBAT/4, temperature sensor at 30 degrees, VREFINT (data sheet). */
const INTERNAL_INPUTS: Readonly<Record<number, number>> = { 17: 0.25, 18: 0.62 / 3.3, 19: 1.216 / 3.3 };
const OPEN_INPUT = 0.5;
const NOISE = 0.02;
const IRQS = { DAC: 54, ADC12: 18, ADC3: 127, SDMMC1: 49, SDMMC2: 124, LTDC: 88, HSEM: 125 } as const;

export function connectedPeripherals(wiring: ConnectedWiring): ChipPart[] {
  const { log, rcc, irqLine } = wiring;
  return [
    ...serialBuses(wiring),
    ...converters(wiring),
    ...screensAndCards(wiring),
    {
      name: "HSEM",
      address: 0x5802_6400,
      resetBit: "HSEM",
      device: new Hsem({ log, interrupt: irqLine(IRQS.HSEM), clocked: rcc.clockGate("HSEM") }),
    },
  ];
}

function serialBuses({ log, timeline, rcc, irqLine, requests }: ConnectedWiring): ChipPart[] {
  const kernel = (clock: KernelClock) => (): number => rcc.clockTree.kernelHz(clock);
  const common = { log, timeline };
  return [
    ...SPIS.map(({ name, address, irq, clock, fifoBytes }) => {
      const device = new Spi({
        ...common,
        name,
        fifoBytes,
        interrupt: irqLine(irq),
        clocked: rcc.clockGate(name),
        kernelHz: kernel(clock),
        receiveRequest: requests.signal(`${name}_RX`),
        transmitRequest: requests.signal(`${name}_TX`),
      });
      return { name, address, device, resetBit: name };
    }),
    ...I2CS.map(({ name, address, irq, clock }) => {
      const interrupt = irqLine(irq);
      const device = new I2c({
        ...common,
        name,
        interrupt,
        clocked: rcc.clockGate(name),
        kernelHz: kernel(clock),
      });
      return { name, address, device, resetBit: name };
    }),
    ...SAIS.map(({ name, address, irq, clock }) => {
      const device = new Sai({
        ...common,
        name,
        interrupt: irqLine(irq),
        clocked: rcc.clockGate(name),
        kernelHz: kernel(clock),
        requests: { A: requests.signal(`${name}_A`), B: requests.signal(`${name}_B`) },
      });
      return { name, address, device, resetBit: name };
    }),
    ...LPTIMS.map(({ name, address, irq, clock }) => {
      const interrupt = irqLine(irq);
      const device = new Lptim({
        ...common,
        name,
        interrupt,
        clocked: rcc.clockGate(name),
        kernelHz: kernel(clock),
      });
      return { name, address, device, resetBit: name };
    }),
  ];
}

/** A common block (CCR) and the clock that it makes for its converters. */
function adcClock(wiring: ConnectedWiring, name: string, gate: "ADC12" | "ADC3") {
  const { log, rcc } = wiring;
  const common = new StoredBlock({
    name,
    registers: registerTable(ADC_COMMON, { CCR: { rw: ALL } }),
    log,
    clocked: rcc.clockGate(gate),
  });
  const hz = (): number => {
    const ccr = common.registers.get("CCR");
    const mode = (ccr >>> 16) & 3;
    if (mode !== 0) return rcc.clockTree.hclkHz / 2 ** (mode - 1);
    // Revision V divides the asynchronous clock by two (RM0433, "ADC clocks").
    return rcc.clockTree.kernelHz("ADC") / (ADC_PRESCALERS[(ccr >>> 18) & 0xf] ?? 1) / 2;
  };
  return { common, hz };
}

function converters(wiring: ConnectedWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, requests, random, timer } = wiring;
  const shared = adcClock(wiring, "ADC12_COMMON", "ADC12");
  const third = adcClock(wiring, "ADC3_COMMON", "ADC3");
  const make = (name: "ADC1" | "ADC2" | "ADC3"): Adc => {
    const own = name === "ADC3";
    return new Adc({
      name,
      log,
      timeline,
      interrupt: irqLine(own ? IRQS.ADC3 : IRQS.ADC12),
      clocked: rcc.clockGate(own ? "ADC3" : "ADC12"),
      clockHz: own ? third.hz : shared.hz,
      request: requests.signal(name),
      input: (channel) =>
        (own ? INTERNAL_INPUTS[channel] : undefined) ?? OPEN_INPUT + (random() - 0.5) * NOISE,
    });
  };
  const adcs = [make("ADC1"), make("ADC2"), make("ADC3")] as const;
  const dac = new Dac({
    log,
    clocked: rcc.clockGate("DAC12"),
    requests: [requests.signal("DAC1_CH1"), requests.signal("DAC1_CH2")],
  });
  for (const [name, selection] of Object.entries(ADC_TRIGGERS)) {
    for (const adc of adcs) {
      const pulse = (): void => adc.trigger(selection);
      timer(name)?.onTrigger({ wants: () => adc.wants(selection), pulse });
    }
  }
  for (const [name, selection] of Object.entries(DAC_TRIGGERS)) {
    const wants = (): boolean => dac.wants(selection, 0) || dac.wants(selection, 1);
    timer(name)?.onTrigger({ wants, pulse: () => dac.trigger(selection) });
  }
  return [
    { name: "ADC1", address: 0x4002_2000, size: 0x100, device: adcs[0], resetBit: "ADC12" },
    { name: "ADC2", address: 0x4002_2100, size: 0x200, device: adcs[1], resetBit: "ADC12" },
    { name: "ADC12_COMMON", address: 0x4002_2300, size: 0x100, device: shared.common, resetBit: "ADC12" },
    { name: "ADC3", address: 0x5802_6000, size: 0x300, device: adcs[2], resetBit: "ADC3" },
    { name: "ADC3_COMMON", address: 0x5802_6300, size: 0x100, device: third.common, resetBit: "ADC3" },
    { name: "DAC1", address: 0x4000_7400, device: dac, resetBit: "DAC12" },
  ];
}

function screensAndCards({ log, timeline, rcc, irqLine, sdCard }: ConnectedWiring): ChipPart[] {
  const card = (name: "SDMMC1" | "SDMMC2", address: number, size: number): ChipPart => {
    const device = new Sdmmc({
      name,
      log,
      timeline,
      interrupt: irqLine(IRQS[name]),
      clocked: rcc.clockGate(name),
      kernelHz: () => rcc.clockTree.kernelHz("SDMMC"),
      card: name === "SDMMC1" ? sdCard : undefined,
    });
    return { name, address, size, device, resetBit: name };
  };
  const ltdc = new Ltdc({
    log,
    timeline,
    interrupt: irqLine(IRQS.LTDC),
    clocked: rcc.clockGate("LTDC"),
    pixelHz: () => rcc.clockTree.pllHz(3, "R"),
  });
  return [
    card("SDMMC1", 0x5200_7000, 0x1000),
    card("SDMMC2", 0x4802_2400, 0x400),
    { name: "LTDC", address: 0x5000_1000, size: 0x1000, device: ltdc, resetBit: "LTDC" },
  ];
}
