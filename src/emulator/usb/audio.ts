/** What a USB Audio function has to offer (USB Device Class Definition for Audio Devices 1.0 and 2.0): its PCM streams. */

import type { ConfigurationDescriptor, EndpointDescriptor, InterfaceDescriptor } from "./descriptors.js";

const CLASS_AUDIO = 1;
const SUBCLASS = { CONTROL: 1, STREAMING: 2 } as const;
/** bInterfaceProtocol: IP_VERSION_02_00. */
const VERSION_2 = 0x20;
const AC = {
  INPUT_TERMINAL: 2,
  OUTPUT_TERMINAL: 3,
  CLOCK_SOURCE: 0x0a,
  CLOCK_SELECTOR: 0x0b,
  CLOCK_MULTIPLIER: 0x0c,
} as const;
const AS = { GENERAL: 1, FORMAT_TYPE: 2 } as const;
const FORMAT_TYPE_I = 1;
/** wFormatTag (1.0) and bit 0 of bmFormats (2.0). */
const PCM = 1;

export interface PcmFormat {
  readonly channels: number;
  /** Of one sample of one channel. */
  readonly bytesPerSample: number;
}

export interface RateRange {
  readonly min: number;
  readonly max: number;
}

/** One alternate setting that carries samples. */
export interface AudioStream extends PcmFormat {
  readonly interface: number;
  readonly alternate: number;
  readonly endpoint: EndpointDescriptor;
  /** Explicit feedback: how many samples a frame the device wants. */
  readonly feedback: EndpointDescriptor | undefined;
  /** Samples a second; of version 2, whose clock has to be asked, empty. */
  readonly rates: readonly RateRange[];
  /** Version 1: the endpoint has a sampling frequency control. */
  readonly setsRate: boolean;
  /** Version 2: the clock source entity and the interface to ask it through. */
  readonly clock: { readonly entity: number; readonly interface: number } | undefined;
}

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const u24 = (bytes: Uint8Array, at: number): number => u16(bytes, at) | ((bytes[at + 2] ?? 0) << 16);

/** From the microphone's side: does it send to the host? */
export function isInput(stream: AudioStream): boolean {
  return stream.endpoint.bEndpointAddress >= 0x80;
}

export function findAudioStreams({ interfaces }: ConfigurationDescriptor): AudioStream[] {
  const streams: AudioStream[] = [];
  let control: InterfaceDescriptor | undefined;
  for (const one of interfaces) {
    if (one.bInterfaceClass !== CLASS_AUDIO) continue;
    if (one.bInterfaceSubClass === SUBCLASS.CONTROL) control = one;
    if (one.bInterfaceSubClass !== SUBCLASS.STREAMING || control === undefined) continue;
    const stream = readStream(one, control);
    if (stream !== undefined) streams.push(stream);
  }
  return streams;
}

function readStream(one: InterfaceDescriptor, control: InterfaceDescriptor): AudioStream | undefined {
  const endpoint = one.endpoints.find((each) => isIsochronous(each) && !isFeedback(each, one));
  const general = functional(one, AS.GENERAL);
  const type = functional(one, AS.FORMAT_TYPE);
  if (endpoint === undefined || general === undefined || type?.[3] !== FORMAT_TYPE_I) return undefined;
  const feedback = one.endpoints.find((each) => isIsochronous(each) && isFeedback(each, one));
  const place = { interface: one.bInterfaceNumber, alternate: one.bAlternateSetting, endpoint, feedback };
  if (one.bInterfaceProtocol === VERSION_2) {
    if (((general[6] ?? 0) & PCM) === 0) return undefined;
    const format = { channels: general[10] ?? 0, bytesPerSample: type[4] ?? 0 };
    const entity = clockSource(control, general[3] ?? 0);
    const clock = entity === undefined ? undefined : { entity, interface: control.bInterfaceNumber };
    return { ...place, ...format, rates: [], setsRate: false, clock };
  }
  if (u16(general, 5) !== PCM) return undefined;
  const format = { channels: type[4] ?? 0, bytesPerSample: type[5] ?? 0 };
  const setsRate = endpoint.specific.some((bytes) => ((bytes[3] ?? 0) & 1) !== 0);
  return { ...place, ...format, rates: readRates(type), setsRate, clock: undefined };
}

function functional(one: InterfaceDescriptor, subtype: number): Uint8Array | undefined {
  return one.functional.find(({ bDescriptorSubtype }) => bDescriptorSubtype === subtype)?.bytes;
}

function isIsochronous({ bmAttributes }: EndpointDescriptor): boolean {
  return (bmAttributes & 3) === 1;
}

/** Usage type "feedback" of USB 2.0, 9.6.6; older devices only name it in their data endpoint. */
function isFeedback(endpoint: EndpointDescriptor, { endpoints }: InterfaceDescriptor): boolean {
  const named = endpoints.some(
    (other) => other !== endpoint && other.bSynchAddress === endpoint.bEndpointAddress,
  );
  return named || (endpoint.bmAttributes & 0x30) === 0x10;
}

/** bSamFreqType: so many rates one by one, or with 0 a lower and an upper bound (version 1). */
function readRates(type: Uint8Array): RateRange[] {
  const count = type[7] ?? 0;
  if (count === 0) return [{ min: u24(type, 8), max: u24(type, 11) }];
  return Array.from({ length: count }, (_, n) => {
    const rate = u24(type, 8 + 3 * n);
    return { min: rate, max: rate };
  });
}

/** From the stream's terminal to the clock source behind selectors (their first pin) and multipliers (version 2). */
function clockSource(control: InterfaceDescriptor, terminal: number): number | undefined {
  const entity = (id: number): Uint8Array | undefined =>
    control.functional.find(({ bytes, bDescriptorSubtype }) => bDescriptorSubtype > 1 && bytes[3] === id)
      ?.bytes;
  let at = entity(terminal);
  for (let steps = 0; at !== undefined && steps < control.functional.length; steps++) {
    if (at[2] === AC.CLOCK_SOURCE) return at[3];
    if (at[2] === AC.INPUT_TERMINAL) at = entity(at[7] ?? 0);
    else if (at[2] === AC.OUTPUT_TERMINAL) at = entity(at[8] ?? 0);
    else if (at[2] === AC.CLOCK_SELECTOR) at = entity(at[5] ?? 0);
    else if (at[2] === AC.CLOCK_MULTIPLIER) at = entity(at[4] ?? 0);
    else return undefined;
  }
  return undefined;
}
