/**
 * DAC1 with two channels (RM0433, chapter DAC): holding and output registers, triggers, noise and triangle waves, DMA,
 * sample and hold by LSI, calibration.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { DAC } from "../tables/analog.js";
import { DacWave } from "./dac-wave.js";

export interface DacOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly clocked: ClockGate;
  /** Clocks the sample and hold mode; 0: off. */
  readonly lsiHz: () => number;
  readonly requests?: readonly [DmaSignal, DmaSignal];
  readonly interrupt?: InterruptLine;
  /** It may wait for another trigger now. */
  readonly onArmed?: () => void;
  /** An output changed. */
  readonly onOutput?: () => void;
}

type Side = 0 | 1;
const SIDES = [0, 1] as const;
const EN = [1 << 0, 1 << 16] as const;
const TEN = [1 << 1, 1 << 17] as const;
const DMAEN = [1 << 12, 1 << 28] as const;
const DMAUDRIE = [1 << 13, 1 << 29] as const;
const CEN = [1 << 14, 1 << 30] as const;
/** SR */
const DMAUDR = [1 << 13, 1 << 29] as const;
const CAL_FLAG = [1 << 14, 1 << 30] as const;
const BWST = [1 << 15, 0x8000_0000] as const;
/** CR.TSELx, of channel 1. */
const TSEL = 0xf << 2;
/** MCR.MODEx: from here on sample and hold. */
const HOLDS = 4;
/** Those that lead to the pin alone, and to the inside of the chip alone. */
const OUTSIDE = [0, 4];
const INSIDE = [3, 7];
/** Those without the buffer, which a calibration needs. */
const UNBUFFERED = 2;
/** LSI periods until a new sample time is taken over. */
const BUSY_CLOCKS = 3;
/** The trimming value that a calibration finds. */
const TRIM = 16;
const FULL = 0xfff;
const STEPS = 4096;

/** Where each holding register has its values: shift in the register, and shift to 12 bits. */
const HOLDING: Readonly<Record<string, readonly (readonly [Side, number, number])[]>> = {
  DHR12R1: [[0, 0, 0]],
  DHR12L1: [[0, 4, 0]],
  DHR8R1: [[0, 0, 4]],
  DHR12R2: [[1, 0, 0]],
  DHR12L2: [[1, 4, 0]],
  DHR8R2: [[1, 0, 4]],
  DHR12RD: [
    [0, 0, 0],
    [1, 16, 0],
  ],
  DHR12LD: [
    [0, 4, 0],
    [1, 20, 0],
  ],
  DHR8RD: [
    [0, 0, 4],
    [1, 8, 4],
  ],
};

