import assert from "node:assert/strict";
import { test } from "node:test";
import { FlashRig } from "./flash-rig.js";
import { MT25QL512ABB } from "./micron.js";

const READY = 0x80;
const quad = { codeLines: 4, dataLines: 4 } as const;

/** Its 150 us after power-on are over: the rig's chip has power from the start. */
function rig(): FlashRig {
  return new FlashRig(MT25QL512ABB);
}

/** Write enable, then a register's new value. */
function write(chip: FlashRig, code: number, ...send: readonly number[]): void {
  chip.send(0x06);
  chip.exchange({ code, send });
}

test("identifies itself on one line by 9Fh and 9Eh, on four by AFh alone", () => {
  const chip = rig();
  const id = [0x20, 0xba, 0x20, 0x10, 0x44, 0x00];
  assert.deepEqual(chip.exchange({ code: 0x9f, receive: 6 }), id);
  assert.deepEqual(chip.exchange({ code: 0x9e, receive: 6 }), id);
  chip.send(0x35);
  assert.deepEqual(chip.exchange({ code: 0xaf, receive: 3, ...quad }), id.slice(0, 3));
  assert.deepEqual(chip.exchange({ code: 0x9f, receive: 1, ...quad }), [0xff]);
  chip.exchange({ code: 0xf5, codeLines: 4 });
  assert.deepEqual(chip.exchange({ code: 0x9f, receive: 1 }), [0x20]);
});

test("three address bytes reach one of four segments, four reach all", () => {
  const chip = rig();
  for (const segment of [0, 1, 2, 3]) chip.content[segment * 0x100_0000 + 0x123] = 0x50 + segment;
  assert.deepEqual(chip.read(0x123, 1), [0x50]);
  write(chip, 0xc5, 0x02);
  assert.deepEqual(chip.exchange({ code: 0xc8, receive: 1 }), [0x02]);
  assert.deepEqual(chip.read(0x123, 1), [0x52]);
  const far = { address: 0x300_0123, addressBytes: 4, receive: 1 } as const;
  assert.deepEqual(chip.exchange({ code: 0x13, ...far }), [0x53]);
  chip.send(0xb7);
  assert.equal(chip.status(0x70), READY | 0x01);
  assert.deepEqual(chip.exchange({ code: 0x03, ...far }), [0x53]);
  chip.send(0xe9);
  assert.equal(chip.status(0x70), READY);
  assert.deepEqual(chip.read(0x123, 1), [0x52]);
  chip.send(0x66, 0x99);
  chip.wait(1e6);
  assert.deepEqual(chip.read(0x123, 1), [0x50]);
});

test("the volatile configuration register sets dummy clocks and wrap of every read", () => {
  const chip = rig();
  for (let index = 0; index < 64; index++) chip.content[index] = index;
  const output = { code: 0x6b, address: 20, receive: 2, dataLines: 4 } as const;
  const inputOutput = { ...output, code: 0xeb, addressLines: 4 } as const;
  assert.deepEqual(chip.exchange({ code: 0x85, receive: 1 }), [0xfb]);
  assert.deepEqual(chip.exchange({ ...output, dummy: 8 }), [20, 21]);
  assert.deepEqual(chip.exchange({ ...inputOutput, dummy: 10 }), [20, 21]);
  chip.exchange({ code: 0x81, send: [0x4b] });
  assert.deepEqual(chip.exchange({ code: 0x85, receive: 1 }), [0xfb], "without write enable");
  write(chip, 0x81, 0x48);
  assert.equal(chip.status() & 0x02, 0, "WEL falls");
  const wrapped = { ...output, address: 15, dummy: 4 };
  assert.deepEqual(chip.exchange(wrapped), [15, 0], "16 bytes");
  write(chip, 0x81, 0x4b);
  assert.deepEqual(chip.exchange({ ...inputOutput, dummy: 4 }), [20, 21]);
  assert.notDeepEqual(chip.exchange({ ...inputOutput, dummy: 10 }), [20, 21]);
  const far = { ...quad, codeLines: 4, code: 0xec, address: 20, addressBytes: 4, addressLines: 4 } as const;
  chip.send(0x35);
  assert.deepEqual(chip.exchange({ ...far, dummy: 4, receive: 2 }), [20, 21]);
});

test("the enhanced register selects the four-line protocol, and the nonvolatile one what a reset begins with", () => {
  const chip = rig();
  write(chip, 0x61, 0x7f);
  assert.deepEqual(chip.exchange({ code: 0x65, receive: 1, ...quad }), [0x7f]);
  chip.exchange({ code: 0x66, codeLines: 4 });
  chip.exchange({ code: 0x99, codeLines: 4 });
  chip.wait(1e6);
  assert.deepEqual(chip.exchange({ code: 0x65, receive: 1 }), [0xff]);
  // Six dummy clocks, four-line protocol, addresses of four bytes.
  write(chip, 0xb1, 0xf6, 0x6f);
  assert.equal(chip.status(0x70), 0, "busy");
  chip.wait(199e6);
  assert.equal(chip.status() & 1, 1);
  chip.wait(2e6);
  assert.deepEqual(chip.exchange({ code: 0xb5, receive: 2 }), [0xf6, 0x6f]);
  assert.deepEqual(chip.exchange({ code: 0x85, receive: 1 }), [0xfb], "until the next reset");
  chip.send(0x66, 0x99);
  chip.wait(1e6);
  assert.deepEqual(chip.exchange({ code: 0x85, receive: 1, ...quad }), [0x6b]);
  assert.deepEqual(chip.exchange({ code: 0x70, receive: 1, ...quad }), [READY | 0x01]);
  const saved = chip.chip.save();
  const next = rig();
  next.chip.load(saved);
  assert.deepEqual(next.exchange({ code: 0x65, receive: 1, ...quad }), [0x7f]);
});

