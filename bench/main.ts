/** `npm run bench`: what a flashing costs, in board time against the chip's floor, and on this machine. */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { accessCosts } from "./access.js";
import { loadTimes } from "./debugging.js";
import { hashTime } from "./hashing.js";
import { probeCosts } from "./openocd.js";
import { plotSvg } from "./plot.js";
import { type ProcessFigure, processFigures } from "./processes.js";
import { type Measurement, printProcesses, printReads, printTable, toJson } from "./report.js";
import { runScenario } from "./run.js";
import { CURVES, type Curve, makeScenario, randomBytes, SCENARIO_NAMES } from "./scenarios.js";
import { severalBoards } from "./several.js";
import { startTimes } from "./start.js";
import { xipTimes } from "./xip.js";

const SEED = 1;

/** What is no flashing of one image on one board. */
const OTHERS: Readonly<Record<string, (seed: number) => Measurement[] | Promise<Measurement[]>>> = {
  start: startTimes,
  access: accessCosts,
  hashing: hashTime,
  "several-boards": severalBoards,
  xip: xipTimes,
  probe: probeCosts,
};
const PROCESSES = "processes";
const LOADS = "gdb-load";
const NAMES = [...SCENARIO_NAMES, ...Object.keys(OTHERS), PROCESSES, LOADS];

const USAGE = `npm run bench -- [--json FILE] [--plot FILE] [--only NAME]...
  --json FILE   write the figures as an array of objects
  --plot FILE   also measure speed over image size and draw it (SVG)
  --only NAME   only this case; may be repeated. Cases: ${NAMES.join(", ")}`;

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
  const names = values.only ?? NAMES;
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    console.error(`--only ${unknown}: expected one of: ${NAMES.join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const found = await measureScenarios(names.filter((name) => SCENARIO_NAMES.includes(name)));
  for (const [name, measure] of Object.entries(OTHERS)) {
    if (!names.includes(name)) continue;
    tell(name);
    found.push(...(await measure(SEED)));
  }
  const processes: ProcessFigure[] = [];
  if (names.includes(PROCESSES)) {
    tell(PROCESSES);
    processes.push(...(await processFigures(SEED)));
  }
  if (names.includes(LOADS)) {
    tell(LOADS);
    processes.push(...(await loadTimes()));
  }
  if (process.stderr.isTTY) tell("");
  const reads = found.filter(({ bytes }) => bytes !== undefined);
  const flashings = found.filter(({ bytes }) => bytes === undefined);
  if (flashings.length > 0) printTable(flashings);
  if (reads.length > 0) printReads(reads);
  if (processes.length > 0) printProcesses(processes);
  if (values.json !== undefined) writeFileSync(values.json, toJson(found, processes));
  if (values.plot === undefined) return;
  const curves = [];
  for (const curve of CURVES) curves.push(await measureCurve(curve));
  if (process.stderr.isTTY) tell("");
  writeFileSync(values.plot, plotSvg(curves));
}

await main();
