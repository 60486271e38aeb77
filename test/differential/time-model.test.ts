/** The model's time and strict caches change when things happen, not what: compiled programs compute the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CortexM7Options } from "../../src/emulator/cpu/core-options.js";
import { CODE_BASE, Machine } from "./machines.js";
import { compile } from "./programs.js";

const CACR = 0xe000ef9c;
const FORCEWT = 1 << 2;
const CCR = 0xe000ed14;
const CACHES = 3 << 16;
const MAX_CYCLES = 1e9;

/** Memory is always current: the host reads what the program writes there. */
function run(program: Uint8Array, options: Partial<CortexM7Options>): Machine {
  const machine = new Machine([{ address: CODE_BASE, bytes: program }], "interpreter", undefined, options);
  machine.cpu.bus.write(CACR, 4, FORCEWT);
  machine.cpu.bus.write(CCR, 4, machine.cpu.bus.read(CCR, 4) | CACHES);
  while (!machine.ended) {
    assert.ok(machine.cycles < MAX_CYCLES, "the program does not end");
    machine.turn();
  }
  return machine;
}

test("programs compute the same in the model's time, with and without strict caches", () => {
  const busTiming = { read: (_: number, bytes: number) => 5 + bytes / 8, write: () => 4 };
  for (const options of [
    ["-O2", "-mfloat-abi=hard", "-mfpu=fpv5-d16"],
    ["-Os", "-mfloat-abi=soft"],
  ]) {
    const program = compile(options);
    const plain = run(program, {});
    const timed = run(program, { busTiming });
    const strict = run(program, { busTiming, strictCaches: true });
    assert.deepEqual(timed.output, plain.output);
    assert.deepEqual(strict.output, plain.output);
    assert.equal(strict.cycles, timed.cycles, "strict caches cost what transparent ones do");
    assert.notEqual(timed.cycles, plain.cycles);
  }
});
