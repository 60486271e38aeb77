/** vFlashErase, vFlashWrite and vFlashDone for the internal flash (GDB manual, E.3). */

import { parseHex, parseRange, splitOnce, stringToBytes } from "../../rsp/text.js";
import { DebugError, type DebugFlash } from "./target.js";

export interface ExternalWindow {
  readonly address: number;
  readonly length: number;
}

export class GdbFlash {
  readonly #flash: DebugFlash;
  readonly #external: ExternalWindow;
  /** What it will hold; undefined when nothing was erased since the last vFlashDone. */
  #content: Uint8Array | undefined;

  constructor(flash: DebugFlash, external: ExternalWindow) {
    this.#flash = flash;
    this.#external = external;
  }

  /** @param text "addr,length" @throws DebugError */
  erase(text: string): void {
    const range = parseRange(text);
    if (range === undefined) throw new DebugError(`vFlashErase: expected addr,length, found "${text}"`);
    const { address, length } = range;
    const at = this.#offset(address, length);
    const { blockSize } = this.#flash;
    const from = Math.floor(at / blockSize) * blockSize;
    const to = Math.ceil((at + length) / blockSize) * blockSize;
    this.#content ??= this.#flash.content();
    this.#content.fill(0xff, from, to);
  }

  /** @param text "addr:bytes" @throws DebugError */
  write(text: string): void {
    const [digits, data] = splitOnce(text, ":");
    const address = parseHex(digits);
    if (address === undefined) throw new DebugError("vFlashWrite: expected addr:bytes");
    const at = this.#offset(address, data.length);
    const { length } = data;
    const content = this.#content;
    if (content === undefined || content.subarray(at, at + length).some((byte) => byte !== 0xff)) {
      throw new DebugError(`vFlashWrite: ${hex(address)} was not erased before`);
    }
    content.set(stringToBytes(data), at);
  }

  /** The writing itself, all at once. */
  done(): void {
    if (this.#content !== undefined) this.#flash.program(this.#content);
    this.#content = undefined;
  }

  #offset(address: number, length: number): number {
    const { address: base, length: size } = this.#flash;
    if (address >= base && address + length <= base + size) return address - base;
    const window = this.#external;
    if (address < window.address + window.length && address + length > window.address) {
      throw new DebugError(
        `${hex(address)} is in the external flash chip, which a probe cannot write by itself: ` +
          "use `imflasher gdb-server`, or `imflasher flash`",
      );
    }
    throw new DebugError(`no flash at ${hex(address)} with ${length} bytes`);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, "0")}`;
}
