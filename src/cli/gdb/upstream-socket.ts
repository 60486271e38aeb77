/** The TCP connection to the probe's GDB server. */
import { connect, Socket } from "node:net";
import { UpstreamLostError } from "../../gdb/errors.js";
import { Upstream } from "../../gdb/upstream.js";
import { sleep, wallClock } from "../../transport/node/timers.js";
import { UsageError } from "../errors.js";
import { parsePort } from "../numbers.js";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** "HOST:PORT", ":PORT" or "PORT". @throws UsageError */
export function parseServerAddress(option: string, text: string): ServerAddress {
  const at = text.lastIndexOf(":");
  const host = at > 0 ? text.slice(0, at).replace(/^\[(.*)\]$/, "$1") : "127.0.0.1";
  const port = parsePort(option, text.slice(at + 1));
  if (port === 0) throw new UsageError(`${option}: expected HOST:PORT, found ${JSON.stringify(text)}`);
  return { host, port };
}

/** Milliseconds that a server may take to end its side. */
const END_TIME = 1000;

function end(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const cancel = wallClock.after(END_TIME, () => socket.destroy());
    socket.once("close", () => {
      cancel();
      resolve();
    });
    socket.end();
  });
}

/** @throws UpstreamLostError when nobody answers there */
export function connectUpstream({ host, port }: ServerAddress): Promise<Upstream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const upstream = upstreamOver(socket, `${host}:${port}`);
    socket.once("connect", () => resolve(upstream));
    socket.on("close", () => {
      reject(
        new UpstreamLostError(
          `${upstream.lost?.message}. Start the probe's GDB server there, or let imflasher start it: --spawn`,
        ),
      );
    });
  });
}

/** A connection to a probe's server that another process has opened and left to this one. */
export function inheritedUpstream(descriptor: number): {
  readonly upstream: Upstream;
  readonly port: number;
} {
  const socket = new Socket({ fd: descriptor });
  const { remoteAddress, remotePort } = socket;
  const name = remotePort === undefined ? "the other end of its pipe" : `${remoteAddress}:${remotePort}`;
  return { upstream: upstreamOver(socket, name), port: remotePort ?? 0 };
}

function upstreamOver(socket: Socket, name: string): Upstream {
  const upstream = new Upstream({
    name,
    write: (bytes) => socket.write(bytes, "latin1"),
    close: () => end(socket),
  });
  let why = "it closed the connection";
  socket.on("data", (bytes) => upstream.receive(bytes.toString("latin1")));
  socket.on("error", (error) => {
    why = error.message;
  });
  socket.on("close", () => upstream.ended(why));
  return upstream;
}

/** Milliseconds between two attempts. */
const RETRY = 100;
/** Milliseconds in which a server hangs up that is not ready: OpenOCD takes connections before it has looked at its target. */
const REFUSAL_TIME = 150;

/** Tries until somebody answers, the time is over, or `signal` aborts. @throws UpstreamLostError */
export async function awaitUpstream(
  address: ServerAddress,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Upstream> {
  const end = wallClock.now() + milliseconds;
  for (;;) {
    try {
      const upstream = await connectUpstream(address);
      await sleep(wallClock, REFUSAL_TIME, signal);
      if (upstream.lost === undefined) return upstream;
      throw upstream.lost;
    } catch (error) {
      if (wallClock.now() >= end) throw error;
      await sleep(wallClock, RETRY, signal);
    }
  }
}
