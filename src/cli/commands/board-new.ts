import { join } from "node:path";
import { BoardFileError } from "../../boards/board.js";
import { loadBoard } from "../../boards/check.js";
import { completeBoard } from "../../boards/draft.js";
import { NOR_PARTS } from "../../emulator/flash/parts.js";
import { buildBoardFirmware, type FirmwareBuild } from "../board/firmware-build.js";
import { askBoard, Questions } from "../board/questions.js";
import type { RunCommand } from "../command.js";
import { FileError } from "../errors.js";
import { readIfPresent, readInput, writeResult } from "../files.js";
import type { CliIo } from "../io.js";
import type { JsonValue } from "../reporter.js";

export const run: RunCommand = async ({ io, reporter }, [draftFile], { out }) => {
  const folder = typeof out === "string" ? out : ".";
  const draft = draftFile === undefined ? await asked(io) : await readDraft(io, draftFile);
  const text = completeBoard(draft, (name) => NOR_PARTS.find((part) => part.name === name)?.size);
  const { name } = JSON.parse(text) as { name?: unknown };
  const file = join(folder, `${String(name)}.json`);
  const board = loadBoard(file, text);
  await writeBoard(io, file, text);
  reporter.note(`${file}: written; building its firmware …`);
  const build = buildBoardFirmware(file);
  reporter.result("board new", {
    data: { file, board: board.name, firmware: { ...build } as { readonly [key: string]: JsonValue } },
    lines: [`${file}: ${board.title}`, ...firmwareLines(build, file)],
  });
};

async function asked(io: CliIo): Promise<object> {
  const questions = new Questions(io);
  try {
    return await askBoard(questions);
  } finally {
    questions.close();
  }
}

/** @throws BoardFileError, FileError */
async function readDraft(io: CliIo, file: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readInput(io, file));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BoardFileError(`${file}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** A board file that is there already may be somebody's work. @throws FileError */
async function writeBoard(io: CliIo, file: string, text: string): Promise<void> {
  const before = await readIfPresent(io, file);
  if (before !== undefined && new TextDecoder().decode(before) !== text) {
    throw new FileError(`${file}: there is another board of this name: choose another, or delete the file`);
  }
  await writeResult(io, file, new TextEncoder().encode(text));
}

function firmwareLines(build: FirmwareBuild, file: string): string[] {
  if (build.kind === "missing") return [`its firmware is not built: ${build.why}`, `there: ${build.command}`];
  return [
    `${build.image}: its bootloader`,
    `try it: imflasher flash 0x90100000 FILE --board ${file}; put it onto the board: imflasher install --board ${file}`,
  ];
}
