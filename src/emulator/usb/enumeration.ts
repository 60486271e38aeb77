/**
 * What a host asks a new device, in order (USB 2.0 9.1.2, with the questions that Linux and the compliance
 * test add). A generator: each `yield` is one step on the bus, so that the whole sequence reads from top to
 * bottom and still runs in virtual time.
 */

import { checkConfiguration, checkDevice, checkStrings } from "./check-descriptors.js";
import type { ControlResult } from "./control.js";
import {
  type AcmFunction,
  type ConfigurationDescriptor,
  DESCRIPTOR,
  type DeviceDescriptor,
  findAcm,
  readConfiguration,
  readDevice,
  readLpm,
  readString,
} from "./descriptors.js";

export interface Question {
  readonly bmRequestType: number;
  readonly bRequest: number;
  readonly wValue: number;
  readonly wIndex: number;
  readonly wLength?: number;
  readonly data?: Uint8Array;
}

export type Step =
  | { readonly kind: "ask"; readonly question: Question }
  | { readonly kind: "wait"; readonly ns: number }
  /** From now on the device has this address. */
  | { readonly kind: "address"; readonly address: number }
  | { readonly kind: "maxPacket"; readonly bytes: number };

export interface EnumeratedDevice {
  readonly address: number;
  readonly device: DeviceDescriptor;
  readonly configuration: ConfigurationDescriptor;
  /** Manufacturer string; empty when the device has none. */
  readonly vendor: string;
  readonly product: string;
  /** Serial number string. */
  readonly serial: string;
  readonly acm: AcmFunction | undefined;
  /** Its BOS descriptor offers link power management. */
  readonly lpm: { readonly besl: number } | undefined;
  /** Everything that the descriptors and answers do wrong. */
  readonly violations: readonly string[];
}

/** Enumeration cannot go on; the message is what Linux would print. */
export class EnumerationError extends Error {
  override readonly name = "EnumerationError";
}

type Enumeration<T> = Generator<Step, T, ControlResult | undefined>;

const REQUEST = {
  CLEAR_FEATURE: 1,
  SET_FEATURE: 3,
  SET_ADDRESS: 5,
  GET_DESCRIPTOR: 6,
  SET_CONFIGURATION: 9,
} as const;
const CDC_REQUEST = { SET_LINE_CODING: 0x20, GET_LINE_CODING: 0x21, SET_CONTROL_LINE_STATE: 0x22 } as const;
/** 115200 baud, 1 stop bit, no parity, 8 bits: means nothing here, and must come back as it was sent. */
const LINE_CODING = Uint8Array.of(0x00, 0xc2, 0x01, 0x00, 0, 0, 8);
const DEVICE_REMOTE_WAKEUP = 1;
const ADDRESS_RECOVERY_NS = 10e6;
const ENGLISH = 0x0409;

function* ask(question: Question): Enumeration<ControlResult> {
  const result = yield { kind: "ask", question };
  if (result === undefined) throw new Error("a step that asks must be resumed with a result");
  return result;
}

function* descriptor(
  type: number,
  index: number,
  language: number,
  length: number,
): Enumeration<ControlResult> {
  const wValue = (type << 8) | index;
  return yield* ask({
    bmRequestType: 0x80,
    bRequest: REQUEST.GET_DESCRIPTOR,
    wValue,
    wIndex: language,
    wLength: length,
  });
}

function* needed(what: string, type: number, length: number): Enumeration<Uint8Array> {
  const result = yield* descriptor(type, 0, 0, length);
  if (!result.ok) throw new EnumerationError(`${what} descriptor read/${length}, error ${result.error}`);
  return result.data;
}

