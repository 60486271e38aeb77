/** Clock security systems on HSE and LSE (RM0433, "Clock security system (CSS)", RCC_CR, RCC_BDCR, RCC_CIFR). */

import type { RegisterBlock } from "../../registers.js";
import type { ClockTree } from "./clock-tree.js";
import type { RccOscillators } from "./rcc-oscillators.js";
import { PLLS } from "./rcc-plls.js";
import type { RccRegister } from "./rcc-registers.js";
import { SOURCES } from "./rcc-sources.js";

/** What a board may solder in, and what may stop there. */
export type Crystal = "HSE" | "LSE";

export interface ClockSecurityHost {
  readonly registers: RegisterBlock<RccRegister>;
  readonly sources: RccOscillators;
  readonly tree: ClockTree;
  /** HSECSSF: the core's NMI, and the timers' breaks. */
  readonly onHse: ((failed: boolean) => void) | undefined;
  /** LSECSSF, which is EXTI line 18's. */
  readonly onLse: ((failed: boolean) => void) | undefined;
  readonly onChange: () => void;
  readonly note: (message: string) => void;
}

/** CR */
const HSECSSON = 1 << 19;
/** BDCR */
const LSECSSON = 1 << 5;
const LSECSSD = 1 << 6;
const RTCSEL = 3 << 8;
const RTC_ON_LSE = 1 << 8;
/** CIER, CIFR, CICR */
const LSECSSF = 1 << 9;
const HSECSSF = 1 << 10;
export const SECURITY_FLAGS = LSECSSF | HSECSSF;

export class ClockSecurity {
  readonly #host: ClockSecurityHost;

  constructor(host: ClockSecurityHost) {
    this.#host = host;
  }

  /** Stops a crystal, or lets it swing again. */
  setFailed(name: Crystal, failed: boolean): void {
    this.#host.sources.setFailed(name, failed);
    this.look();
    this.#host.onChange();
  }

  /** To be called when an oscillator or a detector was switched on. */
  look(): void {
    const { registers, sources } = this.#host;
    if (sources.hasFailed("HSE") && sources.ready("HSE") && registers.has("CR", HSECSSON)) this.#hseFailed();
    // LSI is what it counts LSE with.
    const watched = registers.has("BDCR", LSECSSON) && sources.ready("LSE") && sources.ready("LSI");
    if (sources.hasFailed("LSE") && watched && !registers.has("BDCR", LSECSSD)) this.#lseFailed();
  }

  /** LSE does not reach the RTC any more: only a reset of the backup domain ends that. */
  get rtcCut(): boolean {
    const bdcr = this.#host.registers.get("BDCR");
    return (bdcr & LSECSSD) !== 0 && (bdcr & RTCSEL) === RTC_ON_LSE;
  }

  /** After CIFR changed. */
  tell(): void {
    const { registers, onHse, onLse } = this.#host;
    onHse?.(registers.has("CIFR", HSECSSF));
    onLse?.(registers.has("CIFR", LSECSSF));
  }

  /** HSECSSON is for good; LSECSSON may be taken back once a failure was detected, and must be. */
  keepOn(register: "CR" | "BDCR", before: number): void {
    const { registers } = this.#host;
    const kept = register === "CR" ? HSECSSON : (before & LSECSSD) === 0 ? LSECSSON : 0;
    registers.setBits(register, before & kept, true);
  }

  /** HSE is switched off, and the PLLs behind it; what they drove goes on with HSI, or with CSI as STOPWUCK has it. */
  #hseFailed(): void {
    const { registers, sources, tree } = this.#host;
    const behind = tree.pllSource === "HSE" ? PLLS.map((pll) => `PLL${pll}` as const) : [];
    const drove = sources.systemSource;
    for (const name of ["HSE", ...behind] as const) {
      sources.abort(name);
      registers.setBits("CR", SOURCES[name].on | SOURCES[name].ready, false);
    }
    if (drove === "HSE" || (drove === "PLL1" && behind.length > 0)) sources.fallBack();
    registers.setBits("CIFR", HSECSSF, true);
    this.#host.note(
      `HSE failed: it is off, and the system clock is ${sources.systemSource ?? "none"}; NMI tells the program`,
    );
    this.tell();
  }

  #lseFailed(): void {
    const { registers, note } = this.#host;
    registers.setBits("BDCR", LSECSSD, true);
    note("LSE failed: it does not reach the RTC any more");
    if (registers.has("CIER", LSECSSF)) registers.setBits("CIFR", LSECSSF, true);
    this.tell();
  }
}
