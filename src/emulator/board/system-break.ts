/**
 * The system's break of TIM1, TIM8, TIM15, TIM16 and TIM17, and HRTIM's system fault (RM0433, "Using the break function", SYSCFG_CFGR): a failure of HSE
 * always reaches them, the others once SYSCFG_CFGR connects them. RAM cells do not fail here, so its other bits have nothing to lead.
 */

export type BreakSource = "clock" | "supply" | "lockup" | "flash";

export const BREAKABLE = ["TIM1", "TIM8", "TIM15", "TIM16", "TIM17"] as const;

/** PVDL, CM7L, FLASHL. */
const LOCKS: Readonly<Record<BreakSource, number | undefined>> = {
  clock: undefined,
  supply: 1 << 2,
  lockup: 1 << 6,
  flash: 1 << 3,
};

export class SystemBreak {
  readonly #active = new Set<BreakSource>();
  readonly #locks: () => number;
  readonly #tell: (active: boolean) => void;
  #level = false;

  /** @param locks SYSCFG_CFGR */
  constructor(locks: () => number, tell: (active: boolean) => void) {
    this.#locks = locks;
    this.#tell = tell;
  }

  set(source: BreakSource, active: boolean): void {
    if (active) this.#active.add(source);
    else this.#active.delete(source);
    this.look();
  }

  /** What lasts no longer than a moment. */
  pulse(source: BreakSource): void {
    this.set(source, true);
    this.set(source, false);
  }

  /** After SYSCFG_CFGR was written, too. */
  look(): void {
    const locks = this.#locks();
    const level = [...this.#active].some((source) => {
      const lock = LOCKS[source];
      return lock === undefined || (locks & lock) !== 0;
    });
    if (level === this.#level) return;
    this.#level = level;
    this.#tell(level);
  }
}
