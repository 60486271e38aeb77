import { CancelledError } from "./errors.js";

/** The part of an AbortSignal that the jobs look at, between requests. */
export interface CancelSignal {
  readonly aborted: boolean;
}

/** @throws CancelledError */
export function throwIfCancelled(signal: CancelSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError("interrupted");
}
