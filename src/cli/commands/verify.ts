import { verifyImage } from "../../flasher/index.js";
import { hex32 } from "../../protocol/hex.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { readImage, splitAddressAndFile } from "../files.js";
import { formatBytes } from "../progress-bar.js";

export const run: RunCommand = async (context, args) => {
  const { io, reporter } = context;
  const what = splitAddressAndFile(args);
  const image = await readImage(io, what);
  await withBoard(context, async (connection) => {
    const report = await verifyImage(connection, image, {
      onProgress: (progress) => reporter.progress(progress),
      signal: io.signal,
    });
    reporter.result("verify", {
      data: { boardId: connection.session.hello.boardId, file: what.file, ...report },
      lines: [
        `${what.file}: the board holds all ${formatBytes(report.imageBytes)} of it`,
        ...report.digests.map(({ address, sha256 }) => `${hex32(address)} SHA-256 ${sha256}`),
      ],
    });
  });
};
