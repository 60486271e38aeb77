/** A byte between a master and the bus, its acknowledge behind it. */

export interface MasterByte {
  /** undefined: it receives. */
  readonly out: number | undefined;
  /** What it answers as a receiver. */
  readonly acknowledge: () => boolean;
  readonly done: (byte: number, acknowledged: boolean) => void;
  /** 0 to 7, and 8 for the acknowledge. */
  bit: number;
  byte: number;
  acknowledged: boolean;
}

/** What it lets SDA be in this bit: high where others speak, too. */
export function levelOf({ out, bit, acknowledge }: MasterByte): boolean {
  if (bit === 8) return out !== undefined || !acknowledge();
  return out === undefined || ((out >>> (7 - bit)) & 1) === 1;
}

/** It sends a one, which others may turn into a zero: a bit of its byte, or the answer that ends a reading. */
export function sendsOne(one: MasterByte): boolean {
  return (one.out === undefined) === (one.bit === 8) && levelOf(one);
}
