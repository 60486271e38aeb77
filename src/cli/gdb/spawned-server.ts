/** The probe's GDB server as a child: with all that it starts itself, it ends when we do. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Milliseconds that it may take to end by itself. */
const GRACE = 2000;
/** Lines that are told when it ends too early. */
const LAST_LINES = 5;

/** The command that was to be the probe's server has ended, or cannot be run. */
export class SpawnedServerError extends Error {
  override readonly name = "SpawnedServerError";
}

export class SpawnedServer {
  /** Rejects when it ends by itself. */
  readonly failed: Promise<never>;
  readonly #command: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #ended = false;

  /** @param command for the shell. @param note what it says, line by line */
  constructor(command: string, note: (line: string) => void) {
    this.#command = command;
    // A group of its own: what a script starts ends with it, and Ctrl-C is ours to pass on.
    this.#child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"], detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.#lines.push(line);
        this.#lines.splice(0, this.#lines.length - LAST_LINES);
        note(line);
      });
    }
    this.failed = new Promise((_, reject) => {
      this.#child.on("error", (cause) => {
        this.#ended = true;
        reject(new SpawnedServerError(`--spawn: ${cause.message}`, { cause }));
      });
      this.#child.on("close", (code, signal) => {
        this.#ended = true;
        reject(new SpawnedServerError(this.#why(code ?? signal)));
      });
    });
    this.failed.catch(() => {});
    process.once("exit", this.#atExit);
  }

  /** Ends it and what it started. */
  async stop(): Promise<void> {
    process.removeListener("exit", this.#atExit);
    if (this.#ended) return;
    const hard = setTimeout(() => this.#signal("SIGKILL"), GRACE);
    this.#signal("SIGTERM");
    await this.failed.catch(() => {});
    clearTimeout(hard);
  }

  readonly #atExit = (): void => this.#signal("SIGKILL");

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#ended) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended at this very moment.
    }
  }

  #why(how: number | NodeJS.Signals | null): string {
    const said = this.#lines.map((line) => `\n  ${line}`).join("");
    return `--spawn: ${JSON.stringify(this.#command)} ended (${how ?? "unknown"})${said}`;
  }
}
