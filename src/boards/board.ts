/**
 * Boards as data: one file in `boards/` tells the firmware, the emulator and the flasher all they need.
 * `parseBoard` is pure: text in, a checked board out. Addresses and lengths are bytes.
 */

import { PACKAGE_NAMES, type PackageName } from "./pins.js";

export interface Pin {
  /** Port letter "A".."K" and number 0..15, as in the reference manual: "PB2". */
  readonly pin: string;
  /** Alternate function number 0..15 that the firmware selects. */
  readonly af: number;
}

export interface Region {
  readonly address: number;
  readonly length: number;
}

export interface FlashWiring {
  /** Name of the part: a file name of the emulator's flash chips, informative for the firmware. */
  readonly part: string;
  /** Bytes of the part, a power of two. */
  readonly size: number;
  /** QUADSPI bank that the part is wired to. Default 1. */
  readonly bank: 1 | 2;
  /** Where the memory-mapped window begins: 0x9000_0000. */
  readonly address: number;
  /** The board's maker has set QE already; false: as the chip left its factory. */
  readonly quadEnabled: boolean;
  /** Highest QUADSPI clock in Hz that the board's wiring and the chip allow. */
  readonly maxClockHz: number;
  readonly pins: Readonly<Record<FlashPin, Pin>>;
  /**
   * A second chip of the same part on the other bank, with CLK in common, for an application's dual-flash mode. The
   * bootloader leaves it alone.
   */
  readonly second: SecondFlash | undefined;
}

export interface SecondFlash {
  readonly pins: Readonly<Record<Exclude<FlashPin, "CLK">, Pin>>;
  /**
   * The board's own tools and programs know both chips as one memory, even bytes in the first one, odd ones in the second:
   * IMBootloader, which writes one chip, is not for such a board.
   */
  readonly interleaved: boolean;
}

/** A second serial flash chip, on an SPI: programs keep files there. The bootloader leaves it alone. */
export interface SpiFlashWiring {
  /** Name of the part, as that of `FlashWiring`. */
  readonly part: string;
  /** "SPI1". */
  readonly spi: string;
  /** Selects the chip; any pin. */
  readonly select: string;
  readonly pins: Readonly<Record<SpiPin, Pin>>;
}

export const SPI_PINS = ["SCK", "MISO", "MOSI"] as const;
export type SpiPin = (typeof SPI_PINS)[number];

export const FLASH_PINS = ["CLK", "NCS", "IO0", "IO1", "IO2", "IO3"] as const;
export type FlashPin = (typeof FLASH_PINS)[number];

/** A bootloader in the internal flash that is not ours: IMSSBL runs behind it, from RAM (docs/imssbl.md). */
export interface FirstStage {
  /** It must never be erased or replaced. */
  readonly policy: "keep";
  readonly format: "EXST";
  /** Where in RAM it copies the image to, vectors first. */
  readonly loadAddress: number;
  /** Where in external flash the image lies; as long as the image. */
  readonly slot: Region;
  /** File on an SD card that it takes instead of the slot. */
  readonly sdCardFile: string | undefined;
}

export interface I2cWiring {
  /** "I2C4". */
  readonly bus: string;
  readonly scl: Pin;
  readonly sda: Pin;
  /** Names of the chips. */
  readonly parts: readonly string[];
}

export const CAMERA_DATA_PINS = ["D0", "D1", "D2", "D3", "D4", "D5", "D6", "D7"] as const;
export const CAMERA_PINS = ["PIXCLK", "HSYNC", "VSYNC", ...CAMERA_DATA_PINS] as const;
export type CameraPin = (typeof CAMERA_PINS)[number];

/** A camera at DCMI. */
export interface CameraWiring {
  /** Name of the sensor. */
  readonly part: string;
  /** Where programs configure it: "I2C1". */
  readonly bus: string;
  readonly scl: Pin;
  readonly sda: Pin;
  /** The pin that gives it its clock, or the frequency of an oscillator of its own in Hz. */
  readonly clock: string | number;
  /** By DCMI's names. */
  readonly pins: Readonly<Record<CameraPin, Pin>>;
}

