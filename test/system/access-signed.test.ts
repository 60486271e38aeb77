/** Programs that are signed, and a claim that the power cuts off. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OWNED } from "../../src/protocol/access.js";
import { STAY_REASONS } from "../../src/protocol/messages.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { BASE, Bench, type BenchOptions, blink, summing } from "./kit.js";
import { assertUnchanged, claimedBoard, Office, snapshot } from "./office.js";

const ADDRESS = "0x90100000";
const RUNS = /^blink: running from external flash/;
/** Board time that the check of 1 MiB may add to a start. */
const SIGNED_BOOT_LIMIT_MS = 60;
/** Key and record, both twice: docs/protocol.md section 11.6. */
const CLAIM_WORDS = 4;
/** FLASH_SR1: an operation waits or is under way (RM0433, FLASH_SR1.QW). */
const SR1_QW = 1 << 2;

async function signedBoard(options: BenchOptions = {}): Promise<{ bench: Bench; office: Office }> {
  const { bench, office, id } = await claimedBoard(options);
  office.files["app.bin"] = blink();
  await office.works(bench, "keys", "issue", "--authority", "acme", "--board", id, "--to", "Ada");
  await office.works(bench, "policy", "require-signed", "--authority", "acme");
  return { bench, office };
}

const reasonOf = (bench: Bench): Promise<string | undefined> =>
  bench.with(async ({ session }) => STAY_REASONS[(await session.send("INFO", {})).reason]);

test("under the policy an unsigned program does not run; a signed one does, also after power-on", async () => {
  const { bench, office } = await signedBoard();
  const before = snapshot(bench);
  const refused = await office.run(bench, "flash", ADDRESS, "app.bin");
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /runs only what its owner .* signed/);
  assertUnchanged(bench, before, "an unsigned program");
  await office.works(bench, "flash", "--no-boot", ADDRESS, "app.bin");
  const boot = await office.run(bench, "boot", ADDRESS);
  assert.equal(boot.code, 4);
  assert.match(boot.stderr, /BAD_SIGNATURE/);
  bench.reset();
  assert.equal(await reasonOf(bench), "UNSIGNED");
  await office.works(bench, "sign", ADDRESS, "app.bin", "--authority", "acme");
  await office.works(bench, "flash", ADDRESS, "app.bin");
  bench.waitConsole(RUNS);
  bench.board.powerOff();
  bench.board.unplug();
  bench.run(20);
  bench.console.length = 0;
  bench.board.powerOn();
  bench.waitConsole(RUNS);
});

test("a signed program with one byte changed in flash does not run", async () => {
  const { bench, office } = await signedBoard();
  await office.works(bench, "sign", ADDRESS, "app.bin", "--authority", "acme");
  await office.works(bench, "flash", ADDRESS, "app.bin");
  bench.waitConsole(RUNS);
  for (const at of [0, 700, blink().length - 1]) {
    bench.board.powerOff();
    bench.run(20);
    const cell = bench.flash(BASE + at, 1);
    cell[0] = (cell[0] ?? 0) ^ 0x10;
    const before = snapshot(bench);
    bench.console.length = 0;
    bench.board.powerOn();
    const reason = await reasonOf(bench);
    assert.ok(reason === "UNSIGNED" || (at === 0 && reason === "NOT_BOOTABLE"), `byte ${at}: ${reason}`);
    const boot = await office.run(bench, "boot", ADDRESS);
    assert.equal(boot.code, at === 0 && /NOT_BOOTABLE/.test(boot.stderr) ? 1 : 4, boot.stderr);
    assert.deepEqual(bench.console, []);
    assertUnchanged(bench, before, `byte ${at} changed`);
    cell[0] = (cell[0] ?? 0) ^ 0x10;
  }
  bench.reset();
  bench.waitConsole(RUNS, 5000);
});

test("a cell that does not take its bit is named for a signed program, too, not its signature", async () => {
  const dead = BASE + 0x1234 - 0x9000_0000;
  const deadBits = (address: number): number => (address === dead ? 0xff : 0);
  const { bench, office } = await signedBoard({ flashDefects: { deadBits } });
  const program = summing(20_000, 1);
  assert.notEqual(program[0x1234], 0xff);
  office.files["big.bin"] = program;
  await office.works(bench, "sign", ADDRESS, "big.bin", "--authority", "acme");
  const outcome = await office.run(bench, "flash", ADDRESS, "big.bin");
  assert.match(outcome.stderr, /0x90101234 expected 0x[0-9a-f]{2}, found 0xff/);
  assert.equal(outcome.code, 5);
});

