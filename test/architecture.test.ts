import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { ROOT } from "./tools/root.js";

/**
 * Which folder of src may import which others, as in ARCHITECTURE.md. A folder may always import itself and what lies
 * below it; the longest row that fits a file counts. "emulator/*.ts" stands for the files at the emulator's root.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  boards: [],
  image: [],
  rsp: [],
  ide: [],
  plan: ["image"],
  protocol: [],
  keys: ["protocol"],
  flasher: ["image", "plan", "protocol"],
  gdb: ["image", "protocol", "flasher", "rsp"],
  "transport/node": ["protocol"],
  "transport/emulated": ["protocol", "emulator"],
  emulator: [],
  "emulator/cpu": ["emulator/*.ts"],
  "emulator/peripherals": ["emulator/*.ts"],
  "emulator/flash": ["emulator/*.ts"],
  "emulator/usb": ["emulator/*.ts"],
  "emulator/camera": ["emulator/*.ts"],
  "emulator/board": ["emulator", "boards"],
  "emulator/debug": ["emulator", "rsp"],
  cli: [
    "boards",
    "image",
    "plan",
    "protocol",
    "keys",
    "flasher",
    "transport",
    "emulator",
    "rsp",
    "gdb",
    "ide",
  ],
};

/** Packages that core code may use: none touches Node or the DOM. */
const CORE_PACKAGES = /^(@noble\/|uf2$|jsonc-parser$)/;
const CORE = ["boards", "image", "rsp", "plan", "protocol", "keys", "flasher", "gdb", "ide", "emulator"];

interface Import {
  readonly file: string;
  readonly target: string;
}

function sources(): string[] {
  const names = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  // Tests and what only tests use may reach further.
  return names.filter((name) => name.endsWith(".ts") && !/test|testing|-rig|-kit/.test(name)).sort();
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, "src", file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target = ""]) => ({
    file,
    target,
  }));
}

const layerOf = (file: string): string =>
  Object.keys(MAY_IMPORT)
    .filter((folder) => file.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0] ?? "none";

function allowed({ file, target }: Import): boolean {
  const layer = layerOf(file);
  const to = normalize(join(dirname(file), target));
  if (to.startsWith(`${layer}/`)) return true;
  return (MAY_IMPORT[layer] ?? []).some((other) =>
    other.endsWith("/*.ts") ? dirname(to) === other.slice(0, -"/*.ts".length) : to.startsWith(`${other}/`),
  );
}

const imports = sources().flatMap(importsOf);

test("every file lies in a folder that ARCHITECTURE.md knows", () => {
  assert.deepEqual(
    sources().filter((file) => layerOf(file) === "none"),
    [],
  );
});

test("imports go one way", () => {
  assert.ok(imports.length > 300, `only ${imports.length} imports were found: does the pattern still fit?`);
  const wrong = imports.filter((one) => one.target.startsWith(".") && !allowed(one));
  assert.deepEqual(
    wrong.map(({ file, target }) => `src/${file} imports ${target}`),
    [],
  );
});

test("core folders use no Node module and no package but the portable ones", () => {
  const wrong = imports.filter(
    ({ file, target }) =>
      CORE.includes(file.split("/")[0] ?? "") && !target.startsWith(".") && !CORE_PACKAGES.test(target),
  );
  assert.deepEqual(
    wrong.map(({ file, target }) => `src/${file} imports ${target}`),
    [],
  );
});

test("the emulator knows nothing of the protocol, and the firmware's registers nothing of the emulator", () => {
  const emulator = imports.filter(({ file }) => file.startsWith("emulator/"));
  assert.deepEqual(
    emulator.filter(({ target }) => /protocol|firmware/.test(target)),
    [],
  );
});
