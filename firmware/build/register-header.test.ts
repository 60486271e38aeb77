import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { type HeaderField, readHeader } from "./register-header.js";

interface Register {
  readonly offset: number;
  readonly fields: Readonly<Record<string, readonly [number, number]>>;
}
interface Peripheral {
  readonly base: number;
  readonly registers: Readonly<Record<string, Register>>;
}

const FOLDER = "firmware/drivers/registers";
const headers = readdirSync(FOLDER).map((name) => readHeader(readFileSync(`${FOLDER}/${name}`, "utf8")));
const offsets = new Map(headers.flatMap((header) => [...header.offsets]));
const bases = new Map(headers.flatMap((header) => [...header.bases]));
const fields = headers.flatMap((header) => header.fields);
const yardstick = JSON.parse(readFileSync("data/stm32h753-registers.json", "utf8")) as {
  readonly peripherals: Readonly<Record<string, Peripheral>>;
};

/** Struct of the header -> peripheral of the yardstick, and what its register names begin with. */
const BLOCKS: Readonly<Record<string, readonly [peripheral: string, prefix: string]>> = {
  rcc: ["RCC", ""],
  pwr: ["PWR", ""],
  flash: ["Flash", ""],
  gpio: ["GPIOA", ""],
  quadspi: ["QUADSPI", ""],
  crc: ["CRC", ""],
  hash: ["HASH", ""],
  rng: ["RNG", ""],
  crs: ["CRS", ""],
  rtc: ["RTC", "RTC_"],
  sdmmc1: ["SDMMC1", ""],
  syscfg: ["SYSCFG", ""],
  tim6: ["TIM6", ""],
  exti: ["EXTI", ""],
  iwdg: ["IWDG", ""],
  dbgmcu: ["DBGMCU", ""],
  otg_global: ["OTG2_HS_GLOBAL", "OTG_HS_"],
  otg_device: ["OTG2_HS_DEVICE", "OTG_HS_"],
};

/** Where the yardstick (an SVD file) says something else than RM0433 by name only. */
const RENAMED: Readonly<Record<string, string>> = {
  GRXSTSR: "GRXSTSR_Device",
  GRXSTSP: "GRXSTSP_Device",
  DIEPTXF0: "DIEPTXF0_Device",
  HNPTXSTS: "GNPTXSTS",
  STALL: "Stall",
  SD0PID: "SD0PID_SEVNFRM",
  HSI48ON: "RC48ON",
  HSI48RDY: "RC48RDY",
  USB2OTGEN: "USB2OTGHSEN",
  USB2OTGLPEN: "USB2OTGHSLPEN",
  USB2OTGULPILPEN: "USB2OTGHSULPILPEN",
  SNECCERR1: "SNECCERR",
  OPTSR: "OPTSR_CUR", // the two option status registers have the same fields
};

/** Bits that the yardstick lacks; the source of each. */
const BEYOND = new Set([
  "OTG_DOEPINT1_STPKTRX", // RM0433 60.14.56, bit 15
]);

function peripheralsOf(block: string): (readonly [Peripheral, string])[] {
  return Object.entries(BLOCKS)
    .filter(([name]) => name === block.toLowerCase() || (block === "OTG" && name.startsWith("otg_")))
    .map(([, [peripheral, prefix]]) => [found(yardstick.peripherals[peripheral], peripheral), prefix]);
}

function found<T>(value: T | undefined, what: string): T {
  assert.ok(value !== undefined, `the yardstick has no ${what}`);
  return value;
}

function registerOf(block: string, name: string): Register | undefined {
  for (const [peripheral, prefix] of peripheralsOf(block)) {
    const register = peripheral.registers[`${prefix}${RENAMED[name] ?? name}`] ?? peripheral.registers[name];
    if (register !== undefined) return register;
  }
  return undefined;
}

test("every block is compared", () => {
  assert.deepEqual(
    [...offsets.keys()].filter((name) => name !== "otg_endpoint").sort(),
    Object.keys(BLOCKS).sort(),
  );
  assert.ok(fields.length > 150, `only ${fields.length} fields were read`);
});

test("bases are those of the chip", () => {
  for (const [name, base] of bases) {
    const [peripheral] = found(BLOCKS[name.startsWith("GPIO") ? "gpio" : name.toLowerCase()], name);
    assert.equal(base, found(yardstick.peripherals[peripheral], peripheral).base, name);
  }
  assert.equal(yardstick.peripherals["OTG2_HS_GLOBAL"]?.base, 0x40080000);
  assert.equal(yardstick.peripherals["OTG2_HS_DEVICE"]?.base, 0x40080800);
});

test("registers stand where the chip has them", () => {
  for (const [block, [peripheral, prefix]] of Object.entries(BLOCKS)) {
    const registers = found(yardstick.peripherals[peripheral], peripheral).registers;
    for (const [name, offset] of offsets.get(block) ?? []) {
      const register = registers[`${prefix}${RENAMED[name] ?? name}`] ?? registers[name];
      assert.equal(offset, found(register, `${peripheral}.${name}`).offset, `${block}.${name}`);
    }
  }
});

test("endpoint registers stand where the chip has them", () => {
  const device = found(yardstick.peripherals["OTG2_HS_DEVICE"], "OTG2_HS_DEVICE").registers;
  const endpoint = found(offsets.get("otg_endpoint"), "otg_endpoint");
  const at = (name: string): number => found(device[`OTG_HS_${name}`], name).offset;
  assert.equal(at("DIEPCTL1"), 0x100 + 0x20 + (endpoint.get("CTL") ?? -1));
  assert.equal(at("DIEPINT1"), 0x100 + 0x20 + (endpoint.get("INT") ?? -1));
  assert.equal(at("DIEPTSIZ1"), 0x100 + 0x20 + (endpoint.get("TSIZ") ?? -1));
  assert.equal(at("DTXFSTS1"), 0x100 + 0x20 + (endpoint.get("DTXFSTS") ?? -1));
  assert.equal(at("DOEPCTL1"), 0x300 + 0x20 + (endpoint.get("CTL") ?? -1));
  assert.equal(at("DOEPTSIZ1"), 0x300 + 0x20 + (endpoint.get("TSIZ") ?? -1));
});

function check({ block, register, field, lsb, width }: HeaderField): void {
  const name = `${block}_${register}_${field}`;
  if (BEYOND.has(name)) return;
  const known = found(registerOf(block, register), `register ${block}_${register}`).fields;
  const bits = found(known[RENAMED[field] ?? field] ?? known[field], `field ${name}`);
  assert.equal(lsb, bits[0], `${name}: lowest bit`);
  if (width !== undefined) assert.equal(width, bits[1], `${name}: width`);
}

test("fields are the bits of the chip", () => {
  for (const field of fields) check(field);
});

test("what resets all peripherals names every one of them, and not the core", () => {
  const { registers } = found(yardstick.peripherals["RCC"], "RCC");
  const text = readFileSync(`${FOLDER}/rcc.h`, "utf8");
  const masks = [...text.matchAll(/^#define RCC_(\w+RSTR)_ALL (0x[0-9A-F]+)u$/gm)];
  assert.equal(masks.length, 9);
  for (const [, name = "", mask] of masks) {
    const bits = Object.entries(found(registers[name], name).fields)
      .filter(([field]) => field !== "CPURST")
      .reduce((all, [, [lsb]]) => all + 2 ** lsb, 0);
    assert.equal(Number(mask), bits, name);
  }
});
