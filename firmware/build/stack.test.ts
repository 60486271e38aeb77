import assert from "node:assert/strict";
import { test } from "node:test";
import { deepestPath, readCallGraph, StackError } from "./stack.js";

const node = (name: string, bytes: number, kind = "static"): string =>
  `node: { title: "${name}" label: "${name}\\nx.c:1:1\\n${bytes} bytes (${kind})" }`;
const placeholder = (name: string): string => `node: { title: "${name}" label: "${name}" shape : ellipse }`;
const edge = (from: string, to: string): string =>
  `edge: { sourcename: "${from}" targetname: "${to}" label: "x.c:1:1" }`;

test("the deepest path crosses objects and takes the larger branch", () => {
  const graph = readCallGraph([
    [node("main", 8), placeholder("a"), placeholder("b"), edge("main", "a"), edge("main", "b")].join("\n"),
    [node("a", 100), node("b", 16), node("x.c:c", 96), edge("b", "x.c:c")].join("\n"),
  ]);
  assert.deepEqual(deepestPath(graph, {}, "main"), { bytes: 120, path: ["main", "b", "x.c:c"] });
});

test("recursion is refused and shown", () => {
  const graph = readCallGraph([[node("a", 8), node("b", 8), edge("a", "b"), edge("b", "a")].join("\n")]);
  assert.throws(() => deepestPath(graph, {}, "a"), new StackError("recursion: a -> b -> a"));
});

test("a call through a pointer needs declared targets and counts the deepest of them", () => {
  const text = [
    node("x.c:run", 8),
    node("step_a", 10),
    node("step_b", 20),
    edge("x.c:run", "__indirect_call"),
  ];
  const graph = readCallGraph([text.join("\n")]);
  assert.throws(() => deepestPath(graph, {}, "x.c:run"), /x\.c:run calls through a pointer/);
  assert.equal(deepestPath(graph, { run: /^step_/ }, "x.c:run").bytes, 28);
});

test("a frame without a bound and a function without a frame are refused", () => {
  assert.throws(() => readCallGraph([node("a", 8, "dynamic")]), /a: its stack frame has no bound/);
  const graph = readCallGraph([[node("a", 8), placeholder("b"), edge("a", "b")].join("\n")]);
  assert.throws(() => deepestPath(graph, {}, "a"), /b: called from a, but its stack use is unknown/);
});
