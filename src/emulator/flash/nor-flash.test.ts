import assert from "node:assert/strict";
import { test } from "node:test";
import { FlashRig } from "./flash-rig.js";
import { IS25LP064A } from "./issi.js";
import { norPart, UnknownNorPart } from "./parts.js";
import { W25Q64JV_IM, W25Q64JV_IQ, W25Q128JV_IM, W25Q128JV_IQ } from "./winbond.js";

const iq = (): FlashRig => new FlashRig(W25Q128JV_IQ);

test("each part answers its own JEDEC id, and an unknown part names those that exist", () => {
  for (const part of [W25Q128JV_IQ, W25Q128JV_IM, W25Q64JV_IQ, W25Q64JV_IM, IS25LP064A]) {
    assert.deepEqual(new FlashRig(part).exchange({ code: 0x9f, receive: 3 }), [...part.jedec]);
    assert.equal(norPart(part.name), part);
  }
  assert.throws(() => norPart("M25P80"), UnknownNorPart);
});

test("device id, manufacturer id on one, two and four lines, unique id", () => {
  const rig = iq();
  assert.deepEqual(rig.exchange({ code: 0xab, address: 0, receive: 1 }), [0x17]);
  assert.deepEqual(rig.exchange({ code: 0x90, address: 0, receive: 2 }), [0xef, 0x17]);
  assert.deepEqual(rig.exchange({ code: 0x90, address: 1, receive: 2 }), [0x17, 0xef]);
  const dual = { code: 0x92, address: 0, addressLines: 2, mode: 0xff, receive: 2, dataLines: 2 } as const;
  assert.deepEqual(rig.exchange(dual), [0xef, 0x17]);
  const quad = {
    code: 0x94,
    address: 0,
    addressLines: 4,
    mode: 0xff,
    dummy: 4,
    receive: 2,
    dataLines: 4,
  } as const;
  assert.deepEqual(rig.exchange(quad), [0xef, 0x17]);
  assert.equal(new Set(rig.exchange({ code: 0x4b, dummy: 32, receive: 8 })).size > 1, true);
});

test("every read command returns the array, and addresses wrap at the end", () => {
  const rig = iq();
  rig.content.set([1, 2, 3], 0x1000);
  const at = { address: 0x1000, receive: 3 } as const;
  const expected = [1, 2, 3];
  assert.deepEqual(rig.exchange({ code: 0x03, ...at }), expected);
  assert.deepEqual(rig.exchange({ code: 0x0b, ...at, dummy: 8 }), expected);
  assert.deepEqual(rig.exchange({ code: 0x3b, ...at, dummy: 8, dataLines: 2 }), expected);
  assert.deepEqual(rig.exchange({ code: 0xbb, ...at, addressLines: 2, mode: 0xff, dataLines: 2 }), expected);
  assert.deepEqual(rig.exchange({ code: 0x6b, ...at, dummy: 8, dataLines: 4 }), expected);
  assert.deepEqual(
    rig.exchange({ code: 0xeb, ...at, addressLines: 4, mode: 0xff, dummy: 4, dataLines: 4 }),
    expected,
  );
  rig.content[0xffffff] = 0x11;
  rig.content[0] = 0x22;
  assert.deepEqual(rig.read(0xffffff, 2), [0x11, 0x22]);
});

test("wrong dummy clocks or lines give garbage, not the content", () => {
  const rig = iq();
  rig.content.set([0x12, 0x34, 0x56, 0x78], 0);
  const quad = { code: 0xeb, address: 0, addressLines: 4, mode: 0xff, dataLines: 4, receive: 3 } as const;
  assert.deepEqual(rig.exchange({ ...quad, dummy: 5 }), [0x23, 0x45, 0x67]);
  assert.deepEqual(rig.exchange({ ...quad, dummy: 2 }), [0xff, 0x12, 0x34]);
  assert.notDeepEqual(rig.exchange({ ...quad, addressLines: 1, dummy: 4 }), [0x12, 0x34, 0x56]);
  assert.notDeepEqual(rig.exchange({ ...quad, codeLines: 4, dummy: 4 }), [0x12, 0x34, 0x56]);
  assert.deepEqual(rig.exchange({ ...quad, dummy: 4 }), [0x12, 0x34, 0x56]);
});

