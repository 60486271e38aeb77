/** The board's serial port on a TCP port of this machine: raw bytes, one client at a time. */
import { createServer, type Socket } from "node:net";
import type { ServedPort } from "./serve.js";

/** @param port 0 chooses a free one. @throws the system's error, for example EADDRINUSE */
export function openTcp(port: number): Promise<ServedPort> {
  return new Promise((resolve, reject) => {
    let client: Socket | undefined;
    let receiver: (bytes: Uint8Array) => void = () => {};
    const server = createServer((socket) => {
      if (client !== undefined) {
        socket.destroy();
        return;
      }
      client = socket;
      socket.setNoDelay(true);
      socket.on("data", (bytes) => receiver(bytes));
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        client = undefined;
      });
    });
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve({
        kind: "tcp",
        value: typeof address === "object" && address !== null ? address.port : port,
        write: (bytes) => client?.write(bytes),
        onData: (to) => {
          receiver = to;
        },
        close: () => {
          client?.destroy();
          server.close();
        },
      });
    });
  });
}
