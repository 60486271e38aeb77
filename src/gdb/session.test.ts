import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesToString, hexToBytes, textToHex, valueToHex } from "../rsp/text.js";
import { kindOfCommand } from "./server-kinds.js";
import { Bench, ENTRY } from "./testing/fake-probe.js";

const WORD_REQUEST = "M58004050,4:534d464c";
const console_ = (packets: readonly string[]): string =>
  packets
    .filter((packet) => /^O([0-9a-f]{2})*$/.test(packet))
    .map((packet) => bytesToString(hexToBytes(packet.slice(1)) ?? new Uint8Array(0)))
    .join("");
const monitor = (line: string): string => `qRcmd,${textToHex(line)}`;

/** A program of 512 bytes with a vector table, as GDB's load sends it. */
function program(address = 0x9010_0000, entry = ENTRY): string[] {
  const bytes = new Uint8Array(512).fill(0x11);
  new DataView(bytes.buffer).setUint32(0, 0x2002_0000, true);
  new DataView(bytes.buffer).setUint32(4, entry + 1, true);
  const at = address.toString(16);
  return [`vFlashErase:${at},1000`, `vFlashWrite:${at}:${bytesToString(bytes)}`, "vFlashDone"];
}

test("features: the smaller packet, our memory map, nothing that would change the order of answers", async () => {
  const bench = new Bench();
  const [answer = ""] = await bench.ask("qSupported:multiprocess+;swbreak+;xmlRegisters=arm");
  assert.equal(bench.probe.asked[0], "qSupported:swbreak+;xmlRegisters=arm");
  assert.deepEqual(answer.split(";"), [
    "PacketSize=1000",
    "qXfer:features:read+",
    "QStartNoAckMode+",
    "qXfer:memory-map:read+",
  ]);
  assert.deepEqual(await bench.ask("QStartNoAckMode", "Hg0", "?"), ["OK", "OK", "T05thread:1;"]);
});

test("the memory map is ours and covers every address once; the probe is not asked for its own", async () => {
  const bench = new Bench();
  const [map = ""] = await bench.ask("qXfer:memory-map:read::0,2000");
  assert.equal(bench.probe.asked.length, 0);
  const ranges = [...map.matchAll(/type="(\w+)" start="0x(\w+)" length="0x(\w+)"/g)].map(
    ([, kind, start, length]) => ({
      kind,
      start: Number.parseInt(start ?? "", 16),
      length: Number.parseInt(length ?? "", 16),
    }),
  );
  let end = 0;
  for (const { start, length } of ranges) {
    assert.equal(start, end);
    end = start + length;
  }
  assert.equal(end, 2 ** 32);
  const flashes = ranges.filter(({ kind }) => kind === "flash").map(({ start, length }) => [start, length]);
  assert.deepEqual(flashes, [
    [0x0800_0000, 0x2_0000],
    [0x9000_0000, 0x100_0000],
  ]);
});

test("load: request, reset, breakpoint, run, and only then USB; the core then stands at the new program", async () => {
  const bench = new Bench();
  assert.deepEqual(await bench.ask(...program()), ["OK", "OK"], "the answer has to wait for the flashing");
  const said = bench.probe.asked;
  const order = [WORD_REQUEST, monitor("reset halt"), `Z1,${ENTRY.toString(16)},2`, "c"].map((packet) =>
    said.indexOf(packet),
  );
  assert.ok(order[0] !== -1 && order.every((at, n) => n === 0 || at > (order[n - 1] ?? 0)), said.join("\n"));
  assert.ok(said.indexOf("M580244f4,4:00000100") < (order[0] ?? 0), "the backup domain is opened first");
  assert.equal(bench.images[0]?.address, 0x9010_0000);
  assert.equal(bench.images[0]?.image.segments[0]?.bytes.length, 512);

  bench.flashings[0]?.finish();
  bench.probe.stopAt(ENTRY);
  await bench.settled();
  assert.equal(bench.got.at(-1), "OK");
  assert.equal(said.at(-1), `z1,${ENTRY.toString(16)},2`);
  assert.equal(console_(bench.got), "", "GDB takes no text while it waits for vFlashDone");
  const monitored = await bench.ask(monitor("reset halt"));
  assert.match(console_(monitored), /^imflasher: 512 bytes at 0x90100000 verified: 4096 erased/);
});

