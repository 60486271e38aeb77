/**
 * DAC1 with two channels (RM0433, chapter DAC): holding and output registers, triggers, noise and triangle waves, DMA,
 * sample and hold by LSI, calibration.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { type DmaSignal, NO_DMA } from "../dma/dma-request.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { DAC } from "../tables/analog.js";

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
/** MCR.MODEx: sample and hold. */
const HOLDS = 4;
/** LSI periods until a new sample time is taken over. */
const BUSY_CLOCKS = 3;
/** The trimming value that a calibration finds. */
const TRIM = 16;
const FULL = 0xfff;
/** The noise generator's state after reset (RM0433, "DAC noise generation"). */
const NOISE_SEED = 0xaaa;

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
  readonly #noise: [number, number] = [NOISE_SEED, NOISE_SEED];
  readonly #triangle: [number, number] = [0, 0];
  /** DMA was asked for data that has not come. */
  readonly #asked: [boolean, boolean] = [false, false];

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
            if ((written & (1 << side)) !== 0 && this.wants(0, side)) this.#triggered(side);
          }
        },
      },
      DOR1: { ro: ALL },
      DOR2: { ro: ALL },
      SR: {
        w1c: DMAUDR[0] | DMAUDR[1],
        ro: CAL_FLAG[0] | CAL_FLAG[1] | BWST[0] | BWST[1],
        onRead: (stored) => this.#calibration(stored),
        onWrite: () => this.#update(),
      },
      SHSR1: { rw: ALL, onWrite: () => this.#sampleTime(0) },
      SHSR2: { rw: ALL, onWrite: () => this.#sampleTime(1) },
      SHHR: { rw: ALL },
      SHRR: { rw: ALL },
      CCR: { rw: ALL },
      MCR: { rw: ALL, onWrite: () => options.onOutput?.() },
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
          for (const [side] of values) this.#asked[side] = false;
          this.#load(this.#free);
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
    this.#noise.fill(NOISE_SEED);
    this.#triangle.fill(0);
    this.#update();
    this.#options.onOutput?.();
  }

  /** A trigger: TSEL number 1..15 (0 is software). */
  trigger(selection: number): void {
    for (const side of SIDES) if (this.wants(selection, side)) this.#triggered(side);
  }

  #triggered(side: Side): void {
    this.#wave(side);
    this.#load((at) => at === side);
    if (!this.registers.has("CR", DMAEN[side]) || this.registers.has("SR", DMAUDR[side])) return;
    // The data that was asked for with the last trigger has not come.
    if (this.#asked[side]) this.registers.setBits("SR", DMAUDR[side], true);
    else (this.#options.requests?.[side] ?? NO_DMA).pulse();
    this.#asked[side] = !this.registers.has("SR", DMAUDR[side]);
    this.#update();
  }

  #control(before: number): void {
    for (const side of SIDES) {
      if ((before & ~this.registers.get("CR") & DMAEN[side]) !== 0) this.#asked[side] = false;
      if (this.#waveOf(side) === 0) this.#triangle[side] = 0;
    }
    this.#load(this.#free);
    this.#update();
    this.#options.onOutput?.();
    this.#options.onArmed?.();
  }

  /** CR.WAVEx: 1 noise, 2 and 3 triangle. */
  #waveOf(side: Side): number {
    return (this.registers.get("CR") >>> (side * 16 + 6)) & 3;
  }

  /** MAMPx: amplitude 2^(n+1) - 1, from 11 on the full range. */
  #amplitude(side: Side): number {
    const field = (this.registers.get("CR") >>> (side * 16 + 8)) & 0xf;
    return 2 ** (Math.min(field, 11) + 1) - 1;
  }

  /** A step of the noise generator (x^12 + x^6 + x^4 + x + 1, with anti-lockup) or of the triangle's counter. */
  #wave(side: Side): void {
    const wave = this.#waveOf(side);
    if (wave === 1) {
      const lfsr = this.#noise[side];
      const bit = (lfsr ^ (lfsr >>> 1) ^ (lfsr >>> 4) ^ (lfsr >>> 6)) & 1;
      this.#noise[side] = (lfsr >>> 1) | ((lfsr === 0 ? 1 : bit) << 11);
    } else if (wave > 1) {
      this.#triangle[side] = (this.#triangle[side] + 1) % (2 * this.#amplitude(side));
    }
  }

  #added(side: Side): number {
    const wave = this.#waveOf(side);
    const amplitude = this.#amplitude(side);
    if (wave === 0) return 0;
    if (wave === 1) return this.#noise[side] & amplitude;
    const step = this.#triangle[side];
    return step <= amplitude ? step : 2 * amplitude - step;
  }

  wants(selection: number, side: Side): boolean {
    const cr = this.registers.get("CR");
    const triggered = (cr & EN[side]) !== 0 && (cr & TEN[side]) !== 0;
    return triggered && ((cr >>> (side * 16 + 2)) & 0xf) === selection;
  }

  /** Does the channel drive its pin, or only what is inside the chip (MCR.MODEx 3 and 7)? */
  drivesPin(side: Side): boolean {
    const mode = this.#mode(side);
    return this.registers.has("CR", EN[side]) && mode !== 3 && mode !== 7;
  }

  #mode(side: Side): number {
    return (this.registers.get("MCR") >>> (side * 16)) & 7;
  }

  #sampleTime(side: Side): void {
    const { timeline, lsiHz } = this.#options;
    if (this.#mode(side) < HOLDS || !this.registers.has("CR", EN[side]) || lsiHz() === 0) return;
    this.registers.setBits("SR", BWST[side], true);
    timeline.after((BUSY_CLOCKS * 1e9) / lsiHz(), () => this.registers.setBits("SR", BWST[side], false));
  }

  /** CAL_FLAGx is high once the trimming value has reached what the buffer needs. */
  #calibration(stored: number): number {
    let status = stored;
    for (const side of SIDES) {
      const trimming = (this.registers.get("CCR") >>> (side * 16)) & 0x1f;
      if (this.registers.has("CR", CEN[side]) && trimming >= TRIM) status |= CAL_FLAG[side];
    }
    return status >>> 0;
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
    return this.registers.get(side === 0 ? "DOR1" : "DOR2") / 4095;
  }

  /** Without a trigger the value goes out at once. */
  readonly #free = (side: Side): boolean => !this.registers.has("CR", TEN[side]);

  #load(which: (side: Side) => boolean): void {
    for (const side of SIDES) {
      if (!which(side) || !this.registers.has("CR", EN[side])) continue;
      const value = (this.#held[side] + this.#added(side)) & FULL;
      this.registers.set(side === 0 ? "DOR1" : "DOR2", value);
      this.#options.onOutput?.();
    }
  }

  #update(): void {
    const cr = this.registers.get("CR");
    const asserted = SIDES.some(
      (side) => (cr & DMAUDRIE[side]) !== 0 && this.registers.has("SR", DMAUDR[side]),
    );
    this.#options.interrupt?.set(asserted);
  }
}
