/** What a user of the board sees and touches: LED, button, console, text of a trace port. */

import type { AccessSize } from "../bus.js";
import { alternateFunction, type Signal } from "../peripherals/alternate-functions.js";
import type { EmulatedBoardOptions } from "./board-options.js";
import type { Chip } from "./chip.js";
import type { PinAt } from "./flash-socket.js";
import { TextLines } from "./text-lines.js";

export class BoardFront {
  readonly #options: EmulatedBoardOptions;
  readonly #chip: () => Chip;
  readonly #pinAt: (name: string) => PinAt;
  readonly #console = new TextLines((line) => this.#options.onConsole?.(line));
  readonly #swo = new TextLines((line) => this.#options.onSwo?.(line));

  constructor(options: EmulatedBoardOptions, chip: () => Chip, pinAt: (name: string) => PinAt) {
    this.#options = options;
    this.#chip = chip;
    this.#pinAt = pinAt;
  }

  /** Once the chip with its pins is there. */
  connect(): void {
    this.#chip().cpu.scs.itm.onStimulus = (port, size, value) => this.#stimulus(port, size, value);
    this.#wireLed();
    this.setButton(false);
  }

  powerOff(): void {
    this.#console.clear();
    this.#swo.clear();
  }

  setButton(pressed: boolean): void {
    const { button } = this.#options.board;
    if (button === undefined) return;
    const { gpio, pin } = this.#pinAt(button.pin);
    gpio.drive(pin, pressed === button.activeHigh, pressed ? "strong" : "weak");
  }

  /** Types on the terminal at the board's console, at the rate that the board listens to. Without the pin set up, nothing arrives. */
  type(text: string): void {
    const { console: wiring } = this.#options.board;
    if (wiring === undefined || !this.#muxed(`${wiring.usart}_RX` as Signal, wiring.rx.pin)) return;
    const port = this.#chip().serial.get(wiring.usart);
    for (const character of text) port?.receive(character.charCodeAt(0) & 0xff);
  }

  /** A byte left a serial port, whatever its pin is muxed to. */
  serialByte(port: string, byte: number): void {
    const { console: wiring } = this.#options.board;
    if (wiring === undefined || port !== wiring.usart) return;
    if (this.#muxed(`${wiring.usart}_TX` as Signal, wiring.tx.pin)) this.#console.add(byte);
  }

  #muxed(signal: Signal, name: string): boolean {
    const af = alternateFunction(signal, name);
    const { port, pin } = this.#pinAt(name);
    return af !== undefined && this.#chip().hasAlternateFunction(port, pin, af);
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

  /** What a program sends by port 0 is text (CMSIS, `ITM_SendChar`), mostly byte by byte. */
  #stimulus(port: number, size: AccessSize, value: number): void {
    if (port !== 0) return;
    for (let n = 0; n < size; n++) this.#swo.add((value >>> (n * 8)) & 0xff);
  }
}
