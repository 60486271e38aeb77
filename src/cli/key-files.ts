/** Where keys and authorities lie. */
import { join } from "node:path";
import { type AuthorityFile, isLocked, parseAuthority, unlockAuthority } from "../keys/authority.js";
import type { KeyPair } from "../keys/ed25519.js";
import { PassphraseError } from "../keys/errors.js";
import { formatKeys, type Key, parseKeys } from "../keys/keys-file.js";
import type { CommandContext } from "./command.js";
import { UsageError } from "./errors.js";
import { readIfPresent, readInput, writePrivate } from "./files.js";
import type { CliIo } from "./io.js";

const KEYS_FILE = "keys.json";
const AUTHORITY_FILE = "authority.json";
export const PASSPHRASE_VARIABLE = "IMFLASHER_PASSPHRASE";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export interface FoundKeys {
  readonly keys: readonly Key[];
  /** The file they come from; undefined when there is none. */
  readonly file: string | undefined;
  /** Where it was looked for. */
  readonly looked: readonly string[];
}

/**
 * The file that --keys names; else keys.json of the working directory; else that of the user's config folder.
 * @throws FileError when the file that --keys names is not there; KeysFileError
 */
export async function findKeys({ io, options }: CommandContext): Promise<FoundKeys> {
  if (options.keys !== undefined) {
    const text = decoder.decode(await readInput(io, options.keys));
    return { keys: parseKeys(options.keys, text), file: options.keys, looked: [options.keys] };
  }
  const looked = [KEYS_FILE, join(io.configFolder, KEYS_FILE)];
  for (const file of looked) {
    const bytes = await readIfPresent(io, file);
    if (bytes !== undefined) return { keys: parseKeys(file, decoder.decode(bytes)), file, looked };
  }
  return { keys: [], file: undefined, looked };
}

/** @returns no keys when there is no such file. @throws KeysFileError, FileError */
export async function readKeys(io: CliIo, file: string): Promise<Key[]> {
  const bytes = await readIfPresent(io, file);
  return bytes === undefined ? [] : parseKeys(file, decoder.decode(bytes));
}

export function writeKeys(io: CliIo, file: string, keys: readonly Key[]): Promise<void> {
  return writePrivate(io, file, encoder.encode(formatKeys(keys)));
}

export const authorityPath = (folder: string): string => join(folder, AUTHORITY_FILE);

/** An authority whose private key may still be locked. */
export interface Authority {
  readonly folder: string;
  readonly file: AuthorityFile;
}

/** @param value of --authority. @throws UsageError, FileError, KeysFileError */
export async function readAuthority(io: CliIo, value: unknown): Promise<Authority> {
  if (typeof value !== "string" || value === "") {
    throw new UsageError(
      '--authority: expected the folder of an authority (see "imflasher keys new-authority")',
    );
  }
  const path = authorityPath(value);
  return { folder: value, file: parseAuthority(path, decoder.decode(await readInput(io, path))) };
}

/** @throws PassphraseError, UsageError */
export async function unlock(io: CliIo, { folder, file }: Authority): Promise<KeyPair> {
  if (!isLocked(file)) return unlockAuthority(file, "");
  const passphrase = await askPassphrase(io, `passphrase of ${folder}: `);
  try {
    return unlockAuthority(file, passphrase);
  } catch (cause) {
    if (!(cause instanceof PassphraseError)) throw cause;
    throw new PassphraseError(`${authorityPath(folder)}: ${cause.message}`, { cause });
  }
}

/** For what only the owner may do. @throws UsageError, FileError, KeysFileError, PassphraseError */
export async function ownerLogin(
  io: CliIo,
  folder: unknown,
): Promise<{ readonly owner: KeyPair; readonly folder: string }> {
  const authority = await readAuthority(io, folder);
  return { owner: await unlock(io, authority), folder: authority.folder };
}

/** From the environment, for scripts; else from the terminal. @throws UsageError when there is neither */
async function askPassphrase(io: CliIo, question: string): Promise<string> {
  const passphrase = io.env[PASSPHRASE_VARIABLE] ?? (await io.askSecret(question));
  if (passphrase === undefined) {
    io.signal.throwIfAborted();
    throw new UsageError(
      `a passphrase is needed: expected a terminal to ask on, or the environment variable ${PASSPHRASE_VARIABLE}`,
    );
  }
  return passphrase;
}

/** Asked twice on a terminal. @throws UsageError */
export async function askNewPassphrase(io: CliIo): Promise<string> {
  const passphrase = await askPassphrase(io, "new passphrase: ");
  if (passphrase === "") throw new UsageError("passphrase: expected at least one character");
  const asked = io.env[PASSPHRASE_VARIABLE] === undefined;
  if (asked && (await io.askSecret("once more: ")) !== passphrase) {
    throw new UsageError("passphrase: the two are not the same; nothing was written");
  }
  return passphrase;
}
