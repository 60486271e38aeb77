/** Bits of the GPIO registers: what they reset to, and which pins they belong to (RM0433, chapter GPIO). */

export type PinMode = "input" | "output" | "alternate" | "analog";

export interface PinFunction {
  readonly mode: PinMode;
  /** Alternate function number 0..15; counts only in mode "alternate". */
  readonly alternateFunction: number;
  readonly openDrain: boolean;
  readonly pull: "none" | "up" | "down";
  /** OSPEEDR: 0 low .. 3 very high. */
  readonly speed: number;
}

export const MODES: readonly PinMode[] = ["input", "output", "alternate", "analog"];
export const PULLS = ["none", "up", "down", "none"] as const;

export type GpioRegister =
  | "MODER"
  | "OTYPER"
  | "OSPEEDR"
  | "PUPDR"
  | "IDR"
  | "ODR"
  | "BSRR"
  | "LCKR"
  | "AFRL"
  | "AFRH";

export const PINS = 16;
export const ALL_PINS = 0xffff;

/** After reset all pins are analog, but for JTAG on PA13..PA15, PB3 and PB4 (RM0433, chapter GPIO). */
export const RESETS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  A: { MODER: 0xabff_ffff, OSPEEDR: 0x0c00_0000, PUPDR: 0x6400_0000 },
  B: { MODER: 0xffff_febf, OSPEEDR: 0x0000_00c0, PUPDR: 0x0000_0100 },
};

/** Pins of which any of the `bits` bits each has is set in `changed`. */
export function touchedPins(changed: number, bits: number): number {
  let pins = 0;
  for (let pin = 0; pin * bits < 32; pin++) {
    if (((changed >>> (pin * bits)) & ((1 << bits) - 1)) !== 0) pins |= 1 << pin;
  }
  return pins & ALL_PINS;
}
