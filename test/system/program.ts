/** Processes that a test starts: our command line, GDB, OpenOCD. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ROOT } from "../tools/root.js";

const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** Wall clock: far beyond what is needed, so that a loaded machine passes. */
export const PATIENCE = 60_000;

/** What somebody says, by lines, and what can be said to him. */
export abstract class Dialogue {
  readonly lines: string[] = [];
  #waiters: (() => void)[] = [];

  abstract say(text: string): void;

  /** Nobody will say any more. */
  protected abstract get over(): boolean;

  /** A receiver of text in pieces. */
  protected hear(): (chunk: Uint8Array) => void {
    let rest = "";
    return (chunk) => {
      const parts = (rest + Buffer.from(chunk).toString()).split(/\r?\n/);
      rest = parts.pop() ?? "";
      this.lines.push(...parts);
      this.wake();
    };
  }

  protected wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** The first line from `from` on that matches. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const left = end - Date.now();
      assert.ok(left > 0 && !this.over, `no line ${pattern}: ${this.lines.slice(-20).join("\n")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

/** A program as a process, its output by lines. Whoever starts it ends it. */
export class Program extends Dialogue {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exit: Promise<number | NodeJS.Signals>;

  constructor(command: string, ...argv: string[]) {
    super();
    this.child = spawn(command, argv, { cwd: ROOT });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", this.hear());
    this.exit = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        resolve(code ?? signal ?? 1);
        this.wake();
      });
    });
  }

  protected get over(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Ends it now, by its own id. */
  async end(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }

  say(text: string): void {
    this.child.stdin.write(`${text}\n`);
  }
}

/** A command line of ours. */
export function imflasher(...argv: string[]): Program {
  return new Program(process.execPath, MAIN, ...argv);
}
