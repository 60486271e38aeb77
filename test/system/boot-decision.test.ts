/** What a board runs: docs/protocol.md section 8, on the real bootloader. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { boot, flashImage, setBootAddress } from "../../src/flasher/index.js";
import { crc32 } from "../../src/protocol/crc32.js";
import { BASE, Bench, bin, blink, movedTo, summing } from "./kit.js";

const SECOND = 0x9020_0000;
const STAY = 0x4c46_4d53;
const RUN = 0x4c46_4d52;
const REASON = {
  REQUEST: 1,
  NO_FLASH: 2,
  UNFINISHED: 3,
  ADDRESS: 4,
  NOT_BOOTABLE: 5,
  HOST: 6,
  FAULT: 9,
} as const;
/** No code and no data are there on the chip. */
const NOWHERE = 0x5000_0000;
/** RTC_BKP30R after a fault: section 8. */
const FLT = 0x54_4c46;
/** It waits for events with its interrupts masked: other faults escalate. */
const HARD_FAULT = 3;
/** The log in internal flash: section 10. */
const LOG_OFFSET = 0x10000;
const LOG_WORDS = 2048;
const WORD = 32;

/** A board with one program at BASE and another at SECOND. */
function twoPrograms(): Bench {
  const bench = new Bench();
  bench.flash(BASE, blink().length).set(blink());
  bench.flash(SECOND, blink().length).set(movedTo(blink(), SECOND));
  return bench;
}

/** A reset may have cut off what the program before began to print. */
const runsAt = (bench: Bench): string => bench.waitConsole(/blink: running from/, 3000).slice(-60);

/** Milliseconds of board time until the first instruction from external flash. */
function untilApplication(bench: Bench, limit: number): number {
  const start = bench.board.now;
  const { cpu } = bench.board.chip;
  while (cpu.pc >>> 24 !== 0x90) {
    assert.ok(bench.board.now - start < limit * 1e6, `no application within ${limit} ms: ${bench.story()}`);
    bench.board.advance(bench.board.now + 5000);
  }
  return (bench.board.now - start) / 1e6;
}

async function reasonOf(bench: Bench): Promise<number> {
  const { reason } = await bench.with(({ session }) => session.send("INFO", {}));
  return reason;
}

/** As an application or a debugger does, the request itself last. */
function request(bench: Bench, what: number, address: number): void {
  bench.board.chip.rtc.registers.set("RTC_BKP1R", address);
  bench.board.chip.rtc.registers.set("RTC_BKP0R", what);
}

test("with no host, the application's first instruction comes within 5 ms of power, of reset, and of a request", (context) => {
  const bench = twoPrograms();
  bench.board.powerOn();
  const afterPower = untilApplication(bench, 5);
  assert.match(runsAt(bench), /0x9010/);
  bench.board.pressReset();
  bench.board.advance(bench.board.now + 1000);
  const afterReset = untilApplication(bench, 5);
  request(bench, RUN, SECOND);
  bench.board.pressReset();
  bench.board.advance(bench.board.now + 1000);
  bench.console.length = 0;
  const afterRequest = untilApplication(bench, 5);
  assert.match(runsAt(bench), /0x9020/);
  context.diagnostic(`power ${afterPower} ms, reset ${afterReset} ms, request ${afterRequest} ms`);
});

test("with a host, the window passes and the application runs; a HELLO in the window stays", async () => {
  const bench = twoPrograms().start();
  const waited = untilApplication(bench, 2500);
  assert.ok(waited > 1000, `${waited} ms`);
  assert.match(runsAt(bench), /0x9010/);
  bench.reset();
  assert.equal(await reasonOf(bench), REASON.HOST);
  bench.console.length = 0;
  bench.run(5000);
  assert.deepEqual(bench.console, []);
});

test("flash ADDR runs ADDR once; a restart runs the stored boot address, which outlives the power", async () => {
  const bench = new Bench().start();
  bench.flash(BASE, blink().length).set(blink());
  await bench.flashAndBoot(bin(movedTo(blink(), SECOND), SECOND));
  assert.match(runsAt(bench), /0x9020/);
  bench.console.length = 0;
  bench.reset();
  assert.match(runsAt(bench), /0x9010/);
  bench.reset();
  await bench.with((connection) => setBootAddress(connection, SECOND));
  const later = new Bench({ state: bench.board.save(), uniqueId: bench.board.uniqueId });
  later.board.powerOn();
  untilApplication(later, 5);
  assert.match(runsAt(later), /0x9020/);
  later.board.plug();
  later.reset();
  await later.with((connection) => boot(connection, BASE));
  later.console.length = 0;
  assert.match(runsAt(later), /0x9010/);
});

test("a request in the backup registers stays or runs an address, once, and only where a program is", async () => {
  const bench = twoPrograms();
  bench.board.powerOn();
  untilApplication(bench, 5);
  for (const [what, address, reason] of [
    [STAY, 0, REASON.REQUEST],
    [RUN, 0x9000_0000, REASON.ADDRESS],
    [RUN, 0x9030_0000, REASON.NOT_BOOTABLE],
    [RUN, BASE + 512, REASON.NOT_BOOTABLE],
  ] as const) {
    request(bench, what, address);
    bench.board.unplug();
    bench.reset();
    bench.console.length = 0;
    bench.board.plug();
    assert.equal(await reasonOf(bench), reason);
    assert.equal(bench.board.chip.rtc.registers.get("RTC_BKP0R"), 0);
    assert.equal(bench.board.chip.rtc.registers.get("RTC_BKP1R"), 0);
    assert.deepEqual(bench.console, []);
    bench.board.unplug();
    bench.reset();
    untilApplication(bench, 5);
  }
  bench.board.plug();
  request(bench, RUN, SECOND);
  bench.reset();
  bench.console.length = 0;
  untilApplication(bench, 5);
  assert.match(runsAt(bench), /0x9020/);
});

