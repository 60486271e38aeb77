/** Power-on, first stage, IMSSBL, application: the whole chain of a board whose first stage must stay (docs/imssbl.md). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bigApplication } from "../../examples/big.js";
import { buildExamples } from "../../examples/build.js";
import { internalImage, readBoard } from "../../src/cli/board-files.js";
import { installSecondStage } from "../../src/cli/emulated/make-board.js";
import { boot, getBootAddress, setBootAddress } from "../../src/flasher/index.js";
import { BoardError } from "../../src/protocol/errors.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { ROOT } from "../tools/root.js";
import { commandLine } from "./command-line.js";
import { BASE, Bench, type BenchOptions, bin, movedTo, WHOLE } from "./kit.js";

const NAME = "sp-racing-h7-extreme";
const SLOT = 0x90f9_0000;
const SLOT_BYTES = 0x7_0000;
const CONFIGURATION = 0x90f8_0000;
const SECOND = 0x9020_0000;
/** docs/protocol.md section 8, in the registers that boards/sp-racing-h7-extreme.json names. */
const REQUEST = "RTC_BKP16R";
const REQUEST_ADDRESS = "RTC_BKP17R";
const STAY = 0x4c46_4d53;
const RUN = 0x4c46_4d52;
const REASON = { REQUEST: 1, NOT_BOOTABLE: 5 } as const;

const examples = buildExamples(ROOT, readBoard(NAME));
const example = (name: string): Uint8Array =>
  new Uint8Array(examples.find((one) => one.name === name)?.bin ?? assert.fail(name));
const blink = example("blink");
const big = (payload: number, seed: number): Uint8Array => bigApplication(example("big"), payload, seed);

const board = (options: BenchOptions = {}): Bench => new Bench({ name: NAME, ...options });

/** A board with one program at BASE and another at SECOND. */
function twoPrograms(): Bench {
  const bench = board();
  bench.flash(BASE, blink.length).set(blink);
  bench.flash(SECOND, blink.length).set(movedTo(blink, SECOND));
  return bench;
}

const runsAt = (bench: Bench): string => bench.waitConsole(/blink: running from/, 4000).slice(-60);

/** The same flash chip and chip after power-off. */
const afterPowerOff = (bench: Bench): Bench =>
  board({ state: bench.board.save(), uniqueId: bench.board.uniqueId });

const reasonOf = async (bench: Bench): Promise<number> =>
  (await bench.with(({ session }) => session.send("INFO", {}))).reason;

test("under strict caches, the chain runs up to an application with nothing to tell", async () => {
  const bench = board({ caches: "strict" }).start();
  await bench.flashAndBoot(bin(big(100_000, 3)));
  bench.waitConsole(WHOLE, 4000);
  assert.deepEqual(bench.messages, []);
});

test("flash over old content, by its own command line; the internal flash is never touched", async () => {
  const bench = board().start();
  const before = bench.board.save().internal;
  const internal = structuredClone(before);
  bench.flash(BASE, 40_000).set(big(30_000, 5).subarray(0, 40_000));
  const program = big(300_000, 6);
  const { code, stderr } = await commandLine(bench, { "app.bin": program }, "flash", "0x90100000", "app.bin");
  assert.equal(code, 0, stderr);
  bench.waitConsole(WHOLE, 4000);
  assert.deepEqual(bench.flash(BASE, program.length), program);
  await bench.drive(Promise.resolve(bench.reset()));
  await bench.with((connection) => setBootAddress(connection, SECOND));
  assert.deepEqual(bench.board.save().internal, internal);
});

/** Vectors, and a loop at the reset vector: what runs changes nothing of the machine. */
function standstill(): Uint8Array {
  const program = new Uint8Array(0x404);
  const view = new DataView(program.buffer);
  view.setUint32(0, 0x2002_0000, true);
  view.setUint32(4, BASE + 0x401, true);
  view.setUint16(0x400, 0xe7fe, true);
  return program;
}

