/** Letting the core run to where we want it, between what GDB itself has set. */

import { NotStartedError } from "./errors.js";
import { hex } from "./flash-buffer.js";
import type { Probe } from "./probe.js";

/**
 * Runs a job while there are hardware breakpoints at `addresses`.
 * @param taken where GDB has set some: those need no second one. @throws ProbeError
 */
export async function withBreakpoints<T>(
  probe: Probe,
  taken: ReadonlySet<number>,
  addresses: readonly number[],
  job: () => Promise<T>,
): Promise<T> {
  const set: number[] = [];
  try {
    for (const address of addresses.filter((one) => !taken.has(one))) {
      await probe.insertBreakpoint(address);
      set.push(address);
    }
    return await job();
  } finally {
    if (probe.upstream.lost === undefined) for (const address of set) await probe.removeBreakpoint(address);
  }
}

/** @throws NotStartedError when the core does not stand at the program's first instruction */
export async function expectStarted(probe: Probe, entry: number): Promise<void> {
  const at = await probe.programCounter();
  if (at === entry) return;
  throw new NotStartedError(
    `the program did not start: expected the core at ${hex(entry)}, found it at ${hex(at)}. ` +
      "The bootloader refused it; `imflasher info` tells why it stays",
  );
}
