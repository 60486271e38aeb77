/** Writing for GDB: what `imflasher flash` does, on a board that is about to show its port or through its probe. */

import { boot, flashImage } from "../../flasher/index.js";
import type { FlashReport } from "../../flasher/progress.js";
import { NoUsbBoardError } from "../../gdb/errors.js";
import type { FlashProgram, FlashTask } from "../../gdb/loader.js";
import { parseBoardId } from "../../protocol/board-id.js";
import type { Timers, Transport } from "../../protocol/transport.js";
import { wallClock } from "../../transport/node/timers.js";
import { withBoard } from "../board-job.js";
import type { CommandContext } from "../command.js";
import { UsageError } from "../errors.js";
import type { OpenBoard } from "../io.js";
import { parseSeconds } from "../numbers.js";
import { type SignedLoad, type Signing, signatureOf, signedLoad } from "./load-signature.js";

/** Seconds from the reset to the port: the bootloader's start, the host's enumeration, udev. */
const APPEARS_WITHIN = "15";
/** A probe may need seconds for what USB does in milliseconds, and tells by itself when the core goes astray. */
const PROBE_SLOWNESS = 20;

export function flashProgram(context: CommandContext, signing: Signing): FlashProgram {
  return (task) => {
    const cancelled = new AbortController();
    const signal = AbortSignal.any([context.io.signal, cancelled.signal]);
    const done = signedLoad(context.io, task.image, signing).then((load) =>
      flash(contextFor(context, task, signal), { ...task, ...load }, signal),
    );
    return { done, cancel: () => cancelled.abort() };
  };
}

/** Its errors before the first request mean that no board has shown itself. */
const NOBODY: readonly string[] = [
  "NoBoardError",
  "PortMissingError",
  "NoAnswerError",
  "NotABootloaderError",
  "TransportClosedError",
];

async function flash(
  context: CommandContext,
  task: FlashTask & SignedLoad,
  signal: AbortSignal,
): Promise<FlashReport> {
  let found = false;
  const { timeout = APPEARS_WITHIN } = context.options;
  try {
    return await withBoard(
      context,
      async (connection, access) => {
        found = true;
        access.require(["flash", "boot"], "");
        const signature = signatureOf(task, access.grant, (text) => context.reporter.note(text));
        const report = await flashImage(connection, task.image, {
          onProgress: (progress) => context.reporter.progress(progress),
          signal,
          bootAddress: task.address,
          ...(signature !== undefined && { signature }),
        });
        await boot(connection, task.address);
        return report;
      },
      {
        appearsWithin: task.transport === undefined ? parseSeconds("--timeout", timeout) : 0,
        afterInterrupt: ": the board stays in its bootloader, and the next load completes what was begun",
      },
    );
  } catch (error) {
    const nobody = error instanceof Error && !found && NOBODY.includes(error.name);
    throw nobody && task.transport === undefined
      ? new NoUsbBoardError(error.message, { cause: error })
      : error;
  }
}

/** The board at the probe and no other, whatever else is plugged in. @throws UsageError */
function contextFor(context: CommandContext, task: FlashTask, signal: AbortSignal): CommandContext {
  const { boardId, transport } = task;
  const named = context.options.serial;
  if (named !== undefined && boardId !== undefined && parseBoardId(named) !== boardId) {
    throw new UsageError(`--serial: the probe is at board ${boardId}, found ${named}`);
  }
  const io = { ...context.io, signal };
  const serial = named ?? boardId;
  const options = {
    ...context.options,
    ...(serial === undefined ? {} : { serial }),
    timeout: context.options.timeout ?? APPEARS_WITHIN,
  };
  if (transport === undefined) return { ...context, io, options };
  const { port: _, ...others } = options;
  return { ...context, io: { ...io, connect: through(transport) }, options: others };
}

function through(transport: Transport): OpenBoard {
  const timers: Timers = {
    now: () => wallClock.now(),
    after: (milliseconds, run) => wallClock.after(milliseconds * PROBE_SLOWNESS, run),
  };
  return async () => ({ timers, open: async () => transport, close: () => transport.close() });
}
