/** Proofs that are not what they seem: none gives a right, and nothing changes. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ANY_BOARD } from "../../src/keys/certificate.js";
import { newKeyPair } from "../../src/keys/ed25519.js";
import { ALL_RIGHTS, RIGHT_BITS } from "../../src/protocol/access.js";
import type { BoardErrorName } from "../../src/protocol/errors.js";
import type { RequestOf } from "../../src/protocol/messages.js";
import type { Session } from "../../src/protocol/session.js";
import { Bench } from "./kit.js";
import {
  assertUnchanged,
  challengeSoon,
  claimedBoard,
  type Forgery,
  makeProof,
  Office,
  prove,
  refuses,
  snapshot,
} from "./office.js";

/** Milliseconds of board time that a proof may cost: issue of the board's user, who should not notice. */
const PROOF_LIMIT = 100;

async function stillLocked(session: Session): Promise<void> {
  assert.equal((await session.send("ACCESS", {})).rights, 0);
  await refuses(session.send("GET_BOOT_ADDRESS", {}), "DENIED", "after a failed proof");
}

test("a proof costs at most 100 ms of board time", async (context: TestContext) => {
  const { bench, office } = await claimedBoard();
  const forgery = { authority: office.authority("acme"), uid: bench.board.uniqueId };
  await bench.with(async ({ session }) => {
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const start = session.timers.now();
      await prove(session, forgery);
      times.push(session.timers.now() - start);
    }
    context.diagnostic(`proof: ${times.map((time) => time.toFixed(1)).join(", ")} ms of board time`);
    assert.ok(Math.max(...times) <= PROOF_LIMIT, `${times}`);
  });
});

test("a proof serves once: not again in its session, the next one, after a reset, or on another board", async () => {
  const { bench, office } = await claimedBoard();
  const authority = office.authority("acme");
  // For any board, so that only the proof itself stands in the way of another one.
  const forgery = { authority, uid: bench.board.uniqueId, board: ANY_BOARD };
  const before = snapshot(bench);
  let heard: RequestOf<"PROVE"> | undefined;
  const again = () => heard ?? assert.fail("nothing was heard");
  await bench.with(async ({ session }) => {
    heard = await makeProof(session, forgery);
    assert.notEqual((await session.send("PROVE", heard)).rights, 0);
    await refuses(session.send("PROVE", heard), "BAD_PROOF", "without a new challenge");
    await challengeSoon(session);
    await refuses(session.send("PROVE", heard), "BAD_PROOF", "in the same session");
  });
  await bench.with(async ({ session }) => {
    await stillLocked(session);
    await challengeSoon(session);
    await refuses(session.send("PROVE", again()), "BAD_PROOF", "in the next session");
    await stillLocked(session);
  });
  bench.reset();
  await bench.with(async ({ session }) => {
    await refuses(session.send("PROVE", again()), "BAD_PROOF", "after a reset, without a challenge");
    await challengeSoon(session);
    await refuses(session.send("PROVE", again()), "BAD_PROOF", "after a reset");
    await stillLocked(session);
  });
  assertUnchanged(bench, before, "replayed proofs");
  const other = new Bench({ seed: 2 }).start();
  assert.notDeepEqual(other.board.uniqueId, bench.board.uniqueId);
  await office.works(other, "claim", "--authority", "acme");
  const untouched = snapshot(other);
  await other.with(async ({ session }) => {
    await challengeSoon(session);
    await refuses(session.send("PROVE", again()), "BAD_PROOF", "on another board");
    await stillLocked(session);
  });
  assertUnchanged(other, untouched, "a proof of another board");
});

test("a proof ends with its session, with a reset and with a re-enumeration", async () => {
  const { bench, office } = await claimedBoard();
  const forgery = { authority: office.authority("acme"), uid: bench.board.uniqueId };
  const enter = () => bench.with(async ({ session }) => void (await prove(session, forgery)));
  const locked = () => bench.with(({ session }) => stillLocked(session));
  await enter();
  await locked();
  await enter();
  bench.reset();
  await locked();
  await bench.with(async ({ session }) => {
    await prove(session, forgery);
    bench.board.unplug();
    await session.timers.after(50, () => bench.board.plug());
    await assert.rejects(session.send("GET_BOOT_ADDRESS", {}));
  });
  await locked();
});

