/**
 * The GDB server of an emulated board: any number of connections, of which the one that came first controls the core
 * while it lasts. The others see memory while the program runs, as the live views of IDEs want it.
 */

import { type MemoryRange, memoryMapXml } from "../../rsp/documents.js";
import type { ExternalWindow } from "./gdb-flash.js";
import { GdbSession } from "./gdb-session.js";
import type { DebugFlash, DebugTarget } from "./target.js";

export interface GdbServerOptions {
  readonly target: DebugTarget;
  readonly flash: DebugFlash;
  /** Where the external flash chip shows. */
  readonly external: ExternalWindow;
  /** Something that the user should read and that GDB has no place for. */
  readonly note: (message: string) => void;
}

/** Somebody's connection; all that reaches this machine's end of it is given to `receive` as a byte string. */
export interface GdbConnection {
  receive(bytes: string): void;
  /** The other side is gone. Calling it twice does nothing. */
  ended(): void;
}

const ADDRESSES = 2 ** 32;
/** Smallest erase of every chip that the boards have. */
const EXTERNAL_BLOCK = 0x1000;

export class GdbServer {
  readonly #options: GdbServerOptions;
  readonly #memoryMap: string;
  /** In order of arrival. */
  readonly #sessions: GdbSession[] = [];

  constructor(options: GdbServerOptions) {
    this.#options = options;
    this.#memoryMap = memoryMapXml(memoryMap(options));
  }

  /** @param close ends the connection, at once or a little later */
  connect(write: (bytes: string) => void, close: () => void): GdbConnection {
    const { target, flash, external, note } = this.#options;
    // The constructor asks who is in control before it has returned.
    let session: GdbSession | undefined;
    const first = this.#sessions.length === 0;
    const ended = (): void => {
      const at = session === undefined ? -1 : this.#sessions.indexOf(session);
      if (at < 0) return;
      session?.ended();
      this.#sessions.splice(at, 1);
    };
    session = new GdbSession({
      target,
      flash,
      external,
      memoryMap: this.#memoryMap,
      write,
      close: () => {
        ended();
        close();
      },
      controls: () => (session === undefined ? first : this.#sessions[0] === session),
      note,
    });
    this.#sessions.push(session);
    const { receive } = { receive: session.receive.bind(session) };
    return { receive, ended };
  }

  /** To be called after board time has passed. */
  poll(): void {
    for (const session of [...this.#sessions]) session.poll();
  }
}

/** Flash is flash, and the rest may be anything: what is not listed GDB would not touch. */
function memoryMap({ flash, external }: GdbServerOptions): MemoryRange[] {
  const flashes = [
    { kind: "flash", start: flash.address, length: flash.length, blockSize: flash.blockSize },
    { kind: "flash", start: external.address, length: external.length, blockSize: EXTERNAL_BLOCK },
  ] as const;
  const ranges: MemoryRange[] = [];
  let at = 0;
  for (const range of flashes) {
    if (range.start > at) ranges.push({ kind: "ram", start: at, length: range.start - at });
    ranges.push(range);
    at = range.start + range.length;
  }
  ranges.push({ kind: "ram", start: at, length: ADDRESSES - at });
  return ranges;
}
