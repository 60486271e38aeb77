import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "jsonc-parser";
import { IdeFileError, merged } from "./merge.js";
import type { ListFile } from "./project.js";

const ours = { name: "ours", type: "gdbtarget", target: { server: "imflasher", port: [1, 2] } };

const file = (...objects: ListFile["objects"]): ListFile => ({
  path: ".vscode/launch.json",
  list: "configurations",
  key: "name",
  version: "0.2.0",
  objects,
});

const USERS = `{
  // Mine, and I want to keep it.
  "version": "0.2.0",
  "configurations": [
    { "name": "mine", "type": "node" }, // runs the server
  ],
  "compounds": [],
}
`;

test("a file that is not there, or empty, is made", () => {
  for (const before of [undefined, "", " \n"]) {
    const { text, different } = merged(file(ours), before, false);
    assert.deepEqual(JSON.parse(text), { version: "0.2.0", configurations: [ours] });
    assert.ok(text.endsWith("}\n"));
    assert.deepEqual(different, []);
  }
});

test("what a user has stays: comments, commas behind the last, other lists; a second time changes nothing", () => {
  const { text } = merged(file(ours), USERS, false);
  assert.match(text, /\/\/ Mine, and I want to keep it\.\n/);
  assert.match(text, /\{ "name": "mine", "type": "node" \}, *\/\/ runs the server/);
  const content = parse(text, [], { allowTrailingComma: true }) as Record<string, unknown>;
  assert.deepEqual(content["configurations"], [{ name: "mine", type: "node" }, ours]);
  assert.deepEqual(content["compounds"], []);
  assert.equal(merged(file(ours), text, false).text, text);
});

test("wherever commas and comments stand, they stay with what they belong to", () => {
  for (const [before, after] of [
    ["[]", "[\n    OURS\n  ]"],
    ["[ // none yet\n  ]", "[\n    OURS // none yet\n  ]"],
    ['[{ "name": "a" }]', '[{ "name": "a" },\n    OURS]'],
    ['[\n      { "name": "a" } // a\n  ]', '[\n      { "name": "a" }, // a\n      OURS\n  ]'],
    [
      '[\n  { "name": "a" } /* a */, // b\n  // c\n]',
      '[\n  { "name": "a" } /* a */, // b\n  OURS,\n  // c\n]',
    ],
    ['[\n  { "name": "a" } // a\n  , // b\n]', '[\n  { "name": "a" } // a\n  , // b\n  OURS,\n]'],
  ] as const) {
    const { text } = merged(file({ name: 1 }), `{"configurations": ${before}}`, false);
    const shown = text.replace(/\{\s*"name": 1\s*\}/, "OURS");
    assert.equal(shown, `{"configurations": ${after}}`);
  }
});

test("a file with CR LF keeps them", () => {
  const { text } = merged(file(ours), USERS.replaceAll("\n", "\r\n"), false);
  assert.equal(text.replaceAll("\r\n", "").includes("\n"), false);
});

test("a file without the list gets one", () => {
  const { text } = merged(file(ours), '{"compounds": []}', false);
  assert.deepEqual(JSON.parse(text), { compounds: [], configurations: [ours] });
});

test("what says something else under our name is told, and replaced only by force", () => {
  const before = merged(file({ ...ours, type: "other" }), USERS, false).text;
  const kept = merged(file(ours, { name: "second" }), before, false);
  assert.deepEqual(kept.different, ["ours"]);
  const { text, different } = merged(file(ours), before, true);
  assert.deepEqual(different, []);
  const content = parse(text, [], { allowTrailingComma: true }) as Record<string, unknown>;
  assert.deepEqual(content["configurations"], [{ name: "mine", type: "node" }, ours]);
  assert.match(text, /Mine, and I want to keep it/);
});

test("the order of fields is nothing new", () => {
  const turned = { target: { port: [1, 2], server: "imflasher" }, type: "gdbtarget", name: "ours" };
  const before = JSON.stringify({ configurations: [turned] });
  assert.deepEqual(merged(file(ours), before, false), { text: before, different: [] });
});

test("what cannot be read is told with its line, by force, too", () => {
  for (const [before, message] of [
    [
      '{\n  "configurations": [\n    { "name" "x" }\n  ]\n}',
      /launch\.json: line 3: expected JSON with comments/,
    ],
    ["[]", /expected an object with a list "configurations"/],
    ['{"configurations": {}}', /expected an object with a list "configurations"/],
    ['{"configurations": [1]}', /expected an object with a list/],
  ] as const) {
    for (const force of [false, true]) {
      assert.throws(
        () => merged(file(ours), before, force),
        (error) => error instanceof IdeFileError && message.test(error.message),
      );
    }
  }
});

test("any configurations of a user's are the same afterwards, and before ours", () => {
  const names = fc.string().filter((name) => name !== "ours");
  const theirs = fc.array(fc.record({ name: names, value: fc.jsonValue() }), { maxLength: 5 });
  fc.assert(
    fc.property(theirs, fc.constantFrom(0, 2, "\t"), (configurations, indent) => {
      const before = JSON.stringify({ configurations }, undefined, indent);
      const after = JSON.parse(merged(file(ours), before, false).text) as { configurations: unknown[] };
      assert.deepEqual(after.configurations, [...JSON.parse(JSON.stringify(configurations)), ours]);
    }),
  );
});
