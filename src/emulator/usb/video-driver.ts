/**
 * The host's driver for USB Video, as an operating system's with one application that has the camera open: negotiates the
 * default picture, chooses the setting and puts pictures together out of payloads (USB Video 1.5, 2.4.3 and 4.3.1).
 */

import type { ControlResult } from "./control.js";
import { type Conversation, converse, type DriverHost, type HostDriver, setInterface } from "./driver.js";
import type { EnumeratedDevice, Question } from "./enumeration.js";
import { IsochronousIn, intervalOf, packetSize } from "./isochronous.js";
import { findVideo, type VideoFormat, type VideoFunction } from "./video.js";

export interface Picture extends VideoFormat {
  readonly bytes: Uint8Array;
}

const REQUEST = { SET_CUR: 0x01, GET_CUR: 0x81 } as const;
const CONTROL = { PROBE: 0x0100, COMMIT: 0x0200 } as const;
/** Offsets in the structure that is negotiated. */
const MAX_PAYLOAD = 22;
/** Payload header, bmHeaderInfo. */
const HEADER = { FID: 1 << 0, EOF: 1 << 1, ERR: 1 << 6 } as const;

export class VideoDriver implements HostDriver {
  readonly #onPicture: (picture: Picture) => void;

  /** @param onPicture is called with each picture that arrived whole. */
  constructor(onPicture: (picture: Picture) => void) {
    this.#onPicture = onPicture;
  }

  attach({ configuration }: EnumeratedDevice, host: DriverHost): (() => void) | undefined {
    const video = findVideo(configuration);
    if (video === undefined) return undefined;
    let pipe: IsochronousIn | undefined;
    converse(
      host,
      this.#open(video, host, (opened) => (pipe = opened)),
    );
    return () => {
      if (pipe !== undefined) host.bus.remove(pipe);
    };
  }

  *#open(video: VideoFunction, host: DriverHost, opened: (pipe: IsochronousIn) => void): Conversation {
    const { format } = video;
    const payload = yield* negotiate(video);
    if (typeof payload === "string") {
      host.log.note(`usb: camera: ${payload}`);
      return;
    }
    const setting = [...video.settings]
      .sort((a, b) => packetSize(a.endpoint) - packetSize(b.endpoint))
      .find(({ endpoint }) => packetSize(endpoint) >= payload);
    if (setting === undefined || !host.bandwidth.reserve([setting.endpoint])) {
      const why = setting === undefined ? "no isochronous setting has" : "the frame has no room for";
      host.log.note(`usb: camera: ${why} packets of ${payload} bytes`);
      return;
    }
    const set = yield setInterface(video.interface, setting.alternate);
    if (!set.ok) {
      host.log.note(`usb: camera: SET_INTERFACE: error ${set.error}`);
      return;
    }
    const assembly = new Assembly((bytes) => this.#onPicture({ ...format, bytes }));
    const { endpoint } = setting;
    const pipe = new IsochronousIn(host, endpoint, intervalOf(endpoint), (bytes) => assembly.payload(bytes));
    host.log.note(
      `usb: camera: interface ${video.interface}, setting ${setting.alternate}: ${format.code}, ${format.width} x ${format.height}`,
    );
    host.bus.add(pipe);
    opened(pipe);
  }
}

/** Asks for the default picture, takes what the device makes of it. @returns bytes of a payload, or what failed. */
function* negotiate(video: VideoFunction): Generator<Question, number | string, ControlResult> {
  const { format } = video;
  // Linux does it for cameras that misbehave without, and some stall what follows.
  const reset = yield setInterface(video.interface, 0);
  if (!reset.ok) return `SET_INTERFACE: error ${reset.error}`;
  const length = video.bcdUVC >= 0x150 ? 48 : video.bcdUVC >= 0x110 ? 34 : 26;
  const wish = new Uint8Array(length);
  const view = new DataView(wish.buffer);
  // bmHint: the interval between pictures stays, the rest may give way.
  view.setUint16(0, 1, true);
  view.setUint8(2, format.bFormatIndex);
  view.setUint8(3, format.bFrameIndex);
  view.setUint32(4, format.interval, true);
  const set = (wValue: number, data: Uint8Array): Question => ({
    bmRequestType: 0x21,
    bRequest: REQUEST.SET_CUR,
    wValue,
    wIndex: video.interface,
    data,
  });
  const proposed = yield set(CONTROL.PROBE, wish);
  if (!proposed.ok) return `SET_CUR(PROBE): error ${proposed.error}`;
  const answer = yield {
    bmRequestType: 0xa1,
    bRequest: REQUEST.GET_CUR,
    wValue: CONTROL.PROBE,
    wIndex: video.interface,
    wLength: length,
  };
  if (!answer.ok) return `GET_CUR(PROBE): error ${answer.error}`;
  if (answer.data.length < MAX_PAYLOAD + 4)
    return `GET_CUR(PROBE): ${answer.data.length} bytes came, ${length} are due`;
  const committed = yield set(CONTROL.COMMIT, answer.data);
  if (!committed.ok) return `SET_CUR(COMMIT): error ${committed.error}`;
  return new DataView(answer.data.buffer, answer.data.byteOffset).getUint32(MAX_PAYLOAD, true);
}

/** Payloads of one picture share their frame id bit; the last one says so, or the next picture's first one shows it. */
class Assembly {
  readonly #onPicture: (bytes: Uint8Array) => void;
  #parts: Uint8Array[] = [];
  #id: number | undefined;
  #broken = false;

  constructor(onPicture: (bytes: Uint8Array) => void) {
    this.#onPicture = onPicture;
  }

  payload(bytes: Uint8Array): void {
    const [length = 0, info = 0] = bytes;
    if (length < 2 || length > bytes.length) return;
    const id = info & HEADER.FID;
    if (id !== this.#id) {
      this.#finish();
      // Nobody knows what of the first picture was missed.
      this.#broken = this.#id === undefined;
      this.#id = id;
    }
    if ((info & HEADER.ERR) !== 0) this.#broken = true;
    if (length < bytes.length) this.#parts.push(bytes.subarray(length));
    if ((info & HEADER.EOF) !== 0) this.#finish();
  }

  #finish(): void {
    const whole = this.#parts;
    this.#parts = [];
    if (whole.length === 0 || this.#broken) return;
    const picture = new Uint8Array(whole.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of whole) {
      picture.set(part, at);
      at += part.length;
    }
    this.#onPicture(picture);
  }
}
