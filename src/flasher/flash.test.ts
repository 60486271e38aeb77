import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Image } from "../image/image.js";
import { BoardError, type BoardErrorName } from "../protocol/errors.js";
import { FAKE_BASE, type FakeFlash, fakeGeometry } from "../protocol/testing/fake-flash.js";
import { seededRandom } from "../protocol/testing/fake-link.js";
import {
  type BoardReport,
  boardInfo,
  boot,
  CancelledError,
  eraseRange,
  flashImage,
  LinkLostError,
  PlacementError,
  type Progress,
  UnfinishedElsewhereError,
  VerificationError,
} from "./index.js";
import { APP, app, type FakeBoardOptions, fakeBoard, image, random } from "./testing/fake-board.js";

const setUp = (options?: FakeBoardOptions) => fakeBoard(() => setImmediate(), options);

function assertHolds(flash: FakeFlash, { segments }: Image): void {
  for (const { address, bytes } of segments) {
    assert.ok(
      Buffer.from(flash.view(address, bytes.length)).equals(bytes),
      `content at ${address.toString(16)}`,
    );
  }
}

test("an image on a blank chip is written without an erase, and verified", async () => {
  const { clock, flash, board, connection } = await setUp();
  const bytes = random(0x12345);
  const wanted = image({ address: APP, bytes });
  const report = await clock.until(flashImage(connection, wanted, { bootAddress: APP }));
  assertHolds(flash, wanted);
  assert.equal(flash.erased, 0);
  assert.equal(flash.programmed, Math.ceil(bytes.length / 256));
  assert.equal(report.imageBytes, 0x12345);
  assert.equal(report.unchangedBytes, 0);
  assert.equal(report.address, APP);
  assert.deepEqual(report.digests, [
    { address: APP, length: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
  ]);
  assert.equal(board.unfinished, undefined);
  await clock.until(boot(connection, APP));
  assert.equal(board.booted, APP);
});

test("a dirty MiB costs the chip's floor and little else", async () => {
  const geometry = fakeGeometry({ size: 0x400000, reserved: [] });
  const { clock, flash, connection } = await setUp({ geometry });
  flash.bytes.fill(0x11);
  const wanted = app(0x100000);
  const report = await clock.until(flashImage(connection, wanted));
  assertHolds(flash, wanted);
  assert.equal(flash.erased, 16);
  assert.equal(flash.programmed, 4096);
  const floor = 16 * 150 + 4096 * 0.4;
  assert.ok(report.milliseconds < 1.05 * floor, `${report.milliseconds} ms, floor ${floor} ms`);
});

test("what is right already is left alone: no BEGIN, nothing erased", async () => {
  const { clock, flash, board, connection } = await setUp();
  const wanted = app(0x5000);
  flash.view(APP, 0x5000).set(wanted.segments[0]?.bytes ?? []);
  const report = await clock.until(flashImage(connection, wanted));
  assert.equal(report.unchangedBytes, 0x5000);
  assert.equal(report.programmedBytes, 0);
  assert.ok(!board.log.includes("BEGIN"));
});

test("one changed byte costs one sector; bytes beside the image in its sectors are kept", async () => {
  const { clock, flash, connection } = await setUp();
  flash.bytes.set(random(flash.bytes.length, 7));
  const before = flash.bytes.slice();
  const wanted = image(
    { address: APP + 0x1010, bytes: random(0x2100) },
    { address: APP + 0x20004, bytes: random(8) },
  );
  const report = await clock.until(flashImage(connection, wanted));
  for (const { address, bytes } of wanted.segments) before.set(bytes, address - FAKE_BASE);
  assert.ok(Buffer.from(flash.bytes).equals(before));
  assert.equal(flash.erased, 4);
  assert.equal(report.erasedBytes, 0x4000);
  assert.equal(report.unchangedBytes, 0);

  const changed = image(...wanted.segments.map(({ address, bytes }) => ({ address, bytes: bytes.slice() })));
  const byte = changed.segments[0]?.bytes;
  assert.ok(byte !== undefined);
  byte[0x1000] = (byte[0x1000] ?? 0) ^ 0xff;
  const again = await clock.until(flashImage(connection, changed));
  assertHolds(flash, changed);
  assert.equal(again.erasedBytes, 0x1000);
  assert.equal(again.unchangedBytes, 0x2108 - 0x1000);
});

test("what only clears bits is programmed without an erase: appended data, and a word struck out", async () => {
  const { clock, flash, connection } = await setUp();
  const wanted = app(0x20000);
  const bytes = wanted.segments[0]?.bytes;
  assert.ok(bytes !== undefined);
  bytes[0x5004] = 0x0f;
  const held = bytes.slice().fill(0xff, 0x13210);
  held[0x5004] = 0xff;
  flash.bytes.set(held, APP - FAKE_BASE);
  const report = await clock.until(flashImage(connection, wanted));
  assertHolds(flash, wanted);
  assert.equal(report.erasedBytes, 0);
  assert.equal(flash.erased, 0);
  assert.equal(
    flash.programmed,
    0x200 - 0x132 + 1,
    "the appended pages, the page they begin in, and the struck-out one",
  );
});

test("one bit that must be set again costs an erase of its sector only", async () => {
  const { clock, flash, connection } = await setUp();
  const wanted = app(0x20000);
  const bytes = wanted.segments[0]?.bytes;
  assert.ok(bytes !== undefined);
  bytes[0x5004] = 0x81;
  flash.bytes.set(bytes, APP - FAKE_BASE);
  flash.bytes[APP - FAKE_BASE + 0x5004] = 0x7f;
  const report = await clock.until(flashImage(connection, wanted));
  assertHolds(flash, wanted);
  assert.equal(report.erasedBytes, 0x1000);
});

test("the first writes on a blank chip are small, so that it does not wait for the wire", async () => {
  const { clock, flash, connection } = await setUp();
  const sizes: number[] = [];
  const send = connection.session.send.bind(connection.session);
  connection.session.send = (name, request) => {
    if (name === "WRITE" && "data" in request) sizes.push(request.data.length);
    return send(name, request);
  };
  const wanted = app(0x3000);
  await clock.until(flashImage(connection, wanted));
  assertHolds(flash, wanted);
  assert.deepEqual(sizes, [256, 256, 512, 1024, 2048, 4096, 4096]);
});

test("many scattered pieces are begun as eight ranges whose gaps keep their content", async () => {
  const { clock, flash, board, connection } = await setUp();
  flash.bytes.set(random(flash.bytes.length, 9));
  const before = flash.bytes.slice();
  const pieces = Array.from({ length: 12 }, (_, i) => ({
    address: APP + i * 0x3000 + 5,
    bytes: random(20, i),
  }));
  await clock.until(flashImage(connection, image(...pieces)));
  for (const { address, bytes } of pieces) before.set(bytes, address - FAKE_BASE);
  assert.ok(Buffer.from(flash.bytes).equals(before));
  assert.equal(board.unfinished, undefined);
});

test("progress tells every phase with bytes that grow to their total", async () => {
  const { clock, flash, connection } = await setUp();
  flash.bytes.fill(0);
  const seen: Progress[] = [];
  await clock.until(flashImage(connection, app(0x20000), { onProgress: (progress) => seen.push(progress) }));
  const phases = seen.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1]);
  assert.deepEqual(phases, ["identify", "compare", "erase", "write", "verify"]);
  for (const [phase, total] of [
    ["compare", 0x20000],
    ["write", 0x20000],
    ["verify", 0x20000],
  ] as const) {
    const own = seen.filter((progress) => progress.phase === phase);
    assert.deepEqual(own.at(-1), { phase, done: total, total });
    assert.ok(own.every(({ done }, i) => done >= (own[i - 1]?.done ?? 0)));
  }
});

