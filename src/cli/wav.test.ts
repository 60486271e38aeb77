import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeWav, encodeWav, type Sound } from "./wav.js";

const sound = (channels: number, bytesPerSample: number, samples: readonly number[]): Sound => ({
  ...{ channels, bytesPerSample, rate: 48000 },
  samples: Uint8Array.from(samples),
});

test("the file has the fields of a WAV file where they belong", () => {
  const file = Buffer.from(encodeWav(sound(2, 2, [1, 2, 3, 4])));
  assert.equal(file.toString("latin1", 0, 4) + file.toString("latin1", 8, 16), "RIFFWAVEfmt ");
  assert.equal(file.readUInt32LE(4), file.length - 8);
  assert.deepEqual(
    [20, 22, 32, 34].map((at) => file.readUInt16LE(at)),
    [1, 2, 4, 16],
    "PCM, channels, block, bits",
  );
  assert.equal(file.readUInt32LE(24), 48000);
  assert.equal(file.readUInt32LE(28), 192000);
  assert.deepEqual([...file.subarray(44)], [1, 2, 3, 4]);
});

test("what was written is read back, with 8 bits as well, which files keep without a sign", () => {
  for (const bytes of [1, 2, 3, 4]) {
    const one = sound(
      1,
      bytes,
      Array.from({ length: 3 * bytes }, (_, n) => n),
    );
    const back = decodeWav(encodeWav(one), "x.wav");
    assert.deepEqual({ ...back, samples: Uint8Array.from(back.samples) }, one);
  }
  assert.equal(encodeWav(sound(1, 1, [0]))[44], 0x80, "silence");
});

test("an extensible header and chunks that are not known are read past", () => {
  const plain = Buffer.from(encodeWav(sound(1, 2, [5, 6])));
  const format = Buffer.concat([plain.subarray(20, 36), Buffer.from([22, 0, 16, 0, 4, 0, 0, 0, 1, 0])]);
  format.writeUInt16LE(0xfffe, 0);
  const chunk = (name: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(name, "latin1");
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
  };
  const file = Buffer.concat([
    ...[plain.subarray(0, 12), chunk("LIST", Buffer.from([1, 2, 3]))],
    ...[chunk("fmt ", format), chunk("data", Buffer.from([5, 6]))],
  ]);
  assert.deepEqual([...decodeWav(file, "x.wav").samples], [5, 6]);
});

test("a file that is no WAV file, or none of linear PCM, is refused by name", () => {
  assert.throws(() => decodeWav(new Uint8Array(100), "a.mp3"), /a\.mp3: expected a WAV file/);
  const float = Buffer.from(encodeWav(sound(1, 4, [0, 0, 0, 0])));
  float.writeUInt16LE(3, 20);
  assert.throws(
    () => decodeWav(float, "f.wav"),
    /expected linear PCM of 8, 16, 24 or 32 bits, found format 3/,
  );
  assert.throws(() => decodeWav(encodeWav(sound(1, 2, [])), "e.wav"), /with a format and samples/);
});
