import type { EmulatedBoard } from "../../emulator/board/emulated-board.js";
import type { CdcPort } from "../../emulator/usb/cdc.js";
import type { Timers, Transport } from "../../protocol/transport.js";
import { Pump } from "../../transport/emulated/pump.js";
import { boardTimers, EmulatedTransport } from "../../transport/emulated/transport.js";
import { NoBoardError } from "../../transport/node/errors.js";
import type { BoardLink, BoardRequest } from "../io.js";
import { type KeptBoard, makeBoard } from "./make-board.js";
import { takeTurnsFreely } from "./take-turns.js";

/** A board that was told to start a program leaves the bus within this time. */
const LEAVING_NS = 50e6;
const SLICE_NS = 10e6;

/** `--board NAME`: a board that lives as long as the command, in board time, as fast as this machine can. */
export async function openEmulated(name: string, request: BoardRequest): Promise<BoardLink> {
  const kept = makeBoard({
    name,
    state: request.state,
    onMessage: (message) => {
      if (!isDetail(message)) request.note(`board: ${message}`);
    },
    onConsole: (line) => request.note(`console: ${line}`),
  });
  return new EmulatedLink(kept, request);
}

/** What only somebody who ports firmware wants to know. `imflasher emulate` shows it. */
function isDetail(message: string): boolean {
  return /stored but have no effect|reserved or read-only bits|unknown command: ignored/.test(message);
}

class EmulatedLink implements BoardLink {
  readonly timers: Timers;
  readonly #kept: KeptBoard;
  readonly #request: BoardRequest;
  readonly #pump: Pump;
  #failure: unknown;
  #arrived: (port: CdcPort) => void = () => {};

  constructor(kept: KeptBoard, request: BoardRequest) {
    this.#kept = kept;
    this.#request = request;
    const { board } = kept;
    this.timers = boardTimers(board);
    this.#pump = new Pump(board, takeTurnsFreely);
    board.host.onCdc((port) => this.#arrived(port));
    board.plug();
    board.powerOn();
  }

  get #name(): string {
    const { name } = this.#board.board;
    return name === "emulated" ? "emulated board" : `emulated ${name}`;
  }

  get #board(): EmulatedBoard {
    return this.#kept.board;
  }

  async open(): Promise<Transport> {
    this.#pump.start((error) => {
      this.#failure = error;
      this.#board.interrupt();
    });
    const port = this.#board.host.cdc ?? (await this.#nextPort());
    return new EmulatedTransport(this.#name, this.#board, port);
  }

  /** After a restart the application runs on for a while, so that one can see what it says. */
  async close(): Promise<void> {
    await this.#pump.stop();
    if (this.#failure === undefined) {
      await this.#run(LEAVING_NS, () => this.#board.host.cdc !== undefined);
      const restarted = this.#board.host.cdc === undefined;
      if (restarted) await this.#run(this.#request.runFor * 1e9, () => !this.#request.signal.aborted);
    }
    this.#kept.save();
    this.#kept.release();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** @throws NoBoardError after the time that the user gave, in board time */
  #nextPort(): Promise<CdcPort> {
    return new Promise((resolve, reject) => {
      const cancel = this.timers.after(this.#request.timeout, () =>
        reject(
          new NoBoardError(`${this.#name}: no bootloader on USB within ${this.#request.timeout / 1000} s`),
        ),
      );
      this.#arrived = (port) => {
        cancel();
        resolve(port);
        this.#board.interrupt();
      };
    });
  }

  async #run(durationNs: number, goOn: () => boolean): Promise<void> {
    const end = this.#board.now + durationNs;
    while (this.#board.now < end && goOn()) {
      this.#board.advance(Math.min(end, this.#board.now + SLICE_NS));
      await takeTurnsFreely(this.#board.now);
    }
  }
}
