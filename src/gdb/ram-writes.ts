/**
 * What GDB has written into RAM for the program that it loads. Its bootloader runs after that and before the program, and
 * needs RAM itself: what was there is put back when the program stands before its first instruction.
 */

import { parseRange } from "../rsp/text.js";
import { ProbeError } from "./errors.js";
import { type Area, contains } from "./layout.js";
import type { Upstream } from "./upstream.js";

/** ITCM, DTCM, AXI SRAM, SRAM1 to 3, SRAM4: RM0433, 2.3. */
const RAM: readonly Area[] = [
  { address: 0x0000_0000, length: 0x1_0000 },
  { address: 0x2000_0000, length: 0x2_0000 },
  { address: 0x2400_0000, length: 0x8_0000 },
  { address: 0x3000_0000, length: 0x4_8000 },
  { address: 0x3800_0000, length: 0x1_0000 },
];

export class RamWrites {
  #packets: string[] = [];

  /** @param packet M or X. @param text of it: "addr,length:…" */
  keep(packet: string, text: string): void {
    const [where = ""] = text.split(":", 1);
    const range = parseRange(where);
    if (range === undefined || range.length === 0) return;
    if (RAM.some((area) => contains(area, range.address, range.length))) this.#packets.push(packet);
  }

  /** The program has run since. */
  forget(): void {
    this.#packets = [];
  }

  /** Writes them once more. @throws ProbeError, UpstreamLostError */
  async repeat(upstream: Upstream): Promise<void> {
    for (const packet of this.#packets) {
      const answer = await upstream.ask(packet);
      if (answer !== "OK") {
        throw new ProbeError(`the probe cannot write RAM (${answer}): ${packet.split(":", 1)[0]}`);
      }
    }
    this.forget();
  }
}
