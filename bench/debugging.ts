/** What a person waits for at GDB: `load` of a program of 1 MiB, all in, by real GDB and the command line as processes. */

import { readFileSync } from "node:fs";
import { changedBlink, type Desk, desk, largeBlink, type Middle } from "../test/system/debug-desk.js";
import type { Gdb } from "../test/system/gdb.js";
import type { ProcessFigure } from "./processes.js";
import { quickest } from "./quickest.js";

/** What the system counts processor time in (proc(5)). */
const TICKS_PER_SECOND = 100;
const WAYS = [
  { name: "usb", title: "over USB", argv: ["--via", "usb"] },
  { name: "probe", title: "no USB cable", argv: ["--via", "probe"] },
] as const;

/** Behind the emulated board's own GDB server. */
export async function loadTimes(): Promise<ProcessFigure[]> {
  const ends: (() => unknown)[] = [];
  try {
    const at = await desk({ after: (end) => ends.push(end) }, "gdb", "");
    const files = {
      whole: await largeBlink(at),
      changed: await largeBlink(at, changedBlink(at), "changed-large.elf"),
    };
    const found: ProcessFigure[] = [];
    for (const way of WAYS) found.push(...(await loads(at, way, files)));
    return found;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function loads(
  at: Desk,
  { name, title, argv }: (typeof WAYS)[number],
  { whole, changed }: { readonly whole: string; readonly changed: string },
): Promise<ProcessFigure[]> {
  const middle = await at.middle("--upstream", `:${at.probe}`, ...argv);
  const gdb = await middle.gdb(whole);
  await load(middle, gdb, whole);
  const unchanged = await quickest(() => load(middle, gdb, whole));
  let other = false;
  const edited = await quickest(() => {
    other = !other;
    return load(middle, gdb, other ? changed : whole);
  });
  await gdb.do("-target-detach");
  await gdb.do("-gdb-exit");
  const figure = { rssBytes: rss(middle) };
  return [
    {
      name: `gdb-load-unchanged-1MiB-${name}`,
      title: `GDB load, 1 MiB unchanged, ${title}`,
      ...unchanged,
      ...figure,
      limit: { seconds: 1 },
    },
    {
      name: `gdb-load-changed-1MiB-${name}`,
      title: `GDB load, one function of 1 MiB changed, ${title}`,
      ...edited,
      ...figure,
      limit: { seconds: 1.5 },
    },
  ];
}

interface Load {
  readonly wallSeconds: number;
  /** Of the server in the middle. */
  readonly cpuSeconds: number;
}

async function load(middle: Middle, gdb: Gdb, elf: string): Promise<Load> {
  await gdb.do(`-file-exec-and-symbols ${elf}`);
  const [wall, cpu] = [performance.now(), cpuSeconds(middle)];
  await gdb.do("-target-download");
  return { wallSeconds: (performance.now() - wall) / 1000, cpuSeconds: cpuSeconds(middle) - cpu };
}

/** User and system time of a process: fields 14 and 15 of its stat file, counted behind the name in parentheses. */
function cpuSeconds({ program }: Middle): number {
  const stat = readFileSync(`/proc/${program.child.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function rss({ program }: Middle): number {
  const status = readFileSync(`/proc/${program.child.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
