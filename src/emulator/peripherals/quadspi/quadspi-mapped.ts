/** QUADSPI: memory-mapped mode (RM0433, "QUADSPI memory-mapped mode"): when it is on, its BUSY and its timeout counter. */

import type { ClockGate, EmulatorLog } from "../../bus.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { FIFO_BYTES } from "./quadspi-registers.js";
import { QuadSpiWindow } from "./quadspi-window.js";
import type { CommandFormat, QuadSpiWire } from "./quadspi-wire.js";

export interface MappedPort {
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly wire: QuadSpiWire;
  readonly clocked: ClockGate;
  /** Each read takes its time at the pins; nothing is lent then. */
  readonly takesTime: boolean;
  /** The command of each burst; undefined while an abort is under way. */
  readonly format: () => CommandFormat | undefined;
  readonly takeInstruction: () => boolean;
  readonly deviceBytes: () => number;
  /** Clocks of TIMEOUT; undefined while CR.TCEN = 0. */
  readonly timeoutClocks: () => number | undefined;
  /** /CS high time, and how much of it is left since the command before; nanoseconds. */
  readonly gapNs: () => number;
  readonly gapLeftNs: () => number;
  /** The bus stalls until board time `ns`. */
  readonly stall: (ns: number) => void;
  readonly onTimeout: () => void;
  readonly onMappingChange: () => void;
}

export class MappedMode {
  /** The 256 MiB at 0x9000_0000. */
  readonly window: QuadSpiWindow;
  readonly #port: MappedPort;
  #on = false;
  #busy = false;
  #timeout: TimelineEvent | undefined;

  constructor(port: MappedPort) {
    this.#port = port;
    this.window = new QuadSpiWindow({
      ...port,
      format: () => (this.#on && port.clocked() ? port.format() : undefined),
      mayLend: () => port.timeoutClocks() === undefined && !port.takesTime,
      now: () => port.timeline.now,
      waitUntil: (ns) => {
        this.#busy = true;
        port.stall(ns);
        this.#restartTimeout();
      },
      gapNs: () => (this.#busy ? port.gapNs() : port.gapLeftNs()),
      onChange: port.onMappingChange,
    });
  }

  get on(): boolean {
    return this.#on;
  }

  /** From the first access to a timeout or an abort: /CS stays low and the controller reads ahead. */
  get busy(): boolean {
    return this.#busy;
  }

  enter(): void {
    this.#on = true;
  }

  leave(): void {
    this.#port.timeline.cancel(this.#timeout);
    this.#on = false;
    this.#busy = false;
    this.window.close();
    this.#port.wire.end();
  }

  /** The counter starts when the bytes behind the last access have filled the FIFO. */
  #restartTimeout(): void {
    const { timeline, wire, timeoutClocks, format, onTimeout } = this.#port;
    const clocks = timeoutClocks();
    const command = format();
    if (clocks === undefined || command === undefined) return;
    timeline.cancel(this.#timeout);
    this.#timeout = timeline.after(FIFO_BYTES * wire.byteNs(command) + clocks * wire.clockNs, () => {
      this.window.release();
      this.#busy = false;
      onTimeout();
    });
  }
}
