import { join } from "node:path";
import { formatAuthority, newAuthority } from "../../keys/authority.js";
import { fingerprint } from "../../keys/ed25519.js";
import { hexBytes } from "../../protocol/hex.js";
import type { RunCommand } from "../command.js";
import { FileError } from "../errors.js";
import { readIfPresent, writePrivate, writeResult } from "../files.js";
import { askNewPassphrase, authorityPath } from "../key-files.js";

/** What a bootloader is built with that belongs to the authority from the start. */
const PUBLIC_FILE = "authority.pub";

export const run: RunCommand = async ({ io, reporter }, [folder = ""], options) => {
  const path = authorityPath(folder);
  if ((await readIfPresent(io, path)) !== undefined) {
    throw new FileError(
      `${path}: an authority lies there already: choose another folder, for its key would be lost`,
    );
  }
  const locks = options["passphrase"] === true;
  const passphrase = locks ? { passphrase: await askNewPassphrase(io) } : {};
  const authority = newAuthority((count) => io.random(count), passphrase);
  await writePrivate(io, path, new TextEncoder().encode(formatAuthority(authority)));
  await writeResult(
    io,
    join(folder, PUBLIC_FILE),
    new TextEncoder().encode(`${hexBytes(authority.publicKey)}\n`),
  );
  const print = fingerprint(authority.publicKey);
  reporter.result("keys new-authority", {
    data: { file: path, fingerprint: print, locked: locks },
    lines: [
      `${path}: authority ${print}`,
      locks
        ? "Its private key is under the passphrase: keep both, and a copy."
        : "Its private key is in the clear: who has the file, has the boards. Keep it, and a copy.",
      `Claim a board with: imflasher claim --authority ${folder}`,
    ],
  });
};
