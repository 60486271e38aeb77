/** `npm run bench:cpu`: the speed of the emulated core beside others, in one run. */

import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { BoardFigures } from "./board-main.js";
import { measureLength, runOurs, runQemu, runRp2040, type Speed } from "./engines.js";
import { compile, PROGRAMS, type ProgramName } from "./programs.js";

const USAGE = `npm run bench:cpu -- [--json FILE]
  --json FILE   write the speeds as an array of {"name", "engine", "mips"}`;

/** Enough for a second or so on each engine. */
const ROUNDS = { interpreter: 200, translation: 2000, qemu: 2000, rp2040js: 80 } as const;

interface Row {
  readonly name: ProgramName;
  readonly engine: "interpreter" | "translation" | "qemu" | "rp2040js";
  readonly mips: number;
}

async function measure({ name, m0plusLength }: (typeof PROGRAMS)[number]): Promise<Row[]> {
  const image = compile(name, "m7");
  const length = measureLength(image);
  const rows: Row[] = [];
  const found: Speed[] = [];
  const add = (engine: Row["engine"], speed: Speed): void => {
    rows.push({ name, engine, mips: speed.mips });
    found.push(speed);
  };
  for (const engine of ["interpreter", "translation"] as const) {
    tell(`${name}: ${engine}`);
    add(engine, runOurs(engine, image, length, ROUNDS[engine]));
  }
  if (hasQemu()) {
    tell(`${name}: QEMU`);
    add("qemu", await runQemu(image, length, ROUNDS.qemu));
  }
  tell(`${name}: rp2040js`);
  add("rp2040js", runRp2040(compile(name, "m0plus"), ROUNDS.rp2040js / m0plusLength));
  const checksums = new Set(found.map(({ checksum }) => checksum));
  if (checksums.size !== 1) throw new Error(`${name}: the engines compute ${[...checksums].join(", ")}`);
  return rows;
}

function hasQemu(): boolean {
  return spawnSync("qemu-system-arm", ["--version"]).status === 0;
}

/** Progress, for whoever waits at a terminal. */
function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
  else if (what !== "") console.error(what);
}

function print(rows: readonly Row[]): void {
  console.log(
    "millions of instructions a second of processor time, and how many times this is of rp2040js, of QEMU",
  );
  for (const { name, title } of PROGRAMS) {
    console.log(title);
    const of = (engine: Row["engine"]) =>
      rows.find((row) => row.name === name && row.engine === engine)?.mips;
    const ratio = (mips: number, other: number | undefined): string =>
      (other === undefined ? "-" : `${(mips / other).toFixed(2)} x`).padStart(9);
    for (const { engine, mips } of rows.filter((row) => row.name === name)) {
      const ratios = ratio(mips, of("rp2040js")) + ratio(mips, of("qemu"));
      console.log(`  ${engine.padEnd(12)}${mips.toFixed(0).padStart(6)}${ratios}`);
    }
  }
}

function printBoard(): void {
  const script = fileURLToPath(new URL("./board-main.js", import.meta.url));
  const figures = JSON.parse(execFileSync(process.execPath, [script], { encoding: "utf8" })) as BoardFigures;
  const { promptSeconds, promptCpuSeconds, flashSeconds, flashCpuSeconds } = figures;
  const times = (wall: number, cpu: number): string =>
    `${wall.toFixed(2)} s of wall time, ${cpu.toFixed(2)} s of processor time`;
  console.log(`power-on to the bootloader on USB: ${times(promptSeconds, promptCpuSeconds)}`);
  console.log(`flashing 1 MiB: ${times(flashSeconds, flashCpuSeconds)}`);
  console.log(`peak memory of that process: ${figures.rssMegabytes.toFixed(0)} MB`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true) {
    console.log(USAGE);
    return;
  }
  const rows: Row[] = [];
  for (const program of PROGRAMS) rows.push(...(await measure(program)));
  tell("the board");
  const clear = process.stderr.isTTY;
  if (clear) tell("");
  print(rows);
  printBoard();
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
}

await main();
