/**
 * A stand-in for unit tests: docs/protocol.md section 11 as a board sees it. It takes messages apart by itself, so that
 * what src/keys builds is held to the document and not to itself. Whole-system tests run the real bootloader.
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ALL_RIGHTS, RIGHT_BITS } from "../access.js";
import { concat } from "../bytes.js";
import type { Access, AnswerOf, RequestName, RequestOf } from "../messages.js";
import type { Timers } from "../transport.js";
import { encodeUtf8 } from "../utf8.js";
import { Refusal } from "./fake-refusal.js";

const { flash, read, erase, boot, claim, owner } = RIGHT_BITS;

/** Section 11.4: any one of these rights will do. */
const NEEDED: Readonly<Partial<Record<RequestName, number>>> = {
  BEGIN: flash | erase,
  ERASE: flash | erase,
  COMMIT: flash | erase,
  WRITE: flash,
  SIGNATURE: flash,
  UNPROTECT: flash,
  KEEP: flash,
  HASH: flash | erase | read,
  VERIFY: flash | read,
  READ: read,
  BOOT: boot,
  RESET: boot,
  SET_BOOT_ADDRESS: boot,
  GET_BOOT_ADDRESS: boot,
  RELEASE: owner,
  POLICY: owner,
  PROTECT: owner,
  STAGE: owner,
  UPDATE: owner,
};

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

const strictly = (signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean =>
  ed25519.verify(signature, message, key, { zip215: false });

export class FakeAccess {
  /** The owner's public key. */
  owner: Uint8Array | undefined;
  builtIn = false;
  policy = 0;
  rdp = 0;
  /** Failed proofs since the last that succeeded. */
  failures = 0;
  /** Proofs that succeeded. */
  proofs = 0;
  readonly signatures = new Map<number, { readonly length: number; readonly signature: Uint8Array }>();
  readonly #timers: Timers;
  readonly #uid: () => Uint8Array;
  #rights = 0;
  #sessions = 0;
  #nonce: Uint8Array | undefined;
  /** Milliseconds of `timers`. */
  #notBefore = 0;

  constructor(timers: Timers, uid: () => Uint8Array) {
    this.#timers = timers;
    this.#uid = uid;
  }

  endSession(): void {
    this.#rights = 0;
    this.#nonce = undefined;
  }

  /** @throws Refusal */
  check(name: RequestName): void {
    const needed = NEEDED[name] ?? 0;
    if (needed !== 0 && (this.#have() & needed) === 0) throw new Refusal("DENIED", needed);
  }

  access(): Access {
    return {
      owned: this.owner === undefined ? 0 : this.builtIn ? 2 : 1,
      owner: this.owner ?? new Uint8Array(32),
      policy: this.policy,
      rights: this.#have(),
      wait: this.#wait(),
      rdp: this.rdp,
    };
  }

  challenge(): AnswerOf<"CHALLENGE"> {
    if (this.#wait() > 0) throw new Refusal("WAIT", this.#wait());
    this.#sessions++;
    this.#nonce = sha256(Uint8Array.of(this.#sessions & 0xff, 0x4e));
    return { nonce: this.#nonce, session: this.#sessions };
  }

  prove({ certificate, proof }: RequestOf<"PROVE">): AnswerOf<"PROVE"> {
    const nonce = this.#nonce;
    this.#nonce = undefined;
    const body = certificate.subarray(0, 50);
    const holder = certificate.subarray(18, 50);
    const board = certificate.subarray(2, 14);
    if (this.owner === undefined) throw new Refusal("NOT_CLAIMED", 0);
    if (nonce === undefined) this.#fail("BAD_PROOF");
    const signed = concat([encodeUtf8("IMFL-CERT-1"), body]);
    if (certificate[0] !== 1 || !strictly(certificate.subarray(50), signed, this.owner))
      this.#fail("BAD_CERT");
    const any = board.every((byte) => byte === 0xff);
    if (any ? (this.policy & 2) !== 0 : !same(board, this.#uid())) this.#fail("WRONG_BOARD");
    const version = Uint8Array.of(1, 0);
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, this.#sessions, true);
    const transcript = [encodeUtf8("IMFL-PROOF-1"), nonce, this.#uid(), version, counter, certificate];
    if (!strictly(proof, concat(transcript), holder)) this.#fail("BAD_PROOF");
    this.failures = 0;
    this.proofs++;
    const rights = (certificate[1] ?? 0) & ALL_RIGHTS;
    const owns = same(holder, this.owner) && (rights & owner) !== 0;
    this.#rights = owns ? ALL_RIGHTS : rights & ~owner;
    return { rights: this.#rights };
  }

  claim({ authority }: RequestOf<"CLAIM">): AnswerOf<"CLAIM"> {
    if (this.builtIn || (this.#have() & claim) === 0) throw new Refusal("CLAIMED", 0);
    this.owner = authority.slice();
    this.endSession();
    return {};
  }

  release(): AnswerOf<"RELEASE"> {
    if (this.owner === undefined || this.builtIn) throw new Refusal("NOT_CLAIMED", 0);
    this.owner = undefined;
    this.policy = 0;
    this.endSession();
    return {};
  }

  setPolicy({ policy }: RequestOf<"POLICY">): AnswerOf<"POLICY"> {
    if (policy > 3) throw new Refusal("BAD_REQUEST", 0x16);
    if (this.owner === undefined) throw new Refusal("NOT_CLAIMED", 0);
    this.policy = policy;
    return { policy };
  }

  protect({ level }: RequestOf<"PROTECT">): AnswerOf<"PROTECT"> {
    if (level !== 1) throw new Refusal("PROTECTION", this.rdp);
    this.rdp = 1;
    return { level };
  }

  /** @param bytes what flash holds in the range. */
  sign({ address, length, signature }: RequestOf<"SIGNATURE">, bytes: Uint8Array): AnswerOf<"SIGNATURE"> {
    if (this.owner === undefined) throw new Refusal("NOT_CLAIMED", 0);
    if (!this.#signed(address, length, signature, bytes)) throw new Refusal("BAD_SIGNATURE", address);
    this.signatures.set(address, { length, signature: signature.slice() });
    return {};
  }

  /** @param view what flash holds. @throws Refusal when the policy does not let the application run. */
  checkRun(address: number, view: (address: number, length: number) => Uint8Array): void {
    if (this.owner === undefined || (this.policy & 1) === 0) return;
    const stored = this.signatures.get(address);
    const { length, signature } = stored ?? { length: 0, signature: new Uint8Array(64) };
    if (stored === undefined || !this.#signed(address, length, signature, view(address, length))) {
      throw new Refusal("BAD_SIGNATURE", address);
    }
  }

  #signed(address: number, length: number, signature: Uint8Array, bytes: Uint8Array): boolean {
    const numbers = new DataView(new ArrayBuffer(8));
    numbers.setUint32(0, address, true);
    numbers.setUint32(4, length, true);
    const range = new Uint8Array(numbers.buffer);
    const message = concat([encodeUtf8("IMFL-APP-1"), range, sha256(bytes)]);
    return strictly(signature, message, this.owner ?? new Uint8Array(32));
  }

  #have(): number {
    return this.owner === undefined ? ALL_RIGHTS : this.#rights;
  }

  #wait(): number {
    return Math.max(0, Math.ceil(this.#notBefore - this.#timers.now()));
  }

  #fail(code: "BAD_CERT" | "WRONG_BOARD" | "BAD_PROOF"): never {
    this.failures++;
    this.#notBefore = this.#timers.now() + Math.min(64, 2 ** (this.failures - 1)) * 1000;
    throw new Refusal(code, 0);
  }
}