test("load is refused before the board is touched: over the bootloader, no vector table, beyond the chip", async () => {
  for (const [packets, why] of [
    [["vFlashErase:8000000,20000"], /linked over the bootloader.*nothing was erased/],
    [program(0x9010_0000, 0x2000_0000), /no program begins at 0x90100000/],
    [program(0x9010_0100), /no program begins at 0x90100100/],
    [["vFlashErase:90fff000,2000"], /beyond the flash chip/],
    [["vFlashWrite:90200000:abc"], /was not erased before/],
  ] as const) {
    const bench = new Bench();
    const answers = await bench.ask(...packets);
    assert.match(answers.at(-1) ?? "", /^E\.imflasher\. /);
    assert.match(bench.notes.join("\n"), why);
    assert.deepEqual(bench.probe.asked, []);
    assert.equal(bench.images.length, 0);
  }
  const allowed = new Bench({ internalFlash: true });
  await allowed.ask("vFlashErase:8000000,20000");
  assert.deepEqual(allowed.probe.asked, ["vFlashErase:8000000,20000"]);
});

test("a flashing that fails: the core is stopped, the breakpoint taken away, the reason told as soon as GDB listens", async () => {
  const bench = new Bench();
  await bench.ask(...program());
  bench.flashings[0]?.fail(new Error("denied: board X"));
  await bench.settled();
  assert.match(bench.got.at(-1) ?? "", /^E\.imflasher\. denied: board X$/);
  assert.deepEqual(bench.probe.asked.slice(-2), ["!", `z1,${ENTRY.toString(16)},2`]);
  assert.deepEqual(bench.notes.slice(-1), ["denied: board X"]);
  const [text, ...others] = await bench.ask("vCont;c");
  assert.equal(console_([text ?? ""]), "denied: board X\n");
  assert.ok(!others.includes("OK"));
});

test("a core that stops elsewhere ends the flashing; one that never comes to the program is stopped and told", async () => {
  const bench = new Bench();
  await bench.ask(...program());
  bench.probe.stopAt(0x0800_1234);
  await bench.settled();
  assert.equal(bench.flashings[0]?.cancelled, true);
  assert.match(bench.notes.at(-1) ?? "", /the core stopped at 0x08001234 while/);

  const silent = new Bench();
  await silent.ask(...program());
  silent.flashings[0]?.finish();
  await silent.settled();
  silent.alarm();
  await silent.settled();
  assert.match(silent.notes.at(-1) ?? "", /did not start: expected the core at 0x90100200/);
  assert.equal(silent.probe.asked.at(-1), `z1,${ENTRY.toString(16)},2`);
});

