import type { EmulatorLog } from "../bus.js";

/** Collects what a board has to say; each `once` key is told once and counted. */
export class BoardLog implements EmulatorLog {
  /** Address of the code that runs now, for messages; undefined while no code runs. */
  where: () => number | undefined = () => undefined;

  readonly #tell: (message: string) => void;
  readonly #counts = new Map<string, { readonly message: string; count: number }>();

  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  once(key: string, message: string): void {
    const known = this.#counts.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const pc = this.where();
    const located = pc === undefined ? message : `${message} (code at 0x${pc.toString(16).padStart(8, "0")})`;
    this.#counts.set(key, { message: located, count: 1 });
    this.#tell(located);
  }

  note(message: string): void {
    this.#tell(message);
  }

  /** What was told once, and how often it happened. */
  get occurrences(): readonly { readonly message: string; readonly count: number }[] {
    return [...this.#counts.values()];
  }
}
