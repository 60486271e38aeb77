import type { Phase, Progress } from "../flasher/progress.js";

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** "812 B", "4.0 KiB", "1.5 MiB" */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** "0:07", "12:30" */
function formatTime(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Bytes a second so far; undefined while there is nothing to divide. */
function rateOf(done: number, milliseconds: number): number | undefined {
  return done > 0 && milliseconds > 0 ? (done * 1000) / milliseconds : undefined;
}

/** One line: phase, bar, bytes, rate, time left. Never longer than `columns`. */
export function formatBar(progress: Progress, milliseconds: number, columns: number): string {
  const { phase, done, total } = progress;
  const share = total > 0 ? Math.min(done / total, 1) : 0;
  const rate = rateOf(done, milliseconds);
  const left = rate === undefined ? "" : `${formatTime(((total - done) / rate) * 1000)} left`;
  const numbers = [
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${formatBytes(done)} of ${formatBytes(total)}`,
    rate === undefined ? "" : `${formatBytes(Math.round(rate))}/s`,
    done < total ? left : formatTime(milliseconds),
  ].filter((text) => text !== "");
  const head = phase.padEnd(8);
  const tail = numbers.join("  ");
  const width = Math.min(30, columns - head.length - tail.length - 5);
  const filled = Math.round(width * share);
  const bar = width < 5 ? "" : `[${"#".repeat(filled)}${"-".repeat(width - filled)}]  `;
  return `${head} ${bar}${tail}`.slice(0, Math.max(columns - 1, 1));
}

/** What remains of a phase when it is over: "write: 1.0 MiB in 3.4 s, 301.2 KiB/s". */
export function formatPhase(phase: Phase, bytes: number, milliseconds: number): string {
  const rate = rateOf(bytes, milliseconds);
  const speed = rate === undefined ? "" : `, ${formatBytes(Math.round(rate))}/s`;
  return `${phase}: ${formatBytes(bytes)} in ${(milliseconds / 1000).toFixed(1)} s${speed}`;
}
