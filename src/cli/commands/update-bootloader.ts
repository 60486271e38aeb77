import { readBootloaderIdentity } from "../../flasher/bootloader-image.js";
import { reset, updateBootloader } from "../../flasher/index.js";
import { boardNames, bootloaderImage, readBoard } from "../board-files.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { refuseFirstStage } from "../install/first-stage.js";
import { readInternalImage } from "../internal-image.js";
import { ownerLogin } from "../key-files.js";

/** Boards with the bootloader have an STM32H750. */
const INTERNAL_BYTES = 0x2_0000;
const INTERRUPTED =
  ": while it was being sent nothing was changed; if the board does not come back, see docs/boards for its recovery";

export const run: RunCommand = async (context, [file], { force, authority }) => {
  const { io, reporter, options } = context;
  // Before a board is looked for: what is wrong with a file needs none.
  const given = file === undefined ? undefined : await readInternalImage(io, file, INTERNAL_BYTES);
  if (given !== undefined) readBootloaderIdentity(given, file);
  const login = authority === undefined ? "keys" : await ownerLogin(io, authority);
  await withBoard(
    context,
    async (connection) => {
      const { board } = await connection.run((session) => session.send("INFO", {}));
      if (boardNames().includes(board)) refuseFirstStage(readBoard(board), board);
      const report = await updateBootloader(connection, given ?? bootloaderImage(options.board ?? board), {
        allowOlder: force === true,
        signal: io.signal,
        onProgress: (progress) => reporter.progress(progress),
        onReplacing: () =>
          reporter.note("the board replaces its bootloader: do not cut its power for two seconds"),
      });
      const { boardId } = connection.session.hello;
      await reset(connection);
      reporter.result("update-bootloader", {
        data: { boardId, ...report },
        lines: [
          `board ${boardId} (${report.board}): bootloader ${report.before} -> ${report.after}, ${report.bytes} bytes, in ${(report.milliseconds / 1000).toFixed(1)} s`,
          "boot address, owner and policy are as before; the board restarts",
        ],
      });
    },
    { afterInterrupt: INTERRUPTED, login },
  );
};
