/**
 * HRTIM1 (RM0433, chapter HRTIM; what RM0399 has of the same unit as text): the master and timers A..E with their outputs,
 * external events, faults, burst mode, triggers, interrupts and DMA. There is no DLL: fHRTIM is the finest step.
 *
 * Between two events that somebody waits for, nothing is scheduled.
 */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import type { TriggerListener } from "../timers/tim-trigger.js";
import { ALL_TIMERS, FLAGS, MASTER, STATUS, UNITS } from "./hrtim-bits.js";
import { HrtimBurst } from "./hrtim-burst.js";
import { HrtimBurstDma } from "./hrtim-burst-dma.js";
import { HrtimClock } from "./hrtim-clock.js";
import { HrtimCore } from "./hrtim-core.js";
import { NEVER } from "./hrtim-counter.js";
import { HrtimEventFilter } from "./hrtim-event-filter.js";
import { HrtimEvents } from "./hrtim-events.js";
import { type FaultSource, HrtimFaults } from "./hrtim-faults.js";
import { HrtimOutputs, SIDES, type Side } from "./hrtim-outputs.js";
import { HrtimProtection } from "./hrtim-protection.js";
import { type HrtimHooks, hrtimRegisters } from "./hrtim-registers.js";
import { HrtimSync } from "./hrtim-sync.js";
import { HrtimTimer } from "./hrtim-timer.js";
import { HrtimTriggers } from "./hrtim-triggers.js";
import { HrtimUpdates } from "./hrtim-updates.js";
import { HrtimWrites } from "./hrtim-writes.js";

export interface HrtimOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly clocked: ClockGate;
  /** fHRTIM, 0 while it stands still. */
  readonly clockHz: () => number;
  /** A debugger halts the core, and DBGMCU holds HRTIM meanwhile. */
  readonly frozen?: () => boolean;
  /** Of timers A..E and, last, of the master. */
  readonly interrupts?: readonly InterruptLine[];
  readonly faultInterrupt?: InterruptLine;
  /** DMA is asked for by timers A..E (0..4) or the master (5). */
  readonly request?: (timer: number) => void;
  /** Outputs that `watch` named, or SCOUT, may have changed. */
  readonly onOutputs?: () => void;
}

/** ISR and IER: the faults, and the burst mode's period, which is told with the master's. */
const FAULT_FLAGS = 0x3f;
const BMPER = 1 << 17;
/** Of what `watch` takes. */
const SCOUT = 1 << 10;

export class Hrtim implements BusDevice {
  readonly registers: RegisterBlock<string>;
  readonly #options: HrtimOptions;
  readonly #clock: HrtimClock;
  readonly #timers: readonly HrtimTimer[];
  readonly #outputs: readonly HrtimOutputs[];
  readonly #filters: readonly HrtimEventFilter[];
  readonly #events: HrtimEvents;
  readonly #faults: HrtimFaults;
  readonly #burst: HrtimBurst;
  readonly #burstDma: HrtimBurstDma;
  readonly #updates: HrtimUpdates;
  readonly #protection: HrtimProtection;
  readonly #triggers: HrtimTriggers;
  readonly #syncOut: HrtimSync;
  readonly #core: HrtimCore;
  readonly #writes: HrtimWrites;
  readonly #isr: RegisterCell;
  readonly #ier: RegisterCell;
  #watched = 0;
  #requested = MASTER;
  #next: TimelineEvent | undefined;

