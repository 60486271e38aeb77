/** A board that may go away and come back while a job runs. */

import { NoAnswerError, NotABootloaderError, SessionBrokenError } from "../protocol/errors.js";
import { Session } from "../protocol/session.js";
import { TransportClosedError } from "../protocol/transport.js";
import { LinkLostError } from "./errors.js";

/** Finds the board, opens its port and a session. Called again when the port is lost: it may wait for the board. */
export type Connect = () => Promise<Session>;

/** What every new session needs before a job uses it: a proof, where the board has an owner. */
export type Prepare = (session: Session) => Promise<void>;

export interface ConnectionOptions {
  readonly prepare?: Prepare;
  /** How often a broken link is opened anew before the job gives up. Default 3. */
  readonly maxReconnects?: number;
}

export class Connection {
  readonly #connect: Connect;
  readonly #prepare: Prepare;
  readonly #maxReconnects: number;
  readonly #boardId: string;
  #session: Session;
  #reconnects = 0;

  private constructor(connect: Connect, session: Session, options: ConnectionOptions) {
    this.#connect = connect;
    this.#prepare = options.prepare ?? (async () => {});
    this.#session = session;
    this.#boardId = session.hello.boardId;
    this.#maxReconnects = options.maxReconnects ?? 3;
  }

  /** @throws whatever `connect` and `prepare` throw. */
  static async open(connect: Connect, options: ConnectionOptions = {}): Promise<Connection> {
    const connection = new Connection(connect, await connect(), options);
    await connection.#ready();
    return connection;
  }

  /** The session of the moment. */
  get session(): Session {
    return this.#session;
  }

  /** How often the link was opened anew so far. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Milliseconds on the transport's clock. */
  now(): number {
    return this.#session.timers.now();
  }

  /**
   * Runs a job that may be begun again from the start: when the link breaks in the middle, a new session is opened
   * and the job continues from what the flash holds.
   * @throws LinkLostError when that does not help; all that `job` throws otherwise.
   */
  async run<T>(job: (session: Session) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await job(this.#session);
      } catch (cause) {
        if (!(cause instanceof SessionBrokenError)) throw cause;
        await this.#reopen(cause);
      }
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async #reopen(cause: SessionBrokenError): Promise<void> {
    if (this.#reconnects >= this.#maxReconnects) throw lost(`it broke ${this.#reconnects + 1} times`, cause);
    this.#reconnects++;
    try {
      this.#session = (await this.#sameTransport()) ?? (await this.#connect());
    } catch (error) {
      throw lost(error instanceof Error ? error.message : String(error), error);
    }
    const { boardId } = this.#session.hello;
    if (boardId !== this.#boardId) {
      throw lost(`another board answers, ${boardId} instead of ${this.#boardId}`, cause);
    }
    await this.#ready();
  }

  /** The link may break meanwhile, too. */
  async #ready(): Promise<void> {
    try {
      await this.#prepare(this.#session);
    } catch (cause) {
      if (!(cause instanceof SessionBrokenError)) throw cause;
      await this.#reopen(cause);
    }
  }

  /** @returns undefined when the port is gone or silent: the board may be back under another name. */
  async #sameTransport(): Promise<Session | undefined> {
    const { transport, timers, transportClosed } = this.#session;
    try {
      if (!transportClosed) return await Session.open(transport, timers);
    } catch (error) {
      const gone = [NoAnswerError, NotABootloaderError, TransportClosedError];
      if (!gone.some((kind) => error instanceof kind)) throw error;
    }
    await this.#session.close();
    return undefined;
  }
}

function lost(why: string, cause: unknown): LinkLostError {
  return new LinkLostError(
    `the link to the board was lost: ${why.replace(/\.$/, "")}. What was begun is not lost: the board stays in its bootloader, ` +
      "and the same command completes it. Check the cable and run it again.",
    { cause },
  );
}
