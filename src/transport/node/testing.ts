import type { Timers } from "../../protocol/transport.js";

/** Timers whose time passes at once whenever everything else waits: each `after` runs in a later turn of the loop. */
export class InstantTimers implements Timers {
  private time = 0;
  private readonly queue: { readonly at: number; readonly run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, run: () => void): () => void {
    const entry = { at: this.time + milliseconds, run };
    this.queue.push(entry);
    this.queue.sort((left, right) => left.at - right.at);
    setImmediate(() => this.next());
    return () => {
      const index = this.queue.indexOf(entry);
      if (index >= 0) this.queue.splice(index, 1);
    };
  }

  private next(): void {
    const entry = this.queue.shift();
    if (entry === undefined) return;
    this.time = Math.max(this.time, entry.at);
    entry.run();
  }
}
