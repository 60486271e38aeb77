/** Keys of boards: authorities, keys.json, proofs and signatures. */

export {
  type AppSignature,
  checkSignature,
  formatSignature,
  parseSignature,
  signApplication,
} from "./app-signature.js";
export {
  type AuthorityFile,
  formatAuthority,
  isLocked,
  issueKey,
  newAuthority,
  parseAuthority,
  unlockAuthority,
} from "./authority.js";
export { ANY_BOARD, boardText } from "./certificate.js";
export { dayText, isExpired, parseDay } from "./dates.js";
export { fingerprint, type KeyPair, type RandomBytes, sameBytes } from "./ed25519.js";
export { IssueError, KeysFileError, PassphraseError, SignatureError } from "./errors.js";
export { addKey, formatKeys, type Key, keyFault, parseKeys } from "./keys-file.js";
export {
  type Grant,
  type KeySource,
  lookForKey,
  proveAccess,
  proveOwner,
  readAccess,
  type Unusable,
} from "./proof.js";
