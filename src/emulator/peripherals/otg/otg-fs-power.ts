/**
 * Suspend (L2), sleep (L1, by the Link Power Management token), resume and remote wakeup of the USB OTG core
 * (RM0433, "Power options", OTG_GLPMCFG, OTG_PCGCCTL; ECN "USB 2.0 Link Power Management").
 */

import type { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { LPM_ATTRIBUTES, type LpmAnswer } from "../../usb-port.js";
import { IdleWatch } from "./otg-fs-link.js";
import { DCTL, DSTS, GINT, GLPMCFG, PCGCCTL, type RegisterHooks } from "./otg-fs-registers.js";

export interface LinkPowerOptions {
  readonly timeline: Timeline;
  readonly registers: () => RegisterBlock<string>;
  readonly raise: (cause: number) => void;
  /** Brings the interrupt line up to date. */
  readonly update: () => void;
  /** A transmit FIFO holds something, or DMA has something to send. */
  readonly pendingData: () => boolean;
  /** The device drives resume signalling. */
  readonly signalResume: () => void;
  /** OTG_xS_WKUP through EXTI: hears the bus without any clock. */
  readonly wakeUpLine: (on: boolean) => void;
}

/** Between the ACK and the sleep (TL1TokenRetry), until resume may begin (TL1Residency), length of a resume from here (TL1DevDrvResume). */
const L1_ENTRY_NS = 8e3;
const L1_RESIDENCY_NS = 50e3;
const L1_RESUME_NS = 50e3;
/** bLinkState: the only one there is. */
const L1 = 1;

const RESPONSE = { stall: 1, nyet: 2, ack: 3 } as const;

export class LinkPower {
  readonly #options: LinkPowerOptions;
  readonly #idle: IdleWatch;
  #timer: TimelineEvent | undefined;

  constructor(options: LinkPowerOptions) {
    this.#options = options;
    this.#idle = new IdleWatch(options.timeline, () => this.#suspend());
  }

  /** DSTS.SUSPSTS: nothing was heard for 3 ms. */
  get suspended(): boolean {
    return this.#regs.has("DSTS", DSTS.SUSPSTS);
  }

  /** GLPMCFG.SLPSTS. */
  get sleeping(): boolean {
    return this.#regs.has("GLPMCFG", GLPMCFG.SLPSTS);
  }

  get #regs(): RegisterBlock<string> {
    return this.#options.registers();
  }

  hooks(): RegisterHooks {
    return {
      PCGCCTL: {
        // The PHY is suspended once software has stopped its clock on a bus that is.
        onRead: (stored) => (this.#stopped ? stored | PCGCCTL.PHYSUSP : stored),
        onWrite: () => {
          // The line without clocks is there for the time without clocks.
          if (!this.#regs.has("PCGCCTL", PCGCCTL.STPPCLK)) this.#options.wakeUpLine(false);
        },
      },
    };
  }

  get #stopped(): boolean {
    return this.#regs.has("PCGCCTL", PCGCCTL.STPPCLK) && (this.suspended || this.sleeping);
  }

  reset(): void {
    this.silence();
    this.#options.wakeUpLine(false);
  }

  /** The lines are driven, or nobody is there: that is no idle bus. */
  silence(): void {
    this.#idle.stop();
    this.#options.timeline.cancel(this.#timer);
  }

  /** A packet, or a frame's start. */
  activity(): void {
    this.#idle.activity();
  }

  /** The bus moves: out of suspend and sleep. PCGCCTL.STPPCLK makes nobody deaf: ST's library sets it in each suspend and leaves it to the core to wake. */
  awake(): void {
    if (this.#stopped) this.#options.wakeUpLine(true);
    this.#options.timeline.cancel(this.#timer);
    this.#regs.setBits("DSTS", DSTS.SUSPSTS, false);
    this.#regs.setBits("GLPMCFG", GLPMCFG.SLPSTS | GLPMCFG.L1RSMOK, false);
  }

  /** Resume signalling from the host. */
  resume(): void {
    if (!this.suspended && !this.sleeping) return;
    this.awake();
    this.#idle.stop();
    this.#options.raise(GINT.WKUINT);
    this.#options.update();
  }

  /** DCTL.RWUSIG was set. In L1 the core ends it by itself, and it wakes the device itself, too. */
  signalWakeUp(): void {
    if (this.sleeping) {
      this.resume();
      this.#options.timeline.after(L1_RESUME_NS, () => this.#regs.setBits("DCTL", DCTL.RWUSIG, false));
    } else if (this.suspended) {
      this.awake();
    } else {
      return;
    }
    this.#options.signalResume();
  }

  #suspend(): void {
    this.#regs.setBits("DSTS", DSTS.SUSPSTS, true);
    this.#options.raise(GINT.ESUSP | GINT.USBSUSP);
    this.#options.update();
  }

  /** @param attributes of the LPM token. */
  lpm(attributes: number): LpmAnswer {
    if (!this.#regs.has("GLPMCFG", GLPMCFG.LPMEN)) return "none";
    const answer = this.#answerTo(attributes);
    const besl = (attributes >>> LPM_ATTRIBUTES.BESL_SHIFT) & 15;
    const wakes = (attributes & LPM_ATTRIBUTES.REMOTE_WAKE) !== 0;
    const kept = this.#regs.get("GLPMCFG") & ~(GLPMCFG.BESL | GLPMCFG.REMWAKE | GLPMCFG.LPMRSP);
    const told = (besl << GLPMCFG.BESL_SHIFT) | (RESPONSE[answer] << GLPMCFG.LPMRSP_SHIFT);
    this.#regs.set("GLPMCFG", kept | told | (wakes ? GLPMCFG.REMWAKE : 0));
    this.#options.raise(GINT.LPMINT);
    if (answer === "ack") this.#fallAsleep();
    return answer;
  }

  #answerTo(attributes: number): "ack" | "nyet" | "stall" {
    if ((attributes & LPM_ATTRIBUTES.LINK_STATE) !== L1) return "stall";
    const threshold = (this.#regs.get("GLPMCFG") >>> GLPMCFG.BESLTHRS_SHIFT) & 15;
    const besl = (attributes >>> LPM_ATTRIBUTES.BESL_SHIFT) & 15;
    const tooDeep = this.#regs.has("DCTL", DCTL.DSBESLRJCT) && besl > threshold;
    const willing = this.#regs.has("GLPMCFG", GLPMCFG.LPMACK) && !tooDeep && !this.#options.pendingData();
    return willing ? "ack" : "nyet";
  }

  #fallAsleep(): void {
    this.silence();
    const { timeline } = this.#options;
    this.#timer = timeline.after(L1_ENTRY_NS, () => {
      this.#regs.setBits("GLPMCFG", GLPMCFG.SLPSTS, true);
      this.#timer = timeline.after(L1_RESIDENCY_NS, () =>
        this.#regs.setBits("GLPMCFG", GLPMCFG.L1RSMOK, true),
      );
    });
  }
}
