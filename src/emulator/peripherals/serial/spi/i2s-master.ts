/** I2S as master: CK, WS and the channels between them (RM0433, "I2S master mode"). A channel is one event, unless somebody looks at a pin. */

import type { Timeline, TimelineEvent } from "../../../timeline.js";
import { dataBitAt, i2sClock, i2sFormat, restLevel, wsLevel } from "./i2s-format.js";
import { I2sSource } from "./i2s-source.js";
import { CR1, type SpiRegister } from "./spi-bits.js";
import { type SpiLines, steadyInput, watched } from "./spi-lines.js";
import { SpiShifter } from "./spi-shifter.js";
import type { SpiTransfer } from "./spi-transfer.js";

/** CK has risen so often before WS moves for the first time (RM0433, "Startup sequence"). */
const LEAD_BITS = 4;

export interface I2sMasterHost extends SpiLines {
  readonly timeline: Timeline;
  readonly register: (name: SpiRegister) => number;
  readonly kernelHz: () => number;
  readonly transfer: SpiTransfer;
  readonly setFlags: (flags: number) => void;
  /** SR.SUSP waits for software. */
  readonly suspension: () => boolean;
  readonly suspended: () => void;
  readonly update: () => void;
  readonly mistake: (message: string) => void;
}

export class I2sMaster {
  readonly #host: I2sMasterHost;
  readonly source: I2sSource;
  #event: TimelineEvent | undefined;
  #shifter: SpiShifter | undefined;
  #channel = 0;
  /** Half periods of CK since the channel began. */
  #half = 0;
  #suspend = false;
  /** The first channel has begun: from then on CK and WS do not wait for samples. */
  #running = false;

  constructor(host: I2sMasterHost) {
    this.#host = host;
    this.source = new I2sSource(host);
  }

  get busy(): boolean {
    return this.#event !== undefined;
  }

  get clock(): boolean {
    const high = this.#event !== undefined && (this.#half & 1) === 1;
    return high !== i2sFormat(this.#host.register).clockInverted;
  }

  get ws(): boolean {
    const format = i2sFormat(this.#host.register);
    if (this.#event === undefined || this.#half < -2) return restLevel(format);
    if (this.#half < 0) return wsLevel(format, format.channels - 1, format.channelBits - 1);
    return wsLevel(format, this.#channel, this.#half >> 1);
  }

  get level(): boolean {
    const bit = dataBitAt(i2sFormat(this.#host.register), this.#half >> 1);
    return bit !== undefined && this.#half >= 0 && this.#shifter?.out(bit) === true;
  }

  /** MCK now; it is too fast to be told edge by edge. */
  get masterClock(): boolean {
    const { timeline, register, kernelHz } = this.#host;
    const { mck } = i2sClock(kernelHz(), register("CGFR"), i2sFormat(register));
    return Math.floor((2 * timeline.now * mck) / 1e9) % 2 === 1;
  }

  stop(): void {
    this.#host.timeline.cancel(this.#event);
    this.#event = undefined;
    this.#shifter = undefined;
    this.#channel = 0;
    this.#half = 0;
    this.#suspend = false;
    this.#running = false;
    this.source.restart();
    this.#refresh();
  }

  /** CSUSP: the frame under way is finished, both channels of it. */
  suspend(): void {
    this.#suspend = true;
    if (this.#event === undefined) this.#suspended();
  }

  #suspended(): void {
    this.#suspend = false;
    this.#running = false;
    this.#host.suspended();
  }

  next(): void {
    const { transfer, register, kernelHz, suspension } = this.#host;
    if (this.#event !== undefined || (register("CR1") & CR1.CSTART) === 0 || suspension()) return;
    if (!this.#running && transfer.sends && transfer.queued === 0) return;
    if (kernelHz() === 0) {
      this.#host.mistake("the kernel clock stands still (RCC_D2CCIP1R, PLL): nothing is ever sent");
      return;
    }
    const format = i2sFormat(register);
    const bitNs = 1e9 / i2sClock(kernelHz(), register("CGFR"), format).ck;
    this.#shifter = new SpiShifter(this.source.next(this.#channel), format.dataBits, format.lowestFirst);
    const leadBits = this.#running ? 0 : LEAD_BITS + (format.ahead ? 1 : 0);
    this.#running = true;
    if (watched(this.#host)) {
      this.#half = -2 * leadBits;
      this.#step(bitNs / 2, 2 * format.channelBits);
    } else {
      this.#half = 0;
      const channelNs = (leadBits + format.channelBits) * bitNs;
      this.#after(channelNs, () => this.#ended(steadyInput(this.#host, format.dataBits)));
    }
    this.#host.update();
  }

  #step(halfNs: number, last: number): void {
    const format = i2sFormat(this.#host.register);
    this.#after(halfNs, () => {
      this.#half++;
      const bit = dataBitAt(format, this.#half >> 1);
      const sampling = (this.#half & 1) === 1 && this.#half > 0 && bit !== undefined;
      if (sampling) this.#shifter?.take(bit, this.#host.input().driven ?? true);
      if (this.#half === last) this.#ended(this.#shifter?.received ?? 0);
      else this.#step(halfNs, last);
    });
    this.#refresh();
  }

  #after(ns: number, then: () => void): void {
    this.#event = this.#host.timeline.after(ns, () => {
      this.#event = undefined;
      then();
    });
  }

  /** WS and data change before CK's edge tells of it. */
  #refresh(): void {
    const { sck, nss, output } = this.#host;
    nss.refresh();
    output().refresh();
    sck.refresh();
  }

  #ended(received: number): void {
    const { channels } = i2sFormat(this.#host.register);
    this.#host.transfer.end(received, this.#channel);
    this.#channel = (this.#channel + 1) % channels;
    if (this.#suspend && this.#channel === 0) this.#suspended();
    else this.next();
    if (this.#event === undefined) this.#refresh();
    this.#host.update();
  }
}
