/** DMA1, DMA2, BDMA with their multiplexers, MDMA, DMA2D and the JPEG codec, put together. */

import { Bdma } from "../peripherals/dma/bdma.js";
import { Dma } from "../peripherals/dma/dma.js";
import { Dmamux } from "../peripherals/dma/dmamux.js";
import { Mdma } from "../peripherals/dma/mdma.js";
import { Dma2d } from "../peripherals/graphics/dma2d.js";
import { JPEG_TRIGGERS, Jpeg } from "../peripherals/jpeg/jpeg.js";
import { autonomousBus } from "./autonomous-bus.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import type { InternalSignal } from "./internal-signals.js";

/** First interrupt of a run of eight, one for each stream or channel. */
const DMA1_IRQS = [11, 12, 13, 14, 15, 16, 17, 47];
const DMA2_IRQS = [56, 57, 58, 59, 60, 68, 69, 70];
const BDMA_IRQS = [129, 130, 131, 132, 133, 134, 135, 136];
const MDMA_IRQ = 122;
const DMA2D_IRQ = 90;
const JPEG_IRQ = 121;
const DMAMUX1_OVR_IRQ = 102;
const DMAMUX2_OVR_IRQ = 128;
const STREAMS = 8;
/** MDMA's hardware triggers (RM0433, table "MDMA: requests"): the first of the codec's, in the order of `JPEG_TRIGGERS`. */
const MDMA_JPEG = 0x11;
const MDMA_QUADSPI_FIFO_TH = 0x16;
const MDMA_QUADSPI_TC = 0x17;
const MDMA_DMA2D_TC = 0x19;
const MDMA_SIGNALS = {
  LTDC_LINE: 0x10,
  SDMMC1_data: 0x1d,
  SDMMC1_buffer: 0x1e,
  SDMMC1_command: 0x1f,
} as const satisfies Readonly<Partial<Record<InternalSignal, number>>>;

/** What synchronises channels and triggers generators (RM0433, tables "DMAMUX: assignment of trigger/synchronization inputs"). */
const MUX1_SIGNALS: Readonly<Partial<Record<InternalSignal, number>>> = {
  LPTIM1_OUT: 3,
  LPTIM2_OUT: 4,
  LPTIM3_OUT: 5,
  EXTI0: 6,
};
const MUX1_TIM12_TRGO = 7;
const MUX2_SYNCHRONISATION: Readonly<Partial<Record<InternalSignal, number>>> = {
  LPUART1_RX_WKUP: 6,
  LPUART1_TX_WKUP: 7,
  SPI6_WKUP: 11,
  LPTIM2_OUT: 8,
  LPTIM3_OUT: 9,
  COMP1_OUT: 12,
  RTC_WKUP: 13,
  EXTI0: 14,
  EXTI2: 15,
};
const MUX2_GENERATORS: Readonly<Partial<Record<InternalSignal, number>>> = {
  LPTIM2_IT: 9,
  LPTIM3_IT: 11,
  LPTIM4_IT: 13,
  LPTIM5_IT: 14,
  LPUART1_RX_WKUP: 7,
  LPUART1_TX_WKUP: 8,
  SPI6_WKUP: 16,
  SPI6_IT: 23,
  LPUART1_TX_IT: 24,
  LPUART1_RX_IT: 25,
  I2C4_IT: 22,
  ADC3_IT: 26,
  BDMA_CH0_IT: 28,
  BDMA_CH1_IT: 29,
  LPTIM2_OUT: 10,
  LPTIM3_OUT: 12,
  COMP1_OUT: 17,
  COMP2_OUT: 18,
  RTC_WKUP: 19,
  EXTI0: 20,
  EXTI2: 21,
};

function connectTriggers({ signals, timer }: ChipWiring, mux1: Dmamux, mux2: Dmamux): void {
  const lead = (
    mux: Dmamux,
    kind: "synchronise" | "generate",
    table: Readonly<Partial<Record<InternalSignal, number>>>,
  ): void => {
    for (const [name, id] of Object.entries(table) as [string, number][]) {
      signals.listen(
        name as InternalSignal,
        (high) => mux[kind](id, high),
        () => mux.wants(kind, id),
      );
    }
  };
  lead(mux1, "synchronise", MUX1_SIGNALS);
  lead(mux1, "generate", MUX1_SIGNALS);
  lead(mux2, "synchronise", MUX2_SYNCHRONISATION);
  lead(mux2, "generate", MUX2_GENERATORS);
  for (const kind of ["synchronise", "generate"] as const) {
    timer("TIM12")?.onTrigger({
      wants: () => mux1.wants(kind, MUX1_TIM12_TRGO),
      pulse: () => mux1[kind](MUX1_TIM12_TRGO),
    });
  }
}

