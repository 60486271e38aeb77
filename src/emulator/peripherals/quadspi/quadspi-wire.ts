/** QUADSPI: the command that CCR, AR and ABR describe, and its way over the pins (RM0433, "QUADSPI command sequence"). */

import type { EmulatorLog } from "../../bus.js";
import { FlashPair } from "./quadspi-pair.js";

export type Lines = 1 | 2 | 4;

/** A serial flash chip as the controller sees it: /CS, and transfers on one, two or four lines. */
export interface QuadSpiChip {
  clockHz: number;
  doubleRate: boolean;
  /** Levels of IO3..IO0 that carry no data. */
  idleLines: number;
  /** At most the first `limit` bytes of the array, kept up to date; fewer may be had. */
  lend(limit: number): Uint8Array;
  /** The array may be read past the pins: idle, awake, stable. */
  readonly directlyReadable: boolean;
  /** Board time (ns) up to which no status bit changes by itself; Infinity when nothing is under way. */
  readonly stableUntil: number;
  select(): void;
  deselect(): void;
  write(byte: number, lines: Lines): void;
  readInto(target: Uint8Array, offset: number, count: number, lines: Lines): void;
  dummy(clocks: number): void;
  /** Array address that the next data byte comes from, undefined when it comes from nowhere. */
  streaming(lines: Lines): number | undefined;
}

interface Field {
  readonly bytes: readonly number[];
  readonly lines: Lines;
}

/** One command as CCR describes it; absent phases are undefined. */
export interface CommandFormat {
  readonly instruction: Field | undefined;
  readonly addressBytes: number;
  readonly addressLines: Lines | undefined;
  readonly alternate: Field | undefined;
  readonly dummyClocks: number;
  readonly dataLines: Lines | undefined;
  readonly doubleRate: boolean;
  readonly instructionOnce: boolean;
}

const LINES = [undefined, 1, 2, 4] as const;
const linesOf = (ccr: number, shift: number): Lines | undefined =>
  LINES[((ccr >>> shift) & 3) as 0 | 1 | 2 | 3];

/** The `count` low bytes of `value`, most significant first. */
const bytesOf = (value: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => (value >>> (8 * (count - 1 - index))) & 0xff);

export function decodeCommand(ccr: number, abr: number): CommandFormat {
  const instructionLines = linesOf(ccr, 8);
  const alternateLines = linesOf(ccr, 14);
  return {
    instruction: instructionLines && { bytes: [ccr & 0xff], lines: instructionLines },
    addressBytes: ((ccr >>> 12) & 3) + 1,
    addressLines: linesOf(ccr, 10),
    alternate: alternateLines && { bytes: bytesOf(abr, ((ccr >>> 16) & 3) + 1), lines: alternateLines },
    dummyClocks: (ccr >>> 18) & 31,
    dataLines: linesOf(ccr, 24),
    doubleRate: ccr >>> 31 === 1,
    instructionOnce: ((ccr >>> 28) & 1) === 1,
  };
}

/** IO2 is driven low (/WP) and IO3 high (/HOLD) while they carry no data; IO1 and IO0 float high. */
const IDLE_LINES = 0b1011;

export type QuadSpiBank = 1 | 2;

/** IO3..IO0 of a bank as bits 3..0. */
export interface DataLines {
  /** Lines whose pins are in their QUADSPI function. */
  readonly muxed: number;
  /** What the other lines carry. */
  readonly levels: number;
}

const ALL_LINES: DataLines = { muxed: 0b1111, levels: 0 };

export interface QuadSpiWireOptions {
  /** The chip that a bank's pins lead to; undefined while they are not muxed for it: the lines then float high. */
  readonly chip: (bank: QuadSpiBank) => QuadSpiChip | undefined;
  /** Default: all four are muxed. */
  readonly lines?: ((bank: QuadSpiBank) => DataLines) | undefined;
  /** Kernel clock (quadspi_ker_ck) in Hz; 0 when it stands still. */
  readonly kernelHz: () => number;
  readonly log: EmulatorLog;
  /** As `QuadSpiChip.lend`, of both chips in dual-flash mode. Default: nothing of them is lent. */
  readonly lendPair?: ((limit: number) => Uint8Array) | undefined;
}

/**
 * Clocks by which samples come late with SSHIFT in DDR mode, which RM0433 forbids and does not describe. Boot loaders that run on
 * silicon read so, of chips that want 8 clocks behind the address: ST's for the STM32H750B-DK waits 5, WeAct's one of mode bits and 4.
 */
const SHIFTED_DDR_CLOCKS = 3;

/** Every chip has a multiple of it. */
const CHIP_SIZES = 1 << 20;

/** The pins: sends the phases before the data, then moves data bytes; all in zero time, telling what it takes. */
export class QuadSpiWire {
  readonly #options: QuadSpiWireOptions;
  #selected: QuadSpiChip | undefined;
  /** Clock divider, PRESCALER + 1. */
  divider = 1;
  /** CR.SSHIFT. */
  sampleShift = false;
  /** The bank that CR.FSEL selects; undefined while CR.DFM selects both. */
  bank: QuadSpiBank | undefined = 1;
  #pair = new FlashPair([undefined, undefined]);

  constructor(options: QuadSpiWireOptions) {
    this.#options = options;
  }

