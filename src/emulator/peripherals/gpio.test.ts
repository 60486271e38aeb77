import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { ALTERNATE_FUNCTIONS, alternateFunction, signalOf } from "./alternate-functions.js";
import { FLOAT_HOLD_NS, Gpio, type PortLetter, parsePin } from "./gpio.js";
import { pass } from "./test-kit.js";

const MODER = 0x00;
const OTYPER = 0x04;
const PUPDR = 0x0c;
const IDR = 0x10;
const ODR = 0x14;
const BSRR = 0x18;
const LCKR = 0x1c;
const AFRH = 0x24;

function rig(port: PortLetter = "C") {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const edges: string[] = [];
  const state = { clocked: true };
  const gpio = new Gpio({
    port,
    log,
    timeline,
    clocked: () => state.clocked,
    onLevel: (pin, high) => edges.push(`${pin}${high ? "+" : "-"}`),
  });
  return { gpio, timeline, log, edges, state };
}

/** MODER with all pins analog but `pin` in `mode`. */
const moder = (pin: number, mode: number): number =>
  ((0xffffffff & ~(3 << (pin * 2))) | (mode << (pin * 2))) >>> 0;

test("pins start analog, but for JTAG on ports A and B", () => {
  assert.equal(rig("C").gpio.read(MODER, 4), 0xffffffff);
  assert.equal(rig("A").gpio.read(MODER, 4), 0xabffffff);
  assert.equal(rig("A").gpio.read(PUPDR, 4), 0x64000000);
  assert.equal(rig("B").gpio.read(MODER, 4), 0xfffffebf);
  assert.deepEqual(rig("A").gpio.pinFunction(13), {
    mode: "alternate",
    alternateFunction: 0,
    openDrain: false,
    pull: "up",
    speed: 3,
  });
});

test("an observer sees what an output drives, through ODR and BSRR", () => {
  const { gpio } = rig();
  const seen: (boolean | undefined)[] = [];
  gpio.observe(7, (level) => seen.push(level));
  gpio.write(MODER, 4, moder(7, 1));
  gpio.write(BSRR, 4, 1 << 7);
  gpio.write(BSRR, 4, (1 << 7) | (1 << 23));
  gpio.write(BSRR, 4, 1 << 23);
  gpio.write(ODR, 4, 0x80);
  gpio.write(OTYPER, 4, 0x80);
  assert.deepEqual(seen, [undefined, false, true, false, true, undefined]);
});

test("strong external beats own output beats weak external beats own pull", () => {
  const { gpio, log } = rig();
  const level = (): number => (gpio.read(IDR, 4) >>> 3) & 1;
  gpio.write(MODER, 4, moder(3, 0));
  gpio.write(PUPDR, 4, 1 << 6);
  assert.equal(level(), 1);
  gpio.drive(3, false, "weak");
  assert.equal(level(), 0);
  gpio.write(MODER, 4, moder(3, 1));
  gpio.write(BSRR, 4, 8);
  assert.equal(level(), 1);
  gpio.drive(3, false, "strong");
  assert.equal(level(), 0);
  assert.ok(log.has(/short circuit/));
  gpio.release(3);
  assert.equal(level(), 1);
});

test("an analog pin reads 0 whatever is on it", () => {
  const { gpio } = rig();
  gpio.drive(3, true, "strong");
  assert.equal(gpio.read(IDR, 4), 0);
  assert.equal(gpio.level(3), true);
});

test("a floating pin keeps its charge for a millisecond, then reads low and is reported", () => {
  const { gpio, timeline, log } = rig();
  gpio.write(MODER, 4, moder(0, 0));
  gpio.write(PUPDR, 4, 1);
  gpio.write(PUPDR, 4, 0);
  pass(timeline, FLOAT_HOLD_NS / 2);
  assert.equal(gpio.read(IDR, 4), 1);
  assert.ok(!log.has(/floats/));
  pass(timeline, FLOAT_HOLD_NS);
  assert.equal(gpio.read(IDR, 4), 0);
  assert.ok(log.has(/PC0 floats/));
});

test("level changes are reported once each", () => {
  const { gpio, edges } = rig();
  gpio.write(MODER, 4, moder(5, 0));
  gpio.drive(5, true, "strong");
  gpio.drive(5, true, "strong");
  gpio.drive(5, false, "strong");
  assert.deepEqual(edges, ["5+", "5-"]);
});

test("the lock sequence freezes the configuration until reset", () => {
  const { gpio } = rig();
  gpio.write(LCKR, 4, 0x10001);
  gpio.write(LCKR, 4, 0x00001);
  gpio.write(LCKR, 4, 0x10001);
  assert.equal(gpio.read(LCKR, 4), 0x10001);
  gpio.write(MODER, 4, 0xfffffff0);
  assert.equal(gpio.read(MODER, 4), 0xfffffff3);
  gpio.reset();
  gpio.write(MODER, 4, 0xfffffff0);
  assert.equal(gpio.read(MODER, 4), 0xfffffff0);
});

test("a broken lock sequence locks nothing", () => {
  const { gpio } = rig();
  for (const value of [0x10001, 0x00001, 0x10003]) gpio.write(LCKR, 4, value);
  assert.equal(gpio.read(LCKR, 4) & 0x10000, 0);
});

test("nothing happens while the port's clock is off", () => {
  const { gpio, state, log } = rig();
  state.clocked = false;
  gpio.write(MODER, 4, 0);
  assert.equal(gpio.read(MODER, 4), 0);
  state.clocked = true;
  assert.equal(gpio.read(MODER, 4), 0xffffffff);
  assert.ok(log.has(/clock of GPIOC is off/));
});

test("pinFunction and the alternate-function table agree on a wired pin", () => {
  const { gpio } = rig("A");
  gpio.write(MODER, 4, 0xabbfffff);
  gpio.write(AFRH, 4, 10 << 12);
  const { mode, alternateFunction: af } = gpio.pinFunction(11);
  assert.equal(mode, "alternate");
  assert.equal(signalOf("PA11", af), "OTG_FS_DM");
  assert.equal(alternateFunction("QUADSPI_BK1_NCS", "PB6"), 10);
  assert.equal(alternateFunction("QUADSPI_CLK", "PA0"), undefined);
});

test("every pin in the table exists and no pin carries two signals with one function", () => {
  const seen = new Map<string, string>();
  for (const [signal, pins] of Object.entries(ALTERNATE_FUNCTIONS)) {
    for (const [pin, af] of Object.entries(pins)) {
      parsePin(pin);
      const key = `${pin}/${af}`;
      const half = seen.get(key)?.replace(/_(RTS|DE|CTS)$/, "");
      assert.ok(half === undefined || half === signal.replace(/_(RTS|DE|CTS)$/, ""), `${key}: ${signal}`);
      seen.set(key, signal);
    }
  }
  assert.throws(() => parsePin("PL0"), /PL0/);
});
