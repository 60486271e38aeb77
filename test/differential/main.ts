/** `npm run test:differential -- --seed S --count N`: N instructions of random streams, then the compiled programs. */
import { parseArgs } from "node:util";
import { comparePrograms } from "./programs.js";
import { compareStreams } from "./streams.js";

const { values } = parseArgs({
  options: { seed: { type: "string" }, count: { type: "string", default: "1000000" } },
});
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
const programs = await comparePrograms();
for (const { name, difference, cycles } of programs)
  console.log(`${difference === undefined ? "agrees" : `DIFFERS ${difference}`}  ${name} (${cycles} cycles)`);
process.exitCode = streams.differences.length > 0 || programs.some((p) => p.difference !== undefined) ? 1 : 0;
