/** What we ourselves do through the probe's server, between GDB's own packets. */

import type { Timers } from "../protocol/transport.js";
import { bytesToHex, bytesToString, bytesToValue, hexToBytes, textToHex, valueToHex } from "../rsp/text.js";
import { resetByRegisters } from "./core-reset.js";
import { ProbeError } from "./errors.js";
import { hex } from "./flash-buffer.js";
import { INTERNAL_FLASH, touches } from "./layout.js";
import type { ServerKind } from "./server-kinds.js";
import type { Upstream } from "./upstream.js";

/** Number of the program counter in the m-profile feature; r0 to r12 stand before it. */
export const PROGRAM_COUNTER = 0xf;
const CORE_REGISTERS = 16;
/** Milliseconds that a core which was told to stop may take to say so. */
const HALT_TIME = 3000;

/** As pyOCD's answers to monitor commands begin that failed. */
const MONITOR_ERROR = /^(Error|Transfer failed|Unexpected)/;
/** Second word of the vector table that the chip boots from. */
const RESET_VECTOR = 0x0800_0004;

/** Of a packet: "$Xaaaaaaaa,llll:" and "#ss". */
const PACKET_EXTRA = 24;

const hexNumber = (value: number): string => value.toString(16);

/** A program that runs. */
export interface Running {
  /** Its stop reply. */
  readonly stop: Promise<string>;
  readonly stopped: boolean;
}

export class Probe {
  readonly upstream: Upstream;
  /** What it calls things. */
  kind: ServerKind;
  readonly #timers: Timers;
  /** What upstream says to commands of ours is no business of GDB's console, unless they fail. */
  #heard: string[] | undefined;
  /** X is understood. */
  #binary = true;

  constructor(upstream: Upstream, kind: ServerKind, timers: Timers) {
    this.upstream = upstream;
    this.kind = kind;
    this.#timers = timers;
  }

  /** @returns true when a command of ours has this text */
  takes(consoleHex: string): boolean {
    this.#heard?.push(bytesToString(hexToBytes(consoleHex) ?? new Uint8Array(0)));
    return this.#heard !== undefined;
  }

  /** @throws ProbeError */
  async readWord(address: number): Promise<number> {
    const bytes = hexToBytes(await this.upstream.ask(`m${address.toString(16)},4`));
    if (bytes?.length !== 4) throw new ProbeError(`the probe cannot read ${hex(address)}`);
    return bytesToValue(bytes);
  }

