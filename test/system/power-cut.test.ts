/** The power fails in the middle of every operation of the flash chip, and of the internal log: never half an image. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { CHIP_BYTES } from "../../src/emulator/board/chip.js";
import { GuestMemory } from "../../src/emulator/guest-memory.js";
import { flashImage, getBootAddress, setBootAddress } from "../../src/flasher/index.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { BASE, Bench, type BenchOptions, bin, summing } from "./kit.js";

const SECTOR = 4096;
const UNFINISHED = 3;
/** Neither ends with a sector: what lies behind the image in its last sector is kept. */
const OLD = summing(9000, 3);
const NEW = summing(11_000, 7);
const NOTE_AT = BASE + 3 * SECTOR + 0xf00;
const NOTE = Uint8Array.of(0x4e, 0x4f, 0x54, 0x45);
/** Board time from power to the application's last line: 115200 baud is most of it. */
const APPLICATION_MS = 60;
const MIDDLE = BASE + 0x8_0000;
const OTHER = BASE + 0x10_0000;
/** FLASH_SR1: an operation waits or is under way (RM0433, FLASH_SR1.QW). */
const SR1_QW = 1 << 2;

type Start = Pick<BenchOptions, "state">;

const MEMORY_BYTES = CHIP_BYTES + (48 << 20);
/** Of one board after the other: each is gone when the next one is made, but where a test gives it a memory of its own. */
const shared = new GuestMemory(MEMORY_BYTES);

function nextBench(options: BenchOptions): Bench {
  if (options.memory === undefined) shared.clear();
  return new Bench({ memory: shared, ...options });
}

/** A board with the old program, to which nobody has talked yet. */
function freshBoard(options: BenchOptions): Bench {
  const bench = nextBench(options);
  if (options.state === undefined) {
    bench.flash(BASE, OLD.length).set(OLD);
    bench.flash(NOTE_AT, NOTE.length).set(NOTE);
  }
  return bench;
}

/** Cuts the power in the middle of operation number `index`, at an instant that `random` chooses. */
function boardWithCut(start: Start, index: number, random: () => number): Bench {
  let count = 0;
  const bench: Bench = freshBoard({
    ...start,
    seed: index + 1,
    onFlashOperation: () => {
      if (count++ !== index) return;
      const { now, flashChip } = bench.board;
      bench.board.after((flashChip.stableUntil - now) * random(), () => cut(bench));
    },
  });
  return bench;
}

function cut(bench: Bench): void {
  bench.board.powerOff();
  bench.board.interrupt();
}

/** @returns true when the power failed on the way. */
async function flashUntilCut(bench: Bench): Promise<boolean> {
  try {
    await bench.start().flashAndBoot(bin(NEW));
  } catch (error) {
    assert.ok(!bench.board.powered, `failed without a power cut: ${String(error)}\n${bench.story()}`);
  }
  return !bench.board.powered;
}

/**
 * Power comes back to a board with no host: either a whole program runs, or none.
 * @returns the program that runs
 */
function powerBack(bench: Bench, programs: readonly Uint8Array[]): Uint8Array | undefined {
  bench.board.unplug();
  bench.run(20);
  bench.console.length = 0;
  bench.board.powerOn();
  bench.run(APPLICATION_MS);
  if (bench.console.length === 0) return undefined;
  assert.equal(bench.console.length, 2, bench.story());
  const line = bench.console[1] ?? "";
  const whole = programs.find(
    (bytes) =>
      line.includes(`payload of ${bytes === OLD ? 9000 : 11_000} bytes`) && line.includes(", sum right "),
  );
  assert.ok(whole !== undefined, `half a program ran: ${bench.story()}`);
  assert.deepEqual(bench.flash(BASE, whole.length), whole, "runs, and is not what lies in the flash");
  return whole;
}

/** A host is there again: the board can be flashed completely, and then runs the new program. */
async function recover(bench: Bench, ran: Uint8Array | undefined): Promise<void> {
  bench.board.plug();
  if (ran !== undefined) bench.reset();
  await bench.with(async (connection) => {
    const { reason } = await connection.session.send("INFO", {});
    if (ran === undefined) assert.equal(reason, UNFINISHED, bench.story());
    await flashImage(connection, bin(NEW));
  });
  assert.deepEqual(bench.flash(BASE, NEW.length), NEW);
  bench.board.powerOff();
  assert.equal(powerBack(bench, [NEW]), NEW, bench.story());
}

