import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeFlash, fakeGeometry } from "../protocol/testing/fake-flash.js";
import { FakeLink } from "../protocol/testing/fake-link.js";
import { COMMANDS } from "./commands.js";
import { packageVersion } from "./package-root.js";
import { BASE, fails, program, untouched, world } from "./testing.js";

const BOARD_ID = /^[0-9A-Z]{7}-[0-9A-Z]{7}-[0-9A-Z]{7}$/;

test("flash writes, verifies and starts a program; the result is on stdout, the rest on stderr", async () => {
  const made = world();
  assert.equal(await made.run("flash", "0x90100000", "app.bin"), 0, made.stderr.text);
  assert.deepEqual(made.board.flash.view(BASE, 10_000), made.files.get("app.bin"));
  assert.equal(made.board.booted, BASE);
  assert.match(made.stdout.text, /^app\.bin: 9\.8 KiB at 0x90100000 in [\d.]+ s: .*programmed/);
  assert.match(
    made.stdout.text,
    /verified on the board: 0x90100000 SHA-256 [0-9a-f]{64}\nstarted at 0x90100000\n$/,
  );
  assert.match(made.stderr.text, /^board [-0-9A-Z]{23} at fake board\n/);
  assert.match(made.stderr.text, /^write: /m);
  assert.equal(made.closedLinks, 1);
});

test("flash again changes nothing, and --no-boot leaves the board in its bootloader", async () => {
  const made = world();
  await made.run("flash", "0x90100000", "app.bin");
  const { erased, programmed } = made.board.flash;
  made.board.booted = undefined;
  assert.equal(await made.run("flash", "--no-boot", "0x90100000", "app.bin"), 0);
  assert.deepEqual([made.board.flash.erased, made.board.flash.programmed], [erased, programmed]);
  assert.equal(made.board.booted, undefined);
  assert.match(made.stdout.text, /stays in its bootloader: start the program with "imflasher boot"/);
});

test('flash ADDR "" prints the board id and what to do with it, and changes nothing', async () => {
  const made = world();
  assert.equal(await made.run("flash", "0x90100000", ""), 0, made.stderr.text);
  const [first = "", second, third] = made.stdout.text.split("\n");
  assert.match(first.replace("BOARD ID: ", ""), BOARD_ID);
  assert.match(second ?? "", /needs no keys/);
  assert.equal(third, "  imflasher flash 0x90100000 FILE");
  untouched(made);
});

test("--json prints one object a line: progress, then one result", async () => {
  const made = world();
  assert.equal(await made.run("flash", "0x90100000", "app.bin", "--json"), 0);
  const objects = made.objects();
  const { type, command, booted, imageBytes, format } = objects.at(-1) ?? {};
  assert.deepEqual([type, command, booted, imageBytes, format], ["result", "flash", BASE, 10_000, "bin"]);
  assert.ok(objects.slice(0, -1).every((object) => object["type"] === "progress"));
  const phases = new Set(objects.map((object) => object["phase"]));
  for (const phase of ["identify", "compare", "write", "verify", "boot"]) assert.ok(phases.has(phase), phase);
  assert.equal(made.stderr.text, "");
});

test("--json turns every error into an object with its exit code", async () => {
  const made = world();
  assert.equal(await made.run("flash", "0x90100000", "missing.bin", "--json"), 1);
  assert.deepEqual(
    made.objects().map(({ type, error, exitCode }) => [type, error, exitCode]),
    [["error", "FileError", 1]],
  );
  assert.equal(await made.run("--json", "fly"), 2);
  assert.equal(made.objects()[0]?.["error"], "UsageError");
});

test("verify: exit code 5 names the first address that differs, what was expected and what was found", async () => {
  const made = world();
  await made.run("flash", "0x90100000", "app.bin");
  assert.equal(await made.run("verify", "0x90100000", "app.bin"), 0, made.stderr.text);
  assert.match(made.stdout.text, /the board holds all 9\.8 KiB of it\n0x90100000 SHA-256 [0-9a-f]{64}\n$/);
  const cell = made.board.flash.view(BASE + 5000, 1);
  const expected = (cell[0] ?? 0).toString(16).padStart(2, "0");
  cell[0] = (cell[0] ?? 0) ^ 0x10;
  const found = (cell[0] ?? 0).toString(16).padStart(2, "0");
  const message = new RegExp(`at 0x90101388 expected 0x${expected}, found 0x${found}`);
  await fails(made, ["verify", "0x90100000", "app.bin"], 5, message);
});

