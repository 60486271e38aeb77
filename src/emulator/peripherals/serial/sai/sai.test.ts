import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_PIN, type PinSignal } from "../../../pin-signal.js";
import { RecordedLog } from "../../../test-log.js";
import { Timeline } from "../../../timeline.js";
import { pass, TestLine } from "../../test-kit.js";
import { compress, expand } from "./g711.js";
import { Sai } from "./sai.js";

const [A, B] = [0x04, 0x24];
const [CR1, CR2, FRCR, SLOTR, IM, SR, CLRFR, DR] = [0, 4, 8, 0xc, 0x10, 0x14, 0x18, 0x1c];
const [PDMCR, PDMDLY] = [0x44, 0x48];
const MASTER_TX = 0;
const MASTER_RX = 1;
const SLAVE_RX_INSIDE = 3 | (1 << 10);
const AC97 = 2 << 2;
const SPDIF = 1 << 2;
const DATA = { 8: 2 << 5, 16: 4 << 5, 20: 5 << 5, 32: 7 << 5 } as const;
const MONO = 1 << 12;
const SAIEN = 1 << 16;
const DMAEN = 1 << 17;
const NODIV = 1 << 19;
const FFLUSH = 1 << 3;
const MUTE = 1 << 5;
const MUTEVAL = 1 << 6;
const FLAGS = { OVRUDR: 1, MUTEDET: 2, WCKCFG: 4, FREQ: 8, CNRDY: 0x10 };
/** 1 MHz of SCK with NODIV = 1 and MCKDIV = 0. */
const BIT_NS = 1000;
/** Two slots of sixteen bits, FS with the first one. */
const STEREO = { frcr: 31 | (15 << 8), slotr: (1 << 6) | (1 << 8) | (3 << 16) };
const FRAME_NS = 32 * BIT_NS;
/** Before the first frame. */
const LEAD_NS = 2 * BIT_NS;

function rig() {
  const timeline = new Timeline();
  const interrupt = new TestLine();
  let asked = false;
  const request = {
    set: (on: boolean): void => {
      asked = on;
    },
    pulse: (): void => {},
  };
  /** What something outside gives to SD of each block, and to SAI_D1. */
  const given: Record<string, boolean | undefined> = {};
  const pin = (name: string, watched: boolean, driven?: () => boolean | undefined): PinSignal => ({
    ...NO_PIN,
    watched,
    get driven() {
      return driven?.() ?? given[name];
    },
  });
  let looped = false;
  let hz = 1e9 / BIT_NS;
  const sai: Sai = new Sai({
    name: "SAI1",
    log: new RecordedLog(),
    timeline,
    interrupt,
    clocked: () => true,
    kernelHz: { A: () => hz, B: () => hz },
    requests: { A: request, B: { set: () => {}, pulse: () => {} } },
    pins: {
      A: { SD: pin("A", false), SCK: NO_PIN, FS: NO_PIN, MCLK: NO_PIN },
      B: {
        SD: {
          ...NO_PIN,
          get watched() {
            return looped;
          },
          get driven() {
            return looped ? sai.output("A", "SD") : given["B"];
          },
        },
        SCK: NO_PIN,
        FS: NO_PIN,
        MCLK: NO_PIN,
      },
    },
    microphones: { data: [pin("D1", true)], clocks: [NO_PIN, NO_PIN] },
  });
  const block = (at: number) => ({
    set: (register: number, value: number): void => sai.write(at + register, 4, value >>> 0),
    get: (register: number): number => sai.read(at + register, 4),
    stereo: (): void => {
      sai.write(at + FRCR, 4, STEREO.frcr);
      sai.write(at + SLOTR, 4, STEREO.slotr);
    },
    send: (...words: number[]): void => {
      for (const word of words) sai.write(at + DR, 4, word);
    },
    take: (count: number): number[] => Array.from({ length: count }, () => sai.read(at + DR, 4)),
    get level(): number {
      return (sai.read(at + SR, 4) >>> 16) & 7;
    },
  });
  return {
    sai,
    interrupt,
    given,
    a: block(A),
    b: block(B),
    wait: (ns: number): void => pass(timeline, ns),
    asked: (): boolean => asked,
    /** The kernel clock is so many times as fast as at first. */
    clock: (times: number): void => {
      hz = (times * 1e9) / BIT_NS;
      sai.clockChanged();
    },
    /** What A sends, B receives. */
    loop: (): void => {
      looped = true;
    },
  };
}

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

