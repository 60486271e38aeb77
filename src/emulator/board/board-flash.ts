/** The flash chips of a board, and how they hang on the chip: one or two on QUADSPI, perhaps one on an SPI. */

import { FLASH_PINS, type FlashPin, type Pin } from "../../boards/board.js";
import type { EmulatorLog } from "../bus.js";
import { SerialNorFlash } from "../flash/nor-flash.js";
import { PairContent } from "../flash/pair-content.js";
import { norPart } from "../flash/parts.js";
import type { GuestMemory } from "../guest-memory.js";
import type { DataLines } from "../peripherals/quadspi/quadspi-wire.js";
import type { SpiOptions } from "../peripherals/serial/spi/spi.js";
import type { Timeline } from "../timeline.js";
import type { BoardFlashState, EmulatedBoardOptions } from "./board-options.js";
import type { Chip } from "./chip.js";
import { FlashSocket, type PinAt } from "./flash-socket.js";
import { SpiFlashSocket } from "./spi-flash-socket.js";

/** Where nothing is soldered in. */
const NO_LINES: DataLines = { muxed: 0, levels: 0b1111 };
/** What a flash chip leaves the factory with. */
const ERASED = 0xff;

export interface BoardFlashOptions {
  readonly board: EmulatedBoardOptions;
  readonly memory: GuestMemory;
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  /** 12 bytes, the board's: the chips' are taken from it. */
  readonly uniqueId: Uint8Array;
  readonly chip: () => Chip;
  readonly pinAt: (name: string) => PinAt;
}

export class BoardFlash {
  readonly first: SerialNorFlash;
  /** On the other QUADSPI bank, for dual-flash mode; most boards have none. */
  readonly second: SerialNorFlash | undefined;
  /** On an SPI, for programs' files. */
  readonly spi: SerialNorFlash | undefined;

  readonly #options: BoardFlashOptions;
  readonly #all: readonly SerialNorFlash[];
  /** Of both flash chips, where there are two. */
  readonly #pairContent: PairContent | undefined;
  #sockets: readonly FlashSocket[] = [];
  #spiSocket: SpiFlashSocket | undefined;

  constructor(options: BoardFlashOptions) {
    const { board } = options.board;
    this.#options = options;
    this.first = this.#makeChip();
    this.second = board.flash.second === undefined ? undefined : this.#makeChip();
    this.#pairContent = this.#makePairContent();
    this.spi = this.#makeSpiChip();
    this.#all = [this.first, this.second, this.spi].filter((chip) => chip !== undefined);
    // They have no power before the board has: what they ignore after power-on, they ignore the first time, too.
    this.powerCut();
  }

  /** Bytes that the chips of such a board take of its memory. A pair is kept a second time, woven. */
  static bytes({ flash }: EmulatedBoardOptions["board"]): number {
    return (flash.second === undefined ? 1 : 4) * norPart(flash.part).size;
  }

  /** Solders the chips in, once the chip with its pins is there. */
  connect(): void {
    this.#sockets = this.#makeSockets();
    this.#spiSocket = this.#makeSpiSocket();
  }

  /** The flash chip at a QUADSPI bank as the pins are muxed now. */
  chip(bank: 1 | 2): SerialNorFlash | undefined {
    const socket = this.#socket(bank);
    const soldered = this.#options.board.flashPresent !== false;
    return socket?.wired === true && soldered ? socket.chip : undefined;
  }

  lines(bank: 1 | 2): DataLines {
    return this.#socket(bank)?.lines ?? NO_LINES;
  }

  get lendPair(): ((limit: number) => Uint8Array) | undefined {
    const pair = this.#pairContent;
    return pair && ((limit) => pair.lend(limit) ?? new Uint8Array(0));
  }

