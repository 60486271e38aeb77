/** SPI, I2C, SAI, SDMMC, LTDC, LPTIM, HSEM of the chip, as rows: with nothing attached to their pins. */

import { ALTERNATE_FUNCTIONS } from "../peripherals/alternate-functions.js";
import { tightlyCoupled } from "../peripherals/dma/dma.js";
import { Ethernet } from "../peripherals/ethernet/ethernet.js";
import { Fdcan } from "../peripherals/fdcan/fdcan.js";
import { parsePin } from "../peripherals/gpio.js";
import { Ltdc } from "../peripherals/graphics/ltdc.js";
import { Hsem } from "../peripherals/hsem.js";
import { DelayBlock } from "../peripherals/quadspi/delay-block.js";
import type { KernelClock } from "../peripherals/rcc/clock-tree.js";
import { Sdmmc } from "../peripherals/sdmmc/sdmmc.js";
import { I2c, type I2cPinName } from "../peripherals/serial/i2c/i2c.js";
import { Sai } from "../peripherals/serial/sai.js";
import { Spi, type SpiPinName } from "../peripherals/serial/spi/spi.js";
import { FDCAN_TT } from "../peripherals/tables/stored.js";
import { Lptim, type LptimInput } from "../peripherals/timers/lptim.js";
import { TIMER_PINS } from "../peripherals/timers/timer-pins.js";
import { analogPeripherals } from "./analog-wiring.js";
import type { ChipPart, ConnectedWiring } from "./chip-part.js";
import type { InternalSignal } from "./internal-signals.js";
import { SignalPins } from "./signal-pins.js";

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

const PINS: Readonly<Record<string, Readonly<Record<string, number>>>> = ALTERNATE_FUNCTIONS;

const IRQS = { SDMMC1: 49, SDMMC2: 124, LTDC: 88, HSEM: 125, ETH: 61 } as const;

export function connectedPeripherals(wiring: ConnectedWiring): ChipPart[] {
  const { log, rcc, irqLine } = wiring;
  return [
    ...serialBuses(wiring),
    ...analogPeripherals(wiring),
    ...screensAndCards(wiring),
    ...delayBlocks(wiring),
    ...canControllers(wiring),
    ethernet(wiring),
    {
      name: "HSEM",
      address: 0x5802_6400,
      resetBit: "HSEM",
      device: new Hsem({ log, interrupt: irqLine(IRQS.HSEM), clocked: rcc.clockGate("HSEM") }),
    },
  ];
}

const RTC_AND_COMP = {
  1: "RTC_ALRA",
  2: "RTC_ALRB",
  3: "RTC_TAMP1",
  4: "RTC_TAMP2",
  5: "RTC_TAMP3",
  6: "COMP1_OUT",
  7: "COMP2_OUT",
} as const;

/** LPTIM's triggers by TRIGSEL (RM0433, tables "LPTIM external trigger connection"); 0 of LPTIM1 and LPTIM2 is the ETR pin. */
const LPTIM_TRIGGERS: Readonly<Record<string, Readonly<Record<number, InternalSignal>>>> = {
  LPTIM1: RTC_AND_COMP,
  LPTIM2: RTC_AND_COMP,
  LPTIM3: { 0: "LPTIM2_OUT" },
  LPTIM4: { 0: "LPTIM2_OUT", 1: "LPTIM3_OUT" },
  LPTIM5: { 0: "LPTIM2_OUT", 1: "LPTIM3_OUT" },
};

