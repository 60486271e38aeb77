import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import {
  BoardError,
  NoAnswerError,
  NotABootloaderError,
  ProtocolVersionError,
  SessionBrokenError,
} from "./errors.js";
import { encodeFrame } from "./frame.js";
import { Session } from "./session.js";
import { FakeBootloader } from "./testing/fake-bootloader.js";
import { FakeClock } from "./testing/fake-clock.js";
import { FAKE_BASE, FakeFlash } from "./testing/fake-flash.js";
import { FakeLink } from "./testing/fake-link.js";
import { type Transport, TransportClosedError } from "./transport.js";

function setUp() {
  const clock = new FakeClock(() => setImmediate());
  const board = new FakeBootloader(new FakeFlash(), clock);
  const link = new FakeLink(board, clock);
  return { clock, board, link, open: () => clock.until(Session.open(link, clock)) };
}

/** A port behind which something else sits. */
function port(clock: FakeClock, answer: (bytes: Uint8Array) => Uint8Array | undefined): Transport {
  let receiver: (bytes: Uint8Array) => void = () => {};
  return {
    name: "/dev/ttyOther",
    write: async (bytes) => {
      const back = answer(bytes);
      if (back !== undefined) clock.after(1, () => receiver(back));
    },
    onData: (next) => {
      receiver = next;
    },
    onClose: () => {},
    close: async () => {},
  };
}

test("HELLO opens a session and tells who answers", async () => {
  const { open } = setUp();
  const session = await open();
  assert.equal(session.hello.boardId, "0RDX0KZ-JF49ZHN-49WN0M2");
  assert.equal(session.hello.window, 65536);
});

test("a thousand requests keep their order and never more than the window is under way", async () => {
  const { clock, board, open } = setUp();
  board.window = 20000;
  const session = await open();
  board.flash.bytes.forEach((_, i) => {
    board.flash.bytes[i] = (i * 7) & 0xff;
  });
  const order: number[] = [];
  const reads = Array.from({ length: 1000 }, (_, i) =>
    session.send("READ", { address: FAKE_BASE + i, length: 1 + (i % 50) }).then(({ data }) => {
      order.push(i);
      assert.deepEqual(Buffer.from(data), Buffer.from(board.flash.bytes.subarray(i, i + 1 + (i % 50))));
    }),
  );
  await clock.until(Promise.all(reads));
  assert.deepEqual(order, [...reads.keys()]);
  assert.ok(board.mostRequests > 32 && board.mostRequests <= 64, `${board.mostRequests} requests`);

  const range = { address: FAKE_BASE, length: 0x40000 };
  const writes = [session.send("BEGIN", { ranges: [range] }).then(() => {})];
  for (let at = 0; at < 64; at++) {
    const data = new Uint8Array(4096);
    writes.push(session.send("WRITE", { address: FAKE_BASE + at * 4096, data }).then(() => {}));
  }
  await clock.until(Promise.all(writes));
  assert.ok(board.mostBytes > 15000 && board.mostBytes <= 20000, `${board.mostBytes} bytes`);
});

test("an error in an answer rejects its request only", async () => {
  const { clock, open } = setUp();
  const session = await open();
  const wrong = session.send("READ", { address: 0x80000000, length: 16 });
  const right = session.send("STATUS", {});
  await clock.until(
    assert.rejects(wrong, (error) => {
      assert.ok(error instanceof BoardError);
      assert.equal(error.codeName, "RANGE");
      assert.equal(error.detail, 0x80000000);
      assert.equal(
        error.message,
        "READ: the board answers RANGE: the stand-in says RANGE (address 0x80000000). " +
          "Choose an address inside the region that `imflasher info` shows.",
      );
      return true;
    }),
  );
  assert.equal((await clock.until(right)).status2, 2);
  assert.equal(session.broken, undefined);
});

test("a refused request is rejected before it is sent when a field does not fit", async () => {
  const { clock, open } = setUp();
  const session = await open();
  await assert.rejects(
    session.send("READ", { address: -1, length: 16 }),
    /-1 is not an unsigned integer of 32 bits/,
  );
  await assert.rejects(
    session.send("WRITE", { address: 0, data: new Uint8Array(5000) }),
    /takes 4112 at most/,
  );
  await clock.until(session.send("INFO", {}));
});

test("damage on the way to the board breaks the session; a new one opens on the same transport", async () => {
  const { clock, link, open } = setUp();
  const session = await open();
  await clock.until(link.write(Uint8Array.of(1, 2, 3, 0)));
  await assert.rejects(clock.until(session.send("INFO", {})), (error) => {
    assert.ok(error instanceof SessionBrokenError);
    assert.ok(error.cause instanceof BoardError && error.cause.codeName === "BAD_FRAME");
    return true;
  });
  await assert.rejects(session.send("INFO", {}), SessionBrokenError);
  assert.equal(session.transportClosed, false);
  const again = await open();
  assert.equal((await clock.until(again.send("INFO", {}))).board, "emulated");
});

test("a lost request is noticed by the next one", async () => {
  const { clock, board, open } = setUp();
  const session = await open();
  const receive = board.receive.bind(board);
  board.receive = () => {};
  const lost = session.send("INFO", {});
  await clock.until(new Promise<void>((resolve) => clock.after(1, resolve)));
  board.receive = receive;
  const results = await clock.until(Promise.allSettled([lost, session.send("STATUS", {})]));
  for (const result of results) {
    assert.ok(result.status === "rejected" && result.reason instanceof SessionBrokenError);
    assert.match(result.reason.message, /SEQUENCE/);
  }
});

