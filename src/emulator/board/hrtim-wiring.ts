/** HRTIM1 between its pins, the comparators, the timers and the clocks (RM0433, "HRTIM pins and internal signals"). */

import { type PortLetter, parsePin } from "../peripherals/gpio.js";
import { Hrtim } from "../peripherals/hrtim/hrtim.js";
import { TIMER_PINS } from "../peripherals/timers/timer-pins.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import type { InternalSignal } from "./internal-signals.js";

/** Timers A..E and, last, the master; then the faults. */
const IRQS = [104, 105, 106, 107, 108, 103] as const;
const FAULT_IRQ = 109;
const REQUESTS = ["HRTIM_A", "HRTIM_B", "HRTIM_C", "HRTIM_D", "HRTIM_E", "HRTIM_MASTER"] as const;
/** Of what `Hrtim.watch` takes. */
const SCOUT = 10;
const AS_EVENT = { PIN: 1, COMPARATOR: 2, TIMER: 3 } as const;

/** Sources of the external events that are no pins of their own (RM0433, table "External events mapping"). */
const EVENT_SIGNALS: readonly (readonly [event: number, source: number, signal: InternalSignal])[] = [
  [1, AS_EVENT.COMPARATOR, "COMP1_OUT"],
  [2, AS_EVENT.COMPARATOR, "COMP2_OUT"],
  [6, AS_EVENT.COMPARATOR, "COMP1_OUT"],
  [7, AS_EVENT.COMPARATOR, "COMP2_OUT"],
  [5, AS_EVENT.TIMER, "LPTIM1_OUT"],
  [10, AS_EVENT.TIMER, "LPTIM2_OUT"],
];
const EVENT_TIMERS: readonly (readonly [event: number, timer: string])[] = [
  [1, "TIM1"],
  [2, "TIM2"],
  [3, "TIM3"],
  [4, "TIM7"],
  [6, "TIM6"],
  [7, "TIM7"],
  [8, "TIM6"],
  [9, "TIM15"],
];
/** OPAMP1's output, which comes back through its pin. */
const OPAMP1 = { pin: "PC4", events: [4, 9] } as const;

type HrtimWiring = Omit<ChipWiring, "hrtim" | "dfsdm" | "quadspi">;

export function highResolutionTimer(wiring: HrtimWiring): ChipPart<Hrtim> {
  const { log, timeline, rcc, irqLine, requests } = wiring;
  const hz = wiring.cached(() => rcc.clockTree.hrtimHz);
  const runs = wiring.runs("HRTIM");
  const pins = new OutputPins(wiring, (number) =>
    number === SCOUT ? device.synchronization : device.output(number),
  );
  const device: Hrtim = new Hrtim({
    log,
    timeline,
    interrupts: IRQS.map(irqLine),
    faultInterrupt: irqLine(FAULT_IRQ),
    clocked: rcc.clockGate("HRTIM"),
    clockHz: () => (runs() ? hz() : 0),
    frozen: () => wiring.frozen("HRTIM"),
    request: (timer) => requests.pulse(REQUESTS[timer] ?? ""),
    onOutputs: () => pins.refresh(),
  });
  pins.onWatch = (outputs) => device.watch(outputs);
  connectInputs(wiring, device);
  connectTimers(wiring, device);
  return { name: "HRTIM1", address: 0x4001_7400, device, resetBit: "HRTIM" };
}

interface OutputPin {
  /** 0..9 are TA1 to TE2. */
  readonly number: number;
  readonly name: string;
  readonly port: PortLetter;
  readonly pin: number;
  readonly af: number;
}

class OutputPins {
  onWatch: (outputs: number) => void = () => {};
  readonly #wiring: HrtimWiring;
  readonly #all: readonly OutputPin[];
  /** Those that lead HRTIM's outputs out now. */
  #muxed: readonly OutputPin[] = [];

