import type { ReadStream } from "node:tty";

const INTERRUPT = "\u0003";
const ENDS = ["\r", "\n", "\u0004"];
const ERASES = ["\u007f", "\b"];

/**
 * Asks on the terminal without showing what is typed.
 * @param input for tests. @returns undefined when standard input is no terminal, or Ctrl-C was pressed
 */
export function askSecret(
  question: string,
  signal: AbortSignal,
  input: ReadStream = process.stdin,
  output: { write(text: string): unknown } = process.stderr,
): Promise<string | undefined> {
  if (!input.isTTY) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let typed = "";
    const end = (result: string | undefined): void => {
      input.off("data", take);
      signal.removeEventListener("abort", stop);
      input.setRawMode(false);
      input.pause();
      output.write("\n");
      resolve(result);
    };
    const stop = (): void => end(undefined);
    const take = (data: Buffer | string): void => {
      for (const key of data.toString()) {
        if (key === INTERRUPT) {
          end(undefined);
          // In raw mode the terminal sends no signal of its own.
          process.kill(process.pid, "SIGINT");
          return;
        }
        if (ENDS.includes(key)) {
          end(typed);
          return;
        }
        typed = ERASES.includes(key) ? Array.from(typed).slice(0, -1).join("") : typed + key;
      }
    };
    output.write(question);
    input.setRawMode(true);
    input.resume();
    input.on("data", take);
    signal.addEventListener("abort", stop, { once: true });
  });
}