test("a lost answer is noticed by the next one", async () => {
  const { clock, link, open } = setUp();
  const session = await open();
  link.loseNext();
  const results = await clock.until(Promise.allSettled([session.send("INFO", {}), session.send("INFO", {})]));
  for (const result of results) {
    assert.ok(result.status === "rejected" && result.reason instanceof SessionBrokenError);
    assert.match(result.reason.message, /expected the answer \d+ to INFO, but the answer \d+ to INFO came/);
  }
});

test("a board that falls silent is noticed, an erase that takes its time is waited for", async () => {
  const { clock, board, open } = setUp();
  const session = await open();
  await clock.until(session.send("GEOMETRY", {}));
  const range = { address: FAKE_BASE, length: 0x10000 };
  await clock.until(session.send("BEGIN", { ranges: [range] }));
  await clock.until(session.send("ERASE", range));
  board.silent = true;
  const before = clock.now();
  await assert.rejects(clock.until(session.send("ERASE", range)), (error) => {
    assert.ok(error instanceof SessionBrokenError);
    assert.match(error.message, /has not answered ERASE for 5000 ms/);
    assert.ok(error.cause instanceof NoAnswerError);
    return true;
  });
  const waited = clock.now() - before;
  assert.ok(waited > 4999 && waited < 5010, `${waited} ms`);
});

test("a pulled cable rejects everything under way and later writes", async () => {
  const { clock, link, open } = setUp();
  const session = await open();
  const info = session.send("INFO", {});
  link.unplug();
  await assert.rejects(clock.until(info), (error) => {
    assert.ok(error instanceof SessionBrokenError);
    assert.ok(error.cause instanceof TransportClosedError);
    return true;
  });
  assert.equal(session.transportClosed, true);
  await assert.rejects(open(), TransportClosedError);
});

test("closing twice is allowed and rejects what is under way", async () => {
  const { clock, open } = setUp();
  const session = await open();
  const info = session.send("INFO", {});
  await session.close();
  await session.close();
  await assert.rejects(clock.until(info), /the session was closed/);
});

test("garbage that stood in the pipe before HELLO does no harm", async () => {
  const { clock, link, open } = setUp();
  await clock.until(link.write(Uint8Array.of(9, 9, 9)));
  const session = await open();
  assert.equal((await clock.until(session.send("STATUS", {}))).bad, 1);
});

test("a HELLO that is lost is sent again", async () => {
  const { board, open } = setUp();
  const receive = board.receive.bind(board);
  board.receive = () => {
    board.receive = receive;
  };
  assert.ok(await open());
});

test("HELLO is repeated within a board's window of a second, and late answers to repetitions do no harm", async () => {
  const { board, clock, open } = setUp();
  const receive = board.receive.bind(board);
  const early: Uint8Array[] = [];
  board.receive = (bytes) => void early.push(bytes);
  clock.after(900, () => {
    board.receive = receive;
    for (const bytes of early) receive(bytes);
  });
  const session = await open();
  assert.ok(early.length >= 2, `HELLO was sent ${early.length} times`);
  assert.ok(clock.now() < 1000, `${clock.now()} ms`);
  assert.ok(await clock.until(session.send("STATUS", {})));
  assert.equal(session.broken, undefined);
});

test("a bootloader with another protocol is named as older or newer before anything else is read", async () => {
  for (const [lowest, version, side, update] of [
    [0, 0, "older", "Update the bootloader on the board."],
    [2, 3, "newer", "Update imflasher."],
  ] as const) {
    const { board, open } = setUp();
    board.lowest = lowest;
    board.version = version;
    await assert.rejects(open(), (error) => {
      assert.ok(error instanceof ProtocolVersionError);
      assert.equal(error.bootloader, side);
      assert.ok(error.message.endsWith(update), error.message);
      return true;
    });
  }
});

test("a newer bootloader that still speaks this version is accepted", async () => {
  const { board, open } = setUp();
  board.version = 4;
  assert.equal((await open()).hello.version, 4);
});

test("a port that says nothing, and one that echoes or talks, are told apart from a bootloader", async () => {
  const clock = new FakeClock(() => setImmediate());
  const open = (transport: Transport) => clock.until(Session.open(transport, clock));
  await assert.rejects(open(port(clock, () => undefined)), (error) => {
    assert.ok(error instanceof NoAnswerError);
    assert.match(error.message, /^\/dev\/ttyOther does not answer: HELLO was sent 3 times/);
    return true;
  });
  await assert.rejects(open(port(clock, () => Buffer.from("login: \0"))), NotABootloaderError);
  await assert.rejects(open(port(clock, (bytes) => bytes)), NotABootloaderError);
  const odd = (sent: Uint8Array) =>
    encodeFrame({ type: 0x81, sequence: sent[3] ?? 0, payload: Uint8Array.of(0, 0, 1) });
  await assert.rejects(open(port(clock, odd)), NotABootloaderError);
});

test("a late answer to an earlier HELLO is not taken for the one that is waited for", async () => {
  const { clock, board, open } = setUp();
  const receive = board.receive.bind(board);
  // The first HELLO is answered only after the second was sent.
  const held: Uint8Array[] = [];
  board.receive = (bytes) => {
    held.push(bytes);
    if (held.length === 1) return;
    board.receive = receive;
    receive(held[0] ?? bytes);
    clock.after(50, () => receive(bytes));
  };
  const session = await open();
  assert.equal((await clock.until(session.send("INFO", {}))).board, "emulated");
});