test("an image that does not fit the board is refused before anything is sent that changes it", async () => {
  const { clock, board, connection } = await setUp();
  const bytes = random(0x100);
  const cases: [Image, RegExp][] = [
    [image(), /^the image is empty/],
    [
      image({ address: 0x08000000, bytes }),
      /^the image at 0x08000000 is outside the chip: the flash chip is 0x90000000 to 0x901FFFFF/,
    ],
    [
      image({ address: 0x08000000, bytes }),
      /That is the internal flash, where the bootloader is\. Link for the chip/,
    ],
    [
      image({ address: APP, bytes }, { address: 0xc0000000, bytes }),
      /0xC0000000 is outside the chip: .* Choose an address on it/,
    ],
    ...[0, 0x20000000, 0x24070000, 0x38000000].map((address): [Image, RegExp] => [
      image({ address, bytes }, { address: APP, bytes }),
      /That is RAM, which a flashing cannot fill .* \("AT>" in the linker script\)/,
    ]),
    [image({ address: 0x901fff80, bytes }), /is too large: .* it ends 128 bytes behind it/],
    [
      image({ address: 0x901fbfff, bytes }),
      /lies in a region that the board reserves, 0x901FC000 to 0x901FFFFF\. Move it/,
    ],
  ];
  for (const [wanted, message] of cases) {
    await assert.rejects(clock.until(flashImage(connection, wanted)), (error) => {
      assert.ok(error instanceof PlacementError);
      assert.match(error.message, message);
      return true;
    });
  }
  await assert.rejects(clock.until(flashImage(connection, app(64), { bootAddress: APP + 512 })), {
    name: "PlacementError",
    message:
      "0x90100200 is not a multiple of 1024: an application cannot start there. The next one that is: 0x90100400.",
  });
  await assert.rejects(
    clock.until(flashImage(connection, app(64), { bootAddress: FAKE_BASE })),
    /outside the region/,
  );
  assert.ok(!board.log.includes("BEGIN"));
});

