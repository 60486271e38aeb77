import type { QuadSpiOptions } from "./quadspi-options.js";

/** The bus waits until board time `untilNs`. */
export function stallBus({ stall, timeline, log }: QuadSpiOptions, untilNs: number | undefined): void {
  if (untilNs === undefined || untilNs <= timeline.now) return;
  if (untilNs === Number.POSITIVE_INFINITY) {
    log.once(
      "QUADSPI.hang",
      "QUADSPI: an access waits for a clock that stands still: the bus hangs on silicon",
    );
    return;
  }
  if (stall !== undefined) stall(untilNs);
  else timeline.cycles += Math.ceil((untilNs - timeline.now) / timeline.nsPerCycle);
}
