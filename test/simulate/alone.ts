/** Nobody comes back, and the power comes and goes: how a seed draws that. */
import type { Draw } from "./draw.js";
import type { Fault, FaultKind } from "./faults.js";
import type { Scenario } from "./scenario.js";

/** An instant after power-on: in the middle of the chip's n-th operation since, or so many ms after it. */
export type Cut =
  | { readonly operation: number; readonly fraction: number }
  | { readonly milliseconds: number };

export interface PowerUp {
  /** Before it. */
  readonly offMs: number;
  /** A computer is at the other end of the cable, on which no flasher runs: the boot window opens, and passes. */
  readonly host: boolean;
  /** The power fails again. */
  readonly cut: Cut | undefined;
}

export interface Alone {
  /** Nobody comes back after the first fault that ends a session. */
  readonly deserted: boolean;
  /** One after the other; the last one is not cut off. */
  readonly powerUps: readonly PowerUp[];
}

/** Faults after which somebody may not come back. */
const ENDS: readonly FaultKind[] = ["power-cut", "recovery-cut", "reset", "unplug", "kill"];
const DESERTED = 0.6;
/** Most histories have one power-up: an emulated boot costs as much as a small flashing's tenth. */
const POWER_UPS = { 1: 60, 2: 25, 3: 10, 4: 5 } as const;

/** A switch that is thrown slowly. */
export const OFF_MS = 20;

/** Drawn last, so that what a seed stood for before is what it stands for up to here. */
export function drawAlone(draw: Draw, faults: readonly Fault[]): Alone {
  const deserted = faults.some(({ kind }) => ENDS.includes(kind)) && draw.chance(DESERTED);
  const count = Number(draw.weighted(POWER_UPS));
  return {
    deserted,
    powerUps: Array.from({ length: count }, (_, index) => drawPowerUp(draw, index === count - 1)),
  };
}

function drawPowerUp(draw: Draw, last: boolean): PowerUp {
  const offMs = draw.chance(0.8) ? OFF_MS : draw.next() * 2;
  const host = draw.chance(0.15);
  if (last || draw.chance(0.3)) return { offMs, host, cut: undefined };
  const cut = draw.chance(0.6)
    ? { operation: Math.floor(draw.next() ** 2 * 12), fraction: draw.next() }
    : { milliseconds: draw.chance(0.7) ? draw.next() * 8 : draw.next() * 400 };
  return { offMs, host, cut };
}

/** Does a fault of this kind end the history's session for good? */
export function deserts({ alone }: Scenario, kind: FaultKind): boolean {
  return alone.deserted && ENDS.includes(kind);
}
