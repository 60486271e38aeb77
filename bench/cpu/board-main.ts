/** A process of its own, because it tells its peak memory: the bootloader starts, and 1 MiB is flashed. JSON on stdout. */

import { keepYoungGeneration } from "../../src/cli/emulated/young-generation.js";
import { Connection } from "../../src/flasher/index.js";
import { Session } from "../../src/protocol/session.js";
import { EmulatedTransport } from "../../src/transport/emulated/transport.js";
import { ADDRESS, cpuMicroseconds, enumerate, makeBoard, pumped, rigOf, writeBytes } from "../rig.js";
import { randomBytes } from "../scenarios.js";

export interface BoardFigures {
  /** Wall time from power-on until the bootloader can be talked to over USB. */
  readonly promptSeconds: number;
  /** The same in processor time. */
  readonly promptCpuSeconds: number;
  /** Wall time of flashing 1 MiB into a blank chip, flasher and USB model included. */
  readonly flashSeconds: number;
  readonly flashCpuSeconds: number;
  /** Peak memory of the process. */
  readonly rssMegabytes: number;
}

const SEED = 1;
const MIB = 1 << 20;

keepYoungGeneration();
const board = makeBoard(new Uint8Array(0), SEED);
const began = performance.now();
const beganCpu = cpuMicroseconds();
board.plug();
board.powerOn();
enumerate(board);
const promptSeconds = (performance.now() - began) / 1e3;
const promptCpuSeconds = (cpuMicroseconds() - beganCpu) / 1e6;
board.powerOff();
board.unplug();
const rig = await rigOf(board, SEED);
const image = randomBytes(MIB, SEED);
// Not by `rig.measure`, which asks for the processor time around each slice: that is part of what it measures.
const flashed = await pumped(board, async () => {
  const transport = new EmulatedTransport("emulated board", board, rig.port);
  const connection = await Connection.open(() => Session.open(transport, rig.timers));
  const wall = performance.now();
  const cpu = cpuMicroseconds();
  await writeBytes(connection, ADDRESS, image);
  const took = {
    flashSeconds: (performance.now() - wall) / 1e3,
    flashCpuSeconds: (cpuMicroseconds() - cpu) / 1e6,
  };
  await connection.close();
  return took;
});
const figures: BoardFigures = {
  promptSeconds,
  promptCpuSeconds,
  ...flashed,
  rssMegabytes: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(figures));
