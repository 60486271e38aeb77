/**
 * Signals that change by themselves at pins: MCO1, MCO2, RTC_OUT. Their level is worked out when somebody looks; an edge takes
 * an event only where EXTI waits for it, a wire leads it on, or the board shows it.
 */

import { type Gpio, type PortLetter, parsePin } from "../peripherals/gpio.js";
import type { AlternateOutput } from "../peripherals/gpio-functions.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { RtcOutPin, RtcOutput } from "../peripherals/rtc/rtc-output.js";
import { TIMER_PINS } from "../peripherals/timers/timer-pins.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import type { ChipPins } from "./chip-pins.js";
import type { PinInputs } from "./pin-inputs.js";

export interface ClockSignal {
  readonly level: AlternateOutput;
  /** Nanoseconds until its next edge; infinity: none is in sight. */
  readonly untilEdge: () => number;
  /** Slow enough to be seen at a lamp. */
  readonly flickers: () => boolean;
}

export interface ClockPinsOptions {
  readonly timeline: Timeline;
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly inputs: PinInputs;
  /** Does somebody inside the chip wait for edges of this pin (EXTI)? */
  readonly awaited: (port: PortLetter, pin: number) => boolean;
}

interface Place {
  readonly port: PortLetter;
  readonly pin: number;
  readonly af: number | undefined;
}

/** A lamp that blinks faster is at half light for the eye. */
const FLICKER_HZ = 100;

export class ClockPins {
  readonly #options: ClockPinsOptions;
  readonly #signal: ClockSignal;
  readonly #places: readonly Place[];
  #next: TimelineEvent | undefined;

  /** @param pins name of the pin -> alternate function that leads the signal there; undefined: it takes the pin itself (Gpio.take) */
  constructor(
    options: ClockPinsOptions,
    signal: ClockSignal,
    pins: Readonly<Record<string, number | undefined>>,
  ) {
    this.#options = options;
    this.#signal = signal;
    this.#places = Object.entries(pins).map(([name, af]) => ({ ...parsePin(name), af }));
    for (const { port, pin, af } of this.#places) {
      if (af !== undefined) options.gpio[port].connect(pin, af, signal.level);
      options.inputs.add(`P${port}${pin}`, { af, feed: () => {}, onMux: () => this.schedule() });
    }
  }

  /** The signal is another one than before, or has an edge. */
  changed(): void {
    for (const { port, pin } of this.#places) this.#options.gpio[port].refresh(pin);
    this.schedule();
  }

  /** Others look at the pins than before. */
  schedule(): void {
    const { timeline, gpio, inputs, awaited } = this.#options;
    timeline.cancel(this.#next);
    this.#next = undefined;
    const watched = this.#places.some(
      ({ port, pin, af }) =>
        inputs.muxed(port, pin, af) &&
        (awaited(port, pin) ||
          gpio[port].hasWire(pin) ||
          (gpio[port].observed(pin) && this.#signal.flickers())),
    );
    const until = watched ? this.#signal.untilEdge() : Number.POSITIVE_INFINITY;
    if (until === Number.POSITIVE_INFINITY) return;
    this.#next = timeline.after(until, () => this.changed());
  }
}

/** A clock as a signal: a square wave of `hz`, which counts from board time 0; low while it stands still. */
export function squareWave(timeline: Timeline, hz: () => number): ClockSignal {
  const halves = (rate: number): number => Math.floor((timeline.now * 2 * rate) / 1e9 + 1e-6);
  return {
    level: () => halves(hz()) % 2 === 1,
    flickers: () => hz() <= FLICKER_HZ,
    untilEdge: () => {
      const rate = hz();
      return rate === 0 ? Number.POSITIVE_INFINITY : ((halves(rate) + 1) * 1e9) / (2 * rate) - timeline.now;
    },
  };
}

/** Beside PC13, which it takes in whatever mode the pin is (data sheet DS12556). */
const RTC_OUT_REMAPPED = { PB2: 0 } as const;

export interface ClockOutputs {
  /** After anything that may change a frequency. */
  readonly clocksChanged: () => void;
  /** After anything that may change what is at RTC_OUT. */
  readonly rtcOutChanged: () => void;
}

/** MCO1, MCO2 and RTC_OUT at their pins. */
export function connectClockOutputs(
  timeline: Timeline,
  pins: ChipPins,
  { clockTree }: Rcc,
  rtcOutput: RtcOutput,
): ClockOutputs {
  const { gpio, inputs } = pins;
  const options = {
    timeline,
    gpio,
    inputs,
    awaited: (port: PortLetter, pin: number) => pins.awaited(port, pin),
  };
  const clocks = ([1, 2] as const).map((n) => {
    const signal = squareWave(timeline, () => clockTree.mcoHz(n));
    return new ClockPins(options, signal, TIMER_PINS[`MCO${n}`]);
  });
  const rtcOut = (pin: RtcOutPin): ClockSignal => ({
    level: () => rtcOutput.level(pin),
    untilEdge: () => rtcOutput.untilEdge(pin),
    flickers: () => rtcOutput.slow,
  });
  const own = rtcOut("PC13");
  const rtc = [
    new ClockPins(options, own, { PC13: undefined }),
    new ClockPins(options, rtcOut("PB2"), RTC_OUT_REMAPPED),
  ];
  pins.onAwaited(() => {
    for (const each of [...clocks, ...rtc]) each.schedule();
  });
  return {
    clocksChanged: () => {
      for (const each of clocks) each.changed();
    },
    rtcOutChanged: () => {
      gpio.C.take(13, rtcOutput.signal("PC13") === undefined ? undefined : own.level);
      for (const each of rtc) each.changed();
    },
  };
}
