/** A debug adapter as VS Code drives it: the debug adapter protocol on its standard input and output. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { ROOT } from "../tools/root.js";
import { PATIENCE } from "./program.js";

export type Json = { readonly [key: string]: unknown };

interface Message {
  readonly type: "response" | "event" | "request";
  readonly event?: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly message?: string;
  readonly body?: Json;
}

/** Header and body of the protocol's messages. */
const HEADER = /^Content-Length: (\d+)\r\n\r\n/;

export class DebugAdapter {
  readonly child: ChildProcessWithoutNullStreams;
  readonly messages: Message[] = [];
  readonly exit: Promise<void>;
  #rest: Buffer = Buffer.alloc(0);
  #sequence = 0;
  /** Events up to here were waited for. */
  #seen = 0;
  #wake: (() => void)[] = [];

  /** The npm package cdt-gdb-adapter, for targets behind a GDB server. */
  constructor(env: Readonly<Record<string, string>> = {}) {
    const main = createRequire(import.meta.url).resolve("cdt-gdb-adapter/dist/debugTargetAdapter.js");
    this.child = spawn(process.execPath, [main], { cwd: ROOT, env: { ...process.env, ...env } });
    this.child.stdout.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.exit = new Promise((resolve) => this.child.on("close", () => resolve()));
  }

  #receive(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const header = HEADER.exec(this.#rest.subarray(0, 64).toString("latin1"));
      if (header === null) break;
      const start = header[0].length;
      const end = start + Number(header[1]);
      if (this.#rest.length < end) break;
      this.messages.push(JSON.parse(this.#rest.subarray(start, end).toString()) as Message);
      this.#rest = this.#rest.subarray(end);
    }
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** @returns the body of the answer; fails when that says error */
  async request(command: string, args: Json = {}): Promise<Json> {
    const seq = ++this.#sequence;
    const text = JSON.stringify({ seq, type: "request", command, arguments: args });
    this.child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    const answer = await this.#message(
      command,
      ({ type, request_seq }) => type === "response" && request_seq === seq,
    );
    assert.ok(answer.success, `${command}: ${answer.message}\n${this.output()}`);
    return answer.body ?? {};
  }

  /** The next event of this name that was not waited for. */
  async event(name: string): Promise<Json> {
    const found = await this.#message(name, ({ event }) => event === name, this.#seen);
    this.#seen = this.messages.indexOf(found) + 1;
    return found.body ?? {};
  }

  /** What it has shown in the debug console. */
  output(): string {
    return this.messages
      .filter(({ event }) => event === "output")
      .map(({ body }) => String(body?.["output"]))
      .join("");
  }

  async #message(what: string, wanted: (message: Message) => boolean, from = 0): Promise<Message> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const found = this.messages.slice(from).find(wanted);
      if (found !== undefined) return found;
      const left = end - Date.now();
      assert.ok(left > 0 && this.child.exitCode === null, `no ${what}: ${this.output()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async end(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }
}