export class Dac extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: DacOptions;
  readonly #held: [number, number] = [0, 0];
  readonly #waves = [new DacWave(), new DacWave()] as const;
  /** Sample times on their way to LSI's domain. */
  readonly #busy: [TimelineEvent | undefined, TimelineEvent | undefined] = [undefined, undefined];

  constructor(options: DacOptions) {
    super();
    this.#options = options;
    const actions: Record<string, RegisterAction> = {
      CR: { rw: ALL, onWrite: (_written, before) => this.#control(before) },
      SWTRIGR: {
        wo: 3,
        onWrite: (written) => {
          for (const side of SIDES) {
            // TSEL = 0 is the software trigger.
            if ((written & (1 << side)) !== 0 && this.wants(0, side)) this.#convert(side);
          }
        },
      },
      DOR1: { ro: ALL },
      DOR2: { ro: ALL },
      SR: {
        w1c: DMAUDR[0] | DMAUDR[1],
        ro: CAL_FLAG[0] | CAL_FLAG[1] | BWST[0] | BWST[1],
        onRead: () => this.#status(),
        onWrite: () => this.#update(),
      },
      SHSR1: { rw: ALL, onWrite: (_written, before) => this.#sampleTime(0, before) },
      SHSR2: { rw: ALL, onWrite: (_written, before) => this.#sampleTime(1, before) },
      SHHR: { rw: ALL, onWrite: (_written, before) => this.#whileOff("SHHR", before) },
      SHRR: { rw: ALL, onWrite: (_written, before) => this.#whileOff("SHRR", before) },
      CCR: { rw: ALL },
      MCR: { rw: ALL, onWrite: (_written, before) => this.#connect(before) },
    };
    for (const [name, values] of Object.entries(HOLDING)) {
      actions[name] = {
        rw: ALL,
        onWrite: () => {
          const raw = this.registers.get(name);
          for (const [side, shift, up] of values) {
            const mask = up === 0 ? 0xfff : 0xff;
            this.#held[side] = ((raw >>> shift) & mask) << up;
          }
          this.#loadFree();
        },
      };
    }
    this.registers = new RegisterBlock(registerTable(DAC, actions), {
      name: "DAC1",
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    this.registers.reset();
    this.#held.fill(0);
    for (const side of SIDES) {
      this.#waves[side].reset();
      this.#request(side).withdraw?.();
      this.#options.timeline.cancel(this.#busy[side]);
      this.#busy[side] = undefined;
    }
    this.#update();
    this.#options.onOutput?.();
  }

  /** A trigger: TSEL number 1..15 (0 is software, which asks for no data). */
  trigger(selection: number): void {
    for (const side of SIDES) {
      if (!this.wants(selection, side)) continue;
      this.#convert(side);
      this.#ask(side);
    }
  }

  #convert(side: Side): void {
    const wave = (this.registers.get("CR") >>> (side * 16 + 6)) & 3;
    this.#put(side, this.#held[side] + this.#waves[side].next(wave, this.#amplitude(side)));
  }

  #request(side: Side): DmaSignal {
    return this.#options.requests?.[side] ?? NO_DMA;
  }

  #ask(side: Side): void {
    if (!this.registers.has("CR", DMAEN[side]) || this.registers.has("SR", DMAUDR[side])) return;
    // The data that was asked for with the last trigger has not come.
    if (this.#request(side).pending === true) this.registers.setBits("SR", DMAUDR[side], true);
    else this.#request(side).pulse();
    this.#update();
  }

  #control(before: number): void {
    this.#keep(before);
    for (const side of SIDES) {
      const cr = this.registers.get("CR");
      if ((before & ~cr & DMAEN[side]) !== 0) this.#request(side).withdraw?.();
      if (((cr >>> (side * 16 + 6)) & 3) === 0) this.#waves[side].reset();
    }
    this.#loadFree();
    this.#update();
    this.#options.onOutput?.();
    this.#options.onArmed?.();
  }

  /** While a channel is on its trigger and calibration stay; while it is calibrated it stays off. */
  #keep(before: number): void {
    for (const side of SIDES) {
      const now = this.registers.get("CR");
      const fixed = (before & EN[side]) === 0 ? 0 : (TSEL << (16 * side)) | CEN[side];
      const kept = (now & ~fixed) | (before & fixed);
      const next = (kept & CEN[side]) === 0 ? kept : kept & ~EN[side];
      if (((next ^ now) & ALL) === 0) continue;
      this.registers.set("CR", next);
      if ((next & EN[side]) !== 0) this.#mistake(side, "TSEL and CEN stay while the channel is on");
      else if ((now & EN[side]) !== 0) this.#mistake(side, "EN stays 0 while the channel is calibrated");
    }
  }

  #mistake(side: Side, what: string): void {
    this.#options.log.once(`DAC1.${side}.${what}`, `guest mistake: DAC1, channel ${side + 1}: ${what}`);
  }

  /** Of a register with a half for each channel: those of channels that are on, or calibrated, stay. */
  #whileOff(name: "MCR" | "SHHR" | "SHRR", before: number): void {
    for (const side of SIDES) {
      if (!this.registers.has("CR", EN[side] | CEN[side])) continue;
      const half = 0xffff << (16 * side);
      const now = this.registers.get(name);
      if (((now ^ before) & half) === 0) continue;
      this.registers.set(name, (now & ~half) | (before & half));
      this.#mistake(side, `${name} stays while EN or CEN is set`);
    }
  }

  #connect(before: number): void {
    this.#whileOff("MCR", before);
    for (const side of SIDES) {
      const held = (before >>> (16 * side)) & HOLDS;
      if (held === 0 && this.#mode(side) >= HOLDS) this.#synchronise(side);
    }
    this.#options.onOutput?.();
  }

  /** MAMPx: amplitude 2^(n+1) - 1, from 11 on the full range. */
  #amplitude(side: Side): number {
    const field = (this.registers.get("CR") >>> (side * 16 + 8)) & 0xf;
    return 2 ** (Math.min(field, 11) + 1) - 1;
  }

  /** EN is for the analog part alone. */
  wants(selection: number, side: Side): boolean {
    const cr = this.registers.get("CR");
    return (cr & TEN[side]) !== 0 && ((cr >>> (side * 16 + 2)) & 0xf) === selection;
  }

  /** Does the channel drive its pin, or only what is inside the chip? */
  drivesPin(side: Side): boolean {
    return this.registers.has("CR", EN[side]) && !INSIDE.includes(this.#mode(side));
  }

  #mode(side: Side): number {
    return (this.registers.get("MCR") >>> (side * 16)) & 7;
  }

  #sampleTime(side: Side, before: number): void {
    if (this.registers.has("CR", EN[side]) && this.registers.has("SR", BWST[side])) {
      this.registers.set(`SHSR${side + 1}`, before);
      this.#mistake(side, "SHSR stays while an earlier sample time is under way (BWST)");
    } else this.#synchronise(side);
  }

  /** A sample time goes over to LSI's clock, once it has one. */
  #synchronise(side: Side): void {
    const { timeline, lsiHz } = this.#options;
    this.registers.setBits("SR", BWST[side], true);
    timeline.cancel(this.#busy[side]);
    this.#busy[side] = undefined;
    if (lsiHz() === 0) {
      this.#mistake(side, "a sample time without LSI: BWST stays");
      return;
    }
    this.#busy[side] = timeline.after((BUSY_CLOCKS * 1e9) / lsiHz(), () => {
      this.#busy[side] = undefined;
      this.registers.setBits("SR", BWST[side], false);
    });
  }

  /** CAL_FLAGx is high once the trimming value has reached what the buffer needs. */
  #status(): number {
    for (const side of SIDES) {
      const waits = this.registers.has("SR", BWST[side]) && this.#busy[side] === undefined;
      if (waits && this.#options.lsiHz() > 0) this.#synchronise(side);
    }
    let status = this.registers.get("SR");
    for (const side of SIDES) {
      const trimming = (this.registers.get("CCR") >>> (side * 16)) & 0x1f;
      const calibrated = this.registers.has("CR", CEN[side]) && (this.#mode(side) & UNBUFFERED) === 0;
      if (calibrated && trimming >= TRIM) status |= CAL_FLAG[side];
    }
    return status >>> 0;
  }

  /** What COMP, OPAMP and ADC2 have of it inside the chip, as a fraction of VREF+. */
  inside(side: Side): number {
    const output = this.output(side);
    if (output === undefined) return 0;
    if (!OUTSIDE.includes(this.#mode(side))) return output;
    this.#mistake(side, "MCR leads its output to the pin alone, and what is inside the chip looks at it");
    return 0;
  }

  /** Output as a fraction of VREF+, undefined while the channel is off. What is held without being refreshed fades away. */
  output(side: Side): number | undefined {
    if (!this.registers.has("CR", EN[side])) return undefined;
    if (this.#mode(side) >= HOLDS && this.#options.lsiHz() === 0) {
      this.#options.log.once(
        "DAC1.lsi",
        "guest mistake: DAC1: sample and hold without LSI: the output is not refreshed",
      );
      return 0;
    }
    return this.registers.get(side === 0 ? "DOR1" : "DOR2") / STEPS;
  }

  /** Without a trigger the value goes out at once, and no wave. */
  #loadFree(): void {
    for (const side of SIDES) if (!this.registers.has("CR", TEN[side])) this.#put(side, this.#held[side]);
  }

  #put(side: Side, value: number): void {
    this.registers.set(side === 0 ? "DOR1" : "DOR2", Math.min(value, FULL));
    this.#options.onOutput?.();
  }

  #update(): void {
    const cr = this.registers.get("CR");
    const asserted = SIDES.some(
      (side) => (cr & DMAUDRIE[side]) !== 0 && this.registers.has("SR", DMAUDR[side]),
    );
    this.#options.interrupt?.set(asserted);
  }
}
