/**
 * Reading of USB descriptors (USB 2.0 chapter 9, IAD ECN, CDC 1.2, CDC PSTN 1.2). Reading is lenient;
 * `check-descriptors.ts` says what is wrong.
 */

export const DESCRIPTOR = {
  DEVICE: 1,
  CONFIGURATION: 2,
  STRING: 3,
  INTERFACE: 4,
  ENDPOINT: 5,
  DEVICE_QUALIFIER: 6,
  OTG: 9,
  INTERFACE_ASSOCIATION: 11,
  BOS: 15,
  CS_INTERFACE: 0x24,
  CS_ENDPOINT: 0x25,
} as const;

export const CDC = {
  HEADER: 0,
  CALL_MANAGEMENT: 1,
  ACM: 2,
  UNION: 6,
  CLASS_CONTROL: 2,
  CLASS_DATA: 0x0a,
  SUBCLASS_ACM: 2,
} as const;

export interface DeviceDescriptor {
  readonly bLength: number;
  readonly bDescriptorType: number;
  readonly bcdUSB: number;
  readonly bDeviceClass: number;
  readonly bDeviceSubClass: number;
  readonly bDeviceProtocol: number;
  readonly bMaxPacketSize0: number;
  readonly idVendor: number;
  readonly idProduct: number;
  readonly bcdDevice: number;
  readonly iManufacturer: number;
  readonly iProduct: number;
  readonly iSerialNumber: number;
  readonly bNumConfigurations: number;
}

export interface EndpointDescriptor {
  readonly bLength: number;
  readonly bEndpointAddress: number;
  readonly bmAttributes: number;
  readonly wMaxPacketSize: number;
  readonly bInterval: number;
  /** Of audio endpoints of nine bytes (USB Audio 1.0, 4.6); else 0. */
  readonly bRefresh: number;
  readonly bSynchAddress: number;
  /** Its class-specific descriptors. */
  readonly specific: Uint8Array[];
}

export interface FunctionalDescriptor {
  readonly bLength: number;
  readonly bDescriptorSubtype: number;
  readonly bytes: Uint8Array;
}

export interface InterfaceDescriptor {
  readonly bLength: number;
  readonly bInterfaceNumber: number;
  readonly bAlternateSetting: number;
  readonly bNumEndpoints: number;
  readonly bInterfaceClass: number;
  readonly bInterfaceSubClass: number;
  readonly bInterfaceProtocol: number;
  readonly iInterface: number;
  readonly endpoints: EndpointDescriptor[];
  readonly functional: FunctionalDescriptor[];
}

export interface AssociationDescriptor {
  readonly bLength: number;
  readonly bFirstInterface: number;
  readonly bInterfaceCount: number;
  readonly bFunctionClass: number;
  readonly bFunctionSubClass: number;
  readonly bFunctionProtocol: number;
  readonly iFunction: number;
  /** Interface descriptors that had been seen before it. */
  readonly interfacesBefore: number;
}

export interface ConfigurationDescriptor {
  readonly bLength: number;
  readonly bDescriptorType: number;
  readonly wTotalLength: number;
  readonly bNumInterfaces: number;
  readonly bConfigurationValue: number;
  readonly iConfiguration: number;
  readonly bmAttributes: number;
  readonly bMaxPower: number;
  readonly interfaces: InterfaceDescriptor[];
  readonly associations: AssociationDescriptor[];
  /** What could not be read at all: wrong lengths, descriptors out of place. */
  readonly malformed: string[];
}

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const u8 = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

export function readDevice(bytes: Uint8Array): DeviceDescriptor {
  return {
    bLength: u8(bytes, 0),
    bDescriptorType: u8(bytes, 1),
    bcdUSB: u16(bytes, 2),
    bDeviceClass: u8(bytes, 4),
    bDeviceSubClass: u8(bytes, 5),
    bDeviceProtocol: u8(bytes, 6),
    bMaxPacketSize0: u8(bytes, 7),
    idVendor: u16(bytes, 8),
    idProduct: u16(bytes, 10),
    bcdDevice: u16(bytes, 12),
    iManufacturer: u8(bytes, 14),
    iProduct: u8(bytes, 15),
    iSerialNumber: u8(bytes, 16),
    bNumConfigurations: u8(bytes, 17),
  };
}

