/** Runs a job on the board that the global options name, and puts everything away behind it. */
import type { Connection } from "../flasher/connection.js";
import type { Session, SessionOptions } from "../protocol/session.js";
import type { Transport } from "../protocol/transport.js";
import type { BoardAccess, Login } from "./board-access.js";
import type { CommandContext } from "./command.js";
import { InterruptedError, UsageError } from "./errors.js";
import type { BoardLink, OpenBoard } from "./io.js";
import { parseSeconds } from "./numbers.js";

/** Milliseconds that a command waits for a board unless --timeout says otherwise. */
export const DEFAULT_TIMEOUT = 60_000;

/** Seconds of board time that a board which imflasher runs itself goes on after a restart. */
export const DEFAULT_RUN_FOR = 2;

/** Chooses the way to the board that the global options name. */
export async function openLink(context: CommandContext): Promise<BoardLink> {
  const { io, options, reporter } = context;
  if (options.board !== undefined && options.port !== undefined) {
    throw new UsageError("--board, --port: expected one of them: a board that imflasher runs has no port");
  }
  const { board } = options;
  const open: OpenBoard = board === undefined ? io.connect : (request) => io.openBoard(board, request);
  const serial = options.serial === undefined ? undefined : await readSerial(options.serial);
  return open({
    port: options.port,
    serial,
    timeout: options.timeout === undefined ? DEFAULT_TIMEOUT : parseSeconds("--timeout", options.timeout),
    state: options.state,
    runFor: options.runFor === undefined ? DEFAULT_RUN_FOR : parseSeconds("--run-for", options.runFor) / 1000,
    signal: io.signal,
    note: (text) => reporter.note(text),
    onWaiting() {
      const what = serial === undefined ? "a board" : `board ${serial}`;
      reporter.note(`waiting for ${what} … press its reset button or plug it in`);
      reporter.progress({ phase: "wait", done: 0, total: 0 });
    },
  });
}

async function readSerial(text: string): Promise<string> {
  const { parseBoardId } = await import("../protocol/board-id.js");
  return parseBoardId(text);
}

/** A link whose ports are closed as soon as somebody presses Ctrl-C, and which then opens no more. */
class InterruptibleLink implements BoardLink {
  readonly timers: BoardLink["timers"];
  private readonly link: BoardLink;
  private readonly signal: AbortSignal;
  private readonly opened: Transport[] = [];

  constructor(link: BoardLink, signal: AbortSignal) {
    this.link = link;
    this.signal = signal;
    this.timers = link.timers;
  }

  async open(): Promise<Transport> {
    this.signal.throwIfAborted();
    const transport = await this.link.open();
    this.opened.push(transport);
    // Came too late for close() below.
    if (this.signal.aborted) await transport.close();
    this.signal.throwIfAborted();
    return transport;
  }

  async close(): Promise<void> {
    for (const transport of this.opened) await transport.close();
    await this.link.close();
  }
}

/**
 * Runs a job over a link and closes the link whatever happens. Ctrl-C ends the job at once.
 * @param afterInterrupt what a person should know then
 * @throws InterruptedError
 */
export async function withLink<T>(
  context: CommandContext,
  job: (link: BoardLink) => Promise<T>,
  afterInterrupt = "",
): Promise<T> {
  const { signal } = context.io;
  const link = new InterruptibleLink(await openLink(context), signal);
  let stop = (): void => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(new InterruptedError(`interrupted${afterInterrupt}`));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([interrupted, job(link)]);
  } catch (error) {
    // Whichever came first: what the job throws when its port is taken away is no news.
    if (signal.aborted) return await interrupted;
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    await link.close();
  }
}

export interface BoardJobOptions {
  /** What a person should know when Ctrl-C ended it. */
  readonly afterInterrupt?: string;
  /** Default: by a key of keys.json, where the board has an owner. */
  readonly login?: Login;
  /** Milliseconds in which the board, just sent into its bootloader, may still show its port. Default 0: it is there. */
  readonly appearsWithin?: number;
}

/**
 * Runs a job on a board whose link is opened anew when it breaks; every session is proven where the board has an owner.
 * @throws AccessDeniedError when the owner has not allowed what the job does
 */
export function withBoard<T>(
  context: CommandContext,
  job: (connection: Connection, access: BoardAccess) => Promise<T>,
  { afterInterrupt, login = "keys", appearsWithin = 0 }: BoardJobOptions = {},
): Promise<T> {
  return withLink(
    context,
    async (link) => {
      const [{ Connection }, { BoardAccess }] = await Promise.all([
        import("../flasher/connection.js"),
        import("./board-access.js"),
      ]);
      const access = new BoardAccess(context, login);
      const prepare = (session: Session) => access.prepare(session);
      const open = () =>
        appearsWithin > 0 ? openSoon(context, link, appearsWithin) : openSession(context, link);
      try {
        return await job(await Connection.open(open, { prepare }), access);
      } catch (error) {
        throw access.explain(error);
      }
    },
    afterInterrupt,
  );
}

/** Milliseconds between two attempts. */
const RETRY_INTERVAL = 50;
/** A port that is not there yet, not ours yet, or still the one of before the reset. */
const PASSING = [
  "PortMissingError",
  "PortAccessError",
  "PortBusyError",
  "NoAnswerError",
  "NotABootloaderError",
  "TransportClosedError",
];

async function openSoon(context: CommandContext, link: BoardLink, milliseconds: number): Promise<Session> {
  const { sleep } = await import("../transport/node/timers.js");
  const end = link.timers.now() + milliseconds;
  for (;;) {
    try {
      return await openSession(context, link, { repeatInterval: RETRY_INTERVAL });
    } catch (error) {
      const passing = error instanceof Error && PASSING.includes(error.name);
      if (!passing || link.timers.now() >= end) throw error;
      await sleep(link.timers, RETRY_INTERVAL, context.io.signal);
    }
  }
}

/** @throws NoBoardError when --serial names another board than the one at --port */
async function openSession(
  context: CommandContext,
  link: BoardLink,
  options: SessionOptions = {},
): Promise<Session> {
  const { Session } = await import("../protocol/session.js");
  const transport = await link.open();
  const session = await Session.open(transport, link.timers, options).catch(async (error: unknown) => {
    await transport.close();
    throw error;
  });
  if (context.options.serial === undefined) return session;
  const expected = await readSerial(context.options.serial);
  const found = session.hello.boardId;
  if (expected === found) return session;
  const { NoBoardError } = await import("../transport/node/errors.js");
  throw new NoBoardError(`${transport.name}: expected board ${expected}, found board ${found}`);
}