test("a reserved region that shares a sector with the image is refused, too", async () => {
  const geometry = fakeGeometry({ reserved: [{ address: APP + 0x800, length: 0x100 }] });
  const { clock, connection } = await setUp({ geometry });
  await assert.rejects(clock.until(flashImage(connection, app(16))), /a sector that the image touches/);
});

test("a bit that sticks is found and named", async () => {
  const { clock, flash, board, connection } = await setUp();
  flash.stuck.add(APP + 0x1234);
  const bytes = new Uint8Array(0x3000).fill(0xa5);
  await assert.rejects(clock.until(flashImage(connection, image({ address: APP, bytes }))), (error) => {
    assert.ok(error instanceof VerificationError);
    assert.deepEqual([error.address, error.expected, error.found], [APP + 0x1234, 0xa5, 0]);
    assert.match(error.message, /^verification failed: at 0x90101234 expected 0xa5, found 0x00\./);
    return true;
  });
  assert.notEqual(board.unfinished, undefined);
});

test("a write that the board finds wrong at once is told like any other byte that differs", async () => {
  const { clock, flash, connection } = await setUp();
  flash.faulty.add(APP + 0x1234);
  const bytes = new Uint8Array(0x3000).fill(0xa5);
  await assert.rejects(clock.until(flashImage(connection, image({ address: APP, bytes }))), (error) => {
    assert.ok(error instanceof VerificationError && error.cause instanceof BoardError);
    assert.deepEqual([error.address, error.expected, error.found], [APP + 0x1234, 0xa5, 0xff]);
    return true;
  });
});

test("a protected chip is an error that says how to clear it, and --unprotect clears it", async () => {
  const { clock, flash, board, connection } = await setUp();
  board.protectedBits = 0x1c;
  await assert.rejects(clock.until(flashImage(connection, app(0x1000))), (error) => {
    assert.ok(error instanceof BoardError);
    assert.equal(error.codeName, "WRITE_PROTECTED");
    assert.match(error.message, /--unprotect/);
    return true;
  });
  await clock.until(flashImage(connection, app(0x1000), { unprotect: true }));
  assertHolds(flash, app(0x1000));
});

test("a missing or unknown flash chip is said; the rest of the board still tells about itself", async () => {
  for (const fault of ["NO_FLASH", "UNKNOWN_FLASH"] as const satisfies readonly BoardErrorName[]) {
    const { clock, board, connection } = await setUp();
    board.flashFault = fault;
    await assert.rejects(clock.until(flashImage(connection, app(16))), (error) => {
      assert.ok(error instanceof BoardError && error.codeName === fault);
      return true;
    });
    const report: BoardReport = await clock.until(boardInfo(connection));
    assert.equal(report.boardId, "0RDX0KZ-JF49ZHN-49WN0M2");
    assert.ok(report.geometry instanceof BoardError);
    assert.ok(!(report.bootAddress instanceof BoardError) && report.bootAddress.address === APP);
  }
});

test("a cable pulled at any request leaves a board that the same job completes, kept bytes and all", async () => {
  const wanted = image({ address: APP + 0x7f0, bytes: random(0x13010) });
  const start = async () => {
    const set = await setUp();
    set.flash.bytes.set(random(set.flash.bytes.length, 5));
    const expected = set.flash.bytes.slice();
    for (const { address, bytes } of wanted.segments) expected.set(bytes, address - FAKE_BASE);
    return { ...set, expected };
  };
  const probe = await start();
  await probe.clock.until(flashImage(probe.connection, wanted));
  const count = probe.board.log.length;
  assert.ok(count > 20);
  for (let at = 1; at < count; at++) {
    const { clock, flash, board, links, connection, expected } = await start();
    let left = at;
    board.onRequest = () => {
      if (--left === 0) links.at(-1)?.unplug();
    };
    const report = await clock.until(flashImage(connection, wanted));
    assert.ok(Buffer.from(flash.bytes).equals(expected), `pulled at ${at}`);
    assert.equal(report.reconnects, 1);
    assert.equal(report.unchangedBytes, 0);
    assert.equal(board.unfinished, undefined, `pulled at ${at}`);
  }
});

