/**
 * Packets of GDB's remote serial protocol (GDB manual, appendix E.1): `$data#checksum`.
 *
 * Everything here is a byte string: text whose characters are the bytes 0 to 255, because most packets are text
 * and the few binary ones (X, vFlashWrite, qXfer) must fit into the same hands.
 */

import { hexByte } from "./text.js";

const ESCAPE = "}";
const ESCAPE_XOR = 0x20;
const RUN = "*";
/** A run's count is its character's code minus this. */
const RUN_BIAS = 29;
const LONGEST_RUN = 126 - RUN_BIAS;

/** Sum of the bytes between `$` and `#`, modulo 256. */
export function checksum(body: string): number {
  let sum = 0;
  for (let index = 0; index < body.length; index++) sum += body.charCodeAt(index);
  return sum & 0xff;
}

/** A whole packet. What must not stand in one as it is gets escaped; `*`, too, which begins a run in an answer. */
export function encodePacket(payload: string): string {
  const body = payload.replace(/[#$}*]/g, (found) => ESCAPE + xor(found));
  return `$${body}#${hexByte(checksum(body))}`;
}

/**
 * Payload of a packet's body.
 * @param runs only answers contain runs; what GDB sends may hold a bare `*`.
 * @returns undefined for a body that ends inside an escape or a run, or that begins with a run
 */
export function decodeBody(body: string, runs: boolean): string | undefined {
  let plain = "";
  for (let index = 0; index < body.length; index++) {
    const char = body[index] as string;
    if (char === ESCAPE) {
      const escaped = body[++index];
      if (escaped === undefined) return undefined;
      plain += xor(escaped);
    } else if (runs && char === RUN) {
      const count = body.charCodeAt(++index) - RUN_BIAS;
      const last = plain.at(-1);
      if (!(count >= 3 && count <= LONGEST_RUN) || last === undefined) return undefined;
      plain += last.repeat(count);
    } else plain += char;
  }
  return plain;
}

function xor(char: string): string {
  return String.fromCharCode(char.charCodeAt(0) ^ ESCAPE_XOR);
}
