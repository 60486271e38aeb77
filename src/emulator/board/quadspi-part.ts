/** QUADSPI and its window, as a row. */

import { QuadSpi } from "../peripherals/quadspi/quadspi.js";
import type { ChipMap } from "./chip-map.js";
import type { ChipPart } from "./chip-part.js";
import type { SystemWiring } from "./chip-wiring.js";
import { ADDRESS, IRQ, SIZE } from "./memory-map.js";

export function quadSpi(wiring: SystemWiring, map: ChipMap): ChipPart<QuadSpi> {
  const { log, timeline, irqLine, rcc, cached, onMappingChange } = wiring;
  const { flashChip, flashLines, lendFlashPair, timeModel } = wiring.attached;
  const device = new QuadSpi({
    log,
    timeline,
    interrupt: irqLine(IRQ.QUADSPI),
    clocked: rcc.clockGate("QUADSPI"),
    kernelHz: cached(() => rcc.clockTree.kernelHz("QUADSPI")),
    chip: flashChip,
    lines: flashLines,
    lendPair: lendFlashPair,
    onMappingChange,
    windowTakesTime: timeModel === true,
  });
  map.map("QUADSPI window", ADDRESS.QUADSPI_WINDOW, SIZE.QUADSPI_WINDOW, device.window);
  return { name: "QUADSPI", address: ADDRESS.QUADSPI, size: SIZE.QUADSPI, device, resetBit: "QUADSPI" };
}
