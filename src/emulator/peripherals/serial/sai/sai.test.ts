import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BIT_NS,
  CLRFR,
  CR1,
  CR2,
  DATA,
  DMAEN,
  FFLUSH,
  FLAGS,
  FRAME_NS,
  FRCR,
  IM,
  LEAD_NS,
  MASTER_RX,
  MASTER_TX,
  MONO,
  MUTE,
  MUTEVAL,
  NODIV,
  rig,
  SAIEN,
  SLAVE_RX_INSIDE,
  SR,
} from "./sai-rig.js";

/** A sends stereo frames to B. */
function pair(first: { cr2a?: number; cr1?: number; cr2b?: number; cr1b?: number } = {}) {
  const made = rig();
  const { a, b, loop } = made;
  loop();
  a.stereo();
  b.stereo();
  a.set(CR2, first.cr2a ?? 0);
  b.set(CR2, first.cr2b ?? 0);
  b.set(CR1, SLAVE_RX_INSIDE | DATA[16] | (first.cr1b ?? 0) | SAIEN);
  const start = (...words: number[]): void => {
    a.send(...words);
    a.set(CR1, MASTER_TX | DATA[16] | NODIV | (first.cr1 ?? 0) | SAIEN);
  };
  return { ...made, start };
}

test("a transmitter asks DMA for data before it is enabled, and again when a slot took it", () => {
  const { a, asked, wait } = rig();
  a.stereo();
  assert.equal(asked(), false);
  a.set(CR1, DATA[16] | NODIV | DMAEN);
  assert.equal(asked(), true);
  assert.equal(a.level, 0);
  a.send(0x1234);
  assert.equal(asked(), false);
  assert.equal(a.level, 1);
  a.set(CR1, DATA[16] | NODIV | DMAEN | SAIEN);
  wait(LEAD_NS);
  assert.equal(asked(), true);
  assert.equal(a.level, 0);
});

/** FREQ with each threshold. */
function requests({ set, get }: ReturnType<typeof rig>["a"]): string {
  let asks = "";
  for (let threshold = 0; threshold <= 4; threshold++) {
    set(CR2, threshold);
    asks += (get(SR) & FLAGS.FREQ) >> 3;
  }
  return asks;
}

test("FTH: quarters are counted as FLVL tells them, to a transmitter and to a receiver", () => {
  const { a, given, wait } = rig();
  const asks: string[] = [];
  const levels: number[] = [];
  for (let words = 0; words <= 8; words++) {
    levels.push(a.level);
    asks.push(requests(a));
    a.send(words);
  }
  assert.deepEqual(levels, [0, 1, 1, 2, 2, 3, 3, 4, 5]);
  assert.deepEqual(asks, ["11111", "01111", "01111", "00111", "00111", "00011", "00011", "00001", "00000"]);
  a.set(CR2, FFLUSH);
  assert.equal(a.level, 0);
  given["A"] = true;
  a.stereo();
  a.set(CR1, MASTER_RX | DATA[16] | NODIV | SAIEN);
  wait(LEAD_NS - 1);
  const received: string[] = [];
  for (let words = 0; words <= 8; words++) {
    received.push(`${a.level} ${requests(a)}`);
    wait(FRAME_NS / 2);
  }
  assert.deepEqual(received, [
    "0 00000",
    "1 10000",
    "2 11000",
    "2 11000",
    "3 11100",
    "3 11100",
    "4 11110",
    "4 11110",
    "5 11111",
  ]);
  assert.deepEqual(
    a.take(8),
    Array.from({ length: 8 }, () => 0xffff),
  );
});

test("frames of a transmitter begin with its first word; without a further one the slot is marked, and waits for its turn", () => {
  const { a, b, start, wait, interrupt } = pair();
  a.set(IM, FLAGS.OVRUDR);
  start();
  wait(10 * FRAME_NS);
  assert.equal(a.get(SR) & FLAGS.OVRUDR, 0);
  assert.equal(b.level, 0, "no frame without data");
  a.send(0x11, 0x22, 0x33);
  wait(LEAD_NS + 2 * FRAME_NS);
  assert.equal(interrupt.asserted, true);
  a.set(CLRFR, FLAGS.OVRUDR);
  assert.equal(interrupt.asserted, false);
  // In the first slot of a frame: what was not sent belongs to the second one.
  a.send(0x44, 0x55);
  wait(2 * FRAME_NS);
  assert.deepEqual(b.take(8), [0x11, 0x22, 0x33, 0, 0, 0x44, 0x55, 0]);
});

test("a slave that is enabled while its master has nothing to send begins with the master's next frame", () => {
  const { a, b, given, wait } = rig();
  given["B"] = true;
  a.stereo();
  b.stereo();
  a.send(1, 2);
  a.set(CR1, MASTER_TX | DATA[16] | NODIV | SAIEN);
  wait(LEAD_NS + 5.5 * FRAME_NS);
  assert.equal(a.get(SR) & FLAGS.OVRUDR, FLAGS.OVRUDR);
  b.set(CR1, SLAVE_RX_INSIDE | DATA[16] | SAIEN);
  wait(FRAME_NS);
  assert.equal(b.level, 1, "half a frame");
  wait(FRAME_NS / 2);
  assert.deepEqual(b.take(3), [0xffff, 0xffff, 0]);
  b.set(CR1, SLAVE_RX_INSIDE | DATA[16]);
  assert.equal(b.get(CR1) & SAIEN, SAIEN);
  wait(FRAME_NS);
  assert.equal(b.get(CR1) & SAIEN, 0);
  wait(3.5 * FRAME_NS);
  a.set(CR1, MASTER_TX | DATA[16] | NODIV);
  a.set(CR1, MASTER_TX | DATA[16] | NODIV | SAIEN);
  wait(FRAME_NS / 2 - 1);
  assert.equal(a.get(CR1) & SAIEN, SAIEN, "the frame goes on, though nothing has happened in it");
  wait(2);
  assert.equal(a.get(CR1) & SAIEN, 0);
});

