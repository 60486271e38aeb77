/** What DMA1, DMA2 and BDMA have in common: eight channels, each with a request, an interrupt, a count that runs down. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import type { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { type DmaBus, DmaChannel } from "./dma-channel.js";

export interface DmaOptions {
  /** "DMA1", "BDMA". */
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupts: readonly InterruptLine[];
  readonly clocked: ClockGate;
  readonly bus: DmaBus;
  readonly hclkHz: () => number;
  /** Is the request raised that channel `channel` listens to (DMAMUX)? */
  readonly asserted: (channel: number) => boolean;
  readonly taken: (channel: number) => void;
  /** A channel's block is through (a trigger of MDMA). */
  readonly onComplete?: (channel: number) => void;
}

export type DmaEvent = "half" | "complete" | "error";

export const DMA_CHANNELS = 8;
/** Clocks of an item: arbitration, peripheral bus, memory bus. */
const ITEM_CLOCKS = 6;

export abstract class DmaController extends Peripheral {
  abstract override readonly registers: RegisterBlock<string>;
  protected readonly options: DmaOptions;
  protected readonly channels: readonly DmaChannel[];

  constructor(options: DmaOptions) {
    super();
    this.options = options;
    this.channels = Array.from({ length: DMA_CHANNELS }, (_, n) => this.#channel(n));
  }

  reset(): void {
    for (const channel of this.channels) channel.stop();
    this.registers.reset();
    for (let n = 0; n < DMA_CHANNELS; n++) this.update(n);
  }

  /** The request of channel `n` may be raised now. */
  requested(n: number): void {
    this.channels[n]?.requested();
  }

  /** The bus clock may be back: what asked meanwhile is served. */
  clockChanged(): void {
    for (const channel of this.channels) channel.requested();
  }

  /** Why the controller cannot reach an address, undefined when it can. */
  protected abstract unreachable(address: number): string | undefined;
  /** Sets the flag, and what else the event does to the registers; `target` is the memory that comes next. */
  protected abstract happened(n: number, event: DmaEvent, target: 0 | 1): void;
  /** The channel switched itself off, `left` items before its end. */
  protected abstract ended(n: number, left: number): void;
  /** Brings the channel's interrupt in line with its flags. */
  protected abstract update(n: number): void;
  /** "stream 3", as the manual calls it. */
  protected abstract describe(n: number): string;

  /** NDTR, CNDTR: what is left, while it runs. */
  protected count(n: number, stored: number): number {
    const channel = this.channels[n];
    return channel?.active === true ? channel.left : stored;
  }

  #channel(n: number): DmaChannel {
    const { bus, timeline, asserted, taken, hclkHz, clocked, name, log, onComplete } = this.options;
    return new DmaChannel({
      bus,
      timeline,
      clocked,
      asserted: () => asserted(n),
      taken: () => taken(n),
      itemNs: () => (ITEM_CLOCKS * 1e9) / hclkHz(),
      unreachable: (address) => this.unreachable(address),
      onHalf: () => this.happened(n, "half", 0),
      onComplete: (target) => {
        this.happened(n, "complete", target);
        onComplete?.(n);
      },
      onEnd: () => this.ended(n, this.channels[n]?.left ?? 0),
      onError: (why) => {
        log.once(
          `${name}.${n}.transfer error`,
          `guest mistake: ${name} ${this.describe(n)}: transfer error: ${why}`,
        );
        this.happened(n, "error", 0);
      },
    });
  }
}
