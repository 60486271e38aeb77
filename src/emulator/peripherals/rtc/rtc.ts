/**
 * RTC: backup registers, calendar with shadow registers, calibration and shifts, both alarms, the wake-up timer, time stamps,
 * tampers, RTC_OUT and RTC_REFIN (RM0433, chapter RTC). The whole block lives in the backup domain: it survives a system reset, and a power
 * cycle while VBAT is supplied.
 */

import type { ClockGate, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { RtcAdjustments } from "./rtc-adjustments.js";
import { ALARMS, RtcAlarms, WUTE, WUTF, WUTIE } from "./rtc-alarms.js";
import { RtcClock } from "./rtc-clock.js";
import { RtcOutput } from "./rtc-output.js";
import { LOCKED, RtcProtection } from "./rtc-protection.js";
import { RtcReference } from "./rtc-reference.js";
import {
  BACKUP_COUNT,
  type RtcHooks,
  type RtcRegister,
  type RtcState,
  type RtcTrigger,
  rtcRegisters,
  TAMPER_TRIGGERS,
  TRIGGERS,
} from "./rtc-registers.js";
import { RtcShadow } from "./rtc-shadow.js";
import { RtcTamper } from "./rtc-tamper.js";

export interface RtcOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** RCC_APB4ENR.RTCAPBEN. */
  readonly clocked: ClockGate;
  /** PWR_CR1.DBP. */
  readonly backupWritable: () => boolean;
  /** Read protection has shut the backup registers. Default: never. */
  readonly secured?: () => boolean;
  /** Frequency that RCC_BDCR.RTCSEL selects, in Hz; 0 while RTCEN = 0 or the source stands still. */
  readonly clockHz: () => number;
  /** Level of the alarms', of the tampers' and time stamp's, and of the wake-up timer's signal to EXTI (lines 17 to 19). */
  readonly onSignal?: (signal: RtcSignal, high: boolean) => void;
  /** RTC_OUT is elsewhere, or has another level than before. */
  readonly onOutput?: () => void;
  /** A tamper erases the backup SRAM as well. */
  readonly onErase?: () => void;
  /** An alarm's or a tamper's flag rose or fell, whether it interrupts or not; a masked tamper has none, and is told all the same. */
  readonly onTrigger?: (signal: RtcTrigger, high: boolean) => void;
}

export type RtcSignal = "alarm" | "tamper" | "wakeup";

const RSF = 1 << 5;
const INITF = 1 << 6;
const INIT = 1 << 7;
const INITS = 1 << 4;
const EVENT_FLAGS = 0x2_ff00;
const REFCKON = 1 << 4;
/** COSEL, POL, OSEL, COE. */
const OUTPUT = 0xf8_0000;
/** What REFCKON needs: the prescalers' default values. */
const REFERENCE_PRER = 0x7f_00ff;
const BYPSHAD = 1 << 5;
const FMT = 1 << 6;
const WUCKSEL = 7;
const WUTWF = 1 << 2;
/** Synchronisation into the RTC's clock takes two of its cycles (RM0433, chapter RTC). */
const SYNC_CYCLES = 2;

export class Rtc extends Peripheral {
  readonly registers: RegisterBlock<RtcRegister>;

  readonly #options: RtcOptions;
  readonly #protection: RtcProtection;
  /** RTC_ISR when triggers were told last. */
  #flagsSeen = 0;
  readonly #clock: RtcClock;
  readonly #alarms: RtcAlarms;
  readonly tamper: RtcTamper;
  readonly output: RtcOutput;
  readonly #reference: RtcReference;
  readonly #shadow: RtcShadow;
  readonly #adjustments: RtcAdjustments;
  /** Board time from which on WUTWF may be set. */
  #wakeupFreeAt = 0;
  /** The chip is in Stop. */
  #stopped = false;
  #entering: TimelineEvent | undefined;
  #syncing: TimelineEvent | undefined;

