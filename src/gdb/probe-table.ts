/** What the bootloader offers to debug probes: docs/protocol.md section 12. */

import { bytesToValue } from "../rsp/text.js";
import type { Area, Layout } from "./layout.js";
import type { Probe } from "./probe.js";

const MAGIC = 0x5046_4d49;
const VERSION = 1;
const FIXED_BYTES = 52;

export interface ProbeTable {
  /** The core stands here when it waits for the probe. */
  readonly done: number;
  /** It goes on here. */
  readonly go: number;
  /** Buffer for bytes to the bootloader. */
  readonly input: Area;
  /** Buffer for bytes from it. */
  readonly output: Area;
  readonly layout: Layout;
}

/**
 * @param places where it may be
 * @returns undefined when this bootloader has none, or cannot be read
 */
export async function readProbeTable(
  probe: Probe,
  places: readonly number[],
): Promise<ProbeTable | undefined> {
  for (const place of places) {
    const table = await readTable(probe, place);
    if (table !== undefined) return table;
  }
  return undefined;
}

async function readTable(probe: Probe, address: number): Promise<ProbeTable | undefined> {
  const fixed = await probe.readMemory(address, FIXED_BYTES).catch(() => undefined);
  if (fixed === undefined) return undefined;
  const word = (index: number) => bytesToValue(fixed.subarray(4 * index, 4 * index + 4));
  if (word(0) !== MAGIC || (word(1) & 0xffff) !== VERSION) return undefined;
  const area = (index: number): Area => ({ address: word(index), length: word(index + 1) });
  return {
    done: word(2),
    go: word(3),
    input: area(4),
    output: area(6),
    layout: {
      external: area(8),
      application: area(10),
      requestRegister: word(12),
      probeTables: [address],
    },
  };
}
