/**
 * One GDB at one core: the remote protocol (GDB manual, appendix E), text in, text out.
 *
 * All-stop with one thread. Every breakpoint takes a hardware comparator, whatever GDB asked for: that works in
 * flash, too. Whoever owns the board's time calls `poll` whenever some of it has passed.
 */

import { RspEndpoint } from "../../rsp/endpoint.js";
import { bytesToString, hexByte, hexToBytes, parseHex, parseRange, textToHex } from "../../rsp/text.js";
import {
  errorReply,
  FAILED,
  findCommand,
  type GdbCommand,
  MALFORMED,
  OK,
  type Reply,
  UNKNOWN,
} from "./gdb-command.js";
import { dataCommands } from "./gdb-data.js";
import { type ExternalWindow, GdbFlash } from "./gdb-flash.js";
import { type MonitorAnswer, monitor } from "./gdb-monitor.js";
import { PACKET_SIZE, queries } from "./gdb-queries.js";
import { EXPEDITED, readRegister } from "./gdb-registers.js";
import { CORE_REGISTER, DebugError, type DebugFlash, type DebugTarget } from "./target.js";

export interface GdbSessionOptions {
  readonly target: DebugTarget;
  readonly flash: DebugFlash;
  readonly external: ExternalWindow;
  /** The document that GDB asks for: what is flash, what is RAM. */
  readonly memoryMap: string;
  readonly write: (bytes: string) => void;
  /** Ends the connection. Whoever does calls `ended`. */
  readonly close: () => void;
  /** May this one stop, start and change things? The others may look. */
  readonly controls: () => boolean;
  /** Something that the user should read and that GDB has no place for. */
  readonly note: (message: string) => void;
}

const SIGINT = 2;
const SIGTRAP = 5;
const WATCH_REPLY = { write: "watch", read: "rwatch", access: "awatch" } as const;
/** Instructions that are stepped at a time while GDB steps through a line. */
const STEPS_AT_ONCE = 2000;
const ONLY_LOOKS = "another debugger controls the board; this one may only look";

interface Resume {
  readonly how: "continue" | "step";
  /** Step on while the pc is from `start` to before `end`. */
  readonly range?: { readonly start: number; readonly end: number };
}

export class GdbSession {
  readonly #options: GdbSessionOptions;
  readonly #target: DebugTarget;
  readonly #flash: GdbFlash;
  readonly #endpoint: RspEndpoint;
  readonly #commands: readonly GdbCommand[];
  /** What GDB waits for the end of. */
  #resumed: Resume | undefined;
  #interrupted = false;
  /** For GDB's console, as soon as it listens: while the program runs, or to a monitor command. */
  #unsaid = "";

