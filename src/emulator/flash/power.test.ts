import assert from "node:assert/strict";
import { test } from "node:test";
import { FlashRig, seeded } from "./flash-rig.js";
import type { OperationKind } from "./part.js";
import { W25Q128JV_IM, W25Q128JV_IQ } from "./winbond.js";

const seed = Math.floor(Math.random() * 0xffffffff);

test(`a cut at a random instant leaves only bits on their way (seed ${seed})`, (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  const seen = { nothing: 0, part: 0 };
  for (let run = 0; run < 60; run++) {
    const rig = new FlashRig(W25Q128JV_IQ, { random });
    const before = Uint8Array.from({ length: 0x1000 }, () => Math.floor(random() * 256));
    rig.content.set(before, 0x3000);
    const data = Array.from({ length: 256 }, () => Math.floor(random() * 256));
    rig.program(0x3100, data);
    rig.wait(random() * 0.399e6);
    rig.chip.powerCut();
    rig.wait(1e6);
    let changed = 0;
    for (const [index, wanted] of data.entries()) {
      const old = before[0x100 + index] ?? 0;
      const now = rig.content[0x3100 + index] ?? 0;
      assert.equal(now & ~old, 0, "no bit was set by programming");
      assert.equal(old & wanted & ~now, 0, "no bit was cleared that should stay");
      if (now !== (old & wanted)) changed++;
    }
    assert.deepEqual(rig.content.subarray(0x3200, 0x4000), before.subarray(0x200));
    if (changed > 0) seen.part++;
    else seen.nothing++;
  }
  assert.ok(seen.part > 0, JSON.stringify(seen));
});

test("a cut erase leaves a mixture inside its block only, which reads unstable once, and anew after each power-up", () => {
  const rig = new FlashRig(W25Q128JV_IQ, { random: seeded(7) });
  rig.content.fill(0x0f, 0, 0x40000);
  rig.erase(0xd8, 0x10000);
  rig.wait(70e6);
  rig.chip.powerCut();
  const block = rig.content.slice(0x10000, 0x20000);
  assert.ok(new Set(block).size > 4);
  assert.equal(rig.content[0xffff], 0x0f);
  assert.equal(rig.content[0x20000], 0x0f);
  assert.equal(rig.chip.directlyReadable, false);
  const settled = [block.subarray(0, 256)].map((bytes) => Array.from(bytes));
  for (let powerUps = 0; powerUps < 3; powerUps++) {
    rig.chip.powerOn();
    rig.wait(6e6);
    const first = rig.read(0x10000, 256);
    const second = rig.read(0x10000, 256);
    assert.notDeepEqual(first, second);
    assert.deepEqual(second, Array.from(rig.content.subarray(0x10000, 0x10100)));
    for (const before of settled) assert.notDeepEqual(second, before);
    settled.push(second);
    rig.chip.powerCut();
  }
  assert.equal(rig.content[0xffff], 0x0f);
  assert.equal(rig.content[0x20000], 0x0f);
  rig.chip.powerOn();
  rig.wait(6e6);
  rig.erase(0xd8, 0x10000);
  rig.wait(151e6);
  assert.equal(rig.chip.directlyReadable, true);
  rig.chip.powerCut();
  rig.chip.powerOn();
  assert.ok(rig.content.subarray(0x10000, 0x20000).every((byte) => byte === 0xff));
});

