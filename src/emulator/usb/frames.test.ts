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
