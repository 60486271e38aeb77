/** IWDG1: independent watchdog on LSI (RM0433, chapter IWDG). Once started, only a reset stops it. */

import type { EmulatorLog } from "../../bus.js";
import { RegisterBlock, type RegisterSpec } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";

export interface IwdgOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** LSI in Hz. Default 32000. */
  readonly lsiHz?: number;
  /** The watchdog starts: LSI is forced on (Rcc.forceLsi). */
  readonly onStart: () => void;
  /** Time is up, or a reload came outside the window: the board makes a system reset with cause "iwdg1". */
  readonly onTimeout: () => void;
}

type IwdgRegister = "KR" | "PR" | "RLR" | "SR" | "WINR";

const KEY_START = 0xcccc;
const KEY_RELOAD = 0xaaaa;
const KEY_ACCESS = 0x5555;
const UPDATE_FLAGS = { PR: 1, RLR: 2, WINR: 4 } as const;
/** RM0433, chapter IWDG: an update takes up to five cycles of LSI behind the prescaler's first stage; at most 150 us. */
const UPDATE_LSI_CYCLES = 5;
/** What it counts down from when it starts, whatever RLR says. */
const START = 0xfff;

export class Iwdg extends Peripheral {
  readonly registers: RegisterBlock<IwdgRegister>;

  readonly #options: IwdgOptions;
  readonly #updates = new Set<TimelineEvent>();
  /** Values that count, which follow the registers after the update time. */
  #active = { PR: 0, RLR: 0xfff, WINR: 0xfff };
  #unlocked = false;
  #running = false;
  /** What the counter was loaded with, and when. */
  #loaded = START;
  #loadedAt = 0;
  #timeout: TimelineEvent | undefined;
  /** A debugger holds it, running or not. */
  #held = false;
  #frozenLeftNs: number | undefined;

  constructor(options: IwdgOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(
      {
        KR: { offset: 0x00, reset: 0, wo: 0xffff, onWrite: (written) => this.#key(written & 0xffff) },
        PR: { offset: 0x04, reset: 0, rw: 0x7, ...this.#hooks("PR") },
        RLR: { offset: 0x08, reset: START, rw: 0xfff, ...this.#hooks("RLR") },
        SR: { offset: 0x0c, reset: 0, ro: 0x7 },
        WINR: { offset: 0x10, reset: 0xfff, rw: 0xfff, ...this.#hooks("WINR") },
      },
      { name: "IWDG", log: options.log },
    );
  }

  /** What is read is the value that counts. */
  #hooks(name: "PR" | "RLR" | "WINR"): Pick<RegisterSpec, "onRead" | "onWrite"> {
    return {
      onRead: () => this.#active[name],
      onWrite: (_written, before) => this.#update(name, before),
    };
  }

  get running(): boolean {
    return this.#running;
  }

  /** @param hardwareWatchdog option byte IWDG1_SW = 0: it starts by itself. */
  reset(hardwareWatchdog = false): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#timeout);
    for (const event of this.#updates) timeline.cancel(event);
    this.#updates.clear();
    this.registers.reset();
    this.#active = { PR: 0, RLR: 0xfff, WINR: 0xfff };
    this.#unlocked = false;
    this.#running = false;
    this.#frozenLeftNs = undefined;
    if (hardwareWatchdog) this.#start();
  }

  /** A debugger halted the core, and DBGMCU freezes the watchdog meanwhile. */
  freeze(on: boolean): void {
    const { timeline } = this.#options;
    this.#held = on;
    if (!this.#running || on === (this.#frozenLeftNs !== undefined)) return;
    if (on) {
      this.#frozenLeftNs = this.#timeout === undefined ? 0 : this.#timeout.at - timeline.now;
      timeline.cancel(this.#timeout);
      return;
    }
    const left = this.#frozenLeftNs ?? 0;
    this.#frozenLeftNs = undefined;
    this.#loadedAt = timeline.now + left - this.#periodNs();
    this.#timeout = timeline.after(left, () => this.#options.onTimeout());
  }

  #tickNs(): number {
    const divider = Math.min(256, 4 << this.#active.PR);
    return (divider * 1e9) / (this.#options.lsiHz ?? 32e3);
  }

  #periodNs(): number {
    return (this.#loaded + 1) * this.#tickNs();
  }

  #key(key: number): void {
    this.#unlocked = key === KEY_ACCESS;
    if (key === KEY_START && !this.#running) this.#start();
    if (key === KEY_RELOAD && this.#running) this.#reload();
  }

  #start(): void {
    this.#running = true;
    this.#options.onStart();
    this.#load(START);
  }

  #reload(): void {
    const elapsed = Math.floor((this.#options.timeline.now - this.#loadedAt) / this.#tickNs());
    if (this.#loaded - elapsed > this.#active.WINR) {
      this.#options.log.note("guest mistake: IWDG was reloaded before its window opened: reset");
      this.#options.onTimeout();
      return;
    }
    this.#load(this.#active.RLR);
  }

  #load(counter: number): void {
    const { timeline } = this.#options;
    this.#loaded = counter;
    timeline.cancel(this.#timeout);
    this.#loadedAt = timeline.now;
    if (this.#held) this.#frozenLeftNs = this.#periodNs();
    else this.#timeout = timeline.after(this.#periodNs(), () => this.#options.onTimeout());
  }

  #update(name: "PR" | "RLR" | "WINR", before: number): void {
    const flag = UPDATE_FLAGS[name];
    if (!this.#unlocked || this.registers.has("SR", flag)) {
      const why = this.#unlocked ? "the earlier update is under way (SR)" : "write 0x5555 to IWDG_KR first";
      this.registers.set(name, before);
      this.#options.log.once(`IWDG.${name}.${why}`, `guest mistake: IWDG_${name}: write ignored, ${why}`);
      return;
    }
    this.registers.setBits("SR", flag, true);
    const delay = (UPDATE_LSI_CYCLES * 1e9) / (this.#options.lsiHz ?? 32e3);
    const event = this.#options.timeline.after(delay, () => {
      this.#updates.delete(event);
      this.#apply(name);
    });
    this.#updates.add(event);
  }

  /** A new prescaler counts from now on; a new reload value from the next reload; a new window reloads. */
  #apply(name: "PR" | "RLR" | "WINR"): void {
    const { timeline } = this.#options;
    const leftTicks = this.#timeout === undefined ? 0 : (this.#timeout.at - timeline.now) / this.#tickNs();
    this.#active = { ...this.#active, [name]: this.registers.get(name) };
    this.registers.setBits("SR", UPDATE_FLAGS[name], false);
    if (!this.#running || this.#frozenLeftNs !== undefined) return;
    if (name === "WINR") this.#load(this.#active.RLR);
    if (name !== "PR") return;
    timeline.cancel(this.#timeout);
    this.#timeout = timeline.after(leftTicks * this.#tickNs(), () => this.#options.onTimeout());
    this.#loadedAt = timeline.now + leftTicks * this.#tickNs() - this.#periodNs();
  }
}
