/**
 * GPIO ports A..K (RM0433, chapter GPIO). One `Gpio` is one port.
 *
 * The level of a pin, strongest first: a strong external driver (a pressed button, another chip's output); the
 * port's own output; a weak external driver (a resistor) against the port's own pull resistor; nothing. Where a
 * weak external driver and the internal pull (40 kOhm) disagree, the external one wins: board resistors are
 * stronger. Pins that a wire joins share what each of them has (`wire`). A pin that nothing drives keeps its charge for `FLOAT_HOLD_NS` of board time and then reads low,
 * which a real pin may do or not: a guest that reads it later is told once.
 */

import type { ClockGate, EmulatorLog } from "../bus.js";
import { RegisterBlock, type RegisterCell } from "../registers.js";
import type { Timeline } from "../timeline.js";
import {
  ALL_PINS,
  type GpioRegister,
  MODES,
  PINS,
  type PinFunction,
  PULLS,
  RESETS,
  touchedPins,
} from "./gpio-bits.js";
import {
  DRIVEN_HIGH,
  DRIVEN_LOW,
  type Drive,
  type DriveStrength,
  PULLED_DOWN,
  PULLED_UP,
  strongerDrive,
  type Wired,
} from "./gpio-drive.js";
import { type AlternateOutput, PinFunctions } from "./gpio-functions.js";
import { GpioLock, LCKK } from "./gpio-lock.js";
import { Peripheral } from "./peripheral.js";

export type PortLetter = "A" | "B" | "C" | "D" | "E" | "F" | "G" | "H" | "I" | "J" | "K";
export interface GpioOptions {
  readonly port: PortLetter;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly clocked: ClockGate;
  /** Called with the pin's number when its level changed (EXTI, inputs of peripherals). */
  readonly onLevel?: (pin: number, high: boolean) => void;
  /** The pin's mode or alternate function changed. */
  readonly onFunction?: (pin: number) => void;
  /** An open pin is driven to the level that it was taken for: analog inputs see another voltage. */
  readonly onDriven?: (pin: number) => void;
}

/** What the outside sees of an output pin. undefined: the port does not drive the pin. */
export type OutputObserver = (level: boolean | undefined) => void;

/** How long a floating pin keeps its last level. Leakage of 50 nA and 5..10 pF give about a millisecond. */
export const FLOAT_HOLD_NS = 1e6;

export class Gpio extends Peripheral {
  readonly registers: RegisterBlock<GpioRegister>;

  readonly #options: GpioOptions;
  /** Programs that move pins themselves read and write them millions of times a second. */
  readonly #moder: RegisterCell;
  readonly #odr: RegisterCell;
  readonly #otyper: RegisterCell;
  readonly #external = new Map<number, Drive>();
  readonly #observers = new Map<number, OutputObserver[]>();
  /** Pins where edges that a peripheral makes matter, too. */
  #observed = 0;
  /** Of pins with wires. */
  readonly #wired = new Map<number, Wired>();
  readonly #alternate = new PinFunctions();
  /** Pins whose level follows a peripheral's output now. */
  #following = 0;
  readonly #levels: boolean[] = new Array<boolean>(PINS).fill(false);
  readonly #outputs: (boolean | undefined)[] = new Array<undefined>(PINS).fill(undefined);
  /** Since when nothing drives the pin, in board time; undefined while something does. */
  readonly #floatingSince: (number | undefined)[] = new Array<undefined>(PINS).fill(undefined);
  /** What is told of a floating pin, by pin, made when it is first told. */
  readonly #floatNotes: string[] = [];
  readonly #lock = new GpioLock();

  constructor(options: GpioOptions) {
    super();
    this.#options = options;
    this.registers = this.#declare();
    this.#moder = this.registers.cell("MODER");
    this.#odr = this.registers.cell("ODR");
    this.#otyper = this.registers.cell("OTYPER");
    this.#settle();
  }

