/** The cable and the host while the board is flashed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { flashImage, LinkLostError, type Progress } from "../../src/flasher/index.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { EmulatedTransport } from "../../src/transport/emulated/transport.js";
import { BASE, Bench, bin, summing, WHOLE } from "./kit.js";

const OLD = summing(60_000, 3);
const NEW = summing(50_000, 7);
/** Kept: behind the image in its last sector. */
const NOTE_AT = BASE + 0xd000 - 4;
const NOTE = Uint8Array.of(1, 2, 3, 4);

function boardWithOldImage(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench(options);
  bench.flash(BASE, OLD.length).set(OLD);
  bench.flash(NOTE_AT, NOTE.length).set(NOTE);
  return bench.start();
}

/** Does `act` once, `ms` after the first byte was written. */
function once(bench: Bench, ms: number, act: () => void): (progress: Progress) => void {
  let armed = true;
  return ({ phase }) => {
    if (!armed || phase !== "write") return;
    armed = false;
    bench.board.after(ms * 1e6, () => {
      act();
      bench.board.interrupt();
    });
  };
}

function assertComplete(bench: Bench): void {
  assert.deepEqual(bench.flash(BASE, NEW.length), NEW);
  assert.deepEqual(bench.flash(NOTE_AT, NOTE.length), NOTE);
  bench.waitConsole(WHOLE);
}

test("a cable pulled and put back while it writes: the same job goes on and completes, kept bytes and all", async () => {
  for (const [after, away] of [
    [0, 1],
    [3.3, 50],
    [20, 400],
    [60, 1500],
    [100, 2000],
  ] as const) {
    const bench = boardWithOldImage();
    const pull = (): void => {
      bench.board.unplug();
      bench.board.after(away * 1e6, () => bench.board.plug());
    };
    const report = await bench.flashAndBoot(bin(NEW), { onProgress: once(bench, after, pull) });
    assert.equal(report.reconnects, 1, `pulled after ${after} ms for ${away} ms`);
    assertComplete(bench);
  }
});

test("a reset button pressed while it writes: the board comes back unfinished, and the same job completes", async () => {
  const bench = boardWithOldImage();
  const report = await bench.flashAndBoot(bin(NEW), {
    onProgress: once(bench, 30, () => bench.board.pressReset()),
  });
  assert.equal(report.reconnects, 1);
  assertComplete(bench);
});

test("a host that sleeps for a second ends the session, as a pulled cable does, and the same job goes on", async () => {
  const bench = boardWithOldImage();
  const nap = (): void => {
    bench.board.host.sleep();
    bench.board.after(1000e6, () => bench.board.host.wake());
  };
  const report = await bench.flashAndBoot(bin(NEW), { onProgress: once(bench, 10, nap) });
  assert.equal(report.reconnects, 1);
  assertComplete(bench);
});

test("a host that sleeps longer than the flasher waits: named, and the next flash completes", async () => {
  const bench = boardWithOldImage();
  const sleep = (): void => bench.board.host.sleep();
  await assert.rejects(bench.flashAndBoot(bin(NEW), { onProgress: once(bench, 10, sleep) }), (error) => {
    assert.ok(error instanceof LinkLostError, String(error));
    assert.match(error.message, /the board stays in its bootloader, and the same command completes it/);
    return true;
  });
  bench.board.host.wake();
  bench.run(100);
  await bench.flashAndBoot(bin(NEW));
  bench.waitConsole(WHOLE);
  assert.deepEqual(bench.flash(BASE, NEW.length), NEW);
});

/** Changes a byte of every packet in `share` of them. */
function damage(random: () => number, share: () => number) {
  return (bytes: Uint8Array): Uint8Array => {
    if (random() >= share()) return bytes;
    const damaged = bytes.slice();
    const at = Math.floor(random() * damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return random() < 0.3 ? damaged.subarray(1) : damaged;
  };
}

test("damaged bytes, either way, never end in a wrong image: the job completes or names the link, and nothing is lost", async (context) => {
  const counts = { completed: 0, named: 0 };
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    let share = 0;
    const fault = damage(random, () => share);
    const bench = boardWithOldImage({ seed, linkFault: { toDevice: fault, toHost: fault } });
    try {
      await bench.with(async (connection) => {
        share = seed % 2 === 0 ? 0.002 : 0.03;
        await flashImage(connection, bin(NEW));
        share = 0;
      });
      counts.completed++;
    } catch (error) {
      assert.ok(error instanceof LinkLostError, `seed ${seed}: ${String(error)}`);
      counts.named++;
    }
    share = 0;
    const report = await bench.flashAndBoot(bin(NEW));
    assert.equal(report.reconnects, 0, `seed ${seed}`);
    assert.deepEqual(bench.flash(BASE, NEW.length), NEW, `seed ${seed}`);
    bench.waitConsole(WHOLE);
  }
  context.diagnostic(JSON.stringify(counts));
  assert.ok(counts.completed > 0 && counts.named > 0);
});

test("garbage before and between sessions is not taken for anything", async () => {
  const bench = boardWithOldImage();
  await bench.drive(
    (async () => {
      const transport = new EmulatedTransport("emulated board", bench.board, await bench.port());
      const random = seededRandom(4);
      for (const length of [1, 63, 64, 65, 5000, 20_000]) {
        await transport.write(Uint8Array.from({ length }, () => Math.floor(random() * 256)));
        await new Promise<void>((resolve) => bench.board.after(20e6, resolve));
      }
      await transport.close();
    })(),
  );
  const report = await bench.flashAndBoot(bin(NEW));
  assert.equal(report.reconnects, 0);
  assertComplete(bench);
});
