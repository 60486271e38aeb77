/** For tests: the chip with wires between its pins, all clocks on, and a way to set its pins up. */

import { type Gpio, parsePin } from "../peripherals/gpio.js";
import { pass } from "../peripherals/test-kit.js";
import { plugWires, type WireEnd } from "./jumper-wires.js";
import { testChip } from "./test-chip.js";

const ENABLES = [0x5802_44e0, 0x5802_44e8, 0x5802_44ec, 0x5802_44f0, 0x5802_44f4];

export const OPEN_DRAIN = { openDrain: true, pullUp: true } as const;

export function wiredChip(...wires: (readonly [string, string])[]) {
  const made = testChip();
  const { chip, timeline, write } = made;
  for (const enable of ENABLES) write(enable, 0xffff_ffff);
  const at = (name: string): WireEnd => {
    const { port, pin } = parsePin(name);
    return { gpio: chip.gpio[port], pin };
  };
  plugWires(wires.map(([one, other]) => [at(one), at(other)]));
  const mux = (name: string, af: number, { openDrain = false, pullUp = false } = {}): void => {
    const { gpio, pin } = at(name);
    setField(gpio, "OTYPER", [1, pin], openDrain ? 1 : 0);
    setField(gpio, "PUPDR", [2, pin], pullUp ? 1 : 0);
    setField(gpio, pin < 8 ? "AFRL" : "AFRH", [4, pin & 7], af);
    setField(gpio, "MODER", [2, pin], 2);
  };
  const drive = (name: string, high: boolean): void => {
    const { gpio, pin } = at(name);
    gpio.drive(pin, high, "strong");
  };
  const level = (name: string): boolean => {
    const { gpio, pin } = at(name);
    return gpio.level(pin);
  };
  return { ...made, at, mux, drive, level, wait: (ns: number): void => pass(timeline, ns) };
}

/** @param place bits of each pin's field, and which of them */
function setField(
  gpio: Gpio,
  name: "MODER" | "OTYPER" | "PUPDR" | "AFRL" | "AFRH",
  [bits, place]: readonly [number, number],
  value: number,
): void {
  const { offset } = gpio.registers.spec(name);
  const mask = ((1 << bits) - 1) << (place * bits);
  gpio.write(offset, 4, ((gpio.read(offset, 4) & ~mask) | (value << (place * bits))) >>> 0);
}
