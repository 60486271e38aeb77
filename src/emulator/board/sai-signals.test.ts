import assert from "node:assert/strict";
import { test } from "node:test";
import { wiredChip } from "./wired-chip.js";

const [SAI1, SAI4] = [0x4001_5800, 0x5800_5400];
const TIM2 = 0x4000_0000;
const [LPTIM3, LPTIM5] = [0x5800_2800, 0x5800_3000];
const [CR1, FRCR, SLOTR, DR] = [0x04, 0x0c, 0x10, 0x20];
const MASTER_RX = 1;
const BITS_16 = 4 << 5;
const SAIEN = 1 << 16;
const NODIV = 1 << 19;
/** 64 MHz by 32 by 32 bits: a frame is 16 us. */
const FRAME_NS = 16_000;
const I2S = { frcr: 31 | (15 << 8) | (1 << 16) | (1 << 18), slotr: (1 << 6) | (1 << 8) | (3 << 16) };

/** SAI1 and SAI4 are clocked by per_ck, HSI; so are LPTIM3 to LPTIM5 by their APB. */
function rig() {
  const made = wiredChip();
  const { write } = made;
  write(0x5802_4450, 4);
  write(0x5802_4458, (4 << 21) | (4 << 24));
  for (const sai of [SAI1, SAI4]) {
    write(sai + FRCR, I2S.frcr);
    write(sai + SLOTR, I2S.slotr);
  }
  const start = (sai: number, mode: number): void =>
    write(sai + CR1, mode | BITS_16 | (32 << 20) | NODIV | SAIEN);
  return { ...made, start };
}

test("TIM2 counts frames of SAI1 at its external trigger, also from the middle on", () => {
  const { read, write, wait, start } = rig();
  start(SAI1, MASTER_RX);
  wait(10.5 * FRAME_NS);
  // ETRSEL: SAI1_FS_A; external clock mode 2.
  write(TIM2 + 0x60, 4 << 14);
  write(TIM2 + 0x08, 1 << 14);
  write(TIM2, 1);
  wait(20 * FRAME_NS);
  assert.equal(read(TIM2 + 0x24), 20);
  // Block B's FS does not move.
  write(TIM2 + 0x60, 5 << 14);
  const before = read(TIM2 + 0x24);
  wait(5 * FRAME_NS);
  assert.equal(read(TIM2 + 0x24), before);
});

test("LPTIM5 starts with SAI4's first frame, LPTIM3 counts them", () => {
  const { read, write, wait, start } = rig();
  // TRIGSEL 3 is SAI4_FS_A; falling edge, as FS is active low.
  write(LPTIM5 + 0x0c, (3 << 13) | (2 << 17));
  write(LPTIM5 + 0x10, 1);
  write(LPTIM5 + 0x18, 0xffff);
  write(LPTIM5 + 0x10, 1 | 4);
  // COUNTMODE, IN1SEL 1 is SAI4_FS_A.
  write(LPTIM3 + 0x24, 1);
  write(LPTIM3 + 0x0c, 1 << 23);
  write(LPTIM3 + 0x10, 1);
  write(LPTIM3 + 0x18, 0xffff);
  write(LPTIM3 + 0x10, 1 | 4);
  start(SAI4, 0);
  wait(10 * FRAME_NS);
  assert.equal(read(LPTIM5 + 0x1c), 0, "no data, no frame");
  for (let word = 0; word < 8; word++) write(SAI4 + DR, word);
  wait(1_000 + 3 * FRAME_NS);
  assert.equal(read(LPTIM3 + 0x1c), 3);
  const count = read(LPTIM5 + 0x1c);
  assert.ok(count > 0 && read(LPTIM5) !== 0, `LPTIM5 runs: ${count}`);
});

test("SAI4's blocks have a kernel clock each", () => {
  const { read, write, wait, start } = rig();
  // SAI4ASEL: PLL1, which is off.
  write(0x5802_4458, 4 << 24);
  write(SAI4 + 0x20 + FRCR, I2S.frcr);
  write(SAI4 + 0x20 + SLOTR, I2S.slotr);
  for (const [source, frames] of [
    [1, 0],
    [2, 10],
  ] as const) {
    write(LPTIM3 + 0x24, source);
    write(LPTIM3 + 0x0c, 1 << 23);
    write(LPTIM3 + 0x10, 1);
    write(LPTIM3 + 0x18, 0xffff);
    write(LPTIM3 + 0x10, 1 | 4);
    start(SAI4 + 0x20 * (source - 1), MASTER_RX);
    wait(1_000 + 10 * FRAME_NS);
    assert.equal(read(LPTIM3 + 0x1c), frames);
    write(LPTIM3 + 0x10, 0);
  }
});
