import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ideFiles } from "../../ide/files.js";
import { merged } from "../../ide/merge.js";
import { IDES, type Ide, type IdeFile, type IdeProject, PROBES } from "../../ide/project.js";
import { probeCommand } from "../../ide/servers.js";
import type { CommandContext, GlobalOptions, RunCommand } from "../command.js";
import { FileError, UsageError } from "../errors.js";
import { findFiles, readIfPresent, replaceFile } from "../files.js";
import type { CliIo } from "../io.js";
import { packageRoot } from "../package-root.js";

interface IdeOptions extends GlobalOptions {
  readonly probe?: string;
  readonly folder?: string;
  readonly program?: string;
  readonly name?: string;
  readonly layout?: string;
  readonly via?: string;
  readonly signature?: string;
  readonly force?: boolean;
}

export const run: RunCommand = async (context, [wanted], options) => {
  const chosen: IdeOptions = options;
  const ide = oneOf("IDE", IDES, wanted);
  const project = await projectOf(context, chosen);
  const folder = chosen.folder ?? ".";
  const plans: Plan[] = [];
  for (const file of ideFiles(ide, project)) {
    plans.push(await planFor(context.io, folder, file, chosen.force === true));
  }
  refuseDifferent(plans);
  for (const plan of plans) {
    if (plan.changes) await replaceFile(context.io, plan.path, Buffer.from(plan.text));
  }
  report(context, ide, project, plans);
  await tellMissing(context, project);
};

/** The files may be for another machine: it is no error. */
async function tellMissing({ io, reporter }: CommandContext, project: IdeProject): Promise<void> {
  const [server = ""] = probeCommand(project).split(" ");
  for (const program of [project.gdb, server]) {
    const found = program.includes("/") || (await io.findProgram(program)) !== undefined;
    if (!found) reporter.note(`${program} is not on the PATH of this shell: debugging needs it`);
  }
}

/** What becomes of a file. */
interface Plan {
  readonly path: string;
  readonly text: string;
  readonly changes: boolean;
  /** What is there already under our names, and says something else. */
  readonly different: readonly string[];
}

/** @throws FileError, IdeFileError */
async function planFor(io: CliIo, folder: string, file: IdeFile, force: boolean): Promise<Plan> {
  const path = join(folder, file.path);
  const bytes = await readIfPresent(io, path);
  const before = bytes === undefined ? undefined : Buffer.from(bytes).toString();
  if ("list" in file) {
    const { text, different } = merged(file, before, force);
    return { path, text, changes: text !== before, different };
  }
  const { text } = file;
  const differs = before !== undefined && before !== text;
  return { path, text, changes: before !== text, different: differs && !force ? ["the file"] : [] };
}

/** Of several files none is written when one would be written over. @throws FileError */
function refuseDifferent(plans: readonly Plan[]): void {
  const told = plans.flatMap(({ path, different }) => different.map((what) => `  ${path}: ${what}`));
  if (told.length === 0) return;
  throw new FileError(
    `nothing was written: this is there already, and says something else:\n${told.join("\n")}\n` +
      "--force replaces it, and keeps the rest of a JSON file; --name gives ours another name",
  );
}

function report({ reporter }: CommandContext, ide: Ide, project: IdeProject, plans: readonly Plan[]): void {
  const { program, probe, gdb } = project;
  reporter.result("ide", {
    data: { ide, probe, program, gdb, files: plans.map(({ path, changes }) => ({ path, written: changes })) },
    lines: [
      ...plans.map(({ path, changes }) => `${changes ? "written" : "as it was"}: ${path}`),
      `debugs ${program} with ${gdb}. What the fields mean: ${join(packageRoot(), "docs", `ide-${ide}.md`)}`,
    ],
  });
}

/** @throws UsageError, FileError */
async function projectOf({ io }: CommandContext, chosen: IdeOptions): Promise<IdeProject> {
  const folder = chosen.folder ?? ".";
  const program = chosen.program ?? (await onlyProgram(io, folder));
  const gdbs = await Promise.all(GDBS.map((name) => io.findProgram(name)));
  const at = gdbs.findIndex((path) => path !== undefined);
  return {
    name: chosen.name ?? (await projectName(io, folder)),
    program,
    probe: oneOf("--probe", PROBES, chosen.probe ?? "openocd"),
    imflasher: await imflasherCommand(io),
    wrapper: (await io.findProgram(WRAPPER)) === undefined ? join(packageRoot(), "gdb", WRAPPER) : WRAPPER,
    gdb: GDBS[at] ?? GDBS[0],
    boardOptions: BOARD_OPTIONS.flatMap((name) => passed(name, chosen[name])),
    serverOptions: SERVER_OPTIONS.flatMap((name) => passed(name, chosen[name])),
  };
}

const WRAPPER = "imflasher-gdb";
const GDBS = ["arm-none-eabi-gdb", "gdb-multiarch"] as const;
/** Options that are the same for every command. */
const BOARD_OPTIONS = ["port", "serial", "keys", "timeout"] as const;
const SERVER_OPTIONS = ["layout", "via", "signature"] as const;

function passed(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`--${name}`, value];
}

/** By its name where a shell would find it, so that the files serve a colleague, too. */
async function imflasherCommand(io: CliIo): Promise<readonly [string, ...string[]]> {
  if ((await io.findProgram("imflasher")) !== undefined) return ["imflasher"];
  return [process.execPath, fileURLToPath(new URL("../main.js", import.meta.url))];
}

/** @throws UsageError, FileError */
async function onlyProgram(io: CliIo, folder: string): Promise<string> {
  const found = await findFiles(io, folder, ".elf");
  const [first] = found;
  if (first !== undefined && found.length === 1) return relativeTo(folder, first);
  const what =
    first === undefined
      ? `none in ${folder}: build the project first`
      : `${found.length}: ${found.join(", ")}`;
  throw new UsageError(`--program: expected it, or a project with one .elf file; found ${what}`);
}

function relativeTo(folder: string, path: string): string {
  const start = `${folder.replace(/\/$/, "")}/`;
  return path.startsWith(start) ? path.slice(start.length) : path;
}

/** What Eclipse calls the project, where it is one of Eclipse's. */
async function projectName(io: CliIo, folder: string): Promise<string> {
  const bytes = await readIfPresent(io, join(folder, ".project"));
  const name = /<name>([^<]+)<\/name>/.exec(Buffer.from(bytes ?? []).toString())?.[1];
  return name ?? basename(resolve(folder));
}

/** @throws UsageError */
function oneOf<T extends string>(what: string, known: readonly T[], found: string | undefined): T {
  const one = known.find((name) => name === found);
  if (one !== undefined) return one;
  throw new UsageError(`${what}: expected one of: ${known.join(", ")}; found ${JSON.stringify(found)}`);
}
