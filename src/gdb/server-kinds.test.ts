import assert from "node:assert/strict";
import { test } from "node:test";
import { textToHex } from "../rsp/text.js";
import { kindOfCommand, kindOfFeatures, kindOfPort, UNKNOWN_KIND } from "./server-kinds.js";
import { Bench, ENTRY } from "./testing/fake-probe.js";

const monitor = (line: string): string => `qRcmd,${textToHex(line)}`;
const OPENOCD =
  "PacketSize=4000;qXfer:memory-map:read+;qXfer:features:read+;qXfer:threads:read+;QStartNoAckMode+;vContSupported+";
const PYOCD =
  "qXfer:features:read+;QStartNoAckMode+;qXfer:threads:read+;QNonStop+;PacketSize=800;qXfer:memory-map:read+";
const ST_UTIL = "PacketSize=3fff;qXfer:memory-map:read+;qXfer:features:read+";

test("a server is known by its command, its port and its answer to qSupported", () => {
  assert.equal(kindOfCommand("JLinkGDBServerCLExe -device STM32H750VB").name, "jlink");
  assert.equal(kindOfCommand("/opt/st/ST-LINK_gdbserver -p 61234").name, "stlink");
  assert.equal(kindOfCommand("pyocd gdbserver").name, "pyocd");
  assert.equal(kindOfCommand("my-own-server").name, "unknown");
  assert.equal(kindOfPort(4242).name, "st-util");
  assert.equal(kindOfPort(1).name, "unknown");
  assert.equal(kindOfFeatures(OPENOCD)?.name, "openocd");
  assert.equal(kindOfFeatures(PYOCD)?.name, "pyocd");
  assert.equal(kindOfFeatures(ST_UTIL)?.name, "st-util");
  assert.equal(kindOfFeatures("PacketSize=1000;QStartNoAckMode+"), undefined);
});

/** A restart of the program that runs, until the core stands at its entry. */
async function restarts(bench: Bench): Promise<string> {
  bench.map(0x9010_0000);
  const answers = bench.ask(monitor("reset"));
  await bench.settled();
  bench.alarm();
  await bench.settled();
  bench.probe.stopAt(ENTRY);
  await answers;
  await bench.settled();
  return bench.got.at(-1) ?? "";
}

test("pyOCD answers monitor commands with text, errors, too", async () => {
  const bench = new Bench();
  bench.probe.features = PYOCD;
  bench.probe.textAnswers = {
    done: "Successfully halted device on reset\n",
    failed: "Error: unknown command\n",
  };
  await bench.ask("qSupported:hwbreak+");
  assert.equal(await restarts(bench), "OK");

  const failing = new Bench();
  failing.probe.features = PYOCD;
  failing.probe.textAnswers = { done: "", failed: "Error: no probe\n" };
  failing.probe.monitors = [];
  failing.probe.unknown = /^Me000e/;
  await failing.ask("qSupported:hwbreak+");
  assert.match(await restarts(failing), /^E\.imflasher\. "monitor reset halt" failed: Error: no probe/);
});

test("st-util gives short answers, and knows neither X nor D", async () => {
  const bench = new Bench({ asksBoard: true });
  bench.probe.features = ST_UTIL;
  bench.probe.monitors = ["reset", "resume"];
  bench.probe.longestRead = 12;
  bench.probe.unknown = /^[XD]/;
  bench.probe.table(0x80_0000);
  await bench.ask("qSupported:hwbreak+");
  assert.match(
    (await bench.ask("qXfer:memory-map:read::0,2000"))[0] ?? "",
    /start="0x90000000" length="0x800000"/,
  );
  assert.equal(await restarts(bench), "OK");
  assert.ok(bench.probe.asked.includes(monitor("reset")));
  assert.deepEqual(await bench.ask("D"), ["OK"]);
  assert.ok(bench.probe.asked.includes(monitor("resume")));
});

test("a reset that does not stop the core at its first instruction is done again by the core's own registers", async () => {
  for (const kind of [kindOfPort(61234), UNKNOWN_KIND]) {
    const bench = new Bench({ kind });
    bench.probe.monitors = ["reset", "reset halt", "halt"];
    bench.probe.setWord(0x0800_0004, 0x0800_0101);
    bench.probe.resetsTo = 0x0800_4000;
    assert.equal(await restarts(bench), "OK", kind.name);
    const asked = bench.probe.asked;
    assert.ok(asked.includes(monitor("halt")));
    const order = ["Me000edfc,4:01000000", "Me000ed0c,4:0400fa05", "me000edf0,4", "Me000edfc,4:00000000"];
    assert.deepEqual(
      asked.filter((packet) => order.includes(packet)),
      order,
    );
  }
});

test("a board that tells nothing of itself: 16 MiB are assumed, and said", async () => {
  const bench = new Bench({ asksBoard: true });
  const [map = ""] = await bench.ask("qXfer:memory-map:read::0,2000");
  assert.match(map, /start="0x90000000" length="0x1000000"/);
  assert.match(bench.notes.join("\n"), /tells nothing of its board.*--layout/);
});
