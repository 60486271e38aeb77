import type { FileParts } from "../image/load.js";
import type { Timers, Transport } from "../protocol/transport.js";
import type { BoardPort } from "../transport/node/ports.js";

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Characters a line, on a terminal. */
  readonly columns?: number;
}

/** Which board is meant, and how long to wait for it. */
export interface BoardRequest {
  readonly port: string | undefined;
  /** Board id, as `parseBoardId` gives it. */
  readonly serial: string | undefined;
  /** Milliseconds to wait for the board. */
  readonly timeout: number;
  /** `--state` of a board that imflasher runs itself: a folder, "none", or undefined for the user's data folder. */
  readonly state: string | undefined;
  /** Seconds of board time that such a board runs on after a restart. */
  readonly runFor: number;
  readonly signal: AbortSignal;
  /** Called once, when the board has to be waited for. */
  onWaiting(): void;
  /** Tells a person something; programs do not get it. */
  note(text: string): void;
}

/** The way to one board. */
export interface BoardLink {
  /** Time as the board's side lives it: wall clock, or board time. */
  readonly timers: Timers;
  /** Opens the port, waiting for the board; again after it has restarted or was unplugged: the same board then. */
  open(): Promise<Transport>;
  /** Ends what was started for this link. The transports are closed before. */
  close(): Promise<void>;
}

export type OpenBoard = (request: BoardRequest) => Promise<BoardLink>;

/** All that the command line touches of the world. */
export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Milliseconds, monotonic: for rates. */
  now(): number;
  readFile(path: string): Promise<Uint8Array>;
  /** A file that may be large, and is needed once. */
  readParts(path: string): Promise<FileParts>;
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Writes a file whole or not at all; makes its folder. */
  replaceFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Files below a folder, hidden folders and node_modules left out, with "/", ascending. */
  findFiles(folder: string, ending: string): Promise<readonly string[]>;
  /** @returns the path of a program on the PATH; undefined when there is none */
  findProgram(name: string): Promise<string | undefined>;
  /** Writes a file that only its owner may read, whole or not at all; makes its folder. */
  writePrivateFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Milliseconds since 1970-01-01, UTC: whether a key is over. */
  date(): number;
  /** Cryptographically strong random bytes. */
  random(count: number): Uint8Array;
  /** Asks on the terminal without showing what is typed. @returns undefined when there is no terminal. */
  askSecret(question: string): Promise<string | undefined>;
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's config folder for this program (XDG base directory specification). */
  readonly configFolder: string;
  listPorts(): Promise<readonly BoardPort[]>;
  /** Gives each line of standard input to `receiver`, until the returned function is called; `onEnd` when there are no more. */
  readLines(receiver: (line: string) => void, onEnd?: () => void): () => void;
  /** Opens a board on a port: used without `--board`. */
  readonly connect: OpenBoard;
  /** Opens the board that `--board` names. */
  openBoard(nameOrPath: string, request: BoardRequest): Promise<BoardLink>;
}
