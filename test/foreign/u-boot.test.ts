/** A program that was not written for this project runs from external flash: flashed, started, typed at. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { BASE, Bench, bin } from "../system/kit.js";
import { uBootImage } from "./u-boot.js";

test("U-Boot for the ART-Pi is flashed, runs from external flash in SDRAM, and reads its own image right", async () => {
  const image = uBootImage(BASE);
  const bench = new Bench({ name: "art-pi" }).start();
  await bench.flashAndBoot(bin(image));
  assert.match(bench.waitConsole(/^U-Boot \d{4}\.\d\d/), /^U-Boot/);
  bench.waitConsole(/^Model: RT-Thread STM32H750/);
  bench.waitConsole(/^DRAM: +32 MiB/);
  bench.waitConsole(/^Hit SPACE in/);
  bench.board.type(" ");
  const words = Math.floor(image.length / 4) * 4;
  bench.run(50);
  bench.board.type(`crc32 ${BASE.toString(16)} ${words.toString(16)}\r`);
  const right = crc32(image.subarray(0, words)).toString(16).padStart(8, "0");
  bench.waitConsole(new RegExp(`==> ${right}`));
  bench.board.type("coninfo\r");
  bench.waitConsole(/serial@40004c00/);
  const faults = bench.messages.filter((message) => /fault|lockup|not modelled/i.test(message));
  assert.deepEqual(faults, []);
});
