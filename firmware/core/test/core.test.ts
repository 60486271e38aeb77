import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, type TestContext, test } from "node:test";
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

/** Not ours: no warnings; it shifts negative numbers, which -fwrapv defines, so UBSan has no say. */
const ED25519_FLAGS = ["-std=c11", "-O1", "-g", "-w", "-fwrapv", "-fsanitize=address", "-c"];
/** Some seconds; continuous integration asks for a minute, and docs/reliability.md has the long run. */
const FUZZ_INPUTS = Number(process.env["FUZZ_INPUTS"] ?? 500_000);
const ED25519_SOURCES = ["fe", "ge", "sc", "sha512", "verify"];

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

function compileEd25519(folder: string, name: string): string {
  const object = join(work, `ed25519-${name}.o`);
  const built = run("gcc", [...ED25519_FLAGS, join(folder, `${name}.c`), "-o", object]);
  assert.equal(built.status, 0, `gcc failed:\n${built.output}`);
  return object;
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

const ROOT = repositoryRoot();
const CORE = join(ROOT, "firmware", "core");
const TESTS = join(CORE, "test");
const CHAIN = join(ROOT, "firmware", "second_stage");
const work = mkdtempSync(join(tmpdir(), "imbootloader-core-"));
after(() => rmSync(work, { recursive: true, force: true }));

/** The public key whose private key is 32 bytes of 1: `holder_key(1)` of test/holder.c. */
const OWNER = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
const OWNER_MACRO = `-DBOARD_OWNER={${OWNER.replace(/../g, "0x$&,")}}`;

/** Compiles core and `files` with `flags` on top. @returns the program */
function compile(name: string, flags: readonly string[], files: readonly string[]): string {
  requireTools();
  const binary = join(work, name);
  const ed25519 = join(ROOT, "node_modules", "ed25519-supercop", "vendor", "ed25519", "src");
  const objects = ED25519_SOURCES.map((source) => compileEd25519(ed25519, source));
  const includes = [`-I${TESTS}`, `-I${CORE}`, `-I${CHAIN}`, "-isystem", ed25519];
  const all = [...sources(CORE), join(CHAIN, "chain.c"), ...files, ...objects];
  const built = run("gcc", [...FLAGS, ...flags, ...includes, ...all, "-lcrypto", "-o", binary]);
  assert.equal(built.status, 0, `gcc failed:\n${built.output}`);
  return binary;
}

/** Compiles core and tests with `flags` on top, runs them, and tells of each as a subtest of `t`. */
async function runSuites(t: TestContext, name: string, flags: readonly string[]): Promise<void> {
  const result = run(compile(name, flags, sources(TESTS)), [join(ROOT, "vectors")]);
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
}

test("the firmware core on the PC, under AddressSanitizer and UndefinedBehaviorSanitizer", async (t) => {
  await runSuites(t, "core-tests", []);
});

test("the firmware core with an owner compiled in", async (t) => {
  await runSuites(t, "core-tests-owned", [OWNER_MACRO]);
});

test("frames and messages under fuzz: whatever comes over the cable, the answers are right and nothing breaks", (t) => {
  const parts = ["model.c", "tap.c"].map((name) => join(TESTS, name));
  const fuzz = compile("fuzz", ["-O2"], [join(TESTS, "fuzz", "fuzz.c"), ...parts]);
  const seed = process.env["TEST_SEED"] ?? String(Math.floor(Date.now() / 1000));
  const { status, output } = run(fuzz, [seed, String(FUZZ_INPUTS)]);
  t.diagnostic(`seed ${seed}: ${output}`);
  assert.equal(status, 0, `seed ${seed}: ${output.slice(-4000)}`);
  for (const request of ["08", "09", "0a", "0b", "30"]) {
    assert.match(
      output,
      new RegExp(`request 0x${request}: `),
      "every change to the flash was carried out at times",
    );
  }
});
