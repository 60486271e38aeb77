/**
 * Data watchpoint and trace unit, 0xE0001000 (DDI 0403E, C1.8): the cycle counter. Comparators are not modelled;
 * touching them is logged.
 */

import type { AccessSize, BusDevice, EmulatorLog } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline } from "../timeline.js";

const CYCCNTENA = 1;
/** CoreSight lock register; on Cortex-M7 software must write its key before DWT can be written. */
const LAR = 0xfb0;
const LSR = 0xfb4;
const KEY = 0xc5acce55;
const NUMCOMP_4 = 0x40000000;

export class Dwt implements BusDevice {
  readonly #timeline: Timeline;
  readonly #log: EmulatorLog;
  readonly #traceEnabled: () => boolean;
  readonly #regs: RegisterBlock<"CTRL" | "CYCCNT">;
  #count = 0;
  #since = 0;
  #paused = false;
  #locked = true;

  /** @param traceEnabled DEMCR.TRCENA */
  constructor(timeline: Timeline, log: EmulatorLog, traceEnabled: () => boolean) {
    this.#timeline = timeline;
    this.#log = log;
    this.#traceEnabled = traceEnabled;
    this.#regs = new RegisterBlock(
      {
        CTRL: { offset: 0, reset: NUMCOMP_4, ro: 0xf0000000, rw: CYCCNTENA, tagged: 0x005f1ffe },
        CYCCNT: { offset: 4, reset: 0, rw: 0xffffffff, onRead: () => this.#count },
      },
      { name: "DWT", log },
    );
  }

  reset(): void {
    this.#regs.reset();
    this.#count = 0;
    this.#paused = false;
    this.#locked = true;
  }

  read(offset: number, size: AccessSize): number {
    this.synchronise();
    if (offset === LSR) return this.#locked ? 3 : 1;
    return this.#regs.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.synchronise();
    if (offset === LAR) {
      this.#locked = value !== KEY;
      return;
    }
    if (this.#locked) {
      const message = "DWT: write ignored, because LAR was not unlocked with 0xC5ACCE55 before";
      this.#log.once("dwt.lock", message);
      return;
    }
    if (!this.#traceEnabled())
      this.#log.once("dwt.trcena", "DWT: write while DEMCR.TRCENA is 0; the counter does not count");
    this.#regs.write(offset, size, value);
    if (offset === 4) this.#count = this.#regs.get("CYCCNT");
  }

  /** Brings the counter up to now; to be called before anything that starts or stops it. */
  synchronise(): void {
    const elapsed = (this.#timeline.now - this.#since) / this.#timeline.nsPerCycle;
    const whole = Math.floor(elapsed + 1e-6);
    this.#since += whole * this.#timeline.nsPerCycle;
    if (this.#paused || !this.#traceEnabled() || !this.#regs.has("CTRL", CYCCNTENA)) return;
    this.#count = (this.#count + whole) % 2 ** 32;
  }

  beforeClockChange(): void {
    this.synchronise();
    this.#since = this.#timeline.now;
  }

  /** Asleep the core's clock stands still, and so does the counter. */
  pause(): void {
    this.synchronise();
    this.#paused = true;
  }

  resume(): void {
    this.synchronise();
    this.#paused = false;
  }
}
