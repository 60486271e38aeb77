/** Many requests under way at once, their answers in order. */

import { MAX_REQUESTS } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import { type CancelSignal, throwIfCancelled } from "./cancel.js";

export interface Job {
  /** Bytes of the request's payload. */
  readonly bytes: number;
  /** Sends one request and uses its answer. */
  readonly run: () => Promise<void>;
}

/** Frame, stuffing and delimiter around a payload, at most. */
const FRAME_BYTES = 32;

/**
 * Keeps about a window of requests under way, no more: what is cancelled or fails is over soon. After the first
 * failure nothing new is sent; all answers are waited for.
 * @throws the first failure in order; CancelledError.
 */
export async function pipeline(
  session: Session,
  jobs: Iterable<Job>,
  signal: CancelSignal | undefined,
): Promise<void> {
  const underWay: { bytes: number; done: Promise<void> }[] = [];
  let bytes = 0;
  let failure: { readonly error: unknown } | undefined;
  const oldest = async () => {
    const first = underWay.shift();
    bytes -= first?.bytes ?? 0;
    await first?.done;
  };
  for (const job of jobs) {
    const size = job.bytes + FRAME_BYTES;
    while (underWay.length > 0 && (underWay.length >= MAX_REQUESTS || bytes + size > session.hello.window)) {
      await oldest();
    }
    if (failure !== undefined || signal?.aborted) break;
    const done = job.run().catch((error: unknown) => {
      failure ??= { error };
    });
    underWay.push({ bytes: size, done });
    bytes += size;
  }
  while (underWay.length > 0) await oldest();
  if (failure !== undefined) throw failure.error;
  throwIfCancelled(signal);
}
