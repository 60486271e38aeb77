/** The owner's signature of a program that GDB loads. */

import type { Image } from "../../image/image.js";
import { loadImage } from "../../image/load.js";
import { fillGaps } from "../../image/segments.js";
import type { AppSignature } from "../../keys/app-signature.js";
import { SignatureError } from "../../keys/errors.js";
import type { Grant } from "../../keys/proof.js";
import { readIfPresent } from "../files.js";
import type { CliIo } from "../io.js";
import { readSigned, type SignedBy, signatureFor, signaturePath } from "../signed.js";

/** Where signatures are found; read at each load, because a program that changes is signed again. */
export interface Signing {
  readonly signature: string | undefined;
  /** The program's file, beside which its signature may lie; empty: not known. */
  program(): string;
}

export interface SignedLoad {
  /** As it was signed, where it was. */
  readonly image: Image;
  readonly signed: SignedBy | undefined;
}

/** @throws KeysFileError, FileError; SignatureError when it is not for this program */
export async function signedLoad(
  io: CliIo,
  image: Image,
  { signature, program }: Signing,
): Promise<SignedLoad> {
  const file = program() || programOf(signature ?? "");
  if (signature === undefined && file === "") return { image, signed: undefined };
  const whole = fillGaps((await fromFile(io, file, image)) ?? image);
  const signed = await readSigned(io, file, signature, whole);
  return { image: signed === undefined ? image : whole, signed };
}

/** The file that a signature lies beside. */
function programOf(signature: string): string {
  const ending = signaturePath("");
  return signature.endsWith(ending) ? signature.slice(0, -ending.length) : "";
}

/**
 * What was signed is the file. GDB loads its sections, and leaves out what lies between them.
 * @returns undefined when there is no such file, or it is not what GDB loads
 */
async function fromFile(io: CliIo, file: string, loaded: Image): Promise<Image | undefined> {
  const bytes = file === "" ? undefined : await readIfPresent(io, file);
  if (bytes === undefined) return undefined;
  const address = /\.bin$/i.test(file) ? loaded.segments[0]?.address : undefined;
  const image = loadImage(bytes, file, { address });
  const [whole] = fillGaps(image).segments;
  const agrees = loaded.segments.every(({ address, bytes: part }) => {
    const at = address - (whole?.address ?? 0);
    return at >= 0 && Buffer.compare(whole?.bytes.subarray(at, at + part.length) ?? part, part) === 0;
  });
  return agrees ? image : undefined;
}

/** @throws SignatureError when the board would not run the program */
export function signatureOf(
  { signed }: SignedLoad,
  grant: Grant,
  note: (text: string) => void,
): AppSignature | undefined {
  try {
    return signatureFor(grant, signed, true, note);
  } catch (cause) {
    if (signed !== undefined || !(cause instanceof SignatureError)) throw cause;
    throw new SignatureError(
      "the board runs only what its owner signed: sign the program (imflasher sign), and name the signature with --signature",
      { cause },
    );
  }
}
