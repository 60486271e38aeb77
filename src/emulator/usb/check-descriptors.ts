/**
 * What a strict host and the USB-IF's compliance test would object to. Each violation names the field, what
 * it holds and what it must hold. (USB 2.0 9.6, IAD ECN, CDC 1.2 5.2, PSTN 1.2 5.3.)
 */

import {
  type AssociationDescriptor,
  CDC,
  type ConfigurationDescriptor,
  DESCRIPTOR,
  type DeviceDescriptor,
  type EndpointDescriptor,
  type InterfaceDescriptor,
} from "./descriptors.js";

type Report = (violation: string) => void;

const hex = (value: number, digits = 2): string => `0x${value.toString(16).padStart(digits, "0")}`;

export function checkDevice(device: DeviceDescriptor, received: number): string[] {
  const found: string[] = [];
  const expect = (field: string, holds: boolean, value: number, rule: string): void => {
    if (!holds) found.push(`device.${field} is ${hex(value)}: ${rule}`);
  };
  expect(
    "bLength",
    device.bLength === 18 && received === 18,
    device.bLength,
    `must be 18 (${received} bytes came)`,
  );
  expect(
    "bDescriptorType",
    device.bDescriptorType === DESCRIPTOR.DEVICE,
    device.bDescriptorType,
    "must be 1",
  );
  expect(
    "bcdUSB",
    [0x110, 0x200, 0x201, 0x210].includes(device.bcdUSB),
    device.bcdUSB,
    "must be a version of USB",
  );
  const size = device.bMaxPacketSize0;
  expect("bMaxPacketSize0", [8, 16, 32, 64].includes(size), size, "must be 8, 16, 32 or 64");
  expect("idVendor", device.idVendor !== 0, device.idVendor, "must be an assigned vendor id");
  expect(
    "bNumConfigurations",
    device.bNumConfigurations > 0,
    device.bNumConfigurations,
    "must be at least 1",
  );
  const { bDeviceClass: cls, bDeviceSubClass: sub, bDeviceProtocol: protocol } = device;
  expect("bDeviceSubClass", cls !== 0 || sub === 0, sub, "must be 0 when bDeviceClass is 0");
  expect("bDeviceProtocol", cls !== 0 || protocol === 0, protocol, "must be 0 when bDeviceClass is 0");
  const strings = [device.iManufacturer, device.iProduct, device.iSerialNumber].filter(
    (index) => index !== 0,
  );
  if (new Set(strings).size !== strings.length) found.push("device: two of its strings share an index");
  return found;
}

export function checkConfiguration(
  device: DeviceDescriptor,
  configuration: ConfigurationDescriptor,
  received: number,
): string[] {
  const found: string[] = configuration.malformed.map((text) => `configuration: ${text}`);
  const report: Report = (violation) => found.push(violation);
  checkHeader(configuration, received, report);
  checkInterfaces(configuration, report);
  checkAssociations(device, configuration, report);
  for (const one of configuration.interfaces) checkAcm(configuration, one, report);
  return found;
}

function checkHeader(configuration: ConfigurationDescriptor, received: number, report: Report): void {
  const { bLength, bDescriptorType, wTotalLength, bConfigurationValue, bmAttributes, bMaxPower } =
    configuration;
  if (bLength !== 9) report(`configuration.bLength is ${bLength}: must be 9`);
  if (bDescriptorType !== DESCRIPTOR.CONFIGURATION)
    report(`configuration.bDescriptorType is ${bDescriptorType}: must be 2`);
  if (wTotalLength !== received)
    report(`configuration.wTotalLength is ${wTotalLength}, ${received} bytes came`);
  if (bConfigurationValue === 0) report("configuration.bConfigurationValue is 0: that means not configured");
  if ((bmAttributes & 0x9f) !== 0x80)
    report(`configuration.bmAttributes is ${hex(bmAttributes)}: bit 7 must be 1, bits 4..0 must be 0`);
  if (bMaxPower > 250) report(`configuration.bMaxPower is ${bMaxPower}: at most 250 (500 mA)`);
}

function checkInterfaces(configuration: ConfigurationDescriptor, report: Report): void {
  const numbers = [...new Set(configuration.interfaces.map((one) => one.bInterfaceNumber))];
  if (numbers.length !== configuration.bNumInterfaces)
    report(
      `configuration.bNumInterfaces is ${configuration.bNumInterfaces}, ${numbers.length} interfaces came`,
    );
  numbers.forEach((number, index) => {
    if (number !== index)
      report(
        `interface.bInterfaceNumber is ${number}: interfaces are numbered 0, 1, ... in order, ${index} is due`,
      );
  });
  const used = new Map<number, number>();
  for (const one of configuration.interfaces) {
    const name = `interface ${one.bInterfaceNumber}`;
    if (one.bLength !== 9) report(`${name}: bLength is ${one.bLength}: must be 9`);
    if (one.bNumEndpoints !== one.endpoints.length)
      report(`${name}: bNumEndpoints is ${one.bNumEndpoints}, ${one.endpoints.length} endpoints came`);
    for (const endpoint of one.endpoints) {
      checkEndpoint(endpoint, one.bInterfaceClass === CLASS_AUDIO ? [7, 9] : [7], report);
      checkIsochronous(endpoint, one, report);
      const owner = used.get(endpoint.bEndpointAddress);
      if (owner !== undefined && owner !== one.bInterfaceNumber)
        report(
          `endpoint ${hex(endpoint.bEndpointAddress)}: bEndpointAddress is used by interface ${owner} too`,
        );
      used.set(endpoint.bEndpointAddress, one.bInterfaceNumber);
    }
  }
}

