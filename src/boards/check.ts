/** What a board file says, held to the chip: pins, packages, regions. The form alone is parseBoard's business. */
import {
  type Board,
  BoardFileError,
  CAMERA_PINS,
  FLASH_PINS,
  type FlashPin,
  type Pin,
  parseBoard,
  SPI_PINS,
} from "./board.js";
import { describePins, hasPin, possiblePins, TAKEN_PINS } from "./pins.js";

const SECTOR = 0x1000;
/** docs/protocol.md, sections 9 and 11.5: two journal sectors, signatures, rescue. */
const JOURNAL_BYTES = 0x4000;
/** SCB_VTOR with 166 vectors: what a program begins at is a multiple of this. */
const VECTORS_ALIGNMENT = 0x400;

/** QUADSPI's name of a flash pin. */
export function flashSignal(pin: FlashPin, bank: 1 | 2): string {
  return pin === "CLK" ? "QUADSPI_CLK" : `QUADSPI_BK${bank}_${pin}`;
}

interface UsedPin {
  /** Place in the file. */
  readonly where: string;
  readonly pin: string;
  /** With its alternate function and signal, where it has one. */
  readonly signal?: { readonly name: string; readonly af: number };
}

function used(where: string, { pin, af }: Pin, name: string): UsedPin {
  return { where, pin, signal: { name, af } };
}

/** In dual-flash mode, bank 1's /CS may select both chips. */
function secondFlashPins({ bank, pins, second }: Board["flash"]): UsedPin[] {
  if (second === undefined) return [];
  return Object.entries(second.pins)
    .filter(([name, { pin }]) => name !== "NCS" || pin !== pins.NCS.pin)
    .map(([name, pin]) =>
      used(`flash.second.pins.${name}`, pin, flashSignal(name as FlashPin, bank === 1 ? 2 : 1)),
    );
}

function spiFlashPins(spiFlash: Board["spiFlash"]): UsedPin[] {
  if (spiFlash === undefined) return [];
  const { spi, select, pins } = spiFlash;
  return [
    { where: "spiFlash.select", pin: select },
    ...SPI_PINS.map((name) => used(`spiFlash.pins.${name}`, pins[name], `${spi}_${name}`)),
  ];
}

function cameraPins(camera: Board["camera"]): UsedPin[] {
  if (camera === undefined) return [];
  const { clock, pins } = camera;
  return [
    ...(typeof clock === "string" ? [{ where: "camera.clock", pin: clock }] : []),
    ...CAMERA_PINS.map((name) => used(`camera.pins.${name}`, pins[name], `DCMI_${name}`)),
  ];
}

function usedPins({ flash, spiFlash, led, button, console, camera }: Board): UsedPin[] {
  return [
    ...FLASH_PINS.map((name) => used(`flash.pins.${name}`, flash.pins[name], flashSignal(name, flash.bank))),
    ...secondFlashPins(flash),
    ...spiFlashPins(spiFlash),
    ...cameraPins(camera),
    ...(led === undefined ? [] : [{ where: "led.pin", pin: led.pin }]),
    ...(button === undefined ? [] : [{ where: "button.pin", pin: button.pin }]),
    ...(console === undefined
      ? []
      : [
          used("console.tx", console.tx, `${console.usart}_TX`),
          used("console.rx", console.rx, `${console.usart}_RX`),
        ]),
  ];
}

function pinMistakes({ where, pin, signal }: UsedPin, { package: packageName }: Board): string[] {
  if (signal !== undefined) {
    const possible = possiblePins(signal.name, packageName);
    const fits = possible.some((one) => one.pin === pin && one.af === signal.af);
    if (!fits)
      return [
        `${where}: expected a pin with ${signal.name}, found ${pin} with AF${signal.af}; possible: ${describePins(possible)}`,
      ];
  }
  if (packageName !== undefined && !hasPin(packageName, pin)) {
    return [`${where}: expected a pin of the package ${packageName}, found ${pin}`];
  }
  const other = TAKEN_PINS[pin];
  return other === undefined ? [] : [`${where}: expected a free pin, found ${pin}, which is ${other}`];
}

