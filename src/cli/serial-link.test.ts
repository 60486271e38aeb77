import assert from "node:assert/strict";
import { test } from "node:test";
import type { Transport } from "../protocol/transport.js";
import { NoBoardError, PortAccessError, PortMissingError } from "../transport/node/errors.js";
import type { BoardPort } from "../transport/node/ports.js";
import { InstantTimers } from "../transport/node/testing.js";
import type { BoardRequest } from "./io.js";
import { SerialLink } from "./serial-link.js";

const A: BoardPort = { path: "/dev/ttyACM0", serial: "A" };
const B: BoardPort = { path: "/dev/ttyACM1", serial: "B" };

function port(name: string): Transport {
  return { name, write: async () => {}, onData: () => {}, onClose: () => {}, close: async () => {} };
}

interface Setting {
  readonly request?: Partial<BoardRequest>;
  /** What is present at each look; the last one stays. */
  readonly looks?: BoardPort[][];
  /** What each opening meets; undefined succeeds. */
  readonly openings?: (Error | undefined)[];
}

function link({ request = {}, looks = [[A]], openings = [] }: Setting) {
  const timers = new InstantTimers();
  const told: string[] = [];
  const serial = new SerialLink(
    {
      port: undefined,
      serial: undefined,
      timeout: 1000,
      state: undefined,
      runFor: 0,
      signal: new AbortController().signal,
      onWaiting: () => told.push("waiting"),
      note: () => {},
      ...request,
    },
    {
      timers,
      async openSerial(path) {
        const failure = openings.shift();
        if (failure !== undefined) throw failure;
        return port(path);
      },
      listPorts: async () => (looks.length > 1 ? looks.shift() : looks[0]) ?? [],
    },
  );
  return { serial, timers, told };
}

test("the only board is opened at once", async () => {
  const { serial, timers } = link({});
  assert.equal((await serial.open()).name, A.path);
  assert.equal(timers.now(), 0);
});

test("--serial picks one of two boards", async () => {
  const { serial } = link({ request: { serial: "B" }, looks: [[A, B]] });
  assert.equal((await serial.open()).name, B.path);
});

test("a port that has just appeared may be refused for a moment: udev sets its owner later", async () => {
  const denied = new PortAccessError("denied");
  const { serial, told } = link({ looks: [[], [A]], openings: [denied, denied, undefined] });
  assert.equal((await serial.open()).name, A.path);
  assert.deepEqual(told, ["waiting"]);
  const stays = link({ looks: [[], [A]], openings: Array(50).fill(denied) });
  await assert.rejects(stays.serial.open(), denied);
});

test("a port that was there all the time is refused at once", async () => {
  const denied = new PortAccessError("denied");
  const { serial, timers } = link({ openings: [denied, undefined] });
  await assert.rejects(serial.open(), denied);
  assert.equal(timers.now(), 0);
});

test("--port that does not exist is an error at once, but is waited for when the board restarts", async () => {
  const missing = new PortMissingError("missing");
  await assert.rejects(link({ request: { port: "/dev/x" }, openings: [missing] }).serial.open(), missing);
  const { serial, timers } = link({
    request: { port: "/dev/x" },
    openings: [undefined, missing, missing, undefined],
  });
  await serial.open();
  assert.equal((await serial.open()).name, "/dev/x");
  assert.equal(timers.now(), 400);
});

test("after a restart only the same board is opened again", async () => {
  const { serial } = link({ looks: [[A], [B], [B], [A, B]] });
  await serial.open();
  assert.equal((await serial.open()).name, A.path);
  const gone = link({ looks: [[A], [B]] });
  await gone.serial.open();
  await assert.rejects(gone.serial.open(), NoBoardError);
});