/** @param address the address that the device gets. */
export function* enumerate(address: number): Enumeration<EnumeratedDevice> {
  const violations: string[] = [];
  yield* assignAddress(address);
  const deviceBytes = yield* needed("device", DESCRIPTOR.DEVICE, 18);
  const device = readDevice(deviceBytes);
  violations.push(...checkDevice(device, deviceBytes.length));
  yield* checkQualifier(device, violations);
  const lpm = yield* readBos(device, violations);
  const configuration = yield* readWholeConfiguration(device, violations);
  const strings = yield* readStrings(device, configuration, violations);
  yield* configure(configuration);
  const acm = findAcm(configuration);
  if (acm !== undefined) yield* prepareAcm(acm, violations);
  const [vendor = "", product = "", serial = ""] = strings;
  return { address, device, configuration, vendor, product, serial, acm, lpm, violations };
}

function* assignAddress(address: number): Enumeration<void> {
  const first = yield* needed("device", DESCRIPTOR.DEVICE, 8);
  const size = first[7] ?? 0;
  if (first.length < 8 || ![8, 16, 32, 64].includes(size)) {
    throw new EnumerationError(
      `invalid bMaxPacketSize0 ${size} in ${first.length} bytes of device descriptor`,
    );
  }
  yield { kind: "maxPacket", bytes: size };
  const question = { bmRequestType: 0, bRequest: REQUEST.SET_ADDRESS, wValue: address, wIndex: 0 };
  const result = yield* ask(question);
  if (!result.ok)
    throw new EnumerationError(`device not accepting address ${address}, error ${result.error}`);
  yield { kind: "address", address };
  yield { kind: "wait", ns: ADDRESS_RECOVERY_NS };
}

/** A full-speed only device of USB 2.0 must refuse this one with a stall, and go on working. */
function* checkQualifier(device: DeviceDescriptor, violations: string[]): Enumeration<void> {
  if (device.bcdUSB < 0x200) return;
  const result = yield* descriptor(DESCRIPTOR.DEVICE_QUALIFIER, 0, 0, 10);
  if (result.ok || result.error !== -32) {
    violations.push(
      `GET_DESCRIPTOR(device qualifier): ${result.ok ? "answered" : `error ${result.error}`}: a full-speed device must stall`,
    );
  }
}

function* readBos(device: DeviceDescriptor, violations: string[]): Enumeration<EnumeratedDevice["lpm"]> {
  if (device.bcdUSB < 0x201) return undefined;
  const head = yield* descriptor(DESCRIPTOR.BOS, 0, 0, 5);
  if (!head.ok) {
    violations.push(`GET_DESCRIPTOR(BOS): error ${head.error}: bcdUSB 0x0201 or later promises one`);
    return undefined;
  }
  const bos = yield* descriptor(DESCRIPTOR.BOS, 0, 0, (head.data[2] ?? 0) | ((head.data[3] ?? 0) << 8));
  return bos.ok ? readLpm(bos.data) : undefined;
}

function* readWholeConfiguration(
  device: DeviceDescriptor,
  violations: string[],
): Enumeration<ConfigurationDescriptor> {
  const head = readConfiguration(yield* needed("config index 0", DESCRIPTOR.CONFIGURATION, 9));
  if (head.wTotalLength < 9) {
    throw new EnumerationError(`config index 0 descriptor too short (wTotalLength ${head.wTotalLength})`);
  }
  const bytes = yield* needed("config index 0", DESCRIPTOR.CONFIGURATION, head.wTotalLength);
  const configuration = readConfiguration(bytes);
  violations.push(...checkConfiguration(device, configuration, bytes.length));
  return configuration;
}

