/** GDB's breakpoints in flash: the core's comparators, whatever GDB asks for. */

import { hex } from "./flash-buffer.js";
import type { Upstream } from "./upstream.js";

/** Comparators of the Cortex-M7's flash patch and breakpoint unit. */
const COUNT = 8;

export class HardwareBreakpoints {
  readonly #upstream: Upstream;
  /** Addresses that GDB has set. */
  readonly taken = new Set<number>();

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  /**
   * @param packet Z0, z0, Z1 or z1. @param text of it, from the address on
   * @returns the answer. @throws Error when none is free, UpstreamLostError
   */
  async change(packet: string, text: string): Promise<string> {
    const address = Number.parseInt(text, 16);
    const insert = packet[0] === "Z";
    if (insert && !this.taken.has(address) && this.taken.size >= COUNT) {
      throw new Error(
        `all ${COUNT} hardware breakpoints are in use, and flash takes no others: ` +
          `the one at ${hex(address)} was not set. Delete one first`,
      );
    }
    const answer = await this.#upstream.ask(`${packet[0]}1,${text}`);
    if (answer === "OK" && insert) this.taken.add(address);
    if (!insert) this.taken.delete(address);
    return answer;
  }
}
