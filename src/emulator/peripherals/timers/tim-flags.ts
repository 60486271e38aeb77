/** What a timer tells: flags, interrupts, DMA requests (RM0433, TIMx_SR, TIMx_DIER, TIMx_DCR). */

import type { RegisterBlock } from "../../registers.js";
import { TimBurst } from "./tim-burst.js";
import { updateTimInterrupts } from "./tim-interrupts.js";
import type { TimOptions, TimRequest } from "./tim-options.js";
import { CC1IF, CC1OF, CCDS, COMDE, COMIF, COMPARE_FLAGS, TDE, TIF, UDE, UIF, URS } from "./tim-registers.js";

/** DIER: CC1DE..CC4DE. */
const CHANNEL_REQUESTS = 0x1e00;

export class TimFlags {
  readonly #registers: RegisterBlock<string>;
  readonly #options: TimOptions;
  readonly #hasCr2: boolean;
  readonly #burst: TimBurst;

  constructor(registers: RegisterBlock<string>, options: TimOptions, has: (name: string) => boolean) {
    this.#registers = registers;
    this.#options = options;
    this.#hasCr2 = has("CR2");
    this.#burst = new TimBurst(options.holdRequest);
  }

  reset(): void {
    this.#burst.reset();
  }

  /** An access of DMAR. @param value undefined: a read */
  burst(value: number | undefined): number {
    return this.#burst.access(this.#registers, value);
  }

  updateInterrupts(): void {
    updateTimInterrupts(this.#registers, this.#options);
  }

  trigger(): void {
    this.#set(TIF);
    if (this.#registers.has("DIER", TDE)) this.#ask("TRIG");
  }

  /** An edge of the gate: no DMA. */
  gated(): void {
    this.#set(TIF);
  }

  commutation(): void {
    this.#set(COMIF);
    if (this.#registers.has("DIER", COMDE)) this.#ask("COM");
  }

  /** @param byCounter not by software, whose events URS keeps silent */
  update(byCounter: boolean): void {
    if (byCounter || !this.#registers.has("CR1", URS)) {
      this.#set(UIF);
      if (this.#registers.has("DIER", UDE)) this.#ask("UP");
    }
    if (this.#requestsOnUpdate) for (let index = 0; index < 4; index++) this.#askFor(index);
  }

  /** A match of channel `index`. */
  compare(index: number): void {
    this.#set(COMPARE_FLAGS[index] as number);
    if (!this.#requestsOnUpdate) this.#askFor(index);
  }

  /** CCxG of a channel that is an output. */
  generateCompare(index: number): void {
    this.#set(CC1IF << index);
    this.#askFor(index);
  }

  /** @param captures more than one: all but the last were lost */
  capture(index: number, count: number, captures: number): void {
    const flag = CC1IF << index;
    if (captures > 1 || this.#registers.has("SR", flag)) this.#set(CC1OF << index);
    this.#registers.set(`CCR${index + 1}`, count);
    this.#set(flag);
    if (!this.#requestsOnUpdate) this.#askFor(index);
  }

  /** Does an interrupt or DMA wait for the next update event? */
  get awaitsUpdate(): boolean {
    const dier = this.#registers.get("DIER");
    const interrupts = (dier & UIF) !== 0 && !this.#registers.has("SR", UIF);
    return interrupts || (dier & UDE) !== 0 || (this.#requestsOnUpdate && (dier & CHANNEL_REQUESTS) !== 0);
  }

  /** CR2.CCDS: channels ask DMA with the update event. */
  get #requestsOnUpdate(): boolean {
    return this.#hasCr2 && this.#registers.has("CR2", CCDS);
  }

  #askFor(index: number): void {
    const enabled = index < 4 && this.#registers.has("DIER", UDE << (index + 1));
    if (enabled) this.#ask(`CH${index + 1}` as TimRequest);
  }

  #ask(request: TimRequest): void {
    this.#burst.asked(request);
    this.#options.request?.(request);
  }

  #set(flags: number): void {
    this.#registers.setBits("SR", flags, true);
  }
}
