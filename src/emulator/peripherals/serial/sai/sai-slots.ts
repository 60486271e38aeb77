/** Between the FIFO and the slots of the frames: mute, mono, companding, over- and underrun (RM0433, "Specific features", "Error flags"). */

import { type Companding, compress, expand } from "./g711.js";
import { CR1, CR2, type SaiRegisters, SR } from "./sai-bits.js";
import { SaiFifo } from "./sai-fifo.js";
import type { SaiFormat } from "./sai-format.js";

/** AC'97's tag: its first bit tells that the codec is ready; bit 2 is reserved, and 0 on the line. */
const CODEC_READY = 1 << 15;
const TAG_RESERVED = 1 << 2;
/** More slots than these are muted with zeros, whatever MUTEVAL says. */
const MUTEVAL_SLOTS = 2;

export interface SaiSlotsHost {
  readonly registers: SaiRegisters;
  readonly format: () => SaiFormat;
}

export class SaiSlots {
  readonly fifo = new SaiFifo();
  /** Those of SAI_xSR that stay until SAI_xCLRFR clears them. */
  flags = 0;
  readonly #host: SaiSlotsHost;
  #muted = false;
  /** What went out last, by slot. */
  readonly #sent: number[] = [];
  /** The slot that found the FIFO empty or full: nothing goes on before that one comes again. */
  #lost: number | undefined;
  #codecReady = true;
  /** All slots of this frame had zeros so far. */
  #silent = true;
  #silentFrames = 0;

  constructor(host: SaiSlotsHost) {
    this.#host = host;
  }

  /** The block was switched off. */
  stop(): void {
    this.#lost = undefined;
    this.#silentFrames = 0;
    this.#sent.length = 0;
    this.#codecReady = true;
  }

  beginFrame(): void {
    const muting = (this.#host.registers.CR2.value & CR2.MUTE) !== 0;
    this.#muted = muting && this.#host.format().protocol !== "spdif";
    this.#silent = (this.#host.registers.CR1.value & CR1.RECEIVER) !== 0;
  }

  /** The mute bit counts for whole frames; so does what a receiver takes for silence. */
  endFrame(): void {
    if (!this.#silent) {
      this.#silentFrames = 0;
      return;
    }
    const wanted = this.#muteCount;
    if (this.#silentFrames >= wanted) return;
    this.#silentFrames++;
    if (this.#silentFrames === wanted) this.flags |= SR.MUTEDET;
  }

  /** Frames of zeros that are a mute. */
  get #muteCount(): number {
    return (this.#host.registers.CR2.value >>> 7) & 0x3f;
  }

  /** A receiver that cannot tell anything new, as long as zeros come. */
  get exhausted(): boolean {
    return this.#overrun && this.fifo.full && this.#silentFrames >= this.#muteCount;
  }

  /** A transmitter that cannot tell anything new. */
  get starved(): boolean {
    return this.#overrun && this.fifo.empty;
  }

  get #overrun(): boolean {
    return (this.flags & SR.OVRUDR) !== 0;
  }

  /** What goes out in `slot`. */
  send(slot: number): number {
    const format = this.#host.format();
    if (slot === 1 && this.#mono(format)) return this.#sent[0] ?? 0;
    const word = this.#take(slot);
    if (this.#muted) return this.#mutedWord(slot, format);
    const companding = this.#companding(format);
    let value = companding === undefined ? word : compress(word, companding);
    if (slot === 0 && format.protocol === "ac97") value &= ~TAG_RESERVED;
    this.#sent[slot] = value;
    return value;
  }

  #mutedWord(slot: number, { slots }: SaiFormat): number {
    const repeats = (this.#host.registers.CR2.value & CR2.MUTEVAL) !== 0 && slots <= MUTEVAL_SLOTS;
    return repeats ? (this.#sent[slot] ?? 0) : 0;
  }

  #take(slot: number): number {
    if (this.#lost !== undefined && slot !== this.#lost) return 0;
    const word = this.fifo.pop();
    this.#lost = word === undefined ? slot : undefined;
    if (word === undefined) this.flags |= SR.OVRUDR;
    return word ?? 0;
  }

  /** `value` came in `slot`. @param enabled one of SLOTEN */
  receive(slot: number, value: number, enabled: boolean): void {
    const format = this.#host.format();
    if (slot === 0 && format.protocol === "ac97") {
      this.#codecReady = (value & CODEC_READY) !== 0;
      if (!this.#codecReady) this.flags |= SR.CNRDY;
    }
    if (!enabled) return;
    if (!this.#codecReady || value !== 0) this.#silent = false;
    if (!this.#codecReady) return;
    if (slot === 1 && this.#mono(format)) return;
    if (this.#lost !== undefined && slot !== this.#lost) return;
    const companding = this.#companding(format);
    const stored = this.fifo.push(companding === undefined ? value : expand(value, companding));
    this.#lost = stored ? undefined : slot;
    if (!stored) this.flags |= SR.OVRUDR;
  }

  /** MONO means something with two slots. */
  #mono(format: SaiFormat): boolean {
    const mono = (this.#host.registers.CR1.value & CR1.MONO) !== 0;
    return mono && format.slots === 2 && format.protocol === "free";
  }

  #companding({ protocol }: SaiFormat): Companding | undefined {
    const cr2 = this.#host.registers.CR2.value;
    if ((cr2 & CR2.COMPANDING) === 0 || protocol !== "free") return undefined;
    return { law: (cr2 & CR2.ALAW) !== 0 ? "a" : "mu", twos: (cr2 & CR2.CPL) !== 0 };
  }
}
