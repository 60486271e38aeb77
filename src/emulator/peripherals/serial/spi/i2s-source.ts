/**
 * What I2S sends: software's samples, and while there are none the last one of each channel (RM0433, "Handling of underrun
 * situation"). Software's go on with the channel that missed one, after UDR was cleared.
 */

import { SR } from "./spi-bits.js";
import type { SpiTransfer } from "./spi-transfer.js";

interface SourceHost {
  readonly transfer: SpiTransfer;
  readonly setFlags: (flags: number) => void;
}

export class I2sSource {
  readonly #host: SourceHost;
  readonly #last = [0, 0];
  #missing: number | undefined;
  #acknowledged = false;

  constructor(host: SourceHost) {
    this.#host = host;
  }

  restart(): void {
    this.#last.fill(0);
    this.#missing = undefined;
  }

  /** Software cleared UDR. */
  acknowledge(): void {
    this.#acknowledged = true;
  }

  next(channel: number): number {
    const { transfer, setFlags } = this.#host;
    if (!transfer.sends) return 0;
    if (transfer.queued === 0) {
      this.#missing ??= channel;
      this.#acknowledged = false;
      setFlags(SR.UDR);
    } else if (this.#missing === undefined || (this.#acknowledged && this.#missing === channel)) {
      this.#missing = undefined;
      this.#last[channel] = transfer.begin();
    }
    return this.#last[channel] ?? 0;
  }

  /** The sample that a channel would send, as far as it is known. */
  peek(channel: number): number {
    return (this.#missing === undefined ? this.#host.transfer.peek() : undefined) ?? this.#last[channel] ?? 0;
  }
}
