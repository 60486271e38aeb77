/**
 * The 1 MiB cases through a debug probe, on the same emulated board: by Debian's OpenOCD and its stmqspi driver, and by
 * our own without a USB cable (docs/protocol.md, section 12), behind the same OpenOCD. OpenOCD talks to an emulated ST-LINK V3.
 *
 * Board time passes for what a real probe's wires would take, and as long as OpenOCD itself lets the probe wait (it
 * sleeps while it polls). This machine's time for the emulation does not count.
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { awaitUpstream } from "../src/cli/gdb/upstream-socket.js";
import type { EmulatedBoard } from "../src/emulator/board/emulated-board.js";
import { boardStLink } from "../src/emulator/debug/board-dap.js";
import { StLinkServer } from "../src/emulator/debug/stlink-server.js";
import { Connection } from "../src/flasher/index.js";
import { requestProbe } from "../src/gdb/boot-request.js";
import { negotiate } from "../src/gdb/features.js";
import { INTERNAL_FLASH, PROBE_TABLE_OFFSET } from "../src/gdb/layout.js";
import { Probe } from "../src/gdb/probe.js";
import { readProbeTable } from "../src/gdb/probe-table.js";
import { ProbeTransport } from "../src/gdb/probe-transport.js";
import { kindOfCommand } from "../src/gdb/server-kinds.js";
import { Session } from "../src/protocol/session.js";
import { wallClock } from "../src/transport/node/timers.js";
import { freePort } from "../test/system/debug-desk.js";
import { ROOT } from "../test/tools/root.js";
import type { Measurement } from "./report.js";
import { ADDRESS, makeBoard, writeBytes } from "./rig.js";
import { makeScenario, type Scenario } from "./scenarios.js";

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

/** Writes a scenario's image by way of the ST-LINK server at `port`. @throws Error when it fails */
type Way = (port: number, scenario: Scenario) => Promise<void>;

/** In pairs. Empty where there is no OpenOCD. */
export async function probeCosts(seed: number): Promise<Measurement[]> {
  if (spawnSync("openocd", ["--version"]).error !== undefined) {
    console.error("through a probe: left out, there is no openocd here");
    return [];
  }
  const found: Measurement[] = [];
  for (const name of NAMES) {
    const scenario = makeScenario(name, seed);
    const { title } = scenario;
    found.push(
      await measure(
        { ...scenario, name: `openocd-${name}`, title: `OpenOCD stmqspi: ${title}` },
        byStmqspi,
        seed,
      ),
    );
    found.push(
      await measure(
        { ...scenario, name: `probe-${name}`, title: `no USB cable: ${title}` },
        byRequests,
        seed,
      ),
    );
  }
  return found;
}

/** @throws Error when the flash does not hold the image afterwards */
async function measure(scenario: Scenario, way: Way, seed: number): Promise<Measurement> {
  const { name, image, held, floor, title } = scenario;
  const board = makeBoard(held, seed);
  board.powerOn();
  board.advance(START_NS);
  const probe = new TimedProbe(board);
  const server = createServer((socket) => probe.serve(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const [from, wall] = [board.now, performance.now()];
  try {
    await way((server.address() as AddressInfo).port, scenario);
  } finally {
    server.close();
  }
  const offset = ADDRESS - board.board.flash.address;
  if (image.some((byte, index) => board.flashChip.content[offset + index] !== byte)) {
    throw new Error(`${name}: the flash does not hold the image`);
  }
  return {
    name,
    title,
    floor,
    boardSeconds: (board.now - from) / 1e9,
    wallSeconds: (performance.now() - wall) / 1000,
    cpuSeconds: 0,
    usbBytes: probe.bytes,
  };
}

/** An OpenOCD at the ST-LINK server; `done` resolves when it has ended. */
function openocd(stlink: number, settings: readonly string[], job: readonly string[]) {
  const asArguments = (lines: readonly string[]): string[] => lines.flatMap((line) => ["-c", line]);
  const before = ["tcl_port disabled", "telnet_port disabled", `set STLINK_PORT ${stlink}`, ...settings];
  const config = ["-f", join(ROOT, "boards", "emulated.openocd.cfg")];
  const child = spawn("openocd", [...asArguments(before), ...config, ...asArguments(job)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said += String(text);
  });
  const done = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(`openocd ended with ${String(code)}: ${said}`);
  });
  return { child, done };
}

const byStmqspi: Way = async (port, { image }) => {
  const folder = mkdtempSync(join(tmpdir(), "imflasher-bench-"));
  try {
    const file = join(folder, "image.bin");
    writeFileSync(file, image);
    const job = ["init", "reset init", "flash probe 1", `flash write_image erase ${file} ${ADDRESS}`];
    await openocd(port, ["gdb_port disabled"], [...job, `verify_image ${file} ${ADDRESS}`, "shutdown"]).done;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** As `imflasher gdb-server` does, without GDB and without starting the image, which is no program. */
const byRequests: Way = async (port, { image }) => {
  const gdbPort = await freePort();
  const { child, done } = openocd(port, [`gdb_port ${gdbPort}`], []);
  const ended = done.catch(() => {});
  try {
    const upstream = await awaitUpstream(
      { host: "127.0.0.1", port: gdbPort },
      10_000,
      new AbortController().signal,
    );
    await negotiate(upstream, "qSupported:hwbreak+");
    const probe = new Probe(upstream, kindOfCommand("openocd"), wallClock);
    const table = await readProbeTable(probe, [INTERNAL_FLASH.address + PROBE_TABLE_OFFSET]);
    if (table === undefined) throw new Error("the bootloader takes no requests through a probe");
    await requestProbe(probe, 0, true);
    await probe.reset();
    await probe.insertBreakpoint(table.done);
    await probe.run().stop;
    const transport = new ProbeTransport(probe, table, wallClock);
    const connection = await Connection.open(() => Session.open(transport, wallClock));
    await writeBytes(connection, ADDRESS, image);
    await connection.close();
    await upstream.close();
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
};
