/**
 * The server in the middle: one GDB on one side, the probe's GDB server on the other. Most packets pass; what concerns the
 * external flash, resets and breakpoints there is done here.
 */

import { imageSize } from "../image/segments.js";
import { RspEndpoint } from "../rsp/endpoint.js";
import { bytesToString, hexToBytes, parseRange, textToHex, xferChunk } from "../rsp/text.js";
import { NotStartedError, UpstreamLostError } from "./errors.js";
import { ExternalWindow } from "./external-window.js";
import { mergedFeatures, negotiate, PACKET_SIZE } from "./features.js";
import { FlashBuffer, hex } from "./flash-buffer.js";
import { HardwareBreakpoints } from "./hardware-breakpoints.js";
import { DEFAULT_LAYOUT, hasFirstStage, INTERNAL_FLASH, type Layout, memoryMap, touches } from "./layout.js";
import { Probe } from "./probe.js";
import { readProbeTable } from "./probe-table.js";
import { RamWrites } from "./ram-writes.js";
import { kindOfFeatures } from "./server-kinds.js";
import type { GdbSessionOptions } from "./session-options.js";
import { Starter } from "./starter.js";
import type { Upstream } from "./upstream.js";
import { startedText } from "./words.js";

/** undefined: no answer, now or ever. */
type Reply = string | undefined;

interface Route {
  readonly pattern: RegExp;
  readonly run: (packet: string, rest: string) => Reply | Promise<Reply>;
}

const OK = "OK";
/** Milliseconds that what is under way may take to end when GDB has gone. */
const LEAVING_TIME = 5000;
const MONITOR = "qRcmd,";
/** Of gdb/hooks.py: the file that GDB debugs. GDB itself never sends it. */
const PROGRAM = /^QImflasher\.Program:/;
const NEGOTIATES = /^(qSupported|QStartNoAckMode)/;
/** The program runs until there is an answer. */
const RESUMES = /^(vCont;|[cCsS]([0-9a-f]|$))/;
const ONLY_LOOKS = "another GDB controls the board; this one may not load or reset";
/** `monitor reset` and what the servers call stopping after it; "reset run" and the rest are the server's. */
const RESET = /^reset( (halt|init|[0-9]))?$/;

export class MiddleSession {
  readonly #options: GdbSessionOptions;
  readonly #upstream: Upstream;
  readonly #endpoint: RspEndpoint;
  readonly #probe: Probe;
  readonly #starter: Starter;
  readonly #flash = new FlashBuffer();
  readonly #window: ExternalWindow;
  readonly #ram = new RamWrites();
  readonly #routes: readonly Route[];
  readonly #breakpoints: HardwareBreakpoints;
  #internalErased = false;
  /** Of the board at the probe; undefined: not asked yet. */
  #found: Layout | undefined;
  /** What GDB asked for, in turn. */
  #queue: Promise<void> = Promise.resolve();
  /** GDB listens to text: its program runs, or a monitor command. */
  #listens = false;
  /** Its program runs. */
  #running = false;
  /** GDB has let the board go; some servers then end the connection. */
  #detached = false;
  /** For GDB's console, as soon as it listens. */
  #unsaid = "";
  #over = false;

