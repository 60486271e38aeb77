import assert from "node:assert/strict";
import { test } from "node:test";
import { loadBoard } from "../../boards/check.js";
import { completeBoard } from "../../boards/draft.js";
import { UsageError } from "../errors.js";
import type { CliIo } from "../io.js";
import { askBoard, Questions } from "./questions.js";

/** Somebody who types these lines, and then ends the input. */
function typing(lines: readonly string[]): { readonly io: CliIo; readonly said: string[] } {
  const said: string[] = [];
  const io = {
    stderr: { write: (text: string) => said.push(text) },
    readLines: (receiver: (line: string) => void, onEnd: () => void) => {
      for (const line of lines) receiver(line);
      onEnd();
      return () => {};
    },
  } as unknown as CliIo;
  return { io, said };
}

test("answers become a whole board; a wrong one is told with what is possible, and asked again", async () => {
  const { io, said } = typing([
    ...["Mine", "mine", "My board", ""],
    "W25Q64JV-IQ",
    "",
    ...["", "pb3", "PB10", "PD11", "PC10", "", "PD13"],
    ...["PA13", "PF1", "PC10", "PE3", "low"],
    ...["PC13", ""],
    ...["UART9", "USART1", "PA9", "PA10"],
  ]);
  const board = loadBoard(
    "mine.json",
    completeBoard(await askBoard(new Questions(io)), () => 0x80_0000),
  );
  assert.deepEqual(board.flash.pins.CLK, { pin: "PB2", af: 9 });
  assert.deepEqual(board.flash.pins.NCS, { pin: "PB10", af: 9 });
  assert.deepEqual(board.led, { pin: "PE3", activeHigh: false });
  assert.deepEqual(board.button, { pin: "PC13", activeHigh: true });
  assert.equal(board.console?.usart, "USART1");
  const text = said.join("");
  for (const told of [
    'expected 1 to 32 of a-z, 0-9 and -; found "Mine"',
    "pb3 does not carry QUADSPI_BK1_NCS or is taken; possible: PB6 (AF10), PB10 (AF9)",
    "expected a free pin, found PA13, which is SWDIO",
    "the package LQFP100 has no PF1",
    "expected a free pin, found PC10, which is taken already",
    'found "UART9"',
  ]) {
    assert.ok(text.includes(told), `${told}\n${text}`);
  }
});

test("the end of the input is told with the question that was open", async () => {
  const { io } = typing(["mine"]);
  await assert.rejects(
    askBoard(new Questions(io)),
    new UsageError('expected an answer to "title, for people", found the end of the input: give a DRAFT'),
  );
});