interface Outcomes {
  cuts: number;
  stayed: number;
  old: number;
}

/** One run for each operation of a flashing whose address `chosen` takes. */
async function cutEverywhere(start: Start, chosen: (address: number) => boolean): Promise<Outcomes> {
  const addresses: number[] = [];
  const whole = freshBoard({ ...start, onFlashOperation: (_, address) => addresses.push(address) });
  assert.equal(await flashUntilCut(whole), false);
  const indexes = Array.from(addresses.keys()).filter((index) => chosen(addresses[index] ?? 0));
  const outcomes: Outcomes = { cuts: indexes.length, stayed: 0, old: 0 };
  const random = seededRandom(20);
  for (const index of indexes) {
    const bench = boardWithCut(start, index, random);
    assert.equal(await flashUntilCut(bench), true, `operation ${index} was not cut`);
    const ran = powerBack(bench, [OLD, NEW]);
    if (ran === OLD) assert.deepEqual(bench.flash(NOTE_AT, NOTE.length), NOTE);
    if (ran === OLD) outcomes.old++;
    if (ran === undefined) outcomes.stayed++;
    await recover(bench, ran);
  }
  return outcomes;
}

test("power cut in every operation of a flashing: stays, or runs a whole program, and can be flashed", async (context) => {
  const { cuts, stayed, old } = await cutEverywhere({}, () => true);
  context.diagnostic(`${cuts} cuts: stayed ${stayed} times, ran the old program ${old} times`);
  assert.ok(cuts > 50 && stayed > 40 && old >= 1);
});

test("power cut while a record of the journal is written: its page reads differently, and the ones beside it count", async () => {
  // Two sectors, so that each is erased for itself: the second one's KEEP comes when the first one is new already.
  const [old, fresh] = [summing(3000, 3), summing(3500, 7)];
  assert.equal(Math.ceil(fresh.length / SECTOR), 2);
  const { journal } = new Bench().board.board.regions;
  let records = 0;
  const bench: Bench = new Bench({
    onFlashOperation: (kind, address) => {
      if (kind !== "program" || address < journal.address - 0x9000_0000) return;
      // The header with BEGIN is the first.
      if (records++ !== 1) return;
      const { now, flashChip } = bench.board;
      bench.board.after((flashChip.stableUntil - now) / 2, () => cut(bench));
    },
  });
  bench.flash(BASE, old.length).set(old);
  await assert.rejects(bench.start().flashAndBoot(bin(fresh)));
  assert.equal(records, 2);
  assert.deepEqual(bench.flash(BASE, SECTOR), fresh.subarray(0, SECTOR));
  assert.notDeepEqual(bench.flash(BASE, fresh.length), fresh);
  assert.equal(powerBack(bench, []), undefined);
  await recover(bench, undefined);
});

/** A board whose journal holds so many records, whole at the end. */
async function withJournal(records: number): Promise<Start> {
  const bench = freshBoard({ memory: new GuestMemory(MEMORY_BYTES) }).start();
  const range = { address: BASE, length: SECTOR };
  const whole = { ...range, sha256: sha256(bench.flash(BASE, SECTOR)) };
  await bench.with(async ({ session }) => {
    for (let left = records; left > 0; left -= left === 3 ? 3 : 2) {
      if (left === 3) await session.send("BEGIN", { ranges: [range] });
      await session.send("BEGIN", { ranges: [range] });
      await session.send("COMMIT", { ranges: [whole] });
    }
  });
  return { state: bench.board.save() };
}

test("power cut while the journal changes its sector, at the beginning or at the end of a flashing", async () => {
  const { journal } = new Bench().board.board.regions;
  const first = journal.address - 0x9000_0000;
  for (const records of [127, 128]) {
    const state = await withJournal(records);
    const changes: number[] = [];
    const { cuts } = await cutEverywhere(state, (address) => {
      if (address >= first) changes.push(address - (address % SECTOR));
      return address >= first;
    });
    assert.ok(cuts >= 3 && changes.includes(first + SECTOR), `${records} records: ${changes}`);
  }
});