test("a signature for another address does not let the program run here", async () => {
  const { bench, office } = await signedBoard();
  await office.works(bench, "sign", "0x90200000", "app.bin", "--authority", "acme");
  const refused = await office.run(bench, "flash", ADDRESS, "app.bin");
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /signed for 0x90200000, not 0x90100000/);
  await office.works(bench, "flash", "--no-boot", "0x90200000", "app.bin");
  office.files["plain.bin"] = blink();
  await office.works(bench, "flash", "--no-boot", ADDRESS, "plain.bin");
  const before = snapshot(bench);
  const boot = await office.run(bench, "boot", ADDRESS);
  assert.equal(boot.code, 4);
  assert.match(boot.stderr, /BAD_SIGNATURE/);
  assertUnchanged(bench, before, "a signature for another address");
});

test("the check of a signed program of 1 MiB adds at most 60 ms to its start", async (context) => {
  const { bench, office } = await signedBoard();
  office.files["big.bin"] = summing(2 ** 20 - 8192, 1);
  await office.works(bench, "sign", ADDRESS, "big.bin", "--authority", "acme");
  await office.works(bench, "flash", "--no-boot", ADDRESS, "big.bin");
  const start = (): number => {
    bench.board.powerOff();
    bench.board.unplug();
    bench.run(20);
    bench.console.length = 0;
    bench.board.powerOn();
    return bench.runUntil(() => bench.console.length > 0, 2000, "the program's first line");
  };
  const signed = start();
  bench.board.plug();
  bench.reset();
  await office.works(bench, "policy", "allow-unsigned", "--authority", "acme");
  const plain = start();
  context.diagnostic(`start of 1 MiB: ${plain} ms unsigned, ${signed} ms signed`);
  assert.ok(signed - plain <= SIGNED_BOOT_LIMIT_MS, `${signed - plain} ms`);
});

/** Claims a board; everything is repeated to the nanosecond until `prepare`. */
async function claim(seed: number, prepare: (bench: Bench) => void): Promise<Bench> {
  let random = seededRandom(1);
  const bench = new Bench({ random: () => random() }).start();
  const office = new Office();
  await office.works(bench, "keys", "new-authority", "acme");
  random = seededRandom(seed);
  prepare(bench);
  await office.run(bench, "claim", "--authority", "acme").catch(() => undefined);
  return bench;
}

test("a claim that the power cuts at any word has happened or has not, and can be made again", async (context) => {
  const busy: number[] = [];
  const whole = await claim(0, (bench) => {
    const watch = () => {
      if (bench.board.chip.flash.registers.has("SR1", SR1_QW)) busy.push(bench.board.now);
      bench.board.after(2000, watch);
    };
    watch();
  });
  const [from = 0, to = 0] = [busy[0], busy.at(-1)];
  assert.ok(to > from, "the claim writes words");
  const owner = (await whole.with(({ session }) => session.send("ACCESS", {}))).owner;
  const counts = { open: 0, claimed: 0 };
  const torn = new Set<number>();
  const cuts = 24;
  for (let index = 0; index < cuts; index++) {
    const at = from - 20e3 + ((to - from + 40e3) * index) / (cuts - 1);
    const bench = await claim(index, ({ board }) => {
      board.after(at - board.now, () => {
        board.powerOff();
        board.interrupt();
      });
    });
    assert.ok(!bench.board.powered);
    for (const word of bench.board.save().internal.cells.broken) torn.add(word);
    for (const start of ["first", "second"]) {
      bench.board.powerOff();
      bench.run(20);
      bench.board.powerOn();
      const access = await bench.with(({ session }) => session.send("ACCESS", {}));
      const claimed = access.owned === OWNED.claimed;
      assert.ok(claimed || access.owned === OWNED.open, `cut at ${at}, ${start} start`);
      if (claimed) assert.deepEqual(access.owner, owner, `cut at ${at}: another owner`);
      if (start === "second") counts[claimed ? "claimed" : "open"]++;
    }
    await bench.with(async ({ session }) => {
      if ((await session.send("ACCESS", {})).owned === OWNED.open)
        await session.send("CLAIM", { authority: owner });
      assert.deepEqual((await session.send("ACCESS", {})).owner, owner);
    });
  }
  context.diagnostic(`${JSON.stringify(counts)}, torn words: ${[...torn].sort((a, b) => a - b)}`);
  assert.ok(counts.open > 1 && counts.claimed > 1, JSON.stringify(counts));
  assert.equal(torn.size, CLAIM_WORDS, "each word that a claim writes was torn once");
});
