/** The flasher's end of the cable, as its process sees it: it may stall, and it ends with the process. */
import { type Transport, TransportClosedError } from "../../src/protocol/transport.js";

export class ProcessTransport implements Transport {
  readonly name: string;
  readonly #inner: Transport;
  /** Resolves when writing may go on. */
  readonly #mayWrite: () => Promise<void>;
  #dead = false;
  #onClose: (reason: Error | undefined) => void = () => {};

  constructor(inner: Transport, mayWrite: () => Promise<void>) {
    this.name = inner.name;
    this.#inner = inner;
    this.#mayWrite = mayWrite;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#mayWrite();
    if (this.#dead) throw this.#gone();
    await this.#inner.write(bytes);
  }

  onData(receiver: (bytes: Uint8Array) => void): void {
    this.#inner.onData((bytes) => {
      if (!this.#dead) receiver(bytes);
    });
  }

  onClose(receiver: (reason: Error | undefined) => void): void {
    this.#onClose = receiver;
    this.#inner.onClose(receiver);
  }

  async close(): Promise<void> {
    if (!this.#dead) await this.#inner.close();
  }

  /** The process is killed: its files are closed, and it does nothing more. */
  kill(): void {
    this.#dead = true;
    void this.#inner.close();
    this.#onClose(this.#gone());
  }

  #gone(): TransportClosedError {
    return new TransportClosedError(`${this.name}: the flasher was killed`);
  }
}
