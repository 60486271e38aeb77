/**
 * A board on the desk: chip, flash chip, LED, button, console, USB cable, power. All in virtual time; the owner
 * calls `advance`. Everything outside the program (noise, time, log) is injected, so a run can be repeated.
 */

import type { Board } from "../../boards/board.js";
import type { SerialNorFlash } from "../flash/nor-flash.js";
import { SdCard } from "../flash/sd-card.js";
import { GuestMemory } from "../guest-memory.js";
import type { PortLetter } from "../peripherals/gpio.js";
import { flashBytes, flashGeometry } from "../peripherals/internal-flash/flash-geometry.js";
import { Timeline } from "../timeline.js";
import { UsbHost } from "../usb/host.js";
import { BoardFlash } from "./board-flash.js";
import { BoardFront } from "./board-front.js";
import type { BoardState, EmulatedBoardOptions } from "./board-options.js";
import { cameraSensor } from "./camera-parts.js";
import { CameraSocket } from "./camera-socket.js";
import { CHIP_BYTES, Chip } from "./chip.js";
import type { PinAt } from "./flash-socket.js";
import { I2cBuses } from "./i2c-buses.js";
import { plugWires } from "./jumper-wires.js";
import { BoardLog } from "./log.js";
import { UsbSockets } from "./usb-sockets.js";

/** The usual sizes; what is larger works, but slower. */
const SDRAM_BYTES = 32 << 20;
const DM = 11;
const DP = 12;

export class EmulatedBoard {
  readonly board: Board;
  readonly timeline = new Timeline();
  readonly chip: Chip;
  readonly flashChip: SerialNorFlash;
  readonly sdCard: SdCard | undefined;
  readonly secondFlashChip: SerialNorFlash | undefined;
  readonly spiFlashChip: SerialNorFlash | undefined;
  readonly host: UsbHost;
  readonly log: BoardLog;
  readonly uniqueId: Uint8Array;

  readonly #options: EmulatedBoardOptions;
  readonly #flash: BoardFlash;
  readonly #front: BoardFront;
  readonly #i2c: I2cBuses;
  readonly #camera: CameraSocket | undefined;
  #powered = false;
  #interrupted = false;

  constructor(options: EmulatedBoardOptions) {
    const { board, random } = options;
    this.#options = options;
    this.board = board;
    this.log = new BoardLog(options.onMessage);
    this.uniqueId = options.uniqueId ?? drawUniqueId(random);
    const flashes = flashBytes(flashGeometry(board.mcu)) + BoardFlash.bytes(board);
    const memory = options.memory ?? new GuestMemory(CHIP_BYTES + flashes + SDRAM_BYTES);
    const pinAt = (name: string): PinAt => this.#pinAt(name);
    const { timeline, log, uniqueId } = this;
    this.#flash = new BoardFlash({
      board: options,
      memory,
      timeline,
      log,
      uniqueId,
      chip: () => this.chip,
      pinAt,
    });
    this.flashChip = this.#flash.first;
    this.secondFlashChip = this.#flash.second;
    this.spiFlashChip = this.#flash.spi;
    this.sdCard = options.sdCard === undefined ? undefined : new SdCard(options.sdCard);
    this.#i2c = new I2cBuses(board.i2c, ({ pin, af }) => {
      const at = pinAt(pin);
      return this.chip.hasAlternateFunction(at.port, at.pin, af);
    });
    this.#front = new BoardFront(options, () => this.chip, pinAt);
    this.chip = this.#makeChip(memory);
    this.log.where = () => (this.timeline.retries ? this.chip.cpu.pc : undefined);
    this.#camera = this.#makeCamera();
    this.#i2c.connectLines(pinAt);
    this.#flash.connect();
    plugWires((options.wires ?? []).map(([one, other]) => [pinAt(one), pinAt(other)]));
    this.host = this.#makeHost();
    this.#front.connect();
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
    this.#flash.powerOn();
    this.#i2c.powerOn();
    this.#camera?.powerOn();
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
    this.#flash.powerCut();
    this.#camera?.powerOff();
    this.sdCard?.powerCut();
    this.chip.cpu.halt();
    this.#front.powerOff();
  }

  /** Presses and releases the reset button (NRST). */
  pressReset(): void {
    if (this.#powered) this.chip.requestReset("pin");
  }

  pressButton(): void {
    this.#front.setButton(true);
  }

  releaseButton(): void {
    this.#front.setButton(false);
  }

  /** Stops a crystal, as a bad solder joint does, or lets it swing again. */
  setCrystalFailed(name: "HSE" | "LSE", failed: boolean): void {
    this.chip.rcc.setCrystalFailed(name, failed);
  }

  /** Types on the terminal at the board's console, at the rate that the board listens to. Without the pin set up, nothing arrives. */
  type(text: string): void {
    this.#front.type(text);
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
    return this.#flash.bytes;
  }

  /** Puts bytes into the external flash as the board's own tools would, before power-on. */
  loadExternal(bytes: Uint8Array, offset: number): void {
    this.#flash.fill(bytes, offset);
  }

  /** How often the flash chips have changed what they hold. */
  get flashChanges(): number {
    return this.#flash.changes;
  }

  save(): BoardState {
    return {
      uniqueId: this.uniqueId,
      internal: this.chip.flash.save(),
      ...this.#flash.save(),
      backup: { rtc: this.chip.rtc.save(), bdcr: this.chip.rcc.save().bdcr },
    };
  }

  /** Before power-on. The unique id is given at construction. */
  load(state: Omit<BoardState, "uniqueId">): void {
    this.chip.flash.load(state.internal);
    this.#flash.load(state);
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

  #makeChip(memory: GuestMemory): Chip {
    const { board, random, engine, caches, time } = this.#options;
    return new Chip({
      timeline: this.timeline,
      flashGeometry: flashGeometry(board.mcu),
      memory,
      log: this.log,
      random,
      uniqueId: this.uniqueId,
      hseHz: board.hseHz,
      hseIsOscillator: board.hseIsOscillator,
      lseHz: board.lseHz,
      flashChip: (bank) => this.#flash.chip(bank),
      flashLines: (bank) => this.#flash.lines(bank),
      lendFlashPair: this.#flash.lendPair,
      sdCard: () => this.sdCard,
      spiDevice: (spi) => this.#flash.exchange(spi),
      i2cDevice: (bus, address) => this.#i2c.device(bus, address),
      onSerial: (port, byte) => this.#front.serialByte(port, byte),
      engine,
      strictCaches: caches === "strict",
      timeModel: time === "model",
    });
  }

  #makeCamera(): CameraSocket | undefined {
    const wiring = this.board.camera;
    if (wiring === undefined) return undefined;
    const { clock } = wiring;
    const sensor = cameraSensor(wiring.part, () =>
      typeof clock === "number" ? clock : this.chip.pinHz(clock),
    );
    this.#i2c.add(wiring, sensor);
    return new CameraSocket({
      sensor,
      wiring,
      dcmi: this.chip.dcmi,
      timeline: this.timeline,
      log: this.log,
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

  #pinAt(name: string): PinAt {
    const port = name[1] as PortLetter;
    return { gpio: this.chip.gpio[port], port, pin: Number(name.slice(2)) };
  }
}

function drawUniqueId(random: () => number): Uint8Array {
  return Uint8Array.from({ length: 12 }, () => Math.floor(random() * 256));
}
