/** FDCAN and Ethernet, as rows. */

import { Ethernet } from "../peripherals/ethernet/ethernet.js";
import { Fdcan } from "../peripherals/fdcan/fdcan.js";
import { FDCAN_TT } from "../peripherals/tables/stored.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";

const ETH_IRQ = 61;

const CANS = [
  { name: "FDCAN1", address: 0x4000_a000, irqs: [19, 21], more: FDCAN_TT },
  { name: "FDCAN2", address: 0x4000_a400, irqs: [20, 22], more: undefined },
] as const;

export function canControllers({ log, timeline, rcc, irqLine, messages }: ChipWiring): ChipPart[] {
  const ram = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
  return CANS.map(({ name, address, irqs, more }) => {
    const device = new Fdcan({
      name,
      log,
      timeline,
      interrupts: [irqLine(irqs[0]), irqLine(irqs[1])],
      clocked: rcc.clockGate("FDCAN"),
      kernelHz: () => rcc.clockTree.kernelHz("FDCAN"),
      messages: ram,
      ...(more === undefined ? {} : { more }),
    });
    return { name, address, device, resetBit: "FDCAN" };
  });
}

export function ethernet({ log, timeline, rcc, irqLine, dma }: ChipWiring): ChipPart[] {
  const [transmit, receive] = [rcc.clockGate("ETH1TX"), rcc.clockGate("ETH1RX")];
  const device = new Ethernet({
    log,
    timeline,
    interrupt: irqLine(ETH_IRQ),
    clocked: rcc.clockGate("ETH1MAC"),
    lineClocks: () => transmit() && receive(),
    hclkHz: () => rcc.clockTree.hclkHz,
    bus: dma("ETH"),
  });
  return [{ name: "ETH", address: 0x4002_8000, size: 0x2000, device, resetBit: "ETH1MAC" }];
}
