import type { EmulatorLog } from "../bus.js";

/** Collects what a board has to say; each `once` key is told once and counted. */
export class BoardLog implements EmulatorLog {
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
    this.#counts.set(key, { message, count: 1 });
    this.#tell(message);
  }

  note(message: string): void {
    this.#tell(message);
  }

  /** What was told once, and how often it happened. */
  get occurrences(): readonly { readonly message: string; readonly count: number }[] {
    return [...this.#counts.values()];
  }
}
