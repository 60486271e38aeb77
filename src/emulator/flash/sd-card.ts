/**
 * An SDHC card. SD Physical Layer Simplified Specification 6.00: section 4.3 (commands in their order), 4.7 (their list), 4.9
 * (responses), 4.10 (status), 5 (registers). It is as fast as its host: no access time.
 */
import type { SdBlocks, SdCardPort, SdResponse } from "../sd-port.js";

const BLOCK = 512;
/** Card status bits: section 4.10.1. */
const READY_FOR_DATA = 1 << 8;
const APP_CMD = 1 << 5;
const OUT_OF_RANGE = 0x8000_0000;
const STATES = {
  idle: 0,
  ready: 1,
  identification: 2,
  standby: 3,
  transfer: 4,
  sending: 5,
  receiving: 6,
} as const;
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
/** SCR: version 2, 1 and 4 data lines, an erased card reads ones. */
const SCR = Uint8Array.of(0x02, 0xb5, 0x80, 0, 0, 0, 0, 0);
const ERASED = 0xff;
/** CMD6: what each group can do, group 6 first; group 1 has default and high speed (section 4.3.10.4). */
const FUNCTIONS = [0x8001, 0x8001, 0x8001, 0x8001, 0x8001, 0x8003] as const;
const NO_FUNCTION = 0xf;

export class SdCard implements SdCardPort {
  readonly #content: Uint8Array;
  #state: State = "idle";
  #application = false;
  #asked = 0;
  #lines = 1;
  #highSpeed = 0;
  #erase = { first: 0, last: 0 };
  #written = 0;

  /** @param content its blocks, in whole blocks of 512 bytes; what a program writes goes in there */
  constructor(content: Uint8Array) {
    this.#content = content;
  }

  /** The power went. */
  powerCut(): void {
    this.#state = "idle";
    this.#application = false;
    this.#asked = 0;
    this.#lines = 1;
    this.#highSpeed = 0;
  }

  command(index: number, argument: number): SdResponse | undefined {
    const application = this.#application;
    this.#application = false;
    if (!application) return this.#plainCommand(index, argument);
    return this.#applicationCommand(index, argument) ?? this.#plainCommand(index, argument);
  }

  #plainCommand(index: number, argument: number): SdResponse | undefined {
    if (index <= 10) return this.#identification(index, argument);
    switch (index) {
      case 12:
        return this.#stop();
      case 13:
      case 16:
        return this.#status(index);
      case 17:
      case 18:
        return this.#read(index, argument);
      case 24:
      case 25:
        return this.#write(index, argument);
      case 32:
        this.#erase = { ...this.#erase, first: argument };
        return this.#status(index);
      case 33:
        this.#erase = { ...this.#erase, last: argument };
        return this.#status(index);
      case 38:
        this.#content.fill(ERASED, this.#erase.first * BLOCK, (this.#erase.last + 1) * BLOCK);
        return { ...this.#status(index), busy: true };
      case 55:
        this.#application = true;
        return this.#status(index, APP_CMD);
      default:
        return undefined;
    }
  }

