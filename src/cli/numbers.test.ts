import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "./errors.js";
import { parseAddress, parseLength, parseSeconds } from "./numbers.js";

function refused(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, message);
    return true;
  });
}

test("addresses are hexadecimal or decimal, with digits grouped or not", () => {
  assert.equal(parseAddress("ADDR", "0x90100000"), 0x90100000);
  assert.equal(parseAddress("ADDR", "0X9010_0000"), 0x90100000);
  assert.equal(parseAddress("ADDR", "4096"), 4096);
  assert.equal(parseAddress("ADDR", "0xFFFFFFFF"), 0xffffffff);
  assert.equal(parseAddress("ADDR", "0"), 0);
});

test("what is no address is refused with the argument's name and what was found", () => {
  for (const text of ["", "0x", "90100000h", "0x1_0000_0000", "-1", "1.5", "1e3", "_1", "1K", " 1"]) {
    refused(() => parseAddress("ADDR", text), /^ADDR: expected an address up to 0xFFFFFFFF.*, found ".*"$/);
  }
});

test("lengths take K and M", () => {
  assert.equal(parseLength("LENGTH", "4K"), 4096);
  assert.equal(parseLength("LENGTH", "1m"), 1 << 20);
  assert.equal(parseLength("LENGTH", "0x10K"), 0x4000);
  assert.equal(parseLength("LENGTH", "256"), 256);
  for (const text of ["0", "K", "4G", "4096M", "-4", "1.5M"]) {
    refused(() => parseLength("LENGTH", text), /^LENGTH: expected a number of bytes/);
  }
});

test("seconds become milliseconds", () => {
  assert.equal(parseSeconds("--timeout", "0.5"), 500);
  assert.equal(parseSeconds("--timeout", "0"), 0);
  for (const text of ["", "-1", "1s", "Infinity"]) {
    refused(() => parseSeconds("--timeout", text), /^--timeout: expected seconds/);
  }
});
