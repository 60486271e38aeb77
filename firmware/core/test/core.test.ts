import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const FLAGS = [
  "-std=c11",
  "-O1",
  "-g",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wconversion",
  "-Wshadow",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
];

interface Run {
  readonly status: number | null;
  readonly output: string;
}

/** The compiled test runs from another folder than its source, so the root is found by its package.json. */
function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    assert.notEqual(parent, folder, "no package.json above this test");
    folder = parent;
  }
  return folder;
}

function run(command: string, args: readonly string[], input = ""): Run {
  const result = spawnSync(command, args, { encoding: "utf8", input, maxBuffer: 1 << 26 });
  const lost = result.error === undefined ? "" : `${command}: ${result.error.message}`;
  const signal = result.signal === null ? "" : `${command} was ended by ${result.signal}`;
  return { status: result.status, output: [result.stdout, result.stderr, lost, signal].join("\n") };
}

function requireTools(): void {
  assert.equal(run("gcc", ["--version"]).status, 0, "gcc is missing: apt-get install gcc libc6-dev");
  const header = run("gcc", ["-E", "-x", "c", "-"], "#include <openssl/evp.h>\n");
  assert.equal(header.status, 0, "OpenSSL headers are missing: apt-get install libssl-dev");
}

function sources(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".c"))
    .sort()
    .map((name) => join(folder, name));
}

interface Outcome {
  readonly ok: boolean;
  readonly name: string;
  readonly notes: string;
}

/** Reads "# note", "ok N name" and "not ok N name"; the notes before a line belong to it. */
function outcomes(output: string): Outcome[] {
  const found: Outcome[] = [];
  let notes: string[] = [];
  for (const line of output.split("\n")) {
    const match = /^(not )?ok \d+ (.*)$/.exec(line);
    if (match !== null) {
      found.push({ ok: match[1] === undefined, name: match[2] ?? "", notes: notes.join("\n") });
      notes = [];
    } else if (line.startsWith("# ")) {
      notes.push(line.slice(2));
    }
  }
  return found;
}

const work = mkdtempSync(join(tmpdir(), "imbootloader-core-"));
after(() => rmSync(work, { recursive: true, force: true }));

test("the firmware core on the PC, under AddressSanitizer and UndefinedBehaviorSanitizer", async (t) => {
  requireTools();
  const root = repositoryRoot();
  const core = join(root, "firmware", "core");
  const tests = join(core, "test");
  const binary = join(work, "core-tests");
  const files = [...sources(core), ...sources(tests)];
  const built = run("gcc", [...FLAGS, `-I${tests}`, `-I${core}`, ...files, "-lcrypto", "-o", binary]);
  assert.equal(built.status, 0, `gcc failed:\n${built.output}`);
  const result = run(binary, [join(root, "vectors")]);
  const all = outcomes(result.output);
  for (const outcome of all) {
    await t.test(outcome.name, (sub) => {
      sub.diagnostic(outcome.notes);
      assert.ok(outcome.ok, outcome.notes);
    });
  }
  assert.match(
    result.output,
    new RegExp(`^1\\.\\.${all.length}$`, "m"),
    `cut short:\n${result.output.slice(-4000)}`,
  );
  const failed = all.some((outcome) => !outcome.ok);
  assert.equal(result.status, failed ? 1 : 0, result.output.slice(-4000));
});
