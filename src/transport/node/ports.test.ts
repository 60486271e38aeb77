import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { explainOpenFailure, NoBoardError, SeveralBoardsError } from "./errors.js";
import { type BoardPort, listPorts, type WaitOptions, waitForPort } from "./ports.js";
import { InstantTimers } from "./testing.js";

const ONE: BoardPort = { path: "/dev/ttyACM0", serial: "AAAAAAA-AAAAAAA-AAAAAAA" };
const TWO: BoardPort = { path: "/dev/ttyACM1", serial: "BBBBBBB-BBBBBBB-BBBBBBB" };

function wait(
  looks: (readonly BoardPort[])[],
  more: Partial<WaitOptions> = {},
): { readonly result: Promise<BoardPort>; readonly waited: () => number; readonly timers: InstantTimers } {
  const timers = new InstantTimers();
  let waited = 0;
  const result = waitForPort({
    what: "a board",
    timeout: 1000,
    timers,
    pollInterval: 100,
    list: async () => (looks.length > 1 ? looks.shift() : looks[0]) ?? [],
    onWaiting: () => {
      waited++;
    },
    ...more,
  });
  return { result, waited: () => waited, timers };
}

test("a board that is present is taken at once and nobody is told to wait", async () => {
  const { result, waited, timers } = wait([[ONE]]);
  assert.deepEqual(await result, ONE);
  assert.equal(waited(), 0);
  assert.equal(timers.now(), 0);
});

test("a board that comes later is found, and waiting is said once", async () => {
  const { result, waited, timers } = wait([[], [], [], [ONE]]);
  assert.deepEqual(await result, ONE);
  assert.equal(waited(), 1);
  assert.equal(timers.now(), 300);
});

test("only a board that matches ends the wait", async () => {
  const matches = ({ serial }: BoardPort) => serial === TWO.serial;
  const { result, timers } = wait([[ONE], [ONE, TWO]], { matches });
  assert.deepEqual(await result, TWO);
  assert.equal(timers.now(), 100);
});

test("when the time is over the error says how long it was, what is present and what to do", async () => {
  const { result, timers } = wait([[ONE]], { matches: () => false, what: "board X", timeout: 250 });
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof NoBoardError);
    assert.match(
      error.message,
      /^board X did not appear within 0.25 s: .*reset button.*present: AAAAAAA\S+ at \/dev/,
    );
    return true;
  });
  assert.equal(timers.now(), 250);
});

test("several boards are listed and nothing is chosen", async () => {
  await assert.rejects(wait([[ONE, TWO]]).result, (error) => {
    assert.ok(error instanceof SeveralBoardsError);
    assert.deepEqual(error.ports, [ONE, TWO]);
    assert.match(
      error.message,
      /2 boards are present:\n.*AAAAAAA.*ttyACM0\n.*BBBBBBB.*ttyACM1\n.*--serial BOARD_ID/,
    );
    return true;
  });
});

test("an abort ends the wait with its reason", async () => {
  const stop = new AbortController();
  const reason = new Error("Ctrl-C");
  const { result } = wait([[]], {
    signal: stop.signal,
    onWaiting: () => stop.abort(reason),
    timeout: Infinity,
  });
  await assert.rejects(result, reason);
});

test("Linux: ports are found by vendor and product, and the serial number is read", async (context) => {
  const root = await mkdtemp(join(tmpdir(), "imflasher-ports-"));
  context.after(() => rm(root, { recursive: true }));
  const add = async (name: string, usb: Record<string, string>) => {
    const device = join(root, "devices", name);
    await mkdir(join(device, "interface"), { recursive: true });
    for (const [file, text] of Object.entries(usb)) await writeFile(join(device, file), `${text}\n`);
    await mkdir(join(root, "tty", name), { recursive: true });
    await symlink(join(device, "interface"), join(root, "tty", name, "device"));
  };
  await add("ttyACM1", { idVendor: "1209", idProduct: "0001", serial: "ABC" });
  await add("ttyACM0", { idVendor: "1209", idProduct: "0001" });
  await add("ttyACM2", { idVendor: "0483", idProduct: "5740", serial: "STLINK" });
  await add("ttyUSB0", { idVendor: "1209", idProduct: "0001" });
  await add("ttyACM3", {});
  await mkdir(join(root, "tty", "ttyS0"));
  assert.deepEqual(await listPorts(join(root, "tty")), [
    { path: "/dev/ttyACM0", serial: undefined },
    { path: "/dev/ttyACM1", serial: "ABC" },
  ]);
  assert.deepEqual(await listPorts(join(root, "nothing here")), []);
});

test("what the system says about a port becomes an error with a remedy", () => {
  const cases: [string, string, RegExp][] = [
    [
      "Error: No such file or directory, cannot open P",
      "PortMissingError",
      /^P: no such port: .*imflasher list/,
    ],
    ["Opening COM3: File not found", "PortMissingError", /no such port/],
    ["Error: Permission denied, cannot open P", "PortAccessError", /dialout.*udev rule/],
    [
      "Error Resource temporarily unavailable Cannot lock port",
      "PortBusyError",
      /busy: close the other program/,
    ],
    ["Error: Device or resource busy, cannot open P", "PortBusyError", /busy/],
    ["Opening COM3: Access denied", "PortBusyError", /busy/],
    ["Error: Is a directory, cannot open P", "PortUnusableError", /not a serial port/],
    ["Opening COM3: Unknown error code 31", "PortUnusableError", /cannot be opened: .*code 31/],
  ];
  for (const [text, name, message] of cases) {
    const error = explainOpenFailure("P", new Error(text));
    assert.equal(error.name, name, text);
    assert.match(error.message, message);
  }
});
