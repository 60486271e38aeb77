/** The signature that belongs to a file: FILE.sig beside it. */
import type { Image } from "../image/image.js";
import { fillGaps } from "../image/segments.js";
import { type AppSignature, checkSignature, parseSignature } from "../keys/app-signature.js";
import { fingerprint, sameBytes } from "../keys/ed25519.js";
import { SignatureError } from "../keys/errors.js";
import type { Grant } from "../keys/proof.js";
import { POLICY_REQUIRE_SIGNED } from "../protocol/access.js";
import { readIfPresent, readInput } from "./files.js";
import type { CliIo } from "./io.js";

export const signaturePath = (file: string): string => `${file}.sig`;

export interface SignedBy {
  readonly file: string;
  readonly signature: AppSignature;
  /** The user named it: it is not left aside. */
  readonly named: boolean;
}

/**
 * @param named value of --signature; without it FILE.sig is taken where it is
 * @throws KeysFileError, FileError; SignatureError when it is not for this image
 */
export async function readSigned(
  io: CliIo,
  file: string,
  named: unknown,
  image: Image,
): Promise<SignedBy | undefined> {
  const path = typeof named === "string" ? named : signaturePath(file);
  const bytes = typeof named === "string" ? await readInput(io, path) : await readIfPresent(io, path);
  if (bytes === undefined) return undefined;
  const signature = parseSignature(path, new TextDecoder().decode(bytes));
  const [whole] = fillGaps(image).segments;
  if (whole !== undefined) checkSignature(path, signature, whole);
  return { file: path, signature, named: typeof named === "string" };
}

/**
 * Which signature goes to the board: only its owner's means anything to it.
 * @throws SignatureError when the board would not run the program, or the named signature is not its owner's
 */
export function signatureFor(
  { access }: Grant,
  signed: SignedBy | undefined,
  boots: boolean,
  note: (text: string) => void,
): AppSignature | undefined {
  if (access === undefined || access.owned === 0) {
    if (signed !== undefined) note(`${signed.file} is left aside: the board has no owner`);
    return undefined;
  }
  const owner = fingerprint(access.owner);
  const needed = boots && (access.policy & POLICY_REQUIRE_SIGNED) !== 0;
  if (signed === undefined) {
    if (!needed) return undefined;
    throw new SignatureError(
      `the board runs only what its owner ${owner} signed, and there is no signature beside the file: ` +
        "sign it (imflasher sign), or leave it unstarted: --no-boot",
    );
  }
  if (sameBytes(signed.signature.authority, access.owner)) return signed.signature;
  const why = `${signed.file} was signed by ${fingerprint(signed.signature.authority)}, the board's owner is ${owner}`;
  if (needed || signed.named) throw new SignatureError(`${why}: sign it with the owner's authority`);
  note(`${why}: it is left aside`);
  return undefined;
}