function lowPowerTimer(wiring: ConnectedWiring, row: (typeof LPTIMS)[number]): ChipPart {
  const { log, timeline, rcc, irqLine, inputs, gpio, signals } = wiring;
  const { name, address, irq, clock } = row;
  const clocked = rcc.clockGate(name);
  const device = new Lptim({
    name,
    log,
    timeline,
    interrupt: irqLine(irq),
    clocked,
    kernelHz: () => (clocked() && !wiring.frozen(name) ? rcc.clockTree.kernelHz(clock, name) : 0),
    onOutput: (high) => signals.raise(`${name}_OUT`, high),
    outputWanted: () => signals.wanted(`${name}_OUT`),
  });
  wiring.onClockChange(() => device.clockChanged());
  for (const [signal, pins] of Object.entries(TIMER_PINS)) {
    const which = signal.startsWith(`${name}_`) ? signal.slice(name.length + 1) : undefined;
    if (which === undefined) continue;
    for (const [pinName, af] of Object.entries(pins)) {
      const { port, pin } = parsePin(pinName);
      if (which === "OUT") gpio[port].connect(pin, af, () => device.output);
      else if (which === "ETR")
        inputs.add(pinName, { af, feed: (level) => device.trigger(0, level ?? false) });
      else inputs.add(pinName, { af, feed: (level) => device.setInput(which as LptimInput, level ?? false) });
    }
  }
  for (const [selection, signal] of Object.entries(LPTIM_TRIGGERS[name] ?? {})) {
    const number = Number(selection);
    signals.listen(
      signal,
      (high) => device.trigger(number, high),
      () => device.wants(number),
    );
  }
  return { name, address, device, resetBit: name };
}

function serialBuses(wiring: ConnectedWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, requests, spiDevice } = wiring;
  const kernel = (clock: KernelClock, name: string) => (): number => rcc.clockTree.kernelHz(clock, name);
  const common = { log, timeline };
  return [
    ...SPIS.map(({ name, address, irq, clock, fifoBytes }) => {
      const signal = (which: SpiPinName): SignalPins =>
        new SignalPins({
          ...wiring,
          pins: PINS[which === "MCK" ? `I2S${name.slice(3)}_MCK` : `${name}_${which}`] ?? {},
          output: () => device.output(which),
          ...(which === "SCK" || which === "NSS" ? { feed: (level) => device.pinChanged(which, level) } : {}),
        });
      signal("MCK");
      const pins = { SCK: signal("SCK"), MISO: signal("MISO"), MOSI: signal("MOSI"), NSS: signal("NSS") };
      const device = new Spi({
        ...common,
        name,
        fifoBytes,
        interrupt: irqLine(irq),
        clocked: rcc.clockGate(name),
        kernelHz: kernel(clock, name),
        receiveRequest: requests.signal(`${name}_RX`),
        transmitRequest: requests.signal(`${name}_TX`),
        exchange: spiDevice?.(name),
        pins,
      });
      return { name, address, device, resetBit: name };
    }),
    ...I2CS.map(({ name, address, irq, clock }) => {
      const signal = (which: I2cPinName): SignalPins =>
        new SignalPins({
          gpio: wiring.gpio,
          inputs: wiring.inputs,
          pins: PINS[`${name}_${which}`] ?? {},
          output: () => device.output(which),
          feed: (level) => device.pinChanged(which, level),
          pulledUp: true,
        });
      const pins = { SCL: signal("SCL"), SDA: signal("SDA"), SMBA: signal("SMBA") };
      const device: I2c = new I2c({
        ...common,
        name,
        pins,
        interrupt: irqLine(irq),
        errorInterrupt: irqLine(irq + 1),
        stopped: () => !rcc.busRuns(name),
        clocked: rcc.clockGate(name),
        kernelHz: () => rcc.clockTree.kernelHz(clock, name, device.wakesFromStop),
        device: (address) => wiring.i2cDevice(name, address),
        receiveRequest: requests.signal(`${name}_RX`),
        transmitRequest: requests.signal(`${name}_TX`),
      });
      return { name, address, device, resetBit: name };
    }),
    ...SAIS.map(({ name, address, irq, clock }) => {
      const device = new Sai({
        ...common,
        name,
        interrupt: irqLine(irq),
        clocked: rcc.clockGate(name),
        kernelHz: kernel(clock, name),
        requests: { A: requests.signal(`${name}_A`), B: requests.signal(`${name}_B`) },
      });
      return { name, address, device, resetBit: name };
    }),
    ...LPTIMS.map((row) => lowPowerTimer(wiring, row)),
  ];
}

