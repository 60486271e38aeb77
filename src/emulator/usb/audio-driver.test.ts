import assert from "node:assert/strict";
import { test } from "node:test";
import { AudioDriver, type AudioUse, type PcmSource, type SampledFormat } from "./audio-driver.js";
import { type Request, type Script, withDriver } from "./scripted-device.js";

const word = (value: number): [number, number] => [value & 0xff, value >> 8];
const streaming = (number: number, alternate: number, endpoints: number, version: number): number[] => [
  ...[9, 4, number, alternate, endpoints, 1, 2, version, 0],
];

/** Version 1: one interface, each setting with one endpoint of so many bytes, 16 bits. */
function version1(
  number: number,
  endpoint: number,
  settings: readonly { size: number; channels: number }[],
  feedback?: number,
): number[][] {
  const rates = [44100, 48000].flatMap((rate) => [rate & 0xff, (rate >> 8) & 0xff, rate >> 16]);
  return [
    streaming(number, 0, 0, 0),
    ...settings.flatMap(({ size, channels }, at) => [
      streaming(number, at + 1, feedback === undefined ? 1 : 2, 0),
      [7, 0x24, 1, 1, 0, ...word(1)],
      [14, 0x24, 2, 1, channels, 2, 16, 2, ...rates],
      [9, 5, endpoint, 0x05, ...word(size), 1, 0, feedback ?? 0],
      [7, 0x25, 1, 1, 0, 0, 0],
      ...(feedback === undefined ? [] : [[9, 5, feedback, 0x01, ...word(3), 1, 2, 0]]),
    ]),
  ];
}

const CONTROL_1 = [
  [9, 4, 0, 0, 0, 1, 1, 0, 0],
  [9, 0x24, 1, 0, 1, 9, 0, 1, 1],
];

/** Samples that count up, each channel the same, 16 bits. */
function counting(rate: number, channels: number, length: number): PcmSource {
  let at = 0;
  return {
    rate,
    channels,
    bytesPerSample: 2,
    read(samples) {
      const count = Math.min(samples, length - at);
      const bytes = Uint8Array.from({ length: count * channels * 2 }, (_, n) => {
        const sample = at + Math.floor(n / (2 * channels));
        return (sample >> (8 * (n & 1))) & 0xff;
      });
      at += count;
      return bytes;
    },
  };
}

function connect(script: Script, use: AudioUse) {
  return withDriver({ answer: () => [], ...script }, new AudioDriver(use));
}

const ofStream = ({ bmRequestType, bRequest, wValue, wIndex, data }: Request): number[] => [
  ...[bmRequestType, bRequest, wValue, wIndex, ...data],
];

test("a loudspeaker of version 1 gets its setting, its rate, and a packet in each frame until the sound ends", () => {
  const play = counting(44100, 1, 441 * 3);
  const descriptors = [...CONTROL_1, ...version1(1, 0x01, [{ size: 96, channels: 1 }])];
  const { device, log, run } = connect({ descriptors }, { play });
  run(60);
  assert.deepEqual(device.requests.slice(-4).map(ofStream), [
    [0x01, 11, 0, 1],
    [0x01, 11, 1, 1],
    [0x22, 1, 0x0100, 0x01, 0x44, 0xac, 0x00],
    [0x01, 11, 0, 1],
  ]);
  const sizes = device.output.map(({ bytes }) => bytes.length / 2);
  assert.deepEqual(sizes.slice(0, 11), [44, 44, 44, 44, 44, 44, 44, 44, 44, 45, 44], "44.1 on average");
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    441 * 3,
  );
  const frames = device.output.map(({ frame }) => frame);
  assert.deepEqual(
    frames.map((frame) => frame - (frames[0] ?? 0)),
    frames.map((_, n) => n),
  );
  const samples = device.output.flatMap(({ bytes }) => [...new Uint16Array(bytes.slice().buffer)]);
  assert.deepEqual(
    samples,
    Array.from({ length: 441 * 3 }, (_, n) => n),
  );
  assert.deepEqual(log.lines, ["usb: loudspeaker at interface 1, setting 1: 1 x 16 bits at 44100 Hz"]);
});

test("explicit feedback in 10.14 sets the pace; what is far off is told and ignored", () => {
  let feedback = [0, 0, 0];
  const asked: number[] = [];
  const descriptors = [...CONTROL_1, ...version1(1, 0x01, [{ size: 200, channels: 1 }], 0x82)];
  const { device, log, run } = connect(
    {
      descriptors,
      input: (_endpoint, frame) => {
        asked.push(frame);
        return feedback;
      },
    },
    { play: counting(48000, 1, 1e6) },
  );
  run(20);
  const sizes = (): number[] => device.output.splice(0).map(({ bytes }) => bytes.length / 2);
  assert.deepEqual([...new Set(sizes())], [48]);
  assert.deepEqual(
    [...new Set(asked.slice(1).map((frame, n) => frame - (asked[n] ?? 0)))],
    [4],
    "bRefresh = 2",
  );
  feedback = [0x00, 0x20, 0x0c];
  run(8);
  sizes();
  run(10);
  assert.deepEqual(sizes(), [48, 49, 48, 49, 48, 49, 48, 49, 48, 49], "48.5");
  assert.equal(log.lines.length, 1);
  feedback = [0x00, 0x00, 0x30];
  run(20);
  sizes();
  run(2);
  assert.deepEqual(sizes(), [48, 49]);
  assert.match(log.lines[1] ?? "", /feedback asks for 192.000 samples a frame, nominal are 48/);
});

