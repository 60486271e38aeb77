import { OWNED } from "../../protocol/access.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { ownerLogin } from "../key-files.js";

export const run: RunCommand = async (context, _, options) => {
  const login = await ownerLogin(context.io, options["authority"]);
  await withBoard(
    context,
    async (connection, { grant }) => {
      const { boardId } = connection.session.hello;
      const already = grant.kind === "open";
      // Begun again after a link that broke, it may have happened already.
      await connection.run(async (session) => {
        const { owned } = await session.send("ACCESS", {});
        if (owned !== OWNED.open) await session.send("RELEASE", {});
      });
      const now = already ? "is open already" : "is open now: anybody may change or claim it";
      context.reporter.result("release", { data: { boardId, already }, lines: [`board ${boardId} ${now}`] });
    },
    { login },
  );
};
