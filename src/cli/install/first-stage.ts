import { join } from "node:path";
import type { Board } from "../../boards/board.js";
import { imageFolder } from "../board-files.js";
import { FirstStageError } from "../errors.js";
import { keepFirstStageSteps, stepLines } from "./steps.js";

/**
 * A board that keeps the bootloader it came with gets nothing into its internal flash.
 * @throws FirstStageError with what to do instead
 */
export function refuseFirstStage(board: Board, nameOrPath: string): void {
  if (board.firstStage === undefined) return;
  const image = join(imageFolder(nameOrPath), "imssbl.exst");
  throw new FirstStageError(
    [
      `${board.title} keeps the bootloader it came with: nothing is written over it. IMSSBL gives it the same functions, from RAM:`,
      ...keepFirstStageSteps(board, image).flatMap(stepLines),
    ].join("\n"),
  );
}
