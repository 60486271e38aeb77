/**
 * A board on the desk: chip, flash chip, LED, button, console, USB cable, power. All in virtual time; the owner
 * calls `advance`. Everything outside the program (noise, time, log) is injected, so a run can be repeated.
 */

import { type Board, FLASH_PINS, type FlashPin, type Pin } from "../../boards/board.js";
import type { AccessSize } from "../bus.js";
import type { Engine } from "../cpu/core-options.js";
import {
  type FlashDefects,
  SerialNorFlash,
  type SerialNorFlashOptions,
  type SerialNorFlashState,
} from "../flash/nor-flash.js";
import { PairContent } from "../flash/pair-content.js";
import type { OperationKind } from "../flash/part.js";
import { norPart } from "../flash/parts.js";
import { SdCard } from "../flash/sd-card.js";
import { GuestMemory } from "../guest-memory.js";
import { alternateFunction, type Signal } from "../peripherals/alternate-functions.js";
import type { PortLetter } from "../peripherals/gpio.js";
import type { FlashState } from "../peripherals/internal-flash/flash.js";
import { flashBytes, flashGeometry } from "../peripherals/internal-flash/flash-geometry.js";
import type { DataLines } from "../peripherals/quadspi/quadspi-wire.js";
import type { RtcState } from "../peripherals/rtc/rtc-registers.js";
import { Timeline } from "../timeline.js";
import type { LinkFault } from "../usb/cdc.js";
import { UsbHost } from "../usb/host.js";
import { CHIP_BYTES, Chip } from "./chip.js";
import { FlashSocket, type PinAt } from "./flash-socket.js";
import { I2cBuses } from "./i2c-buses.js";
import { plugWires } from "./jumper-wires.js";
import { BoardLog } from "./log.js";
import { SpiFlashSocket } from "./spi-flash-socket.js";
import { TextLines } from "./text-lines.js";
import { UsbSockets } from "./usb-sockets.js";

export interface EmulatedBoardOptions {
  readonly board: Board;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** What the board has to say: guest mistakes, faults, power events. */
  readonly onMessage: (message: string) => void;
  /** A line that the console port sent, without its line end. */
  readonly onConsole?: (line: string) => void;
  /** A line that a program sent by the ITM's stimulus port 0, without its line end. */
  readonly onSwo?: (line: string) => void;
  /** A probe listens to SWO: it has switched trace on before the first instruction. Default false. */
  readonly swoProbe?: boolean;
  readonly onLed?: (on: boolean) => void;
  /** 12 bytes; default: drawn from `random`. */
  readonly uniqueId?: Uint8Array;
  /** A battery at VBAT keeps the backup domain while the power is off. Default true. */
  readonly battery?: boolean;
  /** Called when the flash chip begins an operation. */
  readonly onFlashOperation?: (kind: OperationKind, address: number, length: number) => void;
  readonly flashDefects?: FlashDefects;
  /** Replaces the data sheet's time of a flash operation, nanoseconds; undefined keeps it. */
  readonly flashDuration?: SerialNorFlashOptions["duration"];
  readonly linkFault?: LinkFault;
  /** Content of an SD card in the slot, whole blocks of 512 bytes; default: no card. */
  readonly sdCard?: Uint8Array;
  /** Wires between pins, as a user plugs them: `["PA7", "PA6"]`. */
  readonly wires?: readonly (readonly [string, string])[];
  /** False: no flash chip is soldered in. Default true. */
  readonly flashPresent?: boolean;
  /** What executes code: both do the same, to the cycle. Default: "translation", where there is WebAssembly. */
  readonly engine?: Engine;
  /** "strict": a missing clean or invalidate shows, as on the chip, and is told. Default "transparent". */
  readonly caches?: "transparent" | "strict";
  /** That of another board, which is gone, after `clear`. Default: its own. */
  readonly memory?: GuestMemory;
  /** "model": instructions and the QUADSPI window take about the chip's time. Default "cycle": a cycle an instruction. */
  readonly time?: "cycle" | "model";
}

