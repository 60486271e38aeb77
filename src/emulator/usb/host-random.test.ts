import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeRig } from "./test-device.js";

/** fast-check prints seed and path of a failure. */
const RUNS = { numRuns: 60 } as const;

const pattern = (length: number, first: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (first + i * 7 + (i >> 8)) & 0xff);

test("whatever sizes, latencies and pauses: what is echoed comes back once and in order", () => {
  const step = fc.record({
    write: fc.integer({ min: 1, max: 700 }),
    wait: fc.integer({ min: 0, max: 3_000_000 }),
    hold: fc.boolean(),
    pause: fc.boolean(),
    sleep: fc.boolean(),
  });
  const device = fc.record({
    latencyNs: fc.integer({ min: 100, max: 400_000 }),
    outPackets: fc.integer({ min: 1, max: 12 }),
  });
  const property = fc.property(device, fc.array(step, { minLength: 1, maxLength: 12 }), (options, steps) => {
    const rig = makeRig({ device: { ...options, echo: true } });
    rig.device.start();
    rig.host.plug();
    rig.until("configured");
    const { cdc } = rig.host;
    assert(cdc !== undefined);
    const sent: number[] = [];
    const back: number[] = [];
    cdc.onData((bytes) => back.push(...bytes));
    cdc.open();
    for (const { write, wait, hold, pause, sleep } of steps) {
      const bytes = pattern(write, sent.length);
      sent.push(...bytes);
      cdc.send(bytes, () => {});
      rig.device.holdOut = hold;
      if (!hold) rig.device.resumeOut();
      if (pause) cdc.pause();
      else cdc.resume();
      if (sleep) rig.host.sleep();
      rig.run(wait);
      rig.host.wake();
      rig.until("configured");
    }
    rig.device.resumeOut();
    cdc.resume();
    rig.run(200e6);
    assert.deepEqual(back, sent);
    assert.deepEqual(rig.log.lines, []);
    assert.equal(cdc.statistics.toggleErrors, 0);
  });
  fc.assert(property, RUNS);
});

test("a cable pulled at any instant leaves a device that enumerates again", () => {
  const instants = fc.array(fc.integer({ min: 1, max: 260_000_000 }), { minLength: 1, maxLength: 4 });
  const property = fc.property(instants, fc.integer({ min: 100, max: 100_000 }), (times, latencyNs) => {
    const rig = makeRig({ device: { latencyNs, echo: true } });
    rig.device.start();
    rig.host.onCdc((cdc) => {
      cdc.onData(() => {});
      cdc.open();
      cdc.send(pattern(50_000, 0), () => {});
    });
    for (const time of times) {
      rig.host.plug();
      rig.run(time);
      rig.host.unplug();
      rig.run(time / 8);
    }
    rig.host.plug();
    rig.until("configured");
    assert.deepEqual(rig.host.device?.violations, []);
    assert.deepEqual(rig.log.lines, []);
  });
  fc.assert(property, RUNS);
});
