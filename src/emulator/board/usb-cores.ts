/** Both USB cores as full-speed devices: USB2_OTG_FS at PA11 and PA12, USB1_OTG_HS at PB14 and PB15 (ULPI is absent). */

import { OtgFs } from "../peripherals/otg/otg-fs.js";
import { Crs } from "../peripherals/rcc/crs.js";
import type { ChipPart } from "./chip-part.js";
import type { SystemWiring } from "./chip-wiring.js";
import { ADDRESS, IRQ, SIZE } from "./memory-map.js";

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

export function usbCore(name: keyof typeof CORES, wiring: SystemWiring): ChipPart<OtgFs> {
  const { cached, log, timeline, rcc, pwr, exti, irqLine, dma, sleeping } = wiring;
  const { gate, ulpi, irqs, extiLine, port, pins, af } = CORES[name];
  const wakeUp = irqLine(irqs.wakeUp);
  const coreWhileAsleep = rcc.sleepClockGate(gate);
  const ulpiWhileAsleep = rcc.sleepClockGate(ulpi);
  const device = new OtgFs({
    name,
    bus: dma(name),
    log,
    timeline,
    irq: irqLine(irqs.all),
    endpoint1Irqs: { in: irqLine(irqs.in1), out: irqLine(irqs.out1) },
    wakeUpIrq: {
      set: (on) => {
        wakeUp.set(on);
        if (on) exti.direct(extiLine);
      },
    },
    clocked: rcc.clockGate(gate),
    usbClockHz: cached(() => rcc.clockTree.kernelHz("USB")),
    vdd33Ready: () => pwr.usbReady,
    pinsReady: () => pins.every((pin) => wiring.pins.hasAlternateFunction(port, pin, af)),
    pins: `${pins.map((pin) => `P${port}${pin}`).join(" and ")} are not in alternate function ${af}`,
    hclkHz: cached(() => rcc.clockTree.hclkHz),
    // Boards that sense VBUS have it on PA9; where PA9 is a console's output instead, nobody asks for it.
    ...(name === "USB2_OTG_FS" ? { vbusWired: true } : {}),
    stalledBySleep: () => sleeping() && (!coreWhileAsleep() || ulpiWhileAsleep()),
  });
  return { name, address: ADDRESS[name], size: SIZE.USB, device, resetBit: gate };
}

/** CRS, which trims HSI48 for them by what the host sends. */
export function clockRecovery({ log, irqLine, rcc }: SystemWiring): ChipPart<Crs> {
  const device = new Crs({
    log,
    interrupt: irqLine(IRQ.CRS),
    clocked: rcc.clockGate("CRS"),
    hsi48Ready: () => rcc.clockTree.oscillatorHz("HSI48") > 0,
  });
  return { name: "CRS", address: ADDRESS.CRS, device, resetBit: "CRS" };
}
