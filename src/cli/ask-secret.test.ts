import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { ReadStream } from "node:tty";
import { askSecret } from "./ask-secret.js";

class Terminal extends EventEmitter {
  isTTY = true;
  raw = false;
  shown = "";

  setRawMode(raw: boolean): void {
    this.raw = raw;
  }
  resume(): void {}
  pause(): void {}
  write(text: string): void {
    this.shown += text;
  }
  ask(signal = new AbortController().signal): Promise<string | undefined> {
    return askSecret("passphrase: ", signal, this as unknown as ReadStream, this);
  }
}

test("what is typed is not shown, and can be corrected; the terminal is left as it was", async () => {
  const terminal = new Terminal();
  const answer = terminal.ask();
  assert.ok(terminal.raw);
  for (const key of ["s", "e", "x", "\u007f", "cret", "\r"]) terminal.emit("data", Buffer.from(key));
  assert.equal(await answer, "secret");
  assert.equal(terminal.shown, "passphrase: \n");
  assert.equal(terminal.raw, false);
  assert.equal(terminal.listenerCount("data"), 0);
});

test("without a terminal nothing is asked; Ctrl-C from elsewhere ends the question", async () => {
  const pipe = new Terminal();
  pipe.isTTY = false;
  assert.equal(await pipe.ask(), undefined);
  const stop = new AbortController();
  const terminal = new Terminal();
  const answer = terminal.ask(stop.signal);
  stop.abort();
  assert.equal(await answer, undefined);
  assert.equal(terminal.raw, false);
});