test("a sound that no setting takes is told with what the device takes", () => {
  const descriptors = [...CONTROL_1, ...version1(1, 0x01, [{ size: 96, channels: 1 }])];
  const { log } = connect({ descriptors }, { play: counting(48000, 2, 100) });
  assert.deepEqual(log.lines, ["usb: nothing plays 2 x 16 bits at 48000 Hz: the device takes 1 x 16 bits"]);
  const other = connect({ descriptors }, { play: counting(32000, 1, 100) });
  other.run(10);
  assert.deepEqual(other.log.lines, ["usb: interface 1, setting 1: takes 44100, 48000 Hz, not 32000 Hz"]);
});

/** Version 2: microphone with 16 and 24 bits, clock 4 behind a selector. */
const VERSION_2 = [
  [9, 4, 0, 0, 0, 1, 1, 0x20, 0],
  [9, 0x24, 1, 0, 2, 3, 60, 0, 0],
  [8, 0x24, 0x0a, 4, 3, 3, 0, 0],
  [8, 0x24, 0x0b, 5, 1, 4, 3, 0],
  [17, 0x24, 2, 1, 1, 2, 0, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  [12, 0x24, 3, 3, 1, 1, 0, 1, 5, 0, 0, 0],
  ...[2, 3].flatMap((bytes, at) => [
    ...(at === 0 ? [streaming(1, 0, 0, 0x20)] : []),
    streaming(1, at + 1, 1, 0x20),
    [16, 0x24, 1, 3, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    [6, 0x24, 2, 1, bytes, 8 * bytes],
    [7, 5, 0x81, 0x05, ...word(49 * bytes), 1],
    [8, 0x25, 1, 0, 0, 0, 0, 0],
  ]),
];
const range = (...rates: readonly number[]): number[] => {
  const long = (value: number): number[] => [...word(value & 0xffff), ...word(value >>> 16)];
  return [...word(rates.length), ...rates.flatMap((rate) => [...long(rate), ...long(rate), ...long(0)])];
};

test("a microphone of version 2 is asked for its rates; the largest packets and the highest rate that fits are chosen", () => {
  const formats: SampledFormat[] = [];
  const received: number[] = [];
  const record = (format: SampledFormat) => {
    formats.push(format);
    return (bytes: Uint8Array) => received.push(...bytes);
  };
  const answer = ({ bmRequestType }: Request) => (bmRequestType === 0xa1 ? range(16000, 48000, 96000) : []);
  const input = (_endpoint: number, frame: number) => [frame & 0xff, 0, 1];
  const { device, log, run } = connect({ descriptors: VERSION_2, answer, input }, { record });
  run(30);
  assert.deepEqual(formats, [{ channels: 1, bytesPerSample: 3, rate: 48000 }]);
  assert.deepEqual(device.requests.slice(-5).map(ofStream), [
    [0x01, 11, 0, 1],
    [0xa1, 2, 0x0100, 0x0400],
    [0xa1, 2, 0x0100, 0x0400],
    [0x21, 1, 0x0100, 0x0400, 0x80, 0xbb, 0, 0],
    [0x01, 11, 2, 1],
  ]);
  assert(received.length > 3 * 20);
  const frames = received.filter((_, n) => n % 3 === 0);
  assert.deepEqual([...new Set(frames.slice(1).map((frame, n) => (frame - (frames[n] ?? 0)) & 0xff))], [1]);
  assert.deepEqual(log.lines, ["usb: microphone at interface 1, setting 2: 1 x 24 bits at 48000 Hz"]);
});

test("a setting that does not fit beside another stream gives way to a smaller one; if there is none, it is told", () => {
  const beside = (size: number): string | undefined => {
    const speaker = version1(2, 0x02, [
      { size: 192, channels: 2 },
      { size: 180, channels: 2 },
    ]);
    const descriptors = [...CONTROL_1, ...version1(1, 0x81, [{ size, channels: 8 }]), ...speaker];
    const { log, run } = connect({ descriptors }, { record: () => () => {}, play: counting(44100, 2, 100) });
    run(10);
    const ofMicrophone = "usb: microphone at interface 1, setting 1: 8 x 16 bits at 48000 Hz";
    assert.equal(log.lines.length, 2);
    assert(log.lines.includes(ofMicrophone));
    return log.lines.find((line) => line !== ofMicrophone);
  };
  assert.equal(beside(900), "usb: loudspeaker at interface 2, setting 1: 2 x 16 bits at 44100 Hz");
  assert.equal(beside(950), "usb: loudspeaker at interface 2, setting 2: 2 x 16 bits at 44100 Hz");
  assert.equal(beside(1023), "usb: no setting of the loudspeaker fits into a frame (error -28)");
});

test("when the device leaves, its streams end, and begin again when it is back", () => {
  let bytes = 0;
  const record = () => (packet: Uint8Array) => {
    bytes += packet.length;
  };
  const descriptors = [...CONTROL_1, ...version1(1, 0x81, [{ size: 96, channels: 1 }])];
  const { device, run, host } = connect({ descriptors, input: () => [1, 2] }, { record });
  run(20);
  assert(bytes >= 10, `${bytes}`);
  device.leave();
  bytes = 0;
  run(20);
  assert.equal(bytes, 0);
  host.unplug();
  host.plug();
  run(400);
  assert(bytes > 100, `${bytes}`);
});
