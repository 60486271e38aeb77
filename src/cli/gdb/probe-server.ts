/** The probe's GDB server: one that runs already, or one that is started here and ends with us. */
import type { ServerKind } from "../../gdb/server-kinds.js";
import type { Upstream } from "../../gdb/upstream.js";
import { wallClock } from "../../transport/node/timers.js";
import { InterruptedError } from "../errors.js";
import type { CliIo } from "../io.js";
import { SpawnedServer, SpawnedServerError } from "./spawned-server.js";
import { awaitUpstream, connectUpstream, type ServerAddress } from "./upstream-socket.js";

/** Milliseconds until the port of a server that was just started answers. */
const SPAWN_TIME = 30_000;

export interface ServerToUse {
  readonly kind: ServerKind;
  /** undefined: where a server of this kind says that it is, or usually is. */
  readonly address: ServerAddress | undefined;
  /** Starts it; undefined: it runs already. */
  readonly command: string | undefined;
  /** What it says. */
  readonly onLine: (line: string) => void;
}

export interface ProbeServer {
  /** @throws UpstreamLostError */
  connect(): Promise<Upstream>;
  /** Rejects on Ctrl-C and when the server ends by itself. */
  readonly ends: Promise<never>;
}

/** Runs a job while the server is there; ends what was started here. @throws UpstreamLostError, SpawnedServerError */
export async function withProbeServer(
  io: CliIo,
  server: ServerToUse,
  job: (server: ProbeServer) => Promise<void>,
): Promise<void> {
  const interrupted = interruption(io);
  const { command, kind } = server;
  if (command === undefined) {
    const address = server.address ?? usual(kind);
    return job({ connect: () => connectUpstream(address), ends: interrupted });
  }
  const over = new AbortController();
  const said = new SaidPort(kind);
  const spawned = new SpawnedServer(command, (line) => {
    said.line(line);
    server.onLine(line);
  });
  const ends = Promise.race([interrupted, spawned.failed]);
  ends.catch(() => {});
  try {
    const address = server.address ?? (await Promise.race([said.address, ends]));
    const found = awaitUpstream(address, SPAWN_TIME, over.signal);
    const first = new FirstConnection(await Promise.race([found, ends]));
    await job({ connect: async () => first.take() ?? connectUpstream(address), ends });
    await first.take()?.close();
  } finally {
    over.abort();
    said.close();
    await spawned.stop();
  }
}

function usual({ port }: ServerKind): ServerAddress {
  return { host: "127.0.0.1", port };
}

/** Where a server that was started says that it listens. */
class SaidPort {
  readonly address: Promise<ServerAddress>;
  readonly #says: RegExp | undefined;
  #found: (address: ServerAddress) => void = () => {};
  #cancel: () => void = () => {};

  constructor(kind: ServerKind) {
    this.#says = kind.says;
    this.address = new Promise((resolve, reject) => {
      this.#found = resolve;
      if (kind.says === undefined) return resolve(usual(kind));
      this.#cancel = wallClock.after(SPAWN_TIME, () =>
        reject(
          new SpawnedServerError(
            `--spawn: ${kind.name} has not said within ${SPAWN_TIME / 1000} s where it listens for GDB: name that with --upstream`,
          ),
        ),
      );
    });
    this.address.catch(() => {});
  }

  line(text: string): void {
    const port = this.#says?.exec(text)?.[1];
    if (port !== undefined) this.#found({ host: "127.0.0.1", port: Number(port) });
  }

  close(): void {
    this.#cancel();
  }
}

/** A connection that was made to see whether the server is there. */
class FirstConnection {
  #upstream: Upstream | undefined;

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  /** Given away once: some servers end with their first connection, whoever it was. */
  take(): Upstream | undefined {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    return upstream?.lost === undefined ? upstream : undefined;
  }
}

/** Rejects on Ctrl-C. */
export function interruption({ signal }: CliIo): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new InterruptedError("interrupted"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  interrupted.catch(() => {});
  return interrupted;
}
