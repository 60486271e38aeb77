/** The chip's general, advanced and basic timers, as rows, and how they trigger each other. */

import type { ClockTree } from "../peripherals/rcc/clock-tree.js";
import { Tim } from "../peripherals/timers/tim.js";
import type { ChipPart } from "./chip-part.js";
import type { SystemWiring } from "./chip-wiring.js";
import { ADDRESS, IRQ } from "./memory-map.js";

/** `bus`: the APB that clocks it. `internal`: whose trigger outputs are ITR0..3 (RM0433, tables "TIMx internal trigger connection"). */
const TIMERS = [
  {
    name: "TIM1",
    kind: "advanced",
    bits: 16,
    bus: 2,
    irq: "TIM1_UP",
    internal: ["TIM15", "TIM2", "TIM3", "TIM4"],
  },
  {
    name: "TIM8",
    kind: "advanced",
    bits: 16,
    bus: 2,
    irq: "TIM8_UP_TIM13",
    internal: ["TIM1", "TIM2", "TIM4", "TIM5"],
  },
  {
    name: "TIM2",
    kind: "general",
    bits: 32,
    bus: 1,
    irq: "TIM2",
    internal: ["TIM1", "TIM8", "TIM3", "TIM4"],
  },
  {
    name: "TIM3",
    kind: "general",
    bits: 16,
    bus: 1,
    irq: "TIM3",
    internal: ["TIM1", "TIM2", "TIM15", "TIM4"],
  },
  {
    name: "TIM4",
    kind: "general",
    bits: 16,
    bus: 1,
    irq: "TIM4",
    internal: ["TIM1", "TIM2", "TIM3", "TIM8"],
  },
  {
    name: "TIM5",
    kind: "general",
    bits: 32,
    bus: 1,
    irq: "TIM5",
    internal: ["TIM1", "TIM8", "TIM3", "TIM4"],
  },
  { name: "TIM6", kind: "basic", bits: 16, bus: 1, irq: "TIM6", internal: [] },
  { name: "TIM7", kind: "basic", bits: 16, bus: 1, irq: "TIM7", internal: [] },
  {
    name: "TIM12",
    kind: "two",
    bits: 16,
    bus: 1,
    irq: "TIM8_BRK_TIM12",
    internal: ["TIM4", "TIM5", "TIM13", "TIM14"],
  },
  { name: "TIM13", kind: "one", bits: 16, bus: 1, irq: "TIM8_UP_TIM13", internal: [] },
  { name: "TIM14", kind: "one", bits: 16, bus: 1, irq: "TIM8_TRG_COM_TIM14", internal: [] },
  {
    name: "TIM15",
    kind: "twoBreak",
    bits: 16,
    bus: 2,
    irq: "TIM15",
    internal: ["TIM1", "TIM3", "TIM16", "TIM17"],
  },
  { name: "TIM16", kind: "oneBreak", bits: 16, bus: 2, irq: "TIM16", internal: [] },
  { name: "TIM17", kind: "oneBreak", bits: 16, bus: 2, irq: "TIM17", internal: [] },
] as const;

/** Interrupts that TIM1 and TIM8 have apart from their update's. */
const OWN_LINES: Readonly<
  Record<string, { readonly compare: number; readonly trigger: number; readonly break: number }>
> = {
  TIM1: { compare: IRQ.TIM1_CC, trigger: IRQ.TIM1_TRG_COM, break: IRQ.TIM1_BRK },
  TIM8: { compare: IRQ.TIM8_CC, trigger: IRQ.TIM8_TRG_COM_TIM14, break: IRQ.TIM8_BRK_TIM12 },
};

/** Clocks that TISEL leads to TI1, by timer and TI1SEL (RM0433, TIMx_TISEL). */
const CLOCK_INPUTS: Readonly<Record<string, Readonly<Record<number, (tree: ClockTree) => number>>>> = {
  TIM15: {
    4: (tree) => tree.oscillatorHz("LSE"),
    5: (tree) => tree.oscillatorHz("CSI"),
    6: (tree) => tree.mcoHz(2),
  },
  TIM16: { 1: (tree) => tree.oscillatorHz("LSI"), 2: (tree) => tree.oscillatorHz("LSE") },
  TIM17: { 2: (tree) => tree.rtcHseHz, 3: (tree) => tree.mcoHz(1) },
};

/** Timers without TRGO: what they lead to others is OC1. */
const OC1_MASTERS = ["TIM13", "TIM14", "TIM16", "TIM17"];

export type TimerName = (typeof TIMERS)[number]["name"];

/** @param onOutputs outputs of a timer that somebody looks at may have changed. */
export function timers(
  wiring: SystemWiring,
  onOutputs: (timer: string) => void,
): (ChipPart<Tim> & { readonly name: TimerName })[] {
  const { log, timeline, rcc, irqLine, requests } = wiring;
  const byName = new Map<string, Tim>();
  const busHz = {
    1: wiring.cached(() => rcc.clockTree.timerHz(1)),
    2: wiring.cached(() => rcc.clockTree.timerHz(2)),
  } as const;
  const parts = TIMERS.map(({ name, kind, bits, bus, irq, internal }) => {
    const clocked = rcc.clockGate(name);
    const runs = wiring.runs(name);
    const own = OWN_LINES[name];
    const device = new Tim({
      name,
      kind,
      bits,
      log,
      timeline,
      interrupt: irqLine(IRQ[irq]),
      ...(own === undefined
        ? {}
        : {
            compareInterrupt: irqLine(own.compare),
            triggerInterrupt: irqLine(own.trigger),
            breakInterrupt: irqLine(own.break),
          }),
      clocked,
      clockHz: () => (runs() ? busHz[bus]() : 0),
      request: (what) => requests.pulse(`${name}_${what}`),
      holdRequest: (what, on) => requests.hold(`${name}_${what}`, on),
      internalLevel: (index) => {
        const master = internal[index] ?? "";
        const timer = byName.get(master);
        return (OC1_MASTERS.includes(master) ? timer?.reference(1) : timer?.triggerLevel) ?? false;
      },
      periodic: (index, selection) => {
        const hz = index === 0 ? CLOCK_INPUTS[name]?.[selection] : undefined;
        return hz === undefined ? undefined : () => hz(rcc.clockTree);
      },
      onSlave: wiring.listenersChanged,
      onOutputs: () => onOutputs(name),
    });
    byName.set(name, device);
    return { name, address: ADDRESS[name], device, resetBit: name };
  });
  for (const { name, internal } of TIMERS) {
    const slave = byName.get(name) as Tim;
    internal.forEach((master, index) => {
      const listener = {
        wants: () => slave.slaveOf === index,
        pulse: () => slave.triggered(),
        changed: () => slave.triggerChanged(),
      };
      if (OC1_MASTERS.includes(master)) byName.get(master)?.onChannel(1, listener);
      else byName.get(master)?.onTrigger(listener);
    });
  }
  return parts;
}
