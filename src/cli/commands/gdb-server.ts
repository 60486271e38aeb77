import type { Board } from "../../boards/board.js";
import type { Layout } from "../../gdb/layout.js";
import type { Via } from "../../gdb/loader.js";
import { kindOfCommand, kindOfPort, type ServerKind } from "../../gdb/server-kinds.js";
import type { Upstream } from "../../gdb/upstream.js";
import { readBoard } from "../board-files.js";
import type { RunCommand } from "../commands.js";
import type { CommandContext, GlobalOptions } from "../context.js";
import { InterruptedError, UsageError } from "../errors.js";
import { standBetween } from "../gdb/between.js";
import { flashProgram } from "../gdb/flash-program.js";
import { GdbListener } from "../gdb/listener.js";
import { ProgramFile } from "../gdb/program-file.js";
import { SpawnedServer } from "../gdb/spawned-server.js";
import {
  awaitUpstream,
  connectUpstream,
  parseServerAddress,
  type ServerAddress,
} from "../gdb/upstream-socket.js";
import type { CliIo } from "../io.js";
import { parsePort } from "../numbers.js";

interface GdbServerOptions extends GlobalOptions {
  readonly between?: string;
  readonly program?: string;
  readonly upstream?: string;
  readonly spawn?: string;
  readonly listen?: string;
  readonly once?: boolean;
  readonly layout?: string;
  readonly internalFlash?: boolean;
  readonly via?: string;
}

const DEFAULT_PORT = "3334";
const VIAS: readonly Via[] = ["auto", "usb", "probe"];
const DEFAULT_LAYOUT = "emulated";
/** Milliseconds until the port of a server that was just started answers. */
const SPAWN_TIME = 30_000;

export const run: RunCommand = async (context, _args, options) => {
  const chosen: GdbServerOptions = options;
  const { listen, board } = ports(context, chosen);
  const layout = layoutOf(readBoard(chosen.layout ?? DEFAULT_LAYOUT));
  const parts = {
    layout,
    internalFlash: chosen.internalFlash === true,
    flash: flashProgram(board),
    via: viaOf(chosen),
    reporter: context.reporter,
    toRun:
      chosen.program === undefined ? undefined : new ProgramFile(context.io, chosen.program, layout.external),
  };
  if (chosen.between !== undefined) return standBetween(chosen, parts, interruption(context.io));
  const { kind, address } = upstreamOf(chosen);
  await withServer(context, chosen.spawn, address, async (first, ends) => {
    const listener = new GdbListener({
      ...parts,
      kind,
      port: listen,
      once: chosen.once === true,
      connect: async () => first.take() ?? connectUpstream(address),
    });
    try {
      await Promise.race([ends, listener.run()]);
    } finally {
      await listener.close();
    }
  });
};

/** A connection that was made to see whether the server is there. */
class FirstConnection {
  #upstream: Upstream | undefined;

  constructor(upstream: Upstream | undefined) {
    this.#upstream = upstream;
  }

  /** Given away once: some servers end with their first connection, whoever it was. */
  take(): Upstream | undefined {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    return upstream?.lost === undefined ? upstream : undefined;
  }
}

/**
 * Runs a job while the probe's server is there; ends what was started here.
 * @param job gets what rejects on Ctrl-C and when the server ends by itself
 */
async function withServer(
  { io, reporter }: CommandContext,
  command: string | undefined,
  address: ServerAddress,
  job: (first: FirstConnection, ends: Promise<never>) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const interrupted = interruption(io);
  if (command === undefined) return job(new FirstConnection(undefined), interrupted);
  const spawned = new SpawnedServer(command, (line) => reporter.note(`server: ${line}`));
  const ends = Promise.race([interrupted, spawned.failed]);
  ends.catch(() => {});
  try {
    const found = awaitUpstream(address, SPAWN_TIME, over.signal);
    const first = new FirstConnection(await Promise.race([found, ends]));
    await job(first, ends);
    await first.take()?.close();
  } finally {
    over.abort();
    await spawned.stop();
  }
}

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

function viaOf({ via = "auto" }: GdbServerOptions): Via {
  const found = VIAS.find((one) => one === via);
  if (found === undefined)
    throw new UsageError(`--via: expected ${VIAS.join(", ")}; found ${JSON.stringify(via)}`);
  return found;
}

function layoutOf({ flash, regions }: Board): Layout {
  return {
    external: { address: flash.address, length: flash.size },
    application: regions.application,
  };
}

function interruption({ signal }: CliIo): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new InterruptedError("interrupted"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  interrupted.catch(() => {});
  return interrupted;
}
