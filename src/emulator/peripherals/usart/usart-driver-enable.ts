/** DE: the enable of an RS-485 driver, some time before the first start bit and behind the last stop bit (RM0433, "RS485 driver enable"). */

import type { Timeline, TimelineEvent } from "../../timeline.js";
import { CR3 } from "./usart-bits.js";

export interface DriverEnableHost {
  readonly timeline: Timeline;
  readonly register: (name: "CR1" | "CR3") => number;
  /** How long so many steps of DEAT and DEDT are. */
  readonly driverNs: (steps: number) => number;
  /** The driver is on: frames may leave. */
  readonly ready: () => void;
  /** The pin may have changed. */
  readonly update: () => void;
}

export class DriverEnable {
  readonly #host: DriverEnableHost;
  #state: "off" | "rising" | "on" | "falling" = "off";
  #event: TimelineEvent | undefined;

  constructor(host: DriverEnableHost) {
    this.#host = host;
  }

  get active(): boolean {
    return this.#state !== "off";
  }

  stop(): void {
    this.#host.timeline.cancel(this.#event);
    this.#state = "off";
  }

  /** A frame wants to leave. @returns whether it may now; else `ready` is called */
  assert(): boolean {
    if ((this.#host.register("CR3") & CR3.DEM) === 0) return true;
    if (this.#state === "on") return true;
    if (this.#state !== "off") return false;
    const ns = this.#delayNs(21);
    this.#state = ns === 0 ? "on" : "rising";
    this.#host.update();
    if (ns > 0) this.#after(ns, "on", () => this.#host.ready());
    return ns === 0;
  }

  /** The last frame left. */
  release(): void {
    if (this.#state !== "on") return;
    this.#state = "falling";
    this.#after(this.#delayNs(16), "off", () => this.#host.ready());
  }

  #after(ns: number, state: "on" | "off", then: () => void): void {
    this.#event = this.#host.timeline.after(ns, () => {
      this.#state = state;
      this.#host.update();
      then();
    });
  }

  /** DEAT or DEDT. */
  #delayNs(shift: number): number {
    return this.#host.driverNs((this.#host.register("CR1") >>> shift) & 0x1f);
  }
}
