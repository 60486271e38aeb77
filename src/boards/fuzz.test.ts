import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ROOT } from "../../test/tools/root.js";
import { BoardFileError, parseBoard } from "./board.js";

const TEXT = readFileSync(join(ROOT, "boards", "daisy-seed.json"), "utf8");

function boardOrError(text: string): void {
  try {
    parseBoard("fuzz.json", text);
  } catch (error) {
    assert.ok(error instanceof BoardFileError, String(error));
  }
}

test("no text and no JSON value gives anything but a board or BoardFileError", () => {
  fc.assert(fc.property(fc.string(), boardOrError));
  fc.assert(fc.property(fc.json(), boardOrError));
});

test("a board file with any one value replaced, or any piece of its text", () => {
  const damage = fc.record({
    at: fc.nat(TEXT.length - 1),
    length: fc.nat(60),
    put: fc.string({ maxLength: 20 }),
  });
  fc.assert(
    fc.property(damage, ({ at, length, put }) =>
      boardOrError(TEXT.slice(0, at) + put + TEXT.slice(at + length)),
    ),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.nat(200), fc.jsonValue(), (index, value) => {
      let left = index;
      const replaced = JSON.parse(TEXT, (_, old: unknown) => (left-- === 0 ? value : old)) as unknown;
      boardOrError(JSON.stringify(replaced) ?? "");
    }),
    { numRuns: 1000 },
  );
});
