import assert from "node:assert/strict";
import { test } from "node:test";
import * as reference from "jpeg-js";
import { readBoard } from "../../cli/board-files.js";
import { lineBytes } from "../camera/picture-bytes.js";
import { cameraSensor, UnknownCameraPart } from "./camera-parts.js";
import { CameraSocket } from "./camera-socket.js";
import { wiredChip } from "./wired-chip.js";

const DCMI = 0x4802_0000;
const CR = DCMI + 0x00;
const RIS = DCMI + 0x08;
const ENABLE = 1 << 14;
const [CAPTURE, SNAPSHOT, JPEG] = [1, 2, 8];
const FRAME = 1;
const RCC_CFGR = 0x5802_4410;
const [AHB1ENR, AHB2ENR] = [0x5802_44d8, 0x5802_44dc];
/** DMA1, stream 0. */
const [S0CR, S0NDTR, S0PAR, S0M0AR] = [0x4002_0010, 0x4002_0014, 0x4002_0018, 0x4002_001c];
const DMAMUX_C0CR = 0x4002_0800;
const DMA_WORDS = (2 << 13) | (2 << 11) | (1 << 10);
const DMAMUX_DCMI = 75;
const MEMORY = 0x2400_0000;

/** Register writes of both banks. */
type Writes = readonly (readonly [number, number])[];
/** 64 x 8 at the full rate, from bank 1's COM7 (SVGA) and bank 0's size, mode, resets and bypass. */
const small = (mode: number): Writes => [
  [0xff, 1],
  [0x12, 0x40],
  [0xff, 0],
  [0xda, mode],
  [0x5a, 64 / 4],
  [0x5b, 8 / 4],
  [0x5c, 0],
  [0xe0, 0],
  [0x05, 0],
];
const BYTES = 64 * 8 * 2;

/** WeAct's camera at the chip's pins, DCMI with DMA behind it; XCLK comes from MCO1, 24 MHz or near it. */
function desk() {
  const made = wiredChip();
  const { chip, timeline, log, write, mux } = made;
  const wiring = readBoard("weact-ministm32h750").camera ?? assert.fail("WeAct's board has a camera");
  const clock = String(wiring.clock);
  const sensor = cameraSensor(wiring.part, () => chip.pinHz(clock));
  const camera = new CameraSocket({
    sensor,
    wiring,
    dcmi: chip.dcmi,
    timeline,
    log,
    pinAt: (name) => ({ ...made.at(name), port: name[1] as "A" }),
    hasAlternateFunction: (port, pin, af) => chip.hasAlternateFunction(port, pin, af),
  });
  camera.powerOn();
  write(AHB1ENR, 1);
  write(AHB2ENR, 1);
  /** MCO1: HSI by 3, 21.3 MHz. */
  const clocked = (): void => {
    write(RCC_CFGR, 3 << 18);
    mux(clock, 0);
  };
  const pins = (): void => {
    for (const { pin, af } of Object.values(wiring.pins)) mux(pin, af);
  };
  const configure = (writes: Writes): void => {
    for (const [register, value] of writes) {
      assert.equal(sensor.start(false), true);
      sensor.write(register);
      sensor.write(value);
      sensor.stop();
    }
  };
  const register = (number: number): number => {
    sensor.start(false);
    sensor.write(number);
    sensor.start(true);
    return sensor.read();
  };
  const receive = (bytes: number): void => {
    write(S0CR, 0);
    write(0x4002_0008, 0x3f);
    write(DMAMUX_C0CR, DMAMUX_DCMI);
    write(S0PAR, DCMI + 0x28);
    write(S0M0AR, MEMORY);
    write(S0NDTR, bytes / 4);
    write(S0CR, DMA_WORDS | 1);
  };
  const memory = (length: number): Uint8Array =>
    Uint8Array.from({ length }, (_, n) => chip.bus.read(MEMORY + n, 1));
  return { ...made, camera, sensor, clocked, pins, configure, register, receive, memory };
}

test("the OV2640 answers with its names while it has a clock, and keeps what is written to either bank", () => {
  const { sensor, clocked, configure, register } = desk();
  assert.equal(sensor.start(false), false, "no XCLK");
  clocked();
  configure([[0xff, 1]]);
  assert.deepEqual([0x0a, 0x0b, 0x1c, 0x1d].map(register), [0x26, 0x41, 0x7f, 0xa2]);
  configure([
    [0x0a, 0x55],
    [0x44, 0x12],
    [0xff, 0],
    [0x44, 0x34],
  ]);
  assert.equal(register(0x44), 0x34);
  configure([[0xff, 1]]);
  assert.deepEqual([0x0a, 0x44].map(register), [0x26, 0x12]);
  configure([[0x12, 0x80]]);
  assert.deepEqual([0x44, 0x12].map(register), [0, 0]);
});