  constructor(wiring: HrtimWiring, level: (number: number) => boolean | undefined) {
    this.#wiring = wiring;
    this.#all = Object.entries(TIMER_PINS).flatMap(([signal, pins]) => {
      const number = outputNumber(signal);
      const all = number === undefined ? [] : Object.entries(pins);
      return all.map(([name, af]) => ({ number: number ?? 0, name, ...parsePin(name), af }));
    });
    for (const { number, name, port, pin, af } of this.#all) {
      wiring.gpio[port].connect(pin, af, () => level(number));
      wiring.inputs.add(name, { af, feed: () => {}, onMux: () => this.#look() });
    }
    wiring.pins.onAwaited(() => this.#look());
  }

  refresh(): void {
    for (const { port, pin } of this.#muxed) this.#wiring.gpio[port].refresh(pin);
  }

  /** Edges matter where EXTI or a wire has them. */
  #look(): void {
    const { gpio, inputs, pins } = this.#wiring;
    this.#muxed = this.#all.filter(({ port, pin, af }) => inputs.muxed(port, pin, af));
    let watched = 0;
    for (const { number, port, pin } of this.#muxed) {
      if (pins.awaited(port, pin) || gpio[port].hasWire(pin)) watched |= 1 << number;
    }
    this.onWatch(watched);
  }
}

function outputNumber(signal: string): number | undefined {
  if (signal === "HRTIM_SCOUT") return SCOUT;
  const match = /^HRTIM_CH([A-E])([12])$/.exec(signal);
  if (match === null) return undefined;
  return "ABCDE".indexOf(match[1] ?? "") * 2 + Number(match[2]) - 1;
}

function connectInputs(wiring: HrtimWiring, hrtim: Hrtim): void {
  const { inputs, signals } = wiring;
  let scin = false;
  for (const [signal, pins] of Object.entries(TIMER_PINS)) {
    const [, kind, number] = /^HRTIM_(EEV|FLT|SCIN)(\d*)$/.exec(signal) ?? [];
    if (kind === undefined) continue;
    const feed = (level: boolean | undefined): void => {
      if (kind === "EEV") hrtim.setEvent(Number(number), AS_EVENT.PIN, level ?? false);
      else if (kind === "FLT") hrtim.setFault(Number(number), "pin", level);
      else {
        if (level === true && !scin) hrtim.synchronize(3);
        scin = level ?? false;
      }
    };
    for (const [name, af] of Object.entries(pins)) inputs.add(name, { af, feed });
  }
  inputs.add(OPAMP1.pin, {
    af: undefined,
    feed: (level) => {
      for (const event of OPAMP1.events) hrtim.setEvent(event, AS_EVENT.COMPARATOR, level ?? false);
    },
  });
  for (const [event, source, signal] of EVENT_SIGNALS) {
    signals.listen(
      signal,
      (high) => hrtim.setEvent(event, source, high ?? false),
      () => hrtim.takesEvent(event, source),
    );
  }
  for (const fault of [1, 2] as const) {
    signals.listen(`COMP${fault}_OUT`, (high) => hrtim.setFault(fault, "internal", high));
  }
}

function connectTimers({ timer }: HrtimWiring, hrtim: Hrtim): void {
  for (const [event, name] of EVENT_TIMERS) {
    timer(name)?.onTrigger({
      wants: () => hrtim.takesEvent(event, AS_EVENT.TIMER),
      pulse: () => {
        hrtim.setEvent(event, AS_EVENT.TIMER, true);
        hrtim.setEvent(event, AS_EVENT.TIMER, false);
      },
    });
  }
  timer("TIM1")?.onTrigger({
    wants: () => hrtim.takesSynchronization(2),
    pulse: () => hrtim.synchronize(2),
  });
  for (const which of [1, 2] as const) {
    timer(which === 1 ? "TIM16" : "TIM17")?.onChannel(1, {
      wants: () => hrtim.takesUpdateEnable(which) || hrtim.takesBurstClock(which),
      pulse: () => {
        hrtim.updateEnable(which);
        hrtim.burstClock(which);
      },
    });
  }
  timer("TIM6")?.onTrigger({
    wants: () => hrtim.takesUpdateEnable(3),
    pulse: () => hrtim.updateEnable(3),
  });
  timer("TIM7")?.onTrigger({
    wants: () => hrtim.takesBurstClock(3) || hrtim.takesBurstTrigger,
    pulse: () => {
      hrtim.burstClock(3);
      hrtim.burstTrigger();
    },
  });
}
