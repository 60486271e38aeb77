/** What gives a pin its level, and which of two things wins. */

/** From weak to strong: what gives a pin its level. */
const STRENGTHS = ["pull", "weak", "output", "strong"] as const;

/** What is outside is a chip or a switch, or a resistor. */
export type DriveStrength = "strong" | "weak";

export interface Drive {
  readonly high: boolean;
  readonly strength: (typeof STRENGTHS)[number];
}

/** The stronger of two; of two that are as strong, the low one. */
export function strongerDrive(one: Drive | undefined, other: Drive | undefined): Drive | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const order = STRENGTHS.indexOf(one.strength) - STRENGTHS.indexOf(other.strength);
  if (order !== 0) return order > 0 ? one : other;
  return one.high ? other : one;
}

export const DRIVEN_HIGH: Drive = { high: true, strength: "output" };
export const DRIVEN_LOW: Drive = { high: false, strength: "output" };
export const PULLED_UP: Drive = { high: true, strength: "pull" };
export const PULLED_DOWN: Drive = { high: false, strength: "pull" };

export interface Wired {
  /** What the pins at the other ends of its wires have. */
  others: Drive | undefined;
  readonly changed: () => void;
}
