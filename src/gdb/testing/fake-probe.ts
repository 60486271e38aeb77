/** A probe's GDB server for tests: words of memory, one core, everything it was asked kept. */

import type { FlashReport } from "../../flasher/progress.js";
import type { Image } from "../../image/image.js";
import type { Timers } from "../../protocol/transport.js";
import { RspEndpoint } from "../../rsp/endpoint.js";
import { bytesToString, bytesToValue, hexToBytes, textToHex, valueToHex } from "../../rsp/text.js";
import type { Layout } from "../layout.js";
import type { FlashJob } from "../loader.js";
import { type ServerKind, UNKNOWN_KIND } from "../server-kinds.js";
import { MiddleSession } from "../session.js";
import type { Started } from "../starter.js";
import { Upstream } from "../upstream.js";

export const LAYOUT: Layout = {
  external: { address: 0x9000_0000, length: 0x100_0000 },
  application: { address: 0x9010_0000, length: 0xef_c000 },
  requestRegister: 0,
  probeTables: [0x0800_02c0],
};
export const ENTRY = 0x9010_0200;
const RESET_VECTOR = 0x0800_0004;
const AIRCR = 0xe000_ed0c;
const DHCSR = 0xe000_edf0;
const S_HALT = 1 << 17;
const REPORT: FlashReport = {
  imageBytes: 512,
  erasedBytes: 4096,
  programmedBytes: 512,
  unchangedBytes: 0,
  milliseconds: 100,
  address: 0x9010_0000,
  digests: [],
  reconnects: 0,
};

export class FakeProbe {
  /** What it was asked, "!" for an interrupt. */
  readonly asked: string[] = [];
  readonly memory = new Map<number, string>();
  features = "PacketSize=1000;qXfer:memory-map:read+;qXfer:features:read+;QStartNoAckMode+;multiprocess+";
  /** Monitor commands that it knows. */
  monitors = ["reset halt"];
  pc = 0x0800_0000;
  running = false;
  /** Bytes of the longest answer to m. */
  longestRead = 0x1000;
  /** Packets that it does not know. */
  unknown = /^$/;
  /** Answers to monitor commands are text, as pyOCD gives them; undefined: OK, or E01. */
  textAnswers: { readonly done: string; readonly failed: string } | undefined;
  /** Where the core stands after a reset by command. */
  resetsTo = 0x0800_0000;
  readonly #endpoint: RspEndpoint;

  constructor(write: (bytes: string) => void) {
    this.#endpoint = new RspEndpoint({
      runs: false,
      maxBody: 0x10000,
      write,
      onPacket: (packet) => {
        this.asked.push(packet);
        const answer = this.#answer(packet);
        if (answer !== undefined) this.#endpoint.send(answer);
        if (packet === "QStartNoAckMode") this.#endpoint.stopAcknowledging();
      },
      onInterrupt: () => {
        this.asked.push("!");
        if (this.running) this.stopAt(this.pc);
      },
    });
  }

  receive(bytes: string): void {
    this.#endpoint.receive(bytes);
  }

  setWord(address: number, value: number): void {
    this.memory.set(address, valueToHex(value, 4));
  }

  /** The bootloader's table of docs/protocol.md, section 12. @param size bytes of external flash */
  table(size: number): void {
    const application = [0x9010_0000, size - 0x10_4000];
    const buffers = [0x2400_0000, 0x2_0000, 0x2000_4d10, 0x4000];
    const words = [
      0x5046_4d49,
      0x3c_0001,
      0x0800_5924,
      0x0800_5926,
      ...buffers,
      0x9000_0000,
      size,
      ...application,
      0,
    ];
    for (const [index, value] of words.entries()) this.setWord(0x0800_02c0 + 4 * index, value);
  }

  says(text: string): void {
    this.#endpoint.send(`O${textToHex(text)}`);
  }

  stopAt(pc: number): void {
    this.pc = pc;
    this.running = false;
    this.#endpoint.send("T05thread:1;");
  }

  #answer(packet: string): string | undefined {
    if (this.unknown.test(packet)) return "";
    if (packet.startsWith("qSupported")) return this.features;
    if (packet === "QStartNoAckMode" || /^[zZMXDH]/.test(packet)) return this.#done(packet);
    if (packet === "pf") return valueToHex(this.pc, 4);
    if (/^(c|vCont;c)/.test(packet)) {
      this.running = true;
      this.says("");
      return undefined;
    }
    if (packet.startsWith("qRcmd,")) return this.#monitor(packet.slice(6));
    if (packet.startsWith("m")) return this.#read(packet);
    return packet === "?" ? "T05thread:1;" : "";
  }

  #done(packet: string): string {
    const word = /^M([0-9a-f]+),4:(.*)$/.exec(packet);
    if (word !== null) this.#write(Number.parseInt(word[1] ?? "", 16), word[2] ?? "");
    return "OK";
  }

  /** A reset by the core's own register stops at the reset vector. */
  #write(address: number, hex: string): void {
    this.memory.set(address, hex);
    if (address !== AIRCR) return;
    this.pc = bytesToValue(hexToBytes(this.memory.get(RESET_VECTOR) ?? "") ?? new Uint8Array(0)) - 1;
    this.setWord(DHCSR, S_HALT);
  }

  #monitor(hex: string): string {
    const line = bytesToString(hexToBytes(hex) ?? new Uint8Array(0));
    const known = this.monitors.includes(line);
    if (known && line.startsWith("reset")) this.pc = this.resetsTo;
    if (this.textAnswers !== undefined) return textToHex(this.textAnswers[known ? "done" : "failed"]);
    if (!known) this.says(`${line}: unknown\n`);
    return known ? "OK" : "E01";
  }

  #read(packet: string): string {
    const [address = 0, length = 0] = packet
      .slice(1)
      .split(",")
      .map((text) => Number.parseInt(text, 16));
    if (length === 4) return this.memory.get(address) ?? "00000000";
    const count = Math.min(length, this.longestRead);
    const words = Array.from(
      { length: count >> 2 },
      (_, n) => this.memory.get(address + 4 * n) ?? "a5a5a5a5",
    );
    return words.join("") + "a5".repeat(count % 4);
  }
}

