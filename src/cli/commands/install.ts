import { existsSync } from "node:fs";
import { join } from "node:path";
import { bootloaderImage, imageFolder, readBoard } from "../board-files.js";
import type { RunCommand } from "../command.js";
import { UsageError } from "../errors.js";
import { refuseFirstStage } from "../install/first-stage.js";
import {
  type Installation,
  installationWay,
  PROBES,
  type Probe,
  stepLines,
  type Way,
} from "../install/steps.js";
import { packageRoot } from "../package-root.js";
import type { JsonValue } from "../reporter.js";

export const run: RunCommand = async ({ reporter, options }, _, { probe }) => {
  const { board: nameOrPath } = options;
  if (nameOrPath === undefined) {
    throw new UsageError('--board: expected the board, a name of "imflasher board list" or a board file');
  }
  const probes = chosenProbes(probe);
  const board = readBoard(nameOrPath);
  refuseFirstStage(board, nameOrPath);
  // Tells it now when the image is not there, not when somebody holds two buttons.
  bootloaderImage(nameOrPath);
  const installation = {
    board,
    nameOrPath,
    image: join(imageFolder(nameOrPath), "imbootloader.bin"),
    openocdConfig: openocdConfig(nameOrPath),
  } satisfies Installation;
  const ways = probes.map((one) => installationWay(installation, one));
  reporter.result("install", {
    data: { board: board.name, image: installation.image, ways: ways.map(wayJson) },
    lines: [`IMBootloader onto ${board.title}`, ...ways.flatMap(wayLines)],
  });
};

/** @throws UsageError */
function chosenProbes(probe: unknown): readonly Probe[] {
  if (probe === undefined) return PROBES;
  const chosen = PROBES.find((one) => one === probe);
  if (chosen !== undefined) return [chosen];
  throw new UsageError(`--probe: expected one of ${PROBES.join(", ")}; found ${JSON.stringify(probe)}`);
}

/** The emulated reference board has a probe of its own. */
function openocdConfig(nameOrPath: string): string | undefined {
  const file = join(packageRoot(), "boards", `${nameOrPath}.openocd.cfg`);
  return existsSync(file) ? file : undefined;
}

function wayLines({ title, steps }: Way): string[] {
  return [
    "",
    title,
    ...steps.flatMap((step, index) => stepLines({ ...step, text: `${index + 1}. ${step.text}` })),
  ];
}

function wayJson({ probe, title, steps }: Way): { readonly [key: string]: JsonValue } {
  return { probe, title, steps: steps.map(({ text, commands }) => ({ text, commands })) };
}
