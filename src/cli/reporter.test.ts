import assert from "node:assert/strict";
import { test } from "node:test";
import type { CliIo } from "./io.js";
import { formatBar, formatBytes, formatPhase } from "./progress-bar.js";
import { createReporter } from "./reporter.js";

function world(isTTY: boolean) {
  const time = { now: 0 };
  const text = { stdout: "", stderr: "" };
  const io = {
    stdout: {
      write: (piece: string) => {
        text.stdout += piece;
      },
    },
    stderr: {
      isTTY,
      columns: 80,
      write: (piece: string) => {
        text.stderr += piece;
      },
    },
    now: () => time.now,
  } as unknown as CliIo;
  return { io, text, time };
}

test("bytes and phases are written for people", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), "1023 B");
  assert.equal(formatBytes(1536), "1.5 KiB");
  assert.equal(formatBytes(1 << 20), "1.0 MiB");
  assert.equal(formatPhase("write", 1 << 20, 2000), "write: 1.0 MiB in 2.0 s, 512.0 KiB/s");
  assert.equal(formatPhase("verify", 4096, 0), "verify: 4.0 KiB in 0.0 s");
});

test("the bar tells phase, share, bytes, rate and time left, and fits its line", () => {
  const progress = { phase: "write", done: 262144, total: 1048576 } as const;
  assert.equal(
    formatBar(progress, 1000, 100),
    "write    [########----------------------]   25 %  256.0 KiB of 1.0 MiB  256.0 KiB/s  0:03 left",
  );
  for (const columns of [1, 10, 40, 60, 80])
    assert.ok(formatBar(progress, 1000, columns).length < Math.max(columns, 2));
  assert.match(formatBar({ phase: "verify", done: 10, total: 10 }, 65_000, 80), /100 %.*1:05$/);
});

test("on a terminal one line moves, stays when its phase is over, and text never lands behind a bar", () => {
  const { io, text, time } = world(true);
  const reporter = createReporter(io, false);
  reporter.progress({ phase: "write", done: 0, total: 100 });
  time.now = 100;
  reporter.progress({ phase: "write", done: 50, total: 100 });
  reporter.progress({ phase: "write", done: 50, total: 100 });
  reporter.progress({ phase: "write", done: 100, total: 100 });
  reporter.progress({ phase: "verify", done: 10, total: 100 });
  reporter.error(new Error("no"), 1);
  const pieces = text.stderr.split("\r").map((piece) => piece.replace("\u001b[K", "<clear>"));
  assert.equal(pieces.length, 5);
  assert.match(pieces[3] ?? "", /100 %.*<clear>\n$/);
  assert.match(pieces[4] ?? "", /^verify .*<clear>\nimflasher: no\n$/);
  assert.equal(text.stdout, "");
});

test("in a log each phase is one line when it is over, even when phases take turns", () => {
  const { io, text, time } = world(false);
  const reporter = createReporter(io, false);
  for (const done of [0, 500, 1000]) {
    reporter.progress({ phase: "erase", done, total: 1000 });
    reporter.progress({ phase: "write", done: done / 2, total: 1000 });
    time.now += 1000;
  }
  reporter.progress({ phase: "write", done: 1000, total: 1000 });
  assert.equal(text.stderr, "erase: 1000 B in 2.0 s, 500 B/s\nwrite: 1000 B in 3.0 s, 333 B/s\n");
});

test("a program gets one object a line, at most one for each percent", () => {
  const { io, text } = world(true);
  const reporter = createReporter(io, true);
  reporter.note("for people only");
  for (let done = 0; done <= 10_000; done++) reporter.progress({ phase: "write", done, total: 10_000 });
  reporter.result("id", { data: { boardId: "X" }, lines: ["X"] });
  reporter.error(new TypeError("no"), 1);
  const objects = text.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(objects.length, 103);
  assert.deepEqual(objects[0], { type: "progress", phase: "write", done: 0, total: 10_000 });
  assert.deepEqual(objects[101], { type: "result", command: "id", boardId: "X" });
  assert.deepEqual(objects[102], { type: "error", error: "TypeError", message: "no", exitCode: 1 });
  assert.equal(text.stderr, "");
});
