/** DBGMCU_CR: with the core's clock kept in Sleep, the DWT counts on (RM0433, chapter debug infrastructure). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pass } from "../peripherals/test-kit.js";
import { testChip } from "./test-chip.js";

const DBGMCU_CR = 0x5c00_1004;
const DBGSLEEP_D1 = 1 << 0;
const DBGSTOP_D1 = 1 << 1;
const DWT = 0xe000_1000;
const CYCCNT = DWT + 4;
const SLEEPCNT = DWT + 0x10;
const SLEEPEVTENA = 1 << 19;
/** Cycles of HSI in the time that passes. */
const ASLEEP = 64_000;

for (const [name, control, counts] of [
  ["nothing keeps", 0, false],
  ["DBGSTOP_D1, which is about Stop, keeps", DBGSTOP_D1, false],
  ["DBGSLEEP_D1 keeps", DBGSLEEP_D1, true],
] as const)
  test(`CYCCNT and SLEEPCNT ${counts ? "count" : "stand still"} in Sleep when ${name} the core's clock`, () => {
    const { chip, timeline, read, write } = testChip();
    write(DBGMCU_CR, control);
    write(0xe000_edfc, 1 << 24);
    write(DWT, SLEEPEVTENA | 1);
    chip.cpu.sleep(false);
    chip.lowPower.afterRun();
    pass(timeline, 1e6);
    assert.deepEqual([read(CYCCNT), read(SLEEPCNT)], counts ? [ASLEEP, ASLEEP & 0xff] : [0, 0]);
    chip.cpu.wake();
    pass(timeline, 1e3);
    assert.deepEqual([read(CYCCNT), read(SLEEPCNT)], counts ? [ASLEEP + 64, ASLEEP & 0xff] : [64, 0]);
  });
