/** ETH's transmit DMA: it takes the descriptors of the ring one by one, and what they describe is gone (RM0433, "DMA descriptors"). */

import { BusFault } from "../../bus.js";
import type { DmaBus } from "../dma/dma-channel.js";

export interface TransmitRing {
  /** DMACTDLAR. */
  readonly start: number;
  /** Descriptors, DMACTDRLR + 1. */
  readonly length: number;
  /** From one descriptor to the next, bytes. */
  readonly stride: number;
  /** DMACTDTPR: the first one that is not software's to send. */
  readonly tail: number;
}

/** What came of a look at the ring. */
export interface Transmission {
  readonly current: number;
  /** A descriptor asked for an interrupt (TDES2.IOC). */
  readonly interrupts: boolean;
  /** Why it stopped: at the tail, at a descriptor of software, or with a bus error. */
  readonly end: "tail" | "unavailable" | "error";
}

const TDES2 = 8;
const TDES3 = 12;
const OWN = 0x8000_0000;
const CONTEXT = 1 << 30;
const IOC = 0x8000_0000;
/** What the controller leaves of TDES3: first and last descriptor. */
const KEPT = 0x3000_0000;

/** @param current where it stands */
export function transmit(bus: DmaBus, ring: TransmitRing, current: number): Transmission {
  let at = current;
  let interrupts = false;
  try {
    for (let count = 0; count < ring.length; count++) {
      if (at === ring.tail) return { current: at, interrupts, end: "tail" };
      const control = bus.read(at + TDES3, 4);
      if ((control & OWN) === 0) return { current: at, interrupts, end: "unavailable" };
      const context = (control & CONTEXT) !== 0;
      if (!context && (bus.read(at + TDES2, 4) & IOC) !== 0) interrupts = true;
      bus.write(at + TDES3, 4, (control & (context ? CONTEXT : KEPT)) >>> 0);
      at = next(ring, at);
    }
  } catch (error) {
    if (!(error instanceof BusFault)) throw error;
    return { current: at, interrupts, end: "error" };
  }
  return { current: at, interrupts, end: "tail" };
}

function next({ start, length, stride }: TransmitRing, at: number): number {
  const following = at + stride;
  return following >= start + length * stride ? start : following;
}
