import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import {
  eraseRange,
  getBootAddress,
  PlacementError,
  readRange,
  setBootAddress,
  verifyImage,
} from "./index.js";
import { APP, app, fakeBoard, random } from "./testing/fake-board.js";

const setUp = () => fakeBoard(() => setImmediate());

test("verify compares on the board, changes nothing, and names the first byte that differs", async () => {
  const { clock, flash, board, connection } = await setUp();
  const wanted = app(0x90001);
  flash.view(APP, 0x90001).set(wanted.segments[0]?.bytes ?? []);
  const report = await clock.until(verifyImage(connection, wanted));
  assert.equal(report.imageBytes, 0x90001);
  assert.ok(!board.log.includes("READ"));
  flash.view(APP + 0x41234, 1)[0] = (wanted.segments[0]?.bytes[0x41234] ?? 0) ^ 0xff;
  flash.view(APP + 0x90000, 1)[0] = (wanted.segments[0]?.bytes[0x90000] ?? 0) ^ 0xff;
  await assert.rejects(clock.until(verifyImage(connection, wanted)), { address: APP + 0x41234 });
  assert.ok(!board.log.includes("BEGIN"));
});

test("read returns any range of the chip and refuses what is beyond it", async () => {
  const { clock, flash, connection } = await setUp();
  flash.bytes.set(random(flash.bytes.length, 3));
  const bytes = await clock.until(readRange(connection, APP + 3, 0x5001));
  assert.ok(Buffer.from(bytes).equals(flash.view(APP + 3, 0x5001)));
  await assert.rejects(clock.until(readRange(connection, 0x901fffff, 2)), PlacementError);
  await assert.rejects(clock.until(readRange(connection, APP, 0)), /is empty/);
});

test("erase blanks whole sectors with the largest units that fit, and leaves blank ones alone", async () => {
  const { clock, flash, connection } = await setUp();
  flash.bytes.fill(0);
  const report = await clock.until(eraseRange(connection, APP, 0x19000));
  assert.equal(report.erasedBytes, 0x19000);
  assert.equal(flash.erased, 3);
  assert.ok(flash.view(APP, 0x19000).every((byte) => byte === 0xff));
  assert.equal(flash.view(APP + 0x19000, 1)[0], 0);
  const again = await clock.until(eraseRange(connection, APP, 0x19000));
  assert.deepEqual([again.erasedBytes, again.unchangedBytes, flash.erased], [0, 0x19000, 3]);
  await assert.rejects(clock.until(eraseRange(connection, APP + 0x800, 0x1000)), {
    name: "PlacementError",
    message:
      "address 0x90100800 is not a multiple of 4096 (0x1000), the smallest piece that the chip can erase. " +
      "Choose multiples of it.",
  });
  await assert.rejects(clock.until(eraseRange(connection, 0x901fb000, 0x2000)), /reserves/);
});

test("the stored boot address is read and written; one that cannot boot is refused here", async () => {
  const { clock, board, connection } = await setUp();
  assert.equal((await clock.until(getBootAddress(connection))).address, APP);
  const stored = await clock.until(setBootAddress(connection, APP + 0x400));
  assert.deepEqual(stored, { address: APP + 0x400, free: 2047, capacity: 2048 });
  await assert.rejects(clock.until(setBootAddress(connection, APP + 0x401)), PlacementError);
  board.logFree = 0;
  await assert.rejects(clock.until(setBootAddress(connection, APP)), /LOG_FULL/);
});
