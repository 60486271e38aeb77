/** What GDB reads and writes in the window of external flash, as if it were memory. */

import { parseRange } from "../rsp/text.js";
import { hex } from "./flash-buffer.js";
import { inWindow, type Layout, safeBytes, touches } from "./layout.js";
import type { Probe } from "./probe.js";
import { isMapped } from "./program.js";

/** Packets that change nothing about QUADSPI. */
const HARMLESS = /^[mgpqzZH]/;
/** As servers answer reads of what is not there: EFAULT. */
const BUS_ERROR = "E0e";

export class ExternalWindow {
  readonly #probe: Probe;
  readonly #controls: () => boolean;
  /** As of the stop; undefined: not asked yet. */
  #mapped: boolean | undefined;

  /** @param controls false: somebody else may have changed the board meanwhile */
  constructor(probe: Probe, controls: () => boolean) {
    this.#probe = probe;
    this.#controls = controls;
  }

  /** Something is about to happen to the board. */
  before(packet: string): void {
    if (!HARMLESS.test(packet)) this.#mapped = undefined;
  }

  /**
   * What would hang the bus does not reach it: nothing while the window is not mapped, and never the last bytes, which read
   * as blank.
   * @param text "addr,length" of m. @throws ProbeError
   */
  async read(packet: string, text: string, layout: Layout): Promise<string> {
    const { upstream } = this.#probe;
    const range = parseRange(text);
    if (range === undefined || !inWindow(range.address)) return upstream.ask(packet);
    const { address, length } = range;
    const end = layout.external.address + layout.external.length;
    if (address >= end || !(await this.#isMapped())) return BUS_ERROR;
    const safe = safeBytes(layout, address, length);
    const blank = "ff".repeat(Math.min(length, end - address) - safe);
    if (safe === 0) return blank;
    const answer = await upstream.ask(`m${address.toString(16)},${safe.toString(16)}`);
    return answer.length === safe * 2 ? answer + blank : answer;
  }

  /** @param text "addr,length:…" of M and X. @throws Error for the flash itself */
  async write(packet: string, text: string, { external }: Layout): Promise<string> {
    const [where = ""] = text.split(":", 1);
    const range = parseRange(where);
    if (range !== undefined && range.length > 0 && touches(external, range.address, range.length)) {
      throw new Error(
        `${hex(range.address)} is in the external flash: "load" writes it, "set" and "restore" do not`,
      );
    }
    return this.#probe.upstream.ask(packet);
  }

  /** Asked once a stop: nothing changes it while the core stands still, but for a GDB that only looks. */
  async #isMapped(): Promise<boolean> {
    if (this.#mapped !== true || !this.#controls()) this.#mapped = await isMapped(this.#probe);
    return this.#mapped;
  }
}
