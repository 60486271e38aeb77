/** The timers' signals between the timers and the pins, in both directions, and between timers inside the chip. */

import type { Gpio, PortLetter } from "../peripherals/gpio.js";
import { parsePin } from "../peripherals/gpio.js";
import type { Tim } from "../peripherals/tim.js";
import type { TimInput } from "../peripherals/tim-inputs.js";
import { TIMER_PINS } from "../peripherals/timer-pins.js";

type PinName = `${PortLetter}${number}`;

/** One signal of a timer at one pin. */
interface Connection {
  readonly tim: Tim;
  readonly timer: string;
  readonly port: PortLetter;
  readonly pin: number;
  readonly af: number;
  readonly input: TimInput | undefined;
  readonly breakInput: 1 | 2 | undefined;
  /** 1..4, 0 for none. */
  readonly channel: number;
}

export interface TimerWiringOptions {
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
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
  readonly #byPin = new Map<PinName, Connection[]>();
  readonly #byTimer = new Map<string, Connection[]>();

  constructor(options: TimerWiringOptions) {
    this.#options = options;
    for (const [signal, pins] of Object.entries(TIMER_PINS)) {
      for (const [name, af] of Object.entries(pins)) this.#connect(signal, name, af);
    }
  }

  /** The pin's level changed. */
  level(port: PortLetter, pin: number, high: boolean): void {
    for (const connection of this.#byPin.get(`${port}${pin}`) ?? []) {
      if (this.#muxed(connection)) this.#feed(connection, high);
    }
  }

  /** The pin's mode or alternate function changed. */
  muxed(port: PortLetter, pin: number): void {
    for (const connection of this.#byPin.get(`${port}${pin}`) ?? []) {
      const muxed = this.#muxed(connection);
      this.#feed(connection, muxed ? this.#options.gpio[port].level(pin) : undefined);
      this.#watch(connection.timer);
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
    const connection: Connection = {
      tim,
      timer,
      port,
      pin,
      af,
      channel,
      input: complement
        ? undefined
        : channel > 0
          ? (`TI${channel}` as TimInput)
          : match[4] === "ETR"
            ? "ETR"
            : undefined,
      breakInput: match[5] === undefined ? undefined : match[5] === "2" ? 2 : 1,
    };
    add(this.#byPin, `${port}${pin}`, connection);
    add(this.#byTimer, timer, connection);
    if (channel > 0) this.#options.gpio[port].connect(pin, af, () => tim.output(channel, complement));
  }

  #muxed({ port, pin, af }: Connection): boolean {
    const { mode, alternateFunction } = this.#options.gpio[port].pinFunction(pin);
    return mode === "alternate" && alternateFunction === af;
  }

  #feed({ tim, timer, input, breakInput }: Connection, level: boolean | undefined): void {
    if (breakInput !== undefined) tim.setBreak(breakInput, 0, level);
    if (input === undefined) return;
    tim.setInput(input, level ?? false);
    const shared = TIM15_SOURCES.find(([, name]) => name === timer);
    if (shared === undefined || (input !== "TI1" && input !== "TI2")) return;
    this.#options.timer("TIM15")?.setInput(input, level ?? false, shared[0]);
  }

  #watch(timer: string): void {
    const { gpio, awaited } = this.#options;
    let watched = 0;
    let seen = 0;
    const connections = this.#byTimer.get(timer) ?? [];
    for (const connection of connections) {
      const { channel, port, pin } = connection;
      if (channel === 0 || !this.#muxed(connection)) continue;
      if (awaited(port, pin)) watched |= 1 << (channel - 1);
      if (gpio[port].observed(pin)) seen |= 1 << (channel - 1);
    }
    connections[0]?.tim.watch(watched, seen);
  }
}

function add<K>(map: Map<K, Connection[]>, key: K, connection: Connection): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [connection]);
  else known.push(connection);
}
