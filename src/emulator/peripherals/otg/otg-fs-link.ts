/**
 * The USB OTG core's link: what must be true before D+ is pulled up, and suspend. (RM0433: "OTG peripheral
 * mode", "Power options", "Session valid override"; PWR: VDD33USB; RCC: USB kernel clock.)
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import type { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { DCFG, GUSBCFG } from "./otg-fs-registers.js";

/** The chip around the core. */
export interface OtgSurroundings {
  /** USB kernel clock (RCC D2CCIP2R.USBSEL) in Hz, 0 when off. */
  readonly usbClockHz: () => number;
  /** PWR_CR3.USB33RDY: VDD33USB is there and its detector is on. */
  readonly vdd33Ready: () => boolean;
  /** D- and D+ are in their alternate function. */
  readonly pinsReady: () => boolean;
  /** What to say when they are not. */
  readonly pins?: string;
  /** HCLK of the core in Hz, for the check of GUSBCFG.TRDT. */
  readonly hclkHz: () => number;
  /** True while the core stands still because the CPU sleeps (RCC_AHB1LPENR: core clock off, or ULPI clock on). */
  readonly stalledBySleep?: () => boolean;
  /** OTG_xS_WKUP: the core's line through EXTI, which needs no clock. */
  readonly wakeUpIrq?: InterruptLine;
  /** PA9 is wired to VBUS, so that GCCFG.VBDEN can see a host. Default: not wired. */
  readonly vbusWired?: boolean;
}

/** Full speed allows 2500 ppm (USB 2.0, 7.1.11). */
const USB_CLOCK_HZ = 48e6;
const USB_CLOCK_TOLERANCE = 0.0025;
const POLL_NS = 1e6;
/** How long software may take between switching the link on and all its conditions being true before it is told: ST's library waits 50 ms after forcing device mode. */
const PATIENCE_POLLS = 500;
const SUSPEND_NS = 3e6;

/** Smallest HCLK in Hz for each GUSBCFG.TRDT, full speed (RM0433, table "TRDT values"). */
const TURNAROUND: readonly (readonly [hz: number, trdt: number])[] = [
  [32e6, 0x6],
  [27.5e6, 0x7],
  [24e6, 0x8],
  [21.8e6, 0x9],
  [20e6, 0xa],
  [18.5e6, 0xb],
  [17.2e6, 0xc],
  [16e6, 0xd],
  [15e6, 0xe],
  [14.2e6, 0xf],
];

export function checkTurnaround(
  hclkHz: number,
  gusbcfg: number,
  mistake: (key: string, message: string) => void,
): void {
  const wanted = turnaroundFor(hclkHz);
  const trdt = (gusbcfg >>> GUSBCFG.TRDT_SHIFT) & 15;
  if (wanted === undefined) mistake("hclk", `HCLK is ${hclkHz} Hz: USB needs at least 14.2 MHz`);
  else if (trdt !== wanted)
    mistake("trdt", `GUSBCFG.TRDT = ${trdt}: the manual asks for ${wanted} at an HCLK of ${hclkHz} Hz`);
}

/** The TRDT that the manual asks for, or undefined when HCLK is too slow for USB. */
function turnaroundFor(hclkHz: number): number | undefined {
  return TURNAROUND.find(([hz]) => hclkHz >= hz)?.[1];
}

function usbClockProblem(hz: number): string | undefined {
  if (hz === 0) return "USB kernel clock is off (RCC_D2CCIP2R.USBSEL and its source)";
  if (Math.abs(hz - USB_CLOCK_HZ) <= USB_CLOCK_HZ * USB_CLOCK_TOLERANCE) return undefined;
  return `USB kernel clock is ${hz} Hz instead of 48 MHz +-0.25 % (RCC_D2CCIP2R.USBSEL)`;
}

/** What the core lacks to hear anything at all. */
export function clockProblem({
  clocked,
  usbClockHz,
  stalledBySleep,
}: OtgSurroundings & { readonly clocked: ClockGate }): string | undefined {
  if (!clocked()) return "its bus clock is off (RCC_AHB1ENR.USB2OTGEN)";
  return (
    usbClockProblem(usbClockHz()) ??
    (stalledBySleep?.() ? "the CPU sleeps and RCC_AHB1LPENR stops the core" : undefined)
  );
}

