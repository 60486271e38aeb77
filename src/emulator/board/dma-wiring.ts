/** DMA1, DMA2, BDMA with their multiplexers, MDMA and DMA2D, put together. */

import type { Level1 } from "../cpu/level1.js";
import type { SystemBus } from "../cpu/system-bus.js";
import { Bdma } from "../peripherals/bdma.js";
import { Dma } from "../peripherals/dma.js";
import { Dma2d } from "../peripherals/dma2d.js";
import { Dmamux } from "../peripherals/dmamux.js";
import { Mdma } from "../peripherals/mdma.js";
import type { QuadSpi } from "../peripherals/quadspi.js";
import type { ChipPart } from "./connected-peripherals.js";
import { dmaBus } from "./dma-bus.js";
import type { ChipRequests } from "./dma-requests.js";
import type { Wiring } from "./serial-and-timers.js";

/** First interrupt of a run of eight, one for each stream or channel. */
const DMA1_IRQS = [11, 12, 13, 14, 15, 16, 17, 47];
const DMA2_IRQS = [56, 57, 58, 59, 60, 68, 69, 70];
const BDMA_IRQS = [129, 130, 131, 132, 133, 134, 135, 136];
const MDMA_IRQ = 122;
const DMA2D_IRQ = 90;
const STREAMS = 8;
/** MDMA's hardware triggers (RM0433, table "MDMA: requests"). */
const MDMA_QUADSPI_FIFO_TH = 0x16;
const MDMA_QUADSPI_TC = 0x17;
const MDMA_DMA2D_TC = 0x19;

export interface DmaWiring extends Wiring {
  readonly bus: SystemBus;
  readonly level1: Level1 | undefined;
  readonly quadspi: QuadSpi;
  readonly requests: ChipRequests;
}

export function dmaControllers(wiring: DmaWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, bus, requests } = wiring;
  const hclkHz = (): number => rcc.clockTree.hclkHz;
  const common = (name: string) => ({ log, timeline, bus: dmaBus(bus, wiring.level1, name), hclkHz });
  const mdma = new Mdma({
    ...common("MDMA"),
    interrupt: irqLine(MDMA_IRQ),
    clocked: rcc.clockGate("MDMA"),
    asserted: (id) => id === MDMA_QUADSPI_FIFO_TH && wiring.quadspi.thresholdRequest,
    onListen: (id) => {
      if (id === MDMA_QUADSPI_FIFO_TH) wiring.quadspi.triggersWanted();
    },
  });
  wiring.quadspi.triggers = {
    wanted: () => mdma.listensTo(MDMA_QUADSPI_FIFO_TH),
    threshold: () => mdma.trigger(MDMA_QUADSPI_FIFO_TH),
    complete: () => mdma.trigger(MDMA_QUADSPI_TC),
  };
  const mux1 = new Dmamux({ name: "DMAMUX1", log, onChange: (channel) => ask1(channel) });
  const mux2 = new Dmamux({ name: "DMAMUX2", channels: STREAMS, log, onChange: (n) => bdma.requested(n) });
  const controllers = ([1, 2] as const).map((number) => {
    const first = (number - 1) * STREAMS;
    return new Dma({
      ...common(`DMA${number}`),
      name: `DMA${number}`,
      interrupts: (number === 1 ? DMA1_IRQS : DMA2_IRQS).map(irqLine),
      clocked: rcc.clockGate(`DMA${number}`),
      asserted: (stream) => requests.mux1.asserted(mux1.request(first + stream)),
      taken: (stream) => requests.mux1.taken(mux1.request(first + stream)),
      onComplete: (stream) => mdma.trigger(first + stream),
    });
  });
  const bdma = new Bdma({
    ...common("BDMA"),
    interrupts: BDMA_IRQS.map(irqLine),
    clocked: rcc.clockGate("BDMA"),
    asserted: (channel) => requests.mux2.asserted(mux2.request(channel)),
    taken: (channel) => requests.mux2.taken(mux2.request(channel)),
  });
  const ask1 = (channel: number): void => controllers[channel >> 3]?.requested(channel & 7);
  requests.mux1.onRequest((id) => {
    for (let n = 0; n < 2 * STREAMS; n++) if (mux1.request(n) === id) ask1(n);
  });
  requests.mux2.onRequest((id) => {
    for (let n = 0; n < STREAMS; n++) if (mux2.request(n) === id) bdma.requested(n);
  });
  const dma2d = new Dma2d({
    ...common("DMA2D"),
    interrupt: irqLine(DMA2D_IRQ),
    clocked: rcc.clockGate("DMA2D"),
    onComplete: () => mdma.trigger(MDMA_DMA2D_TC),
  });
  return [
    { name: "MDMA", address: 0x5200_0000, size: 0x1000, device: mdma, resetBit: "MDMA" },
    { name: "DMA2D", address: 0x5200_1000, size: 0x1000, device: dma2d, resetBit: "DMA2D" },
    { name: "DMA1", address: 0x4002_0000, device: controllers[0] as Dma, resetBit: "DMA1" },
    { name: "DMA2", address: 0x4002_0400, device: controllers[1] as Dma, resetBit: "DMA2" },
    { name: "DMAMUX1", address: 0x4002_0800, device: mux1 },
    { name: "BDMA", address: 0x5802_5400, device: bdma, resetBit: "BDMA" },
    { name: "DMAMUX2", address: 0x5802_5800, device: mux2 },
  ];
}
