import { getBootAddress, setBootAddress } from "../../flasher/index.js";
import { hex32 } from "../../protocol/hex.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { parseAddress } from "../numbers.js";

export const run: RunCommand = async (context, [text]) => {
  const wanted = text === undefined ? undefined : parseAddress("ADDR", text);
  await withBoard(context, async (connection) => {
    const { address, free, capacity } =
      wanted === undefined ? await getBootAddress(connection) : await setBootAddress(connection, wanted);
    context.reporter.result("default-boot", {
      data: { boardId: connection.session.hello.boardId, address, free, capacity },
      lines: [`a restart boots ${hex32(address)}; it can be changed ${free} of ${capacity} times more`],
    });
  });
};
