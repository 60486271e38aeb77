/** What the real bootloader and the real chip refuse: message and exit code. The files' own faults are tested in src/cli. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { boardErrorCode } from "../../src/protocol/errors.js";
import { encodeFrame, FrameDecoder } from "../../src/protocol/frame.js";
import {
  decodeVersions,
  encodeRequest,
  HELLO_MAGIC,
  requestType,
  splitAnswer,
} from "../../src/protocol/messages.js";
import { EmulatedTransport } from "../../src/transport/emulated/transport.js";
import { commandLine } from "./command-line.js";
import { BASE, Bench, type BenchOptions, blink, summing } from "./kit.js";

const FILES = {
  "app.bin": blink(),
  "huge.bin": new Uint8Array(0x100_0001).fill(1),
  "big.bin": summing(20_000, 1),
};

/** Runs a command line that has to fail, with nothing on stdout. */
async function fails(bench: Bench, argv: readonly string[], code: number, message: RegExp): Promise<void> {
  const outcome = await commandLine(bench, FILES, ...argv);
  assert.match(outcome.stderr, message);
  assert.match(outcome.stderr, /^imflasher: /m);
  assert.deepEqual([outcome.code, outcome.stdout], [code, ""], argv.join(" "));
}

function boardWithProgram(options: BenchOptions = {}): Bench {
  const bench = new Bench(options);
  bench.flash(BASE, blink().length).set(blink());
  return bench.start();
}

test("an address that this chip does not have, or that the board reserves, is refused and nothing is changed", async () => {
  const operations: string[] = [];
  const bench = boardWithProgram({ onFlashOperation: (kind) => operations.push(kind) });
  const cases: [string[], RegExp][] = [
    [
      ["flash", "0x91000000", "app.bin"],
      /0x91000000 is outside the chip: the flash chip is 0x90000000 to 0x90FFFFFF/,
    ],
    [["flash", "0x08000000", "app.bin"], /0x08000000 is outside the chip/],
    [
      ["flash", "0x90000000", "huge.bin"],
      /too large: the flash chip is .*16777216 bytes; it ends 1 bytes behind it/,
    ],
    [["flash", "0x90FFF000", "--no-boot", "big.bin"], /too large/],
    [
      ["flash", "0x90FFC000", "--no-boot", "app.bin"],
      /a region that the board reserves, 0x90FFC000 to 0x90FFFFFF/,
    ],
    [["flash", "0x90FF9000", "--no-boot", "big.bin"], /a region that the board reserves/],
    [["flash", "0x90100200", "app.bin"], /0x90100200 is not a multiple of 1024/],
    [["flash", "0x90000000", "app.bin"], /0x90000000 is outside the region for applications/],
    [["erase", "0x90FFC000", "4K"], /a region that the board reserves/],
    [["default-boot", "0x90FFC000"], /outside the region for applications/],
    [["boot", "0x90200000"], /NOT_BOOTABLE: no plausible vector table at 0x90200000/],
    [["boot", "0x90000000"], /RANGE: 0x90000000 is outside the application region/],
  ];
  for (const [argv, message] of cases) await fails(bench, argv, 1, message);
  assert.deepEqual(operations, []);
});

test("a flash chip that is not there is said, and info still tells the rest", async () => {
  const bench = new Bench({ flashPresent: false }).start();
  await fails(
    bench,
    ["flash", "0x90100000", "app.bin"],
    1,
    /NO_FLASH: the flash chip does not answer.*wiring and supply/s,
  );
  const info = await commandLine(bench, {}, "info");
  assert.equal(info.code, 0);
  assert.match(info.stdout, /^flash chip .*NO_FLASH/m);
  assert.match(info.stdout, /^in bootloader .*NO_FLASH/m);
});

test("a flash chip whose parameters cannot be read is unknown", async () => {
  const bench = boardWithProgram();
  const { sfdp } = bench.board.flashChip.part;
  const known = sfdp.slice();
  sfdp.fill(0xff);
  try {
    await fails(
      bench,
      ["flash", "0x90100000", "app.bin"],
      1,
      /UNKNOWN_FLASH: the flash chip with JEDEC id 0x00EF4018.*SFDP/is,
    );
  } finally {
    sfdp.set(known);
  }
});