test("programming clears bits, needs WEL, takes tPP and drops WEL", () => {
  const rig = iq();
  rig.exchange({ code: 0x02, address: 0x200, send: [0] });
  rig.wait(1e6);
  assert.deepEqual(rig.read(0x200, 1), [0xff]);
  assert.ok(rig.log.has("without Write Enable"));
  rig.program(0x200, [0xf0]);
  assert.equal(rig.status(), 0x03);
  rig.wait(0.39e6);
  assert.equal(rig.status(), 0x03);
  rig.wait(0.02e6);
  assert.equal(rig.status(), 0x00);
  rig.program(0x200, [0x3c]);
  rig.wait(1e6);
  assert.deepEqual(rig.read(0x200, 2), [0x30, 0xff]);
});

test("a program wraps inside its 256-byte page and keeps the last 256 bytes", () => {
  const rig = iq();
  rig.program(0x1fe, [1, 2, 3]);
  rig.wait(1e6);
  assert.deepEqual(rig.read(0x1fe, 2), [1, 2]);
  assert.deepEqual(rig.read(0x100, 2), [3, 0xff]);
  assert.ok(rig.log.has("page boundary"));
  rig.program(
    0x400,
    Array.from({ length: 258 }, (_, index) => (index < 2 ? 0 : index & 0xff)),
  );
  rig.wait(1e6);
  assert.deepEqual(rig.read(0x400, 3), [0, 1, 2]);
});

test("quad page program needs data on four lines", () => {
  const rig = iq();
  rig.send(0x06);
  rig.exchange({ code: 0x32, address: 0, send: [0xab, 0xcd], dataLines: 4 });
  rig.wait(1e6);
  assert.deepEqual(rig.read(0, 2), [0xab, 0xcd]);
  rig.send(0x06);
  rig.exchange({ code: 0x32, address: 0x100, send: [0xab, 0xcd], dataLines: 1 });
  rig.wait(1e6);
  assert.notDeepEqual(rig.read(0x100, 2), [0xab, 0xcd]);
});

test("erase sizes, times and alignment", () => {
  for (const [code, size, ns] of [
    [0x20, 0x1000, 45e6],
    [0x52, 0x8000, 120e6],
    [0xd8, 0x10000, 150e6],
  ] as const) {
    const rig = iq();
    rig.content.fill(0, 0, 0x40000);
    rig.erase(code, 0x20000 + size - 1);
    rig.wait(ns - 1e3);
    assert.equal(rig.status() & 1, 1);
    rig.wait(2e3);
    assert.equal(rig.status() & 1, 0);
    assert.equal(rig.content.indexOf(0xff), 0x20000);
    assert.equal(
      rig.content.subarray(0x20000, 0x20000 + size).every((byte) => byte === 0xff),
      true,
    );
    assert.equal(rig.content[0x20000 + size], 0);
  }
  const slow = new FlashRig(W25Q128JV_IQ, { speed: "maximum" });
  slow.erase(0x20, 0);
  slow.wait(399e6);
  assert.equal(slow.status() & 1, 1);
});

test("an erase whose address is cut short or too long is not executed", () => {
  const rig = iq();
  rig.content.fill(0, 0, 0x1000);
  rig.send(0x06);
  rig.exchange({ code: 0x20, address: 0, send: [0] });
  rig.exchange({ code: 0x20, send: [0, 0] });
  rig.wait(100e6);
  assert.equal(rig.content[0], 0);
  assert.equal(rig.status(), 0x02);
});