function ethernet({ log, timeline, rcc, irqLine, dma }: ConnectedWiring): ChipPart {
  const [transmit, receive] = [rcc.clockGate("ETH1TX"), rcc.clockGate("ETH1RX")];
  const device = new Ethernet({
    log,
    timeline,
    interrupt: irqLine(IRQS.ETH),
    clocked: rcc.clockGate("ETH1MAC"),
    lineClocks: () => transmit() && receive(),
    hclkHz: () => rcc.clockTree.hclkHz,
    bus: dma("ETH"),
  });
  return { name: "ETH", address: 0x4002_8000, size: 0x2000, device, resetBit: "ETH1MAC" };
}

const CANS = [
  { name: "FDCAN1", address: 0x4000_a000, irqs: [19, 21], more: FDCAN_TT },
  { name: "FDCAN2", address: 0x4000_a400, irqs: [20, 22], more: undefined },
] as const;

function canControllers({ log, timeline, rcc, irqLine, messages }: ConnectedWiring): ChipPart[] {
  const ram = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
  return CANS.map(({ name, address, irqs, more }) => {
    const device = new Fdcan({
      name,
      log,
      timeline,
      interrupts: [irqLine(irqs[0]), irqLine(irqs[1])],
      clocked: rcc.clockGate("FDCAN"),
      kernelHz: () => rcc.clockTree.kernelHz("FDCAN"),
      messages: ram,
      ...(more === undefined ? {} : { more }),
    });
    return { name, address, device, resetBit: "FDCAN" };
  });
}

const DELAY_BLOCKS = [
  { name: "DLYB_QUADSPI", address: 0x5200_6000, size: 0x1000, gate: "QUADSPI", clock: "QUADSPI" },
  { name: "DLYB_SDMMC1", address: 0x5200_8000, size: 0x1000, gate: "SDMMC1", clock: "SDMMC" },
  { name: "DLYB_SDMMC2", address: 0x4802_2800, size: 0x400, gate: "SDMMC2", clock: "SDMMC" },
] as const;

function delayBlocks({ log, rcc }: ConnectedWiring): ChipPart[] {
  return DELAY_BLOCKS.map(({ name, address, size, gate, clock }) => {
    const clocked = rcc.clockGate(gate);
    const clockHz = (): number => rcc.clockTree.kernelHz(clock);
    return { name, address, size, device: new DelayBlock({ name, log, clocked, clockHz }) };
  });
}

/** SDMMC1 is a master of the AXI interconnect only (RM0433, table "Bus-master-to-bus-slave interconnect"). */
const onAxi = (address: number): boolean => address >= 0x2400_0000 && address < 0x2408_0000;
const external = (address: number): boolean => address >= 0x6000_0000 && address < 0xe000_0000;
const inFlash = (address: number): boolean => address >= 0x0800_0000 && address < 0x0820_0000;
const fromDomain1 = (address: number): boolean => onAxi(address) || external(address) || inFlash(address);

function screensAndCards(wiring: ConnectedWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, sdCard, signals } = wiring;
  const card = (name: "SDMMC1" | "SDMMC2", address: number, size: number): ChipPart => {
    const device = new Sdmmc({
      name,
      log,
      timeline,
      interrupt: irqLine(IRQS[name]),
      clocked: rcc.clockGate(name),
      kernelHz: () => rcc.clockTree.kernelHz("SDMMC"),
      bus: wiring.dma(name),
      reaches: name === "SDMMC1" ? fromDomain1 : (address) => tightlyCoupled(address) === undefined,
      trigger: (event) => {
        if (name === "SDMMC1") signals.raise(`SDMMC1_${event}`);
      },
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
    bus: wiring.dma("LTDC"),
    onLine: () => signals.raise("LTDC_LINE"),
  });
  wiring.onDisplay(() => ltdc.picture());
  return [
    card("SDMMC1", 0x5200_7000, 0x1000),
    card("SDMMC2", 0x4802_2400, 0x400),
    { name: "LTDC", address: 0x5000_1000, size: 0x1000, device: ltdc, resetBit: "LTDC" },
  ];
}
