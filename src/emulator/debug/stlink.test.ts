import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type AccessSize, BusFault } from "../bus.js";
import { Dap, type DebugBus, DPIDR } from "./dap.js";
import { StLink } from "./stlink.js";
import { StLinkServer } from "./stlink-server.js";

const RAM = 0x2000_0000;
const BYTES = 0x1000;
const OK = 1;
const DONE = 0x80;
const FAULT = 0x11;
const DP = 0xffff;

/** 4 KiB of memory that writes down each access. */
class Memory implements DebugBus {
  readonly view = new DataView(new ArrayBuffer(BYTES));
  readonly accesses: string[] = [];
  read(address: number, size: AccessSize): number {
    this.#note("r", address, size);
    const at = address - RAM;
    if (size === 4) return this.view.getUint32(at, true);
    return size === 2 ? this.view.getUint16(at, true) : this.view.getUint8(at);
  }
  write(address: number, size: AccessSize, value: number): void {
    this.#note("w", address, size);
    const at = address - RAM;
    if (size === 4) this.view.setUint32(at, value, true);
    else if (size === 2) this.view.setUint16(at, value, true);
    else this.view.setUint8(at, value);
  }
  #note(kind: string, address: number, size: number): void {
    if (address < RAM || address + size > RAM + BYTES) throw new BusFault("nothing there", address);
    this.accesses.push(`${kind}${size} ${(address - RAM).toString(16)}`);
  }
}

/** A client of the server. */
class Client {
  readonly memory = new Memory();
  readonly dap = new Dap(new Map([[0, { idr: 0x8477_0001, base: 0xe00f_e003, bus: this.memory }]]));
  readonly resets: boolean[] = [];
  readonly notes: string[] = [];
  received = new Uint8Array(0);
  closed = "";
  readonly server = new StLinkServer(
    new StLink(
      this.dap,
      { nrst: (low) => this.resets.push(low) },
      { once: (_, message) => this.notes.push(message), note: (message) => this.notes.push(message) },
    ),
    "0123456789ABCDEF",
    (bytes) => {
      this.received = Uint8Array.from([...this.received, ...bytes]);
    },
    (why) => {
      this.closed = why;
    },
  );

  /** What comes back at once. */
  raw(...bytes: number[]): Uint8Array {
    this.received = new Uint8Array(0);
    this.server.receive(Uint8Array.from(bytes));
    return this.received;
  }

  /** A probe command that reads `size` bytes; without the server's status, which must be OK. */
  read(size: number, ...command: number[]): DataView {
    const answer = this.raw(5, 0, 0, 0, ...word(1), ...padded(command), 1, 0, 0, 0, ...word(size));
    assert.equal(new DataView(answer.buffer).getUint32(0, true), OK);
    assert.equal(answer.length, 4 + size);
    return new DataView(answer.buffer, 4);
  }

  write(data: readonly number[], ...command: number[]): void {
    const answer = this.raw(
      5,
      0,
      0,
      0,
      ...word(1),
      ...padded(command),
      0,
      0,
      0,
      0,
      ...word(data.length),
      ...data,
    );
    assert.deepEqual([...answer], word(OK));
  }

  /** Status of the memory command before it, and the address where it failed. */
  status(): [number, number] {
    const answer = this.read(12, 0xf2, 0x3e);
    return [answer.getUint8(0), answer.getUint32(4, true)];
  }

  readRegister(port: number, register: number): [number, number] {
    const answer = this.read(8, 0xf2, 0x45, ...half(port), ...half(register));
    return [answer.getUint8(0), answer.getUint32(4, true)];
  }

  writeRegister(port: number, register: number, value: number): number {
    return this.read(2, 0xf2, 0x46, ...half(port), ...half(register), ...word(value)).getUint8(0);
  }
}

const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const half = (value: number): number[] => word(value).slice(0, 2);
const padded = (bytes: readonly number[]): number[] => [
  ...bytes,
  ...new Array<number>(16 - bytes.length).fill(0),
];
const memory = (code: number, address: number, length: number): number[] => [
  0xf2,
  code,
  ...word(address),
  ...half(length),
  0,
];

