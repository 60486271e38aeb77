/** An audio block as what gives it bit clock and frames sees it: its own generator, another block's, or the pins. */

import type { PinSignal } from "../../../pin-signal.js";
import type { SaiPinName } from "./sai-bits.js";
import type { SaiFollower } from "./sai-follower.js";
import type { SaiFormat } from "./sai-format.js";

export interface SaiMember {
  readonly format: SaiFormat;
  readonly enabled: boolean;
  /** SAIEN was cleared in a frame, which is finished first. */
  readonly stopping: boolean;
  readonly receives: boolean;
  /** Further frames change nothing, until software or DMA do something. */
  readonly idle: boolean;
  /** Signals change when SCK falls (CKSTR). */
  readonly inverted: boolean;
  readonly pins: Readonly<Record<SaiPinName, PinSignal>>;
  /** Follows SCK and FS by their edges. */
  readonly follower: SaiFollower;
  beginFrame(): void;
  /** Signals change: `bit` of the frame begins. */
  shift(bit: number): void;
  /** SD is sampled in `bit`. */
  sample(bit: number): void;
  /** With nobody looking at SD: the slot whose last bit this is has come. */
  whole(bit: number): void;
  endFrame(): void;
  update(): void;
}

/** Do frames of both begin and end together, so that one may be led by the other's bits? */
export function inStep(one: SaiMember, other: SaiMember): boolean {
  const [a, b] = [one.format, other.format];
  return (
    a.frameBits === b.frameBits &&
    a.ahead === b.ahead &&
    a.syncHigh === b.syncHigh &&
    (a.protocol === "ac97") === (b.protocol === "ac97")
  );
}
