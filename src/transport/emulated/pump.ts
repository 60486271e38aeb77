/**
 * Keeps an emulated board's time going while somebody in this process, or behind a PTY or socket, talks to it.
 *
 * The board runs in slices of board time; between two slices everybody else gets a turn. A slice ends early when
 * something reaches the host, so that who waits for it acts at the same instant of board time: a run depends
 * on what was sent, not on how fast the machine is.
 */

/** What the pump needs of a board. Times are nanoseconds of board time. */
export interface Advanceable {
  readonly now: number;
  /** Runs until `untilNs`, or until `interrupt` was called. */
  advance(untilNs: number): void;
  /** Ends the `advance` under way after the current instruction or event. */
  interrupt(): void;
}

/** Gives everybody else a turn; may also wait for the wall clock. Called with the board's time, nanoseconds. */
export type TakeTurns = (nowNs: number) => Promise<void>;

/** Board time between two turns unless told otherwise. */
const SLICE_NS = 1e6;

export class Pump {
  readonly #board: Advanceable;
  readonly #takeTurns: TakeTurns;
  readonly #sliceNs: number;
  #running: Promise<void> | undefined;
  #stop = false;

  /** @param sliceNs board time between two turns, nanoseconds: how soon others are heard while the board is busy */
  constructor(board: Advanceable, takeTurns: TakeTurns, sliceNs = SLICE_NS) {
    this.#board = board;
    this.#takeTurns = takeTurns;
    this.#sliceNs = sliceNs;
  }

  /** Starts, if it does not run yet. @param onError told when the emulator itself fails; the pump has stopped then. */
  start(onError: (error: unknown) => void): void {
    if (this.#running !== undefined) return;
    this.#stop = false;
    this.#running = this.#run().catch(onError);
  }

  /** Stops after the slice under way. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
    this.#running = undefined;
  }

  async #run(): Promise<void> {
    while (!this.#stop) {
      this.#board.advance(this.#board.now + this.#sliceNs);
      await this.#takeTurns(this.#board.now);
    }
  }
}
