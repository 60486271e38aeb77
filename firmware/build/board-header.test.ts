import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseBoard } from "../../src/boards/board.js";
import { boardHeader } from "./board-header.js";

const base = JSON.parse(readFileSync("boards/emulated.json", "utf8")) as Record<string, unknown>;

function headerOf(changes: Record<string, unknown>): string {
  return boardHeader(parseBoard("test.json", JSON.stringify({ ...base, ...changes })));
}

function macro(header: string, name: string): string | undefined {
  return new RegExp(`^#define ${name} (.*)$`, "m").exec(header)?.[1];
}

test("pins become port index, number and alternate function", () => {
  const header = headerOf({});
  assert.equal(macro(header, "BOARD_PIN_CLK"), "{ 1, 2, 9 }");
  assert.equal(macro(header, "BOARD_PIN_NCS"), "{ 1, 6, 10 }");
  assert.equal(macro(header, "BOARD_PIN_IO3"), "{ 3, 13, 9 }");
  assert.equal(macro(header, "BOARD_LED_PIN"), "{ 4, 3, 0 }");
});

test("the journal is the first reserved region", () => {
  const regions = {
    application: { address: "0x90100000", length: "0x100000" },
    journal: { address: "0x90FFC000", length: "0x4000" },
    reserved: [{ address: "0x90F80000", length: "0x10000" }],
  };
  const header = headerOf({ regions });
  assert.equal(macro(header, "BOARD_RESERVED_COUNT"), "2");
  assert.equal(
    macro(header, "BOARD_RESERVED"),
    "{ { 0x90FFC000u, 0x00004000u }, { 0x90F80000u, 0x00010000u } }",
  );
});

test("a title cannot break out of its string and stays printable", () => {
  assert.equal(macro(headerOf({ title: 'a "b" \\ ü' }), "BOARD_TITLE"), '"a \\"b\\" \\\\ ?"');
});

test("a board without a LED says so", () => {
  const header = headerOf({ led: undefined });
  assert.equal(macro(header, "BOARD_LED_PRESENT"), "0");
  assert.equal(macro(header, "BOARD_LED_PIN"), undefined);
});

test("an owner stands in the header only when there is one", () => {
  const board = parseBoard("test.json", JSON.stringify(base));
  assert.equal(macro(boardHeader(board), "BOARD_OWNER"), undefined);
  const owner = Uint8Array.from({ length: 32 }, (_, i) => i);
  const bytes = [...owner].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`);
  assert.equal(macro(boardHeader(board, owner), "BOARD_OWNER"), `{ ${bytes.join(", ")} }`);
});
