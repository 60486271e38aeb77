/**
 * ST's "stlink-server" on a byte stream: the program that shares one probe among several. OpenOCD speaks to it with
 * `st-link backend tcp`. Facts from OpenOCD's src/jtag/drivers/stlink_usb.c; integers are little-endian.
 */

import type { StLink } from "./stlink.js";

/** First byte of a command -> its length in bytes, without the data of a probe command. */
const LENGTHS: Readonly<Record<number, number>> = { 0: 2, 1: 1, 2: 8, 3: 8, 4: 8, 5: 32, 6: 4 };
const COMMAND = { REFRESH: 0, COUNT: 1, INFO: 2, OPEN: 3, CLOSE: 4, PROBE: 5, VERSION: 6 } as const;
const STATUS = { OK: 1, BAD_PARAMETER: 0x1002, NOT_AVAILABLE: 0x1053 } as const;
/** From 3 on a client may use queues of mixed reads and writes. */
const VERSION = { api: 3, major: 2, minor: 1, build: 1 } as const;
const DEVICE_ID = 1;
const SERIAL_BYTES = 32;
const DIRECTION_WRITE = 0;
/** Longest data of a probe command. */
const MAX_DATA = 10240;

export class StLinkServer {
  readonly #probe: StLink;
  readonly #serial: string;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #close: (why: string) => void;
  #pending = new Uint8Array(0);

  /**
   * One client's connection.
   * @param serial up to 32 characters
   * @param close ends it: what the client sent makes no sense
   */
  constructor(
    probe: StLink,
    serial: string,
    write: (bytes: Uint8Array) => void,
    close: (why: string) => void,
  ) {
    this.#probe = probe;
    this.#serial = serial;
    this.#write = write;
    this.#close = close;
  }

  receive(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#pending.length + bytes.length);
    all.set(this.#pending);
    all.set(bytes, this.#pending.length);
    let at = 0;
    for (;;) {
      const rest = all.subarray(at);
      const length = this.#lengthOf(rest);
      if (length === undefined || length > rest.length) break;
      this.#command(rest.subarray(0, length));
      at += length;
    }
    this.#pending = all.slice(at);
  }

  /** Bytes of the command that begins here; undefined while that cannot be told. */
  #lengthOf(bytes: Uint8Array): number | undefined {
    const [code] = bytes;
    if (code === undefined) return undefined;
    const fixed = LENGTHS[code];
    if (fixed === undefined) {
      this.#close(`stlink-server command ${code} is not known`);
      return undefined;
    }
    if (code !== COMMAND.PROBE || bytes.length < fixed || bytes[24] !== DIRECTION_WRITE) return fixed;
    const size = viewOf(bytes).getUint32(28, true);
    if (size <= MAX_DATA) return fixed + size;
    this.#close(`a probe command with ${size} bytes of data`);
    return undefined;
  }

  #command(bytes: Uint8Array): void {
    switch (bytes[0]) {
      case COMMAND.COUNT:
        this.#write(words(1));
        break;
      case COMMAND.INFO:
        this.#write(this.#info(bytes[1] ?? 0));
        break;
      case COMMAND.OPEN:
        this.#write(words(STATUS.OK, DEVICE_ID));
        break;
      case COMMAND.PROBE:
        this.#write(this.#probeCommand(bytes));
        break;
      case COMMAND.VERSION:
        this.#write(words(VERSION.api, VERSION.major, VERSION.minor, VERSION.build));
        break;
      default:
        this.#write(words(STATUS.OK));
    }
  }

  /** Status, id, serial number as text, USB ids, "in use by somebody alone". */
  #info(index: number): Uint8Array {
    const answer = new Uint8Array(45);
    const view = viewOf(answer);
    if (index !== 0) {
      view.setUint32(0, STATUS.BAD_PARAMETER, true);
      return answer;
    }
    view.setUint32(0, STATUS.OK, true);
    view.setUint32(4, DEVICE_ID, true);
    for (let n = 0; n < Math.min(SERIAL_BYTES, this.#serial.length); n++)
      answer[8 + n] = this.#serial.charCodeAt(n);
    view.setUint16(40, this.#probe.vendorId, true);
    view.setUint16(42, this.#probe.productId, true);
    return answer;
  }

  /** 16 bytes of command at 8, direction at 24, size at 28, and the data of a write behind that. */
  #probeCommand(bytes: Uint8Array): Uint8Array {
    const command = bytes.subarray(8, 24);
    const size = Math.min(viewOf(bytes).getUint32(28, true), MAX_DATA);
    if (bytes[24] === DIRECTION_WRITE) {
      return words(this.#probe.write(command, bytes.subarray(32)) ? STATUS.OK : STATUS.NOT_AVAILABLE);
    }
    const data = this.#probe.read(command, size);
    if (data === undefined) return words(STATUS.NOT_AVAILABLE);
    const answer = new Uint8Array(4 + size);
    viewOf(answer).setUint32(0, STATUS.OK, true);
    answer.set(data.subarray(0, size), 4);
    return answer;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}
