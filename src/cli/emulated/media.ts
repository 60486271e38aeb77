/** What the person at the emulated board's PC does with its microphone, loudspeaker and camera: `--record`, `--play`, `--camera`. */

import { AudioDriver, type PcmSource, type SampledFormat } from "../../emulator/usb/audio-driver.js";
import type { UsbHost } from "../../emulator/usb/host.js";
import { type Picture, VideoDriver } from "../../emulator/usb/video-driver.js";
import type { CommandContext } from "../command.js";
import { readInput, replaceFile } from "../files.js";
import { encodePng } from "../png.js";
import { decodeWav, encodeWav, type Sound } from "../wav.js";

export interface MediaOptions {
  readonly record?: string;
  readonly play?: string;
  readonly camera?: string;
}

export interface Media {
  /** At the end: the files. @throws FileError */
  write(): Promise<void>;
}

/** @throws FileError */
export async function openMedia(
  context: CommandContext,
  host: UsbHost,
  { record, play, camera }: MediaOptions,
): Promise<Media> {
  const recording = new Recording();
  let picture: Picture | undefined;
  const source = play === undefined ? undefined : player(decodeWav(await readInput(context.io, play), play));
  if (record !== undefined || source !== undefined) {
    const take = record === undefined ? undefined : (format: SampledFormat) => recording.begin(format);
    host.addDriver(new AudioDriver({ record: take, play: source }));
  }
  if (camera !== undefined) host.addDriver(new VideoDriver((latest) => (picture = latest)));
  return {
    async write() {
      if (record !== undefined) await save(context, record, recording.wav(), "sent no sound");
      if (camera !== undefined) await save(context, camera, pictureFile(picture), "sent no picture");
    },
  };
}

async function save(
  { io, reporter }: CommandContext,
  file: string,
  bytes: Uint8Array | undefined,
  otherwise: string,
): Promise<void> {
  if (bytes === undefined) reporter.note(`${file}: not written, the device ${otherwise}`);
  else await replaceFile(io, file, bytes);
}

/** The last microphone's format counts: a device that comes back with another one starts anew. */
class Recording {
  #format: SampledFormat | undefined;
  #parts: Uint8Array[] = [];

  begin(format: SampledFormat): (bytes: Uint8Array) => void {
    const before = this.#format;
    const same =
      before?.rate === format.rate &&
      before.channels === format.channels &&
      before.bytesPerSample === format.bytesPerSample;
    if (!same) this.#parts = [];
    this.#format = format;
    return (bytes) => {
      if (bytes.length > 0) this.#parts.push(bytes);
    };
  }

  wav(): Uint8Array | undefined {
    if (this.#format === undefined || this.#parts.length === 0) return undefined;
    return encodeWav({ ...this.#format, samples: Buffer.concat(this.#parts) });
  }
}

function player(sound: Sound): PcmSource {
  const sample = sound.channels * sound.bytesPerSample;
  let at = 0;
  return {
    ...sound,
    read(samples) {
      const bytes = sound.samples.subarray(at, at + samples * sample);
      at += bytes.length;
      return bytes;
    },
  };
}

/** JPEG as the camera made it, YUY2 as PNG, anything else as it came. */
function pictureFile(picture: Picture | undefined): Uint8Array | undefined {
  if (picture === undefined || picture.code !== "YUY2") return picture?.bytes;
  return encodePng(picture.width, picture.height, rgbOf(picture));
}

/** ITU-R BT.601 with studio levels, which USB Video's colour matching descriptor has as its default. */
function rgbOf({ width, height, bytes }: Picture): Uint8Array {
  const rgb = new Uint8ClampedArray(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const pair = (pixel >> 1) * 4;
    const luma = 1.164 * ((bytes[2 * pixel] ?? 16) - 16);
    const blue = (bytes[pair + 1] ?? 128) - 128;
    const red = (bytes[pair + 3] ?? 128) - 128;
    rgb.set([luma + 1.596 * red, luma - 0.392 * blue - 0.813 * red, luma + 2.017 * blue], 3 * pixel);
  }
  return new Uint8Array(rgb.buffer);
}
