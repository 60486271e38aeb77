/** How much stack the firmware needs, from what `gcc -fcallgraph-info=su` writes beside each object (VCG text). */

/** The budget cannot be computed or does not hold. */
export class StackError extends Error {
  override readonly name = "StackError";
}

export interface CallGraph {
  /** Bytes of each function's own frame. */
  readonly frames: ReadonlyMap<string, number>;
  readonly calls: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface DeepestPath {
  readonly bytes: number;
  readonly path: readonly string[];
}

const INDIRECT = "__indirect_call";
const NODE = /^node: \{ title: "([^"]+)" label: "([^"]*)"/;
const EDGE = /^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/;

/** `dynamic,bounded` frames are as large as told; `dynamic` alone has no bound. */
function frameBytes(title: string, label: string): number | undefined {
  const usage = /\\n(\d+) bytes \(([a-z,]+)\)/.exec(label);
  if (usage === null) return undefined;
  if (usage[2] === "dynamic")
    throw new StackError(`${title}: its stack frame has no bound (alloca or a variable-length array)`);
  return Number(usage[1]);
}

/** Puts the graphs of all objects together. Static functions carry their file's name, so nothing collides. */
export function readCallGraph(texts: readonly string[]): CallGraph {
  const frames = new Map<string, number>();
  const calls = new Map<string, Set<string>>();
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    const node = NODE.exec(line);
    if (node?.[1] !== undefined && node[2] !== undefined) {
      const bytes = frameBytes(node[1], node[2]);
      if (bytes !== undefined) frames.set(node[1], bytes);
    }
    const edge = EDGE.exec(line);
    if (edge?.[1] !== undefined && edge[2] !== undefined) {
      calls.set(edge[1], (calls.get(edge[1]) ?? new Set()).add(edge[2]));
    }
  }
  return { frames, calls };
}

/** Functions that a function with calls through pointers may call; by the names of both. */
export type IndirectCalls = Readonly<Record<string, RegExp>>;

function shortName(title: string): string {
  return title.slice(title.lastIndexOf(":") + 1);
}

function targetsOf(graph: CallGraph, indirect: IndirectCalls, title: string): string[] {
  const direct = [...(graph.calls.get(title) ?? [])];
  if (!direct.includes(INDIRECT)) return direct;
  const pattern = indirect[shortName(title)];
  if (pattern === undefined)
    throw new StackError(`${title} calls through a pointer: declare its targets in firmware/build/budget.ts`);
  const targets = [...graph.frames.keys()].filter((name) => pattern.test(shortName(name)));
  return [...direct.filter((name) => name !== INDIRECT), ...targets];
}

/**
 * The deepest path from `root`.
 * @throws StackError on recursion, an undeclared call through a pointer, or a function whose frame is unknown
 */
export function deepestPath(graph: CallGraph, indirect: IndirectCalls, root: string): DeepestPath {
  const known = new Map<string, DeepestPath>();
  const visit = (title: string, above: readonly string[]): DeepestPath => {
    const done = known.get(title);
    if (done !== undefined) return done;
    if (above.includes(title)) throw new StackError(`recursion: ${[...above, title].join(" -> ")}`);
    const own = graph.frames.get(title);
    if (own === undefined)
      throw new StackError(
        `${title}: called from ${above.at(-1) ?? "nowhere"}, but its stack use is unknown`,
      );
    let deepest: DeepestPath = { bytes: 0, path: [] };
    for (const target of targetsOf(graph, indirect, title)) {
      const below = visit(target, [...above, title]);
      if (below.bytes > deepest.bytes) deepest = below;
    }
    const result = { bytes: own + deepest.bytes, path: [title, ...deepest.path] };
    known.set(title, result);
    return result;
  };
  return visit(root, []);
}
