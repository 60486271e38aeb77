/** SPI with I2S, and I2C, as rows. */

import { ALTERNATE_FUNCTIONS } from "../peripherals/alternate-functions.js";
import { I2c, type I2cPinName } from "../peripherals/serial/i2c/i2c.js";
import { Spi, type SpiPinName } from "../peripherals/serial/spi/spi.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
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

const PINS: Readonly<Record<string, Readonly<Record<string, number>>>> = ALTERNATE_FUNCTIONS;

export function spis(wiring: ChipWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, requests, attached } = wiring;
  return SPIS.map(({ name, address, irq, clock, fifoBytes }) => {
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
      log,
      timeline,
      name,
      fifoBytes,
      interrupt: irqLine(irq),
      clocked: rcc.clockGate(name),
      kernelHz: () => rcc.clockTree.kernelHz(clock, name),
      receiveRequest: requests.signal(`${name}_RX`),
      transmitRequest: requests.signal(`${name}_TX`),
      exchange: attached.spiDevice?.(name),
      pins,
    });
    return { name, address, device, resetBit: name };
  });
}

export function i2cs(wiring: ChipWiring): ChipPart[] {
  const { log, timeline, gpio, inputs, rcc, irqLine, requests, attached } = wiring;
  return I2CS.map(({ name, address, irq, clock }) => {
    const signal = (which: I2cPinName): SignalPins =>
      new SignalPins({
        gpio,
        inputs,
        pins: PINS[`${name}_${which}`] ?? {},
        output: () => device.output(which),
        feed: (level) => device.pinChanged(which, level),
        pulledUp: true,
      });
    const pins = { SCL: signal("SCL"), SDA: signal("SDA"), SMBA: signal("SMBA") };
    const device: I2c = new I2c({
      log,
      timeline,
      name,
      pins,
      interrupt: irqLine(irq),
      errorInterrupt: irqLine(irq + 1),
      stopped: () => !rcc.busRuns(name),
      clocked: rcc.clockGate(name),
      kernelHz: () => rcc.clockTree.kernelHz(clock, name, device.wakesFromStop),
      device: (address) => attached.i2cDevice?.(name, address),
      receiveRequest: requests.signal(`${name}_RX`),
      transmitRequest: requests.signal(`${name}_TX`),
    });
    return { name, address, device, resetBit: name };
  });
}