  constructor(options: GdbSessionOptions) {
    this.#options = options;
    const { upstream, kind, timers, flash, via, toRun, controls, write, note } = options;
    this.#upstream = upstream;
    this.#breakpoints = new HardwareBreakpoints(upstream);
    this.#probe = new Probe(upstream, kind, timers);
    this.#starter = new Starter({
      probe: this.#probe,
      layout: () => this.#layout,
      timers,
      flash,
      via,
      toRun,
      breakpoints: this.#breakpoints.taken,
      tell: (message) => {
        note(message);
        this.#say(`imflasher: ${message}\n`);
      },
    });
    this.#window = new ExternalWindow(this.#probe, controls);
    this.#routes = this.#makeRoutes();
    this.#endpoint = new RspEndpoint({
      runs: false,
      // Binary data may need two bytes each.
      maxBody: PACKET_SIZE * 2,
      write,
      onPacket: (packet) => {
        this.#queue = this.#queue.then(() => this.#packet(packet));
      },
      onInterrupt: () => this.#interrupt(),
      onBroken: (why) => note(`a packet of GDB was not understood: ${why}`),
    });
    upstream.onConsole = (text) => this.#upstreamSays(text);
    upstream.onLost = () => this.#upstreamGone();
  }

  receive(bytes: string): void {
    this.#endpoint.receive(bytes);
  }

  /** GDB has gone: ends what is under way. */
  async ended(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#starter.cancel();
    if (this.#running) this.#upstream.interrupt();
    await this.#atMost(this.#queue, LEAVING_TIME);
    if (!this.#detached) await this.#release();
    await this.#upstream.close();
  }

  /** A GDB that died says no D. The board goes on without it; some servers would leave it halted. */
  async #release(): Promise<void> {
    // Of a GDB that only looks nothing is to be let go.
    if (this.#upstream.lost !== undefined || !this.#options.controls()) return;
    const released = this.#probe.release().catch(() => {});
    await this.#atMost(released, LEAVING_TIME);
    this.#upstream.tell("D");
  }

  /** A server that does not answer must not keep us. */
  #atMost(job: Promise<void>, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(milliseconds, resolve);
      job.finally(() => {
        cancel();
        resolve();
      });
    });
  }

  #makeRoutes(): readonly Route[] {
    return [
      { pattern: /^qSupported/, run: (packet) => this.#supported(packet) },
      { pattern: /^QStartNoAckMode$/, run: () => OK },
      { pattern: /^qImflasher$/, run: () => OK },
      { pattern: PROGRAM, run: (_, rest) => this.#nameProgram(rest) },
      {
        pattern: /^qXfer:memory-map:read::/,
        run: (_, rest) => xferChunk(memoryMap(this.#layout), rest) ?? "E16",
      },
      { pattern: /^vFlashErase:/, run: (packet, rest) => this.#erase(packet, rest) },
      { pattern: /^vFlashWrite:/, run: (packet, rest) => this.#write(packet, rest) },
      { pattern: /^vFlashDone$/, run: (packet) => this.#done(packet) },
      { pattern: /^[zZ][01],/, run: (packet, rest) => this.#breakpoint(packet, rest) },
      { pattern: /^m(?=[0-9a-f])/, run: (packet, rest) => this.#window.read(packet, rest, this.#layout) },
      { pattern: /^[MX](?=[0-9a-f])/, run: (packet, rest) => this.#writeMemory(packet, rest) },
      { pattern: /^qRcmd,/, run: (packet, rest) => this.#monitor(packet, rest) },
      { pattern: /^vRun/, run: () => this.#restart(async () => await this.#upstream.ask("?")) },
      { pattern: /^R/, run: () => this.#restart(async () => undefined) },
      // There is no process to end; GDB begins the next one with vRun or R.
      { pattern: /^vKill/, run: () => OK },
      { pattern: /^D/, run: (packet) => this.#detach(packet) },
      { pattern: /^k$/, run: () => this.#kill() },
    ];
  }

  async #packet(packet: string): Promise<void> {
    if (this.#over) return;
    this.#running = RESUMES.test(packet);
    this.#window.before(packet);
    if (this.#running) this.#ram.forget();
    this.#detached = /^(D|k)/.test(packet);
    this.#listens = this.#running || packet.startsWith(MONITOR);
    this.#flush();
    let reply: Reply;
    try {
      reply = await this.#answer(packet);
    } catch (error) {
      reply = this.#failure(error);
    }
    this.#flush();
    this.#running = false;
    this.#listens = false;
    if (this.#over) return;
    if (reply !== undefined) this.#endpoint.send(reply);
    if (packet === "QStartNoAckMode") this.#endpoint.stopAcknowledging();
    if (this.#upstream.lost !== undefined) this.#leave();
  }

  async #answer(packet: string): Promise<Reply> {
    if (this.#upstream.lost !== undefined) throw this.#upstream.lost;
    // Not before both sides have agreed on how they talk.
    if (!NEGOTIATES.test(packet)) this.#found ??= await this.#lookAtBoard();
    for (const { pattern, run } of this.#routes) {
      const match = pattern.exec(packet);
      if (match !== null) return run(packet, packet.slice(match[0].length));
    }
    return this.#upstream.ask(packet);
  }

  /** Words for both consoles. GDB up to 15 shows none of an error's own, but of those to Z packets. */
  #failure(error: unknown): string {
    const lost = error instanceof UpstreamLostError;
    const known = error instanceof Error ? error : new Error(String(error));
    const message = lost ? this.#lostText() : known.message;
    // Of a lost server everybody was told when it went.
    if (!lost) this.#options.note(message);
    this.#options.onFailure(known);
    this.#say(`${message}\n`);
    return `E.imflasher. ${message.replace(/\n/g, " ")}`;
  }

  #lostText(): string {
    const { name, lost } = this.#upstream;
    return `the connection to the probe's server at ${name} is lost: ${lost?.message ?? "ended"}`;
  }

  /** A GDB that waits hears it as the answer, one that does not with its next question. */
  #upstreamGone(): void {
    if (this.#detached) this.#leave();
    else this.#options.note(this.#lostText());
  }

  #leave(): void {
    this.#over = true;
    this.#options.close();
  }

  get #layout(): Layout {
    return this.#found ?? DEFAULT_LAYOUT;
  }

  /** What the user has named, or what the bootloader tells of its board. */
  async #lookAtBoard(): Promise<Layout> {
    const { layout, note } = this.#options;
    if (layout !== undefined) return layout;
    const table = await readProbeTable(this.#probe, DEFAULT_LAYOUT.probeTables);
    if (table !== undefined) return table.layout;
    note(
      "the bootloader tells nothing of its board: 16 MiB of external flash are assumed; name the board with --layout",
    );
    return DEFAULT_LAYOUT;
  }

  async #supported(packet: string): Promise<Reply> {
    const answer = await negotiate(this.#upstream, packet);
    this.#probe.kind = kindOfFeatures(answer) ?? this.#probe.kind;
    return mergedFeatures(answer);
  }

  /** Only of a GDB that this process belongs to: it names files of this machine. */
  #nameProgram(digits: string): Reply {
    this.#options.toRun?.name(hexToBytes(digits) ?? new Uint8Array(0));
    return this.#options.toRun === undefined ? "" : OK;
  }

  #erase(packet: string, text: string): Reply | Promise<Reply> {
    this.#requireControl();
    const range = parseRange(text);
    if (range === undefined || !this.#isExternal(range.address)) return this.#eraseInternal(packet, range);
    this.#flash.erase(text, this.#layout.external);
    return OK;
  }

  async #eraseInternal(packet: string, range: ReturnType<typeof parseRange>): Promise<Reply> {
    const over = range === undefined || touches(INTERNAL_FLASH, range.address, range.length);
    if (over && hasFirstStage(this.#layout)) {
      this.#flash.clear();
      throw new Error(
        "the board keeps the bootloader that it came with: the internal flash is not written; nothing was erased",
      );
    }
    if (over && !this.#options.internalFlash) {
      this.#flash.clear();
      throw new Error(
        `the program is linked over the bootloader, which has the internal flash${range === undefined ? "" : ` (${hex(range.address)})`}: ` +
          `nothing was erased. Link it for external flash, from ${hex(this.#layout.application.address)} on; ` +
          "--internal-flash allows it, for a new bootloader",
      );
    }
    this.#internalErased = true;
    return this.#upstream.ask(packet);
  }

  #write(packet: string, text: string): Reply | Promise<Reply> {
    const [digits = ""] = text.split(":", 1);
    if (!this.#isExternal(Number.parseInt(digits, 16))) return this.#upstream.ask(packet);
    this.#flash.write(text);
    return OK;
  }

  /** GDB waits up to 1000 s for this one, and takes no text meanwhile. */
  async #done(packet: string): Promise<Reply> {
    if (this.#internalErased) {
      this.#internalErased = false;
      const answer = await this.#upstream.ask(packet);
      if (answer !== OK) return answer;
    }
    if (this.#flash.empty) return OK;
    const image = this.#flash.take();
    const { note, onLoad } = this.#options;
    note(`load: ${imageSize(image)} bytes; the board goes into its bootloader`);
    const started = await this.#starter.load(image);
    await this.#ram.repeat(this.#upstream);
    const text = startedText(started);
    note(text);
    this.#say(`${text}\n`);
    onLoad(started);
    return OK;
  }

  #breakpoint(packet: string, text: string): Promise<Reply> {
    const hardware = packet[1] === "1" || this.#isFlash(Number.parseInt(text, 16));
    return hardware ? this.#breakpoints.change(packet, text) : this.#upstream.ask(packet);
  }

  #writeMemory(packet: string, text: string): Promise<Reply> {
    this.#ram.keep(packet, text);
    return this.#window.write(packet, text, this.#layout);
  }

  #monitor(packet: string, digits: string): Promise<Reply> {
    const line = bytesToString(hexToBytes(digits) ?? new Uint8Array(0));
    if (!RESET.test(line.trim().replace(/\s+/g, " "))) return this.#upstream.ask(packet);
    return this.#restart(async () => OK);
  }

  async #restart(reply: () => Promise<Reply>): Promise<Reply> {
    this.#requireControl();
    try {
      const started = await this.#starter.restart();
      this.#ram.forget();
      if (started.report !== undefined) {
        this.#options.note(startedText(started));
        this.#options.onLoad(started);
      }
      this.#say(`${startedText(started)}\n`);
    } catch (error) {
      // No failure of the reset: IDEs reset an empty board, too, before they load, and give up when that fails.
      if (!(error instanceof NotStartedError)) throw error;
      await this.#probe.reset();
      this.#options.note(error.message);
      this.#say(`imflasher: stopped at the bootloader's first instruction: ${error.message}\n`);
    }
    return reply();
  }

  async #detach(packet: string): Promise<Reply> {
    if (this.#options.controls()) await this.#probe.release();
    // st-util knows no D, and lets the core run when the connection ends.
    return (await this.#upstream.ask(packet)) || OK;
  }

  /** No answer belongs to it, and GDB goes. */
  #kill(): Reply {
    this.#upstream.tell("k");
    return undefined;
  }

  #interrupt(): void {
    if (this.#running) this.#upstream.interrupt();
    else this.#starter.cancel();
  }

  #upstreamSays(text: string): void {
    if (this.#probe.takes(text)) return;
    if (this.#listens && !this.#over) this.#endpoint.send(`O${text}`);
    else this.#unsaid += bytesToString(hexToBytes(text) ?? new Uint8Array(0));
  }

  #say(text: string): void {
    this.#unsaid += text;
  }

  /** To be called while GDB listens. */
  #flush(): void {
    if (!this.#listens || this.#unsaid === "" || this.#over) return;
    this.#endpoint.send(`O${textToHex(this.#unsaid)}`);
    this.#unsaid = "";
  }

  #requireControl(): void {
    if (!this.#options.controls()) throw new Error(ONLY_LOOKS);
  }

  #isExternal(address: number): boolean {
    return touches(this.#layout.external, address, 1);
  }

  #isFlash(address: number): boolean {
    return this.#isExternal(address) || touches(INTERNAL_FLASH, address, 1);
  }
}
