/** SAI1 to SAI4: their pins, requests, microphones, and what they give each other. */

import { ALTERNATE_FUNCTIONS } from "../peripherals/alternate-functions.js";
import { Sai } from "../peripherals/serial/sai/sai.js";
import type { BlockName, SaiPinName } from "../peripherals/serial/sai/sai-bits.js";
import { SaiLinks } from "../peripherals/serial/sai/sai-links.js";
import type { SaiMember } from "../peripherals/serial/sai/sai-member.js";
import { MICROPHONE_CLOCKS, MICROPHONE_LINES } from "../peripherals/serial/sai/sai-microphones.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import { SignalPins } from "./signal-pins.js";

const SAIS = [
  { number: 1, address: 0x4001_5800, irq: 87, clocks: { A: "SAI1", B: "SAI1" }, microphones: true },
  { number: 2, address: 0x4001_5c00, irq: 91, clocks: { A: "SAI23", B: "SAI23" }, microphones: false },
  { number: 3, address: 0x4001_6000, irq: 114, clocks: { A: "SAI23", B: "SAI23" }, microphones: false },
  { number: 4, address: 0x5800_5400, irq: 146, clocks: { A: "SAI4A", B: "SAI4B" }, microphones: true },
] as const;

const PINS: Readonly<Record<string, Readonly<Record<string, number>>>> = ALTERNATE_FUNCTIONS;

/** Timers whose ETR takes FS, with the number of AF1.ETRSEL (RM0433, TIMx_AF1). */
const SYNC_TIMERS = [
  ["SAI1_FS_A", "TIM2", 4],
  ["SAI1_FS_B", "TIM2", 5],
  ["SAI2_FS_A", "TIM5", 1],
  ["SAI2_FS_B", "TIM5", 2],
] as const;

export function audioInterfaces(wiring: ChipWiring): ChipPart[] {
  const { signals, timer } = wiring;
  const links = new SaiLinks();
  for (const [signal, name, source] of SYNC_TIMERS) {
    signals.listen(
      signal,
      (high) => timer(name)?.setInput("ETR", high === true, source),
      () => timer(name)?.selects("ETR", source) === true,
    );
  }
  return SAIS.map((row) => audioInterface(wiring, links, row));
}

function audioInterface(wiring: ChipWiring, links: SaiLinks, row: (typeof SAIS)[number]): ChipPart {
  const { log, timeline, rcc, irqLine, requests, signals } = wiring;
  const { number, address, irq, clocks, microphones } = row;
  const name = `SAI${number}` as const;
  const kernel = (block: BlockName): (() => number) =>
    wiring.cached(() => rcc.clockTree.kernelHz(clocks[block], name));
  const device: Sai = new Sai({
    log,
    timeline,
    name,
    links,
    interrupt: irqLine(irq),
    clocked: rcc.clockGate(name),
    kernelHz: { A: kernel("A"), B: kernel("B") },
    requests: { A: requests.signal(`${name}_A`), B: requests.signal(`${name}_B`) },
    pins: { A: blockPins(wiring, name, "A", () => device), B: blockPins(wiring, name, "B", () => device) },
    ...(microphones ? { microphones: microphonePins(wiring, name, () => device) } : {}),
    sync: {
      wanted: (block) => signals.wanted(`${name}_FS_${block}`),
      raise: (block, level) => signals.raise(`${name}_FS_${block}`, level),
    },
  });
  wiring.onClockChange(() => device.clockChanged());
  return { name, address, device, resetBit: name };
}

function blockPins(wiring: ChipWiring, name: string, block: BlockName, device: () => Sai): SaiMember["pins"] {
  const signal = (which: SaiPinName): SignalPins =>
    new SignalPins({
      ...wiring,
      pins: PINS[`${name}_${which}_${block}`] ?? {},
      output: () => device().output(block, which),
      ...(which === "SCK" || which === "FS"
        ? { feed: (level) => device().pinChanged(block, which, level) }
        : {}),
    });
  return { SD: signal("SD"), SCK: signal("SCK"), FS: signal("FS"), MCLK: signal("MCLK") };
}

function microphonePins(wiring: ChipWiring, name: string, device: () => Sai) {
  const several = (count: number, signal: (number: number) => SignalPins): SignalPins[] =>
    Array.from({ length: count }, (_, index) => signal(index + 1));
  return {
    data: several(
      MICROPHONE_LINES,
      (line) => new SignalPins({ ...wiring, pins: PINS[`${name}_D${line}`] ?? {} }),
    ),
    clocks: several(MICROPHONE_CLOCKS, (line) => {
      const output = (): boolean | undefined => device().microphoneClock(line);
      return new SignalPins({ ...wiring, pins: PINS[`${name}_CK${line}`] ?? {}, output });
    }),
  };
}
