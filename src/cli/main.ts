#!/usr/bin/env node
import { nodeIo } from "./node-io.js";
import { main } from "./program.js";

const interrupt = new AbortController();
process.on("SIGINT", () => {
  // The second time somebody means it.
  if (interrupt.signal.aborted) process.exit(130);
  interrupt.abort();
});
process.on("SIGTERM", () => interrupt.abort());
// Whoever read our output has gone ("imflasher info | head -1").
process.stdout.on("error", () => process.exit(1));

const code = await main(process.argv.slice(2), nodeIo(interrupt.signal));
// A port that is still closing must not hold the shell up; what was written must come out first.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