  reset(): void {
    const before = this.#functions();
    this.registers.reset();
    this.#lock.reset();
    this.#refollow(ALL_PINS);
    this.#settle();
    const after = this.#functions();
    const changed = (at: number): number => ((before[at] ?? 0) ^ (after[at] ?? 0)) >>> 0;
    this.#tellFunctions(
      touchedPins(changed(0), 2) | touchedPins(changed(1), 4) | (touchedPins(changed(2), 4) << 8),
    );
  }

  /** MODER, AFRL, AFRH: what decides where a pin leads. */
  #functions(): readonly number[] {
    return [this.registers.get("MODER"), this.registers.get("AFRL"), this.registers.get("AFRH")];
  }

  #tellFunctions(pins: number): void {
    const { onFunction } = this.#options;
    if (onFunction === undefined || pins === 0) return;
    for (let pin = 0; pin < PINS; pin++) if ((pins & (1 << pin)) !== 0) onFunction(pin);
  }

  pinFunction(pin: number): PinFunction {
    return {
      mode: MODES[this.#mode(pin)] ?? "input",
      alternateFunction: this.#functionOf(pin),
      openDrain: this.registers.has("OTYPER", 1 << pin),
      pull: PULLS[this.#field("PUPDR", pin)] ?? "none",
      speed: this.#field("OSPEEDR", pin),
    };
  }

  /** Connects something outside to the pin, replacing what was there. */
  drive(pin: number, high: boolean, strength: DriveStrength): void {
    this.#external.set(pin, { high, strength });
    this.#settle(1 << pin);
  }

  /** Disconnects what `drive` connected. */
  release(pin: number): void {
    this.#external.delete(pin);
    this.#settle(1 << pin);
    // No level changes now, but who pulls the pin itself sees that it is open.
    this.#options.onFunction?.(pin);
  }

  /**
   * Wires a peripheral's output to the pin's alternate function `af`.
   * @param pulledUp it is a line of an I2C bus: where one is, the board has its resistor
   */
  connect(pin: number, af: number, output: AlternateOutput, pulledUp = false): void {
    this.#alternate.connect(pin, af, output, pulledUp);
    this.#refollow(1 << pin);
  }

  /** A function of the backup domain (RTC_OUT) takes the pin in whatever mode it is; undefined gives it back. */
  take(pin: number, output: AlternateOutput | undefined): void {
    this.#alternate.take(pin, output);
    this.#refollow(1 << pin);
    this.#settle(1 << pin);
  }

  /** A peripheral's output on the pin may have changed. */
  refresh(pin: number): void {
    if ((this.#following & (1 << pin)) !== 0) this.#settle(1 << pin);
  }

  /** Joins a wire to the pin: `changed` runs whenever what the pin itself has for it may have changed. */
  wire(pin: number, changed: () => void): void {
    this.#wired.set(pin, { others: undefined, changed });
  }

  /** Does a wire lead from the pin to others? */
  hasWire(pin: number): boolean {
    return this.#wired.has(pin);
  }

  /** What the pin itself has for its wires: its output, what is connected to it, a pull resistor. */
  drives(pin: number): Drive | undefined {
    return this.#own(pin, this.#output(pin));
  }

  /** What the pins at the other ends have changed. */
  setOthers(pin: number, others: Drive | undefined): void {
    const wired = this.#wired.get(pin);
    if (wired === undefined) return;
    wired.others = others;
    this.#settlePin(pin, this.#output(pin));
  }

  /** Does somebody outside look at the pin all the time? */
  observed(pin: number): boolean {
    return (this.#observed & (1 << pin)) !== 0 || this.#wired.has(pin);
  }

  /**
   * `observer` is called at once and whenever the port's own drive of the pin changes.
   * @param ports true: it looks at what programs do by the port alone, and no peripheral has to make its edges for it
   */
  observe(pin: number, observer: OutputObserver, ports = false): void {
    if (!ports) this.#observed |= 1 << pin;
    const observers = this.#observers.get(pin);
    if (observers === undefined) this.#observers.set(pin, [observer]);
    else observers.push(observer);
    observer(this.#outputs[pin]);
  }

  /** What drives the pin, in whatever mode it is; undefined: nothing does. */
  driven(pin: number): boolean | undefined {
    return this.#driven(pin, this.#output(pin));
  }

  /** The voltage on the pin as a logic level, whatever its mode. */
  level(pin: number): boolean {
    this.refresh(pin);
    return this.#level(pin);
  }

  #level(pin: number): boolean {
    const since = this.#floatingSince[pin];
    if (since !== undefined && this.#options.timeline.now - since > FLOAT_HOLD_NS) return false;
    return this.#levels[pin] ?? false;
  }

  #declare(): RegisterBlock<GpioRegister> {
    const resets = RESETS[this.#options.port] ?? { MODER: 0xffff_ffff };
    const reset = (name: string): number => resets[name] ?? 0;
    const guard = (name: GpioRegister, bits: number) => (_written: number, before: number) =>
      this.#guarded(name, before, bits);
    return new RegisterBlock<GpioRegister>(
      {
        MODER: { offset: 0x00, reset: reset("MODER"), rw: 0xffff_ffff, onWrite: guard("MODER", 2) },
        OTYPER: { offset: 0x04, reset: 0, rw: 0xffff, onWrite: guard("OTYPER", 1) },
        OSPEEDR: { offset: 0x08, reset: reset("OSPEEDR"), rw: 0xffff_ffff, onWrite: guard("OSPEEDR", 2) },
        PUPDR: { offset: 0x0c, reset: reset("PUPDR"), rw: 0xffff_ffff, onWrite: guard("PUPDR", 2) },
        IDR: { offset: 0x10, reset: 0, ro: 0xffff, onRead: () => this.#input() },
        ODR: {
          offset: 0x14,
          reset: 0,
          rw: 0xffff,
          onWrite: (_written, before) => this.#settle(this.#odr.value ^ before),
        },
        BSRR: { offset: 0x18, reset: 0, wo: 0xffff_ffff, onWrite: (written) => this.#setReset(written) },
        LCKR: {
          offset: 0x1c,
          reset: 0,
          rw: 0xffff,
          wo: LCKK,
          onRead: (stored) => (this.#lock.pins === 0 ? stored : (stored | LCKK) >>> 0),
          onWrite: (written, before) => {
            if (!this.#lock.write(written)) this.registers.set("LCKR", before);
          },
        },
        AFRL: { offset: 0x20, reset: 0, rw: 0xffff_ffff, onWrite: guard("AFRL", 4) },
        AFRH: { offset: 0x24, reset: 0, rw: 0xffff_ffff, onWrite: guard("AFRH", 4) },
      },
      { name: `GPIO${this.#options.port}`, log: this.#options.log, clocked: this.#options.clocked },
    );
  }

  /** Locked pins keep their configuration until reset (RM0433, chapter GPIO). */
  #guarded(name: GpioRegister, before: number, bits: number): void {
    let keep = 0;
    for (let pin = 0; pin < PINS; pin++) {
      const place = name === "AFRH" ? pin - 8 : pin;
      if ((this.#lock.pins & (1 << pin)) === 0 || place < 0 || place * bits >= 32) continue;
      keep |= ((1 << bits) - 1) << (place * bits);
    }
    const now = this.registers.get(name);
    if (((now ^ before) & keep) !== 0) {
      this.registers.set(name, (now & ~keep) | (before & keep));
      this.#mistake(`${name}: locked pins keep their configuration until reset (LCKR)`);
    }
    const pins = touchedPins((this.registers.get(name) ^ before) >>> 0, bits) << (name === "AFRH" ? 8 : 0);
    if (name === "MODER" || name === "AFRL" || name === "AFRH") this.#refollow(pins);
    this.#settle(pins);
    if (name === "MODER" || name === "AFRL" || name === "AFRH") this.#tellFunctions(pins);
  }

  /** Which of `pins` carry a peripheral's output now. */
  #refollow(pins: number): void {
    for (let pin = 0; pin < PINS; pin++) {
      if ((pins & (1 << pin)) === 0) continue;
      const follows = this.#mode(pin) === 2 && this.#alternateOutput(pin) !== undefined;
      this.#following = follows ? this.#following | (1 << pin) : this.#following & ~(1 << pin);
    }
  }

  #alternateOutput(pin: number): AlternateOutput | undefined {
    return this.#alternate.output(pin, this.#functionOf(pin));
  }

  #functionOf(pin: number): number {
    return (this.registers.get(pin < 8 ? "AFRL" : "AFRH") >>> ((pin & 7) * 4)) & 0xf;
  }

  /** Set wins over reset for the same pin (RM0433, GPIOx_BSRR). */
  #setReset(written: number): void {
    const odr = this.#odr.value;
    const next = ((odr & ~(written >>> 16)) | written) & 0xffff;
    this.registers.set("ODR", next);
    this.#settle(next ^ odr);
  }

  /** IDR: pins in analog mode read 0 (RM0433, chapter GPIO). */
  #input(): number {
    if (this.#following !== 0) this.#settle(this.#following);
    const moder = this.#moder.value;
    let value = 0;
    for (let pin = 0; pin < PINS; pin++) {
      if (((moder >>> (pin * 2)) & 3) === 3 && (this.#alternate.taken & (1 << pin)) === 0) continue;
      if (this.#floatingSince[pin] !== undefined) this.#noteFloat(pin);
      if (this.#level(pin)) value |= 1 << pin;
    }
    return value;
  }

  #noteFloat(pin: number): void {
    const since = this.#floatingSince[pin] ?? 0;
    if (this.#mode(pin) !== 0 || this.#options.timeline.now - since <= FLOAT_HOLD_NS) return;
    this.#floatNotes[pin] ??=
      `P${this.#options.port}${pin} floats: it is an input without pull resistor and nothing drives it; reads 0 here`;
    this.#options.log.once(this.#floatNotes[pin], this.#floatNotes[pin]);
  }

  /** Works out the level of each pin of `pins`, and tells who watches. */
  #settle(pins = ALL_PINS): void {
    for (let left = pins; left !== 0; left &= left - 1) {
      const pin = 31 - Math.clz32(left & -left);
      const output = this.#output(pin);
      if (output !== this.#outputs[pin]) {
        this.#outputs[pin] = output;
        for (const observer of this.#observers.get(pin) ?? []) observer(output);
      }
      this.#settlePin(pin, output);
      if (this.#wired.size > 0) this.#wired.get(pin)?.changed();
    }
  }

  #settlePin(pin: number, output: boolean | undefined): void {
    const before = this.#level(pin);
    const driven = this.#driven(pin, output);
    if (driven === undefined) {
      this.#floatingSince[pin] ??= this.#options.timeline.now;
      return;
    }
    const open = this.#floatingSince[pin] !== undefined;
    this.#floatingSince[pin] = undefined;
    this.#levels[pin] = driven;
    if (driven !== before) this.#options.onLevel?.(pin, driven);
    else if (open) this.#options.onDriven?.(pin);
  }

  #driven(pin: number, output: boolean | undefined): boolean | undefined {
    const own = this.#own(pin, output);
    if (this.#wired.size === 0) return own?.high;
    const others = this.#wired.get(pin)?.others;
    const drivesOf = (drive: Drive | undefined): boolean =>
      drive?.strength === "output" || drive?.strength === "strong";
    if (drivesOf(own) && drivesOf(others) && own?.high !== others?.high) {
      this.#mistake(`P${this.#options.port}${pin} drives against the other end of its wire: a short circuit`);
    }
    return strongerDrive(own, others)?.high;
  }

  #own(pin: number, output: boolean | undefined): Drive | undefined {
    const external = this.#external.get(pin);
    if (external?.strength === "strong") {
      if (output !== undefined && output !== external.high) {
        this.#mistake(`P${this.#options.port}${pin} drives against a strong external level: a short circuit`);
      }
      return external;
    }
    if (output !== undefined) return output ? DRIVEN_HIGH : DRIVEN_LOW;
    if (external !== undefined) return external;
    const mode = this.#mode(pin);
    const pull = mode === 3 ? 0 : this.#field("PUPDR", pin);
    if (pull === 1) return PULLED_UP;
    if (pull === 2) return PULLED_DOWN;
    return mode === 2 && this.#alternate.pulledUp(pin, this.#functionOf(pin)) ? PULLED_UP : undefined;
  }

  #output(pin: number): boolean | undefined {
    const mode = this.#mode(pin);
    if (mode === 0 || mode === 3) return undefined;
    const level = mode === 1 ? (this.#odr.value & (1 << pin)) !== 0 : this.#alternateOutput(pin)?.();
    // Who takes a pin brings its own output stage.
    const openDrain = (this.#otyper.value & ~this.#alternate.taken & (1 << pin)) !== 0;
    return openDrain && level === true ? undefined : level;
  }

  #mode(pin: number): number {
    if ((this.#alternate.taken & (1 << pin)) !== 0) return 2;
    return (this.#moder.value >>> (pin * 2)) & 3;
  }

  #field(name: "OSPEEDR" | "PUPDR", pin: number): number {
    return (this.registers.get(name) >>> (pin * 2)) & 3;
  }

  #mistake(message: string): void {
    this.#options.log.once(`GPIO${this.#options.port}.${message}`, `guest mistake: ${message}`);
  }
}

/** "PB2" -> port "B", pin 2. @throws RangeError for anything that is not a pin of the STM32H750. */
export function parsePin(name: string): PinName {
  const known = pinNames.get(name);
  if (known !== undefined) return known;
  const match = /^P([A-K])(\d|1[0-5])$/.exec(name);
  if (match === null) throw new RangeError(`"${name}" is not a pin: expected PA0 to PK15`);
  const parsed = { port: match[1] as PortLetter, pin: Number(match[2]) };
  pinNames.set(name, parsed);
  return parsed;
}

interface PinName {
  readonly port: PortLetter;
  readonly pin: number;
}

/** Every chip asks for the same ones, a thousand of them. */
const pinNames = new Map<string, PinName>();
