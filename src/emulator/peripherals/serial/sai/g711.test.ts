import assert from "node:assert/strict";
import { test } from "node:test";
import { type Companding, compress, expand } from "./g711.js";

const MU: Companding = { law: "mu", twos: true };
const A: Companding = { law: "a", twos: true };

test("µ-law and A-law: codes of silence, of the loudest samples, and between", () => {
  // ITU-T G.711, tables 1a to 2b: character signals of decision and output values.
  for (const [sample, code] of [
    [0, 0xff],
    [8031, 0x80],
    [-8031, 0x00],
    [31, 0xef],
    [4191, 0x8f],
  ] as const) {
    assert.equal(compress(sample & 0x3fff, MU), code, `µ-law ${sample}`);
  }
  for (const [sample, code] of [
    [1, 0xd5],
    [-1, 0x55],
    [4032, 0xaa],
    [-4032, 0x2a],
    [33, 0xc5],
    [2112, 0xa5],
  ] as const) {
    assert.equal(compress(sample & 0x1fff, A), code, `A-law ${sample}`);
  }
});

test("every code comes back from its sample, in one's and in two's complement", () => {
  for (const law of ["mu", "a"] as const) {
    for (const twos of [true, false]) {
      for (let code = 0; code < 256; code++) {
        const back = compress(expand(code, { law, twos }), { law, twos });
        // µ-law has two zeros; in two's complement there is one.
        if (law === "mu" && twos && code === 0x7f) assert.equal(back, 0xff);
        else assert.equal(back, code, `${law} ${code}`);
      }
    }
  }
});
