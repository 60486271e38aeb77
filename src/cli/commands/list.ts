import type { RunCommand } from "../command.js";

export const run: RunCommand = async ({ io, reporter }) => {
  const boards = await io.listPorts();
  if (boards.length === 0) {
    reporter.note("no board is present: plug one in, or press its reset button and list again at once");
  }
  reporter.result("list", {
    data: { boards: boards.map(({ path, serial }) => ({ port: path, boardId: serial ?? null })) },
    lines: boards.map(({ path, serial }) => `${serial ?? "(no board id)"}  ${path}`),
  });
};