/** RCC, PWR, EXTI, TIM6, SysTick, NVIC, SCB, MPU, FPU: words that a first stage leaves changed. */
const BLOCKS: readonly (readonly [address: number, words: number])[] = [
  [0x5802_4400, 0x120 / 4],
  [0x5802_4800, 8],
  [0x5800_0000, 0xb0 / 4],
  [0x4000_1000, 12],
  [0x5200_2000, 1],
  [0xe000_e010, 4],
  [0xe000_e100, 5],
  [0xe000_e200, 5],
  [0xe000_e400, 38],
  [0xe000_ed0c, 8],
  [0xe000_ed88, 1],
  [0xe000_ed90, 2],
  [0xe000_ef34, 1],
];

/** Where two such boards may differ: RCC_BDCR and RCC_CSR are not touched; the port clocks of the flash pins stay on. */
const OWN = new Set([0x5802_4470, 0x5802_4474, 0x5802_44e0, 0x5802_4540]);

function machine(bench: Bench): string[] {
  const { debug, usesPsp, privileged } = bench.board.chip.cpu;
  const words = BLOCKS.flatMap(([base, count]) =>
    Array.from({ length: count }, (_, index) => base + 4 * index)
      .filter((address) => !OWN.has(address))
      .map((address) => `${address.toString(16)}: ${debug.read(address, 4).toString(16)}`),
  );
  debug.write(0xe000_ed98, 4, 15);
  const overdrive = bench.board.chip.syscfg.registers.get("PWRCR");
  return [
    ...words,
    `PWRCR ${overdrive}`,
    `MPU 15: ${debug.read(0xe000_eda0, 4)}`,
    `PSP ${usesPsp}, privileged ${privileged}`,
  ];
}

test("an application finds the machine that IMBootloader would have left, whatever the first stage left", () => {
  const [own, second] = ["emulated", NAME].map((name) => {
    const bench = new Bench({ name });
    bench.flash(BASE, 0x404).set(standstill());
    bench.board.powerOn();
    bench.runUntil(() => bench.board.chip.cpu.pc === BASE + 0x400, 200, `${name}: the application`);
    return machine(bench);
  });
  assert.deepEqual(second, own);
});

test("the first stage runs no image whose hash is wrong, or that was cut off; DFU brings the board back", async () => {
  const bench = board();
  const damages: readonly ((slot: Uint8Array) => void)[] = [
    (slot) => (slot[1000] = (slot[1000] ?? 0) ^ 1),
    (slot) => (slot[SLOT_BYTES - 1] = (slot[SLOT_BYTES - 1] ?? 0) ^ 0x80),
    (slot) => (slot[SLOT_BYTES - 64] = 1),
    (slot) => slot.fill(0xff, SLOT_BYTES / 2),
    (slot) => slot.fill(0xff),
  ];
  for (const damage of damages) {
    installSecondStage(bench.board, NAME);
    damage(bench.flash(SLOT, SLOT_BYTES));
    bench.console.length = 0;
    bench.start();
    bench.waitConsole(/^first stage: no valid firmware/);
    bench.run(3000);
    assert.equal(bench.board.host.cdc, undefined);
    assert.equal(bench.board.chip.cpu.pc >>> 24, 0x08);
    bench.board.unplug();
    bench.board.powerOff();
  }
  installSecondStage(bench.board, NAME);
  bench.start();
  assert.equal(await reasonOf(bench), REASON.NOT_BOOTABLE);
});

test("its own slot, the configuration, the log and the journal are neither written nor erased", async () => {
  const bench = board().start();
  const content = bench.board.flashChip.content.slice();
  for (const address of [
    0x9000_0000,
    0x9003_0000,
    0x9004_0000,
    0x9005_f000,
    CONFIGURATION,
    SLOT,
    SLOT + 0x6_f000,
  ]) {
    const text = `0x${address.toString(16)}`;
    for (const argv of [
      ["flash", text, "app.bin"],
      ["erase", text, "4096"],
    ]) {
      const { code, stderr } = await commandLine(bench, { "app.bin": new Uint8Array(4096) }, ...argv);
      assert.equal(code, 1, argv.join(" "));
      assert.match(stderr, /reserve/i);
    }
    await bench.with(async ({ session }) => {
      const begun = session.send("BEGIN", { ranges: [{ address, length: 4096 }] });
      await assert.rejects(begun, (error) => error instanceof BoardError && error.codeName === "RESERVED");
    });
  }
  assert.ok(Buffer.from(content).equals(bench.board.flashChip.content));
});

