/** Who owns boards and issues keys for them: a key pair in a file, docs/keys-file.md. */

import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { ALL_RIGHTS, PUBLIC_KEY_BYTES, RIGHT_BITS } from "../protocol/access.js";
import { concat } from "../protocol/bytes.js";
import { encodeUtf8 } from "../protocol/utf8.js";
import { decodeCertificate, signCertificate } from "./certificate.js";
import { NEVER } from "./dates.js";
import { Place, writeDocument } from "./document.js";
import {
  type KeyPair,
  keyPair,
  newKeyPair,
  PRIVATE_KEY_BYTES,
  type RandomBytes,
  sameBytes,
} from "./ed25519.js";
import { IssueError, PassphraseError } from "./errors.js";
import type { Key } from "./keys-file.js";

const FORMAT = "imflasher-authority";
const VERSION = 1;
const TAG = "IMFL-AUTHORITY-1";
const SALT_BYTES = 16;
const NONCE_BYTES = 24;
const POLY1305_BYTES = 16;
/** Longest name of a holder, characters. */
const NAME_LENGTH = 100;

/** Cost of scrypt: RFC 7914. Memory is 128 x r x 2^logN bytes. */
export interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB, about a second. */
export const DEFAULT_COST: ScryptCost = { logN: 17, r: 8, p: 1 };
/** More than 1 GiB would stop the machine of who only opens a file. */
const LIMITS = { logN: 20, r: 8, p: 4 } as const;

interface LockedKey extends ScryptCost {
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly text: Uint8Array;
}

/** What authority.json holds. */
export interface AuthorityFile {
  readonly publicKey: Uint8Array;
  /** The private key, or the private key under a passphrase. */
  readonly secret: Uint8Array | LockedKey;
}

/** @throws KeysFileError */
export function parseAuthority(file: string, text: string): AuthorityFile {
  const top = Place.ofFile(file, text, FORMAT, VERSION);
  const publicKey = top.bytes("publicKey", PUBLIC_KEY_BYTES);
  if (top.has("locked")) {
    top.only("format", "version", "publicKey", "locked");
    return { publicKey, secret: parseLocked(top.object("locked")) };
  }
  top.only("format", "version", "publicKey", "privateKey");
  const secret = top.bytes("privateKey", PRIVATE_KEY_BYTES);
  if (!sameBytes(keyPair(secret).publicKey, publicKey)) {
    throw top.wrong("privateKey", "the private key of publicKey", "another");
  }
  return { publicKey, secret };
}

function parseLocked(place: Place): LockedKey {
  place.only("kdf", "cipher", "logN", "r", "p", "salt", "nonce", "text");
  for (const [field, expected] of [
    ["kdf", "scrypt"],
    ["cipher", "xchacha20-poly1305"],
  ] as const) {
    const found = place.string(field);
    if (found !== expected) throw place.wrong(field, `"${expected}"`, JSON.stringify(found));
  }
  return {
    logN: place.integer("logN", 1, LIMITS.logN),
    r: place.integer("r", 1, LIMITS.r),
    p: place.integer("p", 1, LIMITS.p),
    salt: place.bytes("salt", SALT_BYTES),
    nonce: place.bytes("nonce", NONCE_BYTES),
    text: place.bytes("text", PRIVATE_KEY_BYTES + POLY1305_BYTES),
  };
}

export function formatAuthority({ publicKey, secret }: AuthorityFile): string {
  const head = { format: FORMAT, version: VERSION, publicKey };
  return secret instanceof Uint8Array
    ? writeDocument({ ...head, privateKey: secret })
    : writeDocument({ ...head, locked: { kdf: "scrypt", cipher: "xchacha20-poly1305", ...secret } });
}

export function isLocked({ secret }: AuthorityFile): boolean {
  return !(secret instanceof Uint8Array);
}

export interface NewAuthorityOptions {
  readonly passphrase?: string;
  /** Default: DEFAULT_COST. */
  readonly cost?: ScryptCost;
}

/** A new key pair, under a passphrase if there is one. */
export function newAuthority(random: RandomBytes, options: NewAuthorityOptions = {}): AuthorityFile {
  const { publicKey, privateKey } = newKeyPair(random);
  if (options.passphrase === undefined) return { publicKey, secret: privateKey };
  const how = {
    ...(options.cost ?? DEFAULT_COST),
    salt: random(SALT_BYTES),
    nonce: random(NONCE_BYTES),
  };
  return {
    publicKey,
    secret: { ...how, text: cipher(how, publicKey, options.passphrase).encrypt(privateKey) },
  };
}

/**
 * @param passphrase needed when the key is locked.
 * @throws PassphraseError when it is not the right one
 */
export function unlockAuthority({ publicKey, secret }: AuthorityFile, passphrase: string): KeyPair {
  if (secret instanceof Uint8Array) return { publicKey, privateKey: secret };
  let privateKey: Uint8Array;
  try {
    privateKey = cipher(secret, publicKey, passphrase).decrypt(secret.text);
  } catch (cause) {
    throw new PassphraseError("the passphrase does not open the authority's private key", { cause });
  }
  if (!sameBytes(keyPair(privateKey).publicKey, publicKey)) {
    throw new PassphraseError("the locked private key is not the authority's");
  }
  return { publicKey, privateKey };
}

/** The public key is bound to the cipher text, so that neither can be exchanged alone. */
function cipher(locked: Omit<LockedKey, "text">, publicKey: Uint8Array, passphrase: string) {
  const { logN, r, p, salt, nonce } = locked;
  const password = encodeUtf8(passphrase.normalize("NFKC"));
  const key = scrypt(password, salt, { N: 2 ** logN, r, p, dkLen: 32, maxmem: 2 ** 31 });
  return xchacha20poly1305(key, nonce, concat([encodeUtf8(TAG), publicKey]));
}

export interface IssueOrder {
  /** The board's unique id, 12 bytes; ANY_BOARD. */
  readonly board: Uint8Array;
  /** Who gets it: 1 to 100 characters. */
  readonly name: string;
  /** RIGHT_BITS, at least one, without owner. */
  readonly rights: number;
  /** Days since 1970-01-01 (UTC) on which it ends; 0: never. */
  readonly expiry: number;
}

/** A new key pair for a holder and the authority's certificate over it. @throws IssueError */
export function issueKey(authority: KeyPair, order: IssueOrder, random: RandomBytes): Key {
  const { board, name, rights, expiry } = order;
  if (name.length < 1 || name.length > NAME_LENGTH) {
    throw new IssueError(`a holder's name has 1 to ${NAME_LENGTH} characters, not ${name.length}`);
  }
  if (rights === 0 || (rights & ~ALL_RIGHTS) !== 0 || (rights & RIGHT_BITS.owner) !== 0) {
    throw new IssueError(
      "a key gives at least one right; the owner's cannot be given: it is the authority's own",
    );
  }
  const { publicKey: holder, privateKey } = newKeyPair(random);
  const certificate = signCertificate({ rights, board, expiry, holder }, authority.privateKey);
  const body = decodeCertificate(certificate);
  return { name, authority: authority.publicKey, certificate, body, privateKey };
}

/** What proves to be the owner: a certificate for the authority's own key, with all rights. @param uid the board's. */
export function ownKey(authority: KeyPair, uid: Uint8Array): Key {
  const { publicKey, privateKey } = authority;
  const statement = { rights: ALL_RIGHTS, board: uid, expiry: NEVER, holder: publicKey };
  const certificate = signCertificate(statement, privateKey);
  return {
    name: "owner",
    authority: publicKey,
    certificate,
    body: decodeCertificate(certificate),
    privateKey,
  };
}
