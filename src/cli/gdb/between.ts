/** Between two connections that are open already: those of a GDB which has hooks.py inside. */
import { Socket } from "node:net";
import { kindOfPort } from "../../gdb/server-kinds.js";
import { UsageError } from "../errors.js";
import { guestGone, openGuest, type SessionParts } from "./guest.js";
import { inheritedUpstream } from "./upstream-socket.js";

/** Options that say how connections come to be. */
const MAKE_CONNECTIONS = ["upstream", "spawn", "listen", "once"] as const;

type BetweenOptions = Readonly<Partial<Record<"between" | (typeof MAKE_CONNECTIONS)[number], unknown>>>;

/** @param interrupted rejects on Ctrl-C. @throws UsageError */
export async function standBetween(
  options: BetweenOptions,
  parts: Omit<SessionParts, "kind">,
  interrupted: Promise<never>,
): Promise<void> {
  const other = MAKE_CONNECTIONS.find((name) => options[name] !== undefined);
  if (other !== undefined) {
    throw new UsageError(`--between, --${other}: expected one of them: --between has its connections`);
  }
  const descriptors = /^(\d+),(\d+)$/.exec(String(options.between));
  if (descriptors === null) {
    throw new UsageError(
      `--between: expected two file descriptors of this process, such as 3,4, found ${JSON.stringify(options.between)}`,
    );
  }
  const [server, guest] = descriptors.slice(1).map(Number);
  const { upstream, port } = inherited("the probe's server", () => inheritedUpstream(server ?? -1));
  const socket = inherited("GDB", () => new Socket({ fd: guest ?? -1 }));
  const gone = guestGone(socket);
  const session = openGuest({ ...parts, kind: kindOfPort(port) }, socket, upstream, () => true);
  parts.reporter.event("between", { server: upstream.name }, `between GDB and ${upstream.name}`);
  try {
    await Promise.race([gone, interrupted]);
  } finally {
    await session.ended();
    socket.destroy();
  }
}

function inherited<T>(what: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--between: the connection to ${what} is no open socket: ${message}`, { cause });
  }
}
