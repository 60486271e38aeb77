/** The host's isochronous pipes against the OTG core, with software that serves both directions as drivers do. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  attached,
  type Bench,
  CNAK,
  EPDIS,
  EPENA,
  PACKET,
  SNAK,
  USBAEP,
} from "../peripherals/otg/test-core.js";
import type { EndpointDescriptor } from "./descriptors.js";
import { FrameBus } from "./frames.js";
import { IsochronousIn, IsochronousOut } from "./isochronous.js";
import {
  diepctl,
  diepint,
  dieptsiz,
  doepctl,
  doepint,
  doeptsiz,
  fifo,
  GLOBAL,
  runFor,
} from "./test-device.js";

const SIZE = 48;
const ISOCHRONOUS = 1 << 18;
const IISOIXFR = 1 << 20;

function endpoint(bEndpointAddress: number): EndpointDescriptor {
  const rest = { bLength: 7, bmAttributes: 1, bInterval: 1, bRefresh: 0, bSynchAddress: 0, specific: [] };
  return { bEndpointAddress, wMaxPacketSize: SIZE, ...rest };
}

/** Arms for the frame after this one, as EONUM asks for; what comes in goes out in the order in which it came. */
class Loop {
  incomplete = 0;
  readonly #bench: Bench;
  readonly #waiting: number[][] = [];

  constructor(bench: Bench) {
    this.#bench = bench;
    bench.put(GLOBAL.DIEPMSK, 0b11);
    bench.put(GLOBAL.DOEPMSK, 0b01);
    bench.put(GLOBAL.DAINTMSK, 0x0002_0002);
    bench.put(GLOBAL.GINTMSK, (1 << 4) | (1 << 18) | (1 << 19) | IISOIXFR);
    this.#armOut();
  }

  get #next(): number {
    const odd = (this.#bench.get(GLOBAL.DSTS) >>> 8) & 1;
    return odd === 0 ? 1 << 29 : 1 << 28;
  }

  #armOut(): void {
    const { put } = this.#bench;
    put(doeptsiz(1), PACKET | SIZE);
    put(doepctl(1), USBAEP | ISOCHRONOUS | SIZE | this.#next | EPENA | CNAK);
  }

  #armIn(): void {
    const { get, put } = this.#bench;
    const packet = get(diepctl(1)) >>> 31 === 1 ? undefined : this.#waiting.shift();
    if (packet === undefined) return;
    put(dieptsiz(1), (1 << 29) | PACKET | SIZE);
    put(diepctl(1), USBAEP | ISOCHRONOUS | (1 << 22) | SIZE | this.#next | EPENA | CNAK);
    for (const word of packet) put(fifo(1), word);
  }

  serve(): void {
    const { get, put, irq } = this.#bench;
    for (let rounds = 0; irq() && rounds < 20; rounds++) {
      if ((get(GLOBAL.GINTSTS) & IISOIXFR) !== 0) {
        put(GLOBAL.GINTSTS, IISOIXFR);
        this.incomplete++;
        put(diepctl(1), get(diepctl(1)) | SNAK | EPDIS);
      }
      while ((get(GLOBAL.GINTSTS) & (1 << 4)) !== 0) this.#receive();
      if ((get(doepint(1)) & 1) !== 0) {
        put(doepint(1), 1);
        this.#armOut();
      }
      put(diepint(1), 0b11);
      this.#armIn();
    }
  }

  #receive(): void {
    const { get } = this.#bench;
    const status = get(GLOBAL.GRXSTSP);
    const words = Array.from({ length: ((status >>> 4) & 0x7ff) / 4 }, () => get(fifo(0)));
    if (words.length > 0) this.#waiting.push(words);
  }
}

/** @param latency in which frames software comes how many ns late. */
function run(frames: number, latency: (frame: number) => number) {
  const bench = attached();
  const { timeline, otg } = bench;
  const bus = new FrameBus(timeline, otg, () => {
    timeline.after(100e3 + latency(bus.frame), () => loop.serve());
    timeline.after(850e3 + latency(bus.frame), () => loop.serve());
  });
  const loop = new Loop(bench);
  let sent = 0;
  const back: number[] = [];
  const device = { address: 0, bus };
  bus.add(new IsochronousOut(device, endpoint(0x01), () => new Uint8Array(SIZE).fill(++sent & 0xff)));
  bus.add(
    new IsochronousIn(device, endpoint(0x81), 1, (bytes) => {
      if (bytes.length > 0) back.push(bytes[0] ?? 0);
    }),
  );
  bus.start();
  runFor(timeline, frames * 1e6);
  return { back, loop, log: bench.log };
}

test("software that arms in time for the next frame loses no packet in either direction", () => {
  const { back, loop, log } = run(100, () => 0);
  assert(back.length >= 96, `${back.length}`);
  assert.deepEqual(
    back,
    back.map((_, n) => (back[0] ?? 0) + n),
  );
  assert.equal(loop.incomplete, 0);
  assert.deepEqual(log.lines, []);
});

test("software that comes a frame late loses the packets of that time, and is in step again behind it", () => {
  const { back, log } = run(100, (frame) => (frame % 20 === 0 ? 1.2e6 : 0));
  const steps = back.slice(1).map((value, n) => value - (back[n] ?? 0));
  assert(
    steps.every((step) => step >= 1 && step <= 3),
    steps.join(),
  );
  const lost = steps.filter((step) => step > 1).length;
  assert(lost >= 3 && lost <= 10, `${lost} gaps`);
  assert(back.length > 80, `${back.length}`);
  assert.deepEqual(log.lines, []);
});
