/** Isochronous endpoints as a full-speed host serves them (USB 2.0, 5.6): a packet in each of their frames, and no second try. */

import type { Handshake, InAnswer } from "../usb-port.js";
import type { EndpointDescriptor } from "./descriptors.js";
import type { Pipe, Transaction } from "./frames.js";

/** Frame numbers have 11 bits; Linux serves nothing more rarely than this either. */
const LONGEST_INTERVAL = 1024;
const FRAME_MASK = 0x7ff;

/** Frames from one packet to the next (USB 2.0, 9.6.6). */
export function intervalOf({ bInterval }: EndpointDescriptor): number {
  return Math.min(2 ** Math.max(0, bInterval - 1), LONGEST_INTERVAL);
}

export function packetSize({ wMaxPacketSize }: EndpointDescriptor): number {
  return wMaxPacketSize & 0x7ff;
}

/** The device, and the bus that it is on. */
interface Device {
  readonly address: number;
  readonly bus: { readonly frame: number };
}

class IsochronousPipe {
  readonly periodic = true;
  protected readonly endpoint: EndpointDescriptor;
  protected readonly target: { readonly address: number; readonly endpoint: number };
  readonly #interval: number;
  #last: number;

  constructor({ address, bus }: Device, endpoint: EndpointDescriptor, interval: number) {
    // The first packet goes in the next frame.
    this.#last = (bus.frame + 1 - interval) & FRAME_MASK;
    this.endpoint = endpoint;
    this.target = { address, endpoint: endpoint.bEndpointAddress & 15 };
    this.#interval = interval;
  }

  protected due(frame: number): boolean {
    return ((frame - this.#last) & FRAME_MASK) >= this.#interval;
  }

  protected served(frame: number): void {
    this.#last = frame;
  }
}

export class IsochronousIn extends IsochronousPipe implements Pipe {
  readonly #receive: (bytes: Uint8Array) => void;

  constructor(
    device: Device,
    endpoint: EndpointDescriptor,
    interval: number,
    receive: (bytes: Uint8Array) => void,
  ) {
    super(device, endpoint, interval);
    this.#receive = receive;
  }

  next(frame: number): Transaction | undefined {
    if (!this.due(frame)) return undefined;
    return { kind: "in", isochronous: true, ...this.target, size: packetSize(this.endpoint) };
  }

  done(answer: Handshake | InAnswer, frame: number): void {
    this.served(frame);
    if (typeof answer !== "string") this.#receive(answer.bytes);
  }
}

export class IsochronousOut extends IsochronousPipe implements Pipe {
  readonly #supply: () => Uint8Array;
  #packet: Uint8Array;

  /** @param supply makes the packet after the one that has just gone. */
  constructor(device: Device, endpoint: EndpointDescriptor, supply: () => Uint8Array) {
    super(device, endpoint, intervalOf(endpoint));
    this.#supply = supply;
    this.#packet = supply();
  }

  next(frame: number): Transaction | undefined {
    if (!this.due(frame)) return undefined;
    return { kind: "out", isochronous: true, ...this.target, toggle: 0, bytes: this.#packet };
  }

  done(_answer: Handshake | InAnswer, frame: number): void {
    this.served(frame);
    this.#packet = this.#supply();
  }
}

/** Periodic transfers may have 90 % of a full-speed frame (USB 2.0, 5.6.4). */
const PERIODIC_NS = 0.9e6;
/** What a host controller itself takes; as Linux reckons. */
const HOST_DELAY_NS = 1000;

export class Bandwidth {
  #reserved = 0;

  /** All of these endpoints, or none. */
  reserve(endpoints: readonly EndpointDescriptor[]): boolean {
    const wanted = endpoints.reduce((sum, endpoint) => sum + busTime(endpoint), 0);
    if (this.#reserved + wanted > PERIODIC_NS) return false;
    this.#reserved += wanted;
    return true;
  }

  release(endpoints: readonly EndpointDescriptor[]): void {
    for (const endpoint of endpoints) this.#reserved -= busTime(endpoint);
  }
}

/** Worst-case nanoseconds of a full-speed isochronous transaction, with bit stuffing (USB 2.0, 5.11.3). */
function busTime(endpoint: EndpointDescriptor): number {
  const protocol = endpoint.bEndpointAddress >= 0x80 ? 7268 : 6265;
  const stuffedBits = (7 / 6) * 8 * packetSize(endpoint);
  return protocol + 83.54 * Math.floor(3.167 + stuffedBits) + HOST_DELAY_NS;
}
