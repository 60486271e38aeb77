/**
 * Runs in a browser's worker: an emulated board with the real bootloader, and the flasher at the other end of its emulated
 * USB cable. Bundled by the test; everything that it needs comes in one message, everything that happens goes out as messages.
 */
import { parseBoard } from "../../src/boards/board.js";
import { EmulatedBoard } from "../../src/emulator/board/emulated-board.js";
import type { CdcPort } from "../../src/emulator/usb/cdc.js";
import { boot, Connection, flashImage } from "../../src/flasher/index.js";
import { loadImage } from "../../src/image/load.js";
import { Session } from "../../src/protocol/session.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import { Pump } from "../../src/transport/emulated/pump.js";
import { boardTimers, EmulatedTransport } from "../../src/transport/emulated/transport.js";

/** What the page sends. */
export interface WorkerTask {
  /** Text of a board's file. */
  readonly board: string;
  readonly bootloader: Uint8Array;
  /** An ELF file. */
  readonly application: Uint8Array;
}

/** What comes back. */
export type WorkerNews =
  | { readonly kind: "hello"; readonly boardId: string }
  | { readonly kind: "flashed"; readonly programmedBytes: number }
  | { readonly kind: "console"; readonly line: string }
  | { readonly kind: "message"; readonly message: string }
  | { readonly kind: "failed"; readonly error: string };

/** The worker's global scope, as far as it is used here. */
declare const self: {
  onmessage: ((event: { readonly data: WorkerTask }) => void) | null;
  postMessage(news: WorkerNews): void;
  readonly MessageChannel: new () => Record<"port1" | "port2", Port>;
};
interface Port {
  onmessage: (() => void) | null;
  postMessage(message: undefined): void;
  close(): void;
}

/** Lets the worker's own messages through, without the milliseconds that a timer would take. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new self.MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

function makeBoard({ board, bootloader }: WorkerTask): EmulatedBoard {
  const emulated = new EmulatedBoard({
    board: parseBoard("board.json", board),
    random: seededRandom(1),
    onMessage: (message) => self.postMessage({ kind: "message", message }),
    onConsole: (line) => self.postMessage({ kind: "console", line }),
  });
  emulated.loadInternal(bootloader);
  return emulated;
}

async function flash(board: EmulatedBoard, port: CdcPort, application: Uint8Array): Promise<void> {
  const timers = boardTimers(board);
  const transport = new EmulatedTransport("emulated board", board, port);
  const connection = await Connection.open(() => Session.open(transport, timers));
  self.postMessage({ kind: "hello", boardId: connection.session.hello.boardId });
  const image = loadImage(application, "application.elf", {});
  const { programmedBytes } = await flashImage(connection, image);
  self.postMessage({ kind: "flashed", programmedBytes });
  await boot(connection, image.segments[0]?.address ?? 0);
  await connection.close();
}

async function run(task: WorkerTask): Promise<void> {
  const board = makeBoard(task);
  const found = new Promise<CdcPort>((resolve) => board.host.onCdc(resolve));
  board.plug();
  board.powerOn();
  new Pump(board, turn).start((error) => self.postMessage({ kind: "failed", error: String(error) }));
  await flash(board, await found, task.application);
}

self.onmessage = ({ data }) => {
  run(data).catch((error: unknown) => self.postMessage({ kind: "failed", error: String(error) }));
};