test("what it sends reaches memory by DCMI and DMA, in the format that was set", () => {
  for (const [mode, format, lowFirst] of [
    [0x08, "RGB565", false],
    [0x09, "RGB565", true],
    [0x00, "YUV422", false],
  ] as const) {
    const { log, clocked, pins, configure, receive, memory, read, write, wait } = desk();
    clocked();
    pins();
    configure(small(mode));
    receive(BYTES);
    write(CR, ENABLE | SNAPSHOT | CAPTURE);
    wait(100e6);
    assert.equal(read(RIS) & FRAME, FRAME);
    assert.equal(read(CR) & CAPTURE, 0);
    // The frame under way is not captured.
    const scene = { width: 64, height: 8, number: 1 };
    const expected = Array.from({ length: 8 }, (_, n) => [...lineBytes(scene, n, format, lowFirst)]).flat();
    assert.deepEqual([...memory(BYTES)], expected);
    assert.equal(log.messages.at(-1), `camera: 64 x 8, ${format}, 26.7 frames a second`);
  }
});

test("a data line whose pin is not set up reads 0; without the pixel clock nothing comes", () => {
  const { clocked, pins, configure, receive, memory, mux, write, wait } = desk();
  clocked();
  pins();
  configure(small(0x08));
  // D7 away.
  mux("PE6", 0);
  receive(BYTES);
  write(CR, ENABLE | SNAPSHOT | CAPTURE);
  wait(100e6);
  assert.ok(memory(BYTES).every((byte) => byte < 0x80));
  assert.ok(memory(BYTES).some((byte) => byte > 0));
  mux("PA6", 0);
  receive(BYTES);
  for (let n = 0; n < BYTES; n += 4) write(MEMORY + n, 0);
  write(CR, ENABLE | SNAPSHOT | CAPTURE);
  wait(100e6);
  assert.ok(memory(BYTES).every((byte) => byte === 0));
});

test("compressed pictures are JPEG", () => {
  const { clocked, pins, configure, receive, memory, write, wait } = desk();
  clocked();
  pins();
  configure(small(0x10));
  receive(4096);
  write(CR, ENABLE | SNAPSHOT | CAPTURE | JPEG);
  wait(100e6);
  const { width, height, data } = reference.decode(memory(4096), { useTArray: true });
  assert.deepEqual([width, height], [64, 8]);
  const [red, green, blue] = data;
  assert.ok((red ?? 0) > 200 && (green ?? 0) > 200 && (blue ?? 0) > 200, "the first bar is white");
});

test("it rests while it is bypassed, in reset or asleep, and goes on by itself when its clock is back", () => {
  const { clocked, pins, configure, mux, read, write, wait } = desk();
  clocked();
  pins();
  const vsyncs = (): boolean => {
    write(DCMI + 0x14, 0x1f);
    wait(100e6);
    return (read(RIS) & 8) !== 0;
  };
  write(CR, ENABLE);
  assert.equal(vsyncs(), false, "after a reset");
  configure(small(0x08));
  assert.equal(vsyncs(), true);
  for (const [bank, register, on, off] of [
    [0, 0x05, 1, 0],
    [0, 0xe0, 4, 0],
    [1, 0x09, 0x10, 0],
  ] as const) {
    configure([
      [0xff, bank],
      [register, on],
    ]);
    wait(50e6);
    assert.equal(vsyncs(), false);
    configure([[register, off]]);
    assert.equal(vsyncs(), true);
  }
  mux("PA8", 15);
  wait(50e6);
  assert.equal(vsyncs(), false);
  mux("PA8", 0);
  assert.equal(vsyncs(), true);
});

test("a timer's PWM is a clock as well", () => {
  const { chip, mux, write } = desk();
  const TIM1 = 0x4001_0000;
  mux("PA8", 1);
  assert.equal(chip.pinHz("PA8"), 0);
  write(TIM1 + 0x18, 6 << 4);
  write(TIM1 + 0x2c, 3);
  write(TIM1 + 0x34, 2);
  write(TIM1 + 0x20, 1);
  write(TIM1 + 0x44, 1 << 15);
  write(TIM1 + 0x00, 1);
  assert.equal(chip.pinHz("PA8"), 16e6);
});

test("a sensor that is not modelled is told with those that are", () => {
  assert.throws(() => cameraSensor("OV5640", () => 0), UnknownCameraPart);
});
