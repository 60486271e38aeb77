/** Proving to a board who holds a key: docs/protocol.md section 11.3. */

import { OWNED, POLICY_OWN_CERTIFICATES, rightNames } from "../protocol/access.js";
import { uidFromBoardId } from "../protocol/board-id.js";
import { ByteWriter } from "../protocol/bytes.js";
import { BoardError } from "../protocol/errors.js";
import { type Access, type AnswerOf, PROTOCOL_VERSION } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import { ownKey } from "./authority.js";
import { isForAnyBoard } from "./certificate.js";
import { isExpired } from "./dates.js";
import { type KeyPair, sameBytes, signTagged } from "./ed25519.js";
import { type Key, keyFault } from "./keys-file.js";

const TAG = "IMFL-PROOF-1";
/** How often a board may say WAIT before its error is passed on. */
const WAIT_ATTEMPTS = 3;

export interface ProofStatement extends AnswerOf<"CHALLENGE"> {
  /** The board's unique id, 12 bytes. */
  readonly uid: Uint8Array;
  readonly version: number;
  readonly certificate: Uint8Array;
}

/** @returns 64 bytes. @param privateKey the holder's. */
export function signProof(statement: ProofStatement, privateKey: Uint8Array): Uint8Array {
  const { nonce, uid, version, session, certificate } = statement;
  const writer = new ByteWriter();
  writer.bytes(nonce);
  writer.bytes(uid);
  writer.unsigned(2, version);
  writer.unsigned(4, session);
  writer.bytes(certificate);
  return signTagged(TAG, [writer.finish()], privateKey);
}

/** Why no key was used, beside that there is none. */
export type Unusable =
  | { readonly why: "expired"; readonly key: Key }
  | { readonly why: "any"; readonly key: Key }
  | { readonly why: "unsound"; readonly key: Key; readonly fault: string };

/** What a session may do. */
export type Grant =
  | { readonly kind: "open"; readonly access: Access | undefined }
  | { readonly kind: "proven"; readonly access: Access; readonly key: Key; readonly rights: number }
  /** Not proven: `key` would fit. */
  | { readonly kind: "ready"; readonly access: Access; readonly key: Key }
  | { readonly kind: "locked"; readonly access: Access; readonly unusable: Unusable | undefined };

/** Asked for only when the board has an owner. */
export type KeySource = () => Promise<readonly Key[]>;

export interface ProveOptions {
  /** Told before the board's time for failed proofs is waited for. Milliseconds. */
  readonly onWait?: (milliseconds: number) => void;
}

/**
 * Which key would do, without proving anything.
 * @param now milliseconds since 1970-01-01, UTC: boards have no clock, so expiry is looked at here
 */
export async function lookForKey(
  session: Session,
  keys: KeySource,
  now: number,
): Promise<Exclude<Grant, { kind: "proven" }>> {
  const access = await readAccess(session);
  if (access === undefined || access.owned === OWNED.open) return { kind: "open", access };
  const choice = chooseKey(await keys(), access, uidFromBoardId(session.hello.boardId), now);
  if (choice === undefined || "why" in choice) return { kind: "locked", access, unusable: choice };
  return { kind: "ready", access, key: choice };
}

/**
 * Proves with the best key that fits the board; a key that must be refused is not sent.
 * @param now as for `lookForKey`
 * @throws BoardError when the board refuses the proof (BAD_CERT, WRONG_BOARD, BAD_PROOF, RNG_FAILED)
 */
export async function proveAccess(
  session: Session,
  keys: KeySource,
  now: number,
  options: ProveOptions = {},
): Promise<Grant> {
  const found = await lookForKey(session, keys, now);
  if (found.kind !== "ready") return found;
  return { ...found, kind: "proven", rights: await prove(session, found.key, options) };
}

/**
 * Proves to be the board's owner. On an open board there is nothing to prove; a board of another owner stays locked.
 * @throws BoardError as `proveAccess`
 */
export function proveOwner(session: Session, authority: KeyPair, options: ProveOptions = {}): Promise<Grant> {
  const key = async () => [ownKey(authority, uidFromBoardId(session.hello.boardId))];
  return proveAccess(session, key, 0, options);
}

/** @returns undefined from a bootloader that was built before there were owners: it is open. */
export async function readAccess(session: Session): Promise<Access | undefined> {
  try {
    return await session.send("ACCESS", {});
  } catch (error) {
    if (error instanceof BoardError && error.codeName === "BAD_REQUEST") return undefined;
    throw error;
  }
}

/** @returns the rights that the board gives. */
async function prove(session: Session, key: Key, options: ProveOptions): Promise<number> {
  const challenge = await challengeWhenReady(session, options);
  const uid = uidFromBoardId(session.hello.boardId);
  const { certificate, privateKey } = key;
  const version = Math.min(PROTOCOL_VERSION, session.hello.version);
  const proof = signProof({ ...challenge, uid, version, certificate }, privateKey);
  const { rights } = await session.send("PROVE", { certificate, proof });
  return rights;
}

/** Somebody's failed proofs slow everybody down: the time is waited for, and asked for again if it has grown. */
async function challengeWhenReady(session: Session, options: ProveOptions): Promise<AnswerOf<"CHALLENGE">> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await session.send("CHALLENGE", {});
    } catch (error) {
      const early = error instanceof BoardError && error.codeName === "WAIT";
      if (!early || attempt >= WAIT_ATTEMPTS) throw error;
      options.onWait?.(error.detail);
      await new Promise<void>((resolve) => session.timers.after(error.detail, resolve));
    }
  }
}

/** The usable key with most rights, the board's own before one for any; else why there is none. */
function chooseKey(
  keys: readonly Key[],
  access: Access,
  uid: Uint8Array,
  now: number,
): Key | Unusable | undefined {
  const fitting = keys
    .filter(({ authority, body }) => {
      return sameBytes(authority, access.owner) && (isForAnyBoard(body) || sameBytes(body.board, uid));
    })
    .sort((a, b) => weight(b) - weight(a));
  let unusable: Unusable | undefined;
  for (const key of fitting) {
    const why = whyUnusable(key, access, now);
    if (why === undefined) return key;
    unusable ??= why;
  }
  return unusable;
}

function weight({ body }: Key): number {
  return 2 * rightNames(body.rights).length + (isForAnyBoard(body) ? 0 : 1);
}

function whyUnusable(key: Key, { policy }: Access, now: number): Unusable | undefined {
  if (isExpired(key.body.expiry, now)) return { why: "expired", key };
  if (isForAnyBoard(key.body) && (policy & POLICY_OWN_CERTIFICATES) !== 0) return { why: "any", key };
  const fault = keyFault(key);
  return fault === undefined ? undefined : { why: "unsound", key, fault };
}
