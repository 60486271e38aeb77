/** What a command is: what it is given, and how it is told of. */
import type { CliIo } from "./io.js";
import type { Reporter } from "./reporter.js";

/** Options of every command, as commander gives them. */
export interface GlobalOptions {
  readonly port?: string;
  readonly serial?: string;
  /** Every --serial, where it was given more than once. */
  readonly serials?: readonly string[];
  readonly board?: string;
  readonly json?: boolean;
  readonly timeout?: string;
  readonly state?: string;
  readonly runFor?: string;
  readonly keys?: string;
}

/** What a command works with. */
export interface CommandContext {
  readonly io: CliIo;
  readonly reporter: Reporter;
  readonly options: GlobalOptions;
}

/** Arguments in the order of `arguments`; a missing optional one is undefined. */
export type RunCommand = (
  context: CommandContext,
  args: readonly (string | undefined)[],
  options: Readonly<Record<string, unknown>>,
) => Promise<void>;

export interface CommandSpec {
  /** One word, or two: a group and what is done in it. */
  readonly name: string;
  readonly summary: string;
  /** As commander takes them: "<LENGTH>" is needed, "[ADDR]" is not. */
  readonly arguments: readonly string[];
  /** For help, where the arguments alone do not tell it. */
  readonly usage?: string;
  /** Flags and what they do. */
  readonly options?: readonly (readonly [flags: string, description: string])[];
  /** It takes --all and several --serial. */
  readonly severalBoards?: boolean;
  load(): Promise<{ readonly run: RunCommand }>;
}
