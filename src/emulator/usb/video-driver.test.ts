import assert from "node:assert/strict";
import { test } from "node:test";
import { type Request, withDriver } from "./scripted-device.js";
import { type Picture, VideoDriver } from "./video-driver.js";

const word = (value: number): [number, number] => [value & 0xff, value >> 8];
const long = (value: number): number[] => [...word(value & 0xffff), ...word(value >>> 16)];
const setting = (alternate: number, size: number): number[][] => [
  [9, 4, 1, alternate, 1, 0x0e, 2, 0, 0],
  [7, 5, 0x81, 0x05, ...word(size), 1],
];
const frame = (index: number, width: number, height: number): number[] => [
  ...[26, 0x24, 5, index, 0, ...word(width), ...word(height), ...long(1), ...long(1)],
  ...[...long(2 * width * height), ...long(333_333), 0],
];
const DESCRIPTORS = [
  [9, 4, 0, 0, 0, 0x0e, 1, 0, 0],
  [13, 0x24, 1, 0x10, 0x01, 13, 0, ...long(27_000_000), 1, 1],
  [9, 4, 1, 0, 0, 0x0e, 2, 0, 0],
  [14, 0x24, 1, 1, 0, 0, 0x81, 0, 2, 0, 0, 0, 1, 0],
  [27, 0x24, 4, 1, 2, 0x59, 0x55, 0x59, 0x32, ...Array.from({ length: 12 }, () => 0), 16, 2, 0, 0, 0, 0],
  frame(1, 640, 480),
  frame(2, 4, 2),
  ...setting(1, 64),
  ...setting(2, 200),
  ...setting(3, 900),
];

/** Sends one payload a frame, each with its header. */
function camera(payloads: readonly (readonly number[])[], payloadSize = 150) {
  const probe: number[] = [];
  const pictures: Picture[] = [];
  let sent = 0;
  const rig = withDriver(
    {
      descriptors: DESCRIPTORS,
      answer: ({ bmRequestType, wValue, data }: Request) => {
        if (bmRequestType === 0x21 && wValue === 0x0100) probe.splice(0, probe.length, ...data);
        if (bmRequestType !== 0xa1) return [];
        const answer = probe.slice();
        answer.splice(18, 8, ...long(16), ...long(payloadSize));
        return answer;
      },
      input: () => payloads[sent++] ?? [2, 0],
    },
    new VideoDriver((picture) => pictures.push(picture)),
  );
  rig.run(payloads.length + 20);
  return { ...rig, pictures };
}

test("the default picture is negotiated, and the smallest setting chosen that carries its payloads", () => {
  const { device, log } = camera([]);
  const asked = device.requests
    .slice(-5)
    .map((one) => [one.bmRequestType, one.bRequest, one.wValue, one.wIndex]);
  assert.deepEqual(asked, [
    [0x01, 11, 0, 1],
    [0x21, 0x01, 0x0100, 1],
    [0xa1, 0x81, 0x0100, 1],
    [0x21, 0x01, 0x0200, 1],
    [0x01, 11, 2, 1],
  ]);
  const [, probe, , commit] = device.requests.slice(-5);
  assert.deepEqual(probe?.data.slice(0, 8), [1, 0, 1, 2, ...long(333_333)]);
  assert.equal(probe?.data.length, 34, "version 1.1");
  assert.deepEqual(commit?.data.slice(18, 26), [...long(16), ...long(150)]);
  assert.deepEqual(log.lines, ["usb: camera: interface 1, setting 2: YUY2, 4 x 2"]);
});

test("payloads with one frame id become one picture; what was missed or marked as wrong does not", () => {
  const { pictures } = camera([
    ...[
      [2, 1, 9, 9],
      [2, 3, 9],
    ],
    ...[[2, 0, 1, 2], [], [12, 0, ...Array.from({ length: 10 }, () => 0), 3], [2, 2, 4]],
    ...[
      [2, 1, 5],
      [2, 0x41, 6],
      [2, 3, 7],
    ],
    ...[
      [2, 0, 8],
      [2, 1, 5, 5],
      [2, 3, 6],
    ],
  ]);
  assert.deepEqual(
    pictures.map(({ bytes }) => [...bytes]),
    [[1, 2, 3, 4], [8], [5, 5, 6]],
    "the first one was under way, the third has an error, the fourth ends where the fifth begins",
  );
  assert.equal(pictures[0]?.code, "YUY2");
  assert.equal(pictures[0]?.width, 4);
});

test("payloads that no setting carries are told", () => {
  assert.deepEqual(camera([], 1000).log.lines, [
    "usb: camera: no isochronous setting has packets of 1000 bytes",
  ]);
});
