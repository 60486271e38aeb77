import assert from "node:assert/strict";
import { test } from "node:test";
import { RegisterBlock } from "./registers.js";
import { RecordedLog } from "./test-log.js";

function block(options: { clocked?: () => boolean } = {}) {
  const messages = new Map<string, string>();
  const writes: string[] = [];
  const registers = new RegisterBlock(
    {
      CR: {
        offset: 0,
        reset: 0x100,
        rw: 0xff,
        tagged: 0xff00,
        wo: 0x10000,
        onWrite: (w, b, m) => writes.push([w, b, m].join()),
      },
      SR: { offset: 4, reset: 0x3, w1c: 0x1, ro: 0x2 },
      IDR: { offset: 8, reset: 0, ro: 0xffffffff, onRead: () => 0xa1b2c3d4 },
    },
    { name: "TEST", log: { once: (key, message) => messages.set(key, message), note: () => {} }, ...options },
  );
  return { registers, messages, writes };
}

test("software changes only what is declared writable", () => {
  const { registers } = block();
  registers.write(0, 4, 0xffffffff);
  assert.equal(registers.read(0, 4), 0xffff);
});

test("write-only bits reach the hook and read as 0", () => {
  const { registers, writes } = block();
  registers.write(0, 4, 0x10000);
  assert.deepEqual(writes, ["65536,256,4294967295"]);
  assert.equal(registers.read(0, 4), 0);
});

test("w1c bits are cleared by writing 1 and kept by writing 0", () => {
  const { registers } = block();
  registers.write(4, 4, 0);
  assert.equal(registers.read(4, 4), 3);
  registers.write(4, 4, 3);
  assert.equal(registers.read(4, 4), 2);
});

test("byte and half-word accesses touch their lane only", () => {
  const { registers } = block();
  registers.write(1, 1, 0x55);
  assert.equal(registers.read(0, 4), 0x5500);
  assert.equal(registers.read(10, 2), 0xa1b2);
  assert.equal(registers.read(9, 1), 0xc3);
});

test("tagged and reserved bits and unknown registers are reported", () => {
  const { registers, messages } = block();
  registers.write(0, 4, 0x80000000 + 0x4100);
  registers.read(0x20, 4);
  const text = [...messages.values()].join("\n");
  assert.match(text, /TEST\.CR: bits 0x00004000 are stored but have no effect here/);
  assert.match(text, /TEST\.CR: write to reserved or read-only bits 0x80000000 ignored/);
  assert.match(text, /TEST\+0x00000020: read of a register that is not modelled/);
});

test("without its clock a peripheral reads 0, takes nothing and says so", () => {
  const { registers, messages } = block({ clocked: () => false });
  registers.write(0, 4, 0xff);
  assert.equal(registers.read(0, 4), 0);
  assert.equal(registers.get("CR"), 0x100);
  assert.match(messages.get("TEST.clock") ?? "", /clock of TEST is off/);
});

test("a table that is not modelled is told by its first registers, not by all", () => {
  const log = new RecordedLog();
  const block = new RegisterBlock({ A: { offset: 0, reset: 0, rw: 1 } }, { name: "TEST", log });
  for (let offset = 0x100; offset < 0x200; offset += 4) block.write(offset, 4, 1);
  assert.equal(log.has(/TEST\+0x0000010c/), true);
  assert.equal(log.has(/TEST\+0x00000110/), false);
  assert.equal(log.has(/and more registers that are not modelled/), true);
});
