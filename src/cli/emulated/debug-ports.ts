/** Debuggers' way to an emulated board: TCP ports of this machine. */
import { createServer, type Server, type Socket } from "node:net";
import type { EmulatedBoard } from "../../emulator/board/emulated-board.js";
import { boardStLink } from "../../emulator/debug/board-dap.js";
import { type BoardTarget, boardFlash } from "../../emulator/debug/board-target.js";
import { GdbServer } from "../../emulator/debug/gdb-server.js";
import { StLinkServer } from "../../emulator/debug/stlink-server.js";

export interface DebugPort {
  readonly kind: "gdb" | "stlink";
  /** Number of the TCP port. */
  readonly value: number;
  /** To be called after board time has passed. */
  poll(): void;
  close(): void;
}

/** @param port 0 chooses a free one. @throws the system's error, for example EADDRINUSE */
export async function openGdb(
  board: EmulatedBoard,
  target: BoardTarget,
  port: number,
  note: (message: string) => void,
): Promise<DebugPort> {
  const external = { address: board.board.flash.address, length: board.flashChip.content.length };
  const gdb = new GdbServer({ target, flash: boardFlash(board), external, note });
  const { server, sockets, value } = await listen(port, (socket) => {
    const connection = gdb.connect(
      (bytes) => socket.write(bytes, "latin1"),
      () => socket.end(),
    );
    socket.on("data", (bytes) => {
      connection.receive(bytes.toString("latin1"));
      board.interrupt();
    });
    socket.on("close", () => connection.ended());
  });
  return { kind: "gdb", value, poll: () => gdb.poll(), close: () => closeAll(server, sockets) };
}

/** An ST-LINK server with one probe, which is on this board. @param port as for `openGdb` */
export async function openStLink(
  board: EmulatedBoard,
  port: number,
  note: (message: string) => void,
): Promise<DebugPort> {
  const probe = boardStLink(board);
  const serial = Buffer.from(board.uniqueId).toString("hex").toUpperCase();
  const { server, sockets, value } = await listen(port, (socket) => {
    const connection = new StLinkServer(
      probe,
      serial,
      (bytes) => socket.write(bytes),
      (why) => {
        note(`connection closed: ${why}`);
        socket.destroy();
      },
    );
    socket.on("data", (bytes) => {
      connection.receive(bytes);
      board.interrupt();
    });
  });
  return { kind: "stlink", value, poll: () => {}, close: () => closeAll(server, sockets) };
}

interface Listening {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly value: number;
}

function listen(port: number, onSocket: (socket: Socket) => void): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
      onSocket(socket);
    });
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve({
        server,
        sockets,
        value: typeof address === "object" && address !== null ? address.port : port,
      });
    });
  });
}

function closeAll(server: Server, sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.destroy();
  server.close();
}
