/** DFSDM1 between its pins, the timers and the clocks (RM0399, "DFSDM pins and internal signals"). */

import { ALTERNATE_FUNCTIONS } from "../peripherals/alternate-functions.js";
import { Dfsdm } from "../peripherals/dfsdm/dfsdm.js";
import type { PortLetter } from "../peripherals/gpio.js";
import { CHANNELS, FILTERS } from "../peripherals/tables/dfsdm.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import { ClockPins } from "./clock-pins.js";
import { SignalPins } from "./signal-pins.js";
import { listen } from "./trigger-sources.js";

const FIRST_IRQ = 110;

/** By JEXTSEL. */
const TRIGGERS: Readonly<Record<number, string>> = {
  ..."TIM1_TRGO TIM1_TRGO2 TIM8_TRGO TIM8_TRGO2 TIM3_TRGO TIM4_TRGO TIM16_CH1 TIM6_TRGO TIM7_TRGO".split(" "),
  9: "HRTIM_ADC1",
  10: "HRTIM_ADC3",
  24: "EXTI11",
  25: "EXTI15",
  26: "LPTIM1_OUT",
  27: "LPTIM2_OUT",
  28: "LPTIM3_OUT",
};

/** Where the break outputs lead, and their number there: bit 8 of AF1 or AF2 enables it. */
const BREAKS: readonly (readonly [output: number, timer: string, which: 1 | 2])[] = [
  [0, "TIM1", 1],
  [0, "TIM15", 1],
  [1, "TIM1", 2],
  [1, "TIM16", 1],
  [2, "TIM8", 1],
  [2, "TIM17", 1],
  [3, "TIM8", 2],
];
const AS_BREAK = 3;

const PINS: Readonly<Record<string, Readonly<Record<string, number>>>> = ALTERNATE_FUNCTIONS;

export function sigmaDeltaFilters(wiring: Omit<ChipWiring, "dfsdm" | "quadspi">): ChipPart<Dfsdm> {
  const { log, timeline, rcc, irqLine, requests, timer } = wiring;
  const filters = Array.from({ length: FILTERS }, (_, number) => number);
  const clocked = rcc.clockGate("DFSDM1");
  const kernelHz = wiring.cached(() => rcc.clockTree.kernelHz("DFSDM", "DFSDM1"));
  const audioHz = wiring.cached(() => rcc.clockTree.kernelHz("SAI1"));
  const device: Dfsdm = new Dfsdm({
    log,
    timeline,
    clocked,
    clockHz: () => (clocked() ? kernelHz() : 0),
    audioHz: () => (clocked() ? audioHz() : 0),
    interrupts: filters.map((number) => irqLine(FIRST_IRQ + number)),
    requests: filters.map((number) => requests.signal(`DFSDM1_FLT${number}`)),
    onBreaks: (active) => {
      for (const [output, name, which] of BREAKS) {
        timer(name)?.setBreak(which, AS_BREAK, (active & (1 << output)) !== 0);
      }
    },
    onClockOutput: () => output.changed(),
    onArmed: wiring.listenersChanged,
  });
  const output = clockOutput(wiring, device);
  connectInputs(wiring, device);
  for (const [selection, source] of Object.entries(TRIGGERS)) {
    const number = Number(selection);
    listen(wiring, source, {
      wants: () => device.wants(number),
      edge: (high) => device.trigger(number, high),
    });
  }
  wiring.onClockChange(() => device.clockChanged());
  return { name: "DFSDM1", address: 0x4001_7000, device, resetBit: "DFSDM1" };
}

type PinWiring = Pick<ChipWiring, "timeline" | "gpio" | "inputs" | "pins">;

function clockOutput({ timeline, gpio, inputs, pins }: PinWiring, device: Dfsdm): ClockPins {
  const signal = {
    level: () => device.clock.level,
    flickers: () => false,
    untilEdge: () => device.clock.nsUntilEdge,
  };
  const awaited = (port: PortLetter, pin: number): boolean => pins.awaited(port, pin);
  const options = { timeline, gpio, inputs, awaited };
  const output = new ClockPins(options, signal, PINS["DFSDM1_CKOUT"] ?? {});
  pins.onAwaited(() => output.schedule());
  return output;
}

function connectInputs(wiring: Pick<ChipWiring, "gpio" | "inputs">, device: Dfsdm): void {
  for (let number = 0; number < CHANNELS; number++) {
    const at = (signal: string, feed: (level: boolean | undefined) => void): SignalPins =>
      new SignalPins({ ...wiring, pins: PINS[`DFSDM1_${signal}${number}`] ?? {}, feed });
    at("DATIN", (level) => device.setData(number, level));
    at("CKIN", (level) => device.setClock(number, level));
  }
}
