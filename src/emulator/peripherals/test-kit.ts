/** What the peripherals' tests share: a line that shows its level, a bus with memory, a way to pass time. */

import { BusFault, type InterruptLine } from "../bus.js";
import type { Timeline } from "../timeline.js";
import type { DmaBus } from "./dma/dma-channel.js";

export class TestLine implements InterruptLine {
  asserted = false;
  set(asserted: boolean): void {
    this.asserted = asserted;
  }
}

/** 4 KiB of memory at 0x2400_0000, and nothing else. */
export class TestMemory implements DmaBus {
  static readonly BASE = 0x2400_0000;
  readonly bytes = new Uint8Array(0x1000);
  readonly #view = new DataView(this.bytes.buffer);

  read(address: number, size: 1 | 2 | 4): number {
    const at = this.#at(address);
    if (size === 4) return this.#view.getUint32(at, true);
    return size === 2 ? this.#view.getUint16(at, true) : this.#view.getUint8(at);
  }

  write(address: number, size: 1 | 2 | 4, value: number): void {
    const at = this.#at(address);
    if (size === 4) this.#view.setUint32(at, value, true);
    else if (size === 2) this.#view.setUint16(at, value, true);
    else this.#view.setUint8(at, value);
  }

  #at(address: number): number {
    const at = address - TestMemory.BASE;
    if (at < 0 || at >= this.bytes.length) throw new BusFault("nothing answers there", address);
    return at;
  }
}

/** Passes `ns` nanoseconds of board time and runs what falls due on the way. */
export function pass(timeline: Timeline, ns: number): void {
  const end = timeline.now + ns;
  for (;;) {
    timeline.runDue();
    if (timeline.now >= end) return;
    timeline.skipTo(Math.min(end, timeline.nextEventAt ?? end));
  }
}
