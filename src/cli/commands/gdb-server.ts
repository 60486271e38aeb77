import type { Board } from "../../boards/board.js";
import { INTERNAL_FLASH, type Layout, PROBE_TABLE_OFFSET } from "../../gdb/layout.js";
import type { Via } from "../../gdb/loader.js";
import { EMULATED, kindOfCommand, kindOfPort, type ServerKind } from "../../gdb/server-kinds.js";
import { readBoard } from "../board-files.js";
import type { CommandContext, GlobalOptions, RunCommand } from "../command.js";
import { UsageError } from "../errors.js";
import { standBetween } from "../gdb/between.js";
import { flashProgram } from "../gdb/flash-program.js";
import { GdbListener } from "../gdb/listener.js";
import { interruption, withProbeServer } from "../gdb/probe-server.js";
import { ProgramFile } from "../gdb/program-file.js";
import { parseServerAddress, type ServerAddress } from "../gdb/upstream-socket.js";
import { parsePort } from "../numbers.js";

interface GdbServerOptions extends GlobalOptions {
  readonly between?: string;
  readonly upstream?: string;
  readonly spawn?: string;
  readonly listen?: string;
  readonly once?: boolean;
  readonly layout?: string;
  readonly internalFlash?: boolean;
  readonly via?: string;
  readonly signature?: string;
}

const DEFAULT_PORT = "3334";
const VIAS: readonly Via[] = ["auto", "usb", "probe"];

export const run: RunCommand = async (context, _args, options) => {
  const chosen: GdbServerOptions = options;
  const { listen, board } = ports(context, chosen);
  const usb: { -readonly [K in keyof GlobalOptions]: GlobalOptions[K] } = { ...board.options };
  const described = chosen.layout === undefined ? undefined : readBoard(chosen.layout);
  if (chosen.internalFlash === true && described?.firstStage !== undefined) {
    throw new UsageError(
      `--internal-flash: ${described.title} keeps the bootloader it came with: nothing may be written there`,
    );
  }
  const program = new ProgramFile(context.io);
  const parts = {
    layout: described === undefined ? undefined : layoutOf(described),
    internalFlash: chosen.internalFlash === true,
    flash: flashProgram(
      { ...board, options: usb },
      { signature: chosen.signature, program: () => program.path },
    ),
    via: viaOf(chosen),
    reporter: context.reporter,
  };
  if (chosen.between !== undefined) {
    return standBetween(chosen, { ...parts, toRun: program }, interruption(context.io));
  }
  const { kind, address } = upstreamOf(chosen);
  const onLine = (line: string): void => {
    context.reporter.note(`server: ${line}`);
    // An emulated board that was started here says itself where its USB cable is.
    const pty = kind.name === EMULATED ? /^pty (\S+)$/.exec(line)?.[1] : undefined;
    if (pty !== undefined) usb.port ??= pty;
  };
  const server = { kind, address, command: chosen.spawn, onLine };
  await withProbeServer(context.io, server, async ({ connect, ends }) => {
    const listener = new GdbListener({ ...parts, kind, port: listen, once: chosen.once === true, connect });
    try {
      await Promise.race([ends, listener.run()]);
    } finally {
      await listener.close();
    }
  });
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
  readonly address: ServerAddress | undefined;
} {
  if (upstream === undefined && spawn === undefined) {
    throw new UsageError(
      "expected --upstream HOST:PORT, where the probe's GDB server listens, or --spawn 'COMMAND' that starts it",
    );
  }
  const named = upstream === undefined ? undefined : parseServerAddress("--upstream", upstream);
  const kind = spawn === undefined ? kindOfPort(named?.port ?? 0) : kindOfCommand(spawn);
  return { kind, address: named };
}

function viaOf({ via = "auto" }: GdbServerOptions): Via {
  const found = VIAS.find((one) => one === via);
  if (found === undefined)
    throw new UsageError(`--via: expected ${VIAS.join(", ")}; found ${JSON.stringify(via)}`);
  return found;
}

function layoutOf({ flash, regions, backupRegister, firstStage }: Board): Layout {
  const image = firstStage?.loadAddress ?? INTERNAL_FLASH.address;
  return {
    external: { address: flash.address, length: flash.size },
    application: regions.application,
    requestRegister: backupRegister,
    probeTables: [image + PROBE_TABLE_OFFSET],
  };
}
