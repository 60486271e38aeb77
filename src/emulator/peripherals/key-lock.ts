/** Two keys in order open a lock; anything else jams it until the next reset (RM0433, "FLASH configuration protection"). */

import type { EmulatorLog } from "../bus.js";

/** After a key: the lock is open; it waits for the next key, or stays jammed; this key jammed it (a bus error). */
export type KeyResult = "open" | "shut" | "wrong";

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

  /** Keys came, but not all: nothing else may be written now. */
  get halfOpen(): boolean {
    return !this.#jammed && this.#next > 0 && this.#next < this.#keys.length;
  }

  /** @param laneMask bits that were driven: a key is 32 bits wide */
  write(key: number, laneMask: number): KeyResult {
    if (this.#jammed) return "shut";
    if (this.#keys[this.#next] === key && laneMask >>> 0 === 0xffff_ffff) {
      this.#next++;
      return this.#next === this.#keys.length ? "open" : "shut";
    }
    this.jam(`was given 0x${key.toString(16)}, a wrong key, one too many, or part of one`);
    return "wrong";
  }

  /** @param why what the program did to the key register */
  jam(why: string): void {
    this.#jammed = true;
    this.#log.note(`guest mistake: ${this.#register} ${why}: a bus error, and locked until the next reset`);
  }

  lock(): void {
    this.#next = 0;
  }

  reset(): void {
    this.#next = 0;
    this.#jammed = false;
  }
}
