import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestMemory } from "./guest-memory.js";

const MIB = 1 << 20;

test("what is cleared is taken again from the start, and is zeros", () => {
  const memory = new GuestMemory(MIB);
  const first = memory.allocate(4096).fill(0xff);
  memory.allocate(8192).fill(1);
  memory.clear();
  const again = memory.allocate(16384);
  assert.equal(again.byteOffset, first.byteOffset);
  assert.ok(again.every((byte) => byte === 0));
});

test("a piece that is cleared by its owner costs only what he wrote", () => {
  const memory = new GuestMemory(MIB);
  const bytes = memory.allocate(MIB, () => {
    bytes[7] = 0;
  });
  bytes[7] = 1;
  memory.clear();
  assert.ok(memory.allocate(MIB).every((byte) => byte === 0));
});

test("what does not fit lies elsewhere", () => {
  const memory = new GuestMemory(4096);
  const bytes = memory.allocate(memory.bytes.length);
  assert.ok(!memory.holds(bytes));
});
