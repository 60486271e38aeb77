/**
 * One side of a remote protocol connection: sends packets, keeps what is not acknowledged yet, answers what is broken.
 * Each side has its own acknowledge state, so somebody in the middle has two of these.
 */

import { type FramerOptions, RspFramer } from "./framer.js";
import { encodePacket } from "./packet.js";

export interface EndpointOptions extends FramerOptions {
  /** Sends bytes to the other side. */
  readonly write: (bytes: string) => void;
  readonly onPacket: (payload: string) => void;
  /** Ctrl-C of GDB; never called for a byte 0x03 inside a packet. */
  readonly onInterrupt?: () => void;
  /** A packet was unreadable; where there are acknowledgements it has been asked for again. */
  readonly onBroken?: (why: string) => void;
}

export class RspEndpoint {
  readonly #options: EndpointOptions;
  readonly #framer: RspFramer;
  /** Sent or to be sent; only the first is on its way. */
  readonly #unacknowledged: string[] = [];
  #acknowledges = true;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#framer = new RspFramer(options);
  }

  get acknowledges(): boolean {
    return this.#acknowledges;
  }

  /** Bytes that came from the other side. */
  receive(bytes: string): void {
    for (const event of this.#framer.feed(bytes)) {
      if (event.kind === "packet") {
        if (this.#acknowledges) this.#options.write("+");
        this.#options.onPacket(event.payload);
      } else if (event.kind === "broken") {
        if (this.#acknowledges) this.#options.write("-");
        this.#options.onBroken?.(event.why);
      } else if (event.kind === "interrupt") this.#options.onInterrupt?.();
      else if (event.kind === "ack") this.#acknowledged();
      else this.#sendFirst();
    }
  }

  /** Sends a packet, after those before it were acknowledged. */
  send(payload: string): void {
    const packet = encodePacket(payload);
    if (!this.#acknowledges) {
      this.#options.write(packet);
      return;
    }
    this.#unacknowledged.push(packet);
    if (this.#unacknowledged.length === 1) this.#sendFirst();
  }

  /** Sends Ctrl-C: the other side is a server whose target runs. */
  interrupt(): void {
    this.#options.write("\x03");
  }

  /**
   * From now on nobody acknowledges. To be called behind the OK to QStartNoAckMode: that OK may still be acknowledged,
   * and that one is ignored.
   */
  stopAcknowledging(): void {
    this.#acknowledges = false;
    // The first is on its way already.
    for (const packet of this.#unacknowledged.splice(0).slice(1)) this.#options.write(packet);
  }

  /** A `+` that nobody waits for says nothing: OpenOCD sends one on connecting. */
  #acknowledged(): void {
    if (this.#unacknowledged.shift() !== undefined) this.#sendFirst();
  }

  #sendFirst(): void {
    const [first] = this.#unacknowledged;
    if (first !== undefined) this.#options.write(first);
  }
}
