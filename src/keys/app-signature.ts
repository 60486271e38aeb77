/** An application signed by an authority, and the file that carries the signature: docs/protocol.md section 11.5. */

import { sha256 } from "@noble/hashes/sha2.js";
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "../protocol/access.js";
import { ByteWriter } from "../protocol/bytes.js";
import { hex32, hexBytes } from "../protocol/hex.js";
import { Place, writeDocument } from "./document.js";
import { type KeyPair, sameBytes, signTagged, verifyTagged } from "./ed25519.js";
import { SignatureError } from "./errors.js";

const TAG = "IMFL-APP-1";
const FORMAT = "imflasher-signature";
const VERSION = 1;
const HIGHEST = 0xffffffff;

export interface AppSignature {
  /** Public key of who signed. */
  readonly authority: Uint8Array;
  /** Where the bytes lie, as the CPU sees it. */
  readonly address: number;
  /** Bytes. */
  readonly length: number;
  readonly sha256: Uint8Array;
  readonly signature: Uint8Array;
}

/** Bytes at an address as the CPU sees it. */
export interface Application {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export function signApplication({ address, bytes }: Application, authority: KeyPair): AppSignature {
  const statement = { address, length: bytes.length, sha256: sha256(bytes) };
  const signature = signTagged(TAG, [encode(statement)], authority.privateKey);
  return { authority: authority.publicKey, ...statement, signature };
}

/** @throws KeysFileError; the signature itself is not looked at: `checkSignature`. */
export function parseSignature(file: string, text: string): AppSignature {
  const place = Place.ofFile(file, text, FORMAT, VERSION);
  place.only("format", "version", "authority", "address", "length", "sha256", "signature");
  return {
    authority: place.bytes("authority", PUBLIC_KEY_BYTES),
    address: place.integer("address", 0, HIGHEST),
    length: place.integer("length", 1, HIGHEST),
    sha256: place.bytes("sha256", 32),
    signature: place.bytes("signature", SIGNATURE_BYTES),
  };
}

export function formatSignature(signature: AppSignature): string {
  return writeDocument({ format: FORMAT, version: VERSION, ...signature });
}

/**
 * Holds a signature to what is to be flashed.
 * @param file where the signature comes from, for messages. @throws SignatureError
 */
export function checkSignature(file: string, signed: AppSignature, { address, bytes }: Application): void {
  const again = "sign it again, or delete the signature";
  const found = sha256(bytes);
  if (signed.address !== address) {
    const where = `${hex32(signed.address)}, not ${hex32(address)}`;
    throw new SignatureError(`${file}: signed for ${where}: ${again}`);
  }
  if (signed.length !== bytes.length || !sameBytes(signed.sha256, found)) {
    throw new SignatureError(
      `${file}: the program is not what was signed: expected ${signed.length} bytes with SHA-256 ` +
        `${hexBytes(signed.sha256)}, found ${bytes.length} with ${hexBytes(found)}: ${again}`,
    );
  }
  if (!verifyTagged(TAG, [encode(signed)], signed.signature, signed.authority)) {
    throw new SignatureError(`${file}: the signature is not its authority's: ${again}`);
  }
}

function encode(statement: Pick<AppSignature, "address" | "length" | "sha256">): Uint8Array {
  const writer = new ByteWriter();
  writer.unsigned(4, statement.address);
  writer.unsigned(4, statement.length);
  writer.bytes(statement.sha256);
  return writer.finish();
}
