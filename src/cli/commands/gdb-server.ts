import type { Board } from "../../boards/board.js";
import type { Layout } from "../../gdb/layout.js";
import { kindOfCommand, kindOfPort, type ServerKind } from "../../gdb/server-kinds.js";
import type { Upstream } from "../../gdb/upstream.js";
import { readBoard } from "../board-files.js";
import type { RunCommand } from "../commands.js";
import type { CommandContext, GlobalOptions } from "../context.js";
import { InterruptedError, UsageError } from "../errors.js";
import { flashOverUsb } from "../gdb/flash-over-usb.js";
import { GdbListener } from "../gdb/listener.js";
import { SpawnedServer } from "../gdb/spawned-server.js";
import {
  awaitUpstream,
  connectUpstream,
  parseServerAddress,
  type ServerAddress,
} from "../gdb/upstream-socket.js";
import { parsePort } from "../numbers.js";

interface GdbServerOptions extends GlobalOptions {
  readonly upstream?: string;
  readonly spawn?: string;
  readonly listen?: string;
  readonly once?: boolean;
  readonly layout?: string;
  readonly internalFlash?: boolean;
}

const DEFAULT_PORT = "3334";
const DEFAULT_LAYOUT = "emulated";
/** Milliseconds until the port of a server that was just started answers. */
const SPAWN_TIME = 30_000;

export const run: RunCommand = async (context, _args, options) => {
  const chosen: GdbServerOptions = options;
  const { listen, board } = ports(context, chosen);
  const { kind, address } = upstreamOf(chosen);
  const spawned =
    chosen.spawn === undefined
      ? undefined
      : new SpawnedServer(chosen.spawn, (line) => context.reporter.note(`server: ${line}`));
  try {
    // Kept for the first GDB: some servers end with their first connection, whoever it was.
    let first =
      spawned === undefined ? undefined : await orFailure(spawned, awaitUpstream(address, SPAWN_TIME));
    const listener = new GdbListener({
      port: listen,
      kind,
      once: chosen.once === true,
      layout: layoutOf(readBoard(chosen.layout ?? DEFAULT_LAYOUT)),
      internalFlash: chosen.internalFlash === true,
      flash: flashOverUsb(board),
      reporter: context.reporter,
      connect: async (): Promise<Upstream> => {
        const upstream = first?.lost === undefined ? first : undefined;
        first = undefined;
        return upstream ?? connectUpstream(address);
      },
    });
    try {
      await Promise.race([
        interrupted(context),
        ...(spawned === undefined ? [] : [spawned.failed]),
        listener.run(),
      ]);
    } finally {
      await listener.close();
      first?.close();
    }
  } finally {
    await spawned?.stop();
  }
};

/** `--port` with a number is GDB's port, as other GDB servers have it; else it is the board's, as everywhere. */
function ports(
  context: CommandContext,
  { port, listen, board }: GdbServerOptions,
): { readonly listen: number; readonly board: CommandContext } {
  if (board !== undefined) {
    throw new UsageError(
      '--board: expected a board beside this process: start it with "imflasher emulate --pty --gdb 0", ' +
        "and name its ports with --port and --upstream",
    );
  }
  const number = port !== undefined && /^\d+$/.test(port) ? port : undefined;
  if (number !== undefined && listen !== undefined) {
    throw new UsageError(
      `--listen, --port: expected one of them to be GDB's port, found ${listen} and ${number}`,
    );
  }
  const { port: _, ...others } = context.options;
  return {
    listen: parsePort(number === undefined ? "--listen" : "--port", number ?? listen ?? DEFAULT_PORT),
    board: number === undefined ? context : { ...context, options: others },
  };
}

function upstreamOf({ upstream, spawn }: GdbServerOptions): {
  readonly kind: ServerKind;
  readonly address: ServerAddress;
} {
  if (upstream === undefined && spawn === undefined) {
    throw new UsageError(
      "expected --upstream HOST:PORT, where the probe's GDB server listens, or --spawn 'COMMAND' that starts it",
    );
  }
  const named = upstream === undefined ? undefined : parseServerAddress("--upstream", upstream);
  const kind = spawn === undefined ? kindOfPort(named?.port ?? 0) : kindOfCommand(spawn);
  return { kind, address: named ?? { host: "127.0.0.1", port: kind.port } };
}

function layoutOf({ flash, regions }: Board): Layout {
  const ends = [regions.application, regions.journal, ...regions.reserved].map(
    ({ address, length }) => address + length,
  );
  return {
    external: { address: flash.address, length: Math.max(...ends) - flash.address },
    application: regions.application,
  };
}

function orFailure<T>(spawned: SpawnedServer, job: Promise<T>): Promise<T> {
  return Promise.race([job, spawned.failed]);
}

function interrupted({ io }: CommandContext): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new InterruptedError("interrupted"));
    if (io.signal.aborted) stop();
    io.signal.addEventListener("abort", stop, { once: true });
  });
}
