/** The timers' signals between the timers and the pins, in both directions, and between timers inside the chip. */

import type { Gpio, PortLetter } from "../peripherals/gpio.js";
import { parsePin } from "../peripherals/gpio.js";
import type { Tim } from "../peripherals/tim.js";
import type { TimInput } from "../peripherals/tim-inputs.js";
import { TIMER_PINS } from "../peripherals/timer-pins.js";
import type { PinInputs } from "./pin-inputs.js";

/** One signal of a timer at one pin. */
interface Connection {
  readonly tim: Tim;
  readonly port: PortLetter;
  readonly pin: number;
  readonly af: number;
  /** 1..4, 0 for none. */
  readonly channel: number;
}

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
const SIGNAL = /^(TIM\d+)_(?:CH(\d)(N?)|(ETR)|BKIN(2?))$/;

export class TimerWiring {
  readonly #options: TimerWiringOptions;
  readonly #byTimer = new Map<string, Connection[]>();

  constructor(options: TimerWiringOptions) {
    this.#options = options;
    for (const [signal, pins] of Object.entries(TIMER_PINS)) {
      for (const [name, af] of Object.entries(pins)) this.#connect(signal, name, af);
    }
  }

  /** Others wait for edges than before. */
  awaitedChanged(): void {
    for (const timer of this.#byTimer.keys()) this.#watch(timer);
  }

  /** A timer's outputs may have changed. */
  outputs(timer: string): void {
    for (const { channel, port, pin } of this.#byTimer.get(timer) ?? []) {
      if (channel > 0) this.#options.gpio[port].refresh(pin);
    }
  }

  #connect(signal: string, name: string, af: number): void {
    const match = SIGNAL.exec(signal);
    const timer = match?.[1];
    const tim = timer === undefined ? undefined : this.#options.timer(timer);
    if (match === null || timer === undefined || tim === undefined) return;
    const { port, pin } = parsePin(name);
    const channel = Number(match[2] ?? 0);
    const complement = match[3] === "N";
    add(this.#byTimer, timer, { tim, port, pin, af, channel });
    if (channel > 0) this.#options.gpio[port].connect(pin, af, () => tim.output(channel, complement));
    const input = complement ? undefined : channel > 0 ? (`TI${channel}` as TimInput) : match[4];
    const breakInput = match[5] === undefined ? undefined : match[5] === "2" ? 2 : 1;
    this.#options.inputs.add(name, {
      af,
      feed: (level) => {
        if (breakInput !== undefined) tim.setBreak(breakInput, 0, level);
        if (input !== undefined) this.#feed(timer, tim, input as TimInput, level ?? false);
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
    const connections = this.#byTimer.get(timer) ?? [];
    for (const { channel, port, pin, af } of connections) {
      if (channel === 0 || !this.#options.inputs.muxed(port, pin, af)) continue;
      if (awaited(port, pin)) watched |= 1 << (channel - 1);
      if (gpio[port].observed(pin)) seen |= 1 << (channel - 1);
    }
    connections[0]?.tim.watch(watched, seen);
  }
}

function add(map: Map<string, Connection[]>, key: string, connection: Connection): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [connection]);
  else known.push(connection);
}