/** What is missing for the pull-up on D+, in words. */
export function missingForPullUp(
  regs: RegisterBlock<string>,
  surroundings: OtgSurroundings,
  { sessionValid, on }: { readonly sessionValid: boolean; readonly on: boolean },
): string[] {
  const { usbClockHz, vdd33Ready, pinsReady, pins = "its pins are not in their function" } = surroundings;
  const needs: readonly (readonly [boolean, string])[] = [
    [regs.has("GUSBCFG", GUSBCFG.FDMOD), "GUSBCFG.FDMOD = 0 and no ID pin is wired: not in device mode"],
    [regs.has("GUSBCFG", GUSBCFG.PHYSEL), "GUSBCFG.PHYSEL = 0: a ULPI PHY is selected, there is none"],
    [(regs.get("DCFG") & DCFG.DSPD) === DCFG.DSPD, "DCFG.DSPD is not 3 (full speed, internal PHY)"],
    [sessionValid, "no valid B session: set GOTGCTL.BVALOEN and BVALOVAL, or sense VBUS on PA9"],
    // Once it is on, it needs no clock: a suspended device may stop them all.
    [on || usbClockHz() > 0, usbClockProblem(0) ?? ""],
    [vdd33Ready(), "VDD33USB is not ready (PWR_CR3.USB33DEN, USB33RDY)"],
    [pinsReady(), pins],
  ];
  return needs.filter(([met]) => !met).map(([, text]) => text);
}

export interface AttachMonitorOptions {
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  /** The core's, for messages. */
  readonly name: string;
  /** Software switched the link on: transceiver powered, no soft disconnect. */
  readonly wanted: () => boolean;
  /** What is missing for the pull-up, in words; empty when nothing is. */
  readonly missing: () => string[];
  readonly changed: (pullUp: boolean) => void;
}

/** Watches the conditions for the pull-up; those outside the core do not announce their changes. */
export class AttachMonitor {
  pullUp = false;
  readonly #options: AttachMonitorOptions;
  #poll: TimelineEvent | undefined;
  #polls = 0;

  constructor(options: AttachMonitorOptions) {
    this.#options = options;
  }

  evaluate(): void {
    const { wanted, missing, changed, timeline } = this.#options;
    const reasons = wanted() ? missing() : undefined;
    const pullUp = reasons !== undefined && reasons.length === 0;
    if (reasons === undefined || pullUp) {
      timeline.cancel(this.#poll);
      this.#poll = undefined;
      this.#polls = 0;
    } else {
      this.#keepWatching(reasons);
    }
    if (pullUp === this.pullUp) return;
    this.pullUp = pullUp;
    changed(pullUp);
  }

  #keepWatching(reasons: readonly string[]): void {
    if (this.#poll !== undefined && !this.#poll.done) return;
    if (++this.#polls === PATIENCE_POLLS) {
      const text = reasons.join("; ");
      const { log, name } = this.#options;
      log.once(`${name}.attach.${text}`, `${name}: the host cannot see the device: ${text}`);
    }
    this.#poll = this.#options.timeline.after(POLL_NS, () => this.evaluate());
  }
}

/** Suspend after 3 ms without traffic. One event each 3 ms, however busy the bus is. */
export class IdleWatch {
  readonly #timeline: Timeline;
  readonly #suspend: () => void;
  #last = 0;
  #event: TimelineEvent | undefined;

  constructor(timeline: Timeline, suspend: () => void) {
    this.#timeline = timeline;
    this.#suspend = suspend;
  }

  activity(): void {
    this.#last = this.#timeline.now;
    if (this.#event === undefined) this.#watch();
  }

  stop(): void {
    this.#timeline.cancel(this.#event);
    this.#event = undefined;
  }

  #watch(): void {
    this.#event = this.#timeline.after(this.#last + SUSPEND_NS - this.#timeline.now, () => {
      this.#event = undefined;
      if (this.#timeline.now - this.#last < SUSPEND_NS - 1) this.#watch();
      else this.#suspend();
    });
  }
}
