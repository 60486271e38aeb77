import type { RunCommand } from "../commands.js";
import { withBoard } from "../context.js";

export const run: RunCommand = (context) =>
  withBoard(context, async ({ session }) => {
    const { boardId } = session.hello;
    context.reporter.result("id", { data: { boardId }, lines: [boardId] });
  });
