/** Writing over USB for GDB: what `imflasher flash` does, on a board that is about to show its port. */

import { boot, flashImage } from "../../flasher/index.js";
import type { FlashOverUsb } from "../../gdb/starter.js";
import { type CommandContext, withBoard } from "../context.js";
import { signatureFor } from "../signed.js";

/** Milliseconds from the reset to the port: the bootloader's start, the host's enumeration, udev. */
const APPEARS_WITHIN = 15_000;

export function flashOverUsb(context: CommandContext): FlashOverUsb {
  return (image, address) => {
    const cancelled = new AbortController();
    const signal = AbortSignal.any([context.io.signal, cancelled.signal]);
    const own: CommandContext = { ...context, io: { ...context.io, signal } };
    const done = withBoard(
      own,
      async (connection, access) => {
        access.require(["flash", "boot"], "");
        // Refused here where the owner wants a signature: GDB brings none.
        signatureFor(access.grant, undefined, true, (text) => own.reporter.note(text));
        const report = await flashImage(connection, image, {
          onProgress: (progress) => own.reporter.progress(progress),
          signal,
          bootAddress: address,
        });
        await boot(connection, address);
        return report;
      },
      {
        appearsWithin: APPEARS_WITHIN,
        afterInterrupt: ": the board stays in its bootloader, and the next load completes what was begun",
      },
    );
    return { done, cancel: () => cancelled.abort() };
  };
}
