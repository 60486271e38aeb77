/**
 * RTC: backup registers, a 24-hour calendar, both alarms and the wake-up timer (RM0433, chapter RTC). Time stamps,
 * tampers and calibration are stored only. The whole block lives in the backup domain: it survives a system reset, and a power
 * cycle while VBAT is supplied.
 */

import type { ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock, type RegisterSpec } from "../registers.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { type CalendarTime, formatCalendar, parseCalendar } from "./calendar.js";
import { Peripheral } from "./peripheral.js";

export interface RtcOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** RCC_APB4ENR.RTCAPBEN. */
  readonly clocked: ClockGate;
  /** PWR_CR1.DBP. */
  readonly backupWritable: () => boolean;
  /** Frequency that RCC_BDCR.RTCSEL selects, in Hz; 0 while RTCEN = 0 or the source stands still. */
  readonly clockHz: () => number;
  /** Level of the alarms' and of the wake-up timer's signal to EXTI (lines 17 and 19). */
  readonly onSignal?: (signal: RtcSignal, high: boolean) => void;
}

export type RtcSignal = "alarm" | "wakeup";

/** What survives with VBAT: register values by name. */
export type RtcState = Readonly<Record<string, number>>;

type BackupRegister = `RTC_BKP${number}R`;
type ControlRegister = (typeof CONTROL)[number];
type RegisterBits = Pick<RegisterSpec, "rw" | "ro" | "wo" | "tagged">;
export type RtcRegister = ControlRegister | BackupRegister;

const CONTROL = [
  "RTC_TR",
  "RTC_DR",
  "RTC_CR",
  "RTC_ISR",
  "RTC_PRER",
  "RTC_WUTR",
  "RTC_ALRMAR",
  "RTC_ALRMBR",
  "RTC_WPR",
  "RTC_SSR",
  "RTC_SHIFTR",
  "RTC_TSTR",
  "RTC_TSDR",
  "RTC_TSSSR",
  "RTC_CALR",
  "RTC_TAMPCR",
  "RTC_ALRMASSR",
  "RTC_ALRMBSSR",
  "RTC_OR",
] as const;

/** RM0433, chapter RTC: these stay writable while WPR protects the others. */
const UNPROTECTED: readonly string[] = ["RTC_WPR", "RTC_TAMPCR", "RTC_OR"];
const KEYS = [0xca, 0x53] as const;
const LOCKED = "RTC_WPR protects it: write 0xCA, 0x53 first";
const RSF = 1 << 5;
const INITF = 1 << 6;
const INIT = 1 << 7;
const INITS = 1 << 4;
const EVENT_FLAGS = 0x2_ff00;
/** CR: WUCKSEL, ALRAE, ALRBE, WUTE, ALRAIE, ALRBIE, WUTIE. */
const CR_ACTIVE = 0x7707;
const ALARMS = [
  { enable: 1 << 8, interrupt: 1 << 12, flag: 1 << 8, time: "RTC_ALRMAR", fraction: "RTC_ALRMASSR" },
  { enable: 1 << 9, interrupt: 1 << 13, flag: 1 << 9, time: "RTC_ALRMBR", fraction: "RTC_ALRMBSSR" },
] as const;
const WUTE = 1 << 10;
const WUTIE = 1 << 14;
const WUTF = 1 << 10;
const WUTWF = 1 << 2;
const BACKUP_COUNT = 32;
const BACKUP_OFFSET = 0x50;
/** Synchronisation into the RTC's clock takes two of its cycles (RM0433, chapter RTC). */
const SYNC_CYCLES = 2;

export class Rtc extends Peripheral {
  readonly registers: RegisterBlock<RtcRegister>;

  readonly #options: RtcOptions;
  #keysSeen = 0;
  #calendar: CalendarTime = parseCalendar({ tr: 0, dr: 0x2101 });
  /** Seconds, with fraction, that the calendar counted since `#calendar`, up to board time `#countedAt`. */
  #counted = 0;
  #countedAt = 0;
  /** The clock since `#countedAt`, in Hz. */
  #hz = 0;
  #entering: TimelineEvent | undefined;
  #syncing: TimelineEvent | undefined;
  #second: TimelineEvent | undefined;
  #wakeup: TimelineEvent | undefined;

