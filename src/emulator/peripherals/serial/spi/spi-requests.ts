/** DMA's requests: a packet of frames at a time, and at the end what is left of one (RM0433, "Communication using DMA"). */

import { type DmaSignal, NO_DMA } from "../../dma/dma-request.js";
import { CFG1, SR } from "./spi-bits.js";
import type { SpiTransfer } from "./spi-transfer.js";

export class SpiRequests {
  readonly #transmit: DmaSignal;
  readonly #receive: DmaSignal;
  /** Frames that are still to be moved of what was asked for. */
  #toSend = 0;
  #toRead = 0;

  constructor(transmit: DmaSignal = NO_DMA, receive: DmaSignal = NO_DMA) {
    this.#transmit = transmit;
    this.#receive = receive;
  }

  sent(frames: number): void {
    this.#toSend = Math.max(0, this.#toSend - frames);
  }

  read(frames: number): void {
    this.#toRead = Math.max(0, this.#toRead - frames);
  }

  /** @param cfg1 0 while SPE = 0 */
  update(cfg1: number, status: number, transfer: SpiTransfer): void {
    const { packet, missing, received, over } = transfer;
    if ((cfg1 & CFG1.TXDMAEN) === 0) this.#toSend = 0;
    else if (this.#toSend === 0 && (status & SR.TXP) !== 0) this.#toSend = Math.min(packet, missing);
    if ((cfg1 & CFG1.RXDMAEN) === 0) this.#toRead = 0;
    else if (this.#toRead === 0) this.#toRead = (status & SR.RXP) !== 0 ? packet : over ? received : 0;
    this.#transmit.set(this.#toSend > 0);
    this.#receive.set(this.#toRead > 0 && received > 0);
  }
}
