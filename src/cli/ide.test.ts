import assert from "node:assert/strict";
import { test } from "node:test";
import { PROBES } from "../ide/project.js";
import { fails, TestWorld } from "./testing.js";

function world(...elfs: string[]): TestWorld {
  const made = new TestWorld();
  for (const elf of elfs.length === 0 ? ["build/app.elf"] : elfs) made.files.set(elf, new Uint8Array(4));
  made.programs = ["imflasher", "imflasher-gdb", "arm-none-eabi-gdb"];
  return made;
}

const text = (made: TestWorld, path: string): string => Buffer.from(made.files.get(path) ?? []).toString();

interface Configuration {
  readonly name: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

function configurations(made: TestWorld): readonly Configuration[] {
  return (JSON.parse(text(made, ".vscode/launch.json")) as { configurations: Configuration[] })
    .configurations;
}

test("the command line says what is missing, and writes nothing then", async () => {
  for (const [made, argv, message] of [
    [world(), ["emacs"], /IDE: expected one of: vscode, eclipse, clion; found "emacs"/],
    [
      world(),
      ["vscode", "--probe", "x"],
      /--probe: expected one of: jlink, stlink, openocd, emulated; found "x"/,
    ],
    [new TestWorld(), ["vscode"], /--program: expected it.*found none in \.: build the project first/],
    [world("a.elf", "b.elf"), ["vscode"], /--program: .*found 2: a\.elf, b\.elf/],
  ] as const) {
    const before = [...made.files.keys()];
    await fails(made, ["ide", ...argv], 2, message);
    assert.deepEqual([...made.files.keys()], before);
  }
});

test("vscode: each probe has a configuration for both debuggers; the options say which board", async () => {
  const made = world();
  for (const probe of PROBES) {
    const code = await made.run(
      "ide",
      "vscode",
      "--probe",
      probe,
      "--name",
      "app",
      "--serial",
      "X-1",
      "--layout",
      "art-pi",
      "--via",
      "probe",
    );
    assert.equal(code, 0, made.stderr.text);
  }
  const all = configurations(made);
  assert.equal(all.length, 2 * PROBES.length);
  const cortex = all.filter(({ type }) => type === "cortex-debug");
  assert.deepEqual(
    cortex.map(({ servertype }) => servertype),
    ["jlink", "stlink", "openocd", "external"],
  );
  for (const one of cortex.slice(0, 3)) {
    assert.equal(one["gdbPath"], "imflasher-gdb");
    assert.deepEqual(one["debuggerArgs"], ["--imflasher", "--serial X-1 --layout art-pi --via probe"]);
  }
  const [jlink] = all.filter(({ name }) => name === "app (gdbtarget, jlink)");
  assert.deepEqual(jlink?.["target"], {
    server: "imflasher",
    serverParameters: [
      ...["gdb-server", "--listen", "0"],
      ...["--spawn", "JLinkGDBServerCLExe -device STM32H750VB -if SWD -port 2331 -singlerun -nogui"],
      ...["--serial", "X-1", "--layout", "art-pi", "--via", "probe", "--once"],
    ],
    serverPortRegExp: "(?:^|\\n)Listening on port ([0-9]+)\\r?\\n",
    portDetectionTimeout: 30000,
    cwd: "${" + "workspaceFolder}",
  });
  // A task that is waited for must be there.
  const waited = cortex.map((one) => one["preLaunchTask"]).filter((name) => name !== undefined);
  const { tasks } = JSON.parse(text(made, ".vscode/tasks.json")) as { tasks: { label: string }[] };
  for (const name of waited) assert.ok(tasks.some(({ label }) => label === name));
});

test("what lies there under the same name stays, with all other files, until --force", async () => {
  const made = world();
  await made.run("ide", "vscode", "--name", "app");
  const changed = text(made, ".vscode/launch.json").replace(
    '"runToEntryPoint": "main"',
    '"runToEntryPoint": "start"',
  );
  made.files.set(".vscode/launch.json", Buffer.from(changed));
  made.files.delete(".vscode/tasks.json");
  await fails(
    made,
    ["ide", "vscode", "--name", "app"],
    1,
    /nothing was written.*\n +\.vscode\/launch\.json: app \(cortex-debug, openocd\)\n--force/,
  );
  assert.equal(text(made, ".vscode/launch.json"), changed);
  assert.ok(!made.files.has(".vscode/tasks.json"));
  assert.equal(await made.run("ide", "vscode", "--name", "app", "--force", "--json"), 0);
  assert.deepEqual(made.objects().at(-1)?.["files"], [
    { path: ".vscode/launch.json", written: true },
    { path: ".vscode/tasks.json", written: true },
  ]);
  assert.equal(await made.run("ide", "vscode", "--name", "app"), 0);
  assert.match(made.stdout.text, /^as it was: \.vscode\/launch\.json$/m);
});

test("eclipse: its project's name; whole files are not written over silently", async () => {
  const made = world();
  made.files.set(".project", Buffer.from("<projectDescription>\n<name>blinky</name>\n</projectDescription>"));
  assert.equal(await made.run("ide", "eclipse", "--probe", "jlink"), 0, made.stderr.text);
  const launch = text(made, "blinky (J-Link).launch");
  assert.match(
    launch,
    /<launchConfiguration type="ilg\.gnumcueclipse\.debug\.gdbjtag\.jlink\.launchConfigurationType">/,
  );
  assert.match(
    launch,
    /<stringAttribute key="org\.eclipse\.cdt\.dsf\.gdb\.DEBUG_NAME" value="imflasher-gdb"\/>/,
  );
  assert.match(launch, /<stringAttribute key="org\.eclipse\.cdt\.launch\.PROJECT_ATTR" value="blinky"\/>/);
  made.files.set("blinky (J-Link).launch", Buffer.from("mine"));
  await fails(made, ["ide", "eclipse", "--probe", "jlink"], 1, /blinky \(J-Link\)\.launch: the file/);
  assert.equal(text(made, "blinky (J-Link).launch"), "mine");
});

test("names with characters of XML and of shells arrive whole", async () => {
  const made = world("build/a & b.elf");
  const argv = ["--name", 'a & "b"', "--keys", "it's here/keys.json"];
  assert.equal(await made.run("ide", "eclipse", ...argv), 0, made.stderr.text);
  assert.equal(await made.run("ide", "clion", ...argv), 0, made.stderr.text);
  const run = text(made, '.run/a & "b" (openocd).run.xml');
  assert.match(run, / name="a &amp; &quot;b&quot; \(openocd\)"/);
  assert.match(run, /--keys 'it'\\''s here\/keys\.json'"/);
  const launch = text(made, 'a & "b" (OpenOCD).launch');
  assert.match(launch, /PROGRAM_NAME" value="build\/a &amp; b\.elf"/);
});

test("without programs on the PATH the files name those of this installation", async () => {
  const made = world();
  made.programs = [];
  assert.equal(await made.run("ide", "vscode"), 0);
  assert.match(made.stderr.text, /^arm-none-eabi-gdb is not on the PATH.*\nopenocd is not on the PATH/);
  const [cortex, target] = configurations(made);
  assert.match(String(cortex?.["gdbPath"]), /^\/.*\/gdb\/imflasher-gdb$/);
  assert.ok(target !== undefined);
  const { server, serverParameters } = target["target"] as { server: string; serverParameters: string[] };
  assert.equal(server, process.execPath);
  assert.match(serverParameters[0] ?? "", /^\/.*\/cli\/main\.js$/);
});