  constructor(options: GdbSessionOptions) {
    this.#options = options;
    const { target, flash, external, memoryMap, write, note } = options;
    this.#target = target;
    this.#flash = new GdbFlash(flash, external);
    this.#endpoint = new RspEndpoint({
      runs: false,
      // Binary data may need two bytes each.
      maxBody: PACKET_SIZE * 2,
      write,
      onPacket: (payload) => this.#packet(payload),
      onInterrupt: () => this.#interrupt(),
      onBroken: (why) => note(`a packet of GDB was not understood: ${why}`),
    });
    this.#commands = [
      ...queries(memoryMap),
      ...dataCommands(target),
      ...this.#runCommands(),
      ...this.#sessionCommands(),
      ...this.#flashCommands(),
    ];
    // GDB takes it for granted that what it attaches to stands still.
    if (options.controls()) target.halt();
  }

  receive(bytes: string): void {
    this.#endpoint.receive(bytes);
    this.poll();
  }

  /** Tells GDB when the core has stopped. To be called after board time has passed. */
  poll(): void {
    if (this.#resumed === undefined) return;
    if (!this.#options.controls()) {
      if (this.#interrupted) this.#stopped();
      return;
    }
    for (let step = 0; step < STEPS_AT_ONCE && this.#stepsOn(); step++) this.#target.step();
    if (!this.#stepsOn() && !this.#target.running) this.#stopped();
  }

  /** The connection is gone; nobody else would let the core run again. */
  ended(): void {
    this.#resumed = undefined;
    if (this.#options.controls()) this.#target.release();
  }

  #packet(payload: string): void {
    const reply = this.#answer(payload);
    if (reply !== undefined) this.#endpoint.send(reply);
    if (payload === "QStartNoAckMode") this.#endpoint.stopAcknowledging();
  }

  #answer(payload: string): Reply {
    const command = findCommand(this.#commands, payload);
    if (command === undefined) return UNKNOWN;
    if (command.changes === true && !this.#options.controls()) return errorReply(ONLY_LOOKS);
    try {
      return command.run(payload.slice(command.prefix.length));
    } catch (error) {
      if (!(error instanceof DebugError)) throw error;
      // GDB of today shows "failed" in place of the words, so they are told in two more places.
      this.#options.note(error.message);
      this.#unsaid += `${error.message}\n`;
      return errorReply(error.message);
    }
  }

  #runCommands(): readonly GdbCommand[] {
    return [
      { prefix: "?", run: () => this.#stopReply() },
      { prefix: "c", run: (address) => this.#resume({ how: "continue" }, address) },
      { prefix: "s", run: (address) => this.#resume({ how: "step" }, address) },
      // With a signal, which bare metal has nobody to deliver to: "Csig;addr".
      { prefix: "C", run: (rest) => this.#resume({ how: "continue" }, rest.split(";")[1] ?? "") },
      { prefix: "S", run: (rest) => this.#resume({ how: "step" }, rest.split(";")[1] ?? "") },
      { prefix: "vCont;", run: (rest) => this.#vCont(rest) },
      { prefix: "vCtrlC", run: () => this.#vCtrlC() },
    ];
  }

  #sessionCommands(): readonly GdbCommand[] {
    return [
      { prefix: "QStartNoAckMode", run: () => OK },
      { prefix: "!", run: () => OK },
      { prefix: "qRcmd,", run: (hex) => this.#monitor(hex) },
      { prefix: "D", run: () => this.#leave(OK) },
      { prefix: "k", run: () => this.#leave(undefined) },
      { prefix: "vKill", changes: true, run: () => this.#restart(OK) },
      { prefix: "R", changes: true, run: () => this.#restart(undefined) },
      {
        prefix: "vRun",
        changes: true,
        run: () => {
          this.#target.reset(true);
          return this.#stopReply();
        },
      },
    ];
  }

  #flashCommands(): readonly GdbCommand[] {
    const flash = this.#flash;
    const acknowledged = (act: (rest: string) => void) => (rest: string) => {
      act(rest);
      return OK;
    };
    return [
      { prefix: "vFlashErase:", changes: true, run: acknowledged((rest) => flash.erase(rest)) },
      { prefix: "vFlashWrite:", changes: true, run: acknowledged((rest) => flash.write(rest)) },
      { prefix: "vFlashDone", changes: true, run: acknowledged(() => flash.done()) },
    ];
  }

  /** @param address where to go on, hexadecimal; empty: where it stands */
  #resume(resume: Resume, address = ""): Reply {
    const at = parseHex(address);
    if (address !== "" && at === undefined) return MALFORMED;
    this.#say();
    if (this.#options.controls()) {
      if (at !== undefined) this.#target.writeRegister(CORE_REGISTER.PC, at);
      if (resume.how === "continue") this.#target.resume();
      else this.#target.step();
    }
    this.#interrupted = false;
    this.#resumed = resume;
    return undefined;
  }

  /** The first action counts: there is one thread, and GDB lists special cases first. */
  #vCont(actions: string): Reply {
    const [action = ""] = actions.split(";");
    const [what = ""] = action.split(":");
    const kind = what[0];
    if (kind === "c" || kind === "C") return this.#resume({ how: "continue" });
    if (kind === "s" || kind === "S") return this.#resume({ how: "step" });
    const range = kind === "r" ? parseRange(what.slice(1)) : undefined;
    // "rstart,end" has the shape of "addr,length".
    if (range === undefined) return MALFORMED;
    return this.#resume({ how: "step", range: { start: range.address, end: range.length } });
  }

  #vCtrlC(): Reply {
    this.#interrupt();
    return OK;
  }

  #interrupt(): void {
    if (this.#resumed === undefined) return;
    this.#interrupted = true;
    if (this.#options.controls()) this.#target.halt();
  }

  #stepsOn(): boolean {
    const range = this.#resumed?.range;
    const target = this.#target;
    if (range === undefined || this.#interrupted || target.running || target.stopReason.kind !== "step")
      return false;
    const pc = target.readRegister(CORE_REGISTER.PC);
    return pc >= range.start && pc < range.end && !target.hasBreakpoint(pc);
  }

  #stopped(): void {
    const reply = this.#stopReply();
    this.#resumed = undefined;
    this.#interrupted = false;
    this.#say();
    this.#endpoint.send(reply);
  }

  #stopReply(): string {
    const target = this.#target;
    if (!target.powered || target.running)
      return `T${hexByte(this.#interrupted ? SIGINT : SIGTRAP)}thread:1;`;
    const { stopReason } = target;
    const signal = stopReason.kind === "request" && this.#interrupted ? SIGINT : SIGTRAP;
    const watch =
      stopReason.kind === "watchpoint"
        ? `${WATCH_REPLY[stopReason.access]}:${stopReason.address.toString(16)};`
        : "";
    const registers = EXPEDITED.map((n) => `${hexByte(n)}:${readRegister(target, n)};`).join("");
    return `T${hexByte(signal)}${watch}thread:1;${registers}`;
  }

  /** What GDB had no ear for so far. */
  #say(): void {
    const text = this.#unsaid;
    this.#unsaid = "";
    if (text !== "") this.#endpoint.send(`O${textToHex(text)}`);
  }

  /** Words go to the console; GDB takes no words in the error itself here. */
  #monitor(hex: string): Reply {
    const line = hexToBytes(hex);
    if (line === undefined) return MALFORMED;
    this.#say();
    const { text, failed = false } = this.#runMonitor(bytesToString(line));
    this.#endpoint.send(`O${textToHex(text)}`);
    return failed ? FAILED : OK;
  }

  #runMonitor(line: string): MonitorAnswer {
    if (!this.#options.controls()) return { text: `${ONLY_LOOKS}\n`, failed: true };
    try {
      return monitor(this.#target, line);
    } catch (error) {
      if (!(error instanceof DebugError)) throw error;
      return { text: `${error.message}\n`, failed: true };
    }
  }

  /** Detach, and kill where there is nothing to kill: the board goes on without us. */
  #leave(reply: Reply): Reply {
    this.#resumed = undefined;
    if (reply !== undefined) this.#endpoint.send(reply);
    this.#options.close();
    return undefined;
  }

  #restart(reply: Reply): Reply {
    this.#target.reset(true);
    return reply;
  }
}
