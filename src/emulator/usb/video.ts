/** What a USB Video function has to offer (USB Device Class Definition for Video Devices 1.1 and 1.5): formats, sizes, settings. */

import type { ConfigurationDescriptor, EndpointDescriptor, InterfaceDescriptor } from "./descriptors.js";

const CLASS_VIDEO = 0x0e;
const SUBCLASS = { CONTROL: 1, STREAMING: 2 } as const;
const VC_HEADER = 1;
const VS = { FORMAT_UNCOMPRESSED: 4, FRAME_UNCOMPRESSED: 5, FORMAT_MJPEG: 6, FRAME_MJPEG: 7 } as const;

export interface VideoSetting {
  readonly alternate: number;
  readonly endpoint: EndpointDescriptor;
}

export interface VideoFormat {
  readonly bFormatIndex: number;
  readonly bFrameIndex: number;
  /** "MJPG", or the four characters with which an uncompressed format's GUID begins: "YUY2", "NV12". */
  readonly code: string;
  readonly width: number;
  readonly height: number;
  /** Time from picture to picture, in units of 100 ns. */
  readonly interval: number;
}

export interface VideoFunction {
  readonly interface: number;
  /** Version of the class, as BCD: it decides how long a negotiation's structure is. */
  readonly bcdUVC: number;
  readonly format: VideoFormat;
  /** Isochronous ones. */
  readonly settings: readonly VideoSetting[];
}

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) + u16(bytes, at + 2) * 0x1_0000;

/** The first one, with its first format and that one's default size. */
export function findVideo({ interfaces }: ConfigurationDescriptor): VideoFunction | undefined {
  const ofClass = interfaces.filter(({ bInterfaceClass }) => bInterfaceClass === CLASS_VIDEO);
  const control = ofClass.find(({ bInterfaceSubClass }) => bInterfaceSubClass === SUBCLASS.CONTROL);
  const streaming = ofClass.find(({ bInterfaceSubClass }) => bInterfaceSubClass === SUBCLASS.STREAMING);
  const header = control?.functional.find(({ bDescriptorSubtype }) => bDescriptorSubtype === VC_HEADER);
  if (header === undefined || streaming === undefined) return undefined;
  const format = readFormat(streaming);
  if (format === undefined) return undefined;
  const settings = ofClass
    .filter(({ bInterfaceNumber }) => bInterfaceNumber === streaming.bInterfaceNumber)
    .flatMap(({ bAlternateSetting, endpoints }) =>
      endpoints
        .filter(({ bmAttributes }) => (bmAttributes & 3) === 1)
        .map((endpoint) => ({ alternate: bAlternateSetting, endpoint })),
    );
  return { interface: streaming.bInterfaceNumber, bcdUVC: u16(header.bytes, 3), format, settings };
}

function readFormat({ functional }: InterfaceDescriptor): VideoFormat | undefined {
  const at = functional.findIndex(
    ({ bDescriptorSubtype: type }) => type === VS.FORMAT_UNCOMPRESSED || type === VS.FORMAT_MJPEG,
  );
  const format = functional[at];
  if (format === undefined) return undefined;
  const compressed = format.bDescriptorSubtype === VS.FORMAT_MJPEG;
  const wanted = format.bytes[compressed ? 6 : 22];
  const frames = functional
    .slice(at + 1, at + 1 + (format.bytes[4] ?? 0))
    .filter(({ bDescriptorSubtype: type }) => type === (compressed ? VS.FRAME_MJPEG : VS.FRAME_UNCOMPRESSED));
  const frame = (frames.find(({ bytes }) => bytes[3] === wanted) ?? frames[0])?.bytes;
  if (frame === undefined) return undefined;
  return {
    bFormatIndex: format.bytes[3] ?? 0,
    bFrameIndex: frame[3] ?? 0,
    code: compressed ? "MJPG" : String.fromCharCode(...format.bytes.subarray(5, 9)),
    width: u16(frame, 5),
    height: u16(frame, 7),
    interval: u32(frame, 21),
  };
}
