/**
 * What debugging in external flash has to be: build, load, main, step, change a function, build, load, main, watchpoint,
 * restart, detach, over and over, with the compiler, the GDB and the OpenOCD that people have.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram } from "../../examples/build.js";
import { readBoard } from "../../src/cli/board-files.js";
import { ROOT } from "../tools/root.js";
import { continueToMain, type Desk, desk, ENTRY, freePort, load, openocdCommand } from "./debug-desk.js";

const ROUNDS = 10;
const SECTOR = 4096;
/** Bytes of the constant data that make the program larger than what an edit changes. */
const DATA_BYTES = 128 * 1024;
const EDITED = "seen % 4u";

/** A user's project: examples/blink, whose main an edit changes, and data behind it. */
class Project {
  readonly elf: string;
  readonly #folder: string;
  #bin: Uint8Array = new Uint8Array(0);

  constructor({ folder }: Desk) {
    this.#folder = folder;
    this.elf = join(folder, "program.elf");
    writeFileSync(
      join(folder, "data.c"),
      `__attribute__((section(".payload"), used)) static const unsigned char data[${DATA_BYTES}] = {1, 2, 3};\n`,
    );
  }

  /** @param every how many ticks there are to a line on the console. @returns bytes of the sectors that differ */
  build(every: number): number {
    const source = readFileSync(join(ROOT, "examples", "blink", "main.c"), "utf8");
    assert.equal(source.split(EDITED).length, 2, `examples/blink/main.c has "${EDITED}" once`);
    const main = join(this.#folder, "main.c");
    writeFileSync(main, source.replace(EDITED, `seen % ${every}u`));
    const { elf, bin } = buildProgram(ROOT, readBoard("emulated"), [main, join(this.#folder, "data.c")]);
    writeFileSync(this.elf, elf);
    const before = this.#bin;
    this.#bin = bin;
    let changed = 0;
    for (let at = 0; at < bin.length; at += SECTOR) {
      const same = Buffer.compare(bin.subarray(at, at + SECTOR), before.subarray(at, at + SECTOR)) === 0;
      if (!same) changed += SECTOR;
    }
    return changed;
  }
}

/** Bytes that a load erased, programmed and left alone. */
function counts(said: string): readonly number[] {
  const found = /: (\d+) erased, (\d+) programmed, (\d+) were right already/.exec(said);
  assert.ok(found, said);
  return found.slice(1).map(Number);
}

test(`load, main, step, edit, load, main, watchpoint, restart, detach: ${ROUNDS} times, through real OpenOCD`, async (context) => {
  const at = await desk(context, "stlink", "");
  const port = await freePort();
  const middle = await at.middle("--spawn", openocdCommand(at, `gdb_port ${port}`), "--upstream", `:${port}`);
  const project = new Project(at);
  project.build(2);
  const gdb = at.gdb(project.elf);
  await gdb.do("-gdb-set mi-async on");
  await gdb.do("-gdb-set confirm off");
  for (let round = 0; round < ROUNDS; round++) {
    await gdb.do(`-target-select extended-remote :${middle.port}`);
    const [erasedAtFirst = 0, , right = 0] = counts(await load(middle, gdb));
    // From the second round on the board has what the last round left.
    assert.ok(round === 0 || (erasedAtFirst === 0 && right > DATA_BYTES), `round ${round}`);
    assert.match(await gdb.value("(void *)$pc"), ENTRY);
    await continueToMain(gdb);
    assert.match(await gdb.until("-exec-next"), /end-stepping-range.*func="main"/);
    assert.match(await gdb.until("-exec-step"), /end-stepping-range.*func="io_print_greeting"/);

    const changed = project.build(round % 2 === 0 ? 3 : 2);
    assert.equal(changed, SECTOR, "an edit in one function changes one sector");
    await gdb.do(`-file-exec-and-symbols ${project.elf}`);
    const [erased, programmed = 0, untouched = 0] = counts(await load(middle, gdb));
    assert.equal(erased, SECTOR);
    assert.ok(programmed > 0 && programmed <= SECTOR);
    assert.ok(untouched >= DATA_BYTES - SECTOR);
    await continueToMain(gdb);
    await gdb.do("-break-watch ticks");
    assert.match(await gdb.until("-exec-continue"), /watchpoint-trigger.*old="0",new="1"/);
    assert.match(await gdb.until("-exec-continue"), /watchpoint-trigger.*old="1",new="2"/);
    await gdb.do("-break-delete");

    await gdb.do("monitor reset halt");
    await gdb.do("maintenance flush register-cache");
    assert.match(await gdb.value("(void *)$pc"), ENTRY);
    await continueToMain(gdb);
    assert.equal(await gdb.value("ticks"), "0");
    const from = at.board.lines.length;
    await gdb.do("-target-detach");
    await at.board.line(/^console: blink 1$/, from);
  }
  const faults = at.board.lines.filter((line) => /fault|hangs on silicon|lockup/i.test(line));
  assert.deepEqual(faults, []);
});
