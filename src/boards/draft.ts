/**
 * A board file from what a person knows of a board: names of pins without alternate functions, a flash part, and
 * whatever else is to be said. The rest follows from the chip.
 */
import { BoardFileError, FLASH_PINS, type FlashPin } from "./board.js";
import { flashSignal } from "./check.js";
import { describePins, possiblePins } from "./pins.js";

type Json = Readonly<Record<string, unknown>>;

/** Where applications begin: room for a megabyte of other data before them. */
const APPLICATION_OFFSET = 0x10_0000;
const JOURNAL_BYTES = 0x4000;
const DEFAULT_CLOCK_HZ = 100_000_000;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const object = (value: unknown): Json => (isObject(value) ? value : {});

const hex = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(8, "0")}`;

/** "PB2" gets the alternate function that it has for the signal; anything else stays for parseBoard to judge. */
function completePin(where: string, value: unknown, signal: string): unknown {
  if (typeof value !== "string") return value;
  const possible = possiblePins(signal);
  const found = possible.find(({ pin }) => pin === value.toUpperCase());
  if (found !== undefined) return found;
  throw new BoardFileError(
    `${where}: expected a pin with ${signal}, found ${JSON.stringify(value)}; possible: ${describePins(possible)}`,
  );
}

function completeFlash(flash: Json, partSize: (part: string) => number | undefined): Json {
  const { part, bank = 1, pins, ...others } = flash;
  const given = object(pins);
  const signal = (name: FlashPin): string => flashSignal(name, bank === 2 ? 2 : 1);
  const complete = FLASH_PINS.map((name) => [
    name,
    completePin(`flash.pins.${name}`, given[name], signal(name)),
  ]);
  const size = partSize(String(part));
  return {
    part,
    ...(size === undefined ? {} : { size: hex(size) }),
    bank,
    address: "0x90000000",
    maxClockHz: DEFAULT_CLOCK_HZ,
    ...others,
    pins: Object.fromEntries(complete),
  };
}

function completeConsole(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { usart, tx, rx, ...others } = value;
  return {
    usart,
    tx: completePin("console.tx", tx, `${usart}_TX`),
    rx: completePin("console.rx", rx, `${usart}_RX`),
    baud: 115_200,
    ...others,
  };
}

function completeSwitch(value: unknown): unknown {
  return typeof value === "string" ? { pin: value.toUpperCase(), activeHigh: true } : value;
}

/** Applications get all from 1 MiB on, the journal the chip's last 16 KiB. */
function defaultRegions(size: number): Json {
  const base = 0x9000_0000;
  const journal = size - JOURNAL_BYTES;
  return {
    application: {
      address: hex(base + APPLICATION_OFFSET),
      length: hex(Math.max(0, journal - APPLICATION_OFFSET)),
    },
    journal: { address: hex(base + journal), length: hex(JOURNAL_BYTES) },
    reserved: [],
  };
}

/**
 * Completes a draft to a board file's text; what the draft says stays as it is.
 * @param draft as a board file, but for: pins may be names alone ("PB2"), led and button too (lit or pressed when high);
 *   flash.size, flash.bank (1), flash.maxClockHz (100 MHz), console.baud (115200) and regions may be left out
 * @param partSize bytes of a flash part, undefined for an unknown one
 * @throws BoardFileError when a pin does not carry its signal; other mistakes are loadBoard's to tell
 */
export function completeBoard(draft: unknown, partSize: (part: string) => number | undefined): string {
  if (!isObject(draft))
    throw new BoardFileError(`the draft: expected an object, found ${JSON.stringify(draft)}`);
  const {
    $schema,
    name,
    title = name,
    mcu = "STM32H750",
    flash,
    led,
    button,
    console,
    regions,
    ...others
  } = draft;
  const completed = completeFlash(object(flash), partSize);
  const size = Number(completed["size"]);
  const board = {
    $schema: $schema ?? "./board.schema.json",
    name,
    title,
    mcu,
    ...others,
    flash: completed,
    led: completeSwitch(led),
    button: completeSwitch(button),
    console: completeConsole(console),
    regions: regions ?? (Number.isInteger(size) ? defaultRegions(size) : undefined),
  };
  return `${JSON.stringify(board, undefined, 2)}\n`;
}
