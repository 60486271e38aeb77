/** A pseudo-terminal that stands for the board's serial port: other programs open its path. */
import { spawn } from "@lydell/node-pty";
import type { ServedPort } from "./serve.js";

/** The terminal cannot be made. */
export class PtyError extends Error {
  override readonly name = "PtyError";
}

/**
 * Makes the pair. A child that only sleeps holds the other side open, in raw mode, so that clients may come and go:
 * with nobody there, reading the master would end with EIO.
 */
export function openPty(): Promise<ServedPort> {
  const holder = spawn("sh", ["-c", "stty raw -echo && tty && exec sleep 2147483647"], { encoding: null });
  return new Promise((resolve, reject) => {
    let heard = "";
    let receiver: ((bytes: Uint8Array) => void) | undefined;
    holder.onExit(({ exitCode }) =>
      reject(new PtyError(`the pseudo-terminal ended with code ${exitCode}: ${heard}`)),
    );
    // With encoding null node-pty delivers Buffers, whatever its types say.
    holder.onData((data) => {
      const bytes = data as unknown as Uint8Array;
      if (receiver !== undefined) {
        receiver(bytes);
        return;
      }
      heard += Buffer.from(bytes).toString("latin1");
      const path = /(\/dev\/\S+)\n/.exec(heard)?.[1];
      if (path === undefined) return;
      receiver = () => {};
      resolve({
        kind: "pty",
        value: path,
        // Buffers are taken as they are, too; strings would be sent as UTF-8.
        write: (out) => holder.write(Buffer.from(out) as unknown as string),
        onData: (to) => {
          receiver = to;
        },
        close: () => holder.kill(),
      });
    });
  });
}
