import { Command, CommanderError } from "commander";
import { DEFAULT_RUN_FOR, DEFAULT_TIMEOUT } from "./board-job.js";
import type { CommandSpec, GlobalOptions } from "./command.js";
import { COMMANDS, GROUPS } from "./commands.js";
import { UsageError } from "./errors.js";
import type { CliIo } from "./io.js";
import { packageVersion } from "./package-root.js";
import { createReporter, type Reporter } from "./reporter.js";

/** What commander throws when it has printed what was asked for. */
const SHOWN = ["commander.helpDisplayed", "commander.version"];

function addCommand(program: Command, spec: CommandSpec, io: CliIo, reporter: Reporter): void {
  const words = spec.name.split(" ");
  const [name = ""] = words.slice(-1);
  const parent = words.length === 1 ? program : groupOf(program, words[0] ?? "");
  const command = parent.command(name).description(spec.summary);
  for (const argument of spec.arguments) command.argument(argument);
  if (spec.usage !== undefined) command.usage(spec.usage);
  for (const [flags, description] of spec.options ?? []) command.option(flags, description);
  command.action(async () => {
    const { run } = await spec.load();
    const options = oneSerial(spec, command.optsWithGlobals<ParsedOptions>());
    // processedArgs also holds the arguments that were left out.
    await run({ io, reporter, options }, command.processedArgs as (string | undefined)[], options);
  });
}

type ParsedOptions = Omit<GlobalOptions, "serial"> &
  Record<string, unknown> & { readonly serial?: readonly string[] };

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** @throws UsageError when a command for one board was given several. */
function oneSerial(
  spec: CommandSpec,
  { serial, ...options }: ParsedOptions,
): GlobalOptions & Record<string, unknown> {
  if (serial === undefined) return options;
  const [first = ""] = serial;
  if (serial.length === 1) return { ...options, serial: first };
  if (spec.severalBoards !== true) {
    throw new UsageError(`--serial: ${spec.name} works on one board; given ${serial.length} times`);
  }
  return { ...options, serials: serial };
}

function groupOf(program: Command, name: string): Command {
  const known = program.commands.find((command) => command.name() === name);
  return (
    known ??
    program
      .command(name)
      .description(GROUPS[name] ?? "")
      .helpCommand(false)
  );
}

function createProgram(io: CliIo, reporter: Reporter): Command {
  const program = new Command("imflasher")
    .description("Flash, verify and run code in the external flash of STM32H750 boards.")
    .version(packageVersion())
    .option(
      "--port <path>",
      "serial port of the board, such as /dev/ttyACM0 (default: the only board present)",
    )
    .option("--serial <board-id>", "the board with this id; with flash also several", collect)
    .option(
      "--board <name>",
      "a board that imflasher runs itself: emulated, another in boards/, or a board file",
    )
    .option(
      "--keys <file>",
      "keys for boards with an owner (default: keys.json here, then in the user's config folder)",
    )
    .option("--json", "one JSON object a line on stdout: progress, result, error")
    .option("--timeout <seconds>", `how long to wait for a board (default: ${DEFAULT_TIMEOUT / 1000})`)
    .option(
      "--state <dir>",
      "where --board keeps its flash memories; none: nowhere (default: the user's data folder)",
    )
    .option(
      "--run-for <seconds>",
      `board time that --board runs on after a restart (default: ${DEFAULT_RUN_FOR})`,
    )
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => `${command.name()} ${command.usage().replace("[options]", "").trim()}`,
    })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Said by main, as every error is.
      outputError: () => undefined,
    })
    .exitOverride();
  for (const spec of COMMANDS) {
    addCommand(program, spec, io, reporter);
  }
  return program;
}

/** commander's errors in our words; undefined when there was no error. */
function translate(error: CommanderError, argv: readonly string[]): UsageError | undefined {
  if (SHOWN.includes(error.code)) return undefined;
  const unknown = error.code === "commander.unknownCommand";
  const names = unknown ? Object.keys(GROUPS) : COMMANDS.map((spec) => spec.name);
  const name = names.find((one) => one.split(" ").every((word) => argv.includes(word)));
  const help = `imflasher ${name === undefined ? "" : `${name} `}--help`;
  // Without a command, commander has already shown the help on stderr.
  const message =
    error.code === "commander.help" ? "expected a command" : error.message.replace(/^error: /, "");
  return new UsageError(`${message}\nsee "${help}"`);
}

/**
 * Runs one command line.
 * @param argv without node and script
 * @returns the exit code
 */
export async function main(argv: readonly string[], io: CliIo): Promise<number> {
  const reporter = createReporter(io, argv.includes("--json"));
  try {
    await createProgram(io, reporter).parseAsync([...argv], { from: "user" });
    return 0;
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? translate(thrown, argv) : thrown;
    if (error === undefined) return 0;
    const { exitCodeOf } = await import("./exit-codes.js");
    const code = exitCodeOf(error);
    reporter.error(error instanceof Error ? error : new Error(String(error)), code);
    return code;
  }
}