test("while busy only status reads, suspend and reset are taken", () => {
  const rig = iq();
  rig.erase(0x20, 0);
  assert.deepEqual(rig.read(0, 2), [0xff, 0xff]);
  rig.exchange({ code: 0x02, address: 0x8000, send: [0] });
  rig.wait(50e6);
  assert.equal(rig.content[0x8000], 0xff);
  assert.ok(rig.log.has("busy"));
});

test("status bits: QE fixed on IQ, zero from the factory on IM, kept over power when nonvolatile", () => {
  const fixed = iq();
  fixed.writeStatus(0x31, 0x00);
  assert.equal(fixed.status(0x35), 0x02);
  const rig = new FlashRig(W25Q128JV_IM);
  rig.content.set([0xa5]);
  const quad = { code: 0x6b, address: 0, dummy: 8, receive: 1, dataLines: 4 } as const;
  assert.deepEqual(rig.exchange(quad), [0xff]);
  assert.ok(rig.log.has("QE is 0"));
  rig.writeStatus(0x31, 0x02);
  assert.deepEqual(rig.exchange(quad), [0xa5]);
  rig.send(0x50);
  rig.exchange({ code: 0x11, send: [0x00] });
  assert.equal(rig.status(0x15), 0x00);
  assert.equal(rig.status() & 1, 0);
  rig.chip.powerCut();
  rig.chip.powerOn();
  rig.wait(6e6);
  assert.equal(rig.status(0x35), 0x02);
  assert.equal(rig.status(0x15), 0x60);
});

test("01h with two bytes writes both registers, with one only the first", () => {
  const rig = new FlashRig(W25Q128JV_IM);
  rig.writeStatus(0x01, 0x04, 0x42);
  assert.deepEqual([rig.status(), rig.status(0x35)], [0x04, 0x42]);
  rig.writeStatus(0x01, 0x08);
  assert.deepEqual([rig.status(), rig.status(0x35)], [0x08, 0x42]);
});

test("SRL locks the status registers until the next power-on", () => {
  const rig = iq();
  rig.writeStatus(0x31, 0x01);
  rig.writeStatus(0x01, 0x1c);
  assert.equal(rig.status(), 0x00);
  rig.chip.powerCut();
  rig.chip.powerOn();
  rig.wait(6e6);
  rig.writeStatus(0x01, 0x1c);
  assert.equal(rig.status(), 0x1c);
});

test("block protection ignores program and erase without a sign", () => {
  const cases = [
    { sr1: 0x04, sr2: 0, inside: 0xfc0000, outside: 0xfbf000 },
    { sr1: 0x24, sr2: 0, inside: 0x03f000, outside: 0x040000 },
    { sr1: 0x44, sr2: 0, inside: 0xfff000, outside: 0xffe000 },
    { sr1: 0x18, sr2: 0, inside: 0x800000, outside: 0x7ff000 },
    { sr1: 0x18, sr2: 0x40, inside: 0x7ff000, outside: 0x800000 },
    { sr1: 0x00, sr2: 0x40, inside: 0x000000, outside: undefined },
  ];
  for (const { sr1, sr2, inside, outside } of cases) {
    const rig = iq();
    rig.writeStatus(0x01, sr1, sr2);
    rig.program(inside, [0]);
    assert.equal(rig.status() & 1, 0);
    assert.equal(rig.content[inside], 0xff);
    rig.erase(0xc7, 0);
    assert.equal(rig.status() & 1, 0);
    if (outside === undefined) continue;
    rig.program(outside, [0]);
    rig.wait(1e6);
    assert.equal(rig.content[outside], 0);
  }
});

