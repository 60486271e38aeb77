/** Both USB cores as full-speed devices: USB2_OTG_FS at PA11 and PA12, USB1_OTG_HS at PB14 and PB15 (ULPI is absent). */

import type { EmulatorLog, InterruptLine } from "../bus.js";
import type { DmaBus } from "../peripherals/dma/dma-channel.js";
import type { PortLetter } from "../peripherals/gpio.js";
import { OtgFs } from "../peripherals/otg/otg-fs.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { Timeline } from "../timeline.js";
import { ADDRESS, IRQ, SIZE } from "./memory-map.js";

export interface UsbWiring {
  /** As `ClockFollowers.cached`. */
  readonly cached: (hz: () => number) => () => number;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly rcc: Rcc;
  readonly irqLine: (irq: number) => InterruptLine;
  /** A request of a direct line of EXTI. */
  readonly extiRequest: (line: number) => void;
  /** The bus as the core's own DMA sees it. */
  readonly busOf: (name: string) => DmaBus;
  readonly vdd33Ready: () => boolean;
  readonly hasAlternateFunction: (port: PortLetter, pin: number, af: number) => boolean;
  /** The core sleeps. */
  readonly sleeping: () => boolean;
}

const CORES = {
  USB2_OTG_FS: {
    gate: "USB2OTG",
    ulpi: "USB2OTGULPI",
    irqs: { all: IRQ.OTG_FS, in1: IRQ.OTG_FS_EP1_IN, out1: IRQ.OTG_FS_EP1_OUT, wakeUp: IRQ.OTG_FS_WKUP },
    /** RM0433, table "EXTI Event input mapping". */
    extiLine: 44,
    port: "A",
    pins: [11, 12],
    af: 10,
  },
  USB1_OTG_HS: {
    gate: "USB1OTG",
    ulpi: "USB1OTGULPI",
    irqs: { all: IRQ.OTG_HS, in1: IRQ.OTG_HS_EP1_IN, out1: IRQ.OTG_HS_EP1_OUT, wakeUp: IRQ.OTG_HS_WKUP },
    extiLine: 43,
    port: "B",
    pins: [14, 15],
    af: 12,
  },
} as const;

export function usbCore(name: keyof typeof CORES, wiring: UsbWiring) {
  const { cached, log, timeline, rcc, irqLine, busOf, vdd33Ready, hasAlternateFunction, sleeping } = wiring;
  const { gate, ulpi, irqs, extiLine, port, pins, af } = CORES[name];
  const wakeUp = irqLine(irqs.wakeUp);
  const coreWhileAsleep = rcc.sleepClockGate(gate);
  const ulpiWhileAsleep = rcc.sleepClockGate(ulpi);
  const device = new OtgFs({
    name,
    bus: busOf(name),
    log,
    timeline,
    irq: irqLine(irqs.all),
    endpoint1Irqs: { in: irqLine(irqs.in1), out: irqLine(irqs.out1) },
    wakeUpIrq: {
      set: (on) => {
        wakeUp.set(on);
        if (on) wiring.extiRequest(extiLine);
      },
    },
    clocked: rcc.clockGate(gate),
    usbClockHz: cached(() => rcc.clockTree.kernelHz("USB")),
    vdd33Ready,
    pinsReady: () => pins.every((pin) => hasAlternateFunction(port, pin, af)),
    pins: `${pins.map((pin) => `P${port}${pin}`).join(" and ")} are not in alternate function ${af}`,
    hclkHz: cached(() => rcc.clockTree.hclkHz),
    // Boards that sense VBUS have it on PA9; where PA9 is a console's output instead, nobody asks for it.
    ...(name === "USB2_OTG_FS" ? { vbusWired: true } : {}),
    stalledBySleep: () => sleeping() && (!coreWhileAsleep() || ulpiWhileAsleep()),
  });
  return { name, address: ADDRESS[name], size: SIZE.USB, device, resetBit: gate };
}