test("read writes the bytes to FILE; a file that cannot be written is named", async () => {
  const made = world();
  await made.run("flash", "0x90100000", "app.bin");
  assert.equal(await made.run("read", "0x90100000", "10000", "copy.bin"), 0, made.stderr.text);
  assert.deepEqual(made.files.get("copy.bin"), made.files.get("app.bin"));
  assert.equal(made.stdout.text, "copy.bin: 9.8 KiB from 0x90100000\n");
  await fails(made, ["read", "0x90100000", "1K", "/copy.bin"], 1, /\/copy\.bin: permission denied/);
});

test("erase blanks whole sectors and says what was blank already", async () => {
  const made = world();
  await made.run("flash", "0x90100000", "app.bin");
  assert.equal(await made.run("erase", "0x90100000", "64K"), 0, made.stderr.text);
  assert.ok(made.board.flash.bytes.every((byte) => byte === 0xff));
  assert.match(made.stdout.text, /^0x90100000: [\d.]+ KiB erased, [\d.]+ KiB were blank already\n$/);
});

test("boot starts at ADDR or at the stored boot address; default-boot shows and stores it", async () => {
  const made = world();
  assert.equal(await made.run("default-boot"), 0);
  assert.match(made.stdout.text, /^a restart boots 0x90100000; it can be changed 2048 of \d+ times more\n$/);
  assert.equal(await made.run("default-boot", "0x90120000"), 0, made.stderr.text);
  assert.equal(made.board.bootAddress, 0x90120000);
  made.files.set("app2.bin", program(2000));
  for (const address of ["0x90100000", "0x90120000"]) {
    assert.equal(await made.run("flash", "--no-boot", address, "app2.bin"), 0, made.stderr.text);
  }
  assert.equal(await made.run("boot"), 0, made.stderr.text);
  assert.equal(made.board.booted, 0x90120000);
  assert.equal(await made.run("boot", "0x90100000"), 0);
  assert.equal(made.board.booted, BASE);
  assert.equal(made.stdout.text, "started at 0x90100000\n");
});

test("info tells everything, as lines and as an object, even when the flash chip does not answer", async () => {
  const made = world();
  assert.equal(await made.run("info"), 0, made.stderr.text);
  for (const name of [
    "board id",
    "port",
    "bootloader",
    "chip",
    "flash",
    "erase sizes",
    "reserved",
    "boot address",
  ]) {
    assert.match(made.stdout.text, new RegExp(`^${name} `, "m"));
  }
  assert.equal(await made.run("info", "--json"), 0);
  const object = made.objects()[0] ?? {};
  assert.match(String(object["boardId"]), BOARD_ID);
  assert.equal((object["geometry"] as { jedec?: string }).jedec, "ef4015");
  made.board.flashFault = "NO_FLASH";
  assert.equal(await made.run("info"), 0);
  assert.match(made.stdout.text, /^flash chip .*NO_FLASH/m);
});

test("info says why the bootloader stays, what is unfinished, and where cells may be half written", async () => {
  const made = world();
  assert.equal(await made.run("info"), 0, made.stderr.text);
  assert.doesNotMatch(made.stdout.text, /^(unfinished|in doubt)/m);
  made.board.reason = 9;
  made.board.unfinished = { address: BASE, length: 0x8_0000 };
  made.board.doubt = { address: BASE + 0x2_0000, length: 0x4_0000 };
  assert.equal(await made.run("info"), 0, made.stderr.text);
  assert.match(
    made.stdout.text,
    /^in bootloader +FAULT: a fault of the bootloader itself made it start again$/m,
  );
  assert.match(made.stdout.text, /^unfinished +0x90100000 to 0x9017FFFF, 512.0 KiB$/m);
  assert.match(
    made.stdout.text,
    /^in doubt +0x90120000 to 0x9015FFFF, 256.0 KiB: cells may be half written; /m,
  );
  assert.equal(await made.run("info", "--json"), 0);
  const info = made.objects()[0]?.["info"] as Record<string, number> | undefined;
  const { reason, doubtAddress, doubtLength } = info ?? {};
  assert.deepEqual(
    { reason, doubtAddress, doubtLength },
    { reason: 9, doubtAddress: BASE + 0x2_0000, doubtLength: 0x4_0000 },
  );
  made.board.reason = 77;
  assert.equal(await made.run("info"), 0, made.stderr.text);
  assert.match(made.stdout.text, /^in bootloader +77: unknown to this imflasher$/m);
});

