/** CEC, SPDIFRX, SWPMI and MDIOS, as rows: nobody is at the other end of their lines. */

import { ALTERNATE_FUNCTIONS } from "../peripherals/alternate-functions.js";
import { Cec } from "../peripherals/lines/cec.js";
import { Mdios } from "../peripherals/lines/mdios.js";
import { Spdifrx } from "../peripherals/lines/spdifrx.js";
import { Swpmi } from "../peripherals/lines/swpmi.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import { SignalPins } from "./signal-pins.js";

const IRQS = { CEC: 94, SPDIFRX: 97, SWPMI1: 115 } as const;

export function lonelyLines(wiring: ChipWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, requests } = wiring;
  const common = { log, timeline };
  const kernelHz = (clock: "SPDIFRX" | "SWPMI") => (): number => rcc.clockTree.kernelHz(clock);
  const spdifrx = new Spdifrx({
    ...common,
    interrupt: irqLine(IRQS.SPDIFRX),
    clocked: rcc.clockGate("SPDIFRX"),
    kernelHz: kernelHz("SPDIFRX"),
  });
  const swpmi = new Swpmi({
    ...common,
    interrupt: irqLine(IRQS.SWPMI1),
    clocked: rcc.clockGate("SWPMI"),
    kernelHz: kernelHz("SWPMI"),
    transmitRequest: requests.signal("SWPMI_TX"),
    receiveRequest: requests.signal("SWPMI_RX"),
  });
  const mdios = new Mdios({ log, clocked: rcc.clockGate("MDIOS") });
  return [
    { name: "CEC", address: 0x4000_6c00, device: cec(wiring), resetBit: "CEC" },
    { name: "SPDIFRX", address: 0x4000_4000, device: spdifrx, resetBit: "SPDIFRX" },
    { name: "SWPMI1", address: 0x4000_8800, device: swpmi, resetBit: "SWPMI" },
    { name: "MDIOS", address: 0x4000_9400, device: mdios, resetBit: "MDIOS" },
  ];
}

function cec(wiring: ChipWiring): Cec {
  const { log, timeline, rcc, irqLine, onClockChange } = wiring;
  const line = new SignalPins({
    ...wiring,
    pins: ALTERNATE_FUNCTIONS.CEC,
    output: () => device.output,
    feed: () => device.look(),
    pulledUp: true,
  });
  const device: Cec = new Cec({
    log,
    timeline,
    interrupt: irqLine(IRQS.CEC),
    clocked: rcc.clockGate("CEC"),
    kernelHz: () => rcc.clockTree.kernelHz("CEC"),
    line,
  });
  onClockChange(() => device.look());
  return device;
}
