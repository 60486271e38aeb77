/** The timers' signals between the timers and the pins, in both directions, and between timers inside the chip. */

import type { Gpio, PortLetter } from "../peripherals/gpio.js";
import { parsePin } from "../peripherals/gpio.js";
import type { Tim } from "../peripherals/timers/tim.js";
import type { TimInput } from "../peripherals/timers/tim-inputs.js";
import { TIMER_PINS } from "../peripherals/timers/timer-pins.js";
import type { PinInputs } from "./pin-inputs.js";

/** One signal of a timer at one pin. */
interface Wire {
  readonly timer: string;
  readonly name: string;
  readonly port: PortLetter;
  readonly pin: number;
  readonly af: number;
  /** 1..4, 0 for none. */
  readonly channel: number;
  readonly complement: boolean;
  readonly input: TimInput | undefined;
  readonly breakInput: 1 | 2 | undefined;
}

const SIGNAL = /^(TIM\d+)_(?:CH(\d)(N?)|(ETR)|BKIN(2?)(?:_COMP12)?)$/;

function wire(signal: string, name: string, af: number): Wire | undefined {
  const match = SIGNAL.exec(signal);
  const timer = match?.[1];
  if (match === null || timer === undefined) return undefined;
  const channel = Number(match[2] ?? 0);
  const complement = match[3] === "N";
  const own = channel > 0 ? (`TI${channel}` as TimInput) : match[4] === undefined ? undefined : "ETR";
  return {
    timer,
    name,
    ...parsePin(name),
    af,
    channel,
    complement,
    input: complement ? undefined : own,
    breakInput: match[5] === undefined ? undefined : match[5] === "2" ? 2 : 1,
  };
}

/** The same for every chip. */
const WIRES: readonly Wire[] = Object.entries(TIMER_PINS).flatMap(([signal, pins]) =>
  Object.entries(pins).flatMap(([name, af]) => wire(signal, name, af) ?? []),
);

export interface TimerWiringOptions {
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly inputs: PinInputs;
  readonly timer: (name: string) => Tim | undefined;
  /** Does somebody inside the chip wait for edges of this pin (EXTI)? */
  readonly awaited: (port: PortLetter, pin: number) => boolean;
}

/** TIM15's other inputs (RM0433, TIM15_TISEL): number of the selection -> the timer whose CH1 and CH2 it takes. */
const TIM15_SOURCES: readonly (readonly [number, string])[] = [
  [1, "TIM2"],
  [2, "TIM3"],
  [3, "TIM4"],
];

export class TimerWiring {
  readonly #options: TimerWiringOptions;
  /** Where each timer's outputs may be. */
  readonly #outputs = new Map<string, Wire[]>();

  constructor(options: TimerWiringOptions) {
    this.#options = options;
    for (const each of WIRES) this.#connect(each);
  }

  /** Others wait for edges than before. */
  awaitedChanged(): void {
    for (const timer of this.#outputs.keys()) this.#watch(timer);
  }

  /** A timer's outputs may have changed. */
  outputs(timer: string): void {
    for (const { port, pin } of this.#outputs.get(timer) ?? []) this.#options.gpio[port].refresh(pin);
  }

  #connect(each: Wire): void {
    const { timer, name, port, pin, af, channel, complement, input, breakInput } = each;
    const tim = this.#options.timer(timer);
    if (tim === undefined) return;
    if (channel > 0) {
      const known = this.#outputs.get(timer);
      if (known === undefined) this.#outputs.set(timer, [each]);
      else known.push(each);
      this.#options.gpio[port].connect(pin, af, () => tim.output(channel, complement));
    }
    this.#options.inputs.add(name, {
      af,
      feed: (level) => {
        if (breakInput !== undefined) tim.setBreak(breakInput, 0, level);
        if (input !== undefined) this.#feed(timer, tim, input, level ?? false);
      },
      ...(channel > 0 ? { onMux: () => this.#watch(timer) } : {}),
    });
  }

  #feed(timer: string, tim: Tim, input: TimInput, level: boolean): void {
    tim.setInput(input, level);
    const shared = TIM15_SOURCES.find(([, name]) => name === timer);
    if (shared === undefined || (input !== "TI1" && input !== "TI2")) return;
    this.#options.timer("TIM15")?.setInput(input, level, shared[0]);
  }

  #watch(timer: string): void {
    const { gpio, awaited } = this.#options;
    let watched = 0;
    let seen = 0;
    for (const { channel, port, pin, af } of this.#outputs.get(timer) ?? []) {
      if (!this.#options.inputs.muxed(port, pin, af)) continue;
      if (awaited(port, pin) || gpio[port].hasWire(pin)) watched |= 1 << (channel - 1);
      if (gpio[port].observed(pin)) seen |= 1 << (channel - 1);
    }
    this.#options.timer(timer)?.watch(watched, seen);
  }
}
