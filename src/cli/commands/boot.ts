import { boot, getBootAddress } from "../../flasher/index.js";
import { hex32 } from "../../protocol/hex.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { parseAddress } from "../numbers.js";

export const run: RunCommand = async (context, [text]) => {
  const wanted = text === undefined ? undefined : parseAddress("ADDR", text);
  await withBoard(context, async (connection) => {
    const { boardId } = connection.session.hello;
    const address = wanted ?? (await getBootAddress(connection)).address;
    await boot(connection, address);
    context.reporter.result("boot", {
      data: { boardId, address },
      lines: [`started at ${hex32(address)}`],
    });
  });
};