  constructor(options: RtcOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock<RtcRegister>(this.#specs(), {
      name: "RTC",
      log: options.log,
      clocked: options.clocked,
    });
  }

  /** System reset: WPR locks, RSF drops; time and backup registers stay. */
  systemReset(): void {
    this.#keysSeen = 0;
    this.registers.setBits("RTC_ISR", RSF, false);
    this.#synchronise();
  }

  /** Reset of the backup domain: BDCR.BDRST, or VDD and VBAT both gone. */
  backupReset(): void {
    const { timeline } = this.#options;
    for (const event of [this.#entering, this.#syncing, this.#second, this.#wakeup]) timeline.cancel(event);
    this.registers.reset();
    this.#keysSeen = 0;
    this.#start(parseCalendar({ tr: 0, dr: this.registers.get("RTC_DR") }));
  }

  /** To be called when the RTC's clock changed: what was counted so far counts at the old rate. */
  clockChanged(): void {
    const before = this.#hz;
    this.#count();
    if (this.#hz === before) return;
    if (!this.registers.has("RTC_ISR", RSF | INIT) && (this.#syncing?.done ?? true)) this.#synchronise();
    this.#scheduleAlarms();
    this.#startWakeup();
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
    const dr = this.registers.get("RTC_DR");
    this.#start(parseCalendar({ tr: this.registers.get("RTC_TR"), dr }));
    this.#counted = elapsedSeconds;
  }

  #specs(): Record<RtcRegister, RegisterSpec> {
    const plain = (name: RtcRegister, offset: number, reset: number, bits: RegisterBits): RegisterSpec => ({
      offset,
      reset,
      ...bits,
      onWrite: (_written, before) => void this.#refused(name, before),
    });
    const specs: Partial<Record<RtcRegister, RegisterSpec>> = {
      RTC_TR: { ...plain("RTC_TR", 0x00, 0, { rw: 0x7f_7f7f }), onRead: () => this.#time().tr },
      RTC_DR: { ...plain("RTC_DR", 0x04, 0x2101, { rw: 0xff_ff3f }), onRead: () => this.#time().dr },
      RTC_CR: {
        ...plain("RTC_CR", 0x08, 0, { rw: 0x20 | CR_ACTIVE, tagged: 0x1fc_8858, wo: 0x3_0000 }),
        onWrite: (_written, before) => this.#writeCr(before),
      },
      RTC_ISR: {
        offset: 0x0c,
        reset: 0x7,
        quiet: true,
        rw: INIT | RSF | EVENT_FLAGS,
        ro: 0x1_005f,
        onRead: (stored) => this.#status(stored),
        onWrite: (written, before) => this.#writeIsr(written, before),
      },
      RTC_PRER: plain("RTC_PRER", 0x10, 0x007f_00ff, { rw: 0x7f_7fff }),
      RTC_WUTR: plain("RTC_WUTR", 0x14, 0xffff, { rw: 0xffff }),
      RTC_ALRMAR: plain("RTC_ALRMAR", 0x1c, 0, { rw: 0xffff_ffff }),
      RTC_ALRMBR: plain("RTC_ALRMBR", 0x20, 0, { rw: 0xffff_ffff }),
      RTC_WPR: { offset: 0x24, reset: 0, wo: 0xff, onWrite: (written) => this.#writeKey(written & 0xff) },
      RTC_SSR: { offset: 0x28, reset: 0, ro: 0xffff, onRead: () => this.#subSecond() },
      RTC_SHIFTR: plain("RTC_SHIFTR", 0x2c, 0, { wo: 0x8000_7fff }),
      RTC_TSTR: { offset: 0x30, reset: 0, ro: 0x7f_7f7f },
      RTC_TSDR: { offset: 0x34, reset: 0, ro: 0xff3f },
      RTC_TSSSR: { offset: 0x38, reset: 0, ro: 0xffff },
      RTC_CALR: plain("RTC_CALR", 0x3c, 0, { tagged: 0xe1ff }),
      RTC_TAMPCR: plain("RTC_TAMPCR", 0x40, 0, { tagged: 0x1ff_ffff }),
      RTC_ALRMASSR: plain("RTC_ALRMASSR", 0x44, 0, { rw: 0xf00_7fff }),
      RTC_ALRMBSSR: plain("RTC_ALRMBSSR", 0x48, 0, { rw: 0xf00_7fff }),
      RTC_OR: plain("RTC_OR", 0x4c, 0, { tagged: 0x3 }),
    };
    for (let index = 0; index < BACKUP_COUNT; index++) {
      const name: BackupRegister = `RTC_BKP${index}R`;
      specs[name] = plain(name, BACKUP_OFFSET + index * 4, 0, { rw: 0xffff_ffff });
    }
    return specs as Record<RtcRegister, RegisterSpec>;
  }

  /** Undoes a write that DBP, WPR or the lack of initialisation mode forbids. */
  #refused(name: RtcRegister, before: number): boolean {
    const why = this.#protection(name);
    if (why === undefined) return false;
    this.registers.set(name, before);
    this.#mistake(name, `write ignored, ${why}`);
    return true;
  }

  #mistake(name: RtcRegister, what: string): void {
    this.#options.log.once(`RTC.${what}`, `guest mistake: ${name}: ${what}`);
  }

  #protection(name: RtcRegister): string | undefined {
    if (!this.#options.backupWritable()) return "the backup domain is protected: set PWR_CR1.DBP first";
    if (name.startsWith("RTC_BKP") || UNPROTECTED.includes(name)) return undefined;
    if (this.#keysSeen < KEYS.length) return LOCKED;
    const needsInit = name === "RTC_TR" || name === "RTC_DR" || name === "RTC_PRER";
    if (needsInit && !this.registers.has("RTC_ISR", INITF)) return "initialisation mode (INITF) is off";
    return undefined;
  }

  #writeKey(key: number): void {
    if (!this.#options.backupWritable()) return;
    this.#keysSeen = key === KEYS[this.#keysSeen] ? this.#keysSeen + 1 : 0;
  }

  /** Event flags and RSF are cleared by writing 0; only the event flags stay writable under WPR. */
  #writeIsr(written: number, before: number): void {
    if (!this.#options.backupWritable()) {
      this.#refused("RTC_ISR", before);
      return;
    }
    const locked = this.#keysSeen < KEYS.length;
    let next = before & (written | ~EVENT_FLAGS);
    if (!locked) {
      next &= written | ~RSF;
      next = (next & ~INIT) | (written & INIT);
    }
    if (locked && (((written ^ before) & INIT) !== 0 || (before & ~written & RSF) !== 0)) {
      this.#mistake("RTC_ISR", `INIT and RSF stay, ${LOCKED}`);
    }
    this.registers.set("RTC_ISR", next);
    this.#signal();
    if ((before & RSF) !== 0 && (next & RSF) === 0) this.#synchronise();
    if (((next ^ before) & INIT) !== 0) this.#initMode((next & INIT) !== 0);
  }

  #initMode(on: boolean): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#entering);
    if (!on) {
      this.registers.setBits("RTC_ISR", INITF, false);
      this.#start(parseCalendar({ tr: this.registers.get("RTC_TR"), dr: this.registers.get("RTC_DR") }));
      this.registers.setBits("RTC_ISR", RSF, false);
      this.#synchronise();
      this.#scheduleAlarms();
      return;
    }
    this.#latch();
    this.#entering = this.#soon(() => this.registers.setBits("RTC_ISR", INITF, true));
    if (this.#entering !== undefined) return;
    this.#options.log.once(
      "RTC.noclock",
      "guest mistake: the RTC has no clock (RCC_BDCR.RTCSEL, RTCEN): INITF never comes",
    );
  }

  #synchronise(): void {
    this.#options.timeline.cancel(this.#syncing);
    this.#syncing = this.#soon(() => this.registers.setBits("RTC_ISR", RSF, true));
  }

  /** After the synchronisation time; never while the RTC has no clock. */
  #soon(run: () => void): TimelineEvent | undefined {
    const hz = this.#options.clockHz();
    return hz > 0 ? this.#options.timeline.after((SYNC_CYCLES / hz) * 1e9, run) : undefined;
  }

  #status(stored: number): number {
    const year = (this.#time().dr >>> 16) & 0xff;
    const cr = this.registers.get("RTC_CR");
    // The alarms and the wake-up timer may be written while they are off (RM0433, RTC_ISR).
    const writable = ((cr & ALARMS[0].enable) === 0 ? 1 : 0) | ((cr & ALARMS[1].enable) === 0 ? 2 : 0);
    const free = (stored & ~7) | writable | ((cr & WUTE) === 0 ? WUTWF : 0);
    return (year === 0 ? free & ~INITS : free | INITS) >>> 0;
  }

  #writeCr(before: number): void {
    if (this.#refused("RTC_CR", before)) return;
    const changed = this.registers.get("RTC_CR") ^ before;
    if ((changed & (ALARMS[0].enable | ALARMS[1].enable)) !== 0) this.#scheduleAlarms();
    if ((changed & WUTE) !== 0) this.#startWakeup();
    this.#signal();
  }

  /** Looks at the alarms at the start of each second, or at the fraction that an alarm's sub-seconds name. */
  #scheduleAlarms(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#second);
    const cr = this.registers.get("RTC_CR");
    const rate = this.#rate;
    if ((cr & (ALARMS[0].enable | ALARMS[1].enable)) === 0 || rate === 0) return;
    this.#count();
    const left = (1 - (this.#counted % 1)) / rate;
    this.#second = timeline.after(left * 1e9 + 1, () => {
      this.#count();
      for (const alarm of ALARMS) if (this.registers.has("RTC_CR", alarm.enable)) this.#compare(alarm);
      this.#scheduleAlarms();
    });
  }

  /** Seconds of the calendar in a second. */
  get #rate(): number {
    const prer = this.registers.get("RTC_PRER");
    return this.#options.clockHz() / (((prer & 0x7fff) + 1) * (((prer >>> 16) & 0x7f) + 1));
  }

  #compare({ time, fraction, flag }: (typeof ALARMS)[number]): void {
    const alarm = this.registers.get(time);
    const { tr, dr } = this.#time();
    const day = (alarm & (1 << 30)) !== 0 ? (dr >>> 13) & 7 : dr & 0x3f;
    const wanted = (alarm & (1 << 30)) !== 0 ? (alarm >>> 24) & 0xf : (alarm >>> 24) & 0x3f;
    const differs =
      ((alarm & (1 << 7)) === 0 && ((alarm ^ tr) & 0x7f) !== 0) ||
      ((alarm & (1 << 15)) === 0 && ((alarm ^ tr) & 0x7f00) !== 0) ||
      ((alarm & (1 << 23)) === 0 && ((alarm ^ tr) & 0x7f_0000) !== 0) ||
      ((alarm & 0x8000_0000) === 0 && day !== wanted);
    if (differs) return;
    const span = (this.registers.get("RTC_PRER") & 0x7fff) + 1;
    const masked = (this.registers.get(fraction) >>> 24) & 0xf;
    const compared = span - 1 - (this.registers.get(fraction) & 0x7fff);
    const into = masked === 0 ? 0 : Math.max(0, compared) % 2 ** masked;
    const rate = this.#rate;
    this.#options.timeline.after((into / span / rate) * 1e9, () => {
      this.registers.setBits("RTC_ISR", flag, true);
      this.#signal();
    });
  }

  #startWakeup(): void {
    const { timeline, clockHz } = this.#options;
    timeline.cancel(this.#wakeup);
    const cr = this.registers.get("RTC_CR");
    if ((cr & WUTE) === 0 || clockHz() === 0) return;
    const selection = cr & 7;
    const hz = selection < 4 ? clockHz() / (16 >> selection) : this.#rate;
    const ticks = this.registers.get("RTC_WUTR") + 1 + (selection >= 6 ? 0x1_0000 : 0);
    this.#wakeup = timeline.after((ticks * 1e9) / hz, () => {
      this.registers.setBits("RTC_ISR", WUTF, true);
      this.#signal();
      this.#startWakeup();
    });
  }

  #signal(): void {
    const cr = this.registers.get("RTC_CR");
    const isr = this.registers.get("RTC_ISR");
    const alarm = ALARMS.some(({ interrupt, flag }) => (cr & interrupt) !== 0 && (isr & flag) !== 0);
    this.#options.onSignal?.("alarm", alarm);
    this.#options.onSignal?.("wakeup", (cr & WUTIE) !== 0 && (isr & WUTF) !== 0);
  }

  #time(): { readonly tr: number; readonly dr: number } {
    if (this.registers.has("RTC_ISR", INITF)) {
      return { tr: this.registers.get("RTC_TR"), dr: this.registers.get("RTC_DR") };
    }
    this.#count();
    return formatCalendar(this.#calendar, Math.floor(this.#counted));
  }

  #subSecond(): number {
    this.#count();
    const span = (this.registers.get("RTC_PRER") & 0x7fff) + 1;
    return span - 1 - Math.floor((this.#counted % 1) * span);
  }

  #start(calendar: CalendarTime): void {
    this.#calendar = calendar;
    this.#counted = 0;
    this.#countedAt = this.#options.timeline.now;
    this.#hz = this.#options.clockHz();
  }

  /** Stores the running time into TR and DR. */
  #latch(): void {
    const { tr, dr } = this.#time();
    this.registers.set("RTC_TR", tr);
    this.registers.set("RTC_DR", dr);
  }

  #count(): void {
    const now = this.#options.timeline.now;
    const prer = this.registers.get("RTC_PRER");
    const divider = ((prer & 0x7fff) + 1) * (((prer >>> 16) & 0x7f) + 1);
    const running = !this.registers.has("RTC_ISR", INITF);
    if (running) this.#counted += ((now - this.#countedAt) / 1e9) * (this.#hz / divider);
    this.#countedAt = now;
    this.#hz = this.#options.clockHz();
  }
}