test("id prints the board id alone; --serial checks it, however it is typed", async () => {
  const made = world();
  assert.equal(await made.run("id"), 0);
  const id = made.stdout.text.trimEnd();
  assert.match(id, BOARD_ID);
  assert.equal(await made.run("id", "--serial", id.toLowerCase().replaceAll("-", " ")), 0, made.stderr.text);
  assert.equal(made.requests.at(-1)?.serial, id);
  made.board.uid = Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9);
  await fails(made, ["id", "--serial", id, "--port", "/dev/x"], 3, /expected board .*, found board /);
  assert.equal(made.requests.at(-1)?.port, "/dev/x");
});

test("list shows the boards that are present; none is said and no error", async () => {
  const made = world();
  made.ports = [
    { path: "/dev/ttyACM0", serial: "A" },
    { path: "/dev/ttyACM1", serial: undefined },
  ];
  assert.equal(await made.run("list"), 0);
  assert.equal(made.stdout.text, "A  /dev/ttyACM0\n(no board id)  /dev/ttyACM1\n");
  made.ports = [];
  assert.equal(await made.run("list"), 0);
  assert.match(made.stderr.text, /^no board is present/);
});

test("waiting is said with what to do; --timeout bounds it, 60 s when it is left out", async () => {
  const made = world();
  assert.equal(await made.run("id"), 0);
  assert.equal(await made.run("id", "--timeout", "2.5"), 0);
  assert.deepEqual(
    made.requests.map(({ timeout }) => timeout),
    [60_000, 2500],
  );
  made.requests[0]?.onWaiting();
  assert.match(made.stderr.text, /^waiting for a board … press its reset button or plug it in$/m);
});

test("Ctrl-C: exit code 130, the board stays in its bootloader, and the next flash completes", async () => {
  const made = world(new FakeFlash(fakeGeometry()));
  let writes = 0;
  made.board.onRequest = (name) => {
    if (name === "WRITE" && ++writes === 2) made.interrupt.abort();
  };
  await fails(made, ["flash", "0x90100000", "app.bin"], 130, /interrupted: .*stays in its bootloader.*again/);
  assert.notEqual(made.board.unfinished, undefined);
  assert.equal(made.closedLinks, 1);
  const next = world(made.board.flash);
  next.board.unfinished = made.board.unfinished;
  assert.equal(await next.run("flash", "0x90100000", "app.bin"), 0, next.stderr.text);
  assert.equal(next.board.booted, BASE);
});

test("Ctrl-C while a board is waited for ends at once", async () => {
  const made = world();
  made.open = () => {
    made.interrupt.abort();
    return new Promise(() => {});
  };
  await fails(made, ["id"], 130, /interrupted/);
});

test("an unplugged cable is survived when the board comes back", async () => {
  const made = world();
  const links: FakeLink[] = [];
  made.open = async () => {
    const link = new FakeLink(made.board, made.timers);
    links.push(link);
    return link;
  };
  made.board.onRequest = (name) => {
    if (name === "WRITE" && links.length === 1) links[0]?.unplug();
  };
  assert.equal(await made.run("flash", "0x90100000", "app.bin"), 0, made.stderr.text);
  assert.equal(links.length, 2);
  assert.match(made.stdout.text, /link opened anew 1 times/);
  assert.deepEqual(made.board.flash.view(BASE, 10_000), made.files.get("app.bin"));
});

test("--version is package.json's; --help names every command", async () => {
  const made = world();
  assert.equal(await made.run("--version"), 0);
  assert.equal(made.stdout.text, `${packageVersion()}\n`);
  assert.equal(await made.run("--help"), 0);
  const words = COMMANDS.map(({ name }) => name.split(" "));
  for (const [first] of words) assert.match(made.stdout.text, new RegExp(`^ {2}${first}\\b`, "m"));
  assert.equal(await made.run("keys", "--help"), 0);
  for (const [group, name] of words) {
    if (group === "keys") assert.match(made.stdout.text, new RegExp(`^ {2}${name}\\b`, "m"));
  }
  assert.equal(await made.run("flash", "--help"), 0);
  assert.match(made.stdout.text, /^Usage: imflasher flash \[options\] \[ADDR\] FILE$/m);
});
