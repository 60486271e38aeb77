import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "../timeline.js";
import type { Handshake, InAnswer, UsbDevicePort } from "../usb-port.js";
import { FrameBus, type Pipe } from "./frames.js";

/** A device with one IN endpoint that says NAK until it is ready. */
function makeBus() {
  const timeline = new Timeline();
  const device = { ready: false };
  const answer = (): InAnswer => (device.ready ? { toggle: 0, bytes: Uint8Array.of(1) } : "nak");
  const unused = (): Handshake => "none";
  const port: UsbDevicePort = {
    pullUp: true,
    plug() {},
    unplug() {},
    busReset() {},
    sof() {},
    resume() {},
    setup: unused,
    out: unused,
    in: answer,
    inAcknowledged() {},
    lpm: () => "none",
  };
  const bus = new FrameBus(timeline, port, () => {});
  const arrived: number[] = [];
  const pipe: Pipe = {
    next: () => (arrived.length > 0 ? undefined : { kind: "in", address: 1, endpoint: 1, size: 64 }),
    done: (result) => {
      if (typeof result !== "string") arrived.push(timeline.now);
    },
  };
  const readyAt = (ns: number) =>
    timeline.after(ns - timeline.now, () => {
      device.ready = true;
      bus.mayBeReady();
    });
  const run = (untilNs: number) => {
    while ((timeline.nextEventAt ?? untilNs) < untilNs) {
      timeline.skipTo(untilNs);
      timeline.runDue();
    }
  };
  return { bus, pipe, arrived, readyAt, run };
}

for (const [when, ns] of [
  ["long after its NAK", 500e3],
  ["while its NAK is on the bus", 6e3],
] as const) {
  test(`an endpoint that gets ready ${when} is asked again at once, not in the next frame`, () => {
    const { bus, pipe, arrived, readyAt, run } = makeBus();
    bus.start();
    bus.add(pipe);
    readyAt(ns);
    run(0.9e6);
    assert.equal(arrived.length, 1);
    assert(arrived[0] !== undefined && arrived[0] < ns + 30e3, `${arrived[0]} ns`);
  });
}

test("a periodic pipe has the beginning of each frame, others what is left, and a transaction that does not fit waits", () => {
  const { bus, run } = makeBus();
  const begun: string[] = [];
  const bulk: Pipe = {
    next: () => ({ kind: "out", address: 1, endpoint: 2, toggle: 0, bytes: new Uint8Array(64) }),
    done: () => begun.push("bulk"),
  };
  let last = -1;
  const isochronous: Pipe = {
    periodic: true,
    next: (frame) =>
      frame === last
        ? undefined
        : { kind: "out", isochronous: true, address: 1, endpoint: 1, toggle: 0, bytes: new Uint8Array(1023) },
    done: (answer, frame) => {
      assert.equal(answer, "none");
      last = frame;
      begun.push("isochronous");
    },
  };
  bus.add(bulk);
  bus.add(isochronous);
  bus.start();
  run(2e6);
  assert.deepEqual(begun, Array.from({ length: 2 }, () => ["isochronous", ...Array(5).fill("bulk")]).flat());
  assert.equal(bus.statistics.packets, 2, "what was sent without handshake");
});
