/** The CDC port of an emulated board as a Transport, in the same process and in board time. */

import type { CdcPort } from "../../emulator/usb/cdc.js";
import { type Timers, type Transport, TransportClosedError } from "../../protocol/transport.js";
import type { Advanceable } from "./pump.js";

export class EmulatedTransport implements Transport {
  readonly name: string;
  readonly #board: Advanceable;
  readonly #port: CdcPort;
  #closed = false;

  /** Opens the port: DTR goes up. */
  constructor(name: string, board: Advanceable, port: CdcPort) {
    this.name = name;
    this.#board = board;
    this.#port = port;
    port.open();
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#port.send(bytes, (error) => {
        if (error === undefined) resolve();
        else reject(new TransportClosedError(`${this.name}: ${error.message}`, { cause: error }));
        this.#board.interrupt();
      });
    });
  }

  onData(receiver: (bytes: Uint8Array) => void): void {
    this.#port.onData((bytes) => {
      receiver(bytes);
      this.#board.interrupt();
    });
  }

  onClose(receiver: (reason: Error | undefined) => void): void {
    this.#port.onDisconnect((error) => {
      if (!this.#closed)
        receiver(new TransportClosedError(`${this.name}: ${error.message}`, { cause: error }));
      this.#board.interrupt();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#port.close();
  }
}

/** What `boardTimers` needs of the board's time. */
export interface BoardTime extends Advanceable {
  after(delayNs: number, run: () => void): () => void;
}

/** Timers in board time: a timeout means what it means to the board. */
export function boardTimers(board: BoardTime): Timers {
  return {
    now: () => board.now / 1e6,
    after: (milliseconds, run) =>
      board.after(milliseconds * 1e6, () => {
        run();
        board.interrupt();
      }),
  };
}