test("a write-protected chip is an error with its remedy, and --unprotect is that remedy", async () => {
  const bench = new Bench();
  bench.board.flashChip.load({ ...bench.board.flashChip.save(), status: [0x1c, 0x02, 0x60] });
  bench.start();
  await fails(bench, ["flash", "0x90100000", "app.bin"], 1, /WRITE_PROTECTED: .*--unprotect/s);
  assert.ok(bench.flash(BASE, 4096).every((byte) => byte === 0xff));
  const outcome = await commandLine(bench, FILES, "flash", "--unprotect", "0x90100000", "app.bin");
  assert.equal(outcome.code, 0, outcome.stderr);
  bench.waitConsole(/^blink: running/);
  assert.equal(bench.board.flashChip.save().status[0], 0);
});

test("a cell that does not take its bit is named: first address, expected, found; the board stays", async () => {
  const dead = BASE + 0x1234 - 0x9000_0000;
  const bench = boardWithProgram({ flashDefects: { deadBits: (address) => (address === dead ? 0xff : 0) } });
  const wanted = FILES["big.bin"][0x1234] ?? 0;
  assert.notEqual(wanted, 0xff);
  const two = (value: number): string => value.toString(16).padStart(2, "0");
  const message = new RegExp(`0x90101234.*expected 0x${two(wanted)}, found 0xff`, "i");
  await fails(bench, ["flash", "0x90100000", "big.bin"], 5, message);
  bench.reset();
  bench.run(3000);
  assert.deepEqual(bench.console, [], "half an image must not run");
  await fails(bench, ["verify", "0x90100000", "big.bin"], 5, message);
});

test("a chip that stays busy for ever ends in an error, and after a power cycle the flashing completes", async () => {
  let broken = true;
  const bench = boardWithProgram({
    flashDefects: { neverEnds: (kind, address) => broken && kind === "erase" && address === 0x10_1000 },
  });
  bench.flash(BASE, 0x2000).fill(0);
  await fails(
    bench,
    ["flash", "0x90100000", "big.bin"],
    1,
    /FLASH_TIMEOUT: the flash chip stayed busy beyond its maximum time at 0x90101000/,
  );
  // A busy chip reads as all ones: that must not pass for what it holds.
  await fails(bench, ["read", "0x90100000", "4K", "read.bin"], 1, /FLASH_TIMEOUT: .* at 0x90100000/);
  broken = false;
  bench.board.powerOff();
  bench.run(100);
  bench.board.powerOn();
  const outcome = await commandLine(bench, FILES, "flash", "0x90100000", "big.bin");
  assert.equal(outcome.code, 0, outcome.stderr);
  bench.waitConsole(/sum right/);
});

test("a flasher that speaks another protocol gets no session, whatever it asks then", async () => {
  const bench = boardWithProgram();
  const hello = encodeRequest("HELLO", { magic: HELLO_MAGIC, version: 9, lowest: 8 });
  const requests = [
    Uint8Array.of(0, ...encodeFrame({ type: requestType("HELLO"), sequence: 7, payload: hello })),
    encodeFrame({ type: requestType("INFO"), sequence: 8, payload: new Uint8Array(0) }),
  ];
  const [first, second] = await bench.drive(rawAnswers(bench, requests));
  assert.deepEqual(decodeVersions((first as { body: Uint8Array }).body), { version: 1, lowest: 1 });
  assert.equal((second as { code: number }).code, boardErrorCode("NO_SESSION"));
  const outcome = await commandLine(bench, FILES, "flash", "0x90100000", "app.bin");
  assert.equal(outcome.code, 0, outcome.stderr);
});

/** Sends bytes as they are and waits for as many answers. */
async function rawAnswers(bench: Bench, requests: readonly Uint8Array[]): Promise<unknown[]> {
  const transport = new EmulatedTransport("emulated board", bench.board, await bench.port());
  const decoder = new FrameDecoder();
  const answers: unknown[] = [];
  const complete = new Promise<void>((resolve) => {
    transport.onData((bytes) => {
      for (const item of decoder.push(bytes))
        if ("frame" in item) answers.push(splitAnswer(item.frame.payload));
      if (answers.length >= requests.length) resolve();
    });
  });
  for (const bytes of requests) await transport.write(bytes);
  await complete;
  await transport.close();
  return answers;
}

test("erase, read and verify work on the real chip; what is blank already is left alone", async () => {
  const bench = boardWithProgram();
  const erased = await commandLine(bench, {}, "erase", "0x90100000", "64K");
  assert.equal(erased.code, 0, erased.stderr);
  assert.match(erased.stdout, /4\.0 KiB erased, 60\.0 KiB were blank already/);
  await bench.with(async ({ session }) => {
    const { data } = await session.send("READ", { address: BASE, length: 64 });
    assert.ok(data.every((byte) => byte === 0xff));
  });
  await fails(bench, ["verify", "0x90100000", "app.bin"], 5, /at 0x90100000 expected 0x00, found 0xff/);
});
