/** The full flashing test on each board's own wiring, with its own bootloader and an application built for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildExamples } from "../../examples/build.js";
import { runsBootloader } from "../../src/boards/board.js";
import { boardNames, readBoard } from "../../src/cli/board-files.js";
import type { VerificationError } from "../../src/flasher/index.js";
import { eraseRange, flashImage, readRange, setBootAddress, verifyImage } from "../../src/flasher/index.js";
import { ROOT } from "../tools/root.js";
import { BASE, Bench, bin, movedTo, summing } from "./kit.js";

const SECTOR = 4096;
const SECOND = BASE + 0x4_0000;
const UNFINISHED = 3;
/** Longer than what replaces it, so that sectors are erased, rewritten, and bytes beside the image are kept. */
const OLD = summing(30_000, 5);

function blinkFor(name: string): Uint8Array {
  const built = buildExamples(ROOT, readBoard(name)).find((example) => example.name === "blink");
  return new Uint8Array(built?.bin ?? []);
}

interface Desk {
  readonly bench: Bench;
  readonly leds: boolean[];
  /** The power fails in that erase from now on. */
  readonly armed: { erases: number };
}

/** The power fails for a moment. */
function cut(bench: Bench): void {
  bench.board.powerOff();
  bench.board.after(50e6, () => bench.board.powerOn());
}

/** A board with an old program, whose LED and console are watched. */
function desk(name: string): Desk {
  const leds: boolean[] = [];
  const armed = { erases: 0 };
  const bench: Bench = new Bench({
    name,
    onLed: (on) => leds.push(on),
    onFlashOperation: (kind) => {
      if (kind === "erase" && armed.erases > 0 && --armed.erases === 0)
        bench.board.after(1e6, () => cut(bench));
    },
  });
  bench.flash(BASE, OLD.length).set(OLD);
  return { bench: bench.start(), leds, armed };
}

/** The power fails in the middle of a flashing: the board stays, and the same command completes it. */
async function cutAndComplete({ bench, armed }: Desk, program: Uint8Array): Promise<void> {
  armed.erases = 2;
  const reasons: number[] = [];
  await bench.with(async (connection) => {
    const report = await flashImage(connection, bin(program));
    reasons.push((await connection.session.send("INFO", {})).reason);
    assert.equal(report.reconnects, 1, "the power failed on the way");
  });
  assert.deepEqual(reasons, [UNFINISHED]);
}

/* A board with a first stage runs IMSSBL behind it, of which imssbl*.test.ts has more. Others are emulated only. */
for (const name of boardNames().filter((one) => runsBootloader(readBoard(one)))) {
  test(`${name}: flash over old content, power cut, verify, read, boot, restart, erase, on its own wiring`, async () => {
    const at = desk(name);
    const { bench, leds } = at;
    const blink = blinkFor(name);
    await bench.with(async ({ session }) => {
      assert.equal((await session.send("INFO", {})).board, name);
      const { size, application, reserved } = await session.send("GEOMETRY", {});
      const { flash, regions, firstStage } = bench.board.board;
      const own = [regions.journal, regions.log, firstStage?.slot].filter((region) => region !== undefined);
      assert.equal(size, flash.size);
      assert.deepEqual(application, regions.application);
      assert.deepEqual(reserved, [...own, ...regions.reserved]);
    });
    const big = summing(200_000, 9);
    await cutAndComplete(at, big);
    assert.deepEqual(bench.flash(BASE, big.length), big);

    const report = await bench.flashAndBoot(bin(blink));
    assert.ok(report.erasedBytes >= SECTOR);
    assert.deepEqual(bench.flash(BASE, blink.length), blink);
    assert.deepEqual(bench.flash(BASE + SECTOR, SECTOR), big.subarray(SECTOR, 2 * SECTOR), "kept");
    bench.waitConsole(/^blink: running from external flash at 0x9010/);
    leds.length = 0;
    bench.waitConsole(/^blink 1$/, 3000);
    if (bench.board.board.led !== undefined) assert.ok(leds.length >= 2, `LED changed ${leds.length} times`);

    bench.reset();
    await bench.with(async (connection) => {
      await flashImage(connection, bin(movedTo(blink, SECOND), SECOND));
      await verifyImage(connection, bin(blink));
      assert.deepEqual(await readRange(connection, BASE, blink.length), blink);
      const wrong = blink.with(17, (blink[17] ?? 0) ^ 1);
      await assert.rejects(verifyImage(connection, bin(wrong)), (error: VerificationError) => {
        return error.address === BASE + 17;
      });
      assert.equal((await setBootAddress(connection, SECOND)).address, SECOND);
    });
    bench.board.unplug();
    bench.console.length = 0;
    bench.reset();
    bench.waitConsole(/^blink: running from external flash at 0x9014/);

    bench.board.plug();
    bench.reset();
    await bench.with((connection) => eraseRange(connection, BASE, SECTOR));
    assert.ok(bench.flash(BASE, SECTOR).every((byte) => byte === 0xff));
  });
}
