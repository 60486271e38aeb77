import { fingerprint, sameBytes } from "../../keys/ed25519.js";
import { OWNED } from "../../protocol/access.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { readAuthority } from "../key-files.js";

export const run: RunCommand = async (context, _, options) => {
  const authority = await readAuthority(context.io, options["authority"]);
  const { publicKey } = authority.file;
  await withBoard(context, async (connection, { grant }) => {
    const { boardId } = connection.session.hello;
    const owns = (access: typeof grant.access) =>
      access !== undefined && access.owned !== OWNED.open && sameBytes(access.owner, publicKey);
    const already = owns(grant.access);
    // Begun again after a link that broke, it may have happened already.
    await connection.run(async (session) => {
      if (!owns(await session.send("ACCESS", {}))) await session.send("CLAIM", { authority: publicKey });
    });
    const owner = fingerprint(publicKey);
    context.reporter.result("claim", {
      data: { boardId, owner, already },
      lines: [
        already ? `board ${boardId} belongs to ${owner} already` : `board ${boardId} now belongs to ${owner}`,
        "It takes a key from now on. Issue one with:",
        `  imflasher keys issue --authority ${authority.folder} --board ${boardId} --to NAME`,
      ],
    });
  });
};
