/**
 * Which exceptions are pending, active and enabled, and which one preempts (DDI 0403E, B1.5.4).
 * Exception numbers: 1..15 system, 16 + n for IRQ n. Lower priority values win.
 */

import { Exception } from "./faults.js";

/** STM32H7 implements the upper 4 bits of each priority byte (PM0253, 4.3). */
const PRIORITY_MASK = 0xf0;
/** Execution priority of thread code with nothing active or masked. */
export const THREAD_PRIORITY = 256;

export class ExceptionModel {
  /** Called when something became pending or enabled: the core must look soon. */
  onAttention: () => void = () => {};
  /** Called when an exception that was not pending became so (SCR.SEVONPEND). */
  onNewlyPending: () => void = () => {};
  primask = 0;
  faultmask = 0;
  basepri = 0;
  /** AIRCR.PRIGROUP */
  prigroup = 0;

  /** DHCSR.C_MASKINTS: PendSV, SysTick and interrupts wait. */
  #debugMask = false;

  readonly count: number;
  readonly #pending: Uint8Array;
  readonly #enabled: Uint8Array;
  readonly #active: Uint8Array;
  readonly #priority: Uint8Array;
  #activeCount = 0;
  #pendingCount = 0;
  #pendingIrqs = 0;
  /** Pending and enabled, or undefined when that must be worked out again. */
  #candidate: number | undefined = 0;
  /** Highest priority of all active exceptions, or undefined as above. */
  #highest: number | undefined = THREAD_PRIORITY;

  /** @param irqs number of interrupt lines. */
  constructor(irqs: number) {
    this.count = Exception.irq0 + irqs;
    this.#pending = new Uint8Array(this.count);
    this.#enabled = new Uint8Array(this.count);
    this.#active = new Uint8Array(this.count);
    this.#priority = new Uint8Array(this.count);
    this.reset();
  }

  reset(): void {
    this.#pending.fill(0);
    this.#pendingCount = 0;
    this.#pendingIrqs = 0;
    this.#active.fill(0);
    this.#activeCount = 0;
    this.#priority.fill(0);
    this.#enabled.fill(0);
    for (const number of [
      Exception.nmi,
      Exception.hardFault,
      Exception.svCall,
      // Whoever pends it means it: MON_EN is about debug events (DEMCR.MON_PEND).
      Exception.debugMonitor,
      Exception.pendSv,
      Exception.sysTick,
    ])
      this.#enabled[number] = 1;
    this.primask = 0;
    this.faultmask = 0;
    this.basepri = 0;
    this.prigroup = 0;
    this.#candidate = 0;
    this.#highest = THREAD_PRIORITY;
  }

  set debugMask(masked: boolean) {
    this.#debugMask = masked;
    this.#changed();
  }

  isPending(number: number): boolean {
    return this.#pending[number] === 1;
  }

  /** ICSR.ISRPENDING: an interrupt is pending, whether or not it is enabled. */
  get irqPending(): boolean {
    return this.#pendingIrqs > 0;
  }

  isEnabled(number: number): boolean {
    return this.#enabled[number] === 1;
  }

  isActive(number: number): boolean {
    return this.#active[number] === 1;
  }

  setPending(number: number, pending: boolean): void {
    const change = (pending ? 1 : 0) - (this.#pending[number] as number);
    this.#pending[number] = pending ? 1 : 0;
    this.#pendingCount += change;
    if (number >= Exception.irq0) this.#pendingIrqs += change;
    if (change > 0) this.onNewlyPending();
    this.#changed();
  }

  setEnabled(number: number, enabled: boolean): void {
    this.#enabled[number] = enabled ? 1 : 0;
    this.#changed();
  }

  setActive(number: number, active: boolean): void {
    this.#activeCount += (active ? 1 : 0) - (this.#active[number] as number);
    this.#active[number] = active ? 1 : 0;
    this.#highest = undefined;
    this.#changed();
  }

  setPriority(number: number, value: number): void {
    this.#priority[number] = value & PRIORITY_MASK;
    this.#highest = undefined;
    this.#changed();
  }

  /** Priority byte as software reads it. */
  priorityByte(number: number): number {
    return this.#priority[number] ?? 0;
  }

  /** Masks or PRIGROUP changed. */
  #changed(): void {
    this.#candidate = undefined;
    this.onAttention();
  }

  /** Full priority: -3..-1 for the fixed ones. */
  priority(number: number): number {
    return number <= Exception.hardFault ? number - 4 : (this.#priority[number] as number);
  }

  /** Part of a priority that decides about preemption (AIRCR.PRIGROUP). */
  groupPriority(number: number): number {
    return this.#group(this.priority(number));
  }

  /** Highest-priority exception that is pending and enabled, whether or not it preempts; 0 for none. */
  get candidate(): number {
    this.#candidate ??= this.#search();
    return this.#candidate;
  }

  /** ICSR.VECTPENDING: the candidate, or 0 when BASEPRI or FAULTMASK hold it back; PRIMASK does not count (B3.2.4). */
  get vectorPending(): number {
    const number = this.candidate;
    return number !== 0 && this.groupPriority(number) < this.#masked(false, THREAD_PRIORITY) ? number : 0;
  }

  /** Exception that must be taken now, or 0. */
  get preempting(): number {
    const number = this.candidate;
    return number !== 0 && this.groupPriority(number) < this.executionPriority ? number : 0;
  }

  /** ExecutionPriority() of the manual. */
  get executionPriority(): number {
    return this.#masked(this.primask !== 0, this.activePriority);
  }

  /** Would the candidate be taken if PRIMASK were 0? That is what ends WFI (B1.5.17). */
  get wakes(): boolean {
    const number = this.candidate;
    return number !== 0 && this.groupPriority(number) < this.#masked(false, this.activePriority);
  }

  /** Highest group priority of all active exceptions. */
  get activePriority(): number {
    this.#highest ??= this.#searchActive();
    return this.#group(this.#highest);
  }

  #searchActive(): number {
    let highest = THREAD_PRIORITY;
    for (let number = Exception.nmi as number; number < this.count; number++) {
      if (this.#active[number] === 1) highest = Math.min(highest, this.priority(number));
    }
    return highest;
  }

  get activeCount(): number {
    return this.#activeCount;
  }

  /** Is an exception active besides `number`? */
  othersActive(number: number): boolean {
    return this.#activeCount > (this.#active[number] as number);
  }

  clearActive(): void {
    this.#active.fill(0);
    this.#activeCount = 0;
    this.#highest = undefined;
    this.#changed();
  }

  #masked(primask: boolean, active: number): number {
    let boosted = THREAD_PRIORITY;
    if (this.basepri !== 0) boosted = this.#group(this.basepri);
    if (primask) boosted = 0;
    if (this.faultmask !== 0) boosted = -1;
    return Math.min(boosted, active);
  }

  #group(priority: number): number {
    return priority < 0 ? priority : priority & (0xff << (this.prigroup + 1));
  }

  #search(): number {
    if (this.#pendingCount === 0) return 0;
    let best = 0;
    let bestPriority = THREAD_PRIORITY;
    const end = this.#debugMask ? Exception.pendSv : this.count;
    for (let number = Exception.nmi as number; number < end; number++) {
      if ((this.#pending[number] as number) + (this.#enabled[number] as number) < 2) continue;
      const priority = this.priority(number);
      if (priority < bestPriority) {
        best = number;
        bestPriority = priority;
      }
    }
    return best;
  }
}
