/** What a serial NOR flash chip puts out, bit by bit: array cells in ascending order, or what another command answers. */

import type { NorDevice } from "./device.js";
import type { CommandSpec, Lines } from "./part.js";
import { type ByteSource, SOURCES } from "./sources.js";

/** How long a line keeps its level when nobody drives it: some 10 pF against an input leakage of 1 uA. */
const LINE_HOLD_NS = 10e3;

export class NorOutput {
  /** Of the next byte, while a read gives cells. */
  address = 0;
  /** Clocked too fast: data arrives one clock late. */
  late = false;
  readonly #device: NorDevice;
  #lines: Lines = 1;
  /** Bits of the byte that were not put out yet. */
  #bits = 0;
  #byte = 0xff;
  #lastByte = 0xff;
  #start = 0;
  #wrap = 0;
  #source: ByteSource | undefined;
  #io1High = true;
  #io1At = Number.NEGATIVE_INFINITY;

  constructor(device: NorDevice) {
    this.#device = device;
  }

  begin(command: CommandSpec, address: number): void {
    const device = this.#device;
    this.#lines = command.data ?? 1;
    this.#bits = 0;
    this.#lastByte = 0xff;
    this.#wrap = 0;
    this.#start = address;
    this.address = address;
    if (command.kind === "read") {
      this.#wrap = device.part.readWrap(command, device.readParameters, device.burstWrap);
      this.#source = () => this.#nextCell();
      return;
    }
    this.#source = SOURCES[command.kind as keyof typeof SOURCES](device, address, command);
  }

  end(): void {
    this.#source = undefined;
  }

  /** A read is over: cells on their way have been looked at. */
  settle(): void {
    this.#device.cells.settle(this.#start, Math.max(this.#start + 1, this.address));
  }

  /** A whole byte comes next, on so many lines. */
  aligned(lines: Lines): boolean {
    return this.#bits === 0 && lines === this.#lines;
  }

  /** The next bytes are the array's from `address` on, one after the other. */
  get streams(): boolean {
    return this.#wrap === 0 && !this.late;
  }

  byte(): number {
    const byte = this.#source?.() ?? 0xff;
    if (!this.late) return byte;
    const late = ((this.#lastByte << (8 - this.#lines)) | (byte >>> this.#lines)) & 0xff;
    this.#lastByte = byte;
    return late;
  }

  /** One clock: the levels of the four lines. */
  shift(): number {
    if (this.#bits === 0) {
      this.#byte = this.byte();
      this.#bits = 8;
    }
    this.#bits -= this.#lines;
    const symbol = (this.#byte >>> this.#bits) & ((1 << this.#lines) - 1);
    if (this.#lines === 1) return 0b1101 | (symbol << 1);
    return this.#lines === 2 ? 0b1100 | symbol : symbol;
  }

  /** What the chip put out last stays on IO1 for a while: WeAct's driver polls on one line behind 38h, and gets by. */
  driven(byte: number, lines: Lines): number {
    this.#io1High = (byte & (lines === 1 ? 1 : 2)) !== 0;
    this.#io1At = this.#device.now;
    return byte;
  }

  /** What one line reads on which nobody puts out anything. */
  get held(): number {
    return this.#device.now - this.#io1At < LINE_HOLD_NS && !this.#io1High ? 0x00 : 0xff;
  }

  #nextCell(): number {
    const { address } = this;
    const next = address + 1;
    if (this.#wrap === 0) this.address = next % this.#device.part.size;
    else this.address = (address & ~(this.#wrap - 1)) | (next & (this.#wrap - 1));
    return this.#device.cells.read(address);
  }
}