test("of a cut program only bits on their way change their mind, until they are programmed again", () => {
  const rig = new FlashRig(W25Q128JV_IQ, { random: seeded(3) });
  rig.content.fill(0xff, 0, 0x1000);
  rig.content.fill(0x33, 0, 8);
  const bytes = Array.from({ length: 64 }, (_, index) => (index < 32 ? 0x55 : 0xff));
  rig.program(8, bytes);
  rig.wait(200e3);
  const seen = new Set<string>();
  for (let powerUps = 0; powerUps < 8; powerUps++) {
    rig.chip.powerCut();
    rig.chip.powerOn();
    rig.wait(6e6);
    const found = Array.from(rig.content.subarray(0, 0x1000));
    assert.deepEqual(found.slice(0, 8), new Array(8).fill(0x33));
    assert.ok(found.slice(8, 40).every((byte) => (byte & 0x55) === 0x55));
    assert.ok(found.slice(40).every((byte) => byte === 0xff));
    seen.add(found.slice(8, 40).join());
  }
  assert.ok(seen.size > 4, `${seen.size} of 8 differ`);
  rig.program(8, bytes);
  rig.wait(1e6);
  rig.chip.powerCut();
  rig.chip.powerOn();
  assert.deepEqual(Array.from(rig.content.subarray(8, 72)), bytes);
});

test("a cut at every counted operation hits that operation and no other", () => {
  const kinds: OperationKind[] = [];
  const rig = new FlashRig(W25Q128JV_IM, {
    onOperation: (kind) => {
      kinds.push(kind);
      if (kinds.length === 3) rig.timeline.after(1e6, () => rig.chip.powerCut());
    },
  });
  rig.writeStatus(0x31, 0x02);
  rig.program(0, [0]);
  rig.wait(1e6);
  rig.erase(0x20, 0);
  rig.wait(100e6);
  assert.deepEqual(kinds, ["status", "program", "erase"]);
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 1 }), [0xff]);
  rig.chip.powerOn();
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 1 }), [0xff]);
  rig.wait(20e3);
  assert.deepEqual(rig.exchange({ code: 0x9f, receive: 1 }), [0xef]);
  rig.program(0x5000, [0]);
  assert.equal(rig.status() & 1, 0);
  assert.ok(rig.log.has("tPUW"));
});

test("power-on ends continuous read, QPI, power-down and WEL", () => {
  const rig = new FlashRig(W25Q128JV_IM);
  rig.writeStatus(0x31, 0x02);
  rig.exchange({ code: 0xeb, address: 0, addressLines: 4, mode: 0xa0, dummy: 4, dataLines: 4, receive: 1 });
  rig.chip.powerCut();
  rig.chip.powerOn();
  rig.wait(6e6);
  rig.send(0x06, 0x38);
  rig.chip.powerCut();
  rig.chip.powerOn();
  rig.wait(6e6);
  assert.equal(rig.status(), 0);
});

test("reset during an erase leaves it half done", () => {
  const rig = new FlashRig(W25Q128JV_IQ);
  rig.content.fill(0x00, 0, 0x1000);
  rig.erase(0x20, 0);
  rig.wait(10e6);
  rig.send(0x66, 0x99);
  rig.wait(100e6);
  assert.equal(rig.status(), 0);
  assert.ok(rig.content.subarray(0, 0x1000).some((byte) => byte !== 0xff));
});

test("defects: dead bits keep their value, an endless operation stays busy until power-off", () => {
  const dead = new FlashRig(W25Q128JV_IQ, { defects: { deadBits: (address) => (address === 5 ? 0x81 : 0) } });
  dead.program(4, [0, 0, 0]);
  dead.wait(1e6);
  assert.deepEqual(dead.read(4, 3), [0, 0x81, 0]);
  const stuck = new FlashRig(W25Q128JV_IQ, { defects: { neverEnds: (kind) => kind === "erase" } });
  stuck.erase(0x20, 0);
  stuck.wait(1e12);
  assert.equal(stuck.status() & 1, 1);
  assert.equal(stuck.chip.stableUntil, Number.POSITIVE_INFINITY);
});

test("defects: a stuck status bit stays set whatever is written, and protects", () => {
  const rig = new FlashRig(W25Q128JV_IQ, { defects: { stuckStatus: [0x04] } });
  rig.send(0x06);
  rig.exchange({ code: 0x01, send: [0] });
  rig.wait(100e6);
  assert.equal(rig.status(), 0x04);
  const last = rig.content.length - 256;
  rig.program(last, [0]);
  rig.wait(1e6);
  assert.deepEqual(rig.read(last, 1), [0xff]);
});
