/**
 * The vectors of RFC 8032 and FIPS 180 run through the bootloader's own machine code on the emulated board: its functions
 * are called where the linker put them, with the core stopped in the bootloader's main loop.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runTool } from "../../firmware/build/toolchain.js";
import { ROOT } from "../tools/root.js";
import { Bench } from "./kit.js";

/** AXI SRAM behind what the bootloader uses; the stop for the functions' return is there, too. */
const ARGUMENTS = 0x2407_0000;
const RETURN = 0x2407_f000;
const LIMIT_NS = 1e9;

const symbols = new Map(
  runTool(ROOT, "nm", ["firmware/images/emulated/imbootloader.elf"])
    .split("\n")
    .map((line) => line.split(" "))
    .map(([address = "", , name = ""]) => [name, Number.parseInt(address, 16)] as const),
);

interface Vector {
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
}

function vectors(kind: string): Vector[] {
  const lines = readFileSync(join(ROOT, "vectors", "access.txt"), "utf8").split("\n");
  return lines
    .filter((line) => line.startsWith(`${kind} `))
    .map((line) => {
      const [, name = "", ...fields] = line.split(" ");
      return { name, fields: new Map(fields.map((field) => field.split("=") as [string, string])) };
    });
}

function bytesOf({ fields }: Vector, field: string): Uint8Array {
  const text = fields.get(field) ?? assert.fail(`no field ${field}`);
  return Uint8Array.from(Buffer.from(text === "-" ? "" : text, "hex"));
}

/** A board whose bootloader has started its clocks and waits for somebody to talk to it. */
function startedBoard() {
  const { board } = new Bench({ seed: 1 }).start();
  board.advance(board.now + 400e6);
  const { cpu, bus } = board.chip;
  cpu.setBreakpoint(RETURN);

  function call(name: string, ...values: readonly number[]): number {
    const address = symbols.get(name) ?? assert.fail(`the bootloader has no function ${name}`);
    cpu.exceptions.primask = 1;
    for (const [index, value] of values.entries()) cpu.set(index, value | 0);
    cpu.set(14, RETURN | 1);
    cpu.pc = address & ~1;
    cpu.sleeping = false;
    cpu.resume();
    const end = board.now + LIMIT_NS;
    while (!cpu.halted && board.now < end) board.advance(board.now + 100e3);
    assert.equal(cpu.pc, RETURN, `${name} did not return`);
    return cpu.get(0);
  }

  /** Puts the parts one behind the other, each on a word boundary. @returns their addresses */
  function place(...parts: readonly Uint8Array[]): number[] {
    let at = ARGUMENTS;
    return parts.map((part) => {
      const address = at;
      assert.ok(part.length === 0 || bus.poke(address, part));
      at += (part.length + 7) & ~3;
      return address;
    });
  }
  return { bus, call, place };
}

test("the bootloader's Ed25519 accepts RFC 8032's signatures and none with a bit changed", () => {
  const { call, place } = startedBoard();
  const cases = vectors("ed25519").filter(({ name }) => name.startsWith("rfc8032-"));
  assert.ok(cases.length >= 4);
  for (const vector of cases) {
    const [message, key] = [bytesOf(vector, "message"), bytesOf(vector, "public")];
    const signature = bytesOf(vector, "signature");
    const verify = (): number => {
      const [signatureAt = 0, messageAt = 0, keyAt = 0] = place(signature, message, key);
      return call("verify_strict", signatureAt, messageAt, message.length, keyAt) & 0xff;
    };
    assert.equal(verify(), 1, vector.name);
    signature[7] = (signature[7] ?? 0) ^ 0x10;
    assert.equal(verify(), 0, `${vector.name}, one bit changed`);
  }
});

test("the chip's HASH unit, as the bootloader drives it, gives FIPS 180's digests", () => {
  const { bus, call, place } = startedBoard();
  const cases = vectors("sha256").filter(({ fields }) => fields.get("repeat") === "1");
  assert.ok(cases.length >= 4);
  for (const vector of cases) {
    const message = bytesOf(vector, "message");
    const [digestAt = 0, messageAt = 0] = place(new Uint8Array(32), message);
    call("port_sha256_begin");
    call("port_sha256_add", messageAt, message.length);
    assert.equal(call("port_sha256_end", digestAt), 0, vector.name);
    assert.deepEqual(bus.peek(digestAt, 32), bytesOf(vector, "digest"), vector.name);
  }
});
