/** What the emulator's tests share: a log that remembers. */

import type { EmulatorLog } from "./bus.js";

export class RecordedLog implements EmulatorLog {
  readonly messages: string[] = [];
  readonly #keys = new Set<string>();

  once(key: string, message: string): void {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.messages.push(message);
  }

  note(message: string): void {
    this.messages.push(message);
  }

  /** Was anything like this reported? */
  has(pattern: RegExp | string): boolean {
    return this.messages.some((message) =>
      typeof pattern === "string" ? message.includes(pattern) : pattern.test(message),
    );
  }
}