export function readConfiguration(bytes: Uint8Array): ConfigurationDescriptor {
  const configuration: ConfigurationDescriptor = {
    bLength: u8(bytes, 0),
    bDescriptorType: u8(bytes, 1),
    wTotalLength: u16(bytes, 2),
    bNumInterfaces: u8(bytes, 4),
    bConfigurationValue: u8(bytes, 5),
    iConfiguration: u8(bytes, 6),
    bmAttributes: u8(bytes, 7),
    bMaxPower: u8(bytes, 8),
    interfaces: [],
    associations: [],
    malformed: [],
  };
  let at = Math.max(2, configuration.bLength);
  while (at < bytes.length) {
    const length = u8(bytes, at);
    if (length < 2 || at + length > bytes.length) {
      configuration.malformed.push(
        `bLength is ${length} at byte ${at}, ${bytes.length - at} bytes are left of the configuration`,
      );
      break;
    }
    readOne(configuration, bytes.subarray(at, at + length));
    at += length;
  }
  return configuration;
}

function readOne(configuration: ConfigurationDescriptor, bytes: Uint8Array): void {
  const { interfaces, associations, malformed } = configuration;
  const current = interfaces.at(-1);
  switch (u8(bytes, 1)) {
    case DESCRIPTOR.INTERFACE:
      interfaces.push(readInterface(bytes));
      break;
    case DESCRIPTOR.INTERFACE_ASSOCIATION:
      associations.push(readAssociation(bytes, interfaces.length));
      break;
    case DESCRIPTOR.ENDPOINT:
      if (current === undefined) malformed.push("an endpoint descriptor stands before any interface");
      current?.endpoints.push(readEndpoint(bytes));
      break;
    case DESCRIPTOR.CS_INTERFACE:
      if (current === undefined) malformed.push("a functional descriptor stands before any interface");
      if (current !== undefined && current.endpoints.length > 0) {
        malformed.push("a functional descriptor stands behind an endpoint of its interface");
      }
      current?.functional.push({ bLength: bytes.length, bDescriptorSubtype: u8(bytes, 2), bytes });
      break;
    case DESCRIPTOR.CS_ENDPOINT:
      current?.endpoints.at(-1)?.specific.push(bytes);
      break;
    default:
      if (u8(bytes, 1) !== DESCRIPTOR.OTG && !isOfClassOrVendor(u8(bytes, 1))) {
        malformed.push(`bDescriptorType 0x${u8(bytes, 1).toString(16)} does not belong into a configuration`);
      }
  }
}

/** Bits 6..5 of a type: 0 standard, 1 class (HID, DFU, audio endpoints), 2 vendor (Common Class Specification, 3.10). */
function isOfClassOrVendor(type: number): boolean {
  return type >= 0x20 && type < 0x60;
}

function readInterface(bytes: Uint8Array): InterfaceDescriptor {
  return {
    bLength: u8(bytes, 0),
    bInterfaceNumber: u8(bytes, 2),
    bAlternateSetting: u8(bytes, 3),
    bNumEndpoints: u8(bytes, 4),
    bInterfaceClass: u8(bytes, 5),
    bInterfaceSubClass: u8(bytes, 6),
    bInterfaceProtocol: u8(bytes, 7),
    iInterface: u8(bytes, 8),
    endpoints: [],
    functional: [],
  };
}

function readAssociation(bytes: Uint8Array, interfacesBefore: number): AssociationDescriptor {
  return {
    bLength: u8(bytes, 0),
    bFirstInterface: u8(bytes, 2),
    bInterfaceCount: u8(bytes, 3),
    bFunctionClass: u8(bytes, 4),
    bFunctionSubClass: u8(bytes, 5),
    bFunctionProtocol: u8(bytes, 6),
    iFunction: u8(bytes, 7),
    interfacesBefore,
  };
}