/** What survives power-off. */
export interface BoardState {
  readonly uniqueId: Uint8Array;
  readonly internal: FlashState;
  /** The flash chip's array. */
  readonly external: Uint8Array;
  readonly externalRegisters: SerialNorFlashState;
  /** Of the second flash chip, where there is one. */
  readonly second?: { readonly external: Uint8Array; readonly registers: SerialNorFlashState };
  /** Of the flash chip on an SPI, where there is one. */
  readonly spiFlash?: { readonly content: Uint8Array; readonly registers: SerialNorFlashState };
  readonly backup: { readonly rtc: RtcState; readonly bdcr: number };
}

/** The usual sizes; what is larger works, but slower. */
const SDRAM_BYTES = 32 << 20;
/** Where nothing is soldered in. */
const NO_LINES: DataLines = { muxed: 0, levels: 0b1111 };
const DM = 11;
const DP = 12;
/** What a flash chip leaves the factory with. */
const ERASED = 0xff;

export class EmulatedBoard {
  readonly board: Board;
  readonly timeline = new Timeline();
  readonly chip: Chip;
  readonly flashChip: SerialNorFlash;
  readonly sdCard: SdCard | undefined;
  /** On the other QUADSPI bank, for dual-flash mode; most boards have none. */
  readonly secondFlashChip: SerialNorFlash | undefined;
  /** On an SPI, for programs' files. */
  readonly spiFlashChip: SerialNorFlash | undefined;
  readonly host: UsbHost;
  readonly log: BoardLog;
  readonly uniqueId: Uint8Array;

  readonly #options: EmulatedBoardOptions;
  readonly #sockets: readonly FlashSocket[];
  readonly #spiSocket: SpiFlashSocket | undefined;
  readonly #i2c: I2cBuses;
  /** Of both flash chips, where there are two. */
  readonly #pairContent: PairContent | undefined;
  #powered = false;
  #interrupted = false;
  readonly #console = new TextLines((line) => this.#options.onConsole?.(line));
  readonly #swo = new TextLines((line) => this.#options.onSwo?.(line));

