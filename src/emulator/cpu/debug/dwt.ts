/**
 * Data watchpoint and trace unit, 0xE0001000 (DDI 0403E, C1.8): the cycle counter and the sample of the PC; for its comparators
 * see dwt-comparators.ts, for its smaller counters dwt-counters.ts.
 */

import type { AccessSize, BusDevice, EmulatorLog } from "../../bus.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { SoftwareLock } from "../system/software-lock.js";
import { coresightId, PART } from "./coresight-id.js";
import type { DwtComparators } from "./dwt-comparators.js";
import { COUNTERS_ENABLE, type CounterName, DwtCounters } from "./dwt-counters.js";

const CYCCNTENA = 1;
const CYCCNT = 4;
const PCSR = 0x1c;
const NO_SAMPLE = 0xffffffff;
const NUMCOMP_4 = 0x40000000;

export interface DwtOptions {
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly lock: SoftwareLock;
  readonly comparators: DwtComparators;
  /** Instructions take the time of a model. */
  readonly timeModel: boolean;
  /** DEMCR.TRCENA */
  readonly traceEnabled: () => boolean;
  /** The instruction that executes, or executed last; undefined in Debug state. */
  readonly pc: () => number | undefined;
}

export class Dwt implements BusDevice {
  readonly #timeline: Timeline;
  readonly #options: DwtOptions;
  readonly counters: DwtCounters;
  readonly #regs: RegisterBlock<"CTRL" | "CYCCNT" | "PCSR" | CounterName>;
  readonly #control: RegisterCell;
  #count = 0;
  #since = 0;
  #paused = false;
  /** The core sleeps, and its clock goes on. */
  #asleep = false;
  /** Time passed while the core ran, since somebody asked. */
  #executed = false;
  /** CYCCNT gets to what comparator 0 waits for. */
  #match: TimelineEvent | undefined;

  constructor(options: DwtOptions) {
    const { timeline, log } = options;
    this.#timeline = timeline;
    this.#options = options;
    this.counters = new DwtCounters(log, options.timeModel, options.traceEnabled);
    this.#regs = new RegisterBlock(
      {
        CTRL: {
          offset: 0,
          reset: NUMCOMP_4,
          ro: 0xf0000000,
          rw: CYCCNTENA | COUNTERS_ENABLE,
          tagged: 0x00411ffe,
          onWrite: () => this.counters.controlChanged(this.#control.value),
        },
        CYCCNT: { offset: CYCCNT, reset: 0, rw: 0xffffffff, onRead: () => this.#count },
        PCSR: { offset: PCSR, reset: 0, ro: NO_SAMPLE, onRead: () => options.pc() ?? NO_SAMPLE },
        ...this.counters.registers,
      },
      { name: "DWT", log },
    );
    this.#control = this.#regs.cell("CTRL");
  }

  reset(): void {
    this.#regs.reset();
    this.#count = 0;
    this.#paused = false;
    this.#asleep = false;
    this.counters.reset();
    this.#options.lock.reset();
    this.expectMatch();
  }

  read(offset: number, size: AccessSize): number {
    this.synchronise();
    if (offset === CYCCNT && size === 4) return this.#count;
    const { lock, comparators } = this.#options;
    if (comparators.owns(offset)) return comparators.registers.read(offset, size);
    return (
      lock.read(offset) ?? coresightId(offset & ~3, PART.DWT[0], PART.DWT[1]) ?? this.#regs.read(offset, size)
    );
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.synchronise();
    const { lock, comparators, traceEnabled, log } = this.#options;
    if (lock.takesWrite(offset, value)) return;
    if (!traceEnabled())
      log.once("dwt.trcena", "DWT: write while DEMCR.TRCENA is 0; nothing counts or compares");
    if (comparators.owns(offset)) {
      comparators.registers.write(offset, size, value);
      return;
    }
    this.#regs.write(offset, size, value);
    if (offset === CYCCNT) this.#count = this.#regs.get("CYCCNT");
    this.expectMatch();
  }

  /** Does CYCCNT go on with each cycle? */
  get counts(): boolean {
    return !this.#paused && (this.#control.value & CYCCNTENA) !== 0 && this.#options.traceEnabled();
  }

  /** To be called after whatever changes how the counter goes on, or what comparator 0 waits for. */
  expectMatch(): void {
    const { comparators } = this.#options;
    const timeline = this.#timeline;
    timeline.cancel(this.#match);
    this.#match = undefined;
    const wanted = this.counts ? comparators.cycles : undefined;
    if (wanted === undefined) return;
    this.synchronise();
    const cycles = (wanted - this.#count + 2 ** 32) % 2 ** 32 || 2 ** 32;
    this.#match = timeline.after(this.#since + cycles * timeline.nsPerCycle - timeline.now, () => {
      comparators.cyclesReached();
      this.expectMatch();
    });
  }

  /** Brings the counter up to now; to be called before anything that starts or stops it. */
  synchronise(): void {
    const elapsed = (this.#timeline.now - this.#since) / this.#timeline.nsPerCycle;
    const whole = Math.floor(elapsed + 1e-6);
    this.#since += whole * this.#timeline.nsPerCycle;
    if (this.#asleep) this.counters.slept(whole);
    else if (whole > 0 && !this.#paused) this.#executed = true;
    if (!this.counts) return;
    this.#count = (this.#count + whole) >>> 0;
  }

  /** Did the core run since this was asked the last time (DHCSR.S_RETIRE_ST)? */
  takeExecuted(): boolean {
    this.synchronise();
    const executed = this.#executed;
    this.#executed = false;
    return executed;
  }

  beforeClockChange(): void {
    this.synchronise();
    this.#since = this.#timeline.now;
  }

  afterClockChange(): void {
    this.expectMatch();
  }

  /** @param clocked the core's clock goes on; else it stands still, and so does what counts it */
  sleep(clocked: boolean): void {
    if (!clocked) {
      this.pause();
      return;
    }
    this.synchronise();
    this.#asleep = true;
  }

  /** In Debug state. */
  pause(): void {
    this.synchronise();
    this.#paused = true;
    this.expectMatch();
  }

  resume(): void {
    this.synchronise();
    this.#paused = false;
    this.#asleep = false;
    this.expectMatch();
  }
}
