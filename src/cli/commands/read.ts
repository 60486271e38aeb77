import { readRange } from "../../flasher/index.js";
import { hex32 } from "../../protocol/hex.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { UsageError } from "../errors.js";
import { writeResult } from "../files.js";
import { parseAddress, parseLength } from "../numbers.js";
import { formatBytes } from "../progress-bar.js";

export const run: RunCommand = async (context, [addressText = "", lengthText = "", file = ""]) => {
  const { io, reporter } = context;
  const address = parseAddress("ADDR", addressText);
  const length = parseLength("LENGTH", lengthText);
  if (file === "") throw new UsageError('FILE: expected the name of a file to write, found ""');
  await withBoard(context, async (connection) => {
    const bytes = await readRange(connection, address, length, {
      onProgress: (progress) => reporter.progress(progress),
      signal: io.signal,
    });
    await writeResult(io, file, bytes);
    reporter.result("read", {
      data: { boardId: connection.session.hello.boardId, address, length, file },
      lines: [`${file}: ${formatBytes(length)} from ${hex32(address)}`],
    });
  });
};
