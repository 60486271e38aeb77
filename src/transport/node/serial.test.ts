import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import pty from "@lydell/node-pty";
import { TransportClosedError } from "../../protocol/transport.js";
import { PortBusyError, PortMissingError, PortUnusableError } from "./errors.js";
import { openSerial } from "./serial.js";

interface Pty {
  readonly path: string;
  write(bytes: Uint8Array): void;
  onData(receiver: (bytes: Uint8Array) => void): void;
  unplug(): void;
}

/** The child only keeps the terminal open; the test is the board behind it. */
function openPty(context: TestContext): Pty {
  const terminal = pty.spawn("sleep", ["600"], { encoding: null });
  const { _pty: path } = terminal as unknown as { _pty: string };
  context.after(() => terminal.kill("SIGKILL"));
  return {
    path,
    // Without an encoding node-pty hands over and takes bytes, though it declares text.
    write: (bytes) => terminal.write(Buffer.from(bytes) as unknown as string),
    onData: (receiver) => terminal.onData((data: unknown) => receiver(data as Uint8Array)),
    unplug: () => (terminal as unknown as { destroy(): void }).destroy(),
  };
}

/** Collects chunks until `length` bytes are there. */
function collector(length: number): { take(chunk: Uint8Array): void; readonly whole: Promise<Uint8Array> } {
  let take: (chunk: Uint8Array) => void = () => undefined;
  const whole = new Promise<Uint8Array>((resolve) => {
    let bytes = new Uint8Array(0);
    take = (chunk) => {
      bytes = Uint8Array.of(...bytes, ...chunk);
      if (bytes.length >= length) resolve(bytes);
    };
  });
  return { take, whole };
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, value) => value);

test("every byte value passes unchanged in both directions, and a PTY without modem lines is fine", async (context) => {
  const board = openPty(context);
  const { path } = board;
  const transport = await openSerial(path);
  context.after(() => transport.close());
  assert.equal(transport.name, path);
  const atBoard = collector(256);
  const atPc = collector(256);
  board.onData(atBoard.take);
  transport.onData(atPc.take);
  await transport.write(EVERY_BYTE);
  assert.deepEqual(await atBoard.whole, EVERY_BYTE);
  board.write(EVERY_BYTE);
  assert.deepEqual(await atPc.whole, EVERY_BYTE);
});

test("a port that is open is busy for the next one, and free after close", async (context) => {
  const { path } = openPty(context);
  const first = await openSerial(path);
  await assert.rejects(openSerial(path), PortBusyError);
  await first.close();
  await first.close();
  await assert.rejects(first.write(EVERY_BYTE), TransportClosedError);
  const second = await openSerial(path);
  await second.close();
});

test("close tells the receiver that it was no accident", async (context) => {
  const { path } = openPty(context);
  const transport = await openSerial(path);
  const reasons: (Error | undefined)[] = [];
  transport.onClose((reason) => reasons.push(reason));
  await transport.close();
  assert.deepEqual(reasons, [undefined]);
});

test("when the other end goes away the receiver gets the reason, once, and writes fail", async (context) => {
  const { path, unplug } = openPty(context);
  const transport = await openSerial(path);
  transport.onData(() => undefined);
  const closed = new Promise<Error | undefined>((resolve) => transport.onClose(resolve));
  unplug();
  const reason = await closed;
  assert.ok(reason instanceof TransportClosedError);
  assert.match(reason.message, /unplugged or restarted/);
  await assert.rejects(transport.write(EVERY_BYTE), TransportClosedError);
  await transport.close();
});

test("what is no port is refused with its name", async () => {
  await assert.rejects(openSerial("/dev/imflasher-no-such-port"), PortMissingError);
  await assert.rejects(openSerial("/dev/null"), PortUnusableError);
});
