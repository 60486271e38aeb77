/** RIFF/WAVE with linear PCM: sound as files keep it. */

import type { SampledFormat } from "../emulator/usb/audio-driver.js";
import { FileError } from "./errors.js";

export interface Sound extends SampledFormat {
  /** Interleaved, signed, little-endian, as USB carries them. */
  readonly samples: Uint8Array;
}

const PCM = 1;
const EXTENSIBLE = 0xfffe;
const HEADER_BYTES = 44;

export function encodeWav({ channels, bytesPerSample, rate, samples }: Sound): Uint8Array {
  const file = Buffer.alloc(HEADER_BYTES + samples.length + (samples.length & 1));
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(PCM, 20);
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * channels * bytesPerSample, 28);
  file.writeUInt16LE(channels * bytesPerSample, 32);
  file.writeUInt16LE(8 * bytesPerSample, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(samples.length, 40);
  file.set(bytesPerSample === 1 ? offsetBinary(samples) : samples, HEADER_BYTES);
  return file;
}

/** Samples of eight bits have no sign in a file. */
function offsetBinary(samples: Uint8Array): Uint8Array {
  return samples.map((sample) => sample ^ 0x80);
}

/** @param name of the file, for messages. @throws FileError */
export function decodeWav(bytes: Uint8Array, name: string): Sound {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (
    file.length < 12 ||
    file.toString("latin1", 0, 4) !== "RIFF" ||
    file.toString("latin1", 8, 12) !== "WAVE"
  )
    throw new FileError(`${name}: expected a WAV file (RIFF, WAVE)`);
  const format = chunk(file, "fmt ");
  const data = chunk(file, "data");
  if (format === undefined || format.length < 16 || data === undefined || data.length === 0)
    throw new FileError(`${name}: expected a WAV file with a format and samples`);
  const tag = format.readUInt16LE(0);
  const kind = tag === EXTENSIBLE && format.length >= 26 ? format.readUInt16LE(24) : tag;
  const bytesPerSample = format.readUInt16LE(14) / 8;
  if (kind !== PCM || ![1, 2, 3, 4].includes(bytesPerSample))
    throw new FileError(
      `${name}: expected linear PCM of 8, 16, 24 or 32 bits, found format ${kind}, ${8 * bytesPerSample} bits`,
    );
  const samples = bytesPerSample === 1 ? offsetBinary(data) : data;
  return { channels: format.readUInt16LE(2), bytesPerSample, rate: format.readUInt32LE(4), samples };
}

function chunk(file: Buffer, type: string): Buffer | undefined {
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.readUInt32LE(at + 4);
    if (file.toString("latin1", at, at + 4) === type) return file.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length & 1);
  }
  return undefined;
}
