/** Building a board file's firmware, where this is a checkout of the project with its compiler. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { buildCommand, imageFolder } from "../board-files.js";
import { packageRoot } from "../package-root.js";

const BUILD = join("dist", "firmware", "build", "build.js");
const COMPILER = "arm-none-eabi-gcc";

export type FirmwareBuild =
  | { readonly kind: "built"; readonly image: string }
  /** Nothing was tried: `why`, and the command that does it where it can be done. */
  | { readonly kind: "missing"; readonly why: string; readonly command: string };

/** The compiler refused, or the image breaks its budget: what it said. */
export class FirmwareBuildError extends Error {
  override readonly name = "FirmwareBuildError";
}

function missing(root: string): string | undefined {
  if (!existsSync(join(root, BUILD)) || !existsSync(join(root, "firmware", "core"))) {
    return "this imflasher is not a checkout of the project, which has the firmware's sources";
  }
  const { error } = spawnSync(COMPILER, ["--version"]);
  return error === undefined
    ? undefined
    : `there is no ${COMPILER}: install Debian's gcc-arm-none-eabi and libnewlib-arm-none-eabi`;
}

/**
 * @param file the board file; the images go to a folder of its name beside it
 * @throws FirmwareBuildError
 */
export function buildBoardFirmware(file: string): FirmwareBuild {
  const root = packageRoot();
  const why = missing(root);
  if (why !== undefined) return { kind: "missing", why, command: buildCommand(file) };
  const path = resolve(file);
  const { status, stdout, stderr } = spawnSync(process.execPath, [BUILD, "--out", dirname(path), path], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0)
    throw new FirmwareBuildError(`${file}: its firmware could not be built\n${`${stdout}${stderr}`.trim()}`);
  return { kind: "built", image: join(imageFolder(file), "imbootloader.bin") };
}
