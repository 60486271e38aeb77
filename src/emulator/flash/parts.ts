import { IS25LP064A } from "./issi.js";
import { MT25QL512ABB } from "./micron.js";
import type { NorPart } from "./part.js";
import { W25Q64JV_IM, W25Q64JV_IQ, W25Q128JV_IM, W25Q128JV_IQ } from "./winbond.js";

/** Every part that can be soldered to an emulated board. */
export const NOR_PARTS: readonly NorPart[] = [
  W25Q128JV_IQ,
  W25Q128JV_IM,
  W25Q64JV_IQ,
  W25Q64JV_IM,
  IS25LP064A,
  MT25QL512ABB,
];

/** A board asks for a flash chip that is not modelled. */
export class UnknownNorPart extends Error {
  override readonly name = "UnknownNorPart";
}

/**
 * Part by its name in `boards/*.json`.
 * @throws UnknownNorPart naming the parts that exist.
 */
export function norPart(name: string): NorPart {
  const part = NOR_PARTS.find((candidate) => candidate.name === name);
  if (part !== undefined) return part;
  const known = NOR_PARTS.map((candidate) => candidate.name).join(", ");
  throw new UnknownNorPart(`flash part "${name}" is not modelled; use one of: ${known}`);
}
