/**
 * Many boards on one PC. Each board has its own time; the PC has one processor core, and what the flasher computes keeps
 * it busy: an answer that comes meanwhile waits, and what is sent for it leaves that much later in the board's time.
 */

import { Connection } from "../src/flasher/index.js";
import { Session } from "../src/protocol/session.js";
import type { Transport } from "../src/protocol/transport.js";
import { EmulatedTransport } from "../src/transport/emulated/transport.js";
import type { Measurement } from "./report.js";
import { ADDRESS, cpuMicroseconds, Meter, makeRig, type Rig, usbBytes, writeBytes } from "./rig.js";
import { makeScenario } from "./scenarios.js";

const BOARDS = 8;
const SLICE_NS = 1e6;

/** @returns one board, and as many as `BOARDS` at once; the floor of these is what the one took. */
export async function severalBoards(seed: number): Promise<Measurement[]> {
  const { image, held, floor } = makeScenario("dirty-1MiB", seed);
  const one = await flashAll(1, { image, held, seed });
  const all = await flashAll(BOARDS, { image, held, seed });
  return [
    { name: "1-board-one-core", title: "1 board, the PC's time counted: 1 MiB over old", floor, ...one },
    {
      name: `${BOARDS}-boards-one-core`,
      title: `${BOARDS} boards at once: 1 MiB over old, each`,
      floor: one.boardSeconds,
      ...all,
    },
  ];
}

interface Work {
  readonly image: Uint8Array;
  readonly held: Uint8Array;
  readonly seed: number;
}

async function flashAll(count: number, { image, held, seed }: Work) {
  const seats: Seat[] = [];
  for (let index = 0; index < count; index++) seats.push(new Seat(await makeRig(held, seed + index)));
  const wall = performance.now();
  const busyNs = await serve(seats, async (seat) => {
    const connection = await Connection.open(() => Session.open(seat.transport, seat.rig.timers));
    await writeBytes(connection, ADDRESS, image);
  });
  for (const seat of seats) seat.check(image);
  return {
    boardSeconds: Math.max(...seats.map(({ elapsedNs }) => elapsedNs)) / 1e9,
    wallSeconds: (performance.now() - wall) / 1e3,
    cpuSeconds: busyNs / 1e9,
    usbBytes: seats.reduce((sum, { usbBytes }) => sum + usbBytes, 0),
  };
}

/** One board and its end of the flasher. */
class Seat {
  readonly rig: Rig;
  readonly meter: Meter;
  readonly transport: Transport;
  done = false;
  readonly #startedNs: number;
  readonly #bytesBefore: number;
  readonly #outbox: (() => void)[] = [];

  constructor(rig: Rig) {
    this.rig = rig;
    this.meter = new Meter(rig.board);
    this.#startedNs = rig.board.now;
    this.#bytesBefore = usbBytes(rig.port);
    const inner = this.meter.watch(new EmulatedTransport("emulated board", rig.board, rig.port));
    this.transport = {
      name: inner.name,
      write: (bytes) =>
        new Promise((resolve, reject) => {
          this.#outbox.push(() => void inner.write(bytes).then(resolve, reject));
        }),
      onData: (receiver) => inner.onData(receiver),
      onClose: (receiver) => inner.onClose(receiver),
      close: () => inner.close(),
    };
  }

  /** Since the measurement began. */
  get elapsedNs(): number {
    return this.rig.board.now - this.#startedNs;
  }

  get usbBytes(): number {
    return usbBytes(this.rig.port) - this.#bytesBefore;
  }

  /** What the flasher wrote leaves for the board once the PC has got that far. */
  sendAt(elapsedNs: number): void {
    const delay = Math.max(0, elapsedNs - this.elapsedNs);
    for (const send of this.#outbox.splice(0)) this.rig.board.after(delay, send);
  }

  /** @throws Error when the flash does not hold the image: a wrong result has no speed. */
  check(image: Uint8Array): void {
    const { board } = this.rig;
    const at = ADDRESS - board.board.flash.address;
    if (Buffer.compare(board.flashChip.content.subarray(at, at + image.length), image) !== 0) {
      throw new Error("the flash of one of several boards does not hold the image");
    }
  }
}

/** Always the board that is the furthest behind goes on. @returns nanoseconds that the flasher computed */
async function serve(seats: readonly Seat[], job: (seat: Seat) => Promise<void>): Promise<number> {
  let failure: unknown;
  let busyNs = 0;
  let freeAtNs = 0;
  const settle = async (seat: Seat, before: number) => {
    await new Promise((resolve) => setImmediate(resolve));
    const costNs = (cpuMicroseconds() - before) * 1e3;
    busyNs += costNs;
    freeAtNs = Math.max(freeAtNs, seat.elapsedNs) + costNs;
    seat.sendAt(freeAtNs);
  };
  for (const seat of seats) {
    const before = cpuMicroseconds();
    job(seat)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        seat.done = true;
      });
    await settle(seat, before);
  }
  for (;;) {
    const left = seats.filter(({ done }) => !done);
    if (left.length === 0 || failure !== undefined) break;
    const seat = left.reduce((behind, other) => (other.elapsedNs < behind.elapsedNs ? other : behind));
    const before = cpuMicroseconds() - seat.meter.boardMicroseconds;
    seat.meter.advance(seat.rig.board.now + SLICE_NS);
    await settle(seat, before + seat.meter.boardMicroseconds);
  }
  if (failure !== undefined) throw failure;
  return busyNs;
}
