/** What a board gives its chip. */

import type { EmulatorLog } from "../bus.js";
import type { Engine } from "../cpu/core-options.js";
import type { GuestMemory } from "../guest-memory.js";
import type { I2cDevice } from "../i2c-device.js";
import type { FlashGeometry } from "../peripherals/internal-flash/flash-geometry.js";
import type { QuadSpiOptions } from "../peripherals/quadspi/quadspi-options.js";
import type { SpiOptions } from "../peripherals/serial/spi/spi.js";
import type { SdCardPort } from "../sd-port.js";
import type { Timeline } from "../timeline.js";
import type { SerialPortName } from "./serial-ports.js";

export interface ChipOptions {
  readonly timeline: Timeline;
  /** Of the internal flash. */
  readonly flashGeometry: FlashGeometry;
  /** Where the memories lie; the internal flash and `CHIP_BYTES` of it are the chip's own. */
  readonly memory: GuestMemory;
  readonly log: EmulatorLog;
  /** Numbers in [0, 1): RAM content at power-on, noise, what a power cut leaves. */
  readonly random: () => number;
  /** 12 bytes as at 0x1FF1_E800. */
  readonly uniqueId: Uint8Array;
  /** Crystals and oscillators of the board, Hz; undefined: none. */
  readonly hseHz: number | undefined;
  readonly hseIsOscillator: boolean;
  readonly lseHz: number | undefined;
  /** The flash chip at the QUADSPI pins as they are muxed now. */
  readonly flashChip: QuadSpiOptions["chip"];
  /** Who answers at a bus, "I2C4", to an address of seven bits. Default: nobody. */
  readonly i2cDevice?: (bus: string, address: number) => I2cDevice | undefined;
  /** The card in SDMMC1's slot. */
  readonly sdCard: () => SdCardPort | undefined;
  /** What is at an SPI's pins: a frame of `bits` bits at `hz` bits a second, both ways. undefined: nothing. */
  readonly spiDevice?: (spi: string) => SpiOptions["exchange"];
  readonly flashLines: NonNullable<QuadSpiOptions["lines"]>;
  readonly lendFlashPair?: QuadSpiOptions["lendPair"];
  /** A byte left a serial port: "USART1". */
  readonly onSerial: (port: SerialPortName, byte: number) => void;
  /** A missing clean or invalidate of a cache shows. */
  readonly engine?: Engine | undefined;
  readonly strictCaches?: boolean | undefined;
  /** Instructions and the QUADSPI window take the time of a model of the chip. */
  readonly timeModel?: boolean | undefined;
}