/** A flashing whose end the test decides. */
class FakeFlashing implements FlashJob {
  readonly done: Promise<FlashReport>;
  cancelled = false;
  finish: () => void = () => {};
  fail: (error: Error) => void = () => {};

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.finish = () => resolve(REPORT);
      this.fail = reject;
    });
  }

  cancel(): void {
    this.cancelled = true;
    this.fail(new Error("interrupted"));
  }
}

/** GDB, the session under test and a probe, without sockets. */
export class Bench {
  readonly probe: FakeProbe;
  readonly upstream: Upstream;
  readonly session: MiddleSession;
  readonly notes: string[] = [];
  readonly loads: Started[] = [];
  readonly failures: Error[] = [];
  /** What GDB got: packets. */
  readonly got: string[] = [];
  readonly images: { readonly image: Image; readonly address: number }[] = [];
  readonly flashings: FakeFlashing[] = [];
  readonly #alarms = new Set<() => void>();
  readonly #gdb: RspEndpoint;
  closed = false;
  controls = true;

  constructor({
    kind = UNKNOWN_KIND,
    internalFlash = false,
    asksBoard = false,
  }: { kind?: ServerKind; internalFlash?: boolean; asksBoard?: boolean } = {}) {
    this.upstream = new Upstream({
      name: "probe:1",
      write: (bytes) => this.probe.receive(bytes),
      close: async () => {},
    });
    this.probe = new FakeProbe((bytes) => this.upstream.receive(bytes));
    const timers: Timers = {
      now: () => 0,
      after: (_, run) => {
        this.#alarms.add(run);
        return () => this.#alarms.delete(run);
      },
    };
    this.#gdb = new RspEndpoint({
      runs: true,
      maxBody: 0x10000,
      write: (bytes) => this.session.receive(bytes),
      onPacket: (packet) => this.got.push(packet),
    });
    this.session = new MiddleSession({
      upstream: this.upstream,
      kind,
      layout: asksBoard ? undefined : LAYOUT,
      timers,
      internalFlash,
      via: "auto",
      flash: ({ image, address }) => {
        this.images.push({ image, address });
        const flashing = new FakeFlashing();
        this.flashings.push(flashing);
        return flashing;
      },
      controls: () => this.controls,
      write: (bytes) => this.#gdb.receive(bytes),
      close: () => {
        this.closed = true;
      },
      note: (message) => this.notes.push(message),
      onLoad: (started) => this.loads.push(started),
      onFailure: (error) => this.failures.push(error),
    });
  }

  /** Sends packets; @returns what GDB got since. */
  async ask(...packets: string[]): Promise<string[]> {
    const from = this.got.length;
    for (const packet of packets) this.#gdb.send(packet);
    await this.settled();
    return this.got.slice(from);
  }

  interrupt(): void {
    this.#gdb.interrupt();
  }

  /** Until nothing happens any more. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
  }

  /** All timers are over. */
  alarm(): void {
    for (const run of [...this.#alarms]) run();
    this.#alarms.clear();
  }

  /** External flash shows in its window, with a program whose vector table is at `table`. */
  map(table: number, entry = ENTRY): void {
    this.probe.setWord(0x5802_44d4, 1 << 14);
    this.probe.setWord(0x5200_5000, 1);
    this.probe.setWord(0x5200_5014, 3 << 26);
    this.probe.setWord(0xe000_ed08, table);
    this.probe.setWord(table + 4, entry + 1);
  }
}
