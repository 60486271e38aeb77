/** `npm run bench`: what a flashing costs, in board time against the chip's floor, and on this machine. */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { accessCosts } from "./access.js";
import { plotSvg } from "./plot.js";
import { type Measurement, printTable, toJson } from "./report.js";
import { runScenario } from "./run.js";
import { CURVES, type Curve, makeScenario, randomBytes, SCENARIO_NAMES } from "./scenarios.js";
import { startTimes } from "./start.js";

const SEED = 1;

const USAGE = `npm run bench -- [--json FILE] [--plot FILE] [--only NAME]...
  --json FILE   write the figures as an array of objects
  --plot FILE   also measure speed over image size and draw it (SVG)
  --only NAME   only this case; may be repeated. Cases: ${SCENARIO_NAMES.join(", ")}`;

async function measureScenarios(names: readonly string[]): Promise<Measurement[]> {
  const found: Measurement[] = [];
  for (const [index, name] of names.entries()) {
    const scenario = makeScenario(name, SEED);
    tell(`${index + 1}/${names.length} ${scenario.title}`);
    found.push({
      name,
      title: scenario.title,
      floor: scenario.floor,
      ...(await runScenario(scenario, SEED)),
    });
  }
  return found;
}

async function measureCurve(curve: Curve) {
  const points: { size: number; bytesPerSecond: number }[] = [];
  for (const size of curve.sizes) {
    tell(`${curve.title}: ${size / 1024} KiB`);
    const held = curve.blank ? new Uint8Array(0) : randomBytes(size, SEED + 1);
    const task = { ...curve, image: randomBytes(size, SEED), held, floor: 0 };
    const { boardSeconds } = await runScenario(task, SEED);
    points.push({ size, bytesPerSecond: size / boardSeconds });
  }
  return { title: curve.title, points };
}

/** Progress, for whoever waits at a terminal. */
function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
  else console.error(what);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "string" },
      plot: { type: "string" },
      only: { type: "string", multiple: true },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(USAGE);
    return;
  }
  const found = await measureScenarios(values.only ?? SCENARIO_NAMES);
  if (values.only === undefined) {
    tell("start");
    found.push(...startTimes(SEED));
    tell("access");
    found.push(...(await accessCosts(SEED)));
  }
  if (process.stderr.isTTY) tell("");
  printTable(found);
  if (values.json !== undefined) writeFileSync(values.json, toJson(found));
  if (values.plot === undefined) return;
  const curves = [];
  for (const curve of CURVES) curves.push(await measureCurve(curve));
  if (process.stderr.isTTY) tell("");
  writeFileSync(values.plot, plotSvg(curves));
}

await main();
