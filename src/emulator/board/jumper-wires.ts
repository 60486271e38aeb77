/** Wires that a user plugs between pins of a board, to each other's or to another board's: what joins several pins is one net. */

import type { Gpio } from "../peripherals/gpio.js";
import { type Drive, strongerDrive } from "../peripherals/gpio-drive.js";

export interface WireEnd {
  readonly gpio: Gpio;
  readonly pin: number;
}

/** @param wires each with two ends; ends that are the same pin join their wires. */
export function plugWires(wires: readonly (readonly [WireEnd, WireEnd])[]): void {
  const nets: WireEnd[][] = [];
  for (const ends of wires) {
    const joined = ends.map((end) => nets.find((net) => net.some((one) => same(one, end))) ?? [end]);
    const net = [...new Set(joined.flat())];
    for (const old of joined) if (nets.includes(old)) nets.splice(nets.indexOf(old), 1);
    nets.push(net);
  }
  for (const net of nets) connect(net);
}

const same = (one: WireEnd, other: WireEnd): boolean => one.gpio === other.gpio && one.pin === other.pin;

/** Each end has what is the strongest of all the others. */
function connect(net: readonly WireEnd[]): void {
  const drives: (Drive | undefined)[] = net.map(() => undefined);
  net.forEach(({ gpio, pin }, index) => {
    gpio.wire(pin, () => {
      const drive = gpio.drives(pin);
      const known = drives[index];
      if (drive?.high === known?.high && drive?.strength === known?.strength) return;
      drives[index] = drive;
      net.forEach((end, other) => {
        if (other === index) return;
        const others = drives.filter((_drive, at) => at !== other);
        end.gpio.setOthers(end.pin, others.reduce(strongerDrive, undefined));
      });
    });
  });
}
