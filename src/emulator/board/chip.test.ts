import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseBoard } from "../../boards/board.js";
import { BusFault } from "../bus.js";
import type { EmulatedBoardOptions } from "./board-options.js";
import { EmulatedBoard } from "./emulated-board.js";

function rig(options: Partial<EmulatedBoardOptions> = {}) {
  const file = "boards/weact-ministm32h750.json";
  const messages: string[] = [];
  const board = new EmulatedBoard({
    board: parseBoard(file, readFileSync(file, "utf8")),
    random: () => 0.5,
    onMessage: (message) => messages.push(message),
    ...options,
  });
  board.powerOn();
  return { board, bus: board.chip.bus, messages };
}

test("the trace components take what a program sets up for SWO", () => {
  const { bus } = rig();
  for (const base of [0x5c00_3000, 0x5c00_4000]) bus.write(base + 0xfb0, 4, 0xc5ac_ce55);
  bus.write(0x5c00_3010, 4, 199);
  bus.write(0x5c00_4000, 4, 0x301);
  assert.deepEqual([bus.read(0x5c00_3010, 4), bus.read(0x5c00_4000, 4)], [199, 0x301]);
});

test("a probe at SWO hears lines by stimulus port 0, also behind a reset; without it a program switches trace on", () => {
  const heard: string[] = [];
  const say = ({ bus }: ReturnType<typeof rig>, text: string): void => {
    for (const character of text) bus.write(0xe000_0000, 1, character.charCodeAt(0));
    bus.write(0xe000_0004, 1, 0x58);
  };
  const onSwo = (line: string): void => void heard.push(line);
  const listening = rig({ onSwo, swoProbe: true });
  say(listening, "one\r\ntwo\nthr");
  listening.board.pressReset();
  listening.board.advance(1e6);
  say(listening, "ee\n");
  assert.deepEqual(heard, ["one", "two", "three"]);
  const alone = rig({ onSwo });
  say(alone, "lost\n");
  for (const [address, value] of [
    [0xe000_edfc, 1 << 24],
    [0xe000_0e00, 1],
    [0xe000_0e80, 0x1_000d],
  ] as const)
    alone.bus.write(address, 4, value);
  alone.bus.write(0xe000_0000, 4, 0x0a34_3332);
  assert.deepEqual(heard.slice(3), ["234"]);
});

test("SRAM1 to SRAM3 answer while anything of domain D2 has its clock, else with a bus error", () => {
  const { bus } = rig();
  for (const address of [0x3000_0000, 0x3002_0000, 0x3004_0000, 0x1000_0000]) {
    assert.throws(() => bus.write(address, 4, 1), BusFault);
    assert.throws(() => bus.read(address, 4), BusFault);
  }
  const usart1 = 1 << 4;
  bus.write(0x5802_44f0, 4, usart1);
  bus.write(0x3000_0000, 4, 0x1234);
  bus.write(0x3004_0000, 4, 0x5678);
  assert.deepEqual([bus.read(0x1000_0000, 4), bus.read(0x3004_0000, 4)], [0x1234, 0x5678]);
  bus.write(0x5802_44f0, 4, 0);
  assert.throws(() => bus.read(0x3000_0000, 4), BusFault);
  bus.write(0x5802_44dc, 4, 1 << 29);
  assert.equal(bus.read(0x3000_0000, 4), 0x1234);
});

test("the message RAM of FDCAN keeps what is written once its clock runs", () => {
  const { bus, messages } = rig();
  bus.write(0x4000_ac00, 4, 0x1234_5678);
  assert.equal(bus.read(0x4000_ac00, 4), 0);
  assert.ok(messages.some((message) => message.includes("FDCAN message RAM: access while its clock is off")));
  bus.write(0x5802_44ec, 4, 1 << 8);
  bus.write(0x4000_ac00, 4, 0x1234_5678);
  bus.write(0x4000_d3fc, 4, 0x9abc_def0);
  assert.equal(bus.read(0x4000_ac00, 4), 0x1234_5678);
  assert.equal(bus.read(0x4000_d3fc, 4), 0x9abc_def0);
});

test("the first edge of a pin that EXTI was turned to is seen, whatever the pin before it had", () => {
  const { bus, board } = rig();
  const pending = () => bus.read(0x5800_0088, 4) & (1 << 13);
  // PA13, which EXTI looks at after a reset, is SWDIO and pulled up.
  bus.write(0x5802_44e0, 4, 0b111);
  bus.write(0x5802_44f4, 4, 1 << 1);
  bus.write(0x5802_0800, 4, 0xf3ff_ffff);
  bus.write(0x5800_0414, 4, 2 << 4);
  bus.write(0x5800_0000, 4, 1 << 13);
  bus.write(0x5800_0080, 4, 1 << 13);
  assert.equal(pending(), 0);
  board.pressButton();
  assert.equal(pending(), 1 << 13);
});
