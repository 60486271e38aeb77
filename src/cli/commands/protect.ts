import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { AccessDeniedError, UsageError } from "../errors.js";
import { ownerLogin } from "../key-files.js";

const LEVELS: Readonly<Record<number, string>> = {
  0: "nothing is protected: a debug probe, or ST's ROM DFU, reads and changes the bootloader and its owner",
  1: "the internal flash cannot be read or changed by a debug probe or ST's ROM DFU; setting it back to 0 erases it",
  2: "debugging is switched off for ever",
};

/** What a person should know before and after. */
const WAY_BACK = [
  "The way back to level 0 erases the internal flash with the bootloader, its owner, its policy and its log. It is done",
  "with a debug probe or ST's ROM DFU (STM32CubeProgrammer: option bytes, RDP = AA); then put the bootloader back.",
  "The external flash chip is not protected by any level: who unsolders it, reads it.",
];

const REFUSED: Readonly<Record<string, string>> = {
  "level-0":
    "level-0: not from here: the way back erases the bootloader that would have to do it. Use a debug probe or ST's ROM DFU " +
    "(STM32CubeProgrammer: option bytes, RDP = AA), then put the bootloader back",
  "level-2":
    "level-2: refused: it can never be undone, a fault of the bootloader could then never be repaired, and it protects " +
    "nothing that level 1 leaves open here: the program lies in the external flash chip",
};

export const run: RunCommand = async (context, [word], options) => {
  if (word !== undefined && word !== "level-1") {
    throw new UsageError(REFUSED[word] ?? `LEVEL: expected level-1, found ${JSON.stringify(word)}`);
  }
  const named = options["authority"] !== undefined;
  const login = word !== undefined && named ? await ownerLogin(context.io, options["authority"]) : "look";
  await withBoard(
    context,
    async (connection, { grant }) => {
      const { boardId } = connection.session.hello;
      const { rdp } = await connection.run((session) => session.send("ACCESS", {}));
      if (word !== undefined && grant.kind !== "open" && !named) {
        throw new AccessDeniedError(
          `board ${boardId} has an owner: only it may set the protection: --authority DIR`,
        );
      }
      const set = word !== undefined && rdp !== 1;
      const protect = () => connection.run((session) => session.send("PROTECT", { level: 1 }));
      const { level } = set ? await protect() : { level: rdp };
      context.reporter.result("protect", {
        data: { boardId, level, set },
        lines: [
          `board ${boardId}: read-out protection level ${level}${set ? " from the next power-on" : ""}`,
          `level ${level}: ${LEVELS[level] ?? "unknown to this imflasher"}`,
          ...WAY_BACK,
        ],
      });
    },
    { login },
  );
};
