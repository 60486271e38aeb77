import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGuest, runGuest } from "../guest/guest.js";

const program = compileGuest(["quadspi_dma.c", "window.c"]);

for (const [first, name] of ["behind", "before"].entries()) {
  test(`MDMA serves QUADSPI's FIFO, enabled ${name} the command that starts it`, () => {
    const { results, board, messages } = runGuest(program, { arguments: [first] });
    assert.equal(results[0], results[1]);
    const written = Array.from({ length: 256 }, (_, index) => (index * 7 + 1) & 0xff);
    assert.deepEqual([...board.flashChip.content.subarray(0x3000, 0x3100)], written);
    assert.deepEqual(
      messages.filter((message) => /MDMA/.test(message)),
      [],
    );
  });
}