  #identification(index: number, argument: number): SdResponse | undefined {
    switch (index) {
      case 0:
        this.powerCut();
        return undefined;
      case 2:
        return this.#enter("ready", "identification", { index: ALL_ONES, words: CID });
      case 3:
        return this.#published();
      case 6:
        return this.#state === "transfer" ? this.#switchFunction(argument) : undefined;
      case 7:
        return this.#select(argument >>> 16 === ADDRESS);
      case 8:
        return { index, words: [argument & 0xfff] };
      case 9:
      case 10: {
        const words = index === 9 ? this.#csd() : CID;
        return this.#state === "standby" ? { index: ALL_ONES, words } : undefined;
      }
      default:
        return undefined;
    }
  }

  #applicationCommand(index: number, argument: number): SdResponse | undefined {
    const status = this.#status(index, APP_CMD);
    switch (index) {
      case 6:
        this.#lines = (argument & 3) === 2 ? 4 : 1;
        return status;
      case 13:
        return { ...status, blocks: once(this.#sdStatus()) };
      case 22: {
        const { buffer } = Uint8Array.of(0, 0, this.#written >>> 8, this.#written);
        return { ...status, blocks: once(new Uint8Array(buffer)) };
      }
      case 23:
      case 42:
        return status;
      case 41: {
        const ready = this.#asked++ > 0;
        if (ready) this.#state = "ready";
        return { index: ALL_ONES, words: [ready ? OCR_READY : OCR_VOLTAGES] };
      }
      case 51:
        return { ...status, blocks: once(SCR) };
      default:
        return undefined;
    }
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
    if (this.#state === "standby") return response;
    return this.#enter("identification", "standby", response);
  }

  /** CMD7; another card's address deselects this one, which then says nothing. */
  #select(mine: boolean): SdResponse | undefined {
    if (mine) return this.#enter("standby", "transfer", { ...this.#status(7), busy: true });
    if (this.#state === "transfer") this.#state = "standby";
    return undefined;
  }

  #status(index: number, more = 0): SdResponse {
    return { index, words: [((STATES[this.#state] << STATE_SHIFT) | READY_FOR_DATA | more) >>> 0] };
  }

  #stop(): SdResponse | undefined {
    if (this.#state !== "sending" && this.#state !== "receiving" && this.#state !== "transfer")
      return undefined;
    const response = { ...this.#status(12), busy: true };
    this.#state = "transfer";
    return response;
  }

  /** Addresses of high-capacity cards count blocks. */
  #block(block: number): Uint8Array | undefined {
    const bytes = this.#content.subarray(block * BLOCK, (block + 1) * BLOCK);
    return bytes.length === BLOCK ? bytes : undefined;
  }

  #read(index: number, first: number): SdResponse | undefined {
    if (this.#state !== "transfer") return undefined;
    const status = this.#status(index);
    const start = this.#block(first);
    if (start === undefined) return this.#status(index, OUT_OF_RANGE);
    if (index === 17) return { ...status, blocks: once(start) };
    this.#state = "sending";
    let next = first;
    return { ...status, blocks: { read: () => this.#block(next++) } };
  }

  #write(index: number, first: number): SdResponse | undefined {
    if (this.#state !== "transfer") return undefined;
    const status = this.#status(index);
    if (this.#block(first) === undefined) return this.#status(index, OUT_OF_RANGE);
    this.#state = "receiving";
    this.#written = 0;
    const single = index === 24;
    const write = (data: Uint8Array): boolean => {
      const target = this.#block(first + this.#written);
      if (single) this.#state = "transfer";
      if (target === undefined || data.length !== BLOCK) return false;
      target.set(data);
      this.#written++;
      return true;
    };
    return { ...status, blocks: { write } };
  }

  /** Section 4.10.2: bus width; the rest tells of no speed class. */
  #sdStatus(): Uint8Array {
    const status = new Uint8Array(64);
    status[0] = this.#lines === 4 ? 0x80 : 0;
    return status;
  }

  #switchFunction(argument: number): SdResponse {
    const status = new Uint8Array(64);
    FUNCTIONS.forEach((functions, at) => {
      status[2 + 2 * at] = functions >>> 8;
      status[3 + 2 * at] = functions & 0xff;
    });
    status[1] = 100;
    const wanted = argument & 0xf;
    const possible = wanted <= 1 || wanted === NO_FUNCTION;
    const selected = wanted === NO_FUNCTION ? this.#highSpeed : wanted;
    if (argument >>> 31 === 1 && possible) this.#highSpeed = selected;
    status[16] = possible ? selected : NO_FUNCTION;
    return { ...this.#status(6), blocks: once(status) };
  }

  #csd(): readonly number[] {
    const units = Math.max(0, Math.floor(this.#content.length / SIZE_UNIT) - 1);
    return CSD.map((word, at) => {
      if (at === 1) return (word | ((units >>> 16) & 0x3f)) >>> 0;
      return at === 2 ? (word | ((units & 0xffff) << 16)) >>> 0 : word;
    });
  }
}

function once(bytes: Uint8Array): SdBlocks {
  let left: Uint8Array | undefined = bytes;
  return {
    read: () => {
      const block = left;
      left = undefined;
      return block;
    },
  };
}
