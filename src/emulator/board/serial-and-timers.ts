/** The chip's serial ports and general timers, as rows. */

import type { BusDevice, EmulatorLog, InterruptLine } from "../bus.js";
import { ALTERNATE_FUNCTIONS } from "../peripherals/alternate-functions.js";
import type { FrozenName } from "../peripherals/dbgmcu.js";
import type { Gpio, PortLetter } from "../peripherals/gpio.js";
import type { ClockTree, KernelClock } from "../peripherals/rcc/clock-tree.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import { Tim } from "../peripherals/timers/tim.js";
import { Usart, type UsartOptions } from "../peripherals/usart/usart.js";
import type { UsartPin } from "../peripherals/usart/usart-pins.js";
import type { Timeline } from "../timeline.js";
import type { ChipRequests } from "./dma-requests.js";
import { ADDRESS, IRQ } from "./memory-map.js";
import type { PinInputs } from "./pin-inputs.js";
import { SignalPins, type SignalPinsOptions } from "./signal-pins.js";

const SERIAL_PORTS = [
  { name: "USART1", kind: "USART", clock: "USART16" },
  { name: "USART2", kind: "USART", clock: "USART234578" },
  { name: "USART3", kind: "USART", clock: "USART234578" },
  { name: "UART4", kind: "UART", clock: "USART234578" },
  { name: "UART5", kind: "UART", clock: "USART234578" },
  { name: "USART6", kind: "USART", clock: "USART16" },
  { name: "UART7", kind: "UART", clock: "USART234578" },
  { name: "UART8", kind: "UART", clock: "USART234578" },
  { name: "LPUART1", kind: "LPUART", clock: "LPUART1" },
] as const satisfies readonly { name: string; kind: UsartOptions["kind"]; clock: KernelClock }[];

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
export type SerialPortName = (typeof SERIAL_PORTS)[number]["name"];

export interface Wiring {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly rcc: Rcc;
  /** A source of its own into the interrupt, which is asserted while any of its sources is. */
  readonly irqLine: (irq: number) => InterruptLine;
  /** Where DMA requests go, by name: "TIM3_UP". */
  readonly requests: ChipRequests;
  /** A debugger holds this one. */
  readonly frozen: (name: FrozenName) => boolean;
}

export interface Part {
  readonly name: SerialPortName | (typeof TIMERS)[number]["name"];
  readonly address: number;
  readonly device: BusDevice & { reset(): void };
}

export interface SerialWiring extends Wiring {
  /** Which sides of LPUART1 interrupt. */
  readonly onLpuart: (receive: boolean, transmit: boolean) => void;
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly inputs: PinInputs;
}

type SerialSignal = "TX" | "RX" | "CK" | "CTS" | "RTS";

const TABLE: Readonly<Record<string, Readonly<Record<string, number>>>> = ALTERNATE_FUNCTIONS;

/** @param onByte what leaves a TX pin, whatever the pin is muxed to. */
export function serialPorts(
  wiring: SerialWiring,
  onByte: (port: SerialPortName, byte: number) => void,
): (Part & { readonly name: SerialPortName; readonly device: Usart })[] {
  const { log, timeline, rcc, irqLine, requests } = wiring;
  return SERIAL_PORTS.map(({ name, kind, clock }) => {
    const signal = (which: SerialSignal, ends: Pick<SignalPinsOptions, "output" | "feed">): SignalPins =>
      new SignalPins({ ...wiring, ...ends, pins: TABLE[`${name}_${which}`] ?? {} });
    const both = (which: UsartPin): SignalPins =>
      signal(which, {
        output: () => device.output(which),
        feed: (level) => device.pinChanged(which, level),
      });
    const pins = { TX: both("TX"), RX: both("RX"), CK: both("CK") };
    const rts = signal("RTS", { output: () => device.requestToSend });
    const device = new Usart({
      name,
      kind,
      log,
      timeline,
      pins,
      interrupt: irqLine(IRQ[name]),
      ...(name === "LPUART1" ? { onInterrupts: wiring.onLpuart } : {}),
      clocked: rcc.clockGate(name),
      kernelHz: () => rcc.clockTree.kernelHz(clock, name, device.wakesFromStop),
      stopped: () => !rcc.busRuns(name),
      onTransmit: (value) => onByte(name, value & 0xff),
      receiveRequest: requests.signal(`${name}_RX`),
      transmitRequest: requests.signal(`${name}_TX`),
      onRequestToSend: () => rts.refresh(),
    });
    signal("CTS", { feed: (level) => device.setClearToSend(level) });
    return { name, address: ADDRESS[name], device };
  });
}

export interface TimerOptions extends Wiring {
  /** As `ClockFollowers.cached`. */
  readonly cached: (hz: () => number) => () => number;
  /** Does the timer's clock run: its gate, its gate while the core sleeps, a debugger's freeze? */
  readonly runs: (name: TimerName) => () => boolean;
}

/** @param onOutputs outputs of a timer that somebody looks at may have changed. */
export function timers(
  wiring: TimerOptions,
  onOutputs: (timer: string) => void,
): (Part & { readonly name: TimerName; readonly device: Tim })[] {
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
      onOutputs: () => onOutputs(name),
    });
    byName.set(name, device);
    return { name, address: ADDRESS[name], device };
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
