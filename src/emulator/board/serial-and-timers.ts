/** The chip's serial ports and general timers, as rows. */

import type { BusDevice, EmulatorLog, InterruptLine } from "../bus.js";
import type { KernelClock } from "../peripherals/clock-tree.js";
import type { Rcc } from "../peripherals/rcc.js";
import { Tim } from "../peripherals/tim.js";
import { Usart, type UsartOptions } from "../peripherals/usart.js";
import type { Timeline } from "../timeline.js";
import { ADDRESS, IRQ } from "./memory-map.js";

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

const TIMERS = [
  { name: "TIM2", kind: "general", bits: 32 },
  { name: "TIM3", kind: "general", bits: 16 },
  { name: "TIM4", kind: "general", bits: 16 },
  { name: "TIM5", kind: "general", bits: 32 },
  { name: "TIM6", kind: "basic", bits: 16 },
  { name: "TIM7", kind: "basic", bits: 16 },
] as const;

export type SerialPortName = (typeof SERIAL_PORTS)[number]["name"];

export interface Wiring {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly rcc: Rcc;
  readonly irqLine: (irq: number) => InterruptLine;
}

export interface Part {
  readonly name: SerialPortName | (typeof TIMERS)[number]["name"];
  readonly address: number;
  readonly device: BusDevice & { reset(): void };
}

/** @param onByte what leaves a TX pin, whatever the pin is muxed to. */
export function serialPorts(
  wiring: Wiring,
  onByte: (port: SerialPortName, byte: number) => void,
): (Part & { readonly name: SerialPortName; readonly device: Usart })[] {
  const { log, timeline, rcc, irqLine } = wiring;
  return SERIAL_PORTS.map(({ name, kind, clock }) => {
    const device = new Usart({
      name,
      kind,
      log,
      timeline,
      interrupt: irqLine(IRQ[name]),
      clocked: rcc.clockGate(name),
      kernelHz: () => rcc.clockTree.kernelHz(clock),
      onTransmit: (value) => onByte(name, value & 0xff),
    });
    return { name, address: ADDRESS[name], device };
  });
}

export function basicTimers(wiring: Wiring): (Part & { readonly device: Tim })[] {
  const { log, timeline, rcc, irqLine } = wiring;
  return TIMERS.map(({ name, kind, bits }) => {
    const device = new Tim({
      name,
      kind,
      bits,
      log,
      timeline,
      interrupt: irqLine(IRQ[name]),
      clocked: rcc.clockGate(name),
      clockHz: () => rcc.clockTree.timerHz(1),
    });
    return { name, address: ADDRESS[name], device };
  });
}
