/**
 * Which channel of MDMA moves data: one at a time, and the choice is made anew behind each buffer transfer, by CxCR.PL and
 * then by number (RM0433, "MDMA channels").
 */

import type { Timeline, TimelineEvent } from "../../timeline.js";

export interface MdmaArbiterPort {
  readonly timeline: Timeline;
  readonly priority: (n: number) => number;
  /** Bytes that are left of the request of channel `n`, and bytes of its buffer. */
  readonly work: (n: number) => { readonly left: number; readonly buffer: number };
  readonly hclkHz: () => number;
  readonly move: (n: number, bytes: number) => void;
}

const BYTES_PER_CLOCK = 4;
/** Clocks of a channel's turn beside its bytes. */
const TURN_CLOCKS = 8;
/** Bytes that are moved in one go of the emulator while no other channel waits. */
const CHUNK = 4096;

interface Turn {
  readonly channel: number;
  readonly event: TimelineEvent;
  readonly began: number;
  readonly bytes: number;
  readonly buffer: number;
}

export class MdmaArbiter {
  readonly #port: MdmaArbiterPort;
  readonly #waiting = new Set<number>();
  #turn: Turn | undefined;

  constructor(port: MdmaArbiterPort) {
    this.#port = port;
  }

  /** Channel `n` has something to move. */
  request(n: number): void {
    this.#waiting.add(n);
    if (this.#turn === undefined) this.#next();
    else this.#shorten(this.#turn);
  }

  withdraw(n: number): void {
    this.#waiting.delete(n);
    const turn = this.#turn;
    if (turn?.channel !== n) return;
    this.#port.timeline.cancel(turn.event);
    this.#turn = undefined;
    this.#next();
  }

  #next(): void {
    const { priority, work } = this.#port;
    const [channel] = [...this.#waiting].sort((a, b) => priority(b) - priority(a) || a - b);
    if (channel === undefined) return;
    this.#waiting.delete(channel);
    const { left, buffer } = work(channel);
    const alone = this.#waiting.size === 0;
    const bytes = Math.min(left, alone ? Math.max(buffer, CHUNK) : buffer);
    this.#begin({ channel, began: this.#port.timeline.now, bytes, buffer });
  }

  /** Another channel waits: the turn ends with the buffer under way. */
  #shorten(turn: Turn): void {
    const { timeline } = this.#port;
    const passed = (timeline.now - turn.began) / this.#clockNs - TURN_CLOCKS;
    const buffers = Math.max(1, Math.ceil((passed * BYTES_PER_CLOCK) / turn.buffer));
    const bytes = Math.min(turn.bytes, buffers * turn.buffer);
    if (bytes === turn.bytes) return;
    timeline.cancel(turn.event);
    this.#begin({ ...turn, bytes });
  }

  #begin(turn: Omit<Turn, "event">): void {
    const { timeline } = this.#port;
    const ns = (turn.bytes / BYTES_PER_CLOCK + TURN_CLOCKS) * this.#clockNs;
    const event = timeline.after(turn.began + ns - timeline.now, () => this.#end());
    this.#turn = { ...turn, event };
  }

  #end(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn !== undefined) this.#port.move(turn.channel, turn.bytes);
    if (this.#turn === undefined) this.#next();
  }

  get #clockNs(): number {
    return 1e9 / this.#port.hclkHz();
  }
}
