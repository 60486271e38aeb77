/**
 * Runs every test file under dist/ (or those whose path contains one of the arguments) with Node's test runner
 * and ends with one line: `N passed, N failed`.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { ROOT } from "./root.js";

const DIST = join(ROOT, "dist");
/** A file that runs longer than this hangs: it is ended and counted as failed. */
const FILE_TIMEOUT_MS = 8 * 60_000;
/** Keeps all cores busy by itself: it has them for itself, before the others. */
const ALONE = "test/simulate/simulate.test.js";

interface Counts {
  passed: number;
  failed: number;
}

/** Compiled tests whose source still exists: a deleted test leaves its output behind. */
function testFiles(): string[] {
  const names = readdirSync(DIST, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".test.js"),
  );
  return names.filter((name) => existsSync(join(ROOT, name.replace(/\.js$/, ".ts")))).sort();
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const names = testFiles().filter(
    (name) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  );
  if (names.length === 0) {
    console.error(`no test file matches: ${wanted.join(" ")}`);
    process.exitCode = 2;
    return;
  }
  const counts: Counts = { passed: 0, failed: 0 };
  process.on("exit", () => {
    if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
    console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
  });
  for (const part of [names.filter((name) => name === ALONE), names.filter((name) => name !== ALONE)]) {
    if (part.length > 0) await runFiles(part, counts);
  }
}

async function runFiles(names: readonly string[], counts: Counts): Promise<void> {
  const files = names.map((name) => join(DIST, name));
  const stream = run({ files, concurrency: 2, timeout: FILE_TIMEOUT_MS });
  stream.on("test:pass", (event) => {
    if (event.details.type !== "suite") counts.passed++;
  });
  stream.on("test:fail", (event) => {
    if (event.details.type !== "suite") counts.failed++;
  });
  const report = stream.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
}

await main();
