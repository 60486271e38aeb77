/** How the remote protocol writes numbers, bytes and names. Byte strings: characters 0 to 255. */

/** Characters that fit into one call of String.fromCharCode. */
const CHUNK = 0x2000;

export function bytesToString(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return text;
}

/** @param text a byte string; what lies above 255 loses its high bits */
export function stringToBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

export function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** "hello" as "68656c6c6f": console output and monitor commands. Characters beyond 255 become "?". */
export function textToHex(text: string): string {
  return Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return hexByte(code > 0xff ? 0x3f : code);
  }).join("");
}

export function bytesToHex(bytes: Uint8Array): string {
  return Array.from(bytes, hexByte).join("");
}

/** @returns undefined unless `hex` is an even number of hexadecimal digits */
export function hexToBytes(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) return undefined;
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}

/** A number without 0x, most significant digit first: addresses and lengths. @returns undefined for anything else */
export function parseHex(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** A value in target byte order (little-endian), as registers are written. @param bytes 1 to 4 */
export function valueToHex(value: number, bytes: number): string {
  return bytesToHex(Uint8Array.from({ length: bytes }, (_, index) => (value >>> (index * 8)) & 0xff));
}

/** @param bytes little-endian, at most 4 of them. @returns unsigned */
export function bytesToValue(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** "addr,length" of m, M, X, vFlashErase and others. @returns undefined when it is not that */
export function parseRange(text: string): { readonly address: number; readonly length: number } | undefined {
  const [first, second, more] = text.split(",");
  const address = parseHex(first);
  const length = parseHex(second);
  if (address === undefined || length === undefined || more !== undefined) return undefined;
  return { address, length };
}

/** What stands before the first `separator`, and what behind it. */
export function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

/**
 * One answer to `qXfer:…:read:annex:offset,length`.
 * @param window "offset,length"
 * @returns undefined when `window` is not that
 */
export function xferChunk(document: string, window: string): string | undefined {
  const range = parseRange(window);
  if (range === undefined) return undefined;
  const end = range.address + range.length;
  return (end < document.length ? "m" : "l") + document.slice(range.address, end);
}