test("programs 256 bytes in 120 us, erases 4, 32 and 64 KiB in 50, 100 and 150 ms, on any lines", () => {
  const chip = rig();
  chip.program(0x1000, [1, 2, 3]);
  chip.wait(119e3);
  assert.equal(chip.status() & 1, 1);
  chip.wait(2e3);
  assert.deepEqual(chip.read(0x1000, 3), [1, 2, 3]);
  chip.send(0x06);
  const far = { address: 0x200_0000, addressBytes: 4 } as const;
  chip.exchange({ code: 0x3e, ...far, addressLines: 4, dataLines: 4, send: [7, 8] });
  chip.wait(121e3);
  assert.deepEqual([...chip.content.subarray(0x200_0000, 0x200_0002)], [7, 8]);
  for (const [code, bytes, ms] of [
    [0x20, 0x1000, 50],
    [0x52, 0x8000, 100],
    [0xd8, 0x1_0000, 150],
  ] as const) {
    chip.content.fill(0, 0, 0x3_0000);
    chip.erase(code, 0x1_0004);
    chip.wait(ms * 1e6 - 1e3);
    assert.equal(chip.content[0x1_0000], 0);
    chip.wait(2e3);
    const erased = chip.content.subarray(0x1_0000, 0x1_0000 + bytes);
    assert.equal(
      erased.every((byte) => byte === 0xff),
      true,
    );
    assert.equal(chip.content[0x1_0000 + bytes] ?? 0, 0);
  }
});

test("what is protected is refused with an error flag and WEL kept, until 50h clears the flag", () => {
  const chip = rig();
  chip.writeStatus(0x01, 0x24);
  chip.program(0x100, [0]);
  assert.equal(chip.status(0x70), READY | 0x10 | 0x02);
  assert.equal(chip.status() & 0x03, 0x02);
  chip.erase(0x20, 0x100);
  assert.equal(chip.status(0x70), READY | 0x20 | 0x10 | 0x02);
  chip.send(0x50);
  assert.equal(chip.status(0x70), READY);
  chip.program(0x1_0000, [0]);
  chip.wait(1e6);
  assert.deepEqual(chip.read(0x1_0000, 1), [0], "TB: the lowest sector only");
  assert.deepEqual(chip.read(0x100, 1), [0xff]);
});

test("suspend tells itself in the flag status register", () => {
  const chip = rig();
  chip.erase(0xd8, 0);
  chip.wait(1e6);
  chip.send(0x75);
  chip.wait(1e6);
  assert.equal(chip.status(0x70), READY | 0x40);
  assert.equal(chip.status(), 0x02);
  chip.send(0x7a);
  chip.wait(200e6);
  assert.equal(chip.status(0x70), READY);
});

test("XIP: IO0 low in the first dummy clock keeps the read command, high ends it", () => {
  const chip = rig();
  chip.content.set([1, 2, 3, 4], 0x40);
  write(chip, 0x81, 0xf3);
  const read = { address: 0x40, addressLines: 4, dataLines: 4, receive: 2 } as const;
  const stay = { mode: 0x00, dummy: 8 };
  assert.deepEqual(chip.exchange({ code: 0xeb, ...read, ...stay }), [1, 2]);
  assert.deepEqual(chip.exchange({ ...read, ...stay, address: 0x42 }), [3, 4]);
  assert.deepEqual(chip.exchange({ ...read, mode: 0xff, dummy: 8 }), [1, 2]);
  assert.equal(chip.status(0x70), READY);
});

test("volatile lock bits keep a sector from programs and erases, and locked down from their own change, until power-off", () => {
  const chip = rig();
  const at = (code: number, address: number, ...send: readonly number[]): void => {
    chip.send(0x06);
    chip.exchange({ code, address, send });
    chip.wait(1e9);
  };
  at(0xe5, 0x1_2345, 0x01);
  assert.deepEqual(chip.exchange({ code: 0xe8, address: 0x1_0000, receive: 1 }), [0x01]);
  assert.deepEqual(chip.exchange({ code: 0xe8, address: 0x2_0000, receive: 1 }), [0x00]);
  at(0x02, 0x1_0000, 0x5a);
  at(0x02, 0x2_0000, 0x5a);
  assert.deepEqual([chip.content[0x1_0000], chip.content[0x2_0000]], [0xff, 0x5a]);
  assert.deepEqual(chip.exchange({ code: 0x70, receive: 1 }), [READY | 0x12], "protection, program");
  at(0xe5, 0x1_0000, 0x00);
  at(0x02, 0x1_0000, 0x5a);
  assert.equal(chip.content[0x1_0000], 0x5a);
  at(0xe5, 0x1_0000, 0x03);
  at(0xe5, 0x1_0000, 0x00);
  at(0xd8, 0x1_0000);
  assert.equal(chip.content[0x1_0000], 0x5a);
  chip.chip.powerCut();
  chip.chip.powerOn();
  chip.wait(1e6);
  at(0xd8, 0x1_0000);
  assert.equal(chip.content[0x1_0000], 0xff);
});
