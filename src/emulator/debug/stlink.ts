/**
 * An ST-LINK V3 as its USB commands show it, in SWD mode, on a debug port. Facts from OpenOCD's
 * src/jtag/drivers/stlink_usb.c; integers are little-endian unless said otherwise.
 */

import type { AccessSize, EmulatorLog } from "../bus.js";
import { type Dap, DapFault, DPIDR } from "./dap.js";

/** Pins of the probe that are not the debug port. */
export interface StLinkPins {
  /** @param low the reset line is pulled low */
  nrst(low: boolean): void;
}

const STATUS = { OK: 0x80, AP_FAULT: 0x11, UNKNOWN_COMMAND: 0x42 } as const;
const MODE = { MASS: 1, DEBUG: 2 } as const;
const PORT_DP = 0xffff;
/** Commands in a queue of mixed reads and writes. */
const QUEUE = { ADDRESS: 1, WRITE: 2, READ: 3, PORT: 5 } as const;
/** kHz. */
const FREQUENCIES = [24000, 8000, 3300, 1000, 200, 50, 5];
/** Two numbers of the converter; the voltage is 2 × 1.2 V × second / first: 3.3 V. */
const VOLTAGE = [1500, 2063] as const;
const NRST_PULSE = 2;

type Answer = (command: Uint8Array, size: number) => Uint8Array;

interface MemoryCommand {
  readonly size: AccessSize;
  readonly increment: boolean;
}

const READS: Readonly<Record<number, MemoryCommand>> = {
  7: { size: 4, increment: true },
  12: { size: 1, increment: true },
  71: { size: 2, increment: true },
  84: { size: 4, increment: false },
};
const WRITES: Readonly<Record<number, MemoryCommand>> = {
  8: { size: 4, increment: true },
  13: { size: 1, increment: true },
  72: { size: 2, increment: true },
  80: { size: 4, increment: false },
};
const QUEUE_OUT = 0x51;
const SHARED = 0xf2;

export class StLink {
  readonly vendorId = 0x0483;
  /** STLINK-V3E. */
  readonly productId = 0x374e;
  readonly #dap: Dap;
  readonly #pins: StLinkPins;
  readonly #log: EmulatorLog;
  /** First byte of a command -> answer. */
  readonly #commands: Readonly<Record<number, Answer>>;
  /** Second byte, behind 0xF2 -> answer. */
  readonly #debug: Readonly<Record<number, Answer>>;
  #debugging = false;
  #kHz = FREQUENCIES[0] ?? 0;
  #status: number = STATUS.OK;
  #faultAddress = 0;
  #queueAnswer = new Uint8Array(0);

  constructor(dap: Dap, pins: StLinkPins, log: EmulatorLog) {
    this.#dap = dap;
    this.#pins = pins;
    this.#log = log;
    this.#commands = {
      // Big-endian version 3.0.0: "ask with 0xFB".
      241: () => Uint8Array.of(0x30, 0x00, ...half(this.vendorId), ...half(this.productId)),
      245: () => Uint8Array.of(this.#debugging ? MODE.DEBUG : MODE.MASS, 0),
      247: () => bytesOf(VOLTAGE),
      // V3J7M2.
      251: () => Uint8Array.of(3, 0, 7, 2, 0, 0, 0, 0, ...half(this.vendorId), ...half(this.productId)),
    };
    this.#debug = {
      33: () => this.#enter(false),
      48: () => this.#enter(true),
      49: () => answer(STATUS.OK, DPIDR, 0),
      60: (command) => this.#reset(command[2] ?? 0),
      62: () => answer(this.#status, this.#faultAddress, 0),
      69: (command) => this.#readRegister(command),
      70: (command) => this.#writeRegister(command),
      75: () => answer(STATUS.OK),
      76: () => answer(STATUS.OK),
      82: () => this.#queueAnswer,
      97: (command) => this.#setFrequency(command),
      98: () => this.#frequencies(),
    };
  }

  /** A command with an answer of at most `size` bytes; undefined when it is not known. */
  read(command: Uint8Array, size: number): Uint8Array | undefined {
    const [first = 0, second = 0] = command;
    const memory = first === SHARED ? READS[second] : undefined;
    if (memory !== undefined) return this.#readMemory(command, memory);
    const run = first === SHARED ? this.#debug[second] : this.#commands[first];
    if (run === undefined) this.#unknown(command);
    return run?.(command, size);
  }

  /** A command that brings data; false when it is not known. */
  write(command: Uint8Array, data: Uint8Array): boolean {
    const [first = 0, second = 0] = command;
    const memory = first === SHARED ? WRITES[second] : undefined;
    if (memory !== undefined) this.#writeMemory(command, data, memory);
    else if (first === SHARED && second === QUEUE_OUT) this.#queue(data, viewOf(command).getUint32(2, true));
    else {
      this.#unknown(command);
      return false;
    }
    return true;
  }

