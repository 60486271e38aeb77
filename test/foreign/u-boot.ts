/**
 * U-Boot for the ART-Pi, from Debian's source package: a program for an STM32H750 that nobody here wrote. Fetched and built
 * once, in .out/foreign; nothing of it is part of the project. The commands are in docs/foreign-programs.md.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ROOT } from "../tools/root.js";

const FOLDER = join(ROOT, ".out", "foreign");
const DEFCONFIG = "stm32h750-art-pi_defconfig";
const SOURCES_FOLDER = "/etc/apt/sources.list.d";
const SOURCES_LIST = "/etc/apt/sources.list";

/** A step of fetching or building failed. */
export class ForeignBuildError extends Error {
  override readonly name = "ForeignBuildError";
}

function run(folder: string, command: string, ...args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (error === undefined && status === 0) return;
  const what = error?.message ?? `${stdout}${stderr}`.split("\n").slice(-20).join("\n");
  throw new ForeignBuildError(`${command} ${args.join(" ")} in ${folder}: ${what}`);
}

/** Debian's source index in a folder of ours: the machine's own package lists stay as they are. */
function aptOptions(): string[] {
  const parts = join(FOLDER, "apt", "parts");
  for (const name of ["parts", "lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(FOLDER, "apt", name), { recursive: true });
  }
  const files = existsSync(SOURCES_FOLDER) ? readdirSync(SOURCES_FOLDER) : [];
  for (const file of files.filter((name) => /\.(sources|list)$/.test(name))) {
    writeFileSync(join(parts, file), asSources(readFileSync(join(SOURCES_FOLDER, file), "utf8")));
  }
  if (existsSync(SOURCES_LIST)) {
    writeFileSync(join(parts, "main.list"), asSources(readFileSync(SOURCES_LIST, "utf8")));
  }
  const settings = {
    "Dir::Etc::sourcelist": "/dev/null",
    "Dir::Etc::sourceparts": parts,
    "Dir::State::lists": join(FOLDER, "apt", "lists"),
    "Dir::Cache": join(FOLDER, "apt", "cache"),
    "APT::Sandbox::User": "root",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

const asSources = (text: string): string =>
  text.replace(/^Types:.*$/gm, "Types: deb-src").replace(/^deb /gm, "deb-src ");

function sourceFolder(): string | undefined {
  const name = readdirSync(FOLDER).find(
    (entry) => /^u-boot-[\d.]+/.test(entry) && !/\.(tar|dsc)/.test(entry),
  );
  return name === undefined ? undefined : join(FOLDER, name);
}

function fetchSource(): string {
  const options = aptOptions();
  run(FOLDER, "apt-get", ...options, "-q", "update");
  run(FOLDER, "apt-get", ...options, "-q", "source", "--download-only", "u-boot");
  const archive = readdirSync(FOLDER).find((name) => /^u-boot_.*\.orig\.tar\.xz$/.test(name));
  if (archive === undefined)
    throw new ForeignBuildError(`${FOLDER}: apt-get source left no u-boot_*.orig.tar.xz`);
  run(FOLDER, "tar", "xf", archive);
  const folder = sourceFolder();
  if (folder === undefined)
    throw new ForeignBuildError(`${FOLDER}: ${archive} holds no folder u-boot-VERSION`);
  return folder;
}

/**
 * U-Boot as a raw image for `address`.
 * @throws ForeignBuildError
 */
export function uBootImage(address: number): Uint8Array {
  const image = join(FOLDER, `u-boot-${address.toString(16)}.bin`);
  if (existsSync(image)) return new Uint8Array(readFileSync(image));
  mkdirSync(FOLDER, { recursive: true });
  const folder = sourceFolder() ?? fetchSource();
  // No debug information, and its own tools unoptimised: the image is the same, and there in two thirds of the time.
  const cheap = ["KCFLAGS=-g0", "HOSTCFLAGS=-O0"];
  const make = ["-s", `-j${availableParallelism()}`, "CROSS_COMPILE=arm-none-eabi-", ...cheap];
  run(folder, "make", ...make, DEFCONFIG);
  const config = join(folder, ".config");
  const settled = readFileSync(config, "utf8").replace(
    /^CONFIG_TEXT_BASE=.*$/m,
    `CONFIG_TEXT_BASE=0x${address.toString(16)}`,
  );
  writeFileSync(config, settled);
  run(folder, "make", ...make, "u-boot.bin");
  const built = readFileSync(join(folder, "u-boot.bin"));
  writeFileSync(image, built);
  return new Uint8Array(built);
}