function readEndpoint(bytes: Uint8Array): EndpointDescriptor {
  return {
    bLength: u8(bytes, 0),
    bEndpointAddress: u8(bytes, 2),
    bmAttributes: u8(bytes, 3),
    wMaxPacketSize: u16(bytes, 4),
    bInterval: u8(bytes, 6),
    bRefresh: u8(bytes, 7),
    bSynchAddress: u8(bytes, 8),
    specific: [],
  };
}

/** The text of a string descriptor, or undefined when it is not one. */
export function readString(bytes: Uint8Array): string | undefined {
  const length = u8(bytes, 0);
  if (length !== bytes.length || length < 2 || length % 2 !== 0) return undefined;
  if (u8(bytes, 1) !== DESCRIPTOR.STRING) return undefined;
  let text = "";
  for (let at = 2; at < length; at += 2) text += String.fromCharCode(u16(bytes, at));
  return text;
}

/** Device capability "USB 2.0 extension" of a BOS descriptor (ECN "USB 2.0 Link Power Management" and its errata). */
const CAPABILITY = { DEVICE: 0x10, USB2_EXTENSION: 2 } as const;
const EXTENSION = { LPM: 1 << 1, BASELINE_VALID: 1 << 3, BASELINE_SHIFT: 8 } as const;
/** 400 us: what Linux takes where the device recommends nothing. */
const USUAL_BESL = 4;

/** A device that sleeps (L1), and how long it may be until its resume is served, as BESL. */
export function readLpm(bos: Uint8Array): { readonly besl: number } | undefined {
  for (let at = u8(bos, 0); at + 7 <= bos.length && u8(bos, at) > 0; at += u8(bos, at)) {
    if (u8(bos, at + 1) !== CAPABILITY.DEVICE || u8(bos, at + 2) !== CAPABILITY.USB2_EXTENSION) continue;
    const attributes = u16(bos, at + 3);
    if ((attributes & EXTENSION.LPM) === 0) return undefined;
    const recommended = (attributes >> EXTENSION.BASELINE_SHIFT) & 15;
    return { besl: (attributes & EXTENSION.BASELINE_VALID) !== 0 ? recommended : USUAL_BESL };
  }
  return undefined;
}

/** The endpoints and interfaces of a CDC-ACM function. */
export interface AcmFunction {
  readonly controlInterface: number;
  readonly notification: EndpointDescriptor;
  readonly bulkIn: EndpointDescriptor;
  readonly bulkOut: EndpointDescriptor;
  /** ACM functional descriptor, bmCapabilities bit 1: line coding and control line state are supported. */
  readonly lineCoding: boolean;
}

/**
 * The first CDC-ACM function of a configuration, found as Linux does: through its union descriptor, and where that is
 * missing (NuttX), through the data interface that the call management descriptor names.
 */
export function findAcm(configuration: ConfigurationDescriptor): AcmFunction | undefined {
  const byNumber = (number: number): InterfaceDescriptor | undefined =>
    configuration.interfaces.find((one) => one.bInterfaceNumber === number && one.bAlternateSetting === 0);
  for (const control of configuration.interfaces) {
    if (control.bInterfaceClass !== CDC.CLASS_CONTROL || control.bInterfaceSubClass !== CDC.SUBCLASS_ACM)
      continue;
    const functional = (subtype: number): Uint8Array | undefined =>
      control.functional.find((one) => one.bDescriptorSubtype === subtype)?.bytes;
    const naming = functional(CDC.UNION) ?? functional(CDC.CALL_MANAGEMENT);
    const data = naming === undefined ? undefined : byNumber(u8(naming, 4));
    const notification = control.endpoints[0];
    const bulk = (inbound: boolean): EndpointDescriptor | undefined =>
      data?.endpoints.find(
        (one) => (one.bmAttributes & 3) === 2 && one.bEndpointAddress >> 7 === Number(inbound),
      );
    const bulkIn = bulk(true);
    const bulkOut = bulk(false);
    if (notification === undefined || bulkIn === undefined || bulkOut === undefined) continue;
    const lineCoding = (u8(functional(CDC.ACM) ?? new Uint8Array(0), 3) & 2) !== 0;
    return { controlInterface: control.bInterfaceNumber, notification, bulkIn, bulkOut, lineCoding };
  }
  return undefined;
}
