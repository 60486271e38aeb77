import { setImmediate, setTimeout } from "node:timers/promises";
import type { TakeTurns } from "../../transport/emulated/pump.js";

/** As fast as this machine can: board time runs ahead of the wall clock while the board only waits. */
export const takeTurnsFreely: TakeTurns = () => setImmediate();

/** Board time may be this far ahead of the wall clock before it waits, and this far behind before it gives up catching up. */
const AHEAD_MS = 2;
const BEHIND_MS = 100;

/**
 * Keeps idle board time at the pace of the wall clock, so that timeouts of other processes mean what they mean on a
 * real board. A board that cannot keep up is not hurried later: its time just lags.
 */
export function takeTurnsPaced(now: () => number = () => performance.now()): TakeTurns {
  let offset: number | undefined;
  return async (nowNs) => {
    const board = nowNs / 1e6;
    offset ??= now() - board;
    const ahead = board + offset - now();
    if (ahead < -BEHIND_MS) offset -= ahead;
    await (ahead > AHEAD_MS ? setTimeout(ahead) : setImmediate());
  };
}
