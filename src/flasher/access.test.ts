/** A board that asks for a proof, and applications that carry a signature. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { newAuthority, unlockAuthority } from "../keys/authority.js";
import { proveOwner, signApplication } from "../keys/index.js";
import type { Session } from "../protocol/session.js";
import { seededRandom } from "../protocol/testing/fake-link.js";
import { boot, flashImage, LinkLostError } from "./index.js";
import { APP, app, type FakeBoard, fakeBoard } from "./testing/fake-board.js";

const next = seededRandom(5);
const owner = unlockAuthority(
  newAuthority((count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256))),
  "",
);
const prove = async (session: Session) => void (await proveOwner(session, owner));

async function claimed(prepare: (session: Session) => Promise<void>, maxReconnects = 3): Promise<FakeBoard> {
  const made = await fakeBoard(() => setImmediate(), { prepare, maxReconnects });
  made.board.access.owner = owner.publicKey;
  // The first session is older than the owner.
  await made.clock.until(made.connection.run(prepare));
  return made;
}

test("every session is proven anew, also when the link breaks in the middle of a job", async () => {
  const { clock, board, links, connection } = await claimed(prove);
  let writes = 0;
  board.onRequest = (name) => {
    if (name === "WRITE" && ++writes === 2) links.at(-1)?.unplug();
  };
  const report = await clock.until(flashImage(connection, app(20_000)));
  assert.equal(report.reconnects, 1);
  assert.equal(board.access.proofs, 2);
});

test("a link that breaks during the proof is opened anew; one that always does is lost", async () => {
  for (const [times, expected] of [
    [1, undefined],
    [9, LinkLostError],
  ] as const) {
    const { clock, board, links, connection } = await claimed(prove);
    let breaks = 0;
    let broken = false;
    board.onRequest = (name) => {
      if (name === "BEGIN" && !broken) {
        broken = true;
        links.at(-1)?.unplug();
      }
      if (name === "PROVE" && breaks++ < times) links.at(-1)?.unplug();
    };
    const job = clock.until(flashImage(connection, app(5000)));
    if (expected === undefined) assert.equal((await job).reconnects, 2);
    else await assert.rejects(job, expected);
  }
});

test("a signature is stored with the application, also where nothing differs, and lets it run", async () => {
  const { clock, board, connection } = await claimed(prove);
  board.access.policy = 1;
  const image = app(10_000);
  const bytes = image.segments[0]?.bytes ?? assert.fail();
  await clock.until(flashImage(connection, image));
  await assert.rejects(clock.until(boot(connection, APP)), { codeName: "BAD_SIGNATURE" });
  const signature = signApplication({ address: APP, bytes }, owner);
  const report = await clock.until(flashImage(connection, image, { signature }));
  assert.equal(report.programmedBytes, 0);
  assert.ok(board.log.lastIndexOf("SIGNATURE") < board.log.lastIndexOf("COMMIT"));
  assert.equal(board.unfinished, undefined);
  await clock.until(boot(connection, APP));
  assert.equal(board.booted, APP);
});
