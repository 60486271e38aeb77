/** What writes of HRTIM's registers do. */

import type { RegisterBlock } from "../../registers.js";
import {
  ALL_TIMERS,
  bitOf,
  EVENT,
  FLAGS,
  MCEN,
  type RegisterKind,
  registerName,
  UNITS,
} from "./hrtim-bits.js";
import type { HrtimBurst } from "./hrtim-burst.js";
import type { HrtimBurstDma } from "./hrtim-burst-dma.js";
import type { Cause } from "./hrtim-core.js";
import type { HrtimEvents } from "./hrtim-events.js";
import type { HrtimFaults } from "./hrtim-faults.js";
import { keepLocked } from "./hrtim-locks.js";
import { type HrtimOutputs, SIDES, type Side } from "./hrtim-outputs.js";
import type { CommonName, Written } from "./hrtim-registers.js";
import type { HrtimSync } from "./hrtim-sync.js";
import { type HrtimTimer, isPreloaded } from "./hrtim-timer.js";
import type { HrtimTriggers } from "./hrtim-triggers.js";

export interface HrtimWritesPort {
  readonly registers: RegisterBlock<string>;
  readonly timers: readonly HrtimTimer[];
  readonly outputs: readonly HrtimOutputs[];
  readonly events: HrtimEvents;
  readonly faults: HrtimFaults;
  readonly burst: HrtimBurst;
  readonly burstDma: HrtimBurstDma;
  readonly triggers: HrtimTriggers;
  readonly synchronization: HrtimSync;
  readonly cycle: () => number;
  readonly happen: (cause: Cause) => void;
  /** One timer's event, that software makes. */
  readonly tell: (timer: number, event: number) => void;
  /** Is there a fault that this unit's outputs obey? */
  readonly faulty: (unit: number) => boolean;
  readonly mistake: (message: string) => void;
}

/** SST, SRT and SWCPT. */
const BY_SOFTWARE = 1;
const ISR_FLAGS = 0x2_003f;

export class HrtimWrites {
  readonly #port: HrtimWritesPort;

  constructor(port: HrtimWritesPort) {
    this.#port = port;
  }

  timer(index: number, kind: RegisterKind, { written, before }: Written): void {
    const { registers, timers } = this.#port;
    const timer = timers[index] as HrtimTimer;
    const name = registerName(index, kind);
    const locked = keepLocked(registers, name, { kind, before, enabled: timer.enabled });
    if (locked !== undefined) this.#port.mistake(`${name}: ${locked}`);
    if (kind === "ICR") registers.setBits(registerName(index, "ISR"), written & FLAGS, false);
    else if (kind === "CR") this.#control(timer);
    else if (kind === "CNT") this.#place(timer, written);
    else if (kind === "CMP1C") this.#compound(timer, written);
    else if (isPreloaded(kind)) timer.wrote(kind);
    if (!registers.has(name, BY_SOFTWARE)) return;
    if (kind === "SET1" || kind === "RST1") this.#force(timer, kind, 0);
    if (kind === "SET2" || kind === "RST2") this.#force(timer, kind, 1);
    if (kind === "CPT1C" || kind === "CPT2C") this.#capture(timer, kind);
  }

  /** MCR and TIMxCR; MCR enables the counters. */
  #control(timer: HrtimTimer): void {
    const { registers, timers, synchronization, mistake } = this.#port;
    const cycle = this.#port.cycle();
    timer.configure();
    const enables = registers.get("MCR");
    for (const each of timers) {
      const on = (enables & (MCEN << bitOf(each.index))) !== 0;
      if (on && !each.enabled) {
        synchronization.started(each.index, cycle);
        if (!each.prescaled) {
          const name = registerName(each.index, "CR");
          mistake(`${name}: CKPSC below 5 is reserved, there is no DLL: it counts undivided here`);
        }
      }
      each.setEnabled(on, cycle);
    }
  }

  #place(timer: HrtimTimer, written: number): void {
    if (timer.enabled) {
      const name = registerName(timer.index, "CNT");
      this.#port.mistake(`${name}: written while the counter is enabled: ignored`);
      return;
    }
    timer.counter.place(this.#port.cycle(), written & 0xffff);
  }

  #compound(timer: HrtimTimer, written: number): void {
    const { registers } = this.#port;
    registers.set(registerName(timer.index, "REP"), (written >>> 16) & 0xff);
    registers.set(registerName(timer.index, "CMP1"), written & 0xffff);
    timer.wrote("REP");
    timer.wrote("CMP1");
  }

  #force(timer: HrtimTimer, kind: "SET1" | "RST1" | "SET2" | "RST2", side: Side): void {
    const { registers, outputs, tell } = this.#port;
    registers.setBits(registerName(timer.index, kind), BY_SOFTWARE, false);
    tell(timer.index, outputs[timer.index]?.force(side, kind.startsWith("SET"), this.#port.cycle()) ?? 0);
  }

  #capture(timer: HrtimTimer, kind: "CPT1C" | "CPT2C"): void {
    const { registers, tell } = this.#port;
    const first = kind === "CPT1C";
    registers.setBits(registerName(timer.index, kind), BY_SOFTWARE, false);
    if (!timer.capture(first ? 0 : 1, timer.counter.count(this.#port.cycle()))) return;
    tell(timer.index, first ? EVENT.CPT1 : EVENT.CPT2);
  }

  common(name: CommonName, { written, before }: Written): void {
    const { registers, burst, burstDma, triggers, events, outputs } = this.#port;
    switch (name) {
      case "CR2":
        this.#command(written);
        return;
      case "ICR":
        registers.setBits("ISR", written & ISR_FLAGS, false);
        return;
      case "OENR":
        this.#eachOutput(written, (unit, side) => outputs[unit]?.enable(side, this.#port.faulty(unit)));
        return;
      case "ODISR":
        this.#eachOutput(written, (unit, side) => outputs[unit]?.disable(side));
        return;
      case "BMCR":
        burst.control(written, before);
        return;
      case "BMTRGR":
        burst.software(this.#port.cycle());
        return;
      case "BMCMPR":
      case "BMPER":
        burst.wrote(name);
        return;
      case "FLTINR1":
      case "FLTINR2":
        this.#faults(name, before);
        return;
      case "BDMADR":
        burstDma.write(written);
        return;
      case "UPDATE":
        burstDma.restart();
        return;
      default:
        if (name.startsWith("ADC")) triggers.wrote(Number(name.charAt(3)));
        else if (name.startsWith("EECR")) events.look();
    }
  }

  /** CR2: software updates and resets, of several timers at once. */
  #command(written: number): void {
    let updates = 0;
    let resets = 0;
    for (const timer of ALL_TIMERS) {
      if ((written & (1 << bitOf(timer))) !== 0) updates |= 1 << timer;
      if ((written & (0x100 << bitOf(timer))) !== 0) resets |= 1 << timer;
    }
    this.#port.happen({ updates, resets });
  }

  #eachOutput(bits: number, act: (unit: number, side: Side) => void): void {
    for (const unit of UNITS) {
      for (const side of SIDES) if ((bits & (1 << (unit * 2 + side))) !== 0) act(unit, side);
    }
  }

  #faults(name: "FLTINR1" | "FLTINR2", before: number): void {
    const { faults, mistake } = this.#port;
    const locked = faults.keepLocked(name, before);
    if (locked !== undefined) mistake(`${name}: FLT${locked}LCK keeps this fault's settings until a reset`);
    faults.look();
  }
}