  constructor(options: HrtimOptions) {
    this.#options = options;
    const { log, timeline, clocked, clockHz } = options;
    const registers = new RegisterBlock(hrtimRegisters(this.#hooks()), { name: "HRTIM1", log, clocked });
    this.registers = registers;
    this.#isr = registers.cell("ISR");
    this.#ier = registers.cell("IER");
    this.#clock = new HrtimClock(timeline, clockHz);
    this.#timers = ALL_TIMERS.map((index) => new HrtimTimer(index, registers));
    const timers = this.#timers;
    const outputs = UNITS.map((unit) => new HrtimOutputs(timers[unit] as HrtimTimer));
    this.#outputs = outputs;
    const inputs = { registers, timeline, clockHz: () => this.#clock.hz };
    this.#events = new HrtimEvents({
      ...inputs,
      sync: () => this.#sync(),
      onEvents: (events) => this.#after(() => this.#core.happen({ events })),
    });
    this.#faults = new HrtimFaults({
      ...inputs,
      onFaults: (faults) => this.#after(() => this.#faulted(faults)),
    });
    const fast = (event: number): boolean => this.#events.fast(event);
    this.#filters = UNITS.map(
      (unit) => new HrtimEventFilter(timers[unit] as HrtimTimer, { timers, outputs, fast }),
    );
    this.#burst = new HrtimBurst({
      registers,
      onIdle: (idle) => this.#setBurst(idle),
      onFlag: () => this.#updateInterrupts(),
    });
    this.#burstDma = new HrtimBurstDma({
      registers,
      onRequest: () => options.request?.(this.#requested),
      onDone: () => this.#core.happen({ enabled: this.#updates.burstDone() }),
    });
    this.#updates = new HrtimUpdates(registers, timers);
    this.#protection = new HrtimProtection({ registers, timers, outputs });
    this.#triggers = new HrtimTriggers(registers, timers);
    this.#syncOut = new HrtimSync(registers);
    this.#core = new HrtimCore({
      timers,
      outputs,
      filters: this.#filters,
      burst: this.#burst,
      updates: this.#updates,
      protection: this.#protection,
      levels: () => this.#events.levels,
      onInstant: (fired, events, group) => this.#instant(fired, events, group),
    });
    this.#writes = new HrtimWrites({
      registers,
      timers,
      outputs,
      events: this.#events,
      faults: this.#faults,
      burst: this.#burst,
      burstDma: this.#burstDma,
      triggers: this.#triggers,
      synchronization: this.#syncOut,
      cycle: () => this.#clock.cycle,
      happen: (cause) => this.#core.happen(cause),
      tell: (timer, event) => {
        const fired = ALL_TIMERS.map((each) => (each === timer ? event : 0));
        this.#instant(fired, 0, [timer]);
      },
      faulty: (unit) => this.#faultActive(unit),
      mistake: (message) => log.once(`HRTIM1.${message}`, `guest mistake: HRTIM1.${message}`),
    });
  }

  #hooks(): HrtimHooks {
    return {
      timerWritten: (timer, kind, values) => this.#writes.timer(timer, kind, values),
      status: (timer, stored) => this.#status(timer, stored),
      count: (timer) => this.#timer(timer).counter.count(this.#clock.cycle),
      compound: (timer) => (this.#timer(timer).register("REP") << 16) | this.#timer(timer).register("CMP1"),
      commonWritten: (name, values) => this.#writes.common(name, values),
      outputsEnabled: () => this.#each((outputs, side) => outputs.enabled(side)),
      outputsFaulty: () => this.#each((outputs, side) => outputs.faulty(side)),
    };
  }

  read(offset: number, size: AccessSize): number {
    this.#sync();
    return this.registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#sync();
    this.registers.write(offset, size, value);
    this.#changed();
  }

  reset(): void {
    this.registers.reset();
    for (const timer of this.#timers) timer.reset();
    for (const outputs of this.#outputs) outputs.reset();
    for (const filter of this.#filters) filter.reset();
    for (const part of [this.#burst, this.#updates, this.#protection, this.#triggers, this.#syncOut])
      part.reset();
    this.#burstDma.restart();
    this.#events.look();
    this.#faults.look();
    this.#changed();
  }

  /** fHRTIM may have changed. Held by a debugger, outputs that run go to their fault state, and stay (RM0433, "Debug"). */
  clockChanged(): void {
    this.#sync();
    this.#clock.changed();
    if (this.#options.frozen?.() === true) for (const outputs of this.#outputs) outputs.fault();
    this.#options.onOutputs?.();
    this.#schedule();
  }

  /** The level of output 0..9: TA1, TA2, TB1 and so on; undefined: not driven. */
  output(number: number): boolean | undefined {
    this.#sync();
    return this.#outputs[number >>> 1]?.level((number & 1) as Side, this.#clock.cycle);
  }

  /** SCOUT; undefined while MCR.SYNCOUT does not drive it. */
  get synchronization(): boolean | undefined {
    this.#sync();
    return this.#syncOut.level(this.#clock.cycle);
  }

  /** Somebody looks at these outputs (bit 0: TA1; bit 10: SCOUT): each edge is told from now on. */
  watch(outputs: number): void {
    if (outputs === this.#watched) return;
    this.#watched = outputs;
    this.#schedule();
  }

  /** External event 1..10 has this level at source 1..4. */
  setEvent(event: number, source: number, level: boolean): void {
    this.#events.set(event, source, level);
  }

  /** Does external event 1..10 take this source? */
  takesEvent(event: number, source: number): boolean {
    return this.#events.takes(event, source);
  }

  /** Fault 1..5 has this level; undefined: no pin is connected. */
  setFault(fault: number, source: FaultSource, level: boolean | undefined): void {
    this.#faults.set(fault, source, level);
  }

  setSystemFault(active: boolean): void {
    this.#faults.setSystem(active);
  }

  /** A synchronization pulse of TIM1 (2) or at SCIN (3), which MCR.SYNCIN selects. */
  synchronize(source: 2 | 3): void {
    if (this.takesSynchronization(source)) this.#after(() => this.#core.happen({ sync: true }));
  }

  takesSynchronization(source: 2 | 3): boolean {
    return ((this.registers.get("MCR") >>> 8) & 3) === source;
  }

  /** An edge at update enable input 1..3. */
  updateEnable(input: number): void {
    this.#after(() => this.#core.happen({ enabled: this.#updates.input(input) }));
  }

  takesUpdateEnable(input: number): boolean {
    return this.#updates.takes(input);
  }

  /** A clock of the burst mode controller: 1: TIM16, 2: TIM17, 3: TIM7. */
  burstClock(which: 1 | 2 | 3): void {
    this.#after(() => this.#burst.outside(which));
  }

  takesBurstClock(which: 1 | 2 | 3): boolean {
    return this.#burst.takes(which);
  }

  burstTrigger(): void {
    this.#after(() => this.#burst.onChip(this.#clock.cycle));
  }

  get takesBurstTrigger(): boolean {
    return this.#burst.wantsOnChip;
  }

  /** `listener` hears of hrtim_adc_trg1..4. */
  onAdcTrigger(trigger: number, listener: TriggerListener): void {
    this.#triggers.adc[trigger - 1]?.add(listener);
  }

  /** `listener` hears of hrtim_dac_trg1..3. */
  onDacTrigger(trigger: number, listener: TriggerListener): void {
    this.#triggers.dac[trigger - 1]?.add(listener);
  }

  #timer(index: number): HrtimTimer {
    return this.#timers[index] as HrtimTimer;
  }

  #sync(): void {
    this.#core.advance(this.#clock.cycle);
  }

  #after(event: () => void): void {
    this.#sync();
    event();
    this.#changed();
  }

  #instant(fired: readonly number[], events: number, group: readonly number[]): void {
    for (const index of group) {
      const happened = fired[index] ?? 0;
      if (happened === 0) continue;
      const timer = this.#timer(index);
      timer.setFlags(happened & FLAGS);
      if (((timer.active.DIER >>> 16) & happened & FLAGS) === 0) continue;
      this.#requested = index;
      this.#options.request?.(index);
    }
    this.#triggers.instant(fired, events);
    this.#syncOut.instant(fired, this.#clock.cycle);
  }

  #status(index: number, stored: number): number {
    const outputs = this.#outputs[index];
    if (outputs === undefined) return stored;
    const { cycle } = this.#clock;
    let status = stored | (outputs.pushed === 1 ? STATUS.CPPSTAT : 0);
    for (const side of SIDES) if (outputs.waveform(side, cycle)) status |= STATUS.O1CPY << side;
    return status >>> 0;
  }

  #each(holds: (outputs: HrtimOutputs, side: Side) => boolean): number {
    let bits = 0;
    for (const unit of UNITS) {
      for (const side of SIDES)
        if (holds(this.#outputs[unit] as HrtimOutputs, side)) bits |= 1 << (unit * 2 + side);
    }
    return bits;
  }

  /** FLTxR, and the system fault, which needs no enable. */
  #faultActive(unit: number): boolean {
    return (this.#faults.active & ((this.#timer(unit).register("FLT") & 0x1f) | 0x20)) !== 0;
  }

  #faulted(faults: number): void {
    this.registers.setBits("ISR", faults, true);
    for (const unit of UNITS) if (this.#faultActive(unit)) this.#outputs[unit]?.fault();
  }

  /** Burst mode's idle state begins or ends; timers that it stops stand at 0. */
  #setBurst(idle: boolean): void {
    const { cycle } = this.#clock;
    for (const timer of this.#timers) {
      if (!timer.enabled) continue;
      this.#outputs[timer.index]?.setBurst(idle, cycle);
      if (!this.#burst.stops(timer.index)) continue;
      timer.counter.stop(cycle);
      timer.counter.place(cycle, 0);
      if (!idle) timer.counter.start(cycle);
    }
  }

  /** After anything that may change what comes next. */
  #changed(): void {
    this.#clock.changed();
    this.#core.configure();
    this.#triggers.configure();
    this.#updateInterrupts();
    this.#options.onOutputs?.();
    this.#schedule();
  }

  #updateInterrupts(): void {
    const { interrupts, faultInterrupt } = this.#options;
    const common = this.#isr.value & this.#ier.value;
    for (const [index, line] of (interrupts ?? []).entries()) {
      const timer = this.#timer(index);
      const own = timer.flags & timer.active.DIER & FLAGS;
      line.set(own !== 0 || (index === MASTER && (common & BMPER) !== 0));
    }
    faultInterrupt?.set((common & FAULT_FLAGS) !== 0);
  }

  /** Does anybody wait for what this timer does? */
  #awaits(index: number): boolean {
    const timer = this.#timer(index);
    const { DIER } = timer.active;
    if (DIER >>> 16 !== 0 || (DIER & FLAGS & ~timer.flags) !== 0) return true;
    if (index === MASTER) {
      const burst = this.#burst.running && (this.#ier.value & ~this.#isr.value & BMPER) !== 0;
      if (burst || (this.#watched & SCOUT) !== 0) return true;
    } else if (((this.#watched >>> (index * 2)) & 3) !== 0) return true;
    return this.#triggers.awaits(index);
  }

  #schedule(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#next);
    this.#next = undefined;
    if (this.#clock.hz === 0) return;
    const { cycle } = this.#clock;
    let at = this.#core.next((index) => this.#awaits(index));
    for (const unit of UNITS) {
      if (((this.#watched >>> (unit * 2)) & 3) !== 0)
        at = Math.min(at, this.#outputs[unit]?.next(cycle) ?? NEVER);
    }
    if ((this.#watched & SCOUT) !== 0) at = Math.min(at, this.#syncOut.next(cycle));
    if (at === NEVER) return;
    this.#next = timeline.after(this.#clock.nsUntil(at), () => {
      this.#sync();
      this.#updateInterrupts();
      this.#options.onOutputs?.();
      this.#schedule();
    });
  }
}