export interface Board {
  /** File name in `boards/` without its ending; also what the firmware reports. 1..32 of a-z 0-9 -. */
  readonly name: string;
  readonly title: string;
  readonly mcu: string;
  /** The chip's package, where it is known: pins are held to it. */
  readonly package: PackageName | undefined;
  /** What a person does so that the chip starts ST's ROM bootloader, a sentence; undefined: BOOT0 high at a reset. */
  readonly romBootloader: string | undefined;
  /** External crystal in Hz; the bootloader needs none. */
  readonly hseHz: number | undefined;
  /** OSC_IN is driven by an oscillator, so that firmware may set HSEBYP; false: a crystal. */
  readonly hseIsOscillator: boolean;
  /** Crystal at OSC32_IN in Hz: 32768. */
  readonly lseHz: number | undefined;
  readonly flash: FlashWiring;
  readonly spiFlash: SpiFlashWiring | undefined;
  readonly led: { readonly pin: string; readonly activeHigh: boolean } | undefined;
  readonly button: { readonly pin: string; readonly activeHigh: boolean } | undefined;
  readonly console:
    | { readonly usart: string; readonly tx: Pin; readonly rx: Pin; readonly baud: number }
    | undefined;
  /** Chips at its I2C buses that the emulator has, too. */
  readonly i2c: readonly I2cWiring[];
  /** The camera that the emulator has, too. */
  readonly camera: CameraWiring | undefined;
  /** First of three RTC backup registers in a row that carry requests over a reset (docs/protocol.md, section 8). */
  readonly backupRegister: number;
  /** undefined: IMBootloader itself goes into the internal flash. */
  readonly firstStage: FirstStage | undefined;
  readonly regions: {
    /** Where applications may be linked. */
    readonly application: Region;
    /** The bootloader's own 16 KiB: two journal sectors and two spare ones. */
    readonly journal: Region;
    /** 128 KiB for the log, on boards with a first stage only; elsewhere it lies in the internal flash. */
    readonly log: Region | undefined;
    /** What else must never be written. */
    readonly reserved: readonly Region[];
  };
}

/** False: the board is one to emulate programs on, no more. */
export function runsBootloader({ flash }: Board): boolean {
  return flash.second?.interleaved !== true;
}

/** A board file is wrong: names the file, the place in it, what was expected and what was found. */
export class BoardFileError extends Error {
  override readonly name = "BoardFileError";
}

type Json = Readonly<Record<string, unknown>>;

class Reader {
  private readonly file: string;
  private readonly path: string;
  private readonly value: unknown;

  constructor(file: string, path: string, value: unknown) {
    this.file = file;
    this.path = path;
    this.value = value;
  }

  fail(expected: string): never {
    const found = this.value === undefined ? "nothing" : JSON.stringify(this.value);
    throw new BoardFileError(
      `${this.file}: ${this.path || "the file"}: expected ${expected}, found ${found}`,
    );
  }

  get present(): boolean {
    return this.value !== undefined;
  }

  at(key: string): Reader {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value))
      this.fail("an object");
    const inner = (this.value as Json)[key];
    return new Reader(this.file, this.path === "" ? key : `${this.path}.${key}`, inner);
  }

  list(): Reader[] {
    if (!Array.isArray(this.value)) this.fail("a list");
    return this.value.map((item, index) => new Reader(this.file, `${this.path}[${index}]`, item));
  }

  text(pattern: RegExp, expected: string): string {
    if (typeof this.value !== "string" || !pattern.test(this.value)) this.fail(expected);
    return this.value;
  }

  integer(lowest: number, highest: number): number {
    const number = typeof this.value === "string" ? Number(this.value) : this.value;
    if (typeof number !== "number" || !Number.isInteger(number) || number < lowest || number > highest) {
      this.fail(`a whole number from ${lowest} to ${highest}, or its hexadecimal text`);
    }
    return number;
  }

  boolean(): boolean {
    if (typeof this.value !== "boolean") this.fail("true or false");
    return this.value;
  }
}

