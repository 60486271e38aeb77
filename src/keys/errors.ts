/** What can go wrong with keys on the PC: one class for each decision that a caller can take. */

/** A file of keys, of an authority or of a signature cannot be used: says where, what was expected and what was found. */
export class KeysFileError extends Error {
  override readonly name = "KeysFileError";
  readonly file: string;
  /** Where in the file: "keys[2].certificate"; empty for the whole of it. */
  readonly place: string;

  constructor(file: string, place: string, expected: string, found: string) {
    super(`${file}: ${place === "" ? "" : `${place}: `}expected ${expected}, found ${found}`);
    this.file = file;
    this.place = place;
  }
}

/** The passphrase is not the one that the authority's key was locked with. */
export class PassphraseError extends Error {
  override readonly name = "PassphraseError";
}

/** Something that is asked of an authority cannot be put into a certificate. */
export class IssueError extends Error {
  override readonly name = "IssueError";
}

/** An application's signature cannot be used for the bytes, the address or the board. */
export class SignatureError extends Error {
  override readonly name = "SignatureError";
}
