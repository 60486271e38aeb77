import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EmulatedBoard } from "../../emulator/board/emulated-board.js";
import { readBoard } from "../board-files.js";
import { formatStoredBoard, parseStoredBoard, type StoredBoard, StoredBoardError } from "./stored-board.js";

const INTERNAL_BYTES = 0x2_0000;

function stored(): StoredBoard {
  const board = new EmulatedBoard({ board: readBoard("emulated"), random: () => 0.5, onMessage: () => {} });
  const { internal, ...state } = board.save();
  const { uniqueId, externalRegisters, backup } = state;
  return {
    uniqueId,
    internal: { programmed: internal.cells.programmed, broken: internal.cells.broken },
    options: internal.options,
    externalRegisters,
    backup,
    installed: "0123456789abcdef".repeat(4),
  };
}

function parses(text: string): boolean {
  try {
    parseStoredBoard("emulated", text, INTERNAL_BYTES);
    return true;
  } catch (error) {
    assert.ok(error instanceof StoredBoardError, String(error));
    return false;
  }
}

test("what was written is read", () => {
  const board = stored();
  assert.deepEqual(parseStoredBoard("emulated", formatStoredBoard("emulated", board), INTERNAL_BYTES), board);
});

test("anything else is refused with a place and what was expected there", () => {
  const text = formatStoredBoard("emulated", stored());
  const expect = (damaged: string, message: string) =>
    assert.throws(() => parseStoredBoard("emulated", damaged, INTERNAL_BYTES), {
      name: "StoredBoardError",
      message,
    });
  expect("null", "the file: expected an object, found null");
  expect(text.replace('"format": 1', '"format": 2'), "format: expected 1, found 2");
  expect(
    text.replace('"emulated"', '"art-pi"'),
    'board: expected the state of board "emulated", found "art-pi"',
  );
  expect(
    text.replace(/"uniqueId": "\w\w/, '"uniqueId": "'),
    `uniqueId: expected 24 hexadecimal digits, found "${"80".repeat(11)}"`,
  );
  expect(
    text.replace(/"installed": "\w\w/, '"installed": "'),
    `installed: expected 64 hexadecimal digits, found "${"23456789abcdef01".repeat(4).slice(0, 59)}`,
  );
  expect(
    text.replace(/"bdcr": \d+/, '"bdcr": -1'),
    "backup.bdcr: expected a whole number up to 4294967295, found -1",
  );
});

test("no text, no JSON value and no damaged file gives anything but a result or our error", () => {
  const text = formatStoredBoard("emulated", stored());
  const damage = fc.record({
    at: fc.nat(text.length - 1),
    length: fc.nat(40),
    put: fc.string({ maxLength: 12 }),
  });
  fc.assert(fc.property(fc.string(), (noise) => !parses(noise)));
  fc.assert(fc.property(fc.json(), (json) => !parses(json)));
  fc.assert(
    fc.property(damage, ({ at, length, put }) => {
      parses(text.slice(0, at) + put + text.slice(at + length));
    }),
    { numRuns: 500 },
  );
});
