/**
 * An SDHC card, read-only: nothing that runs here writes one. SD Physical Layer Simplified Specification 6.00: section 4.7
 * (commands), 4.9 (responses), 5 (registers). It is as fast as its host: no access time.
 */
import type { SdCardPort, SdResponse } from "../sd-port.js";

const BLOCK = 512;
/** Card status bits: section 4.10.1. */
const READY_FOR_DATA = 1 << 8;
const APP_CMD = 1 << 5;
const OUT_OF_RANGE = 0x8000_0000;
const STATES = { idle: 0, ready: 1, identification: 2, standby: 3, transfer: 4 } as const;
type State = keyof typeof STATES;
const STATE_SHIFT = 9;
const ALL_ONES = 0x3f;
/** OCR: power-up is done, high capacity, 2.7 to 3.6 V. */
const OCR_READY = 0xc0ff_8000;
const OCR_VOLTAGES = 0x00ff_8000;
const ADDRESS = 0x1234;
/** CID and CSD version 2.0; the size is filled in. */
const CID: readonly number[] = [0x0349_4d46, 0x4353_4430, 0x1000_0000, 0x0101_6a01];
const CSD: readonly number[] = [0x400e_0032, 0x5b59_0000, 0x0000_7f80, 0x0a40_0001];
const SIZE_UNIT = 512 * 1024;
/** SCR: version 2, 1 and 4 data lines. */
const SCR = [0x02, 0x35, 0x80, 0, 0, 0, 0, 0];

export class SdCard implements SdCardPort {
  readonly #content: Uint8Array;
  #state: State = "idle";
  #application = false;
  #asked = 0;

  /** @param content its blocks, in whole blocks of 512 bytes */
  constructor(content: Uint8Array) {
    this.#content = content;
  }

  /** The power went. */
  powerCut(): void {
    this.#state = "idle";
    this.#application = false;
    this.#asked = 0;
  }

  command(index: number, argument: number): SdResponse | undefined {
    const application = this.#application;
    this.#application = false;
    return application ? this.#applicationCommand(index) : this.#plainCommand(index, argument);
  }

  #plainCommand(index: number, argument: number): SdResponse | undefined {
    switch (index) {
      case 0:
        this.powerCut();
        return undefined;
      case 2:
        return this.#enter("ready", "identification", { index: ALL_ONES, words: CID });
      case 3:
        return this.#published();
      case 7:
        if (argument >>> 16 !== ADDRESS) return undefined;
        return this.#enter("standby", "transfer", this.#status(index));
      case 8:
        return { index, words: [argument & 0xfff] };
      case 9:
        return this.#state === "standby" ? { index: ALL_ONES, words: this.#csd() } : undefined;
      case 12:
      case 13:
      case 16:
        return this.#status(index);
      case 17:
        return this.#read(index, argument);
      case 55:
        this.#application = true;
        return this.#status(index, APP_CMD);
      default:
        return undefined;
    }
  }

  #applicationCommand(index: number): SdResponse | undefined {
    if (index === 41) {
      const ready = this.#asked++ > 0;
      if (ready) this.#state = "ready";
      return { index: ALL_ONES, words: [ready ? OCR_READY : OCR_VOLTAGES] };
    }
    if (index === 6) return this.#status(index, APP_CMD);
    if (index === 51) return { ...this.#status(index, APP_CMD), data: Uint8Array.from(SCR) };
    return undefined;
  }

  #enter(from: State, to: State, response: SdResponse): SdResponse | undefined {
    if (this.#state !== from) return undefined;
    this.#state = to;
    return response;
  }

  /** R6: address, and the bits of the status that it keeps. */
  #published(): SdResponse | undefined {
    const { words } = this.#status(3);
    const response = { index: 3, words: [((ADDRESS << 16) | ((words[0] ?? 0) & 0x1fff)) >>> 0] };
    return this.#enter("identification", "standby", response);
  }

  #status(index: number, more = 0): SdResponse {
    return { index, words: [((STATES[this.#state] << STATE_SHIFT) | READY_FOR_DATA | more) >>> 0] };
  }

  /** Addresses of high-capacity cards count blocks. */
  #read(index: number, block: number): SdResponse | undefined {
    if (this.#state !== "transfer") return undefined;
    const data = this.#content.subarray(block * BLOCK, (block + 1) * BLOCK);
    return data.length === BLOCK ? { ...this.#status(index), data } : this.#status(index, OUT_OF_RANGE);
  }

  #csd(): readonly number[] {
    const units = Math.max(0, Math.floor(this.#content.length / SIZE_UNIT) - 1);
    return CSD.map((word, at) => {
      if (at === 1) return (word | ((units >>> 16) & 0x3f)) >>> 0;
      return at === 2 ? (word | ((units & 0xffff) << 16)) >>> 0 : word;
    });
  }
}