  /** What the chip on this SPI answers; undefined: none is there. */
  exchange(spi: string): SpiOptions["exchange"] {
    if (this.#options.board.board.spiFlash?.spi !== spi) return undefined;
    return (value, bits, hz) => (this.#spiSocket as SpiFlashSocket).exchange({ value, bits, hz });
  }

  powerOn(): void {
    for (const chip of this.#all) chip.powerOn();
  }

  powerCut(): void {
    for (const chip of this.#all) chip.powerCut();
  }

  /** How often the chips have changed what they hold. */
  get changes(): number {
    return this.#all.reduce((sum, chip) => sum + chip.changes, 0);
  }

  /** Bytes as the board's own tools see them: of both chips where they are one memory. */
  get bytes(): number {
    const { size, second } = this.#options.board.board.flash;
    return second?.interleaved === true ? 2 * size : size;
  }

  /** Puts bytes in as the board's own tools would, before power-on. */
  fill(bytes: Uint8Array, offset: number): void {
    const { second } = this;
    if (second === undefined || this.#options.board.board.flash.second?.interleaved !== true) {
      this.first.content.set(bytes, offset);
      return;
    }
    const chips = [this.first.content, second.content] as const;
    for (const [index, byte] of bytes.entries()) {
      const at = offset + index;
      chips[(at & 1) as 0 | 1][at >>> 1] = byte;
    }
  }

  save(): BoardFlashState {
    const { first, second, spi } = this;
    return {
      external: first.content,
      externalRegisters: first.save(),
      ...(second === undefined ? {} : { second: { external: second.content, registers: second.save() } }),
      ...(spi === undefined ? {} : { spiFlash: { content: spi.content, registers: spi.save() } }),
    };
  }

  load(state: BoardFlashState): void {
    this.first.content.set(state.external);
    this.first.load(state.externalRegisters);
    if (state.second !== undefined) {
      this.second?.content.set(state.second.external);
      this.second?.load(state.second.registers);
    }
    if (state.spiFlash !== undefined) {
      this.spi?.content.set(state.spiFlash.content);
      this.spi?.load(state.spiFlash.registers);
    }
  }

  #makeChip(): SerialNorFlash {
    const { memory, timeline, log, uniqueId } = this.#options;
    const { board, random, onFlashOperation, flashDefects, flashDuration } = this.#options.board;
    const part = norPart(board.flash.part);
    return new SerialNorFlash({
      part,
      content: memory.allocate(part.size, undefined, ERASED),
      timeline,
      log,
      random,
      uniqueId: uniqueId.subarray(4),
      quadEnabled: board.flash.quadEnabled,
      onChange: (address, length) => this.#changed(address, length),
      ...(onFlashOperation === undefined ? {} : { onOperation: onFlashOperation }),
      ...(flashDefects === undefined ? {} : { defects: flashDefects }),
      ...(flashDuration === undefined ? {} : { duration: flashDuration }),
    });
  }

  #changed(address: number, length: number): void {
    const { bus } = this.#options.chip();
    const base = this.#options.board.board.flash.address;
    bus.codeChanged(base + address, length);
    if (this.#pairContent === undefined) return;
    // In dual-flash mode, each of its bytes is every second one of the window.
    this.#pairContent.changed(address, length);
    bus.codeChanged(base + 2 * address, 2 * length);
  }

  #makePairContent(): PairContent | undefined {
    if (this.second === undefined) return undefined;
    const { memory, board } = this.#options;
    const arrays = [this.first.content, this.second.content] as const;
    const content: PairContent = new PairContent(
      memory.allocate(2 * arrays[0].length, () => content.clear()),
      board.board.flash.bank === 1 ? arrays : [arrays[1], arrays[0]],
    );
    return content;
  }

  #makeSpiChip(): SerialNorFlash | undefined {
    const { timeline, log } = this.#options;
    const { board, random } = this.#options.board;
    if (board.spiFlash === undefined) return undefined;
    const part = norPart(board.spiFlash.part);
    const content = new Uint8Array(part.size).fill(ERASED);
    const uniqueId = this.#options.uniqueId.slice(4).reverse();
    return new SerialNorFlash({ part, content, timeline, log, random, uniqueId });
  }

  #makeSockets(): FlashSocket[] {
    const { flash } = this.#options.board.board;
    const first = this.#socketOf(this.first, flash.bank, flash.pins);
    if (this.second === undefined || flash.second === undefined) return [first];
    const pins = { ...flash.second.pins, CLK: flash.pins.CLK };
    return [first, this.#socketOf(this.second, flash.bank === 1 ? 2 : 1, pins)];
  }

  #socketOf(chip: SerialNorFlash, bank: 1 | 2, pins: Readonly<Record<FlashPin, Pin>>): FlashSocket {
    const names = Object.fromEntries(FLASH_PINS.map((name) => [name, pins[name].pin]));
    return new FlashSocket({ chip, bank, pins: names as Record<FlashPin, string>, ...this.#muxing });
  }

  #makeSpiSocket(): SpiFlashSocket | undefined {
    const wiring = this.#options.board.board.spiFlash;
    if (wiring === undefined || this.spi === undefined) return undefined;
    return new SpiFlashSocket({ chip: this.spi, wiring, ...this.#muxing });
  }

  get #muxing() {
    const { pinAt, chip } = this.#options;
    const hasAlternateFunction: Chip["hasAlternateFunction"] = (port, pin, af) =>
      chip().hasAlternateFunction(port, pin, af);
    return { pinAt, hasAlternateFunction };
  }

  #socket(bank: 1 | 2): FlashSocket | undefined {
    return this.#sockets.find((socket) => socket.bank === bank);
  }
}
