/**
 * A serial NOR flash chip at its pins: /CS, and clocked transfers on one, two or four lines.
 *
 * The controller says with every transfer how many lines it drives or samples; the chip takes from each clock the
 * lines that its own state asks for. A phase sent on other lines than the command wants is therefore garbage to
 * the chip, as on silicon.
 */

import {
  type FlashDefects,
  NorDevice,
  type SerialNorFlashOptions,
  type SerialNorFlashState,
} from "./device.js";
import { carryOut, EFFECTS } from "./effects.js";
import { judgeClock, refusal } from "./nor-command.js";
import { NorInput } from "./nor-input.js";
import { NorOutput } from "./nor-output.js";
import type { CommandSpec, Lines, NorPart } from "./part.js";

export type { FlashDefects, SerialNorFlashOptions, SerialNorFlashState };

type Phase = "instruction" | "address" | "mode" | "dummy" | "data-in" | "data-out" | "complete" | "ignore";

/** All four lines pulled up: nobody drives them. */
const FLOATING = 0b1111;
/** Winbond's tVSL and tPUW. */
const POWER_ON = { readNs: 20e3, writeNs: 5e6 };
const hex = (value: number): string => `${value.toString(16).toUpperCase().padStart(2, "0")}h`;

export class SerialNorFlash {
  /** Clock at the CLK pin in Hz, told by the controller before it selects the chip; 0 = slow enough for all. */
  clockHz = 0;
  /** True while the controller transfers on both clock edges. */
  doubleRate = false;

  readonly #device: NorDevice;
  #powered = true;
  #selected = false;
  #idleLines = FLOATING;
  #phase: Phase = "ignore";
  /** Lines of the phase, bits shifted so far, and how many. */
  #lines: Lines = 1;
  #shift = 0;
  #bits = 0;
  #dummyLeft = 0;
  #firstDummy = false;
  #command: CommandSpec | undefined;
  /** Command that needs no instruction at the next selection: continuous read mode. */
  #continuous: CommandSpec | undefined;
  #address = 0;
  #addressBits = 24;
  readonly #output: NorOutput;
  readonly #input = new NorInput();

  /** @throws RangeError when `content` is not `part.size` bytes. */
  constructor(options: SerialNorFlashOptions) {
    this.#device = new NorDevice(options);
    this.#output = new NorOutput(this.#device);
  }

  get part(): NorPart {
    return this.#device.part;
  }

  /** The array, as given at construction. */
  get content(): Uint8Array {
    return this.#device.cells.content;
  }

  /** How often the chip has changed its array. */
  get changes(): number {
    return this.#device.changes;
  }

  /** At most the first `limit` bytes of the array itself. */
  lend(limit: number): Uint8Array {
    return this.content.subarray(0, limit);
  }

  /** True while an erase, program or status write is under way. */
  get busy(): boolean {
    return this.#powered && this.#device.operations.busy;
  }

  /**
   * Board time (ns) up to which status reads cannot change by themselves: when BUSY falls, or when a reset or a
   * wake-up ends. Infinity when nothing is under way.
   */
  get stableUntil(): number {
    const { operations, deafUntil, now } = this.#device;
    return Math.min(
      operations.readyAt ?? Number.POSITIVE_INFINITY,
      deafUntil > now ? deafUntil : Number.POSITIVE_INFINITY,
    );
  }

  /** True when the array may be read directly: idle, awake, every cell stable. */
  get directlyReadable(): boolean {
    const { operations, poweredDown, cells } = this.#device;
    return this.#powered && !operations.busy && !poweredDown && cells.stable;
  }

  /** Value of status register `index` (0-based) as the chip would answer it. */
  statusRegister(index: number): number {
    return this.#device.statusValue(index);
  }

  /** Levels of IO3..IO0 while the controller does not drive them with data; bit 2 is /WP. Default: all high. */
  set idleLines(levels: number) {
    this.#idleLines = levels;
    this.#device.writeProtectPinHigh = (levels & 0b100) !== 0;
  }

