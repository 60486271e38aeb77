/** Strict caches: guest programs that forget a maintenance operation see what they would see on the chip, and are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGuest, runGuest } from "../guest/guest.js";
import { Bench, bin, exampleFile, summing, WHOLE } from "./kit.js";

const program = compileGuest(["caches.c", "window.c"]);
const CASES = [
  {
    what: "DMA writes under the D-cache",
    seen: 0x01d0_1d01,
    told: /is read from a D-cache line that is older/,
  },
  {
    what: "DMA reads what is dirty in the D-cache",
    seen: 0x01d0_1d01,
    told: /MDMA reads .* still in the D-cache/,
  },
  { what: "a DMA buffer shares a dirty line", seen: undefined, told: /is written back over what DMA wrote/ },
  {
    what: "the flash chip changes under the D-cache",
    seen: 0xffff_ffff,
    told: /is read from a D-cache line/,
  },
  {
    what: "code is written and not cleaned",
    seen: 1,
    told: /an instruction fetch reads .* still in the D-cache/,
  },
  {
    what: "code is written under the I-cache",
    seen: 1,
    told: /is executed from an I-cache line that is older/,
  },
  { what: "the flash chip changes under the I-cache", seen: 255, told: /is executed from an I-cache line/ },
  { what: "DMA reads memory, shareable or not", seen: undefined, told: /MDMA reads .* still in the D-cache/ },
] as const;

for (const [number, { what, seen, told }] of CASES.entries()) {
  test(`${what}: right with its maintenance operation, wrong and told without`, () => {
    const mistakes = (messages: readonly string[]): string[] =>
      messages.filter((message) => /cache/.test(message) && message.includes("guest mistake"));

    const good = runGuest(program, { arguments: [number, 1], caches: "strict" });
    assert.equal(good.results[0], good.results[1]);
    assert.deepEqual(mistakes(good.messages), []);

    const bad = runGuest(program, { arguments: [number, 0], caches: "strict" });
    assert.notEqual(bad.results[0], bad.results[1]);
    if (seen !== undefined) assert.equal(bad.results[0], seen);
    assert.match(mistakes(bad.messages).join("\n"), told);

    const transparent = runGuest(program, { arguments: [number, 0] });
    assert.equal(transparent.results[0], transparent.results[1]);
  });
}

test("the bootloader and the examples run under strict caches in the model's time, with nothing to tell", async () => {
  const programs = [
    [summing(20_000, 3), WHOLE],
    [exampleFile("blink.bin"), /^blink: /],
    [exampleFile("measure.bin"), /^measure: done/],
  ] as const;
  for (const [program, printed] of programs) {
    const bench = new Bench({ caches: "strict", time: "model" }).start();
    await bench.flashAndBoot(bin(program));
    bench.waitConsole(printed);
    assert.deepEqual(
      bench.messages.filter((message) => /cache|mistake/i.test(message)),
      [],
    );
  }
});