/** A bench that shall store OTHER as its boot address, from a board that stored another one before. */
async function storeBootAddress(seed: number, prepare: (bench: Bench) => void): Promise<Bench> {
  let random = seededRandom(1);
  const bench = nextBench({ random: () => random() });
  bench.flash(BASE, OLD.length).set(OLD);
  bench.start();
  await bench.with((connection) => setBootAddress(connection, MIDDLE));
  // What is torn is drawn anew; all before is the same in every run.
  random = seededRandom(seed);
  prepare(bench);
  await bench.with((connection) => setBootAddress(connection, OTHER)).catch(() => {});
  return bench;
}

test("power cut while the boot address is stored: the old one or the new one counts, and it can be stored again", async (context) => {
  // Everything is repeated to the nanosecond: the first run tells when the word is programmed.
  const busy: number[] = [];
  await storeBootAddress(0, (bench) => {
    const watch = () => {
      if (bench.board.chip.flash.registers.has("SR1", SR1_QW)) busy.push(bench.board.now);
      bench.board.after(2000, watch);
    };
    watch();
  });
  const [from = 0, to = 0] = [busy[0], busy.at(-1)];
  assert.ok(to - from > 50e3 && to - from < 200e3, `programming took ${to - from} ns`);
  const counts = { old: 0, new: 0, torn: 0 };
  for (let index = 0; index < 24; index++) {
    const at = from - 20e3 + ((to - from + 40e3) * index) / 23;
    const bench = await storeBootAddress(index, (made) => {
      made.board.after(at - made.board.now, () => cut(made));
    });
    assert.ok(!bench.board.powered);
    counts.torn += bench.board.save().internal.cells.broken.length;
    bench.board.powerOn();
    await bench.with(async (connection) => {
      const { address, free } = await getBootAddress(connection);
      assert.ok(address === MIDDLE || address === OTHER, `cut at ${at}: ${address.toString(16)}`);
      counts[address === OTHER ? "new" : "old"]++;
      assert.ok(free >= 2045 && free <= 2047);
      assert.equal((await setBootAddress(connection, OTHER)).address, OTHER);
    });
    bench.reset();
    assert.equal((await bench.with((connection) => getBootAddress(connection))).address, OTHER);
  }
  context.diagnostic(JSON.stringify(counts));
  assert.ok(counts.old > 3 && counts.new > 3 && counts.torn > 0);
});

/** Cuts the power at random instants while the board is flashed; sometimes the flasher lives on, sometimes it does not. */
async function history(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const bench = freshBoard({ seed });
  let programs = [OLD];
  let noted = true;
  for (let cuts = 1 + Math.floor(random() * 3); cuts > 0; cuts--) {
    const patient = random() < 0.5;
    bench.board.plug();
    bench.board.powerOn();
    const off = bench.board.after((180 + random() * 350) * 1e6, () => {
      cut(bench);
      if (patient) bench.board.after(random() * 500e6, () => bench.board.powerOn());
    });
    const job = bench.with((connection) => flashImage(connection, bin(NEW)));
    const ended = await job.then(
      () => true,
      () => false,
    );
    off();
    if (patient) assert.ok(ended, `a flasher that waits completes; ${bench.story()}`);
    // Whoever dies takes with it what it had read to be put back.
    noted &&= ended;
    if (noted) assert.deepEqual(bench.flash(NOTE_AT, NOTE.length), NOTE, "kept bytes survive");
    if (ended) programs = [NEW];
    bench.board.powerOff();
    const ran = powerBack(bench, [...programs, NEW]);
    if (ended) assert.equal(ran, NEW);
    bench.board.powerOff();
    bench.run(20);
  }
  bench.board.powerOn();
  bench.run(APPLICATION_MS);
  await recover(bench, bench.console.length > 0 ? NEW : undefined);
}

test("30 random histories of power cuts at any nanosecond, with flashers that wait and flashers that die", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    await history(seed).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
});
