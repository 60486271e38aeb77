import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsbDevicePort, UsbPortListener } from "../usb-port.js";
import { UsbSockets } from "./usb-sockets.js";

/** A core that pulls up when told, and remembers the frames that it saw. */
class Core implements UsbDevicePort {
  pullUp = false;
  readonly frames: number[] = [];
  #listener: UsbPortListener | undefined;

  attach(on: boolean): void {
    this.pullUp = on;
    this.#listener?.pullUpChanged(on);
  }

  wake(): void {
    this.#listener?.remoteWakeup();
  }

  plug(listener: UsbPortListener): void {
    this.#listener = listener;
  }

  unplug(): void {
    this.#listener = undefined;
  }

  busReset(): void {}

  sof(frame: number): void {
    this.frames.push(frame);
  }

  resume(): void {}

  setup(): "ack" {
    return "ack";
  }

  out(): "ack" {
    return "ack";
  }

  in(): "nak" {
    return "nak";
  }

  inAcknowledged(): void {}

  lpm(): "none" {
    return "none";
  }
}

function rig() {
  const cores = [new Core(), new Core()] as const;
  const heard: string[] = [];
  const sofs: number[] = [];
  const sockets = new UsbSockets(cores.map((port, n) => ({ port, onSof: () => sofs.push(n) })));
  sockets.plug({
    pullUpChanged: (on) => heard.push(on ? "attached" : "left"),
    mayBeReady: () => heard.push("ready"),
    remoteWakeup: () => heard.push("wake"),
  });
  return { cores, heard, sockets, sofs };
}

test("the host meets the core that pulls up first, and hears nothing of the other one", () => {
  const { cores, heard, sockets, sofs } = rig();
  assert.equal(sockets.setup(0, 0, new Uint8Array(8)), "none");
  cores[1].attach(true);
  cores[0].attach(true);
  cores[0].wake();
  cores[1].wake();
  sockets.sof(7);
  assert.deepEqual(heard, ["attached", "wake"]);
  assert.deepEqual([cores[0].frames, cores[1].frames, sofs], [[], [7], [1]]);
});

test("when the core that is used leaves, the other one is a new device", () => {
  const { cores, heard, sockets } = rig();
  cores[0].attach(true);
  cores[1].attach(true);
  cores[0].attach(false);
  assert.deepEqual(heard, ["attached", "left", "attached"]);
  cores[1].attach(false);
  assert.equal(sockets.pullUp, false);
  assert.equal(heard.at(-1), "left");
});
