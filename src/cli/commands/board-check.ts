import { BoardFileError } from "../../boards/board.js";
import { NOR_PARTS } from "../../emulator/flash/parts.js";
import { readBoard } from "../board-files.js";
import type { RunCommand } from "../command.js";

export const run: RunCommand = async ({ reporter }, [file = ""]) => {
  const board = readBoard(file);
  const { part, size } = board.flash;
  const known = NOR_PARTS.find(({ name }) => name === part);
  if (known !== undefined && known.size !== size) {
    throw new BoardFileError(`${file}: flash.size: expected ${known.size}, the ${part}'s; found ${size}`);
  }
  if (known === undefined) {
    reporter.note(
      `flash.part: the emulator does not know ${part}, only ${NOR_PARTS.map(({ name }) => name).join(", ")}; ` +
        "a real board is asked for its chip's parameters (SFDP)",
    );
  }
  reporter.result("board check", {
    data: { file, board: board.name, emulated: known !== undefined },
    lines: [`${file}: ${board.title}: pins, flash and regions are right`],
  });
};
