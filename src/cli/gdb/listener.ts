/** Takes GDB's connections: each gets a session and a connection to the probe's server of its own. */
import { createServer, type Server, type Socket } from "node:net";
import { UpstreamLostError } from "../../gdb/errors.js";
import type { MiddleSession } from "../../gdb/session.js";
import { Upstream } from "../../gdb/upstream.js";
import { wallClock } from "../../transport/node/timers.js";
import { guestGone, openGuest, type SessionParts } from "./guest.js";

export interface ListenerOptions extends SessionParts {
  /** 0 chooses one. */
  readonly port: number;
  readonly once: boolean;
  /** @throws UpstreamLostError */
  readonly connect: () => Promise<Upstream>;
}

/** Milliseconds in which the end of a connection shows that was closed before another was opened. */
const SETTLE_TIME = 30;

interface Guest {
  readonly socket: Socket;
  session: MiddleSession | undefined;
  /** GDB has closed its connection. */
  gone: boolean;
  over: Promise<void>;
}

export class GdbListener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  /** In order of arrival: the first one controls the board. */
  readonly #guests: Guest[] = [];

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#arrived(socket));
  }

  /** Ends when the only GDB has left, with `once`. @throws the system's error, for example EADDRINUSE */
  run(): Promise<void> {
    const { port, reporter, once } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.on("error", reject);
      if (once) this.#server.on("guest", (left: Promise<void>) => left.then(resolve, reject));
      this.#server.listen(port, "127.0.0.1", () => {
        const address = this.#server.address();
        const value = typeof address === "object" && address !== null ? address.port : port;
        reporter.event("gdb", { gdb: value }, `Listening on port ${value}`);
      });
    });
  }

  async close(): Promise<void> {
    this.#server.close();
    const leaving = this.#guests.map(async ({ socket, session, over }) => {
      socket.destroy();
      await session?.ended();
      await over;
    });
    await Promise.all(leaving);
  }

  #arrived(socket: Socket): void {
    socket.setNoDelay(true);
    const guest: Guest = { socket, session: undefined, gone: false, over: Promise.resolve() };
    this.#guests.push(guest);
    guest.over = this.#serve(guest).finally(() => {
      this.#guests.splice(this.#guests.indexOf(guest), 1);
    });
    this.#server.emit("guest", guest.over);
  }

  async #serve(guest: Guest): Promise<void> {
    const { socket } = guest;
    const gone = guestGone(socket).then(() => {
      guest.gone = true;
    });
    await this.#leaving();
    const upstream = await this.#upstream();
    guest.session = openGuest(this.#options, socket, upstream, () => this.#guests[0] === guest);
    await gone;
    await guest.session.ended();
  }

  /** A GDB that connects anew is here before its old connection has been cleared away. */
  async #leaving(): Promise<void> {
    await new Promise<void>((resolve) => wallClock.after(SETTLE_TIME, resolve));
    await Promise.all(this.#guests.filter(({ gone }) => gone).map(({ over }) => over));
  }

  /** One that is lost already where there is none: GDB then hears why from its first question. */
  async #upstream(): Promise<Upstream> {
    try {
      return await this.#options.connect();
    } catch (error) {
      if (!(error instanceof UpstreamLostError)) throw error;
      this.#options.reporter.note(`no connection to the probe's server: ${error.message}`);
      const upstream = new Upstream({ name: "the probe", write: () => {}, close: async () => {} });
      upstream.ended(error.message);
      return upstream;
    }
  }
}
