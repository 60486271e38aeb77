/** For tests of the host's drivers: a device without a core, whose answers are a table. */

import { Timeline } from "../timeline.js";
import type { DataToggle, Handshake, InAnswer, LpmAnswer, UsbDevicePort } from "../usb-port.js";
import type { HostDriver } from "./driver.js";
import { UsbHost } from "./host.js";
import { runFor, TestLog } from "./test-device.js";

export interface Request {
  readonly bmRequestType: number;
  readonly bRequest: number;
  readonly wValue: number;
  readonly wIndex: number;
  readonly data: number[];
}

export interface Script {
  /** Descriptors behind the configuration's own nine bytes. */
  readonly descriptors: readonly (readonly number[])[];
  /** Answers class requests; undefined stalls. */
  readonly answer?: (request: Request) => readonly number[] | undefined;
  /** The isochronous packet of an IN endpoint in this frame. */
  readonly input?: (endpoint: number, frame: number) => readonly number[];
}

const EMPTY = new Uint8Array(0);

export class ScriptedDevice implements UsbDevicePort {
  readonly pullUp = true;
  readonly requests: Request[] = [];
  /** Isochronous OUT packets. */
  readonly output: { readonly frame: number; readonly bytes: Uint8Array }[] = [];
  /** Every token or data packet of a frame, by endpoint, IN with 0x80. */
  readonly order: { readonly frame: number; readonly endpoint: number }[] = [];
  leave: () => void = () => {};
  readonly #script: Script;
  #frame = 0;
  #request: Request | undefined;
  #wanted = 0;
  #reply: number[] | undefined;
  #toggle: DataToggle = 1;

  constructor(script: Script) {
    this.#script = script;
  }

  plug(listener: { pullUpChanged(on: boolean): void }): void {
    this.leave = () => listener.pullUpChanged(false);
  }

  unplug(): void {}
  busReset(): void {}
  resume(): void {}
  inAcknowledged(): void {}

  lpm(): LpmAnswer {
    return "none";
  }

  sof(frame: number): void {
    this.#frame = frame;
  }

  setup(_address: number, _endpoint: number, bytes: Uint8Array): Handshake {
    const word = (at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    const [bmRequestType = 0, bRequest = 0] = bytes;
    this.#request = { bmRequestType, bRequest, wValue: word(2), wIndex: word(4), data: [] };
    this.#wanted = word(6);
    this.#toggle = 1;
    this.#reply = undefined;
    if ((bmRequestType & 0x80) !== 0) this.#reply = this.#answer(this.#request)?.slice(0, this.#wanted);
    return "ack";
  }

  out(_address: number, endpoint: number, _toggle: DataToggle, bytes: Uint8Array): Handshake {
    if (endpoint === 0) {
      this.#request?.data.push(...bytes);
      return "ack";
    }
    this.order.push({ frame: this.#frame, endpoint });
    this.output.push({ frame: this.#frame, bytes });
    return "none";
  }

  in(_address: number, endpoint: number): InAnswer {
    if (endpoint === 0) return this.#controlIn();
    this.order.push({ frame: this.#frame, endpoint: endpoint | 0x80 });
    return { toggle: 0, bytes: Uint8Array.from(this.#script.input?.(endpoint, this.#frame) ?? []) };
  }

  #controlIn(): InAnswer {
    const request = this.#request;
    if (request === undefined) return "stall";
    if ((request.bmRequestType & 0x80) === 0) {
      return this.#answer(request) === undefined ? "stall" : { toggle: 1, bytes: EMPTY };
    }
    if (this.#reply === undefined) return "stall";
    const answer = { toggle: this.#toggle, bytes: Uint8Array.from(this.#reply.splice(0, 64)) };
    this.#toggle = this.#toggle === 0 ? 1 : 0;
    return answer;
  }

  #answer(request: Request): readonly number[] | undefined {
    this.requests.push(request);
    const { bmRequestType, bRequest, wValue } = request;
    if (bmRequestType !== 0x80 || bRequest !== 6) {
      return (bmRequestType & 0x60) === 0 ? [] : this.#script.answer?.(request);
    }
    const tail = this.#script.descriptors.flat();
    const numbers = this.#script.descriptors.filter((one) => one[1] === 4).map((one) => one[2]);
    const head = [9, 2, tail.length + 9, 0, new Set(numbers).size, 1, 0, 0x80, 50];
    if (wValue >> 8 === 1) return [18, 1, 0x10, 1, 0, 0, 0, 64, 9, 0x12, 1, 0, 0, 1, 0, 0, 0, 1];
    return wValue >> 8 === 2 ? [...head, ...tail] : undefined;
  }
}

/** The device at a host with that driver, configured. */
export function withDriver(script: Script, driver: HostDriver) {
  const timeline = new Timeline();
  const log = new TestLog();
  const device = new ScriptedDevice(script);
  const host = new UsbHost({ timeline, log, port: device });
  host.addDriver(driver);
  host.plug();
  const run = (ms: number): void => runFor(timeline, ms * 1e6);
  for (let waited = 0; host.state !== "configured" && waited < 1000; waited++) run(1);
  if (host.state !== "configured") throw new Error(`host is ${host.state}: ${log.lines.join("\n")}`);
  return { host, device, log, run, timeline };
}
