/** CAN frames, and how they stand in FDCAN's message RAM (RM0433, "Message RAM": Tx buffer, Rx buffer and Tx event elements). */

export interface CanFrame {
  readonly extended: boolean;
  readonly remote: boolean;
  /** Error state indicator of CAN FD. */
  readonly passive: boolean;
  /** 11 or 29 bits. */
  readonly id: number;
  readonly fd: boolean;
  /** The data phase has its own bit rate. */
  readonly fast: boolean;
  readonly dlc: number;
  /** As many bytes as `dlc` tells; none in a remote frame. */
  readonly data: Uint8Array;
}

/** A Tx buffer: the frame, and what becomes of its event. */
export interface TransmitElement {
  readonly frame: CanFrame;
  readonly marker: number;
  readonly wantsEvent: boolean;
}

const FD_LENGTHS = [12, 16, 20, 24, 32, 48, 64] as const;
/** TXESC and RXESC: bytes of an element's data field. */
export const DATA_FIELDS = [8, 12, 16, 20, 24, 32, 48, 64] as const;
export const HEADER_BYTES = 8;
/** What the core sends where an element's data field ends before its DLC does. */
const PADDING = 0xcc;

const ESI = 0x8000_0000;
const XTD = 1 << 30;
const RTR = 1 << 29;
const STANDARD_SHIFT = 18;
const FDF = 1 << 21;
const BRS = 1 << 20;
const EFC = 1 << 23;
const DLC_SHIFT = 16;

export function bytesOfDlc(dlc: number, fd: boolean): number {
  return dlc <= 8 ? dlc : fd ? (FD_LENGTHS[dlc - 9] ?? 64) : 8;
}

/** @param fieldBytes of the data field; `fd` and `fast` are what CCCR allows */
export function readTransmitElement(
  ram: DataView,
  at: number,
  { fieldBytes, fd, fast }: { readonly fieldBytes: number; readonly fd: boolean; readonly fast: boolean },
): TransmitElement {
  const [first, second] = [ram.getUint32(at, true), ram.getUint32(at + 4, true)];
  const extended = (first & XTD) !== 0;
  const isFd = fd && (second & FDF) !== 0;
  const remote = (first & RTR) !== 0 && !isFd;
  const dlc = (second >>> DLC_SHIFT) & 15;
  const data = new Uint8Array(remote ? 0 : bytesOfDlc(dlc, isFd)).fill(PADDING);
  const stored = Math.min(data.length, fieldBytes);
  data.set(new Uint8Array(ram.buffer, ram.byteOffset + at + HEADER_BYTES, stored));
  const id = extended ? first & 0x1fff_ffff : (first >>> STANDARD_SHIFT) & 0x7ff;
  const passive = isFd && (first & ESI) !== 0;
  const frame = {
    extended,
    remote,
    passive,
    id,
    fd: isFd,
    fast: isFd && fast && (second & BRS) !== 0,
    dlc,
    data,
  };
  return { frame, marker: second >>> 24, wantsEvent: (second & EFC) !== 0 };
}

function head({ extended, remote, passive, id }: CanFrame): number {
  const bits = extended ? XTD | id : id << STANDARD_SHIFT;
  return (bits | (remote ? RTR : 0) | (passive ? ESI : 0)) >>> 0;
}

function format({ fd, fast, dlc }: CanFrame): number {
  return (fd ? FDF : 0) | (fast ? BRS : 0) | (dlc << DLC_SHIFT);
}

/** @param filter its index, undefined when no filter matched */
export function writeReceiveElement(
  ram: DataView,
  at: number,
  frame: CanFrame,
  { fieldBytes, filter, stamp }: { fieldBytes: number; filter: number | undefined; stamp: number },
): void {
  const match = filter === undefined ? 0x8000_0000 : filter << 24;
  ram.setUint32(at, head(frame), true);
  ram.setUint32(at + 4, (match | format(frame) | stamp) >>> 0, true);
  const stored = frame.data.subarray(0, fieldBytes);
  new Uint8Array(ram.buffer, ram.byteOffset + at + HEADER_BYTES, stored.length).set(stored);
}

/** @param type 1: sent; 2: sent in spite of a cancellation */
export function writeEventElement(
  ram: DataView,
  at: number,
  { frame, marker }: TransmitElement,
  { type, stamp }: { type: 1 | 2; stamp: number },
): void {
  ram.setUint32(at, head(frame), true);
  ram.setUint32(at + 4, ((marker << 24) | (type << 22) | format(frame) | stamp) >>> 0, true);
}

/** Bits of a frame without stuff bits, from its start to the end of the intermission, by bit rate. */
export function frameBits({ extended, fd, fast, data }: CanFrame): {
  readonly nominal: number;
  readonly data: number;
} {
  const arbitration = extended ? 32 : 12;
  // CRC with its delimiter, acknowledge, end of frame, intermission; CAN FD has a longer CRC and its stuff count.
  const [control, crc, tail] = fd ? [9, data.length > 16 ? 26 : 22, 13] : [6, 15, 13];
  const body = data.length * 8 + crc;
  return fast
    ? { nominal: arbitration + 3 + tail, data: control - 3 + body }
    : { nominal: arbitration + control + body + tail, data: 0 };
}

/** Periods of the kernel clock in a bit, as NBTP or DBTP tells it: the synchronisation segment and two more, prescaled. */
export function quantaOfBit(value: number, phase: "nominal" | "data"): number {
  const [divider, first, second] =
    phase === "nominal"
      ? [(value >>> 16) & 0x1ff, (value >>> 8) & 0xff, value & 0x7f]
      : [(value >>> 16) & 0x1f, (value >>> 8) & 0x1f, (value >>> 4) & 0xf];
  return (divider + 1) * (first + second + 3);
}
