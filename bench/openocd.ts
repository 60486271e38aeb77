/**
 * `node dist/bench/openocd.js`: the 1 MiB cases through Debian's OpenOCD and its stmqspi driver, on the same emulated board,
 * beside our own. OpenOCD talks to an emulated ST-LINK V3.
 *
 * Board time passes for what a real probe's wires would take, and as long as OpenOCD itself lets the probe wait (it
 * sleeps while it polls). This machine's time for the emulation does not count.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmulatedBoard } from "../src/emulator/board/emulated-board.js";
import { boardStLink } from "../src/emulator/debug/board-dap.js";
import { StLinkServer } from "../src/emulator/debug/stlink-server.js";
import { ROOT } from "../test/tools/root.js";
import { type Measurement, printTable } from "./report.js";
import { ADDRESS, makeBoard } from "./rig.js";
import { runScenario } from "./run.js";
import { makeScenario, type Scenario } from "./scenarios.js";

const SEED = 1;
const NAMES = ["dirty-1MiB", "blank-1MiB", "unchanged-1MiB"];
/** A command and its answer on high-speed USB: one microframe. */
const USB_NS = 125e3;
/** 46 clocks of a 24 MHz SWD wire move 32 bits. */
const NS_PER_BYTE = (46 / 4) * (1e9 / 24e6);
/** The bootloader is up, as when a user attaches. */
const START_NS = 300e6;

/** A probe on the board for one client; counts bytes in both directions. */
class TimedProbe {
  bytes = 0;
  readonly #board: EmulatedBoard;
  #answeredAt: number | undefined;

  constructor(board: EmulatedBoard) {
    this.#board = board;
  }

  serve(socket: Socket): void {
    socket.setNoDelay(true);
    let sent = 0;
    const server = new StLinkServer(
      boardStLink(this.#board),
      "BENCH",
      (bytes) => {
        sent += bytes.length;
        socket.write(bytes);
      },
      () => socket.destroy(),
    );
    socket.on("data", (bytes) => {
      const thinking = this.#answeredAt === undefined ? 0 : performance.now() - this.#answeredAt;
      this.#pass(thinking * 1e6 + USB_NS + bytes.length * NS_PER_BYTE);
      sent = 0;
      server.receive(bytes);
      this.#pass(sent * NS_PER_BYTE);
      this.bytes += bytes.length + sent;
      this.#answeredAt = performance.now();
    });
  }

  #pass(nanoseconds: number): void {
    this.#board.advance(this.#board.now + nanoseconds);
  }
}

/** @throws Error when OpenOCD fails, or the flash does not hold the image afterwards */
async function measure({ name, image, held, floor, title }: Scenario): Promise<Measurement> {
  const board = makeBoard(held, SEED);
  board.powerOn();
  board.advance(START_NS);
  const probe = new TimedProbe(board);
  const server = createServer((socket) => probe.serve(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const folder = mkdtempSync(join(tmpdir(), "imflasher-bench-"));
  const [from, wall] = [board.now, performance.now()];
  try {
    const file = join(folder, "image.bin");
    writeFileSync(file, image);
    await openocd((server.address() as AddressInfo).port, file);
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const offset = ADDRESS - board.board.flash.address;
  if (image.some((byte, index) => board.flashChip.content[offset + index] !== byte)) {
    throw new Error(`${name}: the flash does not hold the image`);
  }
  return {
    name: `openocd-${name}`,
    title: `${title}: OpenOCD`,
    floor,
    boardSeconds: (board.now - from) / 1e9,
    wallSeconds: (performance.now() - wall) / 1000,
    cpuSeconds: 0,
    usbBytes: probe.bytes,
  };
}

async function openocd(port: number, file: string): Promise<void> {
  const commands = [
    ...["gdb_port disabled", "tcl_port disabled", "telnet_port disabled", `set STLINK_PORT ${port}`],
  ];
  const job = ["init", "reset init", "flash probe 1", `flash write_image erase ${file} ${ADDRESS}`];
  const after = [`verify_image ${file} ${ADDRESS}`, "shutdown"];
  const asArguments = (lines: readonly string[]): string[] => lines.flatMap((line) => ["-c", line]);
  const child = spawn(
    "openocd",
    [
      ...asArguments(commands),
      "-f",
      join(ROOT, "boards", "emulated.openocd.cfg"),
      ...asArguments([...job, ...after]),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (text) => {
    said += String(text);
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`openocd ended with ${code}: ${said}`);
}

async function main(): Promise<void> {
  const found: Measurement[] = [];
  for (const name of NAMES) {
    const scenario = makeScenario(name, SEED);
    const { title, floor } = scenario;
    console.error(title);
    found.push({ name, title, floor, ...(await runScenario(scenario, SEED)) });
    found.push(await measure(scenario));
  }
  printTable(found);
}

await main();
