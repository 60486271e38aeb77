import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RspEndpoint } from "../../rsp/endpoint.js";
import { encodePacket } from "../../rsp/packet.js";
import { bytesToString, textToHex } from "../../rsp/text.js";
import { type GdbConnection, GdbServer } from "./gdb-server.js";
import { DebugError, type DebugTarget, type StopReason } from "./target.js";

const RAM = 0x2000_0000;
const INTERNAL = 0x0800_0000;
const EXTERNAL = 0x9000_0000;
const CONTROL_SELECTOR = 20;

/** A core that does what the test says, and writes down what was asked of it. */
class FakeTarget implements DebugTarget {
  powered = true;
  running = true;
  stopReason: StopReason = { kind: "request" };
  readonly calls: string[] = [];
  readonly registers = new Map<number, number>();
  readonly memory = new Uint8Array(256);
  readonly breakpoints = new Set<number>();
  pcAfterStep = [0];

  halt(): void {
    this.calls.push("halt");
    this.running = false;
    this.stopReason = { kind: "request" };
  }
  resume(): void {
    this.calls.push("resume");
    this.running = true;
  }
  step(): void {
    this.calls.push("step");
    this.running = false;
    this.stopReason = { kind: "step" };
    this.registers.set(15, this.pcAfterStep.shift() ?? 0);
  }
  reset(halt: boolean): void {
    this.calls.push(halt ? "reset halt" : "reset run");
    this.running = !halt;
  }
  readRegister(selector: number): number {
    if (this.running) throw new DebugError("the core is running: stop it first");
    return this.registers.get(selector) ?? 0;
  }
  writeRegister(selector: number, value: number): void {
    if (this.running) throw new DebugError("the core is running: stop it first");
    this.registers.set(selector, value >>> 0);
  }
  samplePc(): number {
    return 0x9010_0200;
  }
  read(address: number, length: number): Uint8Array {
    return this.memory.slice(
      address - RAM,
      Math.max(0, Math.min(address - RAM + length, this.memory.length)),
    );
  }
  write(address: number, bytes: Uint8Array): boolean {
    const at = address - RAM;
    if (at < 0 || at + bytes.length > this.memory.length) return false;
    this.memory.set(bytes, at);
    return true;
  }
  insertBreakpoint(address: number): void {
    if (this.breakpoints.size === 8) throw new DebugError("all 8 hardware breakpoints are in use");
    this.breakpoints.add(address);
  }
  removeBreakpoint(address: number): void {
    this.breakpoints.delete(address);
  }
  hasBreakpoint(address: number): boolean {
    return this.breakpoints.has(address);
  }
  insertWatchpoint(access: string, address: number, length: number): void {
    this.calls.push(`watch ${access} ${address.toString(16)} ${length}`);
  }
  removeWatchpoint(access: string, address: number, length: number): void {
    this.calls.push(`unwatch ${access} ${address.toString(16)} ${length}`);
  }
  release(): void {
    this.calls.push("release");
    this.running = true;
    this.breakpoints.clear();
  }
}

/** GDB's side of one connection. */
class Client {
  readonly answers: string[] = [];
  readonly connection: GdbConnection;
  readonly gdb: RspEndpoint;
  closed = false;

  constructor(server: GdbServer) {
    const early: string[] = [];
    let deliver = (bytes: string): void => void early.push(bytes);
    this.connection = server.connect(
      (bytes) => deliver(bytes),
      () => {
        this.closed = true;
      },
    );
    this.gdb = new RspEndpoint({
      runs: true,
      maxBody: 0x8000,
      write: (bytes) => this.connection.receive(bytes),
      onPacket: (payload) => this.answers.push(payload),
    });
    deliver = (bytes) => this.gdb.receive(bytes);
    for (const bytes of early) deliver(bytes);
  }

  /** What comes back at once. */
  ask(packet: string): string {
    const from = this.answers.length;
    this.gdb.send(packet);
    return this.answers.slice(from).join("|");
  }
}

function setUp() {
  const target = new FakeTarget();
  const notes: string[] = [];
  const content = new Uint8Array(0x2_0000).fill(0xab);
  const programmed: Uint8Array[] = [];
  const server = new GdbServer({
    target,
    flash: {
      address: INTERNAL,
      length: content.length,
      blockSize: content.length,
      content: () => content.slice(),
      program: (bytes) => programmed.push(bytes),
    },
    external: { address: EXTERNAL, length: 0x100_0000 },
    note: (message) => notes.push(message),
  });
  return { target, notes, programmed, server, client: new Client(server) };
}

