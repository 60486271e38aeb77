/** A peripheral's signal at the pins that lead to it. */

export interface PinSignal {
  /** The level at the pin; undefined: no pin is set up for the signal. */
  readonly level: boolean | undefined;
  /** The level that something gives the pin, without what a floating pin keeps; undefined: nothing does, or no pin is set up. */
  readonly driven: boolean | undefined;
  /** Somebody looks at the pin all the time: each edge has to come in its time. */
  readonly watched: boolean;
  /** What the peripheral drives may have changed. */
  refresh(): void;
}

export const NO_PIN: PinSignal = { level: undefined, driven: undefined, watched: false, refresh: () => {} };
