import { POLICY_OWN_CERTIFICATES, POLICY_REQUIRE_SIGNED } from "../../protocol/access.js";
import { describeOwner, describePolicy } from "../board-access.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { UsageError } from "../errors.js";
import { ownerLogin } from "../key-files.js";

type Change = (policy: number) => number;

const CHANGES: Readonly<Record<string, Change>> = {
  "require-signed": (policy) => policy | POLICY_REQUIRE_SIGNED,
  "allow-unsigned": (policy) => policy & ~POLICY_REQUIRE_SIGNED,
  "own-certificates-only": (policy) => policy | POLICY_OWN_CERTIFICATES,
  "any-certificates": (policy) => policy & ~POLICY_OWN_CERTIFICATES,
};

export const run: RunCommand = async (context, [word], options) => {
  const change = word === undefined ? undefined : CHANGES[word];
  if (word !== undefined && change === undefined) {
    const known = Object.keys(CHANGES).join(", ");
    throw new UsageError(`CHANGE: expected one of: ${known}; found ${JSON.stringify(word)}`);
  }
  const login = change === undefined ? "look" : await ownerLogin(context.io, options["authority"]);
  await withBoard(
    context,
    async (connection) => {
      const { boardId } = connection.session.hello;
      const access = await connection.run((session) => session.send("ACCESS", {}));
      const set = (policy: number) => connection.run((session) => session.send("POLICY", { policy }));
      const { policy } = change === undefined ? access : await set(change(access.policy));
      const owner = describeOwner(access);
      context.reporter.result("policy", {
        data: { boardId, policy },
        lines: [`board ${boardId} is ${owner}`, `it ${describePolicy(policy)}`],
      });
    },
    { login },
  );
};