test("individual block locks (WPS = 1) are all set at power-on", () => {
  const rig = iq();
  rig.writeStatus(0x11, 0x64);
  rig.program(0x12345, [0]);
  assert.equal(rig.status() & 1, 0);
  rig.send(0x06);
  rig.exchange({ code: 0x39, address: 0x12345 });
  assert.deepEqual(rig.exchange({ code: 0x3d, address: 0x10000, receive: 1 }), [0]);
  assert.deepEqual(rig.exchange({ code: 0x3d, address: 0x20000, receive: 1 }), [1]);
  rig.program(0x12345, [0]);
  rig.wait(1e6);
  assert.equal(rig.content[0x12345], 0);
  rig.send(0x06, 0x98);
  rig.program(0xfff000, [0]);
  rig.wait(1e6);
  assert.equal(rig.content[0xfff000], 0);
  rig.send(0x06, 0x7e);
  rig.program(0xfff100, [0]);
  rig.wait(1e6);
  assert.equal(rig.content[0xfff100], 0xff);
});

test("continuous read skips the instruction until mode bits or FFh end it", () => {
  const rig = iq();
  rig.content.set([1, 2, 3, 4]);
  const quad = { addressLines: 4, dummy: 4, dataLines: 4, receive: 2 } as const;
  rig.exchange({ code: 0xeb, address: 0, mode: 0xa0, ...quad });
  assert.deepEqual(rig.exchange({ address: 2, mode: 0xa0, ...quad }), [3, 4]);
  assert.notDeepEqual(rig.exchange({ code: 0x9f, receive: 3 }), [0xef, 0x40, 0x18]);
  rig.exchange({ address: 0, mode: 0xa0, ...quad });
  rig.send(0xff);
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 3 }), [0xef, 0x40, 0x18]);
});

test("suspend frees the array after tSUS, resume finishes the erase", () => {
  const rig = iq();
  rig.content.fill(0x55, 0, 0x10000);
  rig.content[0x20000] = 0x77;
  rig.erase(0xd8, 0);
  rig.wait(50e6);
  rig.send(0x75);
  assert.equal(rig.status() & 1, 1);
  rig.wait(21e3);
  assert.equal(rig.status() & 1, 0);
  assert.equal(rig.status(0x35) & 0x80, 0x80);
  assert.equal(rig.chip.directlyReadable, false);
  assert.deepEqual(rig.read(0x20000, 1), [0x77]);
  const burst = rig.read(0x1000, 64);
  assert.notDeepEqual(burst, new Array(64).fill(0x55));
  rig.program(0x20000, [0x70]);
  rig.wait(1e6);
  assert.deepEqual(rig.read(0x20000, 1), [0x70]);
  rig.erase(0x20, 0x30000);
  assert.equal(rig.status() & 1, 0);
  rig.program(0x100, [0]);
  assert.equal(rig.status() & 1, 0);
  rig.send(0x7a);
  assert.equal(rig.status() & 1, 1);
  rig.wait(99e6);
  assert.equal(rig.status() & 1, 1);
  rig.wait(2e6);
  assert.equal(rig.status() & 1, 0);
  assert.equal(
    rig.content.subarray(0, 0x10000).every((byte) => byte === 0xff),
    true,
  );
});

test("deep power-down answers nothing but its release, which takes tRES1", () => {
  const rig = iq();
  rig.send(0xb9);
  rig.wait(5e3);
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 1 }), [0xff]);
  assert.equal(rig.chip.directlyReadable, false);
  rig.send(0xab);
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 1 }), [0xff]);
  rig.wait(4e3);
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 1 }), [0xef]);
});

test("reset needs 66h directly before 99h, and takes tRST only when it cuts something off", () => {
  const rig = iq();
  rig.send(0x06, 0x66, 0x04, 0x06, 0x99);
  assert.equal(rig.status(), 0x02);
  rig.send(0x66, 0x99);
  assert.equal(rig.status(), 0xff);
  rig.wait(1e3);
  assert.equal(rig.status(), 0x00);
  rig.erase(0x20, 0);
  rig.send(0x66, 0x99);
  rig.wait(29e3);
  assert.equal(rig.status(), 0xff);
  rig.wait(2e3);
  assert.equal(rig.status(), 0x00);
});

