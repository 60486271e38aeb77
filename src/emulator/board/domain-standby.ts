/**
 * DStandby of D1 and D2 (RM0433, chapter PWR, "Operating modes"): a domain that is stopped with its PDDS bit set loses its supply, and
 * with it what its RAMs and registers hold. D1 comes back when the core is woken, which starts anew; D2 when something in it is enabled.
 */

import type { Pwr } from "../peripherals/pwr/pwr.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";

export type LossyDomain = "D1" | "D2";

export interface DomainStandbyOptions {
  readonly pwr: Pwr;
  readonly rcc: Rcc;
  /** RAMs and registers of the domain go. */
  readonly onLoss: (domain: LossyDomain) => void;
}

export class DomainStandby {
  readonly #options: DomainStandbyOptions;
  readonly #lost = new Set<LossyDomain>();
  #coreStopped = false;

  constructor(options: DomainStandbyOptions) {
    this.#options = options;
  }

  reset(): void {
    this.#lost.clear();
    this.#coreStopped = false;
  }

  /** The core went to CStop. */
  stopped(): void {
    const { pwr } = this.#options;
    this.#coreStopped = true;
    for (const domain of ["D1", "D2"] as const) if (pwr.domainStandby(domain)) this.#lost.add(domain);
  }

  /** The core was woken. @returns whether it has to start anew */
  woken(): boolean {
    this.#coreStopped = false;
    const anew = this.#restart("D1");
    this.look();
    return anew;
  }

  /** Gates or CPUCR changed. While the core runs, D2 is stopped when nothing in it is enabled. */
  look(): void {
    const { pwr, rcc } = this.#options;
    if (this.#coreStopped) return;
    if (rcc.d2Clocked) this.#restart("D2");
    else if (pwr.domainStandby("D2")) this.#lost.add("D2");
  }

  #restart(domain: LossyDomain): boolean {
    if (!this.#lost.delete(domain)) return false;
    const { pwr, rcc, onLoss } = this.#options;
    onLoss(domain);
    pwr.domainRestarted(domain);
    rcc.domainRestarted(domain);
    return true;
  }
}