test("a receiver that nobody reads drops words, and goes on with the slot that it lost", () => {
  const { a, b, start, wait } = pair();
  start(1, 2, 3, 4, 5, 6, 7, 8);
  wait(LEAD_NS + 3 * FRAME_NS);
  a.send(9, 10, 11, 12, 13, 14);
  wait(2 * FRAME_NS);
  assert.equal(b.get(SR) & FLAGS.OVRUDR, FLAGS.OVRUDR);
  assert.deepEqual(b.take(8), [1, 2, 3, 4, 5, 6, 7, 8]);
  wait(2 * FRAME_NS);
  assert.deepEqual(b.take(2), [11, 12]);
});

test("MUTE counts for whole frames: zeros, or what each slot had before; the FIFO empties all the same", () => {
  for (const [value, muted] of [
    [0, [0, 0]],
    [MUTEVAL, [1, 2]],
  ] as const) {
    const { a, b, start, wait } = pair({ cr2a: value });
    start(1, 2, 3, 4, 5, 6);
    wait(LEAD_NS + FRAME_NS / 4);
    a.set(CR2, MUTE | value);
    wait(FRAME_NS);
    a.set(CR2, value);
    wait(2 * FRAME_NS);
    assert.deepEqual(b.take(6), [1, 2, ...muted, 5, 6]);
  }
});

test("MUTEDET: so many frames of zeros in a row, told once, until something else comes", () => {
  const { a, b, start, wait } = pair({ cr2b: 3 << 7 });
  start(1, 2, 0, 0, 0, 0, 0, 0);
  wait(LEAD_NS + 3 * FRAME_NS);
  assert.equal(b.get(SR) & FLAGS.MUTEDET, 0);
  a.send(0, 0, 0, 0, 0, 7);
  wait(FRAME_NS);
  assert.equal(b.get(SR) & FLAGS.MUTEDET, FLAGS.MUTEDET);
  b.set(CLRFR, FLAGS.MUTEDET);
  wait(3 * FRAME_NS);
  assert.equal(b.get(SR) & FLAGS.MUTEDET, 0);
});

test("MONO sends each word in both slots, and stores the first slot alone", () => {
  const sender = pair({ cr1: MONO });
  sender.start(5, 6);
  sender.wait(LEAD_NS + 2 * FRAME_NS);
  assert.deepEqual(sender.b.take(4), [5, 5, 6, 6]);
  const receiver = pair({ cr1b: MONO });
  receiver.start(5, 6, 7, 8);
  receiver.wait(LEAD_NS + 2 * FRAME_NS);
  assert.deepEqual(receiver.b.take(3), [5, 7, 0]);
});

test("a frame of a master with NODIV = 0 has a power of two of bits, or the block switches itself off", () => {
  const { a, interrupt } = rig();
  a.set(IM, FLAGS.WCKCFG);
  a.set(FRCR, 47);
  a.set(CR1, DATA[16] | SAIEN);
  assert.equal(a.get(CR1) & SAIEN, 0);
  assert.equal(a.get(SR) & FLAGS.WCKCFG, FLAGS.WCKCFG);
  assert.equal(interrupt.asserted, true);
  a.set(CLRFR, FLAGS.WCKCFG);
  assert.equal(interrupt.asserted, false);
  a.set(CR1, DATA[16] | NODIV | SAIEN);
  assert.equal(a.get(CR1) & SAIEN, SAIEN);
  a.set(CR1, DATA[16] | NODIV);
  assert.equal(a.get(CR1) & SAIEN, 0, "no frame was under way");
});

test("SAIEN stays until the frame is over; FRL, MCKDIV, NODIV and OSR make its length", () => {
  const osr = 1 << 26;
  for (const [cr1, periods] of [
    [NODIV, 32],
    [NODIV | (20 << 20), 32 * 20],
    [0, 256],
    [osr | (33 << 20), 512 * 33],
  ] as const) {
    const { a, wait } = rig();
    a.stereo();
    a.send(1, 2, 3, 4);
    a.set(CR1, DATA[16] | cr1 | SAIEN);
    const frame = periods * BIT_NS;
    wait(frame / 16 + frame / 2);
    a.set(CR1, DATA[16] | cr1);
    assert.equal(a.get(CR1) & SAIEN, SAIEN);
    wait(frame / 2 - BIT_NS);
    assert.equal(a.get(CR1) & SAIEN, SAIEN);
    wait(2 * BIT_NS);
    assert.equal(a.get(CR1) & SAIEN, 0);
    assert.equal(a.level, 1, "two words are left");
  }
});

test("a kernel clock that stops or changes stops or changes the frame where it is", () => {
  const { a, wait, clock } = rig();
  a.stereo();
  a.send(1, 2, 3, 4, 5, 6);
  a.set(CR1, DATA[16] | NODIV | SAIEN);
  wait(LEAD_NS + FRAME_NS / 4);
  assert.equal(a.level, 3);
  clock(0);
  wait(20 * FRAME_NS);
  assert.equal(a.level, 3);
  clock(2);
  wait(FRAME_NS / 8 - 1);
  assert.equal(a.level, 3);
  wait(2);
  assert.equal(a.level, 2);
  a.set(CR1, DATA[16] | NODIV);
  wait(FRAME_NS / 4);
  assert.equal(a.get(CR1) & SAIEN, 0);
});
