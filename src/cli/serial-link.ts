import type { Timers, Transport } from "../protocol/transport.js";
import { PortAccessError, PortBusyError, PortMissingError } from "../transport/node/errors.js";
import { type BoardPort, waitForPort } from "../transport/node/ports.js";
import { sleep } from "../transport/node/timers.js";
import type { BoardLink, BoardRequest } from "./io.js";

/** Milliseconds between two looks for a board. */
const POLL_INTERVAL = 200;
/** Milliseconds that a port which has just appeared may be refused: udev sets its owner a little later. */
const SETTLE_TIME = 2000;
/** Milliseconds that a board which was there may stay away. */
const RETURN_TIME = 10_000;

export interface SerialSystem {
  readonly timers: Timers;
  openSerial(path: string): Promise<Transport>;
  listPorts(): Promise<readonly BoardPort[]>;
}

/** The way to a real board, or to a PTY: by port, by board id, or the only one there is. */
export class SerialLink implements BoardLink {
  readonly timers: Timers;
  private readonly request: BoardRequest;
  private readonly system: SerialSystem;
  /** The board that was opened first: a second opening takes no other. */
  private known: BoardPort | undefined;

  constructor(request: BoardRequest, system: SerialSystem) {
    this.request = request;
    this.system = system;
    this.timers = system.timers;
  }

  async open(): Promise<Transport> {
    const { port } = this.request;
    if (port !== undefined) {
      const again = this.known !== undefined;
      const transport = again ? await this.openSoon(port, RETURN_TIME) : await this.system.openSerial(port);
      this.known = { path: port, serial: undefined };
      return transport;
    }
    const found = await this.find();
    this.known = found.board;
    return found.fresh
      ? this.openSoon(found.board.path, SETTLE_TIME)
      : this.system.openSerial(found.board.path);
  }

  async close(): Promise<void> {}

  private async find(): Promise<{ readonly board: BoardPort; readonly fresh: boolean }> {
    const { signal, timeout } = this.request;
    const again = this.known !== undefined;
    const serial = this.known?.serial ?? this.request.serial;
    let fresh = again;
    const board = await waitForPort({
      matches: (port) => serial === undefined || port.serial === serial,
      what: serial === undefined ? "a board" : `board ${serial}`,
      timeout: again ? RETURN_TIME : timeout,
      signal,
      timers: this.timers,
      list: () => this.system.listPorts(),
      pollInterval: POLL_INTERVAL,
      onWaiting: () => {
        fresh = true;
        if (!again) this.request.onWaiting();
      },
    });
    return { board, fresh };
  }

  /** Opens a port that has just appeared, or is about to. */
  private async openSoon(path: string, milliseconds: number): Promise<Transport> {
    const end = this.timers.now() + milliseconds;
    for (;;) {
      try {
        return await this.system.openSerial(path);
      } catch (error) {
        const passing =
          error instanceof PortMissingError ||
          error instanceof PortAccessError ||
          error instanceof PortBusyError;
        if (!passing || this.timers.now() >= end) throw error;
        await sleep(this.timers, POLL_INTERVAL, this.request.signal);
      }
    }
  }
}