/** Chips that a board may have. */
export const MCU = /^STM32H7[45][0-9]$/;
const PIN = /^P[A-K](1[0-5]|[0-9])$/;
const UINT32 = 0xffffffff;
/** 32 registers; three are needed, and the highest two are the fault record's. */
const BACKUP_REGISTER_MAX = 27;

function readPinName(reader: Reader): string {
  return reader.text(PIN, 'a pin such as "PB2"');
}

function readPin(reader: Reader): Pin {
  return { pin: readPinName(reader.at("pin")), af: reader.at("af").integer(0, 15) };
}

function readRegion(reader: Reader): Region {
  return { address: reader.at("address").integer(0, UINT32), length: reader.at("length").integer(1, UINT32) };
}

function readSwitch(reader: Reader): { pin: string; activeHigh: boolean } | undefined {
  if (!reader.present) return undefined;
  return { pin: readPinName(reader.at("pin")), activeHigh: reader.at("activeHigh").boolean() };
}

function readPackage(reader: Reader): PackageName | undefined {
  if (!reader.present) return undefined;
  const pattern = new RegExp(`^(${PACKAGE_NAMES.join("|")})$`);
  return reader.text(pattern, `one of ${PACKAGE_NAMES.join(", ")}`) as PackageName;
}

function readConsole(reader: Reader): Board["console"] {
  if (!reader.present) return undefined;
  return {
    usart: reader.at("usart").text(/^(LPU|U|US)ART\d?$/, 'a USART such as "USART1"'),
    tx: readPin(reader.at("tx")),
    rx: readPin(reader.at("rx")),
    baud: reader.at("baud").integer(1200, 4_000_000),
  };
}

function readI2cBus(reader: Reader): string {
  return reader.text(/^I2C[1-4]$/, '"I2C1" to "I2C4"');
}

function readI2c(reader: Reader): I2cWiring[] {
  if (!reader.present) return [];
  return reader.list().map((bus) => ({
    bus: readI2cBus(bus.at("bus")),
    scl: readPin(bus.at("scl")),
    sda: readPin(bus.at("sda")),
    parts: bus
      .at("parts")
      .list()
      .map((part) => part.text(/^[A-Za-z0-9-]+$/, "the name of a chip")),
  }));
}

function readCamera(reader: Reader): CameraWiring | undefined {
  if (!reader.present) return undefined;
  const pins = Object.fromEntries(CAMERA_PINS.map((name) => [name, readPin(reader.at("pins").at(name))]));
  const clockHz = reader.at("clockHz");
  return {
    part: reader.at("part").text(/^[A-Za-z0-9-]+$/, "the name of a camera's sensor"),
    bus: readI2cBus(reader.at("bus")),
    scl: readPin(reader.at("scl")),
    sda: readPin(reader.at("sda")),
    clock: clockHz.present ? clockHz.integer(1_000_000, 60_000_000) : readPinName(reader.at("clock")),
    pins: pins as Record<CameraPin, Pin>,
  };
}

function readFlash(reader: Reader): FlashWiring {
  const quadEnabled = reader.at("quadEnabled");
  const pins = Object.fromEntries(FLASH_PINS.map((name) => [name, readPin(reader.at("pins").at(name))]));
  return {
    quadEnabled: quadEnabled.present && quadEnabled.boolean(),
    part: reader.at("part").text(/^[A-Za-z0-9-]+$/, "the name of a flash part"),
    size: reader.at("size").integer(0x1_0000, 0x1000_0000),
    bank: reader.at("bank").present && reader.at("bank").integer(1, 2) === 2 ? 2 : 1,
    address: reader.at("address").integer(0x90000000, 0x90000000),
    maxClockHz: reader.at("maxClockHz").integer(1_000_000, 133_000_000),
    pins: pins as Record<FlashPin, Pin>,
    second: readSecondFlash(reader.at("second")),
  };
}

