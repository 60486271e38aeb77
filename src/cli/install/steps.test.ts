import assert from "node:assert/strict";
import { test } from "node:test";
import { fails, world } from "../testing.js";

async function told(...argv: string[]): Promise<string> {
  const made = world();
  assert.equal(await made.run("install", ...argv), 0, made.stderr.text);
  return made.stdout.text;
}

test("each way has the board's own facts: how it gets into the ROM bootloader, its chip, its image", async () => {
  const weact = await told("--board", "weact-ministm32h750");
  assert.match(weact, /hold the button BOOT0, press and release NRST/);
  assert.match(
    weact,
    /^ {4}dfu-util --device 0483:df11 --alt 0 --dfuse-address 0x08000000:leave --download \S+\/weact-ministm32h750\/imbootloader\.bin$/m,
  );
  assert.match(weact, /STM32_Programmer_CLI .* 0x08000000 -v -rst$/m);
  assert.match(weact, /st-flash --reset write \S+imbootloader\.bin 0x08000000$/m);
  assert.match(weact, /JLinkExe -device STM32H750VB /);
  assert.match(weact, /openocd -f interface\/stlink\.cfg -f target\/stm32h7x\.cfg -c 'program \{/);
  const daisy = await told("--board", "daisy-seed", "--probe", "jlink");
  assert.match(daisy, /JLinkExe -device STM32H750IB /);
  assert.doesNotMatch(daisy, /dfu-util|openocd/);
});

test("a board that keeps its first stage is refused, with IMSSBL's steps instead", async () => {
  await fails(
    world(),
    ["install", "--board", "sp-racing-h7-extreme"],
    1,
    /keeps the bootloader it came with[\s\S]*dfu-util .*0x90F90000:0x70000 .*imssbl[\s\S]*CFEXSTFW\.BIN/,
  );
});

test("the board must be named, the probe known, and its bootloader built", async () => {
  await fails(world(), ["install"], 2, /--board: expected the board/);
  await fails(
    world(),
    ["install", "--board", "emulated", "--probe", "bdm"],
    2,
    /--probe: expected one of dfu, stlink, jlink, openocd; found "bdm"/,
  );
});
