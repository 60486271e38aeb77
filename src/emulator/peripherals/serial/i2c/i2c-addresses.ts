/** What a slave answers to (RM0433, I2C_OAR1, I2C_OAR2, "Slave initialization", "SMBus: address resolution"). */

import { CR1, type I2cHost, OAEN } from "./i2c-bits.js";

const OA1MODE = 1 << 10;
const SMBUS_HOST = 0x08;
const SMBUS_DEFAULT = 0x61;
const SMBUS_ALERT = 0x0c;

/** 0000xxx and 1111xxx have a meaning of their own (UM10204, "Reserved addresses"). */
const reserved = (address: number): boolean => (address & 0x78) === 0 || (address & 0x78) === 0x78;

/** The first byte behind a start condition: "more": the second byte of an address of ten bits follows. */
export function answers(
  register: I2cHost["register"],
  byte: number,
  selected10: boolean,
): "no" | "yes" | "more" {
  const address = byte >>> 1;
  const reading = (byte & 1) !== 0;
  const cr1 = register("CR1");
  const oar1 = register("OAR1");
  if ((oar1 & (OAEN | OA1MODE)) === (OAEN | OA1MODE) && byte >>> 3 === 0x1e) {
    if (((byte >>> 1) & 3) === ((oar1 >>> 8) & 3)) return !reading ? "more" : selected10 ? "yes" : "no";
  }
  if ((oar1 & (OAEN | OA1MODE)) === OAEN && address === ((oar1 >>> 1) & 0x7f)) return "yes";
  if (matchesOwn2(register("OAR2"), address)) return "yes";
  if ((cr1 & CR1.GCEN) !== 0 && byte === 0) return "yes";
  if ((cr1 & CR1.SMBHEN) !== 0 && address === SMBUS_HOST) return "yes";
  if ((cr1 & CR1.SMBDEN) !== 0 && address === SMBUS_DEFAULT) return "yes";
  const alerts = (cr1 & CR1.ALERTEN) !== 0 && (cr1 & CR1.SMBHEN) === 0;
  return alerts && address === SMBUS_ALERT ? "yes" : "no";
}

/** OA2MSK: so many low bits do not matter; 7: none does, but reserved addresses stay alone. */
function matchesOwn2(oar2: number, address: number): boolean {
  if ((oar2 & OAEN) === 0) return false;
  const masked = (oar2 >>> 8) & 7;
  if (masked > 0 && reserved(address)) return false;
  return address >>> masked === ((oar2 >>> 1) & 0x7f) >>> masked;
}

/** The second byte of an address of ten bits. */
export const answersTen = (register: I2cHost["register"], byte: number): boolean =>
  (register("OAR1") & 0xff) === byte;
