/** Asking a board about itself, starting applications, and where a restart boots. */

import { BoardError } from "../protocol/errors.js";
import type { BoardInfo, BootAddress, Geometry, Hello, Status } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import { checkBootAddress } from "./checks.js";
import type { Connection } from "./connection.js";

/** Everything that a board tells. What it refuses is the refusal, so that the rest can still be shown. */
export interface BoardReport {
  readonly boardId: string;
  readonly hello: Hello;
  readonly info: BoardInfo;
  readonly geometry: Geometry | BoardError;
  readonly status: Status | BoardError;
  readonly bootAddress: BootAddress | BoardError;
}

/** @throws LinkLostError, BoardError */
export async function boardInfo(connection: Connection): Promise<BoardReport> {
  return connection.run(async (session) => {
    const [info, geometry, status, bootAddress] = await Promise.all([
      session.send("INFO", {}),
      orRefusal(session.send("GEOMETRY", {})),
      orRefusal(session.send("STATUS", {})),
      orRefusal(session.send("GET_BOOT_ADDRESS", {})),
    ]);
    return { boardId: session.hello.boardId, hello: session.hello, info, geometry, status, bootAddress };
  });
}

function orRefusal<T>(answer: Promise<T>): Promise<T | BoardError> {
  return answer.catch((error: unknown) => {
    if (error instanceof BoardError) return error;
    throw error;
  });
}

/**
 * Starts the application once and gives up the board, which resets and leaves the bus.
 * @param address 0: the stored boot address.
 * @throws BoardError when the board refuses (UNFINISHED, NOT_BOOTABLE, RANGE): the connection then stays open
 * @throws SessionBrokenError when the link broke before the answer
 */
export function boot(connection: Connection, address: number): Promise<void> {
  return leave(connection, (session) => session.send("BOOT", { address }));
}

/** Restarts the board as after power-on, and gives it up. @throws BoardError, SessionBrokenError */
export function reset(connection: Connection): Promise<void> {
  return leave(connection, (session) => session.send("RESET", {}));
}

/** Not repeated when the link breaks: the board may have gone already. */
async function leave(connection: Connection, send: (session: Session) => Promise<object>): Promise<void> {
  const session = await connection.run(async (live) => {
    if (live.broken !== undefined) throw live.broken;
    return live;
  });
  await send(session);
  await connection.close();
}

/** Where a restart boots. @throws LinkLostError, BoardError */
export function getBootAddress(connection: Connection): Promise<BootAddress> {
  return connection.run((session) => session.send("GET_BOOT_ADDRESS", {}));
}

/**
 * Stores where a restart boots; storing what is stored writes nothing.
 * @throws PlacementError when nothing can start there; BoardError (LOG_FULL, LOG_FAILED); LinkLostError
 */
export function setBootAddress(connection: Connection, address: number): Promise<BootAddress> {
  return connection.run(async (session) => {
    checkBootAddress(address, await session.send("GEOMETRY", {}));
    return session.send("SET_BOOT_ADDRESS", { address });
  });
}
