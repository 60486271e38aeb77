/** keys.json: what a holder has, docs/keys-file.md. */

import { CERTIFICATE_BYTES, PUBLIC_KEY_BYTES } from "../protocol/access.js";
import { type CertificateBody, CertificateError, decodeCertificate, isSignedBy } from "./certificate.js";
import { Place, writeDocument } from "./document.js";
import { keyPair, PRIVATE_KEY_BYTES, sameBytes } from "./ed25519.js";

const FORMAT = "imflasher-keys";
const VERSION = 1;

/** One key: what its holder may do with one board, or with all boards of an authority. */
export interface Key {
  /** Who holds it, for people. */
  readonly name: string;
  /** The authority's public key. */
  readonly authority: Uint8Array;
  /** As it goes to the board: 114 bytes. */
  readonly certificate: Uint8Array;
  /** What the certificate says. */
  readonly body: CertificateBody;
  /** The holder's, which never leaves the PC. */
  readonly privateKey: Uint8Array;
}

/**
 * @param file its name, for messages.
 * @returns the keys in the file's order; their signatures are not looked at: `keyFault`.
 * @throws KeysFileError
 */
export function parseKeys(file: string, text: string): Key[] {
  const top = Place.ofFile(file, text, FORMAT, VERSION).only("format", "version", "keys");
  return top.objects("keys").map((place) => {
    place.only("name", "authority", "certificate", "privateKey");
    const certificate = place.bytes("certificate", CERTIFICATE_BYTES);
    return {
      name: place.string("name"),
      authority: place.bytes("authority", PUBLIC_KEY_BYTES),
      certificate,
      body: decode(place, certificate),
      privateKey: place.bytes("privateKey", PRIVATE_KEY_BYTES),
    };
  });
}

export function formatKeys(keys: readonly Key[]): string {
  const entries = keys.map(({ name, authority, certificate, privateKey }) => {
    return { name, authority, certificate, privateKey };
  });
  return writeDocument({ format: FORMAT, version: VERSION, keys: entries });
}

/** A key of the same name for the same board, or boards, of the same authority is replaced: it was renewed. */
export function addKey(keys: readonly Key[], added: Key): Key[] {
  const renewed = (key: Key) =>
    key.name === added.name &&
    sameBytes(key.authority, added.authority) &&
    sameBytes(key.body.board, added.body.board);
  return [...keys.filter((key) => !renewed(key)), added];
}

/**
 * @returns what is wrong with it so that no board would take it; undefined when it is sound. A board slows down
 * after a proof that fails, so one that must fail is not sent.
 */
export function keyFault({ certificate, authority, body, privateKey }: Key): string | undefined {
  if (!isSignedBy(certificate, authority)) return "its certificate was not signed by its authority";
  if (!sameBytes(keyPair(privateKey).publicKey, body.holder)) {
    return "its private key is not the one that the certificate names";
  }
  return undefined;
}

function decode(place: Place, certificate: Uint8Array): CertificateBody {
  try {
    return decodeCertificate(certificate);
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw place.wrong("certificate", "a certificate that this imflasher knows", cause.message);
  }
}