test("read on one line, a chip in QPI drives nothing: the line keeps its last level for a while", () => {
  const rig = new FlashRig(W25Q64JV_IM, { quadEnabled: true });
  assert.equal(rig.status(0x35), 0x02);
  rig.send(0x38);
  assert.equal(rig.status(0x05), 0x00);
  rig.wait(20e3);
  assert.equal(rig.status(0x05), 0xff);
});

test("a chip that the board's maker has prepared has QE set, and keeps it", () => {
  const rig = new FlashRig(W25Q64JV_IM, { quadEnabled: true });
  assert.equal(rig.status(0x35), 0x02);
  rig.send(0x66, 0x99);
  rig.wait(1e3);
  assert.equal(rig.status(0x35), 0x02);
  assert.equal(new FlashRig(W25Q64JV_IM).status(0x35), 0x00);
});

test("QPI takes every phase on four lines; its dummies follow C0h; FFh leaves it", () => {
  const rig = new FlashRig(W25Q128JV_IM);
  rig.content.set([9, 8, 7]);
  rig.send(0x38);
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 1 }), [0xef]);
  rig.writeStatus(0x31, 0x02);
  rig.send(0x38);
  assert.deepEqual(rig.exchange({ code: 0x9f, codeLines: 4, dataLines: 4, receive: 3 }), [0xef, 0x70, 0x18]);
  const read = { codeLines: 4, addressLines: 4, dataLines: 4, address: 0, receive: 2 } as const;
  assert.deepEqual(rig.exchange({ code: 0x0b, ...read, dummy: 2 }), [9, 8]);
  rig.exchange({ code: 0xc0, codeLines: 4, dataLines: 4, send: [0x20] });
  assert.deepEqual(rig.exchange({ code: 0xeb, ...read, mode: 0xff, dummy: 4 }), [9, 8]);
  rig.exchange({ code: 0xff, codeLines: 4 });
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 1 }), [0xef]);
});

test("DTR commands work on both edges only, and only on IM", () => {
  const rig = new FlashRig(W25Q128JV_IM);
  rig.writeStatus(0x31, 0x02);
  rig.content.set([0x5a, 0xc3]);
  const read = {
    code: 0xed,
    address: 0,
    addressLines: 4,
    mode: 0xff,
    dummy: 7,
    dataLines: 4,
    receive: 2,
  } as const;
  assert.deepEqual(rig.exchange(read), [0xff, 0xff]);
  rig.chip.doubleRate = true;
  assert.deepEqual(rig.exchange(read), [0x5a, 0xc3]);
  const other = iq();
  other.chip.doubleRate = true;
  assert.deepEqual(other.exchange(read), [0xff, 0xff]);
});

test("burst with wrap turns round inside its section", () => {
  const rig = iq();
  rig.content.set(Array.from({ length: 32 }, (_, index) => index));
  rig.exchange({ code: 0x77, address: 0, addressLines: 4, send: [0x00], dataLines: 4 });
  const quad = { code: 0xeb, addressLines: 4, mode: 0xff, dummy: 4, dataLines: 4, receive: 4 } as const;
  assert.deepEqual(rig.exchange({ ...quad, address: 6 }), [6, 7, 0, 1]);
  assert.deepEqual(rig.read(6, 4), [6, 7, 8, 9]);
  rig.exchange({ code: 0x77, address: 0, addressLines: 4, send: [0x10], dataLines: 4 });
  assert.deepEqual(rig.exchange({ ...quad, address: 6 }), [6, 7, 8, 9]);
});

test("security registers program, erase, wrap and lock once", () => {
  const rig = iq();
  rig.send(0x06);
  rig.exchange({ code: 0x42, address: 0x20ff, send: [0x11, 0x22] });
  rig.wait(1e6);
  const read = { code: 0x48, address: 0x20ff, dummy: 8, receive: 2 } as const;
  assert.deepEqual(rig.exchange(read), [0x11, 0x22]);
  rig.writeStatus(0x31, 0x10);
  rig.send(0x06);
  rig.exchange({ code: 0x44, address: 0x2000 });
  rig.wait(100e6);
  assert.deepEqual(rig.exchange(read), [0x11, 0x22]);
  rig.writeStatus(0x31, 0x00);
  assert.equal(rig.status(0x35), 0x12);
  assert.deepEqual(rig.exchange({ ...read, address: 0x4000 }), [0xff, 0xff]);
});

