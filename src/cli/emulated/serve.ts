import type { EmulatedBoard } from "../../emulator/board/emulated-board.js";
import type { CdcPort } from "../../emulator/usb/cdc.js";

/** A place where other processes find the board's serial port. */
export interface ServedPort {
  readonly kind: "pty" | "tcp";
  /** Path of the terminal, or number of the port. */
  readonly value: string | number;
  write(bytes: Uint8Array): void;
  onData(receiver: (bytes: Uint8Array) => void): void;
  close(): void;
}

/**
 * Connects the board's CDC port, whenever there is one, with ports that other processes open. Bytes that arrive while
 * no bootloader is on USB go nowhere, as with a serial port that is not there.
 */
export class PortBridge {
  readonly #board: EmulatedBoard;
  readonly #ports: readonly ServedPort[];
  #cdc: CdcPort | undefined;

  constructor(board: EmulatedBoard, ports: readonly ServedPort[]) {
    this.#board = board;
    this.#ports = ports;
    for (const port of ports) port.onData((bytes) => this.#toBoard(bytes));
    board.host.onCdc((cdc) => this.#connected(cdc));
  }

  #connected(cdc: CdcPort): void {
    this.#cdc = cdc;
    cdc.onData((bytes) => {
      for (const port of this.#ports) port.write(bytes);
      this.#board.interrupt();
    });
    cdc.onDisconnect(() => {
      this.#cdc = undefined;
    });
    cdc.open();
  }

  #toBoard(bytes: Uint8Array): void {
    this.#cdc?.send(bytes, () => {});
  }
}
