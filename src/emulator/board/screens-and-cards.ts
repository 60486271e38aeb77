/** LTDC, SDMMC and the delay blocks of what is sampled fast, as rows. */

import { tightlyCoupled } from "../peripherals/dma/dma.js";
import { Ltdc } from "../peripherals/graphics/ltdc.js";
import { DelayBlock } from "../peripherals/quadspi/delay-block.js";
import { Sdmmc } from "../peripherals/sdmmc/sdmmc.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";

const IRQS = { SDMMC1: 49, SDMMC2: 124, LTDC: 88 } as const;

const DELAY_BLOCKS = [
  { name: "DLYB_QUADSPI", address: 0x5200_6000, size: 0x1000, gate: "QUADSPI", clock: "QUADSPI" },
  { name: "DLYB_SDMMC1", address: 0x5200_8000, size: 0x1000, gate: "SDMMC1", clock: "SDMMC" },
  { name: "DLYB_SDMMC2", address: 0x4802_2800, size: 0x400, gate: "SDMMC2", clock: "SDMMC" },
] as const;

export function delayBlocks({ log, rcc }: ChipWiring): ChipPart[] {
  return DELAY_BLOCKS.map(({ name, address, size, gate, clock }) => {
    const clocked = rcc.clockGate(gate);
    const clockHz = (): number => rcc.clockTree.kernelHz(clock);
    return { name, address, size, device: new DelayBlock({ name, log, clocked, clockHz }) };
  });
}

/** SDMMC1 is a master of the AXI interconnect only (RM0433, table "Bus-master-to-bus-slave interconnect"). */
const onAxi = (address: number): boolean => address >= 0x2400_0000 && address < 0x2408_0000;
const external = (address: number): boolean => address >= 0x6000_0000 && address < 0xe000_0000;
const inFlash = (address: number): boolean => address >= 0x0800_0000 && address < 0x0820_0000;
const fromDomain1 = (address: number): boolean => onAxi(address) || external(address) || inFlash(address);

export function sdCards(wiring: ChipWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, attached, signals } = wiring;
  const card = (name: "SDMMC1" | "SDMMC2", address: number, size: number): ChipPart => {
    const device = new Sdmmc({
      name,
      log,
      timeline,
      interrupt: irqLine(IRQS[name]),
      clocked: rcc.clockGate(name),
      kernelHz: () => rcc.clockTree.kernelHz("SDMMC"),
      bus: wiring.dma(name),
      reaches: name === "SDMMC1" ? fromDomain1 : (address) => tightlyCoupled(address) === undefined,
      trigger: (event) => {
        if (name === "SDMMC1") signals.raise(`SDMMC1_${event}`);
      },
      card: name === "SDMMC1" ? attached.sdCard : undefined,
    });
    return { name, address, size, device, resetBit: name };
  };
  return [card("SDMMC1", 0x5200_7000, 0x1000), card("SDMMC2", 0x4802_2400, 0x400)];
}

export function display({ log, timeline, rcc, irqLine, dma, signals }: ChipWiring): ChipPart<Ltdc> {
  const device = new Ltdc({
    log,
    timeline,
    interrupt: irqLine(IRQS.LTDC),
    clocked: rcc.clockGate("LTDC"),
    pixelHz: () => rcc.clockTree.pllHz(3, "R"),
    bus: dma("LTDC"),
    onLine: () => signals.raise("LTDC_LINE"),
  });
  return { name: "LTDC", address: 0x5000_1000, size: 0x1000, device, resetBit: "LTDC" };
}