const TYPES = ["control", "isochronous", "bulk", "interrupt"] as const;

/** USB Audio 1.0, 4.6: its endpoints, MIDI's too, carry bRefresh and bSynchAddress as well. */
const CLASS_AUDIO = 1;

function checkEndpoint(endpoint: EndpointDescriptor, lengths: readonly number[], report: Report): void {
  const { bEndpointAddress, bmAttributes, wMaxPacketSize, bInterval, bLength } = endpoint;
  const name = `endpoint ${hex(bEndpointAddress)}`;
  const type = TYPES[(bmAttributes & 3) as 0 | 1 | 2 | 3];
  if (!lengths.includes(bLength)) report(`${name}: bLength is ${bLength}: must be ${lengths.join(" or ")}`);
  if ((bEndpointAddress & 0x70) !== 0 || (bEndpointAddress & 15) === 0)
    report(`${name}: bEndpointAddress: bits 6..4 must be 0, the number 1..15`);
  if ((bmAttributes & 0xfc) !== 0 && type !== "isochronous")
    report(`${name}: bmAttributes is ${hex(bmAttributes)}: bits 7..2 must be 0`);
  if (type === "bulk" && ![8, 16, 32, 64].includes(wMaxPacketSize))
    report(`${name}: wMaxPacketSize is ${wMaxPacketSize}: full-speed bulk takes 8, 16, 32 or 64`);
  if (type === "interrupt" && (wMaxPacketSize === 0 || wMaxPacketSize > 64))
    report(`${name}: wMaxPacketSize is ${wMaxPacketSize}: full-speed interrupt takes 1..64`);
  if (type === "interrupt" && bInterval === 0) report(`${name}: bInterval is 0: must be 1..255 (ms)`);
}

/** USB 2.0, 5.6.3 and 9.6.6. */
function checkIsochronous(
  { bEndpointAddress, bmAttributes, wMaxPacketSize, bInterval }: EndpointDescriptor,
  { bAlternateSetting }: InterfaceDescriptor,
  report: Report,
): void {
  if (TYPES[(bmAttributes & 3) as 0 | 1 | 2 | 3] !== "isochronous") return;
  const name = `endpoint ${hex(bEndpointAddress)}`;
  if (bAlternateSetting === 0 && wMaxPacketSize > 0)
    report(`${name}: isochronous with ${wMaxPacketSize} bytes in alternate setting 0: must be 0 bytes there`);
  if (wMaxPacketSize > 1023)
    report(`${name}: wMaxPacketSize is ${wMaxPacketSize}: full-speed isochronous takes up to 1023`);
  if (bInterval === 0 || bInterval > 16)
    report(`${name}: bInterval is ${bInterval}: must be 1..16 (2^(n-1) ms)`);
}

function checkAssociations(
  device: DeviceDescriptor,
  configuration: ConfigurationDescriptor,
  report: Report,
): void {
  const { associations, interfaces } = configuration;
  const classes = [device.bDeviceClass, device.bDeviceSubClass, device.bDeviceProtocol];
  const composite = classes.join() === "239,2,1";
  if (associations.length > 0 && !composite)
    report(
      `device.bDeviceClass/SubClass/Protocol is ${classes.map((value) => hex(value)).join("/")}: an interface association asks for 0xef/0x02/0x01`,
    );
  if (composite && associations.length === 0)
    report("configuration: bDeviceClass 0xef/0x02/0x01 announces an interface association, there is none");
  for (const one of associations) {
    const name = `association of interface ${one.bFirstInterface}`;
    const covered = interfaces.filter(
      ({ bInterfaceNumber: number }) =>
        number >= one.bFirstInterface && number < one.bFirstInterface + one.bInterfaceCount,
    );
    if (one.bLength !== 8) report(`${name}: bLength is ${one.bLength}: must be 8`);
    if (new Set(covered.map((each) => each.bInterfaceNumber)).size !== one.bInterfaceCount)
      report(`${name}: bInterfaceCount is ${one.bInterfaceCount}, not all of these interfaces exist`);
    const first = interfaces[one.interfacesBefore];
    if (first?.bInterfaceNumber !== one.bFirstInterface)
      report(`${name}: bFirstInterface: the association must stand right before that interface`);
    if (first !== undefined && first.bInterfaceClass !== one.bFunctionClass)
      report(
        `${name}: bFunctionClass is ${hex(one.bFunctionClass)}, its first interface has ${hex(first.bInterfaceClass)}`,
      );
    if (namesSubClass(one) && first !== undefined && first.bInterfaceSubClass !== one.bFunctionSubClass)
      report(`${name}: bFunctionSubClass is ${one.bFunctionSubClass}, its first interface has another`);
  }
}

