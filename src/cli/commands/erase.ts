import { eraseRange } from "../../flasher/index.js";
import { hex32 } from "../../protocol/hex.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { parseAddress, parseLength } from "../numbers.js";
import { formatBytes } from "../progress-bar.js";

export const run: RunCommand = async (context, [addressText = "", lengthText = ""]) => {
  const { io, reporter } = context;
  const address = parseAddress("ADDR", addressText);
  const length = parseLength("LENGTH", lengthText);
  await withBoard(
    context,
    async (connection) => {
      const report = await eraseRange(connection, address, length, {
        onProgress: (progress) => reporter.progress(progress),
        signal: io.signal,
      });
      const { erasedBytes, unchangedBytes } = report;
      reporter.result("erase", {
        data: { boardId: connection.session.hello.boardId, address, length, ...report },
        lines: [
          `${hex32(address)}: ${formatBytes(erasedBytes)} erased, ${formatBytes(unchangedBytes)} were blank already`,
        ],
      });
    },
    {
      afterInterrupt:
        ": a part may be erased; the board stays in its bootloader until you erase or flash that range again",
    },
  );
};