  constructor(options: RtcOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock<RtcRegister>(
      rtcRegisters(this.#hooks(), {
        write: (name) => (_written, before) => void this.#refused(name, before),
        readBackup: (stored) => (options.secured?.() === true ? 0 : stored),
      }),
      {
        name: "RTC",
        log: options.log,
        clocked: options.clocked,
      },
    );
    const { timeline, clockHz } = options;
    const onFlag = (): void => this.#signal();
    const registers = this.registers as RegisterBlock<string>;
    this.#clock = new RtcClock({
      timeline,
      clockHz,
      register: (name) => this.registers.get(name),
      stopped: () => this.registers.has("RTC_ISR", INITF),
    });
    this.#protection = new RtcProtection({
      registers: this.registers,
      backupWritable: options.backupWritable,
      secured: () => options.secured?.() === true,
      erasing: () => this.tamper.erasing,
      wakeupWritable: () => this.#wakeupWritable,
    });
    this.#shadow = new RtcShadow({
      bypassed: () => this.registers.has("RTC_CR", BYPSHAD),
      present: () => this.#present(),
      subSecond: () => this.#clock.subSecond,
    });
    this.#alarms = new RtcAlarms(registers, this.#clock, { timeline, clockHz, onFlag });
    this.output = new RtcOutput(registers, this.#clock);
    this.#reference = new RtcReference(
      this.#clock,
      () => this.registers.has("RTC_CR", REFCKON) && this.#clock.runs,
    );
    this.tamper = new RtcTamper(registers, this.#clock, {
      timeline,
      clockHz,
      firstPinTaken: () => this.output.signal("PC13") !== undefined,
      eraseBackup: () => {
        this.eraseBackup();
        options.onErase?.();
      },
      onMasked: (index) => this.#masked(index),
      onFlag,
    });
    this.#adjustments = new RtcAdjustments({
      registers,
      clock: this.#clock,
      timeline,
      clockHz,
      mistake: (name, what) => this.#mistake(name, what),
      moved: () => {
        this.#shadow.forget();
        this.#alarms.schedule();
        options.onOutput?.();
      },
      synchronise: () => this.#synchronise(),
    });
  }

  #masked(index: number): void {
    const signal = TAMPER_TRIGGERS[index];
    if (signal === undefined) return;
    this.#options.onTrigger?.(signal, true);
    this.#options.onTrigger?.(signal, false);
  }

  /** System reset: INIT, INITF and RSF drop; write protection, time and backup registers stay as they are. */
  systemReset(): void {
    const initialising = this.registers.has("RTC_ISR", INIT);
    this.registers.setBits("RTC_ISR", INIT | RSF, false);
    this.#shadow.reset();
    if (initialising) this.#initMode(false);
    else this.#synchronise();
  }

  /** Reset of the backup domain: BDCR.BDRST, or VDD and VBAT both gone. */
  backupReset(): void {
    const { timeline } = this.#options;
    for (const event of [this.#entering, this.#syncing]) timeline.cancel(event);
    this.#alarms.cancel();
    this.tamper.reset();
    this.registers.reset();
    this.#protection.lock();
    this.#wakeupFreeAt = 0;
    this.#shadow.forget();
    this.#clock.set({ tr: 0, dr: this.registers.get("RTC_DR") });
    this.#options.onOutput?.();
  }

  /** The chip goes to Stop, or leaves it: the shadow registers follow again after the synchronisation time. */
  setStopped(stopped: boolean): void {
    this.#stopped = stopped;
    if (stopped) this.#shadow.stop();
    else this.#soon(() => this.#shadow.synchronised());
  }

  /** The level of RTC_REFIN. */
  reference(high: boolean): void {
    if (!this.#reference.level(high)) return;
    this.#shadow.forget();
    this.#alarms.schedule();
    this.#options.onOutput?.();
  }

  /** To be called when the RTC's clock changed: what was counted so far counts at the old rate. */
  clockChanged(): void {
    const before = this.#clock.countedHz;
    this.#clock.count();
    if (this.#clock.countedHz === before) return;
    if (!this.registers.has("RTC_ISR", RSF | INIT) && (this.#syncing?.done ?? true)) this.#synchronise();
    this.#alarms.schedule();
    this.#alarms.startWakeup();
    this.#options.onOutput?.();
  }

  save(): RtcState {
    this.#latch();
    const state: Record<string, number> = {};
    for (const name of this.registers.names) state[name] = this.registers.get(name);
    return state;
  }

  /** @param elapsedSeconds for how long the chip was off while VBAT kept the calendar running. */
  load(state: RtcState, elapsedSeconds = 0): void {
    for (const name of this.registers.names) {
      const value = state[name];
      if (value !== undefined) this.registers.set(name, value);
    }
    this.#clock.set({ tr: this.registers.get("RTC_TR"), dr: this.registers.get("RTC_DR") });
    this.#clock.move(elapsedSeconds);
    this.#options.onOutput?.();
  }

  #hooks(): RtcHooks {
    const accepted =
      (name: RtcRegister, run: (before: number) => void) => (_written: number, before: number) => {
        if (!this.#refused(name, before)) run(before);
      };
    return {
      RTC_TR: { onRead: () => this.#shadow.readTime() },
      RTC_DR: { onRead: () => this.#shadow.readDate() },
      RTC_SSR: { onRead: () => this.#shadow.readSubSecond() },
      RTC_CR: { onWrite: (written, before) => this.#writeCr(written, before) },
      RTC_ISR: {
        onRead: (stored) => this.#status(stored),
        onWrite: (written, before) => this.#writeIsr(written, before),
      },
      RTC_WPR: { onWrite: (written) => this.#protection.writeKey(written & 0xff) },
      RTC_SHIFTR: {
        onWrite: (written, before) => {
          if (!this.#refused("RTC_SHIFTR", before)) this.#adjustments.shift(written);
        },
      },
      RTC_CALR: { onWrite: accepted("RTC_CALR", (before) => this.#adjustments.calibrate(before)) },
      // RM0433 wants the two prescalers written one after the other; ST's library writes both at once.
      RTC_PRER: { onWrite: accepted("RTC_PRER", () => {}) },
      RTC_TAMPCR: { onWrite: accepted("RTC_TAMPCR", (before) => this.tamper.configured(before)) },
      RTC_OR: { onWrite: accepted("RTC_OR", () => this.#options.onOutput?.()) },
    };
  }

  /** Undoes a write that DBP, WPR or the lack of initialisation mode forbids. */
  #refused(name: RtcRegister, before: number): boolean {
    const why = this.#protection.of(name);
    if (why === undefined) return false;
    this.registers.set(name, before);
    this.#mistake(name, `write ignored, ${why}`);
    return true;
  }

  #mistake(name: RtcRegister, what: string): void {
    this.#options.log.once(`RTC.${what}`, `guest mistake: ${name}: ${what}`);
  }

  /** Event flags and RSF are cleared by writing 0; only the event flags stay writable under WPR. */
  #writeIsr(written: number, before: number): void {
    if (!this.#options.backupWritable()) {
      this.#refused("RTC_ISR", before);
      return;
    }
    const { locked } = this.#protection;
    let next = before & (written | ~EVENT_FLAGS);
    if (!locked) {
      next &= written | ~RSF;
      next = (next & ~INIT) | (written & INIT);
    }
    if (locked && (((written ^ before) & INIT) !== 0 || (before & ~written & RSF) !== 0)) {
      this.#mistake("RTC_ISR", `INIT and RSF stay, ${LOCKED}`);
    }
    this.registers.set("RTC_ISR", next);
    this.tamper.cleared();
    this.#signal();
    if ((before & RSF) !== 0 && (next & RSF) === 0) this.#synchronise();
    if (((next ^ before) & INIT) !== 0) this.#initMode((next & INIT) !== 0);
  }

  #initMode(on: boolean): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#entering);
    if (!on) {
      this.registers.setBits("RTC_ISR", INITF, false);
      this.#clock.set({ tr: this.registers.get("RTC_TR"), dr: this.registers.get("RTC_DR") });
      this.#shadow.forget();
      this.registers.setBits("RTC_ISR", RSF, false);
      this.#synchronise();
      this.#alarms.schedule();
      this.#options.onOutput?.();
      return;
    }
    this.#latch();
    this.#entering = this.#soon(() => {
      this.registers.setBits("RTC_ISR", INITF, true);
      this.registers.setBits("RTC_ISR", RSF, false);
    });
    if (this.#entering !== undefined) return;
    this.#options.log.once(
      "RTC.noclock",
      "guest mistake: the RTC has no clock (RCC_BDCR.RTCSEL, RTCEN): INITF never comes",
    );
  }

  /** Not in initialisation mode, nor with BYPSHAD. */
  #synchronise(): void {
    this.#options.timeline.cancel(this.#syncing);
    this.#syncing = this.#soon(() => {
      if (this.registers.has("RTC_ISR", INITF) || this.registers.has("RTC_CR", BYPSHAD)) return;
      this.registers.setBits("RTC_ISR", RSF, true);
      if (!this.#stopped) this.#shadow.synchronised();
    });
  }

  /** After the synchronisation time; never while the RTC has no clock. */
  #soon(run: () => void): TimelineEvent | undefined {
    const hz = this.#options.clockHz();
    return hz > 0 ? this.#options.timeline.after((SYNC_CYCLES / hz) * 1e9, run) : undefined;
  }

  #status(stored: number): number {
    const year = (this.#present().dr >>> 16) & 0xff;
    const cr = this.registers.get("RTC_CR");
    // The alarms and the wake-up timer may be written while they are off; initialisation mode clears the alarms' flags (RM0433, RTC_ISR).
    const off = ((cr & ALARMS[0].enable) === 0 ? 1 : 0) | ((cr & ALARMS[1].enable) === 0 ? 2 : 0);
    const writable = (stored & INITF) === 0 ? off : 0;
    const free = (stored & ~7) | writable | (this.#wakeupWritable ? WUTWF : 0);
    return (year === 0 ? free & ~INITS : free | INITS) >>> 0;
  }

  /** WUTWF: some cycles after WUTE was cleared (RM0433, "Programming the wake-up timer"). */
  get #wakeupWritable(): boolean {
    return !this.registers.has("RTC_CR", WUTE) && this.#options.timeline.now >= this.#wakeupFreeAt;
  }

  #writeCr(written: number, before: number): void {
    if (this.#refused("RTC_CR", before)) return;
    this.#keepFormat(before);
    if ((before & ~this.registers.get("RTC_CR") & WUTE) !== 0) {
      this.#wakeupFreeAt = this.#options.timeline.now + (SYNC_CYCLES * 1e9) / this.#options.clockHz();
    }
    const changed = this.registers.get("RTC_CR") ^ before;
    this.#adjustments.hour(written);
    if ((changed & BYPSHAD) !== 0) {
      this.registers.setBits("RTC_ISR", RSF, false);
      this.#synchronise();
    }
    if ((changed & (ALARMS[0].enable | ALARMS[1].enable)) !== 0) this.#alarms.schedule();
    if ((changed & WUTE) !== 0) this.#alarms.startWakeup();
    if ((changed & REFCKON) !== 0 && this.registers.get("RTC_PRER") !== REFERENCE_PRER) {
      this.#mistake("RTC_CR", "REFCKON needs the prescalers' default values (0x7F, 0xFF)");
    }
    this.#signal();
    if ((changed & OUTPUT) !== 0) this.#options.onOutput?.();
  }

  /** FMT and REFCKON can be written in initialisation mode only, WUCKSEL while the wake-up timer is off. */
  #keepFormat(before: number): void {
    const setting = this.registers.has("RTC_ISR", INITF);
    const waits = (before & WUTE) !== 0 || this.#options.timeline.now < this.#wakeupFreeAt;
    const fixed = (setting ? 0 : FMT | REFCKON) | (waits ? WUCKSEL : 0);
    const now = this.registers.get("RTC_CR");
    if (((now ^ before) & fixed) === 0) return;
    this.registers.set("RTC_CR", (now & ~fixed) | (before & fixed));
    this.#mistake(
      "RTC_CR",
      "FMT and REFCKON need initialisation mode, WUCKSEL a wake-up timer that is off (WUTWF): they stay",
    );
  }

  #signal(): void {
    const cr = this.registers.get("RTC_CR");
    const isr = this.registers.get("RTC_ISR");
    const changed = isr ^ this.#flagsSeen;
    this.#flagsSeen = isr;
    for (const [name, flag] of Object.entries(TRIGGERS)) {
      if ((changed & flag) !== 0) this.#options.onTrigger?.(name as RtcTrigger, (isr & flag) !== 0);
    }
    const alarm = ALARMS.some(({ interrupt, flag }) => (cr & interrupt) !== 0 && (isr & flag) !== 0);
    this.#options.onSignal?.("alarm", alarm);
    this.#options.onSignal?.("tamper", this.tamper.pending);
    this.#options.onSignal?.("wakeup", (cr & WUTIE) !== 0 && (isr & WUTF) !== 0);
    if (changed !== 0 && (cr & OUTPUT) !== 0) this.#options.onOutput?.();
  }

  /** A tamper erases the backup registers, and keeps them so until its flag is cleared. */
  eraseBackup(): void {
    for (let index = 0; index < BACKUP_COUNT; index++) this.registers.set(`RTC_BKP${index}R`, 0);
  }

  #present(): { readonly tr: number; readonly dr: number } {
    if (!this.registers.has("RTC_ISR", INITF)) return this.#clock.time;
    return { tr: this.registers.get("RTC_TR"), dr: this.registers.get("RTC_DR") };
  }

  /** Stores the running time into TR and DR. */
  #latch(): void {
    const { tr, dr } = this.#present();
    this.registers.set("RTC_TR", tr);
    this.registers.set("RTC_DR", dr);
  }
}
