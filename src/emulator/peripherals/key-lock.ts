/** Two keys in order open a lock; anything else jams it until the next reset (RM0433, chapter embedded flash memory). */

import type { EmulatorLog } from "../bus.js";

export class KeyLock {
  readonly #register: string;
  readonly #keys: readonly number[];
  readonly #log: EmulatorLog;
  #next = 0;
  #jammed = false;

  constructor(register: string, keys: readonly number[], log: EmulatorLog) {
    this.#register = register;
    this.#keys = keys;
    this.#log = log;
  }

  /** Takes a key; true while the lock is open afterwards. */
  write(key: number): boolean {
    if (this.#jammed) return false;
    if (this.#keys[this.#next] === key) {
      this.#next++;
      return this.#next === this.#keys.length;
    }
    this.#jammed = true;
    this.#log.note(
      `guest mistake: ${this.#register} was given 0x${key.toString(16)}, a wrong key or one too many: locked ` +
        "until the next reset",
    );
    return false;
  }

  lock(): void {
    this.#next = 0;
  }

  reset(): void {
    this.#next = 0;
    this.#jammed = false;
  }
}
