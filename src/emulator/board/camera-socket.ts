/**
 * A camera at the pins of DCMI. VSYNC and HREF are levels at their pins; what the data lines carry goes to DCMI by the piece.
 * A frame's lines are spread over its time, and a line's bytes over three quarters of the line's.
 */

import { CAMERA_DATA_PINS, type CameraPin, type CameraWiring } from "../../boards/board.js";
import type { EmulatorLog } from "../bus.js";
import type { CameraFrame, CameraSensor } from "../camera/sensor.js";
import type { Dcmi } from "../peripherals/dcmi/dcmi.js";
import type { PortLetter } from "../peripherals/gpio.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import type { PinAt } from "./flash-socket.js";

export interface CameraSocketOptions {
  readonly sensor: CameraSensor;
  readonly wiring: CameraWiring;
  readonly dcmi: Dcmi;
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly pinAt: (name: string) => PinAt;
  readonly hasAlternateFunction: (port: PortLetter, pin: number, af: number) => boolean;
}

/** Of a frame's time the lines have so much, and of a line's time its bytes. */
const LINES_SHARE = 0.9;
const BYTES_SHARE = 0.75;
/** Bytes that reach DCMI together: half of its FIFO. */
const PIECE = 16;
/** How often a camera that sends nothing is looked at again: its clock may be back. */
const IDLE_NS = 10e6;

export class CameraSocket {
  readonly #options: CameraSocketOptions;
  readonly #sync: Readonly<Record<"VSYNC" | "HREF", PinAt>>;
  #next: TimelineEvent | undefined;
  #number = 0;
  #sending = false;
  #powered = false;

  constructor(options: CameraSocketOptions) {
    const { sensor, wiring, pinAt } = options;
    this.#options = options;
    this.#sync = { VSYNC: pinAt(wiring.pins.VSYNC.pin), HREF: pinAt(wiring.pins.HSYNC.pin) };
    sensor.onChange = () => {
      if (this.#powered && !this.#sending) this.#frame();
    };
  }

  powerOn(): void {
    this.#powered = true;
    this.#number = 0;
    this.#frame();
  }

  powerOff(): void {
    this.#powered = false;
    this.#sending = false;
    this.#options.timeline.cancel(this.#next);
    for (const { gpio, pin } of Object.values(this.#sync)) gpio.release(pin);
  }

  /** The next frame begins, or the camera rests. */
  #frame(): void {
    const { sensor, log } = this.#options;
    const frame = sensor.frame(this.#number);
    this.#sending = frame !== undefined;
    if (frame === undefined) {
      this.#level("VSYNC", false);
      this.#level("HREF", false);
      this.#after(IDLE_NS, () => this.#frame());
      return;
    }
    this.#number++;
    const what = `camera: ${frame.description}, ${frame.rate.toFixed(1)} frames a second`;
    log.once(what, what);
    this.#level("VSYNC", true);
    const lineNs = (LINES_SHARE * 1e9) / (frame.rate * frame.lines);
    this.#line(frame, 0, lineNs);
  }

  /** A line begins after the pause before it. */
  #line(frame: CameraFrame, n: number, lineNs: number): void {
    const pause = lineNs * (1 - BYTES_SHARE);
    if (n === frame.lines) {
      this.#after(pause, () => {
        this.#level("VSYNC", false);
        this.#after(((1 - LINES_SHARE) * 1e9) / frame.rate - pause, () => this.#frame());
      });
      return;
    }
    this.#after(pause, () => {
      this.#level("HREF", true);
      const end = (): void => {
        this.#level("HREF", false);
        this.#line(frame, n + 1, lineNs);
      };
      if (this.#options.dcmi.wantsData) this.#bytes(frame.line(n), lineNs * BYTES_SHARE, end);
      else this.#after(lineNs * BYTES_SHARE, end);
    });
  }

  #bytes(bytes: Uint8Array, ns: number, end: () => void): void {
    const seen = this.#seen();
    const piece = (at: number): void => {
      const next = Math.min(at + PIECE, bytes.length);
      this.#after((ns * (next - at)) / Math.max(1, bytes.length), () => {
        if (seen !== 0) this.#options.dcmi.clockIn(bytes.subarray(at, next).map((byte) => byte & seen));
        if (next === bytes.length) end();
        else piece(next);
      });
    };
    piece(0);
  }

  /** Data lines that reach DCMI; none without the pixel clock. */
  #seen(): number {
    if (!this.#muxed("PIXCLK")) return 0;
    return CAMERA_DATA_PINS.reduce((seen, name, bit) => (this.#muxed(name) ? seen | (1 << bit) : seen), 0);
  }

  #muxed(name: CameraPin): boolean {
    const { wiring, pinAt, hasAlternateFunction } = this.#options;
    const { port, pin } = pinAt(wiring.pins[name].pin);
    return hasAlternateFunction(port, pin, wiring.pins[name].af);
  }

  #level(which: "VSYNC" | "HREF", active: boolean): void {
    const { gpio, pin } = this.#sync[which];
    gpio.drive(pin, active === this.#options.sensor.active[which], "strong");
  }

  #after(ns: number, run: () => void): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#next);
    this.#next = timeline.after(ns, run);
  }
}