test("a challenge of before a reset is void", async () => {
  const { bench, office } = await claimedBoard();
  const forgery = { authority: office.authority("acme"), uid: bench.board.uniqueId };
  const before = snapshot(bench);
  let kept: RequestOf<"PROVE"> | undefined;
  await bench.with(async ({ session }) => {
    kept = await makeProof(session, forgery);
  });
  await bench.with(async ({ session }) => {
    await refuses(session.send("PROVE", kept ?? assert.fail()), "BAD_PROOF", "of an earlier session");
  });
  bench.reset();
  await bench.with(async ({ session }) => {
    await challengeSoon(session);
    await refuses(session.send("PROVE", kept ?? assert.fail()), "BAD_PROOF", "of before a reset");
    await stillLocked(session);
  });
  assertUnchanged(bench, before, "proofs of before a reset");
});

/** Each begins on a board that has just been switched on: it has no battery and forgets failures. */
async function eachRefused(
  forgeries: readonly (readonly [what: string, forgery: Forgery, error: BoardErrorName])[],
  bench: Bench,
): Promise<void> {
  const before = snapshot(bench);
  for (const [what, forgery, error] of forgeries) {
    bench.board.powerOff();
    bench.run(5);
    bench.board.powerOn();
    await bench.with(async ({ session }) => {
      await refuses(prove(session, forgery), error, what);
      await stillLocked(session);
    });
  }
  assertUnchanged(bench, before, "forged proofs");
}

test("a proof for another board, session, nonce or version, or by another holder, is refused", async () => {
  const { bench, office } = await claimedBoard({ battery: false });
  const authority = office.authority("acme");
  const uid = bench.board.uniqueId;
  const elsewhere = uid.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  const right = { authority, uid };
  const stranger = newKeyPair(new Office(5).random);
  await eachRefused(
    [
      ["a certificate for another board", { ...right, board: elsewhere }, "WRONG_BOARD"],
      ["a proof for another board", { ...right, change: { uid: elsewhere } }, "BAD_PROOF"],
      ["another nonce", { ...right, change: { nonce: new Uint8Array(32) } }, "BAD_PROOF"],
      ["another session", { ...right, change: { session: 77 } }, "BAD_PROOF"],
      ["another version", { ...right, change: { version: 2 } }, "BAD_PROOF"],
      ["another certificate", { ...right, change: { certificate: new Uint8Array(114) } }, "BAD_PROOF"],
      ["another authority", { ...right, authority: office.authority("other") }, "BAD_CERT"],
      ["a certificate by its holder", { ...right, authority: stranger, holder: stranger }, "BAD_CERT"],
    ],
    bench,
  );
});

test("a certificate with one bit changed is refused, whichever byte it is in", async () => {
  const { bench, office } = await claimedBoard({ battery: false });
  const right = { authority: office.authority("acme"), uid: bench.board.uniqueId };
  const forgeries = Array.from({ length: 114 }, (_, at) => {
    const bend = (certificate: Uint8Array) => {
      certificate[at] = (certificate[at] ?? 0) ^ (1 << (at % 8));
    };
    return [`byte ${at}`, { ...right, bend }, "BAD_CERT"] as const;
  });
  await eachRefused(forgeries, bench);
});

test("where the owner wants keys for this board alone, one for any is refused", async () => {
  const { bench, office } = await claimedBoard({ battery: false });
  const right = { authority: office.authority("acme"), uid: bench.board.uniqueId };
  await bench.with(async ({ session }) => {
    assert.equal(
      await prove(session, { ...right, board: ANY_BOARD, rights: RIGHT_BITS.read }),
      RIGHT_BITS.read,
    );
  });
  await office.works(bench, "policy", "own-certificates-only", "--authority", "acme");
  await eachRefused([["a certificate for any", { ...right, board: ANY_BOARD }, "WRONG_BOARD"]], bench);
  await bench.with(async ({ session }) => {
    const owner = { ...right, holder: right.authority, rights: ALL_RIGHTS };
    assert.equal(await prove(session, owner), ALL_RIGHTS);
  });
});

test("wrong proofs slow the board down, across a reset, until a right one", async () => {
  const { bench, office } = await claimedBoard();
  const right = { authority: office.authority("acme"), uid: bench.board.uniqueId };
  const wrong = { ...right, change: { session: 77 } };
  const waitNow = (session: Session) => session.send("ACCESS", {}).then(({ wait }) => wait);
  await bench.with(async ({ session }) => {
    for (const expected of [1000, 2000, 4000]) {
      await refuses(prove(session, wrong), "BAD_PROOF", "a wrong proof");
      const wait = await waitNow(session);
      assert.ok(wait > expected - 100 && wait <= expected, `${wait} ms of ${expected}`);
      await refuses(session.send("CHALLENGE", {}), "WAIT", "a challenge too soon");
    }
  });
  bench.reset();
  await bench.with(async ({ session }) => {
    const wait = await waitNow(session);
    assert.ok(wait > 3000 && wait <= 4000, `${wait} ms after a reset`);
    await prove(session, right);
    assert.equal(await waitNow(session), 0);
  });
});