  constructor(options: EmulatedBoardOptions) {
    const { board, random } = options;
    this.#options = options;
    this.board = board;
    this.log = new BoardLog(options.onMessage);
    this.uniqueId = options.uniqueId ?? drawUniqueId(random);
    // A pair is kept a second time, woven.
    const chips = board.flash.second === undefined ? 1 : 4;
    const geometry = flashGeometry(board.mcu);
    const flashes = flashBytes(geometry) + chips * norPart(board.flash.part).size;
    const memory = options.memory ?? new GuestMemory(CHIP_BYTES + flashes + SDRAM_BYTES);
    this.flashChip = this.#makeFlashChip(memory);
    this.sdCard = options.sdCard === undefined ? undefined : new SdCard(options.sdCard);
    this.secondFlashChip = board.flash.second === undefined ? undefined : this.#makeFlashChip(memory);
    this.#pairContent = this.#makePairContent(memory);
    this.spiFlashChip = this.#makeSpiFlashChip();
    // They have no power before the board has: what they ignore after power-on, they ignore the first time, too.
    for (const chip of this.#flashChips) chip.powerCut();
    this.chip = new Chip({
      timeline: this.timeline,
      flashGeometry: geometry,
      memory,
      log: this.log,
      random,
      uniqueId: this.uniqueId,
      hseHz: board.hseHz,
      hseIsOscillator: board.hseIsOscillator,
      lseHz: board.lseHz,
      flashChip: (bank) => {
        const socket = this.#socket(bank);
        return socket?.wired === true && options.flashPresent !== false ? socket.chip : undefined;
      },
      flashLines: (bank) => this.#socket(bank)?.lines ?? NO_LINES,
      lendFlashPair: this.#pairContent && ((limit) => this.#pairContent?.lend(limit) ?? new Uint8Array(0)),
      sdCard: () => this.sdCard,
      spiDevice: (spi) =>
        board.spiFlash?.spi === spi
          ? (value, bits, hz) => (this.#spiSocket as SpiFlashSocket).exchange({ value, bits, hz })
          : undefined,
      i2cDevice: (bus, address) => this.#i2c.device(bus, address),
      onSerial: (port, byte) => this.#serialByte(port, byte),
      engine: options.engine,
      strictCaches: options.caches === "strict",
      timeModel: options.time === "model",
    });
    this.chip.cpu.scs.itm.onStimulus = (port, size, value) => this.#stimulus(port, size, value);
    this.log.where = () => (this.timeline.retries ? this.chip.cpu.pc : undefined);
    this.#i2c = new I2cBuses(board.i2c, ({ pin, af }) => {
      const at = this.#pinAt(pin);
      return this.chip.hasAlternateFunction(at.port, at.pin, af);
    });
    this.#sockets = this.#makeSockets();
    this.#spiSocket = this.#makeSpiSocket();
    plugWires((options.wires ?? []).map(([one, other]) => [this.#pinAt(one), this.#pinAt(other)]));
    this.host = this.#makeHost();
    this.#wireLed();
    this.releaseButton();
  }

  /** Board time, nanoseconds. */
  get now(): number {
    return this.timeline.now;
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** Runs until board time `untilNs` (nanoseconds), or until `interrupt` is called. */
  advance(untilNs: number): void {
    this.#interrupted = false;
    const end = this.timeline.after(untilNs - this.now, () => {
      this.#interrupted = true;
    });
    while (!this.#interrupted) this.#turn();
    this.timeline.cancel(end);
  }

  /** Ends the `advance` under way after the current instruction or event. */
  interrupt(): void {
    this.#interrupted = true;
    this.timeline.stopSoon();
  }

  /** Runs `run` once, `delayNs` from now in board time; the returned function cancels it. */
  after(delayNs: number, run: () => void): () => void {
    const event = this.timeline.after(delayNs, run);
    return () => this.timeline.cancel(event);
  }

  powerOn(): void {
    if (this.#powered) return;
    this.#powered = true;
    for (const chip of this.#flashChips) chip.powerOn();
    this.#i2c.powerOn();
    this.chip.powerOn(this.#options.battery === false);
    if (this.#options.swoProbe === true) this.chip.cpu.debug.enableTrace();
  }

  /** The power goes, at this instant, whatever is under way. */
  powerOff(): void {
    if (!this.#powered) return;
    this.#powered = false;
    this.chip.otg.reset();
    this.chip.otgHs.reset();
    this.chip.flash.powerCut();
    for (const chip of this.#flashChips) chip.powerCut();
    this.sdCard?.powerCut();
    this.chip.cpu.halt();
    this.#console.clear();
    this.#swo.clear();
  }

  /** Presses and releases the reset button (NRST). */
  pressReset(): void {
    if (this.#powered) this.chip.requestReset("pin");
  }

  pressButton(): void {
    this.#setButton(true);
  }

  releaseButton(): void {
    this.#setButton(false);
  }

  /** Stops a crystal, as a bad solder joint does, or lets it swing again. */
  setCrystalFailed(name: "HSE" | "LSE", failed: boolean): void {
    this.chip.rcc.setCrystalFailed(name, failed);
  }

  /** Types on the terminal at the board's console, at the rate that the board listens to. Without the pin set up, nothing arrives. */
  type(text: string): void {
    const { console: wiring } = this.board;
    if (wiring === undefined) return;
    const rx = this.#pinAt(wiring.rx.pin);
    const af = alternateFunction(`${wiring.usart}_RX` as Signal, wiring.rx.pin);
    if (af === undefined || !this.chip.hasAlternateFunction(rx.port, rx.pin, af)) return;
    for (const character of text) this.chip.serial.get(wiring.usart)?.receive(character.charCodeAt(0) & 0xff);
  }

  plug(): void {
    this.host.plug();
    for (const pin of [DM, DP]) this.chip.gpio.A.drive(pin, false, "weak");
  }

  unplug(): void {
    this.host.unplug();
    for (const pin of [DM, DP]) this.chip.gpio.A.release(pin);
  }

  /** Puts an image into the internal flash as a probe would: erases all of it, writes. @throws RangeError when too long. */
  loadInternal(image: Uint8Array): void {
    this.chip.flash.fill(image);
    this.chip.bus.refreshLent();
  }

  /** Bytes of the external flash as the board's own tools see it: of both chips where they are one memory. */
  get externalBytes(): number {
    const { size, second } = this.board.flash;
    return second?.interleaved === true ? 2 * size : size;
  }

  /** Puts bytes into the external flash as the board's own tools would, before power-on. */
  loadExternal(bytes: Uint8Array, offset: number): void {
    const second = this.secondFlashChip;
    if (second === undefined || this.board.flash.second?.interleaved !== true) {
      this.flashChip.content.set(bytes, offset);
      return;
    }
    const chips = [this.flashChip.content, second.content] as const;
    for (const [index, byte] of bytes.entries()) {
      const at = offset + index;
      chips[(at & 1) as 0 | 1][at >>> 1] = byte;
    }
  }

  /** How often the flash chips have changed what they hold. */
  get flashChanges(): number {
    return this.#flashChips.reduce((sum, chip) => sum + chip.changes, 0);
  }

  save(): BoardState {
    const second = this.secondFlashChip;
    const spi = this.spiFlashChip;
    return {
      uniqueId: this.uniqueId,
      internal: this.chip.flash.save(),
      external: this.flashChip.content,
      externalRegisters: this.flashChip.save(),
      ...(second === undefined ? {} : { second: { external: second.content, registers: second.save() } }),
      ...(spi === undefined ? {} : { spiFlash: { content: spi.content, registers: spi.save() } }),
      backup: { rtc: this.chip.rtc.save(), bdcr: this.chip.rcc.save().bdcr },
    };
  }

  /** Before power-on. The unique id is given at construction. */
  load(state: Omit<BoardState, "uniqueId">): void {
    this.chip.flash.load(state.internal);
    this.flashChip.content.set(state.external);
    this.flashChip.load(state.externalRegisters);
    if (state.second !== undefined) {
      this.secondFlashChip?.content.set(state.second.external);
      this.secondFlashChip?.load(state.second.registers);
    }
    if (state.spiFlash !== undefined) {
      this.spiFlashChip?.content.set(state.spiFlash.content);
      this.spiFlashChip?.load(state.spiFlash.registers);
    }
    this.chip.rtc.load(state.backup.rtc);
    this.chip.rcc.load({ bdcr: state.backup.bdcr });
    this.chip.bus.refreshLent();
  }

  #turn(): void {
    const { cpu } = this.chip;
    this.chip.applyReset();
    this.chip.lowPower.beforeRun();
    const runs = this.#powered && this.chip.coreClocked;
    if (runs) cpu.run();
    this.chip.lowPower.afterRun();
    const idle = !runs || cpu.sleeping || cpu.halted || cpu.lockedUp;
    if (idle) this.timeline.skipTo(this.timeline.nextEventAt ?? this.now);
    this.timeline.runDue();
  }

  #makeFlashChip(memory: GuestMemory): SerialNorFlash {
    const { board, random, onFlashOperation, flashDefects, flashDuration } = this.#options;
    const part = norPart(board.flash.part);
    return new SerialNorFlash({
      part,
      content: memory.allocate(part.size, undefined, ERASED),
      timeline: this.timeline,
      log: this.log,
      random,
      uniqueId: this.uniqueId.subarray(4),
      quadEnabled: board.flash.quadEnabled,
      onChange: (address, length) => {
        this.chip.bus.codeChanged(board.flash.address + address, length);
        if (this.#pairContent === undefined) return;
        // In dual-flash mode, each of its bytes is every second one of the window.
        this.#pairContent.changed(address, length);
        this.chip.bus.codeChanged(board.flash.address + 2 * address, 2 * length);
      },
      ...(onFlashOperation === undefined ? {} : { onOperation: onFlashOperation }),
      ...(flashDefects === undefined ? {} : { defects: flashDefects }),
      ...(flashDuration === undefined ? {} : { duration: flashDuration }),
    });
  }

  #makePairContent(memory: GuestMemory): PairContent | undefined {
    if (this.secondFlashChip === undefined) return undefined;
    const arrays = [this.flashChip.content, this.secondFlashChip.content] as const;
    const content: PairContent = new PairContent(
      memory.allocate(2 * arrays[0].length, () => content.clear()),
      this.board.flash.bank === 1 ? arrays : [arrays[1], arrays[0]],
    );
    return content;
  }

  get #flashChips(): SerialNorFlash[] {
    return [this.flashChip, this.secondFlashChip, this.spiFlashChip].filter((chip) => chip !== undefined);
  }

  #makeSpiFlashChip(): SerialNorFlash | undefined {
    const { board, random } = this.#options;
    if (board.spiFlash === undefined) return undefined;
    const part = norPart(board.spiFlash.part);
    const content = new Uint8Array(part.size).fill(ERASED);
    const uniqueId = this.uniqueId.slice(4).reverse();
    return new SerialNorFlash({ part, content, timeline: this.timeline, log: this.log, random, uniqueId });
  }

  #makeSpiSocket(): SpiFlashSocket | undefined {
    const wiring = this.board.spiFlash;
    if (wiring === undefined || this.spiFlashChip === undefined) return undefined;
    return new SpiFlashSocket({
      chip: this.spiFlashChip,
      wiring,
      pinAt: (name) => this.#pinAt(name),
      hasAlternateFunction: (port, pin, af) => this.chip.hasAlternateFunction(port, pin, af),
    });
  }

  #makeHost(): UsbHost {
    const { linkFault } = this.#options;
    const host = new UsbHost({
      timeline: this.timeline,
      log: this.log,
      port: new UsbSockets([
        { port: this.chip.otg, onSof: () => this.chip.crs.sync("USB2_SOF") },
        { port: this.chip.otgHs, onSof: () => this.chip.crs.sync("USB1_SOF") },
      ]),
      ...(linkFault === undefined ? {} : { fault: linkFault }),
    });
    return host;
  }

  #makeSockets(): FlashSocket[] {
    const { flash } = this.board;
    const chip = this.chip;
    const socket = (
      flashChip: SerialNorFlash,
      bank: 1 | 2,
      pins: Readonly<Record<FlashPin, Pin>>,
    ): FlashSocket =>
      new FlashSocket({
        chip: flashChip,
        bank,
        pins: Object.fromEntries(FLASH_PINS.map((name) => [name, pins[name].pin])) as Record<
          FlashPin,
          string
        >,
        pinAt: (name) => this.#pinAt(name),
        hasAlternateFunction: (port, pin, af) => chip.hasAlternateFunction(port, pin, af),
      });
    const first = socket(this.flashChip, flash.bank, flash.pins);
    if (this.secondFlashChip === undefined || flash.second === undefined) return [first];
    const pins = { ...flash.second.pins, CLK: flash.pins.CLK };
    return [first, socket(this.secondFlashChip, flash.bank === 1 ? 2 : 1, pins)];
  }

  #socket(bank: 1 | 2): FlashSocket | undefined {
    return this.#sockets.find((socket) => socket.bank === bank);
  }

  #wireLed(): void {
    const { board, onLed } = this.#options;
    if (board.led === undefined || onLed === undefined) return;
    const { activeHigh } = board.led;
    const { gpio, pin } = this.#pinAt(board.led.pin);
    let lit = false;
    gpio.observe(pin, (level) => {
      const on = level !== undefined && level === activeHigh;
      if (on !== lit) onLed(on);
      lit = on;
    });
  }

  #setButton(pressed: boolean): void {
    const { button } = this.board;
    if (button === undefined) return;
    const { gpio, pin } = this.#pinAt(button.pin);
    gpio.drive(pin, pressed === button.activeHigh, pressed ? "strong" : "weak");
  }

  #pinAt(name: string): PinAt {
    const port = name[1] as PortLetter;
    return { gpio: this.chip.gpio[port], port, pin: Number(name.slice(2)) };
  }

  #serialByte(port: string, byte: number): void {
    const { console: wiring } = this.board;
    if (wiring === undefined || port !== wiring.usart) return;
    const tx = this.#pinAt(wiring.tx.pin);
    const af = alternateFunction(`${wiring.usart}_TX` as Signal, wiring.tx.pin);
    if (af === undefined || !this.chip.hasAlternateFunction(tx.port, tx.pin, af)) return;
    this.#console.add(byte);
  }

  /** What a program sends by port 0 is text (CMSIS, `ITM_SendChar`), mostly byte by byte. */
  #stimulus(port: number, size: AccessSize, value: number): void {
    if (port !== 0) return;
    for (let n = 0; n < size; n++) this.#swo.add((value >>> (n * 8)) & 0xff);
  }
}

function drawUniqueId(random: () => number): Uint8Array {
  return Uint8Array.from({ length: 12 }, () => Math.floor(random() * 256));
}
