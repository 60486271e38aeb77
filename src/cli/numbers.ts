/** Numbers as people type them. */
import { UsageError } from "./errors.js";

const DIGITS = /^(0x[0-9a-f]+(_[0-9a-f]+)*|[0-9]+(_[0-9]+)*)$/i;
const HIGHEST = 0xffffffff;
const SUFFIXES: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 * 1024 };

function parseDigits(text: string): number {
  return DIGITS.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
}

function refuse(argument: string, text: string, expected: string): never {
  throw new UsageError(`${argument}: expected ${expected}, found ${JSON.stringify(text)}`);
}

/** True for what `parseAddress` takes: tells ADDR from FILE. */
export function looksLikeNumber(text: string): boolean {
  return DIGITS.test(text);
}

/**
 * An address as the CPU sees it, 0 to 0xFFFF_FFFF: hexadecimal with 0x, or decimal; "_" may group digits.
 * @param argument its name, for messages
 * @throws UsageError
 */
export function parseAddress(argument: string, text: string): number {
  const value = parseDigits(text);
  if (!(value <= HIGHEST)) refuse(argument, text, "an address up to 0xFFFFFFFF, such as 0x90100000");
  return value;
}

/**
 * Bytes, 1 to 0xFFFF_FFFF: as an address, with K or M behind it for KiB or MiB.
 * @throws UsageError
 */
export function parseLength(argument: string, text: string): number {
  const suffix = /[KM]$/i.exec(text)?.[0] ?? "";
  const value =
    parseDigits(text.slice(0, text.length - suffix.length)) * (SUFFIXES[suffix.toUpperCase()] ?? 1);
  if (!(value >= 1 && value <= HIGHEST))
    refuse(argument, text, "a number of bytes, such as 4096, 0x1000, 4K or 1M");
  return value;
}

/**
 * Seconds to milliseconds.
 * @throws UsageError
 */
export function parseSeconds(argument: string, text: string): number {
  if (!/^[0-9]+(\.[0-9]+)?$/.test(text)) refuse(argument, text, "seconds, such as 10 or 0.5");
  return Number(text) * 1000;
}

/**
 * A TCP port number, 0 to 65535; 0 lets the system choose.
 * @throws UsageError
 */
export function parsePort(argument: string, text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) refuse(argument, text, "a port number from 0 to 65535");
  return port;
}
