import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Session } from "../protocol/session.js";
import { FakeBootloader } from "../protocol/testing/fake-bootloader.js";
import { FakeClock } from "../protocol/testing/fake-clock.js";
import { FakeFlash } from "../protocol/testing/fake-flash.js";
import { FakeLink } from "../protocol/testing/fake-link.js";
import { pipeline } from "./pipeline.js";

async function setUp() {
  const clock = new FakeClock(() => setImmediate());
  const board = new FakeBootloader(new FakeFlash(), clock);
  const session = await clock.until(Session.open(new FakeLink(board, clock), clock));
  return { clock, session };
}

test("the first failure is the one that is told, and nothing is sent after it was noticed", async () => {
  const { clock, session } = await setUp();
  let sent = 0;
  const job = (i: number) => ({
    bytes: 10000,
    run: async () => {
      sent++;
      await session.send("STATUS", {});
      if (i >= 3) throw new Error(`job ${i}`);
    },
  });
  const jobs = Array.from({ length: 50 }, (_, i) => job(i));
  await assert.rejects(clock.until(pipeline(session, jobs, undefined)), { message: "job 3" });
  assert.ok(sent < 12, `${sent} sent`);
});

test("no more than a window of bytes is under way", async () => {
  const { clock, session } = await setUp();
  let underWay = 0;
  let most = 0;
  const run = async () => {
    most = Math.max(most, ++underWay);
    await session.send("STATUS", {});
    underWay--;
  };
  await clock.until(
    pipeline(session, Array<{ bytes: number; run: typeof run }>(40).fill({ bytes: 20000, run }), undefined),
  );
  assert.equal(most, 3);
});
