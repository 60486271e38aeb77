/** One command on several boards at once: each has its own link and its own lines; one that fails stops no other. */
import type { CommandContext, GlobalOptions } from "./command.js";
import { BoardsFailedError, UsageError } from "./errors.js";
import { exitCodeOf } from "./exit-codes.js";
import type { CliIo, Output } from "./io.js";
import { formatBar } from "./progress-bar.js";
import { createReporter, type JsonValue, type Reporter } from "./reporter.js";

/** A board among several: what it is called, and the options that lead to it. */
export interface Target {
  readonly name: string;
  readonly options: GlobalOptions;
}

/**
 * The boards that `--all` or repeated `--serial` name; undefined when the command is for one board only.
 * @throws UsageError, NoBoardError, BoardIdError
 */
export async function targetsOf(
  context: CommandContext,
  all: boolean,
): Promise<readonly Target[] | undefined> {
  const { io, options } = context;
  const serials = options.serials ?? [];
  if (!all && serials.length < 2) return undefined;
  if (options.board !== undefined || options.port !== undefined) {
    throw new UsageError(
      "--all, several --serial: expected neither --port nor --board: these name one board",
    );
  }
  if (all && (options.serial !== undefined || serials.length > 0)) {
    throw new UsageError(
      "--all, --serial: expected one of them: every board that is present, or those named",
    );
  }
  if (all) return presentTargets(io, options);
  const { parseBoardId } = await import("../protocol/board-id.js");
  const names = new Set(serials.map((serial) => parseBoardId(serial)));
  return Array.from(names, (name) => ({ name, options: { ...options, serial: name } }));
}

async function presentTargets(io: CliIo, options: GlobalOptions): Promise<readonly Target[]> {
  const ports = await io.listPorts();
  if (ports.length === 0) {
    const { NoBoardError } = await import("../transport/node/errors.js");
    throw new NoBoardError("--all: no board is present: plug boards in or press their reset buttons");
  }
  return ports.map(({ path, serial }) =>
    serial === undefined
      ? { name: path, options: { ...options, port: path } }
      : { name: serial, options: { ...options, serial } },
  );
}

interface Fate {
  readonly board: string;
  readonly exitCode: number;
  readonly error?: Error;
}

/**
 * Runs `job` on all boards at once and tells each one's fate.
 * @throws BoardsFailedError when one failed: with its exit code, if all that failed have the same, else 1
 */
export async function onEachBoard(
  context: CommandContext,
  command: string,
  targets: readonly Target[],
  job: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const voices = voicesFor(context, targets);
  const fates = await Promise.all(
    targets.map(async ({ name, options }, index): Promise<Fate> => {
      const reporter = voices[index] as Reporter; // one for each target
      try {
        await job({ io: context.io, options, reporter });
        return { board: name, exitCode: 0 };
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        const exitCode = exitCodeOf(error);
        reporter.error(error, exitCode);
        return { board: name, exitCode, error };
      }
    }),
  );
  context.reporter.result(command, { data: { boards: fates.map(fateJson) }, lines: summary(fates) });
  const failed = fates.filter(({ exitCode }) => exitCode !== 0);
  if (failed.length === 0) return;
  const codes = new Set(failed.map(({ exitCode }) => exitCode));
  const [code = 1] = codes;
  const names = failed.map(({ board }) => board).join(", ");
  throw new BoardsFailedError(
    `${failed.length} of ${fates.length} boards failed: ${names}`,
    codes.size === 1 ? code : 1,
  );
}

function fateJson({ board, exitCode, error }: Fate): JsonValue {
  const fate = { board, ok: error === undefined, exitCode };
  return error === undefined ? fate : { ...fate, error: error.name, message: error.message };
}

function summary(fates: readonly Fate[]): string[] {
  return fates.map(({ board, error }) => `${board}: ${error === undefined ? "done" : "failed"}`);
}

function voicesFor({ io, options }: CommandContext, targets: readonly Target[]): Reporter[] {
  if (options.json === true) return targets.map(({ name }) => createReporter(io, true, { board: name }));
  if (io.stderr.isTTY !== true) return targets.map(({ name }) => createReporter(prefixed(io, name), false));
  const bars = new Bars(io.stderr, targets.length);
  return targets.map(({ name }, index) => barVoice(bars, index, name, () => io.now()));
}

/** Every line begins with the board's name. */
function prefixed(io: CliIo, name: string): CliIo {
  const output = (to: Output): Output => ({
    write: (text) => to.write(text.replace(/^(?=.)/gm, `${name}: `)),
  });
  return { ...io, stdout: output(io.stdout), stderr: output(io.stderr) };
}

/** A terminal: a bar for each board, below what was said. */
class Bars {
  readonly #out: Output;
  readonly #lines: string[];
  #drawn = false;

  constructor(out: Output, count: number) {
    this.#out = out;
    this.#lines = Array.from({ length: count }, () => "");
  }

  get columns(): number {
    return this.#out.columns ?? 80;
  }

  set(index: number, line: string): void {
    this.#lines[index] = line;
    this.#draw("");
  }

  say(text: string): void {
    this.#draw(`${text}\u001b[K\n`);
  }

  #draw(above: string): void {
    const up = this.#drawn ? `\u001b[${this.#lines.length}A` : "";
    this.#drawn = true;
    this.#out.write(`${up}\r${above}${this.#lines.map((line) => `${line}\u001b[K\n`).join("")}`);
  }
}

function barVoice(bars: Bars, index: number, name: string, now: () => number): Reporter {
  let phase = "";
  let start = 0;
  let percent = -1;
  const say = (text: string) => bars.say(`${name}: ${text}`);
  return {
    note: say,
    progress(progress) {
      if (progress.total === 0) return;
      if (progress.phase !== phase) {
        phase = progress.phase;
        start = now();
        percent = -1;
      }
      const reached = Math.floor((progress.done / progress.total) * 100);
      if (reached === percent) return;
      percent = reached;
      bars.set(index, `${name} ${formatBar(progress, now() - start, bars.columns - name.length - 1)}`);
    },
    result: (_, { lines }) => lines.forEach(say),
    event: (_, __, line) => line !== undefined && say(line),
    error: (error) => say(error.message),
  };
}
