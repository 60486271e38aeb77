/** A timer's time-base unit: counter, prescaler, repetition, and what their events lead to (RM0433, "Time-base unit", "Timer synchronization"). */

import type { RegisterBlock } from "../../registers.js";
import type { TimBreak } from "./tim-break.js";
import type { TimChannels } from "./tim-channels.js";
import { SLAVE, type TimClock } from "./tim-clock.js";
import type { LapCounter } from "./tim-counter.js";
import type { TimFlags } from "./tim-flags.js";
import type { TimInputs } from "./tim-inputs.js";
import type { TimMaster } from "./tim-master.js";
import type { TimOptions } from "./tim-options.js";
import type { PeriodicInputs } from "./tim-periodic.js";
import type { TimPins } from "./tim-pins.js";
import * as bits from "./tim-registers.js";

/** A timer's other parts. */
export interface TimParts {
  readonly registers: RegisterBlock<string>;
  readonly options: TimOptions;
  /** Has the timer a register of this name? */
  readonly has: (name: string) => boolean;
  readonly counter: LapCounter;
  readonly channels: TimChannels;
  readonly inputs: TimInputs;
  readonly periodic: PeriodicInputs;
  readonly clock: TimClock;
  readonly flags: TimFlags;
  readonly brake: TimBreak;
  readonly pins: TimPins;
  readonly master: TimMaster;
}

export class TimBase {
  readonly #registers: RegisterBlock<string>;
  readonly #options: TimOptions;
  readonly #has: (name: string) => boolean;
  readonly #counter: LapCounter;
  readonly #channels: TimChannels;
  readonly #inputs: TimInputs;
  readonly #periodic: PeriodicInputs;
  readonly #clock: TimClock;
  readonly #flags: TimFlags;
  readonly #break: TimBreak;
  readonly #pins: TimPins;
  readonly #master: TimMaster;
  #repetitions = 0;
  #syncing = false;

  constructor(parts: TimParts) {
    this.#registers = parts.registers;
    this.#options = parts.options;
    this.#has = parts.has;
    this.#counter = parts.counter;
    this.#channels = parts.channels;
    this.#inputs = parts.inputs;
    this.#periodic = parts.periodic;
    this.#clock = parts.clock;
    this.#flags = parts.flags;
    this.#break = parts.brake;
    this.#pins = parts.pins;
    this.#master = parts.master;
  }

  reset(): void {
    this.#counter.direction = "up";
    this.#counter.arr = this.#counter.max;
    this.#counter.position = 0;
    this.#clock.reset();
    this.#repetitions = 0;
  }

  get counting(): boolean {
    return this.#clock.counting(this.#counter.arr);
  }

