/** GDB as an IDE drives it: MI on its standard input and output. */
import assert from "node:assert/strict";
import { type Dialogue, Program } from "./program.js";

/** How a GDB is started with MI on its standard streams, but for the program. */
export const PLAIN_MI = ["gdb-multiarch", "-q", "-nx", "--interpreter=mi2"];

export class Gdb<T extends Dialogue = Program> {
  readonly program: T;
  #token = 0;
  /** Lines up to here were looked at for stops. */
  #seen = 0;

  /** @param program a GDB that speaks MI */
  constructor(program: T) {
    this.program = program;
  }

  /** @param elf what it debugs. @param command how it is started */
  static start(elf: string, command: readonly string[] = PLAIN_MI): Gdb {
    const [name = "", ...argv] = command;
    return new Gdb(new Program(name, ...argv, elf));
  }

  /** Runs an MI command, or one of GDB's own. @returns its result record without the token: "done,…", "running" */
  async result(command: string): Promise<string> {
    const token = ++this.#token;
    const from = this.program.lines.length;
    this.program.say(
      `${token}${command.startsWith("-") ? command : `-interpreter-exec console ${JSON.stringify(command)}`}`,
    );
    const line = await this.program.line(new RegExp(`^${token}\\^`), from);
    return line.slice(String(token).length + 1);
  }

  /** As `result`; fails when GDB says error. */
  async do(command: string): Promise<string> {
    const result = await this.result(command);
    assert.doesNotMatch(result, /^error/, `${command}: ${result}`);
    return result;
  }

  /** A command that lets the program run, and the record of its next stop. */
  async until(command: string): Promise<string> {
    this.#seen = this.program.lines.length;
    await this.do(command);
    return this.stop();
  }

  /** The next stop. */
  async stop(): Promise<string> {
    const line = await this.program.line(/^\*stopped/, this.#seen);
    this.#seen = this.program.lines.length;
    return line;
  }

  /** Value of an expression, as GDB prints it. */
  async value(expression: string): Promise<string> {
    const result = await this.do(`-data-evaluate-expression ${JSON.stringify(expression)}`);
    return /value="(.*)"$/.exec(result)?.[1] ?? result;
  }

  /** What GDB's console has shown from line `from` of its output on. */
  console(from = 0): string {
    return this.program.lines
      .slice(from)
      .filter((line) => /^[~@]"/.test(line))
      .map((line) => JSON.parse(line.slice(1)) as string)
      .join("");
  }
}