test("monitor reset goes through the bootloader to the program, whatever the server calls a reset", async () => {
  const bench = new Bench();
  bench.probe.monitors = ["reset"];
  bench.map(0x9010_0000);
  const answers = bench.ask(monitor("reset"));
  await bench.settled();
  assert.ok(bench.probe.asked.includes("M58004054,4:00001090"), "the address");
  assert.ok(bench.probe.asked.includes("M58004050,4:524d464c"), "the request to run it at once");
  bench.probe.stopAt(ENTRY);
  await answers;
  await bench.settled();
  assert.equal(bench.got.at(-1), "OK");
  assert.match(console_(bench.got), /restarted; stopped at the program's first instruction, 0x90100200/);
  assert.doesNotMatch(console_(bench.got), /unknown/, "what was tried in vain is no business of the user's");

  const other = new Bench({ kind: kindOfCommand("openocd -f x.cfg") });
  other.probe.monitors = ["reset run", "version"];
  assert.equal((await other.ask(monitor("reset run"))).at(-1), "OK");
  assert.deepEqual(other.probe.asked, [monitor("reset run")]);
});

test("monitor reset of a board without a program ends at the bootloader's first instruction, and is no failure", async () => {
  const bench = new Bench();
  await bench.ask(monitor("reset halt"));
  assert.equal(bench.probe.running, true, "the bootloader gets its chance to start one");
  bench.alarm();
  await bench.settled();
  assert.equal(bench.got.at(-1), "OK");
  assert.equal(bench.probe.asked.filter((packet) => packet === monitor("reset halt")).length, 2);
  assert.equal(bench.probe.pc, 0x0800_0000);
  assert.match(console_(bench.got), /bootloader's first instruction: the board has no program/);
});

test("breakpoints in flash are hardware breakpoints; the ninth is refused in words; in RAM they stay what they are", async () => {
  const bench = new Bench();
  for (let n = 0; n < 8; n++) await bench.ask(`Z0,9010010${n.toString(16)},2`);
  assert.ok(bench.probe.asked.every((packet) => packet.startsWith("Z1,9010010")));
  assert.match((await bench.ask("Z1,90100200,2"))[0] ?? "", /^E\.imflasher\. all 8 hardware breakpoints/);
  assert.deepEqual(await bench.ask("Z0,24000000,2"), ["OK"]);
  assert.equal(bench.probe.asked.at(-1), "Z0,24000000,2");
  await bench.ask("z0,90100100,2");
  assert.equal(bench.probe.asked.at(-1), "z1,90100100,2");
  assert.deepEqual(await bench.ask("Z0,90100200,2"), ["OK"]);
});

test("reads that would hang the bus do not reach it", async () => {
  const bench = new Bench();
  assert.deepEqual(await bench.ask("m90100000,10"), ["E0e"], "not mapped");
  assert.ok(!bench.probe.asked.includes("m90100000,10"));
  bench.map(0x9010_0000);
  assert.deepEqual(await bench.ask("m90ffffa0,60"), ["ff".repeat(0x60)]);
  assert.deepEqual(await bench.ask("m90ffff98,20"), [`${"a5".repeat(8)}${"ff".repeat(0x18)}`]);
  assert.equal(bench.probe.asked.at(-1), "m90ffff98,8");
  assert.deepEqual(await bench.ask("m90fffff0,20"), ["ff".repeat(16)], "no byte behind the chip's end");
  assert.deepEqual(await bench.ask("m91000000,4"), ["E0e"]);
  assert.deepEqual(await bench.ask("m24000000,8"), ["a5".repeat(8)]);
});

test("Ctrl-C reaches a program that runs; text of the probe's server reaches the console meanwhile", async () => {
  const bench = new Bench();
  assert.deepEqual(await bench.ask("vCont;c"), ["O"]);
  bench.probe.says("hello\n");
  bench.interrupt();
  await bench.settled();
  assert.equal(console_(bench.got), "hello\n");
  assert.equal(bench.got.at(-1), "T05thread:1;");
  bench.interrupt();
  assert.equal(bench.probe.asked.filter((packet) => packet === "!").length, 1, "no program, no Ctrl-C");
});

test("a probe's server that goes: GDB hears why at once, or with its next question, and is let go", async () => {
  const running = new Bench();
  await running.ask("vCont;c");
  running.upstream.ended("it closed the connection");
  await running.settled();
  assert.match(console_(running.got), /the connection to the probe's server at probe:1 is lost/);
  assert.equal(running.closed, true);

  const idle = new Bench();
  idle.upstream.ended("it closed the connection");
  assert.equal(idle.closed, false);
  assert.match((await idle.ask("g"))[0] ?? "", /^E\.imflasher\. the connection to the probe's server/);
  assert.equal(idle.closed, true);
  assert.equal(idle.notes.length, 1);

  const detached = new Bench();
  assert.deepEqual(await detached.ask("D"), ["OK"]);
  detached.upstream.ended("it closed the connection");
  assert.deepEqual([detached.closed, detached.notes], [true, []]);
});

test("GDB gone in the middle of a load: the flashing ends, the board is let go", async () => {
  const bench = new Bench();
  await bench.ask(...program());
  const over = bench.session.ended();
  await bench.settled();
  await over;
  assert.equal(bench.flashings[0]?.cancelled, true);
  assert.equal(bench.probe.asked.at(-1), "D");
  assert.equal(bench.probe.running, false);
  assert.notEqual(bench.upstream.lost, undefined);
});

test("a GDB that only looks may read, and neither load nor reset", async () => {
  const bench = new Bench();
  bench.controls = false;
  bench.map(0x9010_0000);
  assert.match((await bench.ask("vFlashErase:90100000,1000"))[0] ?? "", /another GDB controls the board/);
  assert.match((await bench.ask(monitor("reset"))).at(-1) ?? "", /another GDB controls the board/);
  assert.deepEqual(await bench.ask("m90100004,4"), [valueToHex(ENTRY + 1, 4)]);
});