  get chip(): QuadSpiChip | undefined {
    if (this.bank !== undefined) return this.#options.chip(this.bank);
    const [first, second] = [this.#options.chip(1), this.#options.chip(2)];
    if (first === undefined && second === undefined) return undefined;
    if (first === undefined || second === undefined)
      this.#options.log.once(
        "QUADSPI.dual",
        `QUADSPI.CR: DFM selects two flash chips: none is at the pins of bank ${first === undefined ? 1 : 2}`,
      );
    if (this.#pair.chips[0] !== first || this.#pair.chips[1] !== second)
      this.#pair = new FlashPair([first, second], this.#options.lendPair);
    return this.#pair;
  }

  /** CR.DFM: two chips side by side. */
  get dual(): boolean {
    return this.bank === undefined;
  }

  /** The chip that was selected is still the one at the pins. */
  get connected(): boolean {
    return this.#selected === this.chip;
  }

  /** Nanoseconds of one clock at the CLK pin; Infinity when the kernel clock stands still. */
  get clockNs(): number {
    const hz = this.#options.kernelHz();
    if (hz > 0) return (1e9 * this.divider) / hz;
    this.#options.log.once(
      "QUADSPI.kernel",
      "QUADSPI: its kernel clock stands still: the transfer never ends",
    );
    return Number.POSITIVE_INFINITY;
  }

  /** Nanoseconds of one data byte. */
  byteNs(format: CommandFormat): number {
    return this.#fieldNs(1, format.dataLines, format.doubleRate) / (this.dual ? 2 : 1);
  }

  /** Nanoseconds of everything before the data. */
  prefixNs(format: CommandFormat, withInstruction: boolean): number {
    const { instruction, alternate, doubleRate } = format;
    const sent = withInstruction && instruction !== undefined;
    return (
      (sent ? this.#fieldNs(1, instruction.lines, false) : 0) +
      this.#fieldNs(format.addressBytes, format.addressLines, doubleRate) +
      this.#fieldNs(alternate?.bytes.length ?? 0, alternate?.lines, doubleRate) +
      (format.dummyClocks === 0 ? 0 : format.dummyClocks * this.clockNs)
    );
  }

  /** /CS falls; instruction (unless already sent, SIOO), address, alternate bytes, dummy clocks. */
  begin(format: CommandFormat, address: number, withInstruction: boolean): void {
    this.end();
    const lines = this.#lines();
    const chip = this.#reached(format, lines);
    this.#selected = chip;
    if (chip === undefined) return;
    chip.clockHz = 1e9 / this.clockNs;
    chip.idleLines = (IDLE_LINES & lines.muxed) | (lines.levels & ~lines.muxed);
    chip.doubleRate = false;
    chip.select();
    if (withInstruction) send(chip, format.instruction);
    chip.doubleRate = format.doubleRate;
    if (format.addressLines !== undefined) {
      const own = this.dual ? address >>> 1 : address;
      send(chip, { bytes: bytesOf(own, format.addressBytes), lines: format.addressLines });
    }
    send(chip, format.alternate);
    const late = format.doubleRate && this.sampleShift ? SHIFTED_DDR_CLOCKS : 0;
    chip.dummy(format.dummyClocks + late);
  }

  /** Of the bank that is selected; of both, what both have. */
  #lines(): DataLines {
    const of = (bank: QuadSpiBank): DataLines => this.#options.lines?.(bank) ?? ALL_LINES;
    if (this.bank !== undefined) return of(this.bank);
    const [first, second] = [of(1), of(2)];
    return { muxed: first.muxed & second.muxed, levels: first.levels & second.levels };
  }

  #reached(format: CommandFormat, { muxed }: DataLines): QuadSpiChip | undefined {
    const { log } = this.#options;
    const chip = this.chip;
    if (chip === undefined) {
      log.once("QUADSPI.wiring", "QUADSPI: no flash chip at the pins as they are set: reads give FFh");
      return undefined;
    }
    const missing = linesUsed(format) & ~muxed;
    if (missing === 0) return chip;
    const names = [0, 1, 2, 3].filter((line) => (missing & (1 << line)) !== 0).map((line) => `IO${line}`);
    log.once(
      `QUADSPI.lines${missing}`,
      `QUADSPI: a command on lines whose pins are not set for QUADSPI (${names.join(", ")}): reads give FFh`,
    );
    return undefined;
  }

  /** True when the next data byte comes from array address `address`, and those after it from the following ones. */
  streamsFrom(address: number, lines: Lines): boolean {
    return this.#selected?.streaming(lines) === address;
  }

  /** As `streamsFrom`, where `address` lies past the chip's end, and the chip begins anew. */
  streamsFromWrapped(address: number, lines: Lines): boolean {
    const at = this.#selected?.streaming(lines);
    return at !== undefined && at < address && (address - at) % CHIP_SIZES === 0;
  }

  writeByte(byte: number, lines: Lines): void {
    this.#selected?.write(byte, lines);
  }

  readInto(target: Uint8Array, offset: number, count: number, lines: Lines): void {
    if (this.#selected === undefined) target.fill(0xff, offset, offset + count);
    else this.#selected.readInto(target, offset, count, lines);
  }

  /** /CS rises. */
  end(): void {
    this.#selected?.deselect();
    this.#selected = undefined;
  }

  #fieldNs(bytes: number, lines: Lines | undefined, doubleRate: boolean): number {
    if (lines === undefined || bytes === 0) return 0;
    return ((bytes * 8) / lines / (doubleRate ? 2 : 1)) * this.clockNs;
  }
}

/** One line means IO0 out and IO1 in. */
function linesUsed({ instruction, addressLines, alternate, dataLines }: CommandFormat): number {
  const all = [instruction?.lines, addressLines, alternate?.lines, dataLines];
  return all.includes(4) ? 0b1111 : 0b0011;
}

function send(chip: QuadSpiChip, field: Field | undefined): void {
  for (const byte of field?.bytes ?? []) chip.write(byte, field?.lines ?? 1);
}
