/** The chip's USARTs, UARTs and LPUART, as rows. */

import { ALTERNATE_FUNCTIONS } from "../peripherals/alternate-functions.js";
import type { KernelClock } from "../peripherals/rcc/clock-tree.js";
import { Usart, type UsartOptions } from "../peripherals/usart/usart.js";
import type { UsartPin } from "../peripherals/usart/usart-pins.js";
import type { ChipPart } from "./chip-part.js";
import type { SystemWiring } from "./chip-wiring.js";
import { lpuartSides } from "./d3-signals.js";
import { ADDRESS, IRQ } from "./memory-map.js";
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

export type SerialPortName = (typeof SERIAL_PORTS)[number]["name"];

type SerialSignal = "TX" | "RX" | "CK" | "CTS" | "RTS";

const TABLE: Readonly<Record<string, Readonly<Record<string, number>>>> = ALTERNATE_FUNCTIONS;

export function serialPorts(wiring: SystemWiring): ChipPart<Usart>[] {
  const { log, timeline, rcc, irqLine, requests, exti, signals, attached } = wiring;
  const onLpuart = lpuartSides(exti, signals);
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
      ...(name === "LPUART1" ? { onInterrupts: onLpuart } : {}),
      clocked: rcc.clockGate(name),
      kernelHz: () => rcc.clockTree.kernelHz(clock, name, device.wakesFromStop),
      stopped: () => !rcc.busRuns(name),
      // Whatever the TX pin is muxed to.
      onTransmit: (value) => attached.onSerial(name, value & 0xff),
      receiveRequest: requests.signal(`${name}_RX`),
      transmitRequest: requests.signal(`${name}_TX`),
      onRequestToSend: () => rts.refresh(),
    });
    signal("CTS", { feed: (level) => device.setClearToSend(level) });
    return { name, address: ADDRESS[name], device, resetBit: name };
  });
}
