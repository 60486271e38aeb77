/**
 * `npm run test:differential -- --seed S --count N`: N instructions of random streams, N / 200 system-level cases, then the
 * compiled programs.
 */
import { parseArgs } from "node:util";
import { comparePrograms } from "./programs.js";
import { compareStreams } from "./streams.js";
import { compareSystem } from "./system/compare.js";

const { values } = parseArgs({
  options: { seed: { type: "string" }, count: { type: "string", default: "1000000" } },
});
/** One system-level case for so many instructions. */
const INSTRUCTIONS_PER_CASE = 200;
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const count = Number(values.count);
if (!Number.isInteger(seed) || !Number.isInteger(count)) {
  console.error("usage: npm run test:differential -- [--seed NUMBER] [--count INSTRUCTIONS]");
  process.exit(2);
}
console.log(`seed ${seed}: ${count} instructions`);
const started = performance.now();
const streams = await compareStreams(seed, count);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`streams: ${streams.instructions} instructions in ${streams.cases} cases, ${seconds} s`);
for (const difference of streams.differences) console.log(difference);
const system = await compareSystem(seed, Math.ceil(count / INSTRUCTIONS_PER_CASE));
console.log(`system: ${system.cases} cases, ${system.entries} exceptions, ${system.lockups} lockups`);
for (const difference of system.differences) console.log(difference);
const programs = await comparePrograms();
for (const { name, difference, cycles } of programs)
  console.log(`${difference === undefined ? "agrees" : `DIFFERS ${difference}`}  ${name} (${cycles} cycles)`);
const found = streams.differences.length + system.differences.length;
process.exitCode = found > 0 || programs.some((p) => p.difference !== undefined) ? 1 : 0;