  #unknown(command: Uint8Array): void {
    const [first = 0, second = 0] = command;
    const name = first === SHARED ? `F2 ${second.toString(16)}` : first.toString(16);
    this.#log.once(`stlink.${name}`, `ST-LINK: command ${name.toUpperCase()} is not known`);
  }

  #enter(debugging: boolean): Uint8Array {
    this.#debugging = debugging;
    return answer(STATUS.OK);
  }

  #reset(how: number): Uint8Array {
    if (how === NRST_PULSE) this.#pins.nrst(true);
    this.#pins.nrst(how === 0);
    return answer(STATUS.OK);
  }

  /** Port, register; the answer holds the value behind the status. */
  #readRegister(command: Uint8Array): Uint8Array {
    const view = viewOf(command);
    const port = view.getUint16(2, true);
    const register = view.getUint16(4, true);
    let value = 0;
    const status = faultStatus(() => {
      value = port === PORT_DP ? this.#dap.readDp(register) : this.#dap.readAp(port, register);
    });
    return answer(status, value);
  }

  #writeRegister(command: Uint8Array): Uint8Array {
    const view = viewOf(command);
    const port = view.getUint16(2, true);
    const register = view.getUint16(4, true);
    const value = view.getUint32(6, true);
    const status = faultStatus(() => {
      if (port === PORT_DP) this.#dap.writeDp(register, value);
      else this.#dap.writeAp(port, register, value);
    });
    return answer(status);
  }

  #readMemory(command: Uint8Array, { size, increment }: MemoryCommand): Uint8Array {
    const { address, length, port } = memoryArguments(command);
    const data = new Uint8Array(length);
    this.#transfer(
      length,
      size,
      (at) => {
        const value = this.#dap.readMemory(port, increment ? address + at : address, size);
        for (let n = 0; n < size; n++) data[at + n] = (value >>> (8 * n)) & 0xff;
      },
      address,
    );
    return data;
  }

  #writeMemory(command: Uint8Array, data: Uint8Array, { size, increment }: MemoryCommand): void {
    const { address, length, port } = memoryArguments(command);
    this.#transfer(
      Math.min(length, data.length),
      size,
      (at) => {
        let value = 0;
        for (let n = size - 1; n >= 0; n--) value = value * 256 + (data[at + n] ?? 0);
        this.#dap.writeMemory(port, increment ? address + at : address, size, value);
      },
      address,
    );
  }

  /** The status is asked for afterwards. */
  #transfer(length: number, size: AccessSize, access: (at: number) => void, address: number): void {
    let at = 0;
    this.#status = faultStatus(() => {
      for (; at < length; at += size) access(at);
    });
    this.#faultAddress = this.#status === STATUS.OK ? 0 : address + at;
  }

  /** Command bytes, padded to a word, then a word for each; answered by a value and then a status for each. */
  #queue(data: Uint8Array, items: number): void {
    const view = viewOf(data);
    const first = Math.ceil(items / 4) * 4;
    if (data.length < first + 4 * items) {
      this.#queueAnswer = new Uint8Array(0);
      return;
    }
    const result = new Uint32Array(2 * items).fill(0);
    let port = 0;
    let address = 0;
    for (let item = 0; item < items; item++) {
      const value = view.getUint32(first + 4 * item, true);
      result[items + item] = faultStatus(() => {
        if (data[item] === QUEUE.PORT) port = value;
        else if (data[item] === QUEUE.ADDRESS) address = value;
        else if (data[item] === QUEUE.WRITE) this.#dap.writeMemory(port, address, 4, value);
        else if (data[item] === QUEUE.READ) result[item] = this.#dap.readMemory(port, value, 4);
      });
    }
    this.#queueAnswer = new Uint8Array(result.buffer);
  }

  /** The next one that is not faster than what was asked for. */
  #setFrequency(command: Uint8Array): Uint8Array {
    const wanted = viewOf(command).getUint32(4, true);
    this.#kHz = FREQUENCIES.find((kHz) => kHz <= wanted) ?? FREQUENCIES.at(-1) ?? 0;
    return answer(STATUS.OK, this.#kHz);
  }

  #frequencies(): Uint8Array {
    const result = answer(STATUS.OK, this.#kHz, FREQUENCIES.length, ...FREQUENCIES);
    const padded = new Uint8Array(52);
    padded.set(result);
    return padded;
  }
}

function faultStatus(access: () => void): number {
  try {
    access();
    return STATUS.OK;
  } catch (error) {
    if (error instanceof DapFault) return STATUS.AP_FAULT;
    throw error;
  }
}

function memoryArguments(command: Uint8Array) {
  const view = viewOf(command);
  return { address: view.getUint32(2, true), length: view.getUint16(6, true), port: command[8] ?? 0 };
}

/** A status byte in a word of its own, then words. */
function answer(status: number, ...values: readonly number[]): Uint8Array {
  return bytesOf([status, ...values]);
}

function bytesOf(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function half(value: number): readonly number[] {
  return [value & 0xff, value >>> 8];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