function doubleUse(pins: readonly UsedPin[]): string[] {
  return pins.flatMap(({ where, pin }, index) => {
    const first = pins.findIndex((one) => one.pin === pin);
    return first === index
      ? []
      : [`${where}: expected a free pin, found ${pin}, which is ${pins[first]?.where} already`];
  });
}

interface NamedRegion {
  readonly where: string;
  readonly address: number;
  readonly length: number;
}

const hex = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(8, "0")}`;

function describe({ address, length }: NamedRegion): string {
  return `${hex(address)} to ${hex(address + length - 1)}`;
}

function regionMistakes(region: NamedRegion, { flash }: Board): string[] {
  const { where, address, length } = region;
  const end = flash.address + flash.size;
  if (address < flash.address || address + length > end) {
    return [
      `${where}: expected inside the flash chip, ${hex(flash.address)} to ${hex(end - 1)}; found ${describe(region)}`,
    ];
  }
  const aligned = address % SECTOR === 0 && length % SECTOR === 0;
  return aligned ? [] : [`${where}: expected whole sectors of ${SECTOR} bytes, found ${describe(region)}`];
}

function overlaps(regions: readonly NamedRegion[]): string[] {
  return regions.flatMap((one, index) =>
    regions
      .slice(0, index)
      .filter(
        (other) => one.address < other.address + other.length && other.address < one.address + one.length,
      )
      .map(
        (other) =>
          `${one.where}: expected apart from ${other.where}, ${describe(other)}; found ${describe(one)}`,
      ),
  );
}

function allRegions(board: Board): string[] {
  const { application, journal, log, reserved } = board.regions;
  const slot = board.firstStage?.slot;
  const regions: NamedRegion[] = [
    ...(slot === undefined ? [] : [{ where: "firstStage.slot", ...slot }]),
    ...(log === undefined ? [] : [{ where: "regions.log", ...log }]),
    { where: "regions.application", ...application },
    { where: "regions.journal", ...journal },
    ...reserved.map((region, index) => ({ where: `regions.reserved[${index}]`, ...region })),
  ];
  const mistakes = [...regions.flatMap((region) => regionMistakes(region, board)), ...overlaps(regions)];
  if (journal.length !== JOURNAL_BYTES) {
    mistakes.push(
      `regions.journal.length: expected 0x${JOURNAL_BYTES.toString(16)}, found 0x${journal.length.toString(16)}`,
    );
  }
  if (application.address % VECTORS_ALIGNMENT !== 0) {
    mistakes.push(`regions.application.address: expected a multiple of ${VECTORS_ALIGNMENT}`);
  }
  return mistakes;
}

/** All that is wrong with the board, each with its place, what was expected and what was found; none when all is right. */
export function boardMistakes(board: Board): string[] {
  const pins = usedPins(board);
  const { size } = board.flash;
  const power = Number.isInteger(Math.log2(size));
  return [
    ...(power ? [] : [`flash.size: expected a power of two, found ${size}`]),
    ...pins.flatMap((pin) => pinMistakes(pin, board)),
    ...doubleUse(pins),
    ...allRegions(board),
  ];
}

/**
 * Reads a board file and holds it to the chip.
 * @param file its path; messages name it, and the board must be named as it is
 * @throws BoardFileError with every mistake, one a line
 */
export function loadBoard(file: string, text: string): Board {
  const board = parseBoard(file, text);
  const mistakes = boardMistakes(board);
  const own = file.replace(/^.*[/\\]/, "").replace(/\.json$/, "");
  if (board.name !== own)
    mistakes.unshift(`name: expected "${own}" as the file is named, found "${board.name}"`);
  if (mistakes.length === 0) return board;
  throw new BoardFileError(mistakes.map((mistake) => `${file}: ${mistake}`).join("\n"));
}
