/** Functions keep their numbers however they are compiled together. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { webAssembly } from "../../web-assembly.js";
import { Compiler } from "./compiler.js";
import { BLOCK_BITS } from "./state.js";
import { Body, type FunctionSource, I32, Op } from "./wasm.js";

const ANSWER = 1024;

/** Stores value + block at `ANSWER` and ends. */
function answering(value: number): FunctionSource {
  const body = new Body();
  body.const(ANSWER);
  body.const(value);
  body.get(0);
  body.op(Op.add);
  body.memory(Op.store);
  body.const(-1);
  return { parameters: [I32], results: [I32], locals: [], body };
}

function machine() {
  assert.ok(webAssembly !== undefined);
  const { Memory, Table, Instance, Module } = webAssembly;
  const memory = new Memory({ initial: 1, maximum: 1 });
  const sizes: number[] = [];
  const counting = {
    Memory,
    Table,
    Instance,
    Module: class {
      constructor(bytes: Uint8Array) {
        sizes.push(bytes.length);
        // biome-ignore lint/correctness/noConstructorReturn: it stands for the module that it counts
        return new Module(bytes);
      }
    },
  };
  const compiler = new Compiler(
    counting,
    memory,
    0,
    Array.from({ length: 6 }, () => () => 0),
  );
  sizes.length = 0;
  const answers = new Int32Array(memory.buffer);
  const run = (number: number, block: number): number => {
    compiler.run((number << BLOCK_BITS) | block);
    return answers[ANSWER / 4] as number;
  };
  return { compiler, run, sizes };
}

test("functions that are added one by one are compiled together, and stay what they are", () => {
  const { compiler, run, sizes } = machine();
  const count = 300;
  for (let number = 0; number < count; number++) compiler.add(number, [answering(number * 1000)]);
  for (let number = 0; number < count; number++)
    assert.equal(run(number, number % 7), number * 1000 + (number % 7));
  assert.equal(sizes.length, count, "modules");
  const one = sizes[0] as number;
  assert.ok(Math.max(...sizes) > 10 * one, "the largest module holds many");
});

test("what was removed is not compiled again, and its number can be given anew", () => {
  const { compiler, run } = machine();
  for (let number = 0; number < 20; number++) compiler.add(number, [answering(number)]);
  for (let number = 0; number < 20; number += 3) compiler.remove(number);
  compiler.add(3, [answering(333), answering(444)]);
  for (let number = 20; number < 90; number++) compiler.add(number, [answering(number)]);
  assert.throws(() => run(0, 0));
  assert.throws(() => run(18, 0));
  assert.equal(run(3, 1), 334);
  assert.equal(run(5, 0), 5);
  assert.equal(run(89, 0), 89);
});