test("companding: eight bits of each sample go over the line, whatever DS says", () => {
  for (const [comp, samples] of [
    [2, [0x1234, 0x3f00, 0]],
    [3, [0x0834, 0x1f00, 1]],
  ] as const) {
    const law = comp === 2 ? "mu" : "a";
    const made = rig();
    const { a, b, loop, wait } = made;
    loop();
    for (const each of [a, b]) {
      each.set(FRCR, 23);
      each.set(SLOTR, (2 << 8) | (7 << 16));
      each.set(CR2, (comp << 14) | (1 << 13));
    }
    b.set(CR1, SLAVE_RX_INSIDE | DATA[16] | SAIEN);
    a.send(...samples);
    a.set(CR1, MASTER_TX | DATA[16] | NODIV | SAIEN);
    wait(LEAD_NS + 24 * BIT_NS);
    const twos = true;
    const codes = samples.map((sample) => compress(sample, { law, twos }));
    assert.deepEqual(
      b.take(3),
      codes.map((code) => expand(code, { law, twos })),
    );
  }
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

test("SPDIF: preambles, data with V, U and C, parity, and a block of 192 frames", () => {
  const { a, sai, wait } = rig();
  a.set(CR1, SPDIF | NODIV | SAIEN);
  const words = [0x123456, 0x5fe_dcba];
  const subframe = (): string => {
    let levels = "";
    for (let half = 0; half < 64; half++) {
      levels += sai.output("A", "SD") === true ? "1" : "0";
      wait(BIT_NS);
    }
    return levels;
  };
  a.send(...words);
  wait(LEAD_NS + 1);
  let line = "0";
  for (let frame = 0; frame < 193; frame++) {
    for (const [channel, word] of words.entries()) {
      const levels = subframe();
      a.send(word);
      const inverted = line.at(-1) === "1";
      const preamble = channel === 1 ? "11100100" : frame % 192 === 0 ? "11101000" : "11100010";
      assert.equal(levels.slice(0, 8), inverted ? flip(preamble) : preamble, `frame ${frame}`);
      line = levels;
      const bits = symbols(levels);
      assert.equal(
        bits.slice(0, 27).reduce((sum, bit, at) => sum + bit * 2 ** at, 0),
        word,
      );
      assert.equal(bits.reduce((sum, bit) => sum + bit, 0) % 2, 0, "even parity");
    }
  }
  assert.equal(a.get(SR) & FLAGS.OVRUDR, 0);
  assert.equal(sai.output("A", "SCK"), undefined);
});

const flip = (levels: string): string => [...levels].map((level) => (level === "1" ? "0" : "1")).join("");

/** Bits behind the preamble; each begins with an edge. */
function symbols(levels: string): number[] {
  const bits: number[] = [];
  for (let at = 8; at < 64; at += 2) {
    assert.notEqual(levels[at], levels[at - 1], `edge at ${at}`);
    bits.push(levels[at] === levels[at + 1] ? 0 : 1);
  }
  return bits;
}

test("AC'97: a tag and twelve slots in 256 bits, FS a bit ahead; a codec that is not ready is told and not listened to", () => {
  const { a, b, sai, loop, wait } = rig();
  loop();
  b.set(CR1, SLAVE_RX_INSIDE | AC97 | DATA[20] | SAIEN);
  const data = Array.from({ length: 12 }, (_, at) => 0xf_ffff - 0x12345 * at);
  const sent = [0x7804, ...data, 0xf804, ...data, 0x8000];
  const received: number[] = [];
  a.send(...sent.splice(0, 4));
  a.set(CR1, MASTER_TX | AC97 | DATA[20] | NODIV | SAIEN);
  let sync = "";
  wait(BIT_NS + 1);
  const frame = (): void => {
    sync = "";
    for (let bit = 0; bit < 256; bit++) {
      sync += sai.output("A", "FS") === true ? "1" : "0";
      wait(BIT_NS);
      if (a.level < 3) a.send(...sent.splice(0, 1));
      if (b.level > 0) received.push(...b.take(1));
    }
  };
  frame();
  assert.equal(sync, `${"1".repeat(16)}${"0".repeat(240)}`);
  assert.equal(b.get(SR) & FLAGS.CNRDY, FLAGS.CNRDY);
  assert.equal(received.length, 0);
  b.set(CLRFR, FLAGS.CNRDY);
  frame();
  wait(BIT_NS);
  received.push(...b.take(1));
  assert.deepEqual(received, [0xf800, ...data], "bit 2 of the tag is reserved");
  assert.equal(b.get(SR) & FLAGS.CNRDY, 0);
});

test("PDM: a byte of each microphone in a frame, left and right from both edges of their clock, delayed as PDMDLY says", () => {
  const { a, sai, given, wait } = rig();
  sai.write(PDMCR, 4, 1 | (1 << 8));
  sai.write(PDMDLY, 4, 2 << 4);
  a.set(FRCR, 15);
  a.set(SLOTR, (1 << 8) | (3 << 16));
  a.set(CR1, MASTER_RX | DATA[8] | NODIV | SAIEN);
  const [left, right] = ["0101100111110000", "1110001001010101"];
  let clock = "";
  wait(LEAD_NS - 1);
  for (let period = 0; period < 16; period++) {
    given["D1"] = left[period] === "1";
    wait(BIT_NS);
    clock += sai.microphoneClock(1) === true ? "1" : "0";
    given["D1"] = right[period] === "1";
    wait(BIT_NS);
    clock += sai.microphoneClock(1) === true ? "1" : "0";
  }
  wait(32 * BIT_NS);
  assert.equal(clock, "10".repeat(16));
  assert.equal(sai.microphoneClock(2), undefined);
  const delayed = `00${right}`;
  assert.deepEqual(a.take(8), [
    ...[0, 0, 0, 0],
    ...[0, 8].flatMap((at) => [
      Number.parseInt(left.slice(at, at + 8), 2),
      Number.parseInt(delayed.slice(at, at + 8), 2),
    ]),
  ]);
});
