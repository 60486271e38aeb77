import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "../../emulator/timeline.js";
import { UsbHost } from "../../emulator/usb/host.js";
import { type Script, ScriptedDevice } from "../../emulator/usb/scripted-device.js";
import { runFor, TestLog } from "../../emulator/usb/test-device.js";
import { encodePng } from "../png.js";
import { world } from "../testing.js";
import { decodeWav, encodeWav } from "../wav.js";
import { type MediaOptions, openMedia } from "./media.js";

const word = (value: number): [number, number] => [value & 0xff, value >> 8];
const AUDIO = [
  [9, 4, 0, 0, 0, 1, 1, 0, 0],
  [9, 0x24, 1, 0, 1, 9, 0, 1, 1],
  ...[0x81, 0x01].flatMap((endpoint, at) => [
    [9, 4, at + 1, 0, 0, 1, 2, 0, 0],
    [9, 4, at + 1, 1, 1, 1, 2, 0, 0],
    [7, 0x24, 1, 1, 0, 1, 0],
    [11, 0x24, 2, 1, 1, 2, 16, 1, 0x40, 0x1f, 0],
    [9, 5, endpoint, 0x05, 16, 0, 1, 0, 0],
  ]),
];
const VIDEO = [
  [9, 4, 0, 0, 0, 0x0e, 1, 0, 0],
  [12, 0x24, 1, 0x00, 0x01, 12, 0, 0, 0, 0, 0, 0],
  [9, 4, 1, 0, 0, 0x0e, 2, 0, 0],
  [27, 0x24, 4, 1, 1, 0x59, 0x55, 0x59, 0x32, ...Array.from({ length: 12 }, () => 0), 16, 1, 0, 0, 0, 0],
  [26, 0x24, 5, 1, 0, ...word(2), ...word(1), ...Array.from({ length: 17 }, () => 0)],
  [9, 4, 1, 1, 1, 0x0e, 2, 0, 0],
  [7, 5, 0x81, 0x05, 64, 0, 1],
];

async function runs(script: Script, options: MediaOptions, files: Record<string, Uint8Array> = {}) {
  const made = world();
  for (const [name, bytes] of Object.entries(files)) made.files.set(name, bytes);
  const notes: string[] = [];
  const silent = () => {};
  const reporter = {
    note: (text: string) => notes.push(text),
    progress: silent,
    result: silent,
    event: silent,
    error: silent,
  };
  const timeline = new Timeline();
  const device = new ScriptedDevice({ answer: () => [], ...script });
  const host = new UsbHost({ timeline, log: new TestLog(), port: device });
  const media = await openMedia({ io: made.io(), reporter, options: {} }, host, options);
  host.plug();
  runFor(timeline, 500e6);
  await media.write();
  return { files: made.files, notes, device };
}

test("what the microphone sends becomes a WAV file, and a WAV file is what the loudspeaker gets", async () => {
  const samples = Uint8Array.from({ length: 2 * 8 * 20 }, (_, n) => n & 0xff);
  const sound = encodeWav({ channels: 1, bytesPerSample: 2, rate: 8000, samples });
  const { files, notes, device } = await runs(
    { descriptors: AUDIO, input: () => [1, 2, 3, 4] },
    { record: "mic.wav", play: "song.wav" },
    { "song.wav": sound },
  );
  const recorded = decodeWav(files.get("mic.wav") ?? new Uint8Array(0), "mic.wav");
  assert.equal(recorded.rate, 8000);
  assert(recorded.samples.length > 100);
  assert.deepEqual([...recorded.samples.subarray(0, 8)], [1, 2, 3, 4, 1, 2, 3, 4]);
  assert.deepEqual(
    device.output.flatMap(({ bytes }) => [...bytes]),
    [...samples],
  );
  assert.deepEqual(notes, []);
});

test("the camera's last picture becomes a PNG", async () => {
  const script: Script = {
    descriptors: VIDEO,
    answer: ({ bmRequestType }) => (bmRequestType === 0xa1 ? Array.from({ length: 26 }, () => 0) : []),
    input: (_endpoint, frame) => [2, 2 | (frame & 1), 235, 128, 16, 128],
  };
  const { files } = await runs(script, { camera: "eye.png" });
  const whiteAndBlack = Uint8Array.of(255, 255, 255, 0, 0, 0);
  assert.deepEqual([...(files.get("eye.png") ?? [])], [...encodePng(2, 1, whiteAndBlack)]);
});

test("a device without them leaves no files, and it is told", async () => {
  const { files, notes } = await runs(
    { descriptors: [[9, 4, 0, 0, 0, 0xff, 0, 0, 0]] },
    { record: "a.wav", camera: "b.png" },
  );
  assert.equal(files.has("a.wav") || files.has("b.png"), false);
  assert.deepEqual(notes, [
    "a.wav: not written, the device sent no sound",
    "b.png: not written, the device sent no picture",
  ]);
});
