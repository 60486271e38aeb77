import { boardNames, readBoard } from "../board-files.js";
import type { RunCommand } from "../command.js";

export const run: RunCommand = async ({ reporter }) => {
  const boards = boardNames().map((name) => ({ name, title: readBoard(name).title }));
  const width = Math.max(...boards.map(({ name }) => name.length));
  reporter.result("board list", {
    data: { boards },
    lines: boards.map(({ name, title }) => `${name.padEnd(width)}  ${title}`),
  });
};
