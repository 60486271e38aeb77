/** The emulated board in a browser's worker: Debian's Chromium, driven by Playwright, over pages of this process only. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { ROOT } from "../tools/root.js";
import type { WorkerNews } from "./worker.js";

const CHROMIUM = "/usr/bin/chromium";
/** In a container there is no sandbox and no graphics card; and nothing is to be looked up outside. */
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
/** Wall clock: far beyond what is needed, so that a loaded machine passes. */
const PATIENCE = 120_000;

/** @throws when the worker needs anything that a browser has not: a Node module, above all */
async function bundleWorker(): Promise<Uint8Array> {
  const entry = fileURLToPath(new URL("./worker.js", import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.contents ?? assert.fail("no bundle");
}

async function serve(files: Readonly<Record<string, readonly [string, Uint8Array]>>): Promise<Server> {
  const server = createServer((request, response) => {
    const [type, bytes] = files[request.url ?? ""] ?? ["text/plain", new Uint8Array()];
    response.writeHead(files[request.url ?? ""] === undefined ? 404 : 200, { "content-type": type });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Runs in the page: starts the worker and gathers its news until the application has printed, or something failed. */
const IN_PAGE = `async (patience) => {
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  const board = await (await fetch("/board.json")).text();
  const task = { board, bootloader: await bytes("/bootloader.bin"), application: await bytes("/application.elf") };
  const worker = new Worker("/worker.js", { type: "module" });
  const news = [];
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("nothing more came: " + JSON.stringify(news))), patience);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => {
      news.push(data);
      if (data.kind === "console" || data.kind === "failed") resolve();
    };
    worker.postMessage(task);
  });
  return news;
}`;

async function newsFromBrowser(server: Server): Promise<WorkerNews[]> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return await page.evaluate(`(${IN_PAGE})(${PATIENCE})`);
  } finally {
    await browser.close();
  }
}

test("a browser's worker runs the bootloader, flashes over the emulated USB cable, and sees the application print", async () => {
  const file = (...path: string[]): Uint8Array => readFileSync(join(ROOT, ...path));
  const server = await serve({
    "/": ["text/html", new TextEncoder().encode("<!doctype html><title>emulated board</title>")],
    "/worker.js": ["text/javascript", await bundleWorker()],
    "/board.json": ["application/json", file("boards", "emulated.json")],
    "/bootloader.bin": [
      "application/octet-stream",
      file("firmware", "images", "emulated", "imbootloader.bin"),
    ],
    "/application.elf": ["application/octet-stream", file("examples", "images", "emulated", "blink.elf")],
  });
  try {
    const news = await newsFromBrowser(server);
    const kinds = news.map(({ kind }) => kind);
    assert.deepEqual(
      kinds.filter((kind) => kind !== "message"),
      ["hello", "flashed", "console"],
      JSON.stringify(news),
    );
    const [hello, flashed, printed] = news.filter(({ kind }) => kind !== "message");
    assert.match(hello?.kind === "hello" ? hello.boardId : "", /^[0-9A-Z-]+$/);
    assert.ok(flashed?.kind === "flashed" && flashed.programmedBytes > 1000);
    assert.match(
      printed?.kind === "console" ? printed.line : "",
      /^blink: running from external flash at 0x9010/,
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
