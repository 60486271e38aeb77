/** What an authority allows a holder: docs/protocol.md section 11.3. */

import { CERTIFICATE_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, UID_BYTES } from "../protocol/access.js";
import { boardIdFromUid } from "../protocol/board-id.js";
import { concat } from "../protocol/bytes.js";
import { signTagged, verifyTagged } from "./ed25519.js";

const VERSION = 1;
const TAG = "IMFL-CERT-1";
const BODY_BYTES = CERTIFICATE_BYTES - SIGNATURE_BYTES;
const AT = { version: 0, rights: 1, board: 2, expiry: 14, holder: 18 } as const;

/** Stands for any board of the authority. */
export const ANY_BOARD: Uint8Array = new Uint8Array(UID_BYTES).fill(0xff);

export interface CertificateBody {
  /** RIGHT_BITS. */
  readonly rights: number;
  /** The board's unique id, 12 bytes; ANY_BOARD. */
  readonly board: Uint8Array;
  /** Days since 1970-01-01 (UTC) on which it ends; 0: never. */
  readonly expiry: number;
  /** The holder's public key. */
  readonly holder: Uint8Array;
}

/** Bytes that are not a certificate of a version that this code knows. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** @returns the 114 bytes. @param authority the authority's private key. */
export function signCertificate(body: CertificateBody, authority: Uint8Array): Uint8Array {
  const encoded = encodeBody(body);
  return concat([encoded, signTagged(TAG, [encoded], authority)]);
}

/** Does not look at the signature. @throws CertificateError */
export function decodeCertificate(certificate: Uint8Array): CertificateBody {
  if (certificate.length !== CERTIFICATE_BYTES) {
    throw new CertificateError(`a certificate has ${CERTIFICATE_BYTES} bytes, not ${certificate.length}`);
  }
  const version = certificate[AT.version];
  if (version !== VERSION) throw new CertificateError(`certificate version ${version}; expected ${VERSION}`);
  return {
    rights: certificate[AT.rights] ?? 0,
    board: certificate.slice(AT.board, AT.expiry),
    expiry: viewOf(certificate).getUint32(AT.expiry, true),
    holder: certificate.slice(AT.holder, BODY_BYTES),
  };
}

/** @param authority its public key. */
export function isSignedBy(certificate: Uint8Array, authority: Uint8Array): boolean {
  return verifyTagged(
    TAG,
    [certificate.subarray(0, BODY_BYTES)],
    certificate.subarray(BODY_BYTES),
    authority,
  );
}

export function isForAnyBoard({ board }: CertificateBody): boolean {
  return board.every((byte) => byte === 0xff);
}

/** The board's id, or "any". */
export function boardText(body: CertificateBody): string {
  return isForAnyBoard(body) ? "any" : boardIdFromUid(body.board);
}

function encodeBody({ rights, board, expiry, holder }: CertificateBody): Uint8Array {
  if (board.length !== UID_BYTES || holder.length !== PUBLIC_KEY_BYTES) {
    throw new CertificateError(`a board of ${board.length} bytes and a key of ${holder.length} bytes`);
  }
  const body = new Uint8Array(BODY_BYTES);
  body[AT.version] = VERSION;
  body[AT.rights] = rights;
  body.set(board, AT.board);
  viewOf(body).setUint32(AT.expiry, expiry, true);
  body.set(holder, AT.holder);
  return body;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
