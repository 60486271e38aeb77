/** Who owns the boards of the simulation, and what their owner left in their memories: docs/protocol.md, section 11. */
import { signApplication } from "../../src/keys/app-signature.js";
import { issueKey, newAuthority, unlockAuthority } from "../../src/keys/authority.js";
import { proveAccess } from "../../src/keys/proof.js";
import { ALL_RIGHTS, POLICY_REQUIRE_SIGNED, RIGHT_BITS } from "../../src/protocol/access.js";
import { concat } from "../../src/protocol/bytes.js";
import { crc32 } from "../../src/protocol/crc32.js";
import type { AnswerOf } from "../../src/protocol/messages.js";
import type { Session } from "../../src/protocol/session.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import type { Piece } from "./scenario.js";

const WORD_BYTES = 32;
const KEY_BYTES = 16;
const WORD_CHECK = 0x5a5a_5a5a;
const KIND = { boot: 0x544f_4f42, owner: 0x524e_574f, policy: 0x5943_4c50 } as const;
/** Key word, record, key word, record, and the policy twice. */
export const OWNER_WORDS = 6;

const SLOT_BYTES = 128;
const SLOT_MAGIC = 0x3147_4953;

const next = seededRandom(1);
const random = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => Math.floor(next() * 256));
const authority = unlockAuthority(newAuthority(random), "");

/** Every board of the simulation. */
export const UNIQUE_ID: Uint8Array = Uint8Array.from({ length: 12 }, (_, index) => index + 1);

const key = issueKey(
  authority,
  { board: UNIQUE_ID, name: "simulation", rights: ALL_RIGHTS & ~RIGHT_BITS.owner, expiry: 0 },
  random,
);

export interface Owner {
  readonly requiresSigned: boolean;
  /** The user has the owner's key; false: a stranger, who may look and do nothing. */
  readonly knowsUser: boolean;
}

/** What every session of somebody with a key begins with. */
export async function prove(session: Session): Promise<void> {
  await proveAccess(session, async () => [key], 0);
}

export function sign(program: Piece): ReturnType<typeof signApplication> {
  return signApplication(program, authority);
}

/** Is the board the owner's, under the policy that he set? */
export function stillOwned({ requiresSigned }: Owner, access: AnswerOf<"ACCESS">): boolean {
  const policy = requiresSigned ? POLICY_REQUIRE_SIGNED : 0;
  return access.owned === 1 && access.policy === policy && sameKey(access.owner);
}

function sameKey(found: Uint8Array): boolean {
  return Buffer.compare(found, authority.publicKey) === 0;
}

export function bootWord(address: number): Uint8Array {
  return logWord(KIND.boot, address);
}

/** The first words of an owned board's log. */
export function ownerWords({ requiresSigned }: Owner): Uint8Array[] {
  const first = authority.publicKey.subarray(0, KEY_BYTES);
  const policy = logWord(KIND.policy, requiresSigned ? POLICY_REQUIRE_SIGNED : 0);
  const pair = (index: number) => [authority.publicKey, logWord(KIND.owner, index, first)];
  return [...pair(0), ...pair(2), policy, policy];
}

function logWord(kind: number, value: number, bytes: Uint8Array = new Uint8Array(KEY_BYTES)): Uint8Array {
  const word = new Uint8Array(WORD_BYTES);
  const view = new DataView(word.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, value, true);
  word.set(bytes, 8);
  view.setUint32(24, WORD_CHECK, true);
  view.setUint32(28, crc32(word.subarray(0, 28)), true);
  return word;
}

/** What lies in the signatures' sector when these programs were signed, the last one last. */
export function signatureSlots(programs: readonly Piece[]): Uint8Array {
  return concat(programs.map(signatureSlot));
}

function signatureSlot(program: Piece): Uint8Array {
  const slot = new Uint8Array(SLOT_BYTES);
  const view = new DataView(slot.buffer);
  view.setUint32(0, SLOT_MAGIC, true);
  view.setUint32(4, program.address, true);
  view.setUint32(8, program.bytes.length, true);
  slot.set(sign(program).signature, 12);
  view.setUint32(124, crc32(slot.subarray(0, 124)), true);
  return slot;
}