test("a broken session is opened anew on the same port; another board is not taken for the first", async () => {
  const { clock, flash, board, links, connection } = await setUp();
  let damage: (() => void) | undefined = () => board.receive(Uint8Array.of(1, 0));
  board.onRequest = (name) => {
    if (name !== "WRITE") return;
    damage?.();
    damage = undefined;
  };
  await clock.until(flashImage(connection, app(0x4000)));
  assertHolds(flash, app(0x4000));
  assert.equal(links.length, 1);
  damage = () => {
    board.uid = Uint8Array.from(board.uid, (byte) => byte ^ 1);
    links[0]?.unplug();
  };
  await assert.rejects(clock.until(flashImage(connection, app(0x4000, 2))), (error) => {
    assert.ok(error instanceof LinkLostError);
    assert.match(error.message, /another board answers, \S{23} instead of 0RDX0KZ-JF49ZHN-49WN0M2\./);
    return true;
  });
});

test("a link that drops and damages transfers still ends with the whole image", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const faults = { drop: 0, corrupt: 0, random: seededRandom(seed) };
    const { clock, flash, board, connection } = await setUp({ faults, maxReconnects: 200 });
    Object.assign(faults, { drop: 0.01, corrupt: 0.02 });
    flash.bytes.fill(0);
    const wanted = app(0x18000, seed);
    const report = await clock.until(flashImage(connection, wanted)).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
    assertHolds(flash, wanted);
    assert.equal(board.unfinished, undefined, `seed ${seed}`);
    assert.equal(report.reconnects, connection.reconnects);
  }
});

test("a link that stays dead ends the job and says that nothing is lost", async () => {
  const { clock, board, connection } = await setUp();
  board.onRequest = (name) => {
    if (name === "WRITE") board.silent = true;
  };
  await assert.rejects(clock.until(flashImage(connection, app(0x4000))), (error) => {
    assert.ok(error instanceof LinkLostError);
    assert.match(error.message, /^the link to the board was lost: fake board does not answer/);
    assert.match(error.message, /the same command completes it/);
    return true;
  });
  assert.notEqual(board.unfinished, undefined);
});

test("a flashing that is cancelled stops between requests, stays unfinished, and the next one completes it", async () => {
  const { clock, flash, board, connection } = await setUp();
  flash.bytes.fill(0);
  const stop = new AbortController();
  const onProgress = ({ phase }: Progress) => {
    if (phase === "write") stop.abort();
  };
  const job = flashImage(connection, app(0x40000), { onProgress, signal: stop.signal });
  await assert.rejects(clock.until(job), CancelledError);
  assert.notEqual(board.unfinished, undefined);
  assert.ok(flash.programmed > 0 && flash.programmed < 1024);
  await assert.rejects(clock.until(boot(connection, APP)), /UNFINISHED/);
  const report = await clock.until(flashImage(connection, app(0x40000)));
  assertHolds(flash, app(0x40000));
  assert.equal(board.unfinished, undefined);
  assert.ok(report.unchangedBytes > 0);
});

test("a cancelled flashing puts back the bytes that it keeps", async () => {
  const { clock, flash, board, connection } = await setUp({ window: 20000 });
  flash.bytes.set(random(flash.bytes.length, 5));
  const before = flash.bytes.slice();
  const stop = new AbortController();
  board.onRequest = (name) => {
    if (name === "ERASE") stop.abort();
  };
  // One block erase; what is kept goes last, behind more than a window of data.
  const wanted = image(
    { address: APP, bytes: random(0xfff0) },
    { address: APP + 0x20000, bytes: random(16) },
  );
  await assert.rejects(clock.until(flashImage(connection, wanted, { signal: stop.signal })), CancelledError);
  assert.equal(flash.erased, 1);
  assert.ok(Buffer.from(flash.view(APP + 0xfff0, 16)).equals(before.subarray(0x10fff0, 0x110000)));
});

