/**
 * Cuts a stream of bytes into packets, acknowledgements and interrupts. Frames first: a byte 0x03 inside a packet is
 * data, not Ctrl-C.
 */

import { checksum, decodeBody } from "./packet.js";
import { hexByte } from "./text.js";

export type RspEvent =
  | { readonly kind: "packet"; readonly payload: string }
  /** A packet whose checksum or escapes are wrong, or that is longer than may be. */
  | { readonly kind: "broken"; readonly why: string }
  /** `+` */
  | { readonly kind: "ack" }
  /** `-` */
  | { readonly kind: "nak" }
  /** 0x03 between packets */
  | { readonly kind: "interrupt" };

const INTERRUPT = "\x03";
const BETWEEN: Readonly<Record<string, RspEvent>> = {
  "+": { kind: "ack" },
  "-": { kind: "nak" },
  [INTERRUPT]: { kind: "interrupt" },
};

export interface FramerOptions {
  /** What arrives are answers of a server, in which runs are written short. */
  readonly runs: boolean;
  /** Longest body that is taken, bytes as they arrive. */
  readonly maxBody: number;
}

interface Partial {
  body: string;
  /** It became too long: its bytes are dropped, but still belong to it. */
  overlong: boolean;
  /** What came behind `#`; undefined before it. */
  tail: string | undefined;
}

export class RspFramer {
  readonly #options: FramerOptions;
  /** The packet under way; undefined between packets. */
  #packet: Partial | undefined;

  constructor(options: FramerOptions) {
    this.#options = options;
  }

  /** Events that `bytes` complete, in order. Bytes between packets that mean nothing are dropped, as GDB does. */
  feed(bytes: string): RspEvent[] {
    const events: RspEvent[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#packet === undefined) this.#between(bytes[at++] as string, events);
      else if (this.#packet.tail === undefined) at = this.#collect(this.#packet, bytes, at);
      else this.#finish(this.#packet, bytes[at++] as string, events);
    }
    return events;
  }

  #between(char: string, events: RspEvent[]): void {
    const event = BETWEEN[char];
    if (event !== undefined) events.push(event);
    else if (char === "$") this.#packet = { body: "", overlong: false, tail: undefined };
  }

  /** @returns index of the first byte behind what was taken */
  #collect(packet: Partial, bytes: string, at: number): number {
    const hash = bytes.indexOf("#", at);
    const piece = bytes.slice(at, hash < 0 ? bytes.length : hash);
    // An unescaped $ begins a packet anew: the other side gave the first one up.
    const restart = piece.lastIndexOf("$");
    if (restart >= 0) packet.overlong = false;
    packet.body = restart >= 0 ? piece.slice(restart + 1) : packet.body + piece;
    if (packet.body.length > this.#options.maxBody) packet.overlong = true;
    if (packet.overlong) packet.body = "";
    if (hash < 0) return bytes.length;
    packet.tail = "";
    return hash + 1;
  }

  #finish(packet: Partial, digit: string, events: RspEvent[]): void {
    packet.tail += digit;
    if (packet.tail?.length !== 2) return;
    this.#packet = undefined;
    events.push(this.#decode(packet.body, packet.tail, packet.overlong));
  }

  #decode(body: string, digits: string, overlong: boolean): RspEvent {
    if (overlong) return { kind: "broken", why: `longer than ${this.#options.maxBody} bytes` };
    const expected = checksum(body);
    if (!/^[0-9a-f]{2}$/i.test(digits) || Number.parseInt(digits, 16) !== expected) {
      return {
        kind: "broken",
        why: `checksum: expected ${hexByte(expected)}, found ${JSON.stringify(digits)}`,
      };
    }
    const payload = decodeBody(body, this.#options.runs);
    if (payload === undefined) return { kind: "broken", why: "an escape or a run is cut off or wrong" };
    return { kind: "packet", payload };
  }
}