describe("the server", () => {
  it("names itself, its one probe, and opens it", () => {
    const client = new Client();
    assert.deepEqual([...client.raw(6, 1, 0, 0)].slice(0, 4), word(3));
    assert.deepEqual([...client.raw(0, 0)], word(OK));
    assert.deepEqual([...client.raw(1)], word(1));
    const info = client.raw(2, 0, 0, 0, ...word(41));
    assert.equal(info.length, 45);
    assert.match(String.fromCharCode(...info.subarray(8, 40)), /^0123456789ABCDEF\0+$/);
    assert.deepEqual([...info.subarray(40, 44)], [0x83, 0x04, 0x4e, 0x37]);
    assert.equal(client.raw(2, 1, 0, 0, ...word(41))[1], 0x10);
    assert.deepEqual([...client.raw(3, 0, 0, 0, ...word(1))], [...word(OK), ...word(1)]);
    assert.deepEqual([...client.raw(4, 0, 0, 0, ...word(1))], word(OK));
  });

  it("takes commands in any pieces, and several at once", () => {
    const whole = new Client();
    const command = [
      6,
      1,
      0,
      0,
      0,
      0,
      1,
      ...[5, 0, 0, 0, ...word(1), ...padded([0xf5]), 1, 0, 0, 0, ...word(2)],
    ];
    const expected = [...whole.raw(...command)];
    const pieces = new Client();
    for (const byte of command) pieces.server.receive(Uint8Array.of(byte));
    assert.deepEqual([...pieces.received], expected);
    assert.equal(expected.length, 16 + 4 + 4 + 6);
  });

  it("ends a connection that makes no sense", () => {
    const unknown = new Client();
    unknown.raw(99);
    assert.match(unknown.closed, /99 is not known/);
    const huge = new Client();
    huge.raw(5, 0, 0, 0, ...word(1), ...padded([0xf2, 8]), 0, 0, 0, 0, ...word(1e9));
    assert.match(huge.closed, /1000000000 bytes/);
  });

  it("survives whatever comes", () => {
    const probe = fc.tuple(fc.uint8Array({ maxLength: 12 }), fc.nat(1), fc.uint8Array({ maxLength: 80 }));
    fc.assert(
      fc.property(fc.array(probe, { maxLength: 10 }), (commands) => {
        const client = new Client();
        for (const [command, direction, data] of commands) {
          const header = [5, 0, 0, 0, ...word(1), ...padded([0xf2, ...command]), direction, 0, 0, 0];
          client.raw(...header, ...word(data.length), ...(direction === 0 ? data : []));
          assert.ok(client.received.length >= 4);
        }
      }),
    );
  });
});

