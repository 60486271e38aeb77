/** What leaves a timer for others inside the chip: TRGO, TRGO2, and each channel's event (RM0433, "Timer synchronization"). */

/** Who is clocked, started or gated by such a signal. */
export interface TriggerListener {
  /** Does it look at this trigger now? */
  readonly wants: () => boolean;
  /** A rising edge. */
  readonly pulse: () => void;
  /** The level changed; only signals that have one (CNT_EN, OCxREF) tell it. */
  readonly changed?: () => void;
}

export class TriggerOutput {
  readonly #listeners: TriggerListener[] = [];
  #listening = true;
  #level = false;

  add(listener: TriggerListener): void {
    this.#listeners.push(listener);
  }

  get heard(): boolean {
    return this.#listeners.some(({ wants }) => wants());
  }

  /** The source looks ahead: while it counts and nobody listens, it passes over what happens, and tells nobody later. */
  lookAhead(counting: boolean): void {
    this.#listening = !counting || this.heard;
  }

  /** Did somebody listen when the source last looked ahead? */
  get listening(): boolean {
    return this.#listening;
  }

  get level(): boolean {
    return this.#level;
  }

  reset(): void {
    this.#level = false;
  }

  pulse(): void {
    if (!this.#listening) return;
    for (const { wants, pulse } of this.#listeners) if (wants()) pulse();
  }

  /** The signal has this level now. */
  follow(level: boolean): void {
    if (level === this.#level) return;
    this.#level = level;
    if (!this.#listening) return;
    if (level) this.pulse();
    for (const { wants, changed } of this.#listeners) if (changed !== undefined && wants()) changed();
  }
}
