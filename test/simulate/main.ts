/**
 * npm run simulate -- [--seeds N] [--first-seed S] [--minutes M] [--workers W] [--verbose]
 *
 * Ends with `N histories, N faults, N failures`; exit code 1 when there was a failure. Ctrl-C ends it after the histories
 * under way.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { History } from "./history.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    "first-seed": { type: "string", default: "1" },
    minutes: { type: "string" },
    workers: { type: "string", default: String(Math.min(4, availableParallelism())) },
    verbose: { type: "boolean", default: false },
  },
});

function number(name: "seeds" | "first-seed" | "minutes" | "workers"): number {
  const text = values[name];
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const value = Number(text);
  const whole = name === "minutes" || Number.isInteger(value);
  if (text.trim() !== "" && whole && value >= (name === "workers" ? 1 : 0)) return value;
  console.error(
    `--${name} ${text}: expected a ${name === "minutes" ? "number" : "whole number"}, such as --${name} 2`,
  );
  process.exit(2);
}

class Tally {
  histories = 0;
  failures = 0;
  readonly faults = new Map<string, number>();
  readonly ends = new Map<string, number>();
  readonly boards = new Map<string, number>();
  readonly answers = new Map<string, number>();

  take(history: History): void {
    this.histories++;
    const add = (map: Map<string, number>, key: string, count: number) =>
      map.set(key, (map.get(key) ?? 0) + count);
    for (const [kind, count] of history.faults) add(this.faults, kind, count);
    add(this.boards, history.board, 1);
    for (const answer of history.answers) add(this.answers, answer, 1);
    add(this.ends, `${history.operation}: ${history.ended || "broken promise"}`, 1);
    if (history.failure !== undefined) this.failures++;
    if (history.failure !== undefined || values.verbose) this.#tell(history);
  }

  #tell({ seed, board, operation, failure, events, boardNs }: History): void {
    console.log(`seed ${seed}, ${board}, ${operation}: ${failure ?? "kept"}`);
    if (values.verbose) for (const event of events) console.log(`  ${event}`);
    if (values.verbose) console.log(`  board time at the end ${boardNs} ns`);
    if (failure !== undefined)
      console.log(`  replay: npm run simulate -- --first-seed ${seed} --seeds 1 --verbose`);
  }

  summary(seconds: number): string {
    const list = (map: Map<string, number>) =>
      [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, count]) => `  ${key} ${count}`);
    const faults = [...this.faults.values()].reduce((sum, count) => sum + count, 0);
    return [
      "boards:",
      ...list(this.boards),
      "commands ended:",
      ...list(this.ends),
      "with power and nobody there:",
      ...list(this.answers),
      "faults by kind:",
      ...list(this.faults),
      `${Math.round(seconds)} s, ${Math.round((this.histories / seconds) * 3600)} histories an hour`,
      `${this.histories} histories, ${faults} faults, ${this.failures} failures`,
    ].join("\n");
  }
}

async function main(): Promise<void> {
  const started = performance.now();
  const deadline = started + number("minutes") * 60_000;
  const first = number("first-seed");
  const timed = values.minutes !== undefined;
  const last = first + (values.seeds === undefined && !timed ? 200 : number("seeds"));
  const tally = new Tally();
  let next = first;
  let stopped = false;
  process.once("SIGINT", () => {
    stopped = true;
  });
  const serve = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const hand = () => {
        if (next < last && !stopped && performance.now() < deadline) worker.postMessage(next++);
        else void worker.terminate().then(() => resolve());
      };
      worker.on("message", (history: History) => {
        tally.take(history);
        if (process.stderr.isTTY)
          process.stderr.write(`\r\x1b[K${tally.histories} histories, ${tally.failures} failures`);
        hand();
      });
      worker.on("error", reject);
      hand();
    });
  const workers = Array.from(
    { length: number("workers") },
    () => new Worker(new URL("./worker.js", import.meta.url)),
  );
  await Promise.all(workers.map(serve));
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  console.log(tally.summary((performance.now() - started) / 1000));
  process.exitCode = tally.failures > 0 ? 1 : 0;
}

await main();