  /** CNT now; undefined when something else came meanwhile, which `sync` has to bring to the present first. */
  get countNow(): number | undefined {
    if (!this.counting) return this.#counter.count;
    const ticks = this.#clock.ticksUntil(this.#options.timeline.now);
    if (this.#periodic.captures || ticks >= this.#counter.ticksToUpdate) return undefined;
    return this.#counter.countIn(ticks);
  }

  /** Brings counter, flags and outputs to the present. */
  sync(): void {
    if (this.#syncing) return;
    const { now } = this.#options.timeline;
    const clock = this.#clock;
    this.#syncing = true;
    this.#capturePeriodic(now);
    while (this.counting) {
      const ticks = clock.ticksUntil(now);
      if (ticks <= 0) break;
      const step = this.#undisturbed(ticks);
      clock.since += step * clock.tickNs;
      this.#advance(step);
      this.#pins.note(clock.since);
    }
    if (!this.counting) clock.since = now;
    this.#syncing = false;
  }

  /** How far of so many ticks nothing happens that must be seen at its time. */
  #undisturbed(ticks: number): number {
    const { noticed } = this.#pins;
    const most = this.stopsAtUpdate() ? Math.min(ticks, this.#counter.ticksToUpdate) : ticks;
    if (noticed === 0) return most;
    const { lap } = this.#counter;
    // Whole laps are like each other.
    if (most > 2 * lap) return (Math.floor(most / lap) - 1) * lap;
    return Math.min(most, this.#channels.ticksToEdge(noticed));
  }

  /** Clocks at inputs leave one capture behind, the last one. */
  #capturePeriodic(now: number): void {
    for (const { index, captures, at } of this.#periodic.pass(now)) {
      const { since, tickNs } = this.#clock;
      const ticks = this.counting ? Math.max(0, Math.floor((at - since) / tickNs)) : 0;
      this.captured(index, this.#counter.countIn(ticks), captures);
    }
  }

  /** The next update event changes how it goes on. */
  stopsAtUpdate(): boolean {
    if (this.#registers.has("CR1", bits.OPM)) return true;
    if (this.#registers.get("PSC") !== this.#clock.psc || this.#registers.get("ARR") !== this.#counter.arr)
      return true;
    return this.#channels.waitsForUpdate || this.#break.waitsForUpdate;
  }

  #advance(ticks: number): void {
    for (let index = 0; index < this.#channels.count; index++) this.#passMatches(index, ticks);
    const updates = this.#counter.updates(ticks);
    this.#counter.advance(ticks);
    if (updates > 0) this.#overflowed(updates);
    this.#flags.updateInterrupts();
  }

  #passMatches(index: number, ticks: number): void {
    const { matches, flags } = this.#channels.passed(index, ticks);
    if (matches > 0) this.#channels.all[index]?.matched(matches);
    if (flags === 0) return;
    this.#flags.compare(index);
    if (index === 0) this.#master.pulse("COMPARE");
  }

  captured(index: number, count: number, captures: number): void {
    this.#flags.capture(index, count, captures);
    if (index === 0) this.#master.pulse("COMPARE");
  }

  externalEdge(): void {
    if (this.#clock.edge() && this.#counter.arr > 0) this.#advance(1);
  }

  /** An encoder turns the counter's direction with each step. */
  step(up: boolean): void {
    const { count } = this.#counter;
    const direction = up ? "up" : "down";
    if (this.#counter.direction !== direction) {
      this.#counter.direction = direction;
      this.#counter.place(count);
    }
    this.externalEdge();
  }

  triggered(): void {
    this.#inputs.captureOnTrigger();
    const mode = this.#clock.slaveMode;
    if (this.#has("CR2") && this.#registers.has("CR2", bits.CCUS)) this.commute();
    if (mode < SLAVE.RESET) return;
    this.#channels.trigger();
    this.#flags.trigger();
    if (mode === SLAVE.RESET || mode === SLAVE.RESET_TRIGGER) this.restart();
    if (mode === SLAVE.TRIGGER || mode === SLAVE.RESET_TRIGGER) this.#enable();
    if (mode === SLAVE.EXTERNAL) this.externalEdge();
  }

  /** `times` overflows or underflows; every RCR + 1 of them is an update event. */
  #overflowed(times: number): void {
    const period = (this.#has("RCR") ? this.#registers.get("RCR") : 0) + 1;
    if (times <= this.#repetitions) {
      this.#repetitions -= times;
      return;
    }
    this.#repetitions = period - 1 - ((times - this.#repetitions - 1) % period);
    if (this.#registers.has("CR1", bits.OPM)) {
      this.#registers.setBits("CR1", bits.CEN, false);
      this.#clock.start();
    }
    this.#channels.endPulses();
    if (!this.#registers.has("CR1", bits.UDIS)) this.#updateEvent(true);
  }

  /** Loads what the preload registers hold. @param byCounter not by software or a trigger */
  #updateEvent(byCounter: boolean): void {
    this.#clock.psc = this.#registers.get("PSC");
    this.setArr(this.#registers.get("ARR"));
    this.#channels.update(this.#inputs.etrLevel);
    this.#break.update();
    this.#flags.update(byCounter);
    this.#master.pulse("UPDATE");
  }

  setArr(arr: number): void {
    const { count, countsDown } = this.#counter;
    const { direction, position } = this.#counter;
    this.#counter.arr = arr;
    if (direction === "up") return;
    if (position === 0 && direction === "down") return;
    this.#counter.place(count, countsDown);
  }

  #enable(): void {
    if (this.#registers.has("CR1", bits.CEN)) return;
    this.#clock.start();
    this.#registers.setBits("CR1", bits.CEN, true);
  }

  /** UG, or a slave's reset: counter and prescaler start again. */
  restart(): void {
    this.#counter.position = 0;
    this.#clock.restart();
    this.#repetitions = this.#has("RCR") ? this.#registers.get("RCR") : 0;
    if (!this.#registers.has("CR1", bits.UDIS)) this.#updateEvent(false);
    this.#master.pulse("RESET");
  }

  /** COM: preloaded CCxE, CCxNE and OCxM take effect (CR2.CCPC). */
  commute(): void {
    if (!this.#has("BDTR")) return;
    this.#channels.commute();
    this.#flags.commutation();
  }
}