const FUNCTIONAL = [
  { subtype: CDC.HEADER, name: "header", length: 5 },
  { subtype: CDC.CALL_MANAGEMENT, name: "call management", length: 5 },
  { subtype: CDC.ACM, name: "abstract control management", length: 4 },
  { subtype: CDC.UNION, name: "union", length: 5 },
] as const;

function checkAcm(
  configuration: ConfigurationDescriptor,
  control: InterfaceDescriptor,
  report: Report,
): void {
  if (control.bInterfaceClass !== CDC.CLASS_CONTROL || control.bInterfaceSubClass !== CDC.SUBCLASS_ACM)
    return;
  const name = `interface ${control.bInterfaceNumber}`;
  if (control.functional[0]?.bDescriptorSubtype !== CDC.HEADER)
    report(`${name}: the header functional descriptor must come first`);
  for (const { subtype, name: kind, length } of FUNCTIONAL) {
    const found = control.functional.filter((one) => one.bDescriptorSubtype === subtype);
    // PSTN 1.2 asks for call management, drivers do not: devices in use leave it out.
    const missing = found.length === 0 && subtype !== CDC.CALL_MANAGEMENT;
    if (missing || found.length > 1)
      report(`${name}: ${found.length} ${kind} functional descriptors, must be 1`);
    for (const one of found)
      if (one.bLength !== length)
        report(
          `${name}: ${kind} functional descriptor: bFunctionLength is ${one.bLength}: must be ${length}`,
        );
  }
  const version = word(control, CDC.HEADER, 3);
  if (version !== undefined && version !== 0x110 && version !== 0x120)
    report(`${name}: header functional descriptor: bcdCDC is ${hex(version, 4)}: must be 0x0110 or 0x0120`);
  const notification = control.endpoints[0];
  if (
    notification === undefined ||
    (notification.bmAttributes & 3) !== 3 ||
    notification.bEndpointAddress < 0x80
  )
    report(`${name}: needs an interrupt IN endpoint for notifications`);
  checkUnion(configuration, control, report);
}

function checkUnion(
  configuration: ConfigurationDescriptor,
  control: InterfaceDescriptor,
  report: Report,
): void {
  const name = `interface ${control.bInterfaceNumber}: union functional descriptor`;
  const union = control.functional.find((one) => one.bDescriptorSubtype === CDC.UNION)?.bytes;
  if (union === undefined) return;
  if (union[3] !== control.bInterfaceNumber)
    report(`${name}: bControlInterface is ${union[3]}: must be ${control.bInterfaceNumber}`);
  const data = configuration.interfaces.find((one) => one.bInterfaceNumber === union[4]);
  if (data === undefined || data.bInterfaceClass !== CDC.CLASS_DATA) {
    report(`${name}: bSubordinateInterface0 is ${union[4]}: must be an interface of class 0x0a (CDC data)`);
    return;
  }
  const bulk = data.endpoints
    .filter((one) => (one.bmAttributes & 3) === 2)
    .map((one) => one.bEndpointAddress >> 7);
  if (bulk.length !== 2 || new Set(bulk).size !== 2)
    report(`interface ${data.bInterfaceNumber}: needs one bulk IN and one bulk OUT endpoint`);
  const call = control.functional.find((one) => one.bDescriptorSubtype === CDC.CALL_MANAGEMENT)?.bytes;
  if (call !== undefined && call[4] !== data.bInterfaceNumber)
    report(
      `interface ${control.bInterfaceNumber}: call management functional descriptor: bDataInterface is ${call[4]}: must be ${data.bInterfaceNumber}`,
    );
}

function word(one: InterfaceDescriptor, subtype: number, at: number): number | undefined {
  const bytes = one.functional.find((each) => each.bDescriptorSubtype === subtype)?.bytes;
  return bytes === undefined ? undefined : (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/** @param used strings that a descriptor refers to: field name -> text, undefined when it could not be read. */
export function checkStrings(used: ReadonlyMap<string, string | undefined>): string[] {
  const found: string[] = [];
  for (const [field, text] of used) {
    if (text === undefined) found.push(`${field}: its string descriptor cannot be read`);
    else if (text === "") found.push(`${field}: its string is empty`);
    else if (text.includes("\0")) found.push(`${field}: its string contains a zero character`);
  }
  return found;
}

/** CDC repeats its first interface's subclass (PSTN 1.2 5.2.1 for ACM); audio and video have numbers of their own there (UAC2 4.6, UVC 1.5 3.6). */
function namesSubClass({ bFunctionClass }: AssociationDescriptor): boolean {
  return bFunctionClass === CDC.CLASS_CONTROL;
}
