import assert from "node:assert/strict";
import { test } from "node:test";
import { compress, expand } from "./g711.js";
import {
  AC97,
  BIT_NS,
  CLRFR,
  CR1,
  CR2,
  DATA,
  FLAGS,
  FRCR,
  LEAD_NS,
  MASTER_RX,
  MASTER_TX,
  NODIV,
  PDMCR,
  PDMDLY,
  rig,
  SAIEN,
  SLAVE_RX_INSIDE,
  SLOTR,
  SPDIF,
  SR,
} from "./sai-rig.js";

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
