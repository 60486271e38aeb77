/** The registers as GDB numbers them here, and where the core has them. */

import { type FeatureDescription, type RegisterDescription, targetXml } from "../../rsp/documents.js";
import { bytesToValue, hexToBytes, valueToHex } from "../../rsp/text.js";
import { CORE_REGISTER, type DebugTarget } from "./target.js";

interface Place {
  /** DCRSR selectors, low word first. */
  readonly selectors: readonly number[];
  /** Lowest bit inside the word, for registers that share one. */
  readonly shift: number;
}

type Row = RegisterDescription & Place;

const GENERAL = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12"];

function word(name: string, selector: number, type = "int", group = "general"): Row {
  return { name, bits: 32, type, group, selectors: [selector], shift: 0 };
}

/** CONTROL, FAULTMASK, BASEPRI and PRIMASK are bytes of one word (DCRSR selector 20). */
function special(name: string, shift: number): Row {
  return { name, bits: 8, type: "int8", group: "system", selectors: [CORE_REGISTER.SPECIAL], shift };
}

const FEATURES: readonly (FeatureDescription & { readonly registers: readonly Row[] })[] = [
  {
    name: "org.gnu.gdb.arm.m-profile",
    registers: [
      ...GENERAL.map((name, number) => word(name, number)),
      word("sp", 13, "data_ptr"),
      word("lr", 14),
      word("pc", CORE_REGISTER.PC, "code_ptr"),
      word("xpsr", CORE_REGISTER.XPSR),
    ],
  },
  {
    name: "org.gnu.gdb.arm.m-system",
    registers: [
      word("msp", CORE_REGISTER.MSP, "data_ptr", "system"),
      word("psp", CORE_REGISTER.PSP, "data_ptr", "system"),
      special("primask", 0),
      special("basepri", 8),
      special("faultmask", 16),
      special("control", 24),
    ],
  },
  {
    name: "org.gnu.gdb.arm.vfp",
    registers: [
      ...Array.from({ length: 16 }, (_, n): Row => {
        const first = CORE_REGISTER.S0 + 2 * n;
        const selectors = [first, first + 1];
        return { name: `d${n}`, bits: 64, type: "ieee_double", group: "float", selectors, shift: 0 };
      }),
      word("fpscr", CORE_REGISTER.FPSCR, "int", "float"),
    ],
  },
];

const ROWS: readonly Row[] = FEATURES.flatMap(({ registers }) => registers);
/** Told with every stop, so that GDB need not ask: sp, lr, pc, xpsr. */
export const EXPEDITED = [13, 14, 15, 16];
export const TARGET_XML = targetXml("arm", FEATURES);

/** Bytes in target order, as hexadecimal digits. @returns undefined for a number that no register has */
export function readRegister(target: DebugTarget, number: number): string | undefined {
  const row = ROWS[number];
  if (row === undefined) return undefined;
  const size = Math.min(row.bits, 32) / 8;
  return row.selectors.map((at) => valueToHex(target.readRegister(at) >>> row.shift, size)).join("");
}

/** @param hex as `readRegister` returns it. @returns false when number or digits are not a register's */
export function writeRegister(target: DebugTarget, number: number, hex: string): boolean {
  const row = ROWS[number];
  const bytes = hexToBytes(hex);
  if (row === undefined || bytes?.length !== row.bits / 8) return false;
  if (row.bits === 8) {
    const [at = 0] = row.selectors;
    const others = target.readRegister(at) & ~(0xff << row.shift);
    target.writeRegister(at, others | (bytesToValue(bytes) << row.shift));
    return true;
  }
  row.selectors.forEach((at, index) => {
    target.writeRegister(at, bytesToValue(bytes.subarray(index * 4, index * 4 + 4)));
  });
  return true;
}

/** All of them, one behind the other: g. While the core runs only the pc can be told, without which GDB stays away. */
export function readAll(target: DebugTarget): string {
  if (target.powered && !target.running)
    return ROWS.map((_, number) => readRegister(target, number)).join("");
  return ROWS.map(({ name, bits }) =>
    name === "pc" ? valueToHex(target.samplePc(), 4) : "x".repeat(bits / 4),
  ).join("");
}

/** G. @returns false when there are too few digits; what stands first is written. */
export function writeAll(target: DebugTarget, hex: string): boolean {
  let at = 0;
  return ROWS.every(({ bits }, number) => {
    const digits = hex.slice(at, at + bits / 4);
    at += bits / 4;
    return writeRegister(target, number, digits);
  });
}
