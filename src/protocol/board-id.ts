/** Board ids: docs/protocol.md section 6. */

import { UID_BYTES } from "./access.js";

const DIGITS = "0123456789ABCDEFGHJKMNPQRTVWXYZ";
const BASE = BigInt(DIGITS.length);
const ID_DIGITS = 20;
const GROUP = 7;
const LOOKALIKES: Readonly<Record<string, string>> = { I: "1", L: "1", O: "0", S: "5", U: "V" };

/** What was typed is not a board id. */
export class BoardIdError extends Error {
  override readonly name = "BoardIdError";
}

/** @param uid the 12 bytes at 0x1FF1_E800. @returns 23 characters. */
export function boardIdFromUid(uid: Uint8Array): string {
  if (uid.length !== UID_BYTES)
    throw new BoardIdError(`a unique id has ${UID_BYTES} bytes, not ${uid.length}`);
  let value = uid.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let digits = "";
  for (let i = 0; i < ID_DIGITS; i++) {
    digits = DIGITS.charAt(Number(value % BASE)) + digits;
    value /= BASE;
  }
  return group(digits + checkDigit(digits));
}

/**
 * Reads what a person typed: case, spaces and dashes do not matter, look-alikes are put right.
 * @returns the id as it is written, 23 characters. @throws BoardIdError
 */
export function parseBoardId(text: string): string {
  const plain = Array.from(text.toUpperCase().replace(/[\s-]/g, ""), (digit) => LOOKALIKES[digit] ?? digit);
  const wrong = plain.find((digit) => !DIGITS.includes(digit));
  if (wrong !== undefined) {
    throw new BoardIdError(`board id "${text}": "${wrong}" is not a digit of a board id (${DIGITS})`);
  }
  if (plain.length !== ID_DIGITS + 1) {
    throw new BoardIdError(
      `board id "${text}" has ${plain.length} digits; expected ${ID_DIGITS + 1}, as in XXXXXXX-XXXXXXX-XXXXXXX`,
    );
  }
  const id = plain.join("");
  if (checkDigit(id.slice(0, ID_DIGITS)) !== id[ID_DIGITS]) {
    throw new BoardIdError(
      `board id "${text}": the check digit does not fit; a digit is wrong or two are swapped`,
    );
  }
  return group(id);
}

/**
 * The unique id that a board id stands for.
 * @param id as people type it. @returns the 12 bytes at 0x1FF1_E800. @throws BoardIdError
 */
export function uidFromBoardId(id: string): Uint8Array {
  const digits = parseBoardId(id).replaceAll("-", "").slice(0, ID_DIGITS);
  let value = Array.from(digits).reduce((sum, digit) => sum * BASE + BigInt(DIGITS.indexOf(digit)), 0n);
  const uid = Uint8Array.from({ length: UID_BYTES }, () => {
    const byte = Number(value % 256n);
    value /= 256n;
    return byte;
  });
  if (value !== 0n) throw new BoardIdError(`board id "${id}" is larger than any unique id of a chip`);
  return uid;
}

function checkDigit(digits: string): string {
  const sum = Array.from(digits).reduce((total, digit, i) => total + (i + 1) * DIGITS.indexOf(digit), 0);
  return DIGITS.charAt(sum % DIGITS.length);
}

function group(digits: string): string {
  return [0, 1, 2].map((i) => digits.slice(i * GROUP, (i + 1) * GROUP)).join("-");
}
