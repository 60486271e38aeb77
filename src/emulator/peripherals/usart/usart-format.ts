/** Frames on an asynchronous line: data bits, parity, order, inversion (RM0433, "USART character description", "Parity control"). */

/** How a receiver or a transmitter is set up. */
export interface FrameFormat {
  /** Bits between start and stop bit: 7, 8 or 9, the parity bit among them. */
  readonly bits: number;
  readonly parity: "none" | "even" | "odd";
  readonly stopBits: number;
  readonly mostSignificantFirst: boolean;
  readonly inverted: boolean;
}

/** What a sender at the other end does differently; by default it is set up as the receiver. */
export interface LineSettings {
  /** Bits a second. */
  readonly baud?: number | undefined;
  readonly parity?: FrameFormat["parity"];
  readonly dataBits?: 5 | 6 | 7 | 8 | 9;
}

/** A frame as it is sampled: the bits between start and stop bit, lowest first, and the level where the stop bit belongs. */
export interface SampledFrame {
  readonly word: number;
  readonly stop: boolean;
}

const M0 = 1 << 12;
const M1 = 1 << 28;
const PCE = 1 << 10;
const PS = 1 << 9;
const MSBFIRST = 1 << 19;
const DATAINV = 1 << 18;
/** CR2.STOP. */
const STOP_BITS = [1, 0.5, 2, 1.5] as const;

export function formatOf(cr1: number, cr2: number): FrameFormat {
  return {
    bits: (cr1 & M1) !== 0 ? 7 : (cr1 & M0) !== 0 ? 9 : 8,
    parity: (cr1 & PCE) === 0 ? "none" : (cr1 & PS) === 0 ? "even" : "odd",
    stopBits: STOP_BITS[(cr2 >>> 12) & 3] ?? 1,
    mostSignificantFirst: (cr2 & MSBFIRST) !== 0,
    inverted: (cr2 & DATAINV) !== 0,
  };
}

export const dataBits = ({ bits, parity }: FrameFormat): number => bits - (parity === "none" ? 0 : 1);

/** Nanoseconds of a frame with start and stop bits. */
export const frameNs = ({ bits, stopBits }: FrameFormat, baud: number): number =>
  ((1 + bits + stopBits) * 1e9) / baud;

/** Low bits of a break: a frame's worth, or LIN's thirteen. Two stop bits follow (RM0433, "Break characters", "LIN transmission"). */
export const breakBits = ({ bits }: FrameFormat, lin: boolean): number => (lin ? 13 : bits + 2);

/** The word on the line for what software wrote into TDR: the parity bit takes the place of the most significant one. */
export function encode(format: FrameFormat, value: number): number {
  const width = dataBits(format);
  const data = order(format, value & ((1 << width) - 1), width);
  return format.parity === "none" ? data : data | (parityBit(format.parity, data) << width);
}

/** What RDR shows: with parity the most significant bit is the parity bit as it came. */
export function decode(
  format: FrameFormat,
  word: number,
): { readonly value: number; readonly good: boolean } {
  const width = dataBits(format);
  const data = word & ((1 << width) - 1);
  const value = order(format, data, width) | (word & ~((1 << width) - 1) & ((1 << format.bits) - 1));
  if (format.parity === "none") return { value, good: true };
  return { value, good: word >>> width === parityBit(format.parity, data) };
}

/** What a receiver of `format` samples of a frame that was sent with `sent`, at the same rate. */
export function sample(format: FrameFormat, value: number, sent: LineSettings): SampledFrame {
  if (sent.parity === undefined && sent.dataBits === undefined) {
    return { word: encode({ ...format, mostSignificantFirst: false, inverted: false }, value), stop: true };
  }
  const parity = sent.parity ?? format.parity;
  const width = sent.dataBits ?? dataBits(format);
  const data = value & ((1 << width) - 1);
  const idle = ~0 << (width + (parity === "none" ? 0 : 1));
  const line = idle | data | (parity === "none" ? 0 : parityBit(parity, data) << width);
  return { word: line & ((1 << format.bits) - 1), stop: ((line >>> format.bits) & 1) === 1 };
}

function parityBit(parity: "even" | "odd", data: number): number {
  let ones = parity === "odd" ? 1 : 0;
  for (let rest = data; rest !== 0; rest >>>= 1) ones += rest & 1;
  return ones & 1;
}

function order({ mostSignificantFirst, inverted }: FrameFormat, data: number, width: number): number {
  const logic = inverted ? ~data & ((1 << width) - 1) : data;
  if (!mostSignificantFirst) return logic;
  let turned = 0;
  for (let bit = 0; bit < width; bit++) turned |= ((logic >>> bit) & 1) << (width - 1 - bit);
  return turned;
}