test("the boot address outlives the power; flash ADDR and boot run another once", async () => {
  const bench = twoPrograms().start();
  await bench.with((connection) => setBootAddress(connection, SECOND));
  const later = afterPowerOff(bench);
  later.board.powerOn();
  assert.match(runsAt(later), /0x9020/);
  later.board.plug();
  later.reset();
  await later.with((connection) => boot(connection, BASE));
  later.console.length = 0;
  assert.match(runsAt(later), /0x9010/);
  later.board.unplug();
  later.reset();
  later.console.length = 0;
  assert.match(runsAt(later), /0x9020/);
});

test("a request in the board's own backup registers goes through the first stage: stay, or run an address once", async () => {
  const bench = twoPrograms();
  bench.board.powerOn();
  runsAt(bench);
  const { registers } = bench.board.chip.rtc;
  registers.set(REQUEST, STAY);
  bench.board.plug();
  bench.reset();
  assert.equal(await reasonOf(bench), REASON.REQUEST);
  assert.equal(registers.get(REQUEST), 0);
  registers.set(REQUEST_ADDRESS, SECOND);
  registers.set(REQUEST, RUN);
  bench.reset();
  bench.console.length = 0;
  assert.match(runsAt(bench), /0x9020/);
  for (const name of ["RTC_BKP0R", "RTC_BKP1R", "RTC_BKP2R"] as const) assert.equal(registers.get(name), 0);
});

test("nothing replaces what is in the internal flash: update-bootloader is refused, with IMSSBL's steps", async () => {
  const bench = board().start();
  const internal = structuredClone(bench.board.save().internal);
  for (const files of [[], ["other.bin"]]) {
    const outcome = await commandLine(
      bench,
      { "other.bin": internalImage("emulated") },
      "update-bootloader",
      ...files,
    );
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /keeps the bootloader it came with.*\n(.*\n)*.*0x90F90000:0x70000/);
  }
  await bench.with(async ({ session }) => {
    const refused = (error: unknown): boolean =>
      error instanceof BoardError && error.codeName === "NOT_REPLACEABLE";
    await assert.rejects(session.send("STAGE", { offset: 0, data: new Uint8Array(4) }), refused);
  });
  assert.deepEqual(bench.board.save().internal, internal);
});

test("the option bytes belong to the first stage: read-out protection is refused", async () => {
  const bench = board().start();
  const options = structuredClone(bench.board.save().internal.options);
  await bench.with(async ({ session }) => {
    const refused = (error: unknown): boolean =>
      error instanceof BoardError && error.codeName === "PROTECTION";
    await assert.rejects(session.send("PROTECT", { level: 1 }), refused);
  });
  assert.deepEqual(bench.board.save().internal.options, options);
});

/** Power fails in operation `index` of storing a boot address. @returns the board afterwards; undefined: no such operation */
async function storeWithCut(index: number, random: () => number): Promise<Bench | undefined> {
  let count = -1;
  const bench: Bench = board({
    seed: index + 1,
    onFlashOperation: () => {
      if (count < 0 || count++ !== index) return;
      const { now, flashChip } = bench.board;
      bench.board.after((flashChip.stableUntil - now) * random(), () => {
        bench.board.powerOff();
        bench.board.interrupt();
      });
    },
  }).start();
  try {
    await bench.with((connection) => {
      count = 0;
      return setBootAddress(connection, SECOND);
    });
  } catch (error) {
    assert.ok(!bench.board.powered, String(error));
  }
  return bench.board.powered ? undefined : afterPowerOff(bench);
}

test("power cuts while a boot address is stored: it is the old one or the new one, and can be stored again", async (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  let cuts = 0;
  for (let round = 0; round < 3; round++) {
    for (let index = 0; ; index++) {
      const bench = await storeWithCut(index, random);
      if (bench === undefined) break;
      cuts++;
      bench.start();
      const stored = await bench.with(getBootAddress);
      assert.ok([BASE, SECOND].includes(stored.address), `${stored.address}`);
      await bench.with((connection) => setBootAddress(connection, SECOND));
      const again = afterPowerOff(bench).start();
      assert.equal((await again.with(getBootAddress)).address, SECOND);
    }
  }
  assert.equal(cuts, 6, "a slot, and its mark, in each round");
});
