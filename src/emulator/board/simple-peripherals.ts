/** CRC, WWDG1, CRYP, HASH, RNG and HSEM, as rows. */

import { Crc } from "../peripherals/crc.js";
import { Cryp } from "../peripherals/crypto/cryp.js";
import { Hash } from "../peripherals/crypto/hash.js";
import { Rng } from "../peripherals/crypto/rng.js";
import { Hsem } from "../peripherals/hsem.js";
import { Wwdg } from "../peripherals/watchdogs/wwdg.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import { ADDRESS, IRQ } from "./memory-map.js";

export function simplePeripherals(wiring: ChipWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, requests, random } = wiring;
  const tree = rcc.clockTree;
  const hclkHz = wiring.cached(() => tree.hclkHz);
  const crc = new Crc({ log, clocked: rcc.clockGate("CRC") });
  const wwdg = new Wwdg({
    log,
    timeline,
    interrupt: irqLine(IRQ.WWDG1),
    clocked: rcc.clockGate("WWDG1"),
    pclkHz: () => (wiring.frozen("WWDG1") ? 0 : tree.pclkHz(3)),
    resetsSystem: () => rcc.windowWatchdogResets,
    onTimeout: () => wiring.onReset("wwdg1"),
  });
  wiring.onClockChange(() => wwdg.clockChanged());
  const hash = new Hash({
    log,
    timeline,
    interrupt: irqLine(IRQ.HASH_RNG),
    clocked: rcc.clockGate("HASH"),
    hclkHz,
    request: requests.signal("HASH_IN"),
  });
  requests.onEnd("HASH_IN", () => hash.transferred());
  const cryp = new Cryp({
    log,
    timeline,
    interrupt: irqLine(IRQ.CRYP),
    clocked: rcc.clockGate("CRYP"),
    hclkHz,
    requests: { input: requests.signal("CRYP_IN"), output: requests.signal("CRYP_OUT") },
  });
  const rng = new Rng({
    log,
    timeline,
    interrupt: irqLine(IRQ.HASH_RNG),
    clocked: rcc.clockGate("RNG"),
    kernelHz: wiring.cached(() => tree.kernelHz("RNG")),
    hclkHz,
    random32: () => Math.floor(random() * 2 ** 32),
  });
  wiring.onClockChange(() => rng.clockChanged());
  const hsem = new Hsem({ log, interrupt: irqLine(IRQ.HSEM), clocked: rcc.clockGate("HSEM") });
  return [
    { name: "CRC", address: ADDRESS.CRC, device: crc, resetBit: "CRC" },
    { name: "WWDG1", address: ADDRESS.WWDG1, device: wwdg },
    { name: "CRYP", address: ADDRESS.CRYP, device: cryp, resetBit: "CRYP" },
    { name: "HASH", address: ADDRESS.HASH, device: hash, resetBit: "HASH" },
    { name: "RNG", address: ADDRESS.RNG, device: rng, resetBit: "RNG" },
    { name: "HSEM", address: ADDRESS.HSEM, device: hsem, resetBit: "HSEM" },
  ];
}
