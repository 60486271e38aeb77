import assert from "node:assert/strict";
import { test } from "node:test";
import { Exception } from "../exceptions/faults.js";
import { CODE, STACK_TOP, TestMachine } from "../test-machine.js";
import { fusedDouble, fusedSingle } from "./float-exact.js";
import { nearestAway, nearestEven } from "./float-round.js";
import { FLOAT_VECTORS } from "./float-vectors.js";
import { DOUBLE, type Format, fusedMultiplyAdd, SINGLE } from "./soft-float.js";

const CPACR = 0xe000ed88;
const swap = (op: string): string => op.replace(/(..)(..)/g, "$2$1");
const hex = (values: readonly number[]): string => values.map((v) => (v >>> 0).toString(16)).join(",");

test("floating point agrees with another implementation, NaNs and infinities included", () => {
  const machine = new TestMachine().word(CPACR, 0xf00000);
  const { cpu } = machine;
  let cases = 0;
  for (const line of FLOAT_VECTORS.trim().split("\n")) {
    const [op = "", name = "", ...rows] = line.split(" ");
    machine.load(CODE, swap(op));
    for (const row of rows) {
      const [inputs = "", expected = ""] = row.split(">");
      const words = inputs.split(",").map((v) => Number.parseInt(v, 16));
      cpu.fpu.bits.set(words.slice(0, 6));
      machine.set({ 2: words[0] ?? 0, 3: words[3] ?? 0 });
      cpu.setApsr(words[6] ?? 0);
      cpu.control = 4;
      cpu.fpu.fpscr = 0;
      cpu.pc = CODE;
      machine.step();
      const { bits, fpscr } = cpu.fpu;
      const actual = hex([cpu.get(2), cpu.get(3), fpscr & ~0x98, bits[0] ?? 0, bits[1] ?? 0]);
      assert.equal(actual, expected, `${name} of ${inputs}`);
      cases++;
    }
  }
  assert.ok(cases > 400);
});

test("loads, stores and moves keep every bit", () => {
  const machine = new TestMachine(
    /* .fpu fpv5-d16; vpush {d1,d2}; vmov d3,r0,r1; vstmia r2!,{s6,s7}; vldr d0,[r2,#-8]; vpop {s0-s3}; vldmdb r2!,{d4}; vmov r3,s9; vmrs r4,fpscr; vcmp.f32 s20,s20; vmrs apsr_nzcv,fpscr; bkpt 0 */ "2ded041b41ec130ba2ec023a12ed020bbdec040a32ed024b14ee903af1ee104ab4ee4aaaf1ee10fa00be",
  ).word(CPACR, 0xf00000);
  machine.cpu.fpu.bits.set([1, 2, 3, 4, 5, 6]);
  machine.set({ 0: 0x7f812345, 1: 0xfff00001, 2: 0x20000000 }).run();
  assert.deepEqual([...machine.cpu.fpu.bits.slice(0, 4)], [3, 4, 5, 6]);
  assert.deepEqual(
    [2, 3, 4, 13].map((n) => machine.reg(n)),
    [0x20000000, 0xfff00001, 0, STACK_TOP],
  );
  assert.equal(machine.at(0x20000000), 0x7f812345);
  assert.equal(machine.cpu.apsr >>> 28, 6);
});

test("an exception keeps the floating-point context, and its handler starts without one", () => {
  const machine = new TestMachine(
    /* .fpu fpv5-d16; vadd.f32 s0,s1,s1; svc 0; bkpt 0 */ "30eea00a00df00be",
  ).word(CPACR, 0xf00000);
  machine.handler(
    Exception.svCall,
    /* .fpu fpv5-d16; mov r4,lr; mov r5,sp; mrs r6,control; vmov s0,r5; vmov s15,r5; bx lr */ "74466d46eff3148600ee105a07ee905a7047",
  );
  machine.cpu.fpu.s[1] = 2;
  machine.run();
  assert.deepEqual(
    [4, 5, 6].map((n) => machine.reg(n)),
    [0xffffffe9, STACK_TOP - 104, 0],
  );
  assert.equal(machine.cpu.fpu.s[0], 4);
  assert.deepEqual([machine.cpu.control, machine.reg(13)], [4, STACK_TOP]);
});

const nearest = { rounding: 0, flushToZero: false, raise: (): void => {} };
const fma = (a: number, b: number, c: number, format: Format): number =>
  fusedMultiplyAdd(nearest, [a, b, c], format);

test("fused multiply-add rounds once", () => {
  const e = 2 ** -52;
  assert.equal(fma(1 + e, 1 + e, -1, DOUBLE), 2 * e + e * e);
  assert.equal(fma(2 ** -1074, 0.75, 0, DOUBLE), 2 ** -1074);
  assert.equal(fma(2 ** -149, 0.25, 2 ** -149, SINGLE), 2 ** -149);
  assert.equal(fma(1e308, 10, -Infinity, DOUBLE), -Infinity);
  assert.ok(Object.is(fma(-1, 2 ** -1074, 2 ** -1074, DOUBLE), 0));
});

test("the short way of fused multiply-add agrees with the long one", () => {
  const seed = 20240607;
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  // Few bits and near exponents make ties and cancellations frequent.
  const draw = (bits: number): number =>
    (random() < 0.5 ? -1 : 1) *
    Math.floor(random() * 2 ** (1 + Math.floor(random() * bits))) *
    2 ** Math.floor(random() * 60 - 30);
  let quick = 0;
  for (let n = 0; n < 20_000; n++) {
    const d = [draw(53), draw(53), draw(53)] as const;
    const s = [Math.fround(draw(24)), Math.fround(draw(24)), Math.fround(draw(24))] as const;
    const double = fusedDouble(...d);
    const single = fusedSingle(...s);
    if (double !== undefined) assert.equal(double, fma(...d, DOUBLE), `seed ${seed} case ${n}: ${d}`);
    if (single !== undefined && single !== 0)
      assert.equal(single, fma(...s, SINGLE), `seed ${seed} case ${n}: ${s}`);
    if (double !== undefined && single !== undefined) quick++;
  }
  assert.ok(quick > 10_000, `${quick}`);
});

test("rounding to integers breaks ties as named and keeps the sign of zero", () => {
  assert.deepEqual([0.5, 1.5, -2.5].map(nearestEven), [0, 2, -2]);
  assert.deepEqual([0.5, 1.5, -2.5].map(nearestAway), [1, 2, -3]);
  assert.ok(Object.is(nearestEven(-0.25), -0));
  assert.ok(Object.is(nearestAway(-0.25), -0));
});
