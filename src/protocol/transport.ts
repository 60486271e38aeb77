/**
 * A byte pipe to one bootloader: a CDC-ACM port, real or emulated. The protocol owns this interface; the
 * transports implement it. Bytes arrive in order or not at all; frames find their own boundaries.
 */
export interface Transport {
  /** What people call it: "/dev/ttyACM0", "emulated board". */
  readonly name: string;
  /** Hands over bytes. Resolves when the pipe can take more (back-pressure). @throws TransportClosedError */
  write(bytes: Uint8Array): Promise<void>;
  /** Sets the one receiver of incoming bytes. The array is the receiver's to keep. */
  onData(receiver: (bytes: Uint8Array) => void): void;
  /** Sets the one receiver of the end: called once, with the reason when it was not `close`. */
  onClose(receiver: (reason: Error | undefined) => void): void;
  /** Releases the port. Closing twice is allowed. */
  close(): Promise<void>;
}

/** Timers on whatever time the transport lives in: wall clock for a real port, board time for an emulated one. */
export interface Timers {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Runs `run` once after `milliseconds`; the returned function cancels it. */
  after(milliseconds: number, run: () => void): () => void;
}

/** The port is gone: unplugged, closed, or the board was reset. */
export class TransportClosedError extends Error {
  override readonly name = "TransportClosedError";
}