/** Vendor, product and serial number; every other string is read too, and checked. */
function* readStrings(
  device: DeviceDescriptor,
  configuration: ConfigurationDescriptor,
  violations: string[],
): Enumeration<(string | undefined)[]> {
  const fields: [string, number][] = [
    ["device.iManufacturer", device.iManufacturer],
    ["device.iProduct", device.iProduct],
    ["device.iSerialNumber", device.iSerialNumber],
    ["configuration.iConfiguration", configuration.iConfiguration],
    ...configuration.interfaces.map((one): [string, number] => [
      `interface ${one.bInterfaceNumber}: iInterface`,
      one.iInterface,
    ]),
    ...configuration.associations.map((one): [string, number] => ["association: iFunction", one.iFunction]),
  ];
  const language = yield* firstLanguage(
    fields.some(([, index]) => index !== 0),
    violations,
  );
  const used = new Map<string, string | undefined>();
  const texts: (string | undefined)[] = [];
  for (const [field, index] of fields) {
    if (index === 0) {
      texts.push(undefined);
      continue;
    }
    const result = yield* descriptor(DESCRIPTOR.STRING, index, language, 255);
    const text = result.ok ? readString(result.data) : undefined;
    texts.push(text);
    used.set(field, text);
  }
  violations.push(...checkStrings(used));
  return texts;
}

function* firstLanguage(needsOne: boolean, violations: string[]): Enumeration<number> {
  if (!needsOne) return ENGLISH;
  const result = yield* descriptor(DESCRIPTOR.STRING, 0, 0, 255);
  const text = result.ok ? readString(result.data) : undefined;
  if (text === undefined || text === "") {
    violations.push("string descriptor 0: its list of languages cannot be read");
    return ENGLISH;
  }
  return text.charCodeAt(0);
}

function* configure(configuration: ConfigurationDescriptor): Enumeration<void> {
  const value = configuration.bConfigurationValue;
  const result = yield* ask({
    bmRequestType: 0,
    bRequest: REQUEST.SET_CONFIGURATION,
    wValue: value,
    wIndex: 0,
  });
  if (!result.ok) throw new EnumerationError(`can't set config #${value}, error ${result.error}`);
}

/** What Linux's cdc_acm does when it binds, and a check that the line coding comes back. */
function* prepareAcm(acm: AcmFunction, violations: string[]): Enumeration<void> {
  const target = { wValue: 0, wIndex: acm.controlInterface };
  const state = yield* ask({ bmRequestType: 0x21, bRequest: CDC_REQUEST.SET_CONTROL_LINE_STATE, ...target });
  if (!state.ok) violations.push(`CDC SET_CONTROL_LINE_STATE: error ${state.error}`);
  if (!acm.lineCoding) return;
  const set = yield* ask({
    bmRequestType: 0x21,
    bRequest: CDC_REQUEST.SET_LINE_CODING,
    ...target,
    data: LINE_CODING,
  });
  if (!set.ok) violations.push(`CDC SET_LINE_CODING: error ${set.error}`);
  const get = yield* ask({
    bmRequestType: 0xa1,
    bRequest: CDC_REQUEST.GET_LINE_CODING,
    ...target,
    wLength: LINE_CODING.length,
  });
  if (!get.ok) violations.push(`CDC GET_LINE_CODING: error ${get.error}`);
  else if (get.data.join() !== LINE_CODING.join())
    violations.push(`CDC GET_LINE_CODING: [${get.data.join()}] came back for [${LINE_CODING.join()}]`);
}

/** DTR is bit 0, RTS bit 1 of `lines` (PSTN 1.2, 6.3.12). */
export function controlLineState(acm: AcmFunction, lines: number): Question {
  const bRequest = CDC_REQUEST.SET_CONTROL_LINE_STATE;
  return { bmRequestType: 0x21, bRequest, wValue: lines, wIndex: acm.controlInterface };
}

/** SET_FEATURE or CLEAR_FEATURE(DEVICE_REMOTE_WAKEUP). */
export function allowWakeup(on: boolean): Question {
  const bRequest = on ? REQUEST.SET_FEATURE : REQUEST.CLEAR_FEATURE;
  return { bmRequestType: 0, bRequest, wValue: DEVICE_REMOTE_WAKEUP, wIndex: 0 };
}

/** CLEAR_FEATURE(ENDPOINT_HALT). @param endpoint bEndpointAddress. */
export function clearHalt(endpoint: number): Question {
  return { bmRequestType: 0x02, bRequest: REQUEST.CLEAR_FEATURE, wValue: 0, wIndex: endpoint };
}
