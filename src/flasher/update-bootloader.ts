/** A running IMBootloader replaces itself: docs/protocol.md section 13. */
import { sha256 } from "@noble/hashes/sha2.js";
import { MAX_TRANSFER, UPDATE_ALLOW_OLDER } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import {
  type BootloaderIdentity,
  BootloaderMismatchError,
  compareVersions,
  readBootloaderIdentity,
} from "./bootloader-image.js";
import { throwIfCancelled } from "./cancel.js";
import type { Connection } from "./connection.js";
import type { JobOptions } from "./flash.js";
import { type Job, pipeline } from "./pipeline.js";

export interface UpdateOptions extends JobOptions {
  /** The image may be older than what runs. Default false. */
  readonly allowOlder?: boolean;
  /** Called right before the board erases its bootloader: from here on it must not lose power. */
  readonly onReplacing?: () => void;
}

export interface UpdateReport {
  /** Versions, "0.1.0". */
  readonly before: string;
  readonly after: string;
  readonly board: string;
  readonly bytes: number;
  /** On the transport's clock, from the start until the new bootloader has answered. */
  readonly milliseconds: number;
}

/**
 * Has a running bootloader replaced by `image`; boot address, owner and policy stay. The new one then waits in its
 * bootloader. Everything is checked, on the PC and on the board, before anything is erased; from then on, for about two
 * seconds, a board that loses power is dead until ST's ROM bootloader or a probe brings the bootloader back.
 * @param image as it lies from 0x0800_0000 on
 * @throws BootloaderImageError, BootloaderMismatchError: nothing was changed
 * @throws CancelledError, LinkLostError, BoardError
 */
export async function updateBootloader(
  connection: Connection,
  image: Uint8Array,
  options: UpdateOptions = {},
): Promise<UpdateReport> {
  const { allowOlder = false, onReplacing = () => {}, signal } = options;
  const started = connection.now();
  const identity = readBootloaderIdentity(image);
  const before = await connection.run(async (session) => {
    throwIfCancelled(signal);
    const info = await session.send("INFO", {});
    checkFits(identity, info, allowOlder);
    await stage(session, image, options);
    return info;
  });
  throwIfCancelled(signal);
  onReplacing();
  const flags = allowOlder ? UPDATE_ALLOW_OLDER : 0;
  // Not repeated when the link breaks: the board may be at it.
  await connection.session.send("UPDATE", { length: image.length, flags, sha256: sha256(image) });
  const after = await connection.run((session) => session.send("INFO", {}));
  return {
    before: before.firmware,
    after: after.firmware,
    board: after.board,
    bytes: image.length,
    milliseconds: connection.now() - started,
  };
}

/** What the board would refuse, too, told before anything is sent. @throws BootloaderMismatchError */
function checkFits(
  { board, version }: BootloaderIdentity,
  info: { readonly board: string; readonly firmware: string },
  allowOlder: boolean,
): void {
  if (board !== info.board) {
    throw new BootloaderMismatchError(
      `expected a bootloader for board "${info.board}", found one for "${board}": nothing was changed`,
    );
  }
  if (!allowOlder && compareVersions(version, info.firmware) < 0) {
    throw new BootloaderMismatchError(
      `expected version ${info.firmware}, which runs, or a newer one; found ${version}: nothing was changed. Go back to it with --force`,
    );
  }
}

async function stage(
  session: Session,
  image: Uint8Array,
  { signal, onProgress }: UpdateOptions,
): Promise<void> {
  let done = 0;
  const job = (offset: number): Job => {
    const data = image.subarray(offset, offset + MAX_TRANSFER);
    return {
      bytes: 4 + data.length,
      run: async () => {
        await session.send("STAGE", { offset, data });
        done += data.length;
        onProgress?.({ phase: "write", done, total: image.length });
      },
    };
  };
  const count = Math.ceil(image.length / MAX_TRANSFER);
  await pipeline(
    session,
    Array.from({ length: count }, (_, index) => job(index * MAX_TRANSFER)),
    signal,
  );
}
