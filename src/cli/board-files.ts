import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Board, parseBoard } from "../boards/board.js";
import { UsageError } from "./errors.js";
import { packageRoot } from "./package-root.js";

/** Names of the files in `boards/`, ascending. */
export function boardNames(): string[] {
  return readdirSync(join(packageRoot(), "boards"))
    .filter((file) => file.endsWith(".json") && !file.endsWith(".schema.json"))
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

/** @throws UsageError when there is no such board; BoardFileError when its file is wrong */
export function readBoard(name: string): Board {
  const known = boardNames();
  if (!known.includes(name)) {
    throw new UsageError(`--board: expected one of: ${known.join(", ")}; found ${JSON.stringify(name)}`);
  }
  const file = join(packageRoot(), "boards", `${name}.json`);
  return parseBoard(file, readFileSync(file, "utf8"));
}
