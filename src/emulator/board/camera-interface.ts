/** DCMI and its synchronisation pins. */

import { ALTERNATE_FUNCTIONS } from "../peripherals/alternate-functions.js";
import { Dcmi } from "../peripherals/dcmi/dcmi.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import { SignalPins } from "./signal-pins.js";

const DCMI_IRQ = 78;

export function cameraInterface({ log, rcc, irqLine, requests, gpio, inputs }: ChipWiring): ChipPart<Dcmi> {
  const device = new Dcmi({
    log,
    interrupt: irqLine(DCMI_IRQ),
    clocked: rcc.clockGate("DCMI"),
    request: requests.signal("DCMI"),
  });
  for (const which of ["HSYNC", "VSYNC"] as const) {
    new SignalPins({
      gpio,
      inputs,
      pins: ALTERNATE_FUNCTIONS[`DCMI_${which}`],
      feed: (level) => device.pinChanged(which, level),
    });
  }
  return { name: "DCMI", address: 0x4802_0000, device, resetBit: "DCMI" };
}