test("a fault of the bootloader itself ends in the bootloader, with a reason of its own; it is no loop", async () => {
  for (const name of ["emulated", "sp-racing-h7-extreme"]) {
    const bench = new Bench({ name });
    bench.flash(BASE, blink().length).set(blink());
    bench.start();
    await bench.with(({ session }) => session.send("INFO", {}));
    const { cpu, rtc } = bench.board.chip;
    cpu.pc = NOWHERE;
    bench.run(1); // it leaves the bus
    assert.equal(await reasonOf(bench), REASON.FAULT, bench.story());
    assert.equal(rtc.registers.get("RTC_BKP30R"), ((FLT << 8) | (1 << 4) | HARD_FAULT) >>> 0);
    assert.equal(rtc.registers.get("RTC_BKP31R"), NOWHERE);
    bench.board.unplug();
    bench.reset();
    untilApplication(bench, 200);
  }
});

test("an unfinished flashing is not run, whoever asks, until it is completed", async () => {
  const bench = twoPrograms().start();
  await bench.with(async ({ session }) => {
    await session.send("BEGIN", { ranges: [{ address: SECOND, length: 4096 }] });
    await assert.rejects(session.send("BOOT", { address: BASE }), /UNFINISHED: .*0x90200000/);
  });
  bench.board.unplug();
  bench.board.powerOff();
  bench.run(50);
  bench.board.powerOn();
  request(bench, RUN, BASE);
  bench.reset();
  bench.board.plug();
  assert.equal(await reasonOf(bench), REASON.UNFINISHED);
  // Another program elsewhere must not hide it: what lies at SECOND could be started.
  const elsewhere = bench.with((connection) => flashImage(connection, bin(summing(3000, 1))));
  await assert.rejects(elsewhere, /cut off.*imflasher erase 0x90200000 0x1000$/);
  await bench.flashAndBoot(bin(movedTo(blink(), SECOND), SECOND));
  assert.match(runsAt(bench), /0x9020/);
});

test("a blank chip, and one with something that is no program, stay in the bootloader and say so", async () => {
  const bench = new Bench().start();
  assert.equal(await reasonOf(bench), REASON.NOT_BOOTABLE);
  bench.flash(BASE, 4096).fill(0x5a);
  bench.reset();
  assert.equal(await reasonOf(bench), REASON.NOT_BOOTABLE);
  await bench.with(async (connection) => {
    await assert.rejects(boot(connection, BASE), /NOT_BOOTABLE: .*0x90100000/);
    await flashImage(connection, bin(summing(3000, 1)));
  });
});

/** One word of the log: kind "BOOT". */
function bootWord(address: number): Uint8Array {
  const word = new Uint8Array(WORD);
  const view = new DataView(word.buffer);
  view.setUint32(0, 0x544f_4f42, true);
  view.setUint32(4, address, true);
  view.setUint32(24, 0x5a5a_5a5a, true);
  view.setUint32(28, crc32(word.subarray(0, 28)), true);
  return word;
}

/** The log as it is to be found: a word each, or what an interrupted programming left, readable or not. */
function withLog(bench: Bench, words: readonly (Uint8Array | "torn" | "broken")[]): Bench {
  const { cells, options } = bench.board.chip.flash.save();
  const bytes = cells.bytes.slice();
  const at = (index: number): number => LOG_OFFSET / WORD + index;
  words.forEach((word, index) => {
    const content = typeof word === "string" ? bootWord(SECOND).fill(0xa5, 4, 9) : word;
    bytes.set(content, at(index) * WORD);
  });
  const broken = words.flatMap((word, index) => (word === "broken" ? [at(index)] : []));
  const programmed = [...cells.programmed, ...words.map((_, index) => at(index))];
  bench.board.chip.flash.load({ cells: { bytes, programmed, broken }, options });
  return bench;
}

test("a full log is read as before, and refuses another address with a remedy", async () => {
  const words = Array.from({ length: LOG_WORDS }, (_, index) => bootWord(index % 2 === 0 ? BASE : SECOND));
  const bench = withLog(twoPrograms(), words);
  bench.board.powerOn();
  untilApplication(bench, 5);
  assert.match(runsAt(bench), /0x9020/);
  bench.board.plug();
  bench.reset();
  await bench.with(async (connection) => {
    assert.deepEqual(await setBootAddress(connection, SECOND), {
      address: SECOND,
      free: 0,
      capacity: LOG_WORDS,
    });
    await assert.rejects(setBootAddress(connection, BASE), (error: Error) => {
      assert.match(
        error.message,
        /LOG_FULL: too few of the log's 2048 words are free\. `imflasher update-bootloader` makes room/,
      );
      return true;
    });
  });
});

test("torn words of the log are skipped, those with a broken ECC too, and do not hang the bootloader", async () => {
  const bench = withLog(twoPrograms(), [
    "broken",
    bootWord(BASE),
    bootWord(SECOND),
    "torn",
    "broken",
    "broken",
  ]);
  bench.board.powerOn();
  untilApplication(bench, 5);
  assert.match(runsAt(bench), /0x9020/);
  bench.board.plug();
  bench.reset();
  await bench.with(async (connection) => {
    const { address, free } = await setBootAddress(connection, BASE);
    assert.deepEqual([address, free], [BASE, LOG_WORDS - 7]);
  });
  const worst = withLog(
    twoPrograms(),
    Array.from({ length: LOG_WORDS }, () => "broken" as const),
  );
  worst.board.powerOn();
  untilApplication(worst, 50);
  assert.match(runsAt(worst), /0x9010/);
});
