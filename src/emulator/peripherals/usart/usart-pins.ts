/** Which pin is what: swapped, inverted, both directions on one wire (RM0433, USART_CR2 and CR3). */

import { NO_PIN, type PinSignal } from "../../pin-signal.js";
import type { Timeline } from "../../timeline.js";
import { CR1, CR2, CR3 } from "./usart-bits.js";
import type { UsartSlave } from "./usart-slave.js";
import type { UsartTransmitter } from "./usart-transmitter.js";

export type UsartPin = "TX" | "RX" | "CK";

export interface UsartPinsHost {
  readonly pins: Readonly<Record<UsartPin, PinSignal>> | undefined;
  readonly timeline: Timeline;
  readonly register: (name: "CR1" | "CR2" | "CR3") => number;
  readonly baud: () => number;
  /** A smartcard's clock, Hz. */
  readonly cardHz: () => number;
  readonly transmitter: () => UsartTransmitter;
  /** While it is a synchronous slave. */
  readonly slave: () => UsartSlave | undefined;
}

const NO_PINS = { TX: NO_PIN, RX: NO_PIN, CK: NO_PIN } as const;

export class UsartPins {
  readonly #host: UsartPinsHost;
  readonly #pins: Readonly<Record<UsartPin, PinSignal>>;
  #refusing = false;

  constructor(host: UsartPinsHost) {
    this.#host = host;
    this.#pins = host.pins ?? NO_PINS;
  }

  get clock(): PinSignal {
    return this.#pins.CK;
  }

  /** The pin that carries what is sent. */
  get line(): PinSignal {
    return this.#pins[this.#swapped ? "RX" : "TX"];
  }

  /** The pin that carries what is received. */
  get input(): UsartPin {
    return this.singleWire !== this.#swapped ? "TX" : "RX";
  }

  /** Both directions on one pin. */
  get singleWire(): boolean {
    return this.#has("CR3", CR3.HDSEL | CR3.SCEN);
  }

  /** The transmitter's own frames come back by the pin, where there is one. */
  get loops(): boolean {
    return this.singleWire && this.line.level !== undefined;
  }

  /** It tells a smartcard that its frame was wrong. */
  get refusing(): boolean {
    return this.#refusing;
  }

  /** The level that the receiver sees. */
  get received(): boolean {
    return this.logic(this.#pins[this.input].level);
  }

  /** What a level of the pin is to the receiver. A pin that is not connected is idle. */
  logic(level: boolean | undefined): boolean {
    return level === undefined || level !== this.#has("CR2", CR2.RXINV);
  }

  /** What is driven onto a pin; undefined: nothing. */
  output(pin: UsartPin): boolean | undefined {
    if (pin === "CK") return this.#clockLevel;
    return (pin === "TX") === this.#swapped ? undefined : this.#transmitLevel;
  }

  /** What it drives may have changed. */
  refresh(): void {
    this.line.refresh();
    this.clock.refresh();
  }

  /** Pulls a smartcard's line low for a bit. */
  refuse(): void {
    const { timeline, baud } = this.#host;
    const pull = (on: boolean): void => {
      this.#refusing = on;
      this.line.refresh();
    };
    pull(true);
    timeline.after(1e9 / baud(), () => pull(false));
  }

  get #swapped(): boolean {
    return this.#has("CR2", CR2.SWAP);
  }

  #has(name: "CR1" | "CR2" | "CR3", bits: number): boolean {
    return (this.#host.register(name) & bits) !== 0;
  }

  get #transmitLevel(): boolean | undefined {
    if (this.#refusing) return false;
    if (!this.#has("CR1", CR1.UE) || !this.#has("CR1", CR1.TE)) return undefined;
    const transmitter = this.#host.transmitter();
    const slave = this.#host.slave();
    if (slave === undefined && this.singleWire && !transmitter.shifting) return undefined;
    const level = slave === undefined ? transmitter.level : slave.level;
    return level === undefined ? undefined : level !== this.#has("CR2", CR2.TXINV);
  }

  get #clockLevel(): boolean | undefined {
    // A smartcard has its clock whatever UE says.
    const card = this.#has("CR3", CR3.SCEN);
    if (!this.#has("CR2", CR2.CLKEN) || !(card || this.#has("CR1", CR1.UE))) return undefined;
    const { timeline, cardHz, transmitter } = this.#host;
    if (!card) return transmitter().clockActive !== this.#has("CR2", CR2.CPOL);
    return Math.floor((2 * timeline.now * cardHz()) / 1e9) % 2 === 1;
  }
}