  /** /CS falls. */
  select(): void {
    if (!this.#powered || this.#selected) return;
    this.#selected = true;
    this.#output.late = false;
    this.#input.count = 0;
    if (this.#device.now < this.#device.deafUntil) {
      this.#device.warn("deaf", "selected while it starts, resets or wakes up: does not answer");
      this.#phase = "ignore";
      return;
    }
    this.#command = this.#continuous;
    if (this.#command === undefined) this.#enter("instruction", this.#device.qpi ? 4 : 1);
    else this.#start(this.#command);
  }

  /** /CS rises: a complete command takes effect, an incomplete one is dropped. */
  deselect(): void {
    if (!this.#selected) return;
    this.#selected = false;
    const command = this.#command;
    this.#command = undefined;
    if (command !== undefined) this.#finish(command);
    this.#output.end();
    this.#phase = "ignore";
  }

  /** Clocks a byte into the chip, most significant bits first, on `lines` lines. */
  write(byte: number, lines: Lines): void {
    if (this.#phase === "data-in" && this.#bits === 0 && lines === this.#lines) {
      this.#takeData(byte);
      return;
    }
    const mask = (1 << lines) - 1;
    const rest = this.#idleLines & ~mask;
    for (let left = 8 - lines; left >= 0; left -= lines) this.#clock(((byte >>> left) & mask) | rest);
  }

  /** Clocks a byte out of the chip on `lines` lines; undriven lines read 1. One line is IO1. */
  read(lines: Lines): number {
    const output = this.#output;
    if (this.#phase === "data-out" && output.aligned(lines)) return output.driven(output.byte(), lines);
    const silent = lines === 1 && this.#device.qpi && this.#phase !== "data-out";
    const mask = (1 << lines) - 1;
    let byte = 0;
    for (let clocks = 8 / lines; clocks > 0; clocks--) {
      const levels = this.#clock(FLOATING);
      byte = (byte << lines) | (lines === 1 ? (levels >>> 1) & 1 : levels & mask);
    }
    return silent ? output.held : output.driven(byte, lines);
  }

  /** As `count` calls of `read` into `target` from `offset`. */
  readInto(target: Uint8Array, offset: number, count: number, lines: Lines): void {
    const address = this.streaming(lines);
    const { content, stable } = this.#device.cells;
    if (address === undefined || !stable || address + count >= content.length) {
      for (let index = 0; index < count; index++) target[offset + index] = this.read(lines);
      return;
    }
    for (let index = 0; index < count; index++) target[offset + index] = content[address + index] ?? 0xff;
    this.#output.address = address + count;
  }

  /** True while the chip drives IO1: what is clocked in is nothing to it. */
  get answering(): boolean {
    return this.#phase === "data-out";
  }

  /** One clock of an SPI, which goes both ways: takes IO0, returns IO1. */
  exchangeBit(high: boolean): boolean {
    return (this.#clock(high ? FLOATING : FLOATING & ~1) & 2) !== 0;
  }

  /** Eight clocks of an SPI, most significant bit first. */
  exchangeByte(byte: number): number {
    if (this.answering) return this.read(1);
    this.write(byte, 1);
    return 0xff;
  }

  /** Clocks without data; nobody drives the lines. */
  dummy(clocks: number): void {
    for (let left = clocks; left > 0; left--) this.#clock(FLOATING);
  }

  /**
   * Address of the byte that the next `read(lines)` takes from the array, when all that follow come from ascending
   * addresses; undefined when the chip would put out anything else.
   */
  streaming(lines: Lines): number | undefined {
    const reading = this.#phase === "data-out" && this.#command?.kind === "read";
    const { streams, address } = this.#output;
    return reading && streams && this.#output.aligned(lines) ? address : undefined;
  }

  /** The supply fails, at any instant: what is under way is left half done. */
  powerCut(): void {
    if (!this.#powered) return;
    this.#powered = false;
    this.#selected = false;
    this.#phase = "ignore";
    this.#command = undefined;
    this.#continuous = undefined;
    this.#device.operations.cut();
  }

  /** The supply is back: volatile state as after power-up. Without effect on a chip that has power. */
  powerOn(): void {
    if (this.#powered) return;
    this.#powered = true;
    this.#device.cells.powerUp();
    this.#device.resetVolatile(true);
    const { readNs, writeNs } = this.part.times.powerOn ?? POWER_ON;
    this.#device.deafUntil = this.#device.now + readNs;
    this.#device.readOnlyUntil = this.#device.now + writeNs;
  }

  /** Nonvolatile state besides the array. */
  save(): SerialNorFlashState {
    return this.#device.save();
  }

  /** @throws RangeError when the state is another part's or damaged. */
  load(state: SerialNorFlashState): void {
    this.#device.load(state);
  }

  /** One clock: takes the levels of the lines, returns those that the chip drives. */
  #clock(levels: number): number {
    switch (this.#phase) {
      case "ignore":
        return FLOATING;
      case "complete":
        this.#drop("clocked on after its last bit");
        return FLOATING;
      case "dummy":
        this.#takeDummy(levels);
        this.#dummyLeft--;
        if (this.#dummyLeft === 0) this.#proceed(3);
        return FLOATING;
      case "data-out":
        return this.#output.shift();
      default:
        this.#shiftIn(levels);
        return FLOATING;
    }
  }

  #shiftIn(levels: number): void {
    const command = this.#command;
    if (this.#phase === "address" && this.#bits === 0 && command !== undefined) {
      if ((command.doubleRate ?? false) !== this.doubleRate) {
        this.#drop(
          `expects address and data on ${command.doubleRate ? "both clock edges" : "one clock edge"}`,
        );
        return;
      }
    }
    this.#shift = ((this.#shift << this.#lines) | (levels & ((1 << this.#lines) - 1))) >>> 0;
    this.#bits += this.#lines;
    if (this.#bits < (this.#phase === "address" ? this.#addressBits : 8)) return;
    const value = this.#shift;
    this.#shift = 0;
    this.#bits = 0;
    if (this.#phase === "instruction") this.#decode(value);
    else if (this.#phase === "address") this.#takeAddress(value);
    else if (this.#phase === "mode") this.#takeMode(value);
    else this.#takeData(value);
  }

  #enter(phase: Phase, lines: Lines): void {
    this.#phase = phase;
    this.#lines = lines;
    this.#shift = 0;
    this.#bits = 0;
  }

  #drop(why: string): void {
    const name = this.#command?.name ?? "command";
    this.#device.warn(`drop.${name}.${why}`, `${name} ${why}: ignored`);
    this.#command = undefined;
    this.#phase = "ignore";
  }

  #decode(code: number): void {
    const device = this.#device;
    const table = device.qpi ? device.part.qpiCommands : device.part.commands;
    const command = table?.get(code);
    if (command?.kind !== "reset") device.resetArmed = false;
    const why = command === undefined ? "unknown command" : refusal(device, command);
    if (command === undefined || why !== undefined) {
      device.warn(`${code}.${why}`, `${hex(code)} ${command?.name ?? ""}: ${why}: ignored`);
      this.#phase = "ignore";
      return;
    }
    this.#command = command;
    this.#start(command);
  }

  /** Instruction known (or not needed): first phase after it. */
  #start(command: CommandSpec): void {
    const verdict = judgeClock(this.#device, command, this.clockHz);
    this.#output.late = verdict?.late === true;
    if (verdict !== undefined) {
      if (verdict.late && command.kind in EFFECTS) {
        this.#drop(`clocked at ${verdict.speeds}`);
        return;
      }
      const consequence = verdict.late ? "data comes late" : "works on most chips, when they are not hot";
      this.#device.warn(
        `fast.${command.name}`,
        `${command.name} clocked at ${verdict.speeds}: ${consequence}`,
      );
    }
    this.#address = 0;
    this.#addressBits = 8 * (command.addressBytes ?? this.#device.addressBytes);
    this.#proceed(0);
  }

  /** Enters the phase after those done: 0 instruction, 1 address, 2 mode bits, 3 dummy clocks. */
  #proceed(done: number): void {
    const command = this.#command;
    if (command === undefined) return;
    const dummy =
      typeof command.dummy === "function" ? command.dummy(this.#device.readParameters) : (command.dummy ?? 0);
    if (done < 1 && command.address !== undefined) this.#enter("address", command.address);
    else if (done < 2 && command.mode === true) this.#enter("mode", command.address ?? 1);
    else if (done < 3 && dummy > 0) {
      this.#enter("dummy", 1);
      this.#dummyLeft = dummy;
      this.#firstDummy = true;
    } else if (command.kind in EFFECTS) this.#startInput(command);
    else this.#startOutput(command);
  }

  #takeAddress(value: number): void {
    const above = this.#addressBits === 24 ? this.#device.configuration.extendedAddress : 0;
    this.#address = (above * 0x100_0000 + value) % this.part.size;
    if (this.#command?.kind === "sfdp" || this.#command?.kind.startsWith("security")) this.#address = value;
    this.#proceed(1);
  }

  #takeMode(value: number): void {
    const { mask, value: stay } = this.part.continuous;
    const command = this.#command;
    this.#continuous = command?.kind === "read" && (value & mask) === stay ? command : undefined;
    this.#proceed(2);
  }

  /** Micron's "XIP confirmation bit" is the level of IO0 in the first dummy clock. */
  #takeDummy(levels: number): void {
    const command = this.#command;
    if (!this.#firstDummy || command?.kind !== "read") return;
    this.#firstDummy = false;
    if (this.part.configuration === undefined) return;
    const stays = this.#device.configuration.executeInPlace && (levels & 1) === 0;
    this.#continuous = stays ? command : undefined;
  }

  #startInput(command: CommandSpec): void {
    if (command.data === undefined) {
      this.#phase = "complete";
      return;
    }
    this.#input.begin();
    this.#enter("data-in", command.data);
  }

  #startOutput(command: CommandSpec): void {
    this.#enter("data-out", command.data ?? 1);
    this.#output.begin(command, this.#address);
  }

  #takeData(byte: number): void {
    const paged = this.#command?.kind === "program" || this.#command?.kind === "security-program";
    this.#input.take(byte, paged ? this.#address : 0);
  }

  /** /CS rose on `command`. */
  #finish(command: CommandSpec): void {
    if (command.kind === "read") {
      if (this.#phase === "data-out") this.#output.settle();
      return;
    }
    const well = this.#endedWell(command);
    const input = this.#input;
    const taken = well ? { address: this.#address, data: input.data, count: input.count } : undefined;
    carryOut(this.#device, command, taken);
    if (well && (command.kind === "reset" || command.kind === "qpi-enter")) this.#continuous = undefined;
  }

  #endedWell(command: CommandSpec): boolean {
    if (this.#phase === "complete") return true;
    const whole = this.#phase === "data-in" && this.#bits === 0 && this.#input.count > 0;
    return whole && this.#input.count <= (command.maxData ?? Number.POSITIVE_INFINITY);
  }
}
