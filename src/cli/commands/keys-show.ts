import { boardText } from "../../keys/certificate.js";
import { dayText, isExpired, NEVER } from "../../keys/dates.js";
import { fingerprint } from "../../keys/ed25519.js";
import { type Key, keyFault } from "../../keys/keys-file.js";
import { type Right, rightNames } from "../../protocol/access.js";
import type { RunCommand } from "../command.js";
import { FileError } from "../errors.js";
import { findKeys } from "../key-files.js";

const MEANINGS: Readonly<Record<Right, string>> = {
  flash: "write and verify programs",
  read: "read the flash",
  erase: "erase",
  boot: "start programs, choose what a restart boots",
  claim: "give the board to another owner",
  owner: "everything",
};

export const run: RunCommand = async (context, [file]) => {
  const options = file === undefined ? context.options : { ...context.options, keys: file };
  const found = await findKeys({ ...context, options });
  if (found.file === undefined) {
    throw new FileError(
      `no keys.json: looked for ${found.looked.join(" and ")}; name another: imflasher keys show FILE`,
    );
  }
  const now = context.io.date();
  context.reporter.result("keys show", {
    data: { file: found.file, keys: found.keys.map((key) => toJson(key, now)) },
    lines: [`${found.file}: ${count(found.keys.length)}`, ...found.keys.flatMap((key) => describe(key, now))],
  });
};

const count = (keys: number): string => (keys === 1 ? "1 key" : `${keys} keys`);

function describe(key: Key, now: number): string[] {
  const { name, authority, body } = key;
  const board = boardText(body);
  const fault = keyFault(key);
  return [
    "",
    `${name}: for ${board === "any" ? "any board of the authority" : `board ${board}`}`,
    `  authority  ${fingerprint(authority)}`,
    ...rightNames(body.rights).map((right) => `  may        ${right}: ${MEANINGS[right]}`),
    `  ends       ${ending(key, now)}`,
    ...(fault === undefined ? [] : [`  UNUSABLE   ${fault}`]),
  ];
}

function ending({ body: { expiry } }: Key, now: number): string {
  if (expiry === NEVER) return "never";
  return isExpired(expiry, now)
    ? `ended on ${dayText(expiry)}: imflasher no longer uses it`
    : `on ${dayText(expiry)}, 00:00 UTC, for imflasher; a board has no clock`;
}

function toJson(key: Key, now: number) {
  const { name, authority, body } = key;
  return {
    name,
    board: boardText(body),
    authority: fingerprint(authority),
    may: rightNames(body.rights),
    expires: dayText(body.expiry),
    expired: isExpired(body.expiry, now),
    fault: keyFault(key) ?? null,
  };
}
