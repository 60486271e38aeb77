import { stat } from "node:fs/promises";
import type { SerialPort } from "serialport";
import { type Transport, TransportClosedError } from "../../protocol/transport.js";
import { explainOpenFailure } from "./errors.js";

/** CDC-ACM ignores it; the serialport package wants one that every system knows. */
const BAUD_RATE = 115_200;

/** Milliseconds between two looks whether the device is still the one that was opened. */
const WATCH_INTERVAL = 500;

/**
 * Opens a serial port: raw, 8N1, locked against other programs, DTR raised.
 * @param path "/dev/ttyACM0", "COM3", or the name of a PTY
 * @throws PortMissingError, PortBusyError, PortAccessError, PortUnusableError
 */
export async function openSerial(path: string): Promise<Transport> {
  // Loaded here because it brings a native library that most commands never need.
  const { SerialPort } = await import("serialport");
  const port = new SerialPort({ path, baudRate: BAUD_RATE, lock: true, hupcl: true, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(explainOpenFailure(path, error)) : resolve()));
  });
  await raiseDtr(port);
  return new SerialTransport(path, port, await inodeOf(path));
}

/** Undefined where ports are no files, and when the device is gone. */
async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ino;
}

/** A PTY has no modem lines and refuses; whoever serves it counts being open as DTR. */
function raiseDtr(port: SerialPort): Promise<void> {
  return new Promise((resolve) => port.set({ dtr: true, rts: true }, () => resolve()));
}

class SerialTransport implements Transport {
  readonly name: string;
  private readonly port: SerialPort;
  private closing: Promise<void> | undefined;
  private ended: { readonly reason: Error | undefined } | undefined;
  private closeReceiver: ((reason: Error | undefined) => void) | undefined;

  constructor(name: string, port: SerialPort, inode: number | undefined) {
    this.name = name;
    this.port = port;
    port.on("close", (error: Error | null | undefined) => {
      this.end(error ? this.closedError(error) : undefined);
    });
    // A failed write ends in its own promise; the stream must not bring the process down as well.
    port.on("error", () => undefined);
    if (inode !== undefined) this.watch(inode);
  }

  /**
   * Linux answers reads of a port that was unplugged with 0 bytes, and serialport 13 then reads again for ever
   * unless it happened to be waiting in poll: so the device itself is looked at, too.
   */
  private watch(inode: number): void {
    const timer = setInterval(async () => {
      if (this.ended !== undefined || this.closing !== undefined) return clearInterval(timer);
      if ((await inodeOf(this.name)) === inode) return;
      clearInterval(timer);
      this.end(this.closedError());
      await this.close();
    }, WATCH_INTERVAL);
    timer.unref();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.ended !== undefined || this.closing !== undefined) return Promise.reject(this.closedError());
    return new Promise((resolve, reject) => {
      this.port.write(bytes, (error) => (error ? reject(this.closedError(error)) : resolve()));
    });
  }

  onData(receiver: (bytes: Uint8Array) => void): void {
    this.port.removeAllListeners("data");
    // A copy: the stream cuts its chunks out of one pool.
    this.port.on("data", (chunk: Uint8Array) => receiver(Uint8Array.from(chunk)));
  }

  onClose(receiver: (reason: Error | undefined) => void): void {
    this.closeReceiver = receiver;
    if (this.ended !== undefined) receiver(this.ended.reason);
  }

  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      if (!this.port.isOpen) return resolve();
      this.port.close(() => resolve());
    });
    return this.closing;
  }

  private end(reason: Error | undefined): void {
    if (this.ended !== undefined) return;
    this.ended = { reason };
    this.closeReceiver?.(reason);
  }

  private closedError(cause?: Error): TransportClosedError {
    const why = this.closing === undefined ? "the board was unplugged or restarted" : "the port was closed";
    return new TransportClosedError(`${this.name}: ${why}`, { cause });
  }
}
