import { issueKey } from "../../keys/authority.js";
import { ANY_BOARD, boardText } from "../../keys/certificate.js";
import { dayText, isExpired, NEVER, parseDay } from "../../keys/dates.js";
import { addKey } from "../../keys/keys-file.js";
import { RIGHTS, type Right, rightBits, rightNames } from "../../protocol/access.js";
import { uidFromBoardId } from "../../protocol/board-id.js";
import type { RunCommand } from "../command.js";
import { UsageError } from "../errors.js";
import { readAuthority, readKeys, unlock, writeKeys } from "../key-files.js";

/** What flashing needs: bytes beside an image are read, so that they can be kept. */
const USUAL_RIGHTS = "flash,read,erase,boot";

export const run: RunCommand = async ({ io, reporter }, _, options) => {
  const board = readBoard(options["board"]);
  const name = text(options["to"], "--to", "the name of who gets the key");
  const rights = readRights(options["may"] ?? USUAL_RIGHTS);
  const expiry = readExpiry(options["expires"], io.date());
  const out = text(options["out"] ?? "keys.json", "--out", "the name of a file");
  const authority = await readAuthority(io, options["authority"]);
  const keys = await readKeys(io, out);
  const pair = await unlock(io, authority);
  const key = issueKey(pair, { board, name, rights, expiry }, (count) => io.random(count));
  await writeKeys(io, out, addKey(keys, key));
  const may = rightNames(rights);
  const data = { file: out, board: boardText(key.body), name, may, expires: dayText(expiry) };
  const until = expiry === NEVER ? "" : `, until ${dayText(expiry)}`;
  reporter.result("keys issue", {
    data,
    lines: [
      `${out}: ${name} may ${may.join(", ")} on ${data.board === "any" ? "any board of this authority" : `board ${data.board}`}${until}`,
      `Give ${out} to ${name} alone: it holds the private key.`,
    ],
  });
};

function text(value: unknown, option: string, expected: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new UsageError(`${option}: expected ${expected}, found ${value === undefined ? "nothing" : '""'}`);
}

function readBoard(value: unknown): Uint8Array {
  const board = text(value, "--board", "a board id, or any");
  return board === "any" ? ANY_BOARD : uidFromBoardId(board);
}

function readRights(value: unknown): number {
  const names = String(value).split(",");
  const known: readonly string[] = RIGHTS.filter((right) => right !== "owner");
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) {
    throw new UsageError(`--may: expected rights out of ${known.join(",")}, found ${JSON.stringify(wrong)}`);
  }
  return rightBits(names as Right[]);
}

function readExpiry(value: unknown, now: number): number {
  if (value === undefined) return NEVER;
  const day = parseDay(String(value));
  if (day === undefined) {
    throw new UsageError(
      `--expires: expected a date as 2027-01-31, or never; found ${JSON.stringify(value)}`,
    );
  }
  if (isExpired(day, now)) throw new UsageError(`--expires: ${dayText(day)} is not in the future`);
  return day;
}
