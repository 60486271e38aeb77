/** A USART as a synchronous slave: another one clocks it (RM0433, "USART synchronous mode", "Slave mode"). */

import { CR2, ISR } from "./usart-bits.js";
import type { FrameFormat } from "./usart-format.js";

export interface SlaveHost {
  readonly register: (name: "CR2") => number;
  readonly format: () => FrameFormat;
  /** UE, SLVEN and the peripheral's clock. */
  readonly enabled: () => boolean;
  /** TE. */
  readonly sends: () => boolean;
  /** The next word to shift out, where there is one. */
  readonly take: () => number | undefined;
  readonly receiveLevel: () => boolean;
  readonly received: (word: number) => void;
  /** Nothing waits to be sent. */
  readonly drained: () => boolean;
  /** All that was written has left. */
  readonly empty: () => void;
  readonly setFlags: (flags: number) => void;
  /** What it drives may have changed. */
  readonly update: () => void;
}

export class UsartSlave {
  readonly #host: SlaveHost;
  #selected = true;
  #clock = false;
  /** In the shift register. */
  #out: number | undefined;
  /** What was sent last: it is sent for want of data, and until UDR is cleared. Zeros before there was any. */
  #last = 0;
  #underrun = false;
  #in = 0;
  #sampled = 0;
  #shifted = 0;

  constructor(host: SlaveHost) {
    this.#host = host;
  }

  /** What it drives onto its line; undefined: nothing, it is not selected. */
  get level(): boolean | undefined {
    if (!this.#active) return undefined;
    return (((this.#out ?? this.#last) >>> Math.max(0, this.#shifted)) & 1) === 1;
  }

  get shifting(): boolean {
    return this.#out !== undefined;
  }

  get #active(): boolean {
    return this.#host.enabled() && (this.#selected || (this.#host.register("CR2") & CR2.DIS_NSS) !== 0);
  }

  stop(): void {
    this.#out = undefined;
    this.#last = 0;
    this.#underrun = false;
    this.#restart();
  }

  /** Software cleared UDR. */
  resume(): void {
    this.#underrun = false;
    this.load();
  }

  #restart(): void {
    this.#in = 0;
    this.#sampled = 0;
    // With CPHA the first edge brings the first bit out, without it the bit is there before.
    this.#shifted = (this.#host.register("CR2") & CR2.CPHA) === 0 ? 0 : -1;
  }

  /** NSS: a frame that was not whole is lost. */
  select(selected: boolean): void {
    this.#selected = selected;
    if ((this.#host.register("CR2") & CR2.DIS_NSS) === 0) this.#restart();
    this.#host.update();
  }

  /** Data was written. */
  load(): void {
    if (this.#out !== undefined || this.#sampled > 0 || !this.#host.enabled()) return;
    this.#fetch();
    this.#host.update();
  }

  #fetch(): void {
    const { sends, take } = this.#host;
    this.#out = sends() && !this.#underrun ? take() : undefined;
    this.#last = this.#out ?? this.#last;
  }

  clockLevel(level: boolean): void {
    if (level === this.#clock) return;
    this.#clock = level;
    if (!this.#active) return;
    const cr2 = this.#host.register("CR2");
    const leading = level !== ((cr2 & CR2.CPOL) !== 0);
    if (leading === ((cr2 & CR2.CPHA) === 0)) this.#sample();
    else this.#shift();
  }

  #sample(): void {
    if (this.#sampled === 0 && this.#out === undefined && this.#host.sends()) {
      this.#underrun = true;
      this.#host.setFlags(ISR.UDR);
    }
    if (this.#host.receiveLevel()) this.#in |= 1 << this.#sampled;
    this.#sampled++;
    const { bits } = this.#host.format();
    if (this.#sampled < bits) return;
    const word = this.#in;
    const sent = this.#out !== undefined || this.#underrun;
    this.#out = undefined;
    const phase = (this.#host.register("CR2") & CR2.CPHA) !== 0;
    this.#restart();
    // The last bit stays on the line until the clock's other edge.
    if (!phase) this.#shifted = -1;
    this.#fetch();
    this.#host.received(word);
    if (sent && this.#host.drained()) this.#host.empty();
  }

  #shift(): void {
    this.#shifted++;
    this.#host.update();
  }
}