describe("a GDB session", () => {
  it("begins with a halted core and ends with a running one, however it ends", () => {
    const { target, client } = setUp();
    assert.equal(target.running, false);
    assert.match(client.ask("?"), /^T05thread:1;0d:00000000;0e:00000000;0f:00000000;10:00000000;$/);
    assert.equal(client.ask("D"), "OK");
    assert.deepEqual([target.running, client.closed, target.calls.at(-1)], [true, true, "release"]);
    const second = setUp();
    second.client.connection.ended();
    second.client.connection.ended();
    assert.equal(second.target.calls.filter((call) => call === "release").length, 1);
  });

  it("answers a stop once, with its reason", () => {
    const { target, client, server } = setUp();
    for (const [reason, expected] of [
      [{ kind: "breakpoint" }, /^T05thread:1;/],
      [{ kind: "watchpoint", access: "read", address: 0x2000_0010 }, /^T05rwatch:20000010;thread:1;/],
      [{ kind: "vector-catch" }, /^T05thread:1;/],
    ] as const) {
      assert.equal(client.ask("vCont;c"), "");
      server.poll();
      target.running = false;
      target.stopReason = reason;
      server.poll();
      server.poll();
      assert.match(client.answers.at(-1) ?? "", expected);
    }
    assert.equal(client.answers.length, 3);
  });

  it("takes Ctrl-C while it runs, and nothing of it while it stands", () => {
    const { target, client } = setUp();
    client.gdb.interrupt();
    assert.deepEqual(client.answers, []);
    client.ask("c");
    client.gdb.interrupt();
    assert.match(client.answers.at(-1) ?? "", /^T02thread:1;/);
    assert.deepEqual(target.calls, ["halt", "resume", "halt"]);
  });

  it("steps through a line by itself, and stops at a breakpoint inside it", () => {
    const { target, client } = setUp();
    target.pcAfterStep = [0x102, 0x104, 0x106, 0x200];
    assert.match(client.ask("vCont;r100,108:1;c"), /^T05.*0f:00020000;/);
    assert.equal(target.calls.filter((call) => call === "step").length, 4);
    target.pcAfterStep = [0x102, 0x104, 0x106];
    target.breakpoints.add(0x104);
    assert.match(client.ask("vCont;r100,108:1"), /^T05.*0f:04010000;/);
  });

  it("reads and writes registers of every size", () => {
    const { target, client } = setUp();
    assert.equal(client.ask("P1=78563412"), "OK");
    assert.equal(target.registers.get(1), 0x1234_5678);
    assert.equal(client.ask("p1"), "78563412");
    target.registers.set(CONTROL_SELECTOR, 0x0102_0304);
    assert.deepEqual(
      ["p13", "p14", "p15", "p16"].map((packet) => client.ask(packet)),
      ["04", "03", "02", "01"],
    );
    assert.equal(client.ask("P14=20"), "OK");
    assert.equal(target.registers.get(CONTROL_SELECTOR), 0x0102_2004);
    assert.equal(client.ask("P17=0000000000000840"), "OK");
    assert.deepEqual([target.registers.get(64), target.registers.get(65)], [0, 0x4008_0000]);
    const all = client.ask("g");
    assert.equal(client.ask(`G${all}`), "OK");
    assert.equal(client.ask("g"), all);
    for (const wrong of ["p99", "P99=00", "P1=12", "P1=zz345678", "Gzz"])
      assert.match(client.ask(wrong), /^E/);
  });

  it("reads and writes memory, as hexadecimal and as bytes, and says where there is none", () => {
    const { client } = setUp();
    assert.equal(client.ask("M20000000,3:010203"), "OK");
    assert.equal(client.ask("X20000003,4:#$}*"), "OK");
    assert.equal(client.ask("m20000000,7"), "01020323247d2a");
    assert.equal(client.ask("m200000fe,8"), "0000");
    assert.equal(client.ask("m30000000,4"), "E0e");
    assert.equal(client.ask("X30000000,1:a"), "E0e");
    assert.equal(client.ask("X20000000,0:"), "OK");
    assert.equal(client.ask("M20000000,2:01"), "E16");
    assert.match(client.ask("qCRC:20000000,100"), /^C[0-9a-f]+$/);
  });

  it("computes compare-sections' checksum as GDB does", () => {
    const { target, client } = setUp();
    target.memory.set(new TextEncoder().encode("123456789"));
    // CRC-32/MPEG-2's check value.
    assert.equal(client.ask("qCRC:20000000,9"), "C376e6e7");
  });

  it("gives every breakpoint a comparator, and words to the one too many", () => {
    const { target, notes, client } = setUp();
    for (let n = 0; n < 8; n++)
      assert.equal(client.ask(`Z${n % 2},${(EXTERNAL + 4 * n).toString(16)},2`), "OK");
    assert.match(client.ask("Z0,90000100,2"), /^E\.all 8 hardware breakpoints/);
    assert.equal(notes.length, 1);
    assert.equal(client.ask("z0,90000000,2"), "OK");
    assert.equal(target.breakpoints.size, 7);
    assert.equal(client.ask("Z3,20000000,4"), "OK");
    assert.equal(target.calls.at(-1), "watch read 20000000 4");
    assert.equal(client.ask("Z9,20000000,4"), "");
    // What GDB had no place for, its console shows as soon as it listens.
    assert.equal(client.ask("vCont;c"), `O${textToHex("all 8 hardware breakpoints are in use\n")}`);
  });

  it("writes internal flash as a whole, and sends external flash elsewhere", () => {
    const { programmed, notes, client } = setUp();
    assert.match(client.ask("vFlashErase:90100000,1000"), /^E\..*imflasher gdb-server/);
    assert.match(notes[0] ?? "", /0x90100000 is in the external flash chip/);
    assert.match(client.ask("vFlashErase:50000000,1000"), /^E\.no flash/);
    assert.match(client.ask("vFlashWrite:8000000:ab"), /^E\..*not erased/);
    assert.equal(client.ask("vFlashErase:8000000,400"), "OK");
    assert.equal(client.ask("vFlashWrite:8000010:a}b#"), "OK");
    assert.match(client.ask("vFlashWrite:801ffff:ab"), /^E\.no flash/);
    assert.equal(programmed.length, 0);
    assert.equal(client.ask("vFlashDone"), "OK");
    assert.deepEqual([...(programmed[0]?.subarray(0x0f, 0x15) ?? [])], [0xff, 0x61, 0x7d, 0x62, 0x23, 0xff]);
    assert.equal(client.ask("vFlashDone"), "OK");
    assert.equal(programmed.length, 1);
  });

  it("answers monitor commands on the console, and errors as GDB reads them there", () => {
    const { target, client } = setUp();
    assert.match(client.ask(`qRcmd,${textToHex("reset  halt")}`), /^O[0-9a-f]+\|OK$/);
    assert.equal(target.calls.at(-1), "reset halt");
    client.ask(`qRcmd,${textToHex("reset run")}`);
    assert.equal(target.calls.at(-1), "reset run");
    assert.match(client.ask(`qRcmd,${textToHex("nonsense")}`), /^O[0-9a-f]+\|E01$/);
    assert.equal(client.ask("qRcmd,7"), "E16");
  });

  it("restarts, in the extended mode and out of it", () => {
    const { target, client } = setUp();
    assert.equal(client.ask("!"), "OK");
    assert.match(client.ask("vRun;"), /^T05/);
    assert.equal(client.ask("R00"), "");
    assert.equal(client.ask("vKill;1"), "OK");
    assert.equal(target.calls.filter((call) => call === "reset halt").length, 3);
    client.ask("k");
    assert.equal(client.closed, true);
  });

  it("offers its documents whole, in pieces", () => {
    const { client } = setUp();
    let xml = "";
    for (;;) {
      const piece = client.ask(`qXfer:features:read:target.xml:${xml.length.toString(16)},200`);
      xml += piece.slice(1);
      if (piece[0] === "l") break;
    }
    for (const feature of ["m-profile", "m-system", "vfp"])
      assert.match(xml, new RegExp(`org.gnu.gdb.arm.${feature}"`));
    const map = client.ask("qXfer:memory-map:read::0,1000");
    assert.match(map, /type="flash" start="0x8000000" length="0x20000".*0x20000/);
    assert.match(map, /type="flash" start="0x90000000" length="0x1000000".*0x1000/);
    assert.equal(client.ask("qXfer:features:read:other.xml:0,10"), "E00");
  });

  it("knows nothing of what it does not know, and breaks on nothing", () => {
    const start =
      "vCont?;vMustReplyEmpty;qSupported;D;k;c;s;C05;S05;Z0,;z2,;m;M;X;g;G;p;P;qRcmd,;qXfer:;vFlashErase:;vFlashWrite:;vRun;H;T;qCRC:;vCont;r";
    const packet = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map(bytesToString),
      fc.tuple(fc.constantFrom(...start.split(";")), fc.string({ maxLength: 30 })).map(([a, b]) => a + b),
    );
    assert.equal(setUp().client.ask("vMustReplyEmpty"), "");
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 30 }), (packets) => {
        const { server, client, target } = setUp();
        for (const one of packets) {
          client.connection.receive(encodePacket(one));
          server.poll();
        }
        client.connection.ended();
        assert.equal(target.calls.at(-1) === "release" || target.powered, true);
      }),
    );
  });
});

describe("a second GDB", () => {
  it("looks, while the first one controls; afterwards it controls", () => {
    const { target, server, client } = setUp();
    client.ask("c");
    const view = new Client(server);
    assert.equal(target.running, true);
    assert.match(view.ask("g"), /x{8}/);
    assert.equal(view.ask("m20000000,2"), "0000");
    for (const packet of ["M20000000,1:01", "P1=00000000", "Z0,0,2", "R00", "vFlashDone"]) {
      assert.match(view.ask(packet), /^E\.another debugger/, packet);
    }
    assert.match(view.ask(`qRcmd,${textToHex("reset")}`), /\|E01$/);
    assert.equal(view.ask("c"), "");
    view.gdb.interrupt();
    assert.match(view.answers.at(-1) ?? "", /^T02/);
    assert.equal(target.running, true);
    client.connection.ended();
    assert.equal(view.ask("M20000000,1:01"), "OK");
  });
});

describe("a board without power", () => {
  it("is told as such", () => {
    const { target, server, client } = setUp();
    client.ask("c");
    target.powered = false;
    target.running = false;
    server.poll();
    assert.match(client.answers.at(-1) ?? "", /^T05thread:1;$/);
  });
});
