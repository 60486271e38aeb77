/** What a part of the chip is to the bus, and what those with pins are connected to. */

import type { BusDevice } from "../bus.js";
import type { I2cDevice } from "../i2c-device.js";
import type { DmaBus } from "../peripherals/dma/dma-channel.js";
import type { Gpio, PortLetter } from "../peripherals/gpio.js";
import type { Picture } from "../peripherals/graphics/ltdc-picture.js";
import type { ResetName } from "../peripherals/rcc/rcc-registers.js";
import type { SpiOptions } from "../peripherals/serial/spi/spi.js";
import type { Tim } from "../peripherals/timers/tim.js";
import type { SdCardPort } from "../sd-port.js";
import type { ChipRequests } from "./dma-requests.js";
import type { InternalSignals } from "./internal-signals.js";
import type { PinInputs } from "./pin-inputs.js";
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
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly inputs: PinInputs;
  readonly signals: InternalSignals;
  /** `changed` runs after anything that may change a frequency. */
  readonly onClockChange: (changed: () => void) => void;
  /** A signal of an EXTI line inside the chip. */
  readonly edge: (line: number, high: boolean) => void;
  /** The bus as a DMA master inside a peripheral reaches it. @param name the master's */
  readonly dma: (name: string) => DmaBus;
  /** SYSCFG_PMCR: is the pad parted from its pin? @param pad "PA0_C" */
  readonly switchOpen: (pad: string) => boolean;
  /** Gets what gives the display's picture. */
  readonly onDisplay: (picture: () => Picture | undefined) => void;
  /** FDCAN's message RAM. */
  readonly messages: Uint8Array;
  /** Who answers at a bus, "I2C4", to an address of seven bits. */
  readonly i2cDevice: (bus: string, address: number) => I2cDevice | undefined;
  /** The card in SDMMC1's slot. */
  readonly sdCard: () => SdCardPort | undefined;
  readonly spiDevice: ((spi: string) => SpiOptions["exchange"]) | undefined;
}