test("a clock well above the command's limit makes reads late and writes ignored, and says so", () => {
  const rig = iq();
  rig.content.set([0x80, 0x01]);
  rig.chip.clockHz = 80e6;
  assert.deepEqual(rig.read(0, 2), [0xc0, 0x00]);
  assert.ok(rig.log.has("50 MHz"));
  assert.deepEqual(rig.exchange({ code: 0x0b, address: 0, dummy: 8, receive: 2 }), [0x80, 0x01]);
  rig.chip.clockHz = 210e6;
  rig.send(0x06);
  rig.chip.clockHz = 10e6;
  assert.equal(rig.status(), 0);
});

test("a clock up to half above the command's limit works, and is told", () => {
  const rig = iq();
  rig.content.set([0x80, 0x01]);
  rig.chip.clockHz = 74e6;
  assert.deepEqual(rig.read(0, 2), [0x80, 0x01]);
  assert.ok(rig.log.has("clocked at 74 MHz, the chip takes 50 MHz: works on most chips"));
});

test("IS25LP064A: QE is SR1 bit 6, dummies follow C0h, the function register holds TBS once", () => {
  const rig = new FlashRig(IS25LP064A);
  rig.content.set([0x42, 0x43]);
  const quad = { code: 0xeb, address: 0, addressLines: 4, dataLines: 4, receive: 2 } as const;
  assert.deepEqual(rig.exchange({ ...quad, mode: 0, dummy: 4 }), [0xff, 0xff]);
  rig.writeStatus(0x01, 0x40);
  assert.equal(rig.status(), 0x40);
  assert.deepEqual(rig.exchange({ ...quad, mode: 0, dummy: 4 }), [0x42, 0x43]);
  rig.exchange({ code: 0xc0, send: [0xf0] });
  assert.deepEqual(rig.exchange({ ...quad, mode: 0, dummy: 6 }), [0x42, 0x43]);
  rig.exchange({ ...quad, mode: 0xa0, dummy: 6 });
  const { code: _none, ...continued } = quad;
  assert.deepEqual(rig.exchange({ ...continued, mode: 0, dummy: 6 }), [0x42, 0x43]);
  rig.writeStatus(0x42, 0x02);
  rig.writeStatus(0x42, 0x00);
  assert.equal(rig.status(0x48), 0x02);
  rig.writeStatus(0x01, 0x44);
  rig.program(0xffff, [0]);
  rig.program(0x10000, [0]);
  rig.wait(1e6);
  assert.deepEqual([rig.content[0xffff], rig.content[0x10000]], [0xff, 0]);
  rig.erase(0xd7, 0x10000);
  rig.wait(71e6);
  assert.equal(rig.content[0x10000], 0xff);
});

test("nonvolatile state survives in save and load; another part's is refused", () => {
  const rig = new FlashRig(W25Q128JV_IM);
  rig.writeStatus(0x31, 0x02);
  rig.send(0x06);
  rig.exchange({ code: 0x42, address: 0x1000, send: [0x33] });
  rig.wait(1e6);
  const state = JSON.parse(JSON.stringify(rig.chip.save()));
  const next = new FlashRig(W25Q128JV_IM);
  next.chip.load(state);
  assert.equal(next.status(0x35), 0x02);
  assert.deepEqual(next.exchange({ code: 0x48, address: 0x1000, dummy: 8, receive: 1 }), [0x33]);
  assert.throws(() => iq().chip.load(state), /expected part W25Q128JV-IQ, found W25Q128JV-IM/);
});