function readSecondFlash(reader: Reader): FlashWiring["second"] {
  if (!reader.present) return undefined;
  const names = FLASH_PINS.filter((name) => name !== "CLK");
  const pins = Object.fromEntries(names.map((name) => [name, readPin(reader.at("pins").at(name))]));
  const interleaved = reader.at("interleaved");
  return {
    pins: pins as Record<Exclude<FlashPin, "CLK">, Pin>,
    interleaved: interleaved.present && interleaved.boolean(),
  };
}

function readSpiFlash(reader: Reader): SpiFlashWiring | undefined {
  if (!reader.present) return undefined;
  const pins = Object.fromEntries(SPI_PINS.map((name) => [name, readPin(reader.at("pins").at(name))]));
  return {
    part: reader.at("part").text(/^[A-Za-z0-9-]+$/, "the name of a flash part"),
    spi: reader.at("spi").text(/^SPI[1-6]$/, 'an SPI such as "SPI1"'),
    select: readPinName(reader.at("select")),
    pins: pins as Record<SpiPin, Pin>,
  };
}

function readFirstStage(reader: Reader): FirstStage | undefined {
  if (!reader.present) return undefined;
  const sdCardFile = reader.at("sdCardFile");
  reader.at("policy").text(/^keep$/, '"keep"');
  reader.at("format").text(/^EXST$/, '"EXST"');
  return {
    policy: "keep",
    format: "EXST",
    loadAddress: reader.at("loadAddress").integer(0, UINT32),
    slot: readRegion(reader.at("slot")),
    sdCardFile: sdCardFile.present ? sdCardFile.text(/./, "the name of a file") : undefined,
  };
}

/** @param log wanted or not: it lies in external flash exactly where the internal flash belongs to somebody else */
function readRegions(reader: Reader, log: boolean): Board["regions"] {
  const place = reader.at("log");
  if (log !== place.present) {
    place.fail(
      log ? "a region, because the internal flash is the first stage's" : "nothing without firstStage",
    );
  }
  return {
    application: readRegion(reader.at("application")),
    journal: readRegion(reader.at("journal")),
    log: log ? readRegion(place) : undefined,
    reserved: reader.at("reserved").list().map(readRegion),
  };
}

/**
 * Reads a board file.
 * @param file name for messages
 * @throws BoardFileError
 */
export function parseBoard(file: string, text: string): Board {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new BoardFileError(`${file}: not JSON: ${(cause as Error).message}`, { cause });
  }
  const root = new Reader(file, "", json);
  const hse = root.at("hseHz");
  const backupRegister = root.at("backupRegister");
  const firstStage = readFirstStage(root.at("firstStage"));
  const oscillator = root.at("hseIsOscillator");
  const lse = root.at("lseHz");
  const rom = root.at("romBootloader");
  return {
    name: root.at("name").text(/^[a-z0-9-]{1,32}$/, "1 to 32 of a-z, 0-9 and -"),
    title: root.at("title").text(/./, "a text"),
    mcu: root.at("mcu").text(MCU, "an STM32H74x or STM32H75x"),
    package: readPackage(root.at("package")),
    romBootloader: rom.present ? rom.text(/./, "a sentence") : undefined,
    hseHz: hse.present ? hse.integer(4_000_000, 48_000_000) : undefined,
    hseIsOscillator: oscillator.present && oscillator.boolean(),
    lseHz: lse.present ? lse.integer(32_768, 32_768) : undefined,
    flash: readFlash(root.at("flash")),
    spiFlash: readSpiFlash(root.at("spiFlash")),
    led: readSwitch(root.at("led")),
    button: readSwitch(root.at("button")),
    console: readConsole(root.at("console")),
    i2c: readI2c(root.at("i2c")),
    camera: readCamera(root.at("camera")),
    backupRegister: backupRegister.present ? backupRegister.integer(0, BACKUP_REGISTER_MAX) : 0,
    firstStage,
    regions: readRegions(root.at("regions"), firstStage !== undefined),
  };
}
