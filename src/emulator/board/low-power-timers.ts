/** LPTIM1 to LPTIM5, as rows, with their pins and triggers. */

import { type PortLetter, parsePin } from "../peripherals/gpio.js";
import { Lptim } from "../peripherals/timers/lptim.js";
import type { LptimInput } from "../peripherals/timers/lptim-inputs.js";
import { TIMER_PINS } from "../peripherals/timers/timer-pins.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import type { InternalSignal } from "./internal-signals.js";

const LPTIMS = [
  { name: "LPTIM1", address: 0x4000_2400, irq: 93, clock: "LPTIM1" },
  { name: "LPTIM2", address: 0x5800_2400, irq: 138, clock: "LPTIM2" },
  { name: "LPTIM3", address: 0x5800_2800, irq: 139, clock: "LPTIM345" },
  { name: "LPTIM4", address: 0x5800_2c00, irq: 140, clock: "LPTIM345" },
  { name: "LPTIM5", address: 0x5800_3000, irq: 141, clock: "LPTIM345" },
] as const;

const RTC_AND_COMP = {
  1: "RTC_ALRA",
  2: "RTC_ALRB",
  3: "RTC_TAMP1",
  4: "RTC_TAMP2",
  5: "RTC_TAMP3",
  6: "COMP1_OUT",
  7: "COMP2_OUT",
} as const;

/** LPTIM's triggers by TRIGSEL (RM0433, tables "LPTIM external trigger connection"); 0 of LPTIM1 and LPTIM2 is the ETR pin. */
const LPTIM_TRIGGERS: Readonly<Record<string, Readonly<Record<number, InternalSignal>>>> = {
  LPTIM1: RTC_AND_COMP,
  LPTIM2: RTC_AND_COMP,
  LPTIM3: { 0: "LPTIM2_OUT", 2: "LPTIM4_OUT", 3: "LPTIM5_OUT", 4: "SAI1_FS_A", 5: "SAI1_FS_B" },
  LPTIM4: { 0: "LPTIM2_OUT", 1: "LPTIM3_OUT", 3: "LPTIM5_OUT", 4: "SAI2_FS_A", 5: "SAI2_FS_B" },
  LPTIM5: { 0: "LPTIM2_OUT", 1: "LPTIM3_OUT", 2: "LPTIM4_OUT", 3: "SAI4_FS_A", 4: "SAI4_FS_B" },
};

/** What CFGR2 leads to inputs instead of their pins (RM0433, tables "LPTIMx input connection"); several signals: any of them. */
const LPTIM_INPUTS: readonly (readonly [
  timer: string,
  input: LptimInput,
  selection: number,
  signals: readonly InternalSignal[],
])[] = [
  ["LPTIM1", "IN1", 1, ["COMP1_OUT"]],
  ["LPTIM1", "IN2", 1, ["COMP2_OUT"]],
  ["LPTIM2", "IN1", 1, ["COMP1_OUT"]],
  ["LPTIM2", "IN1", 2, ["COMP2_OUT"]],
  ["LPTIM2", "IN1", 3, ["COMP1_OUT", "COMP2_OUT"]],
  ["LPTIM2", "IN2", 1, ["COMP2_OUT"]],
  ["LPTIM3", "IN1", 1, ["SAI4_FS_A"]],
  ["LPTIM3", "IN1", 2, ["SAI4_FS_B"]],
];

interface OutputPin {
  readonly port: PortLetter;
  readonly pin: number;
  readonly af: number;
}

/** Is the output at the pin, and does EXTI, a wire or a LED want its edges? */
const lookedAt = ({ gpio, inputs, pins }: ChipWiring, { port, pin, af }: OutputPin): boolean =>
  inputs.muxed(port, pin, af) && (gpio[port].observed(pin) || pins.awaited(port, pin));

function lowPowerTimer(wiring: ChipWiring, row: (typeof LPTIMS)[number]): ChipPart {
  const { log, timeline, rcc, irqLine, inputs, gpio, signals } = wiring;
  const { name, address, irq, clock } = row;
  const clocked = rcc.clockGate(name);
  const outputs: OutputPin[] = [];
  const device = new Lptim({
    name,
    log,
    timeline,
    interrupt: irqLine(irq),
    clocked,
    kernelHz: () => (clocked() && !wiring.frozen(name) ? rcc.clockTree.kernelHz(clock, name) : 0),
    onOutput: (high) => {
      signals.raise(`${name}_OUT`, high);
      for (const { port, pin } of outputs) gpio[port].refresh(pin);
    },
    outputWanted: () => signals.wanted(`${name}_OUT`) || outputs.some((at) => lookedAt(wiring, at)),
    onListening: wiring.listenersChanged,
  });
  wiring.onClockChange(() => device.clockChanged());
  wiring.pins.onAwaited(() => device.clockChanged());
  for (const [signal, pins] of Object.entries(TIMER_PINS)) {
    const which = signal.startsWith(`${name}_`) ? signal.slice(name.length + 1) : undefined;
    if (which === undefined) continue;
    for (const [pinName, af] of Object.entries(pins)) {
      const { port, pin } = parsePin(pinName);
      if (which === "OUT") {
        outputs.push({ port, pin, af });
        gpio[port].connect(pin, af, () => device.output);
        inputs.add(pinName, { af, feed: () => {}, onMux: () => device.clockChanged() });
      } else if (which === "ETR")
        inputs.add(pinName, { af, feed: (level) => device.trigger(0, level ?? false) });
      else inputs.add(pinName, { af, feed: (level) => device.setInput(which as LptimInput, level ?? false) });
    }
  }
  for (const [selection, signal] of Object.entries(LPTIM_TRIGGERS[name] ?? {})) {
    const number = Number(selection);
    signals.listen(
      signal,
      (high) => device.trigger(number, high),
      () => device.wants(number),
    );
  }
  connectInputs(wiring, name, device);
  return { name, address, device, resetBit: name };
}

function connectInputs({ signals }: ChipWiring, name: string, device: Lptim): void {
  for (const [timer, input, selection, sources] of LPTIM_INPUTS) {
    if (timer !== name) continue;
    const levels = sources.map(() => false);
    sources.forEach((source, index) => {
      signals.listen(
        source,
        (high) => {
          levels[index] = high === true;
          device.setInput(input, levels.includes(true), selection);
        },
        () => device.counts(input, selection),
      );
    });
  }
}

export function lowPowerTimers(wiring: ChipWiring): ChipPart[] {
  return LPTIMS.map((row) => lowPowerTimer(wiring, row));
}