describe("the probe", () => {
  it("has a version, a voltage, a mode and frequencies", () => {
    const client = new Client();
    assert.deepEqual([client.read(6, 0xf1).getUint16(0), client.read(12, 0xfb).getUint8(0)], [0x3000, 3]);
    const adc = client.read(8, 0xf7);
    assert.ok(Math.abs((2.4 * adc.getUint32(4, true)) / adc.getUint32(0, true) - 3.3) < 0.01);
    assert.equal(client.read(2, 0xf5).getUint8(0), 1);
    assert.equal(client.read(2, 0xf2, 0x30, 0xa3).getUint8(0), DONE);
    assert.equal(client.read(2, 0xf5).getUint8(0), 2);
    client.read(0, 0xf2, 0x21);
    assert.equal(client.read(2, 0xf5).getUint8(0), 1);
    assert.equal(client.read(52, 0xf2, 0x62, 0).getUint8(8), 7);
    assert.equal(client.read(8, 0xf2, 0x61, 0, 0, ...word(4000)).getUint32(4, true), 3300);
  });

  it("reads and writes memory in bytes, halfwords and words, and one address many times", () => {
    const client = new Client();
    client.write([1, 2, 3], ...memory(0x0d, RAM + 1, 3));
    client.write([0x34, 0x12, 0x78, 0x56], ...memory(0x48, RAM + 4, 4));
    client.write([...word(0x89ab_cdef), ...word(1)], ...memory(0x08, RAM + 8, 8));
    client.write([...word(7), ...word(8)], ...memory(0x50, RAM + 0x10, 8));
    assert.deepEqual(client.status(), [DONE, 0]);
    assert.deepEqual(client.memory.accesses.splice(0), [
      ...["w1 1", "w1 2", "w1 3", "w2 4", "w2 6", "w4 8", "w4 c", "w4 10", "w4 10"],
    ]);
    assert.deepEqual([...new Uint8Array(client.read(4, ...memory(0x0c, RAM, 4)).buffer, 4)], [0, 1, 2, 3]);
    assert.equal(client.read(2, ...memory(0x47, RAM + 6, 2)).getUint16(0, true), 0x5678);
    assert.equal(client.read(4, ...memory(0x07, RAM + 8, 4)).getUint32(0, true), 0x89ab_cdef);
    assert.equal(client.read(8, ...memory(0x54, RAM + 0x10, 8)).getUint32(4, true), 8);
    // One byte is read as two.
    assert.equal(client.read(2, ...memory(0x0c, RAM + 1, 1)).getUint8(0), 1);
  });

  it("stops at a bus error, says where, and goes on when it was cleared", () => {
    const client = new Client();
    client.write(new Array<number>(16).fill(0xaa), ...memory(0x08, RAM + BYTES - 8, 16));
    assert.deepEqual(client.status(), [FAULT, RAM + BYTES]);
    assert.equal(client.readRegister(DP, 4)[1] & 0x20, 0x20);
    client.read(4, ...memory(0x07, RAM, 4));
    assert.equal(client.status()[0], FAULT);
    assert.equal(client.readRegister(0, 0)[0], FAULT);
    client.writeRegister(DP, 0, 4);
    assert.equal(client.readRegister(DP, 4)[1] & 0x20, 0);
    client.read(4, ...memory(0x07, RAM, 4));
    assert.deepEqual(client.status(), [DONE, 0]);
  });

  it("works off a queue of reads and writes", () => {
    const client = new Client();
    const commands = [5, 1, 2, 3, 3];
    const values = [0, RAM + 4, 0x1234_5678, RAM + 4, 0x1000_0000];
    client.write([...commands, 0, 0, 0, ...values.flatMap(word)], 0xf2, 0x51, ...word(commands.length));
    const answer = client.read(40, 0xf2, 0x52);
    assert.equal(answer.getUint32(4 * 3, true), 0x1234_5678);
    assert.deepEqual(
      [5, 6, 7, 8, 9].map((item) => answer.getUint32(4 * item, true)),
      [DONE, DONE, DONE, DONE, FAULT],
    );
  });

  it("drives the reset line", () => {
    const client = new Client();
    for (const how of [0, 1, 2]) client.read(2, 0xf2, 0x3c, how);
    assert.deepEqual(client.resets, [true, false, true, false]);
  });

  it("says when it does not know a command", () => {
    const client = new Client();
    const answer = client.raw(5, 0, 0, 0, ...word(1), ...padded([0xf2, 0x99]), 1, 0, 0, 0, ...word(2));
    assert.deepEqual([...answer], word(0x1053));
    assert.deepEqual(client.notes, ["ST-LINK: command F2 99 is not known"]);
  });
});

describe("the debug port", () => {
  it("identifies itself and acknowledges power", () => {
    const client = new Client();
    assert.deepEqual(client.readRegister(DP, 0), [DONE, DPIDR]);
    client.writeRegister(DP, 4, 0x5000_0000);
    assert.equal(client.readRegister(DP, 4)[1], 0xf000_0000);
  });

  it("has access ports where there are some", () => {
    const client = new Client();
    assert.deepEqual(client.readRegister(0, 0xfc), [DONE, 0x8477_0001]);
    assert.deepEqual(client.readRegister(0, 0xf8), [DONE, 0xe00f_e003]);
    assert.deepEqual(client.readRegister(9, 0xfc), [DONE, 0]);
  });

  it("transfers through TAR and DRW, in CSW's size, in the lanes of the address, counting on", () => {
    const client = new Client();
    client.writeRegister(0, 0x00, 0x2300_0010);
    client.writeRegister(0, 0x04, RAM + 2);
    client.writeRegister(0, 0x0c, 0x00aa_0000);
    assert.equal(client.readRegister(0, 0x04)[1], RAM + 3);
    client.writeRegister(0, 0x04, RAM + 2);
    assert.equal(client.readRegister(0, 0x0c)[1], 0x00aa_0000);
    client.writeRegister(0, 0x00, 0x2300_0012);
    client.writeRegister(0, 0x04, RAM);
    assert.equal(client.readRegister(0, 0x0c)[1], 0x00aa_0000);
    assert.equal(client.readRegister(DP, 0x0c)[1], 0x00aa_0000);
    assert.equal(client.readRegister(0, 0x04)[1], RAM + 4);
    client.writeRegister(0, 0x04, RAM + 0x20);
    client.writeRegister(0, 0x18, 0x55);
    assert.equal(client.memory.view.getUint32(0x28, true), 0x55);
    assert.equal(client.readRegister(0, 0x18)[1], 0x55);
  });
});
