import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { fails, TestWorld } from "../testing.js";

test("the command line says what is missing or contradicts itself", async () => {
  for (const [argv, message] of [
    [[], /expected --upstream HOST:PORT.*or --spawn 'COMMAND'/],
    [["--upstream", "here"], /--upstream: expected a port number/],
    [["--upstream", "host:0"], /--upstream: expected HOST:PORT, found "host:0"/],
    [["--upstream", "1", "--board", "emulated"], /--board: expected a board beside this process/],
    [["--upstream", "1", "--port", "3334", "--listen", "3335"], /--listen, --port: expected one of them/],
    [["--upstream", "1", "--listen", "x"], /--listen: expected a port number/],
    [["--upstream", "1", "--port", "99999"], /--port: expected a port number/],
    [["--upstream", "1", "--layout", "none"], /expected one of: art-pi/],
    [["--between", "3"], /--between: expected two file descriptors/],
    [["--between", "3,4", "--upstream", "1"], /--between, --upstream: expected one of them/],
    [["--between", "9998,9999"], /the connection to the probe's server is no open socket/],
  ] as const) {
    await fails(new TestWorld(), ["gdb-server", ...argv], 2, message);
  }
});

function listening(context: TestContext): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  context.after(() => server.close());
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve({ server, port: typeof address === "object" && address !== null ? address.port : 0 });
    });
  });
}

test("a command that ends before its port answers is told with its last words", async (context) => {
  const { server, port } = await listening(context);
  await new Promise((resolve) => server.close(resolve));
  const world = new TestWorld();
  const code = await world.run(
    "gdb-server",
    "--spawn",
    "echo no probe found; exit 3",
    "--upstream",
    `${port}`,
    "--listen",
    "0",
  );
  assert.equal(code, 1);
  assert.match(world.stderr.text, /--spawn: "echo no probe found; exit 3" ended \(3\)\n {2}no probe found/);
});

test("--port with a number is GDB's port, and a port that is taken is told", async (context) => {
  const { port } = await listening(context);
  const world = new TestWorld();
  assert.equal(await world.run("gdb-server", "--upstream", "1", "--port", `${port}`), 1);
  assert.match(world.stderr.text, new RegExp(`EADDRINUSE.*${port}`));
});

test("Ctrl-C ends it", async () => {
  const world = new TestWorld();
  world.interrupt.abort();
  assert.equal(await world.run("gdb-server", "--upstream", "1", "--listen", "0"), 130);
});
