import { accessJson, describeGrant, describeOwner } from "../board-access.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";

export const run: RunCommand = (context) =>
  withBoard(
    context,
    async ({ session }, access) => {
      const { boardId } = session.hello;
      const { grant } = access;
      // The id alone goes to stdout: scripts take it from there.
      const owner = describeOwner(grant.access);
      context.reporter.note(grant.kind === "open" ? owner : `${owner}; ${describeGrant(grant)}`);
      if (grant.kind === "locked") context.reporter.note(access.whichKey(grant));
      context.reporter.result("id", { data: { boardId, access: accessJson(grant) }, lines: [boardId] });
    },
    { login: "look" },
  );
