import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ALL_RIGHTS, POLICY_OWN_CERTIFICATES, RIGHT_BITS } from "../protocol/access.js";
import { BoardError } from "../protocol/errors.js";
import { Session } from "../protocol/session.js";
import { FakeBootloader } from "../protocol/testing/fake-bootloader.js";
import { FakeClock } from "../protocol/testing/fake-clock.js";
import { FakeFlash } from "../protocol/testing/fake-flash.js";
import { FakeLink, seededRandom } from "../protocol/testing/fake-link.js";
import { issueKey, newAuthority, unlockAuthority } from "./authority.js";
import { ANY_BOARD } from "./certificate.js";
import { dayOf } from "./dates.js";
import type { KeyPair } from "./ed25519.js";
import type { Key } from "./keys-file.js";
import { proveAccess, proveOwner, signProof } from "./proof.js";

const next = seededRandom(3);
const random = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256));
const NOW = Date.UTC(2026, 5, 1);

function newPair(): KeyPair {
  return unlockAuthority(newAuthority(random), "");
}

interface Setting {
  readonly clock: FakeClock;
  readonly board: FakeBootloader;
  readonly owner: KeyPair;
  open(): Promise<Session>;
  key(order?: { board?: Uint8Array; rights?: number; expiry?: number }, authority?: KeyPair): Key;
}

function setting(): Setting {
  const clock = new FakeClock(() => setImmediate());
  const board = new FakeBootloader(new FakeFlash(), clock);
  const owner = newPair();
  board.access.owner = owner.publicKey;
  return {
    clock,
    board,
    owner,
    open: () => clock.until(Session.open(new FakeLink(board, clock), clock)),
    key: (order = {}, authority = owner) =>
      issueKey(
        authority,
        { board: board.uid, name: "Ada", rights: RIGHT_BITS.flash, expiry: 0, ...order },
        random,
      ),
  };
}

test("an open board asks for nothing, nor does a bootloader that knows no owners", async () => {
  const { clock, board, open } = setting();
  board.access.owner = undefined;
  const grant = await clock.until(proveAccess(await open(), async () => [], NOW));
  assert.equal(grant.kind, "open");
  assert.ok(!board.log.includes("CHALLENGE"));
});

test("the right key among many proves its rights, and they last for the session", async () => {
  const { clock, board, open, key } = setting();
  const other = newPair();
  const fits = key({ rights: RIGHT_BITS.flash | RIGHT_BITS.read });
  const keys = [key({}, other), key({ board: new Uint8Array(12) }), key({ rights: RIGHT_BITS.boot }), fits];
  const session = await open();
  const grant = await clock.until(proveAccess(session, async () => keys, NOW));
  assert.ok(grant.kind === "proven");
  assert.equal(grant.key, fits);
  assert.equal(grant.rights, RIGHT_BITS.flash | RIGHT_BITS.read);
  await clock.until(session.send("READ", { address: 0x90100000, length: 4 }));
  await assert.rejects(clock.until(session.send("BOOT", { address: 0 })), { codeName: "DENIED", detail: 8 });
  const later = await open();
  assert.equal((await clock.until(later.send("ACCESS", {}))).rights, 0);
  assert.equal(board.access.proofs, 1);
});

test("of two keys the board's own goes before one for any, unless that gives more", async () => {
  const { clock, open, key } = setting();
  const any = key({ board: ANY_BOARD });
  const own = key();
  const more = key({ board: ANY_BOARD, rights: RIGHT_BITS.flash | RIGHT_BITS.boot });
  for (const [keys, expected] of [
    [[any, own], own],
    [[own, more], more],
    [[any], any],
  ] as const) {
    const grant = await clock.until(proveAccess(await open(), async () => keys, NOW));
    assert.ok(grant.kind === "proven");
    assert.equal(grant.key, expected);
  }
});

test("a key that must be refused is not sent, and it is told why", async () => {
  const { clock, board, open, key } = setting();
  const expired = key({ expiry: dayOf(NOW) });
  const unsound = { ...key(), privateKey: new Uint8Array(32) };
  board.access.policy = POLICY_OWN_CERTIFICATES;
  const cases = [
    [expired, "expired"],
    [unsound, "unsound"],
    [key({ board: ANY_BOARD }), "any"],
    [key({}, newPair()), undefined],
  ] as const;
  for (const [only, why] of cases) {
    const grant = await clock.until(proveAccess(await open(), async () => [only], NOW));
    assert.ok(grant.kind === "locked");
    assert.equal(grant.unusable?.why, why);
  }
  assert.ok(!board.log.includes("CHALLENGE"));
  const usable = key({ expiry: dayOf(NOW) + 1 });
  const grant = await clock.until(proveAccess(await open(), async () => [expired, usable], NOW));
  assert.equal(grant.kind, "proven");
});

test("the owner proves with the authority's key itself; another authority's stays locked", async () => {
  const { clock, open, owner } = setting();
  const session = await open();
  const grant = await clock.until(proveOwner(session, owner));
  assert.ok(grant.kind === "proven");
  assert.equal(grant.rights, ALL_RIGHTS);
  await clock.until(session.send("POLICY", { policy: 1 }));
  const stranger = await clock.until(proveOwner(await open(), newPair()));
  assert.equal(stranger.kind, "locked");
});

test("a proof serves once, for its nonce, its session number, its board and its version", async () => {
  const { clock, board, open, key } = setting();
  const { certificate, privateKey } = key();
  const uid = board.uid;
  const session = await open();
  const good = async () => ({
    ...(await clock.until(session.send("CHALLENGE", {}))),
    uid,
    version: 1,
    certificate,
  });
  const first = await good();
  const proof = signProof(first, privateKey);
  await clock.until(session.send("PROVE", { certificate, proof }));
  await assert.rejects(clock.until(session.send("PROVE", { certificate, proof })), { codeName: "BAD_PROOF" });
  for (const change of [
    { nonce: new Uint8Array(32) },
    { session: 1000 },
    { uid: new Uint8Array(12) },
    { version: 2 },
  ]) {
    await clock.until(new Promise<void>((resolve) => clock.after(64_000, resolve)));
    const bent = signProof({ ...(await good()), ...change }, privateKey);
    const sent = clock.until(session.send("PROVE", { certificate, proof: bent }));
    await assert.rejects(sent, { codeName: "BAD_PROOF" }, Object.keys(change)[0]);
  }
});

test("the time that failed proofs cost is waited for and told", async () => {
  const { clock, board, open, key } = setting();
  const { certificate } = key();
  const session = await open();
  const wrong = clock.until(session.send("PROVE", { certificate, proof: new Uint8Array(64) }));
  await assert.rejects(wrong, (error) => error instanceof BoardError && error.codeName === "BAD_PROOF");
  const waits: number[] = [];
  const onWait = (milliseconds: number) => waits.push(milliseconds);
  const grant = await clock.until(proveAccess(await open(), async () => [key()], NOW, { onWait }));
  assert.equal(grant.kind, "proven");
  assert.equal(waits.length, 1);
  assert.ok((waits[0] ?? 0) > 900 && (waits[0] ?? 0) <= 1000);
  assert.equal(board.access.failures, 0);
});
