/** Three real bootloaders at once; the power of one goes in the middle: docs/manual.md, "flash". */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BoardRequest } from "../../src/cli/io.js";
import { boardIdFromUid } from "../../src/protocol/board-id.js";
import { boardTimers, EmulatedTransport } from "../../src/transport/emulated/transport.js";
import { commandLineIn } from "./command-line.js";
import { BASE, Bench, summing, WHOLE } from "./kit.js";

test("flash --all: the board whose power goes fails, and the others run their program", async () => {
  const program = summing(20_000, 5);
  let programs = 0;
  const benches = [1, 2, 3].map(
    (seed): Bench =>
      new Bench({
        seed,
        onFlashOperation: (kind) => {
          if (seed === 2 && kind === "program" && ++programs === 20) benches[1]?.board.powerOff();
        },
      }).start(),
  );
  const ids = benches.map(({ board }) => boardIdFromUid(board.uniqueId));
  const [first, ...others] = benches as [Bench, ...Bench[]];
  const connect = async ({ serial }: BoardRequest) => {
    const bench = benches[ids.indexOf(serial ?? "")] as Bench;
    const open = async () => new EmulatedTransport(`board ${serial}`, bench.board, await bench.port());
    return { timers: boardTimers(bench.board), open, close: async () => {} };
  };
  const listPorts = async () => ids.map((serial, index) => ({ path: `/dev/ttyACM${index}`, serial }));
  const files = { "program.bin": program };
  const command = commandLineIn(first, files, { connect, listPorts }, [
    "--json",
    "flash",
    "0x90100000",
    "program.bin",
    "--all",
  ]);
  const { code, stdout } = await others.reduce((job, bench) => bench.drive(job), command);
  assert.equal(code, 1, stdout);
  const objects = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const fates = objects.findLast(({ boards }) => boards !== undefined)?.["boards"] as Record<
    string,
    unknown
  >[];
  assert.deepEqual(
    fates.map(({ board, ok }) => [board, ok]),
    ids.map((id, index) => [id, index !== 1]),
  );
  assert.equal(fates[1]?.["error"], "LinkLostError");
  for (const bench of [benches[0], benches[2]] as Bench[]) {
    assert.deepEqual(bench.flash(BASE, program.length), program);
    bench.waitConsole(WHOLE, 5000);
  }
});