test("an unfinished board that holds the whole image already is only committed", async () => {
  const { clock, flash, board, connection } = await setUp();
  flash.view(APP, 0x2000).set(random(0x2000));
  board.unfinished = { address: APP, length: 0x2000 };
  await clock.until(flashImage(connection, app(0x2000)));
  assert.equal(board.unfinished, undefined);
  assert.equal(flash.erased + flash.programmed, 0);
});

test("what a power cut may have caught in the middle is erased and written anew, however it reads", async () => {
  const { clock, flash, board, connection } = await setUp();
  const wanted = app(0x3000);
  flash.view(APP, 0x3000).set(wanted.segments[0]?.bytes ?? []);
  board.unfinished = { address: APP, length: 0x3000 };
  board.doubt = { address: APP + 0x1000, length: 0x1000 };
  const report = await clock.until(flashImage(connection, wanted));
  assert.deepEqual([report.erasedBytes, report.programmedBytes, report.unchangedBytes], [4096, 4096, 8192]);
  assertHolds(flash, wanted);
  board.unfinished = { address: APP + 0x10000, length: 0x3000 };
  board.doubt = { address: APP + 0x10000, length: 0x2000 };
  const blanked = await clock.until(eraseRange(connection, APP + 0x10000, 0x3000));
  assert.equal(blanked.erasedBytes, 0x2000);
});

/** A vector table that a board would start. */
function vectors(at: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, 0x2002_0000, true);
  new DataView(bytes.buffer).setUint32(4, at + 0x101, true);
  return bytes;
}

test("a smaller image at the same address takes the place of one that was cut off, without an erase command", async () => {
  const { clock, flash, board, connection } = await setUp();
  flash.view(APP, 0x40000).set(random(0x40000, 9));
  flash.view(APP, 8).set(vectors(APP));
  for (const hull of [
    { address: APP, length: 0x40000 },
    { address: APP + 0x20000, length: 0x8000 },
  ]) {
    board.unfinished = hull;
    board.doubt = hull;
    await clock.until(flashImage(connection, app(0x2000)));
    assertHolds(flash, app(0x2000));
    assert.equal(board.unfinished, undefined);
  }
});

test("an unfinished program that could still be started is not hidden by another one; erasing it gives it up", async () => {
  const { clock, flash, board, connection } = await setUp();
  for (const [other, start] of [
    [APP + 0x10000, APP + 0x10000],
    [APP + 0x10000, APP + 0xfc00],
  ] as const) {
    flash.view(start, 8).set(vectors(start));
    board.unfinished = { address: other, length: 0x3000 };
    await assert.rejects(clock.until(flashImage(connection, app(0x2000))), (error) => {
      assert.ok(error instanceof UnfinishedElsewhereError);
      assert.match(error.message, /imflasher erase 0x90110000 0x3000$/);
      return true;
    });
    flash.view(start, 8).fill(0xff);
  }
  flash.view(APP, 8).set(vectors(APP));
  const behind = image({ address: APP + 0x20000, bytes: random(100) });
  await assert.rejects(clock.until(flashImage(connection, behind)), UnfinishedElsewhereError);
  await assert.rejects(clock.until(eraseRange(connection, APP + 0x10000, 0x1000)), UnfinishedElsewhereError);
  await clock.until(eraseRange(connection, APP + 0x10000, 0x3000));
  assert.equal(board.unfinished, undefined);
  await clock.until(flashImage(connection, behind));
});

test("kept bytes of a page that a power cut caught are read until two reads agree", async () => {
  const { clock, flash, board, connection } = await setUp();
  const note = APP + 0x1100;
  flash.view(note, 1)[0] = 0x21;
  board.unfinished = { address: APP, length: 0x2000 };
  board.doubt = board.unfinished;
  let reads = 0;
  board.onRequest = (name) => {
    if (name === "READ") flash.view(note, 1)[0] = ++reads === 1 ? 0x25 : 0x21;
  };
  await clock.until(flashImage(connection, app(0x1080)));
  assert.equal(flash.view(note, 1)[0], 0x21);
  assertHolds(flash, app(0x1080));
});

test("an erase that takes along what the image does not cover is told to the board before", async () => {
  const { clock, flash, board, connection } = await setUp();
  flash.view(APP, 0x1200).fill(0x11);
  await clock.until(flashImage(connection, app(0x1080)));
  const changes = board.log.filter((name) => ["KEEP", "ERASE", "WRITE"].includes(name));
  const keep = changes.indexOf("KEEP");
  assert.ok(keep >= 0 && changes[keep + 1] === "ERASE", changes.join(" "));
  assert.equal(changes.filter((name) => name === "KEEP").length, 1);
});
