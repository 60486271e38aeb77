/** How a command speaks: to a person on a terminal, to a log, or to a program. */
import type { Phase, Progress } from "../flasher/progress.js";
import type { CliIo } from "./io.js";
import { formatBar, formatPhase } from "./progress-bar.js";

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export interface CommandResult {
  /** What a program gets. */
  readonly data: { readonly [key: string]: JsonValue };
  /** What a person gets on stdout. */
  readonly lines: readonly string[];
}

export interface Reporter {
  /** Something a person should know; programs do not get it. */
  note(text: string): void;
  progress(progress: Progress): void;
  result(command: string, result: CommandResult): void;
  /** Something that happens while a command runs: an object for programs, a line on stdout for people if given. */
  event(type: string, data: { readonly [key: string]: JsonValue }, line?: string): void;
  error(error: Error, exitCode: number): void;
}

interface PhaseState {
  readonly start: number;
  percent: number;
  over: boolean;
}

/** Which phases have begun and ended: they may take turns. */
class Phases {
  private readonly states = new Map<Phase, PhaseState>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Undefined when nothing about it is new: the same percentage, or a phase that is over. */
  advance({
    phase,
    done,
    total,
  }: Progress): { readonly milliseconds: number; readonly over: boolean } | undefined {
    const percent = total > 0 ? Math.floor((done / total) * 100) : 0;
    const known = this.states.get(phase);
    // A phase that begins again (after the link was opened anew) is told again.
    const restarted = known !== undefined && percent < known.percent;
    const state = known === undefined || restarted ? { start: this.now(), percent: -1, over: false } : known;
    this.states.set(phase, state);
    if (state.over || percent === state.percent) return undefined;
    state.percent = percent;
    state.over = total > 0 && done >= total;
    return { milliseconds: this.now() - state.start, over: state.over };
  }
}

abstract class PeopleReporter implements Reporter {
  protected readonly io: CliIo;
  protected readonly phases: Phases;

  constructor(io: CliIo) {
    this.io = io;
    this.phases = new Phases(() => io.now());
  }

  abstract progress(progress: Progress): void;

  note(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  result(_command: string, { lines }: CommandResult): void {
    for (const line of lines) this.io.stdout.write(`${line}\n`);
  }

  event(_type: string, _data: { readonly [key: string]: JsonValue }, line?: string): void {
    if (line !== undefined) this.io.stdout.write(`${line}\n`);
  }

  error(error: Error): void {
    this.io.stderr.write(`imflasher: ${error.message}\n`);
  }
}

/** A log: one line when a phase is over. */
class PlainReporter extends PeopleReporter {
  progress(progress: Progress): void {
    const step = this.phases.advance(progress);
    if (step?.over) this.note(formatPhase(progress.phase, progress.total, step.milliseconds));
  }
}

/** A terminal: one bar that moves, and stays when its phase is over. */
class TerminalReporter extends PeopleReporter {
  /** A bar stands on the line where the cursor is. */
  private drawn = false;

  progress(progress: Progress): void {
    const step = this.phases.advance(progress);
    if (step === undefined || progress.total === 0) return;
    const line = formatBar(progress, step.milliseconds, this.io.stderr.columns ?? 80);
    this.io.stderr.write(`\r${line}\u001b[K${step.over ? "\n" : ""}`);
    this.drawn = !step.over;
  }

  override note(text: string): void {
    this.endLine();
    super.note(text);
  }

  override result(command: string, result: CommandResult): void {
    this.endLine();
    super.result(command, result);
  }

  override error(error: Error): void {
    this.endLine();
    super.error(error);
  }

  private endLine(): void {
    if (this.drawn) this.io.stderr.write("\n");
    this.drawn = false;
  }
}

type Fields = { readonly [key: string]: JsonValue };

/** A program: one object a line on stdout. */
class JsonReporter implements Reporter {
  private readonly io: CliIo;
  private readonly phases: Phases;
  private readonly fields: Fields;

  /** @param fields of every object, behind its type. */
  constructor(io: CliIo, fields: Fields) {
    this.io = io;
    this.fields = fields;
    this.phases = new Phases(() => io.now());
  }

  note(): void {}

  progress(progress: Progress): void {
    if (this.phases.advance(progress) === undefined) return;
    this.print({ type: "progress", phase: progress.phase, done: progress.done, total: progress.total });
  }

  result(command: string, { data }: CommandResult): void {
    this.print({ type: "result", command, ...data });
  }

  event(type: string, data: { readonly [key: string]: JsonValue }): void {
    this.print({ type, ...data });
  }

  error(error: Error, exitCode: number): void {
    this.print({ type: "error", error: error.name, message: error.message, exitCode });
  }

  private print(object: { readonly [key: string]: JsonValue }): void {
    const { type, ...rest } = object;
    this.io.stdout.write(`${JSON.stringify({ type, ...this.fields, ...rest })}\n`);
  }
}

/** @param fields that every JSON object has. */
export function createReporter(io: CliIo, json: boolean, fields: Fields = {}): Reporter {
  if (json) return new JsonReporter(io, fields);
  return io.stderr.isTTY ? new TerminalReporter(io) : new PlainReporter(io);
}