export function dmaControllers(wiring: ChipWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, dma, requests } = wiring;
  const common = (name: string) => ({
    log,
    timeline,
    bus: dma(name),
    hclkHz: () => (rcc.busRuns(name) ? rcc.clockTree.hclkHz : 0),
  });
  // D1 stops when its bus is idle: what MDMA and DMA2D began they end.
  let lastHz = rcc.clockTree.hclkHz;
  const ending = (name: string) => {
    const { hclkHz, ...rest } = common(name);
    return { ...rest, hclkHz: () => (lastHz = hclkHz() || lastHz) };
  };
  const mdma = new Mdma({
    ...ending("MDMA"),
    interrupt: irqLine(MDMA_IRQ),
    clocked: rcc.clockGate("MDMA"),
    asserted: (id) => {
      if (id === MDMA_QUADSPI_FIFO_TH) return wiring.quadspi.thresholdRequest;
      const trigger = JPEG_TRIGGERS[id - MDMA_JPEG];
      return trigger !== undefined && jpeg.asserted(trigger);
    },
    onListen: (id) => {
      if (id === MDMA_QUADSPI_FIFO_TH) wiring.quadspi.triggersWanted();
    },
  });
  wiring.quadspi.triggers = {
    wanted: () => mdma.listensTo(MDMA_QUADSPI_FIFO_TH),
    threshold: () => mdma.trigger(MDMA_QUADSPI_FIFO_TH),
    complete: () => mdma.trigger(MDMA_QUADSPI_TC),
  };
  for (const [signal, id] of Object.entries(MDMA_SIGNALS)) {
    wiring.signals.listen(signal as keyof typeof MDMA_SIGNALS, () => mdma.trigger(id));
  }
  const gates = { first: rcc.clockGate("DMA1"), second: rcc.clockGate("DMA2") };
  const mux1 = new Dmamux({
    name: "DMAMUX1",
    log,
    clocked: () => gates.first() || gates.second(),
    interrupt: irqLine(DMAMUX1_OVR_IRQ),
    requests: requests.mux1,
    onSelection: wiring.listenersChanged,
    onChange: (channel) => controllers[channel >> 3]?.requested(channel & 7),
  });
  const mux2 = new Dmamux({
    name: "DMAMUX2",
    channels: STREAMS,
    log,
    clocked: rcc.clockGate("BDMA"),
    interrupt: irqLine(DMAMUX2_OVR_IRQ),
    requests: requests.mux2,
    onSelection: wiring.listenersChanged,
    onChange: (n) => bdma.requested(n),
    onEvent: (n) => {
      if (n === 6 || n === 7) wiring.exti.clearD3(`DMAMUX2_EVT${n}`);
    },
  });
  const controllers = ([1, 2] as const).map((number) => {
    const first = (number - 1) * STREAMS;
    return new Dma({
      ...common(`DMA${number}`),
      name: `DMA${number}`,
      interrupts: (number === 1 ? DMA1_IRQS : DMA2_IRQS).map(irqLine),
      clocked: rcc.clockGate(`DMA${number}`),
      asserted: (stream) => mux1.asserted(first + stream),
      taken: (stream) => mux1.taken(first + stream),
      onComplete: (stream) => {
        mdma.trigger(first + stream);
        requests.ended(mux1.request(first + stream));
      },
    });
  });
  const bdma = new Bdma({
    ...common("BDMA"),
    bus: autonomousBus(dma("BDMA"), rcc, log),
    name: "BDMA",
    interrupts: BDMA_IRQS.map(irqLine),
    clocked: rcc.clockGate("BDMA"),
    asserted: (channel) => mux2.asserted(channel),
    taken: (channel) => mux2.taken(channel),
  });
  wiring.onClockChange(() => {
    for (const controller of [...controllers, bdma]) controller.clockChanged();
  });
  connectTriggers(wiring, mux1, mux2);
  const dma2d = new Dma2d({
    ...ending("DMA2D"),
    interrupt: irqLine(DMA2D_IRQ),
    clocked: rcc.clockGate("DMA2D"),
    onComplete: () => mdma.trigger(MDMA_DMA2D_TC),
  });
  const jpeg = new Jpeg({
    ...common("JPEG"),
    interrupt: irqLine(JPEG_IRQ),
    clocked: rcc.clockGate("JPGDEC"),
    onTrigger: (trigger) => mdma.trigger(MDMA_JPEG + JPEG_TRIGGERS.indexOf(trigger)),
  });
  return [
    { name: "MDMA", address: 0x5200_0000, size: 0x1000, device: mdma, resetBit: "MDMA" },
    { name: "DMA2D", address: 0x5200_1000, size: 0x1000, device: dma2d, resetBit: "DMA2D" },
    { name: "JPEG", address: 0x5200_3000, size: 0x1000, device: jpeg, resetBit: "JPGDEC" },
    { name: "DMA1", address: 0x4002_0000, device: controllers[0] as Dma, resetBit: "DMA1" },
    { name: "DMA2", address: 0x4002_0400, device: controllers[1] as Dma, resetBit: "DMA2" },
    { name: "DMAMUX1", address: 0x4002_0800, device: mux1 },
    { name: "BDMA", address: 0x5802_5400, device: bdma, resetBit: "BDMA" },
    { name: "DMAMUX2", address: 0x5802_5800, device: mux2 },
  ];
}