  /** @throws ProbeError */
  async writeWord(address: number, value: number): Promise<void> {
    await this.#ok(
      `M${address.toString(16)},4:${valueToHex(value, 4)}`,
      `the probe cannot write ${hex(address)}`,
    );
  }

  /** @throws ProbeError */
  async readMemory(address: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    // An answer has two digits a byte.
    const most = (this.upstream.packetSize - PACKET_EXTRA) >> 1;
    for (let at = 0; at < length; ) {
      const count = Math.min(most, length - at);
      const part = hexToBytes(await this.upstream.ask(`m${hexNumber(address + at)},${hexNumber(count)}`));
      if (part === undefined || part.length === 0 || part.length > count) {
        throw new ProbeError(`the probe cannot read ${hex(address + at)}`);
      }
      bytes.set(part, at);
      // st-util gives less than it was asked for.
      at += part.length;
    }
    return bytes;
  }

  /** @throws ProbeError */
  async writeMemory(address: number, bytes: Uint8Array): Promise<void> {
    // Each byte of X may need two.
    const most = (this.upstream.packetSize - PACKET_EXTRA) >> 1;
    for (let at = 0; at < bytes.length; at += most) {
      const part = bytes.subarray(at, at + most);
      const where = `${hexNumber(address + at)},${hexNumber(part.length)}:`;
      const binary = this.#binary ? await this.upstream.ask(`X${where}${bytesToString(part)}`) : "";
      if (binary === "OK") continue;
      // Not every server takes binary data.
      this.#binary = false;
      await this.#ok(`M${where}${bytesToHex(part)}`, `the probe cannot write ${hex(address + at)}`);
    }
  }

  async setBits(address: number, bits: number): Promise<void> {
    await this.writeWord(address, ((await this.readWord(address)) | bits) >>> 0);
  }

  /** A hardware breakpoint. @throws ProbeError */
  insertBreakpoint(address: number): Promise<void> {
    return this.#ok(`Z1,${address.toString(16)},2`, `no hardware breakpoint is free for ${hex(address)}`);
  }

  removeBreakpoint(address: number): Promise<void> {
    return this.#ok(`z1,${address.toString(16)},2`, `the breakpoint at ${hex(address)} cannot be removed`);
  }

  /** Resets the chip and leaves the core before its first instruction. @throws ProbeError */
  async reset(): Promise<void> {
    const said: string[] = [];
    let accepted = false;
    for (const line of this.kind.resets) {
      const done = await this.#monitor(line, said);
      if (!done) continue;
      accepted = true;
      if (this.kind.halt !== undefined) await this.#monitor(this.kind.halt, []);
      if (await this.#isAtReset()) return;
    }
    if (await resetByRegisters(this)) return;
    const tried = `"monitor ${this.kind.resets.join('", "monitor ')}"`;
    if (accepted) {
      throw new ProbeError(`${tried}: the core was to stand before its first instruction, and does not`);
    }
    const why = said.join("").trim();
    throw new ProbeError(`${tried} failed${why === "" ? "" : `: ${why}`}`);
  }

  /** True as well where it cannot be told: no vector table in internal flash. */
  async #isAtReset(): Promise<boolean> {
    const vector = await this.readWord(RESET_VECTOR).catch(() => 0);
    if (vector % 2 === 0 || !touches(INTERNAL_FLASH, vector, 1)) return true;
    return (await this.programCounter()) === vector - 1;
  }

  /** @param said gets what the server says. @returns false when it says that it failed */
  async #monitor(line: string, said: string[]): Promise<boolean> {
    this.#heard = said;
    try {
      const answer = await this.upstream.ask(`qRcmd,${textToHex(line)}`);
      const text = bytesToString(hexToBytes(answer) ?? new Uint8Array(0));
      said.push(text);
      // pyOCD answers with text, its errors, too.
      return answer === "OK" || (text !== "" && !MONITOR_ERROR.test(text));
    } finally {
      this.#heard = undefined;
    }
  }

  /** Lets the board go on without a debugger. */
  async release(): Promise<void> {
    const { resume } = this.kind;
    // What runs already is refused, and that is as well.
    if (resume !== undefined) await this.#monitor(resume, []);
  }

  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#timers.after(milliseconds, resolve));
  }

  run(): Running {
    this.#heard = [];
    const stop = this.upstream.ask("c").finally(() => {
      this.#heard = undefined;
      running.stopped = true;
    });
    // Whoever waits for it hears of a failure; before that it must not end the process.
    stop.catch(() => {});
    const running = { stop, stopped: false };
    return running;
  }

  /** @returns false when it still ran after that many milliseconds, and was halted then. @throws ProbeError */
  async stopsWithin(running: Running, milliseconds: number): Promise<boolean> {
    if (await this.#within(running, milliseconds)) return true;
    await this.halt(running);
    return false;
  }

  /** @throws ProbeError */
  async halt(running: Running): Promise<void> {
    if (!running.stopped) this.upstream.interrupt();
    if (!(await this.#within(running, HALT_TIME))) {
      throw new ProbeError(`the probe could not stop the core within ${HALT_TIME / 1000} s`);
    }
  }

  /** Where the core stands. @throws ProbeError */
  async programCounter(): Promise<number> {
    const bytes = hexToBytes(await this.upstream.ask(`p${PROGRAM_COUNTER.toString(16)}`));
    if (bytes?.length === 4) return bytesToValue(bytes);
    return (await this.registers())[PROGRAM_COUNTER] ?? 0;
  }

  /** r0 to r15. @throws ProbeError */
  async registers(): Promise<readonly number[]> {
    const bytes = hexToBytes((await this.upstream.ask("g")).slice(0, CORE_REGISTERS * 8));
    if (bytes?.length !== CORE_REGISTERS * 4)
      throw new ProbeError("the probe cannot read the core's registers");
    return Array.from({ length: CORE_REGISTERS }, (_, n) => bytesToValue(bytes.subarray(4 * n, 4 * n + 4)));
  }

  /** @throws ProbeError */
  writeRegister(number: number, value: number): Promise<void> {
    return this.#ok(
      `P${number.toString(16)}=${valueToHex(value, 4)}`,
      `the probe cannot write register r${number}`,
    );
  }

  #within({ stop }: Running, milliseconds: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(milliseconds, () => resolve(false));
      stop.finally(cancel).then(() => resolve(true), reject);
    });
  }

  async #ok(packet: string, otherwise: string): Promise<void> {
    const answer = await this.upstream.ask(packet);
    if (answer !== "OK") throw new ProbeError(`${otherwise}${answer === "" ? "" : ` (${answer})`}`);
  }
}
