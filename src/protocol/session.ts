/** A session with a bootloader: docs/protocol.md section 3. */

import { concat, MalformedMessageError } from "./bytes.js";
import { BoardError, NoAnswerError, SessionBrokenError } from "./errors.js";
import { type Decoded, encodeFrame, type Frame, type FrameDecoder } from "./frame.js";
import { type Greeting, greet, type HandshakeOptions } from "./handshake.js";
import { timeLimit } from "./limits.js";
import {
  ANSWER,
  type AnswerOf,
  decodeAnswer,
  EVENT,
  encodeRequest,
  type Geometry,
  type Hello,
  MAX_REQUESTS,
  type RequestName,
  type RequestOf,
  requestName,
  requestType,
  splitAnswer,
} from "./messages.js";
import type { Timers, Transport } from "./transport.js";

export type SessionOptions = HandshakeOptions;

/** Bytes handed to the transport at once: small requests share a write. */
const WRITE_BYTES = 16384;

interface Pending {
  readonly name: RequestName;
  readonly sequence: number;
  readonly wire: Uint8Array;
  /** Milliseconds. */
  readonly limit: number;
  /** @throws MalformedMessageError */
  readonly accept: (body: Uint8Array) => void;
  readonly reject: (reason: Error) => void;
}

export class Session {
  readonly hello: Hello;
  readonly transport: Transport;
  readonly timers: Timers;
  readonly #decoder: FrameDecoder;
  readonly #waiting: Pending[] = [];
  readonly #underWay: Pending[] = [];
  #underWayBytes = 0;
  readonly #greetingSequence: number;
  #nextSequence: number;
  #geometry: Geometry | undefined;
  #broken: SessionBrokenError | undefined;
  #transportClosed = false;
  #writing = false;
  #cancelTimer: (() => void) | undefined;

  private constructor(transport: Transport, timers: Timers, greeting: Greeting) {
    this.hello = greeting.hello;
    this.transport = transport;
    this.timers = timers;
    this.#decoder = greeting.decoder;
    this.#greetingSequence = greeting.sequence;
    this.#nextSequence = (greeting.sequence + 1) & 0xff;
    transport.onData((bytes) => this.#receive(bytes));
    transport.onClose((reason) => {
      this.#transportClosed = true;
      this.#break(`${transport.name} was closed`, reason);
    });
  }

  /**
   * Says HELLO and checks the version. A transport whose session broke may be opened again.
   * @throws NoAnswerError, NotABootloaderError, ProtocolVersionError, BoardError, TransportClosedError
   */
  static async open(transport: Transport, timers: Timers, options: SessionOptions = {}): Promise<Session> {
    return new Session(transport, timers, await greet(transport, timers, options));
  }

  /** Why the session ended; undefined while it lives. */
  get broken(): SessionBrokenError | undefined {
    return this.#broken;
  }

  /** True once the port is gone; a new session then needs a new transport. */
  get transportClosed(): boolean {
    return this.#transportClosed;
  }

  /**
   * Sends a request as soon as the window allows; order is kept. Many may be under way at once.
   * @throws BoardError when the board answers with an error (the session goes on)
   * @throws SessionBrokenError when the session ends before the answer
   * @throws MalformedMessageError when a field of the request does not fit
   */
  send<N extends RequestName>(name: N, request: RequestOf<N>): Promise<AnswerOf<N>> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) throw this.#broken;
      const payload = encodeRequest(name, request);
      if (payload.length > this.hello.payload) {
        throw new MalformedMessageError(
          `${name} of ${payload.length} bytes; this board takes ${this.hello.payload} at most`,
        );
      }
      const sequence = this.#nextSequence;
      const wire = encodeFrame({ type: requestType(name), sequence, payload });
      if (wire.length > this.hello.window) {
        throw new MalformedMessageError(
          `${name} of ${wire.length} bytes; the board's window is ${this.hello.window} bytes`,
        );
      }
      this.#nextSequence = (sequence + 1) & 0xff;
      const accept = (body: Uint8Array) => {
        const answer = decodeAnswer(name, body);
        if (name === "GEOMETRY") this.#geometry = answer as AnswerOf<"GEOMETRY">;
        resolve(answer);
      };
      const limit = timeLimit(name, request, this.#geometry);
      this.#waiting.push({ name, sequence, wire, limit, accept, reject });
      void this.#write();
    });
  }

  /** Ends the session and releases the port; requests under way are rejected with SessionBrokenError. */
  async close(): Promise<void> {
    this.#break("the session was closed", undefined);
    this.#transportClosed = true;
    await this.transport.close();
  }

  /** One at a time: the transport's back-pressure holds the next write. */
  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    // Requests of the same turn then share a write.
    await Promise.resolve();
    try {
      for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) {
        await this.transport.write(concat(batch));
        this.#restartTimer();
      }
    } catch (cause) {
      this.#break(`${this.transport.name} could not be written`, cause);
    } finally {
      this.#writing = false;
    }
  }

  /** Moves what the window allows from waiting to under way. */
  #takeBatch(): Uint8Array[] {
    const batch: Uint8Array[] = [];
    let bytes = 0;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#underWay.length >= MAX_REQUESTS) break;
      if (this.#underWayBytes + next.wire.length > this.hello.window || bytes >= WRITE_BYTES) break;
      this.#waiting.shift();
      this.#underWay.push(next);
      this.#underWayBytes += next.wire.length;
      bytes += next.wire.length;
      batch.push(next.wire);
    }
    if (this.#cancelTimer === undefined) this.#restartTimer();
    return batch;
  }

  #receive(bytes: Uint8Array): void {
    if (this.#broken !== undefined) return;
    for (const item of this.#decoder.push(bytes)) {
      this.#take(item);
      if (this.#broken !== undefined) return;
    }
    this.#restartTimer();
    void this.#write();
  }

  #take(item: Decoded): void {
    try {
      if ("bad" in item) throw new MalformedMessageError(`an answer arrived damaged (${item.bad})`);
      if (item.frame.type === EVENT) this.#takeEvent(item.frame);
      else if (!this.#isRepeatedGreeting(item.frame)) this.#takeAnswer(item.frame);
    } catch (cause) {
      if (!(cause instanceof MalformedMessageError)) throw cause;
      this.#break(cause.message, cause);
    }
  }

  /** HELLO is said until it is answered (handshake.ts): each repetition is answered, too. */
  #isRepeatedGreeting({ type, sequence }: Frame): boolean {
    return type === (requestType("HELLO") | ANSWER) && sequence === this.#greetingSequence;
  }

  #takeEvent(frame: Frame): void {
    const event = splitAnswer(frame.payload);
    if ("body" in event) throw new MalformedMessageError("the board sent an EVENT without an error");
    const error = new BoardError("EVENT", event);
    this.#break(error.message, error);
  }

  #takeAnswer(frame: Frame): void {
    const head = this.#underWay[0];
    const fits = head?.sequence === frame.sequence && (requestType(head.name) | ANSWER) === frame.type;
    if (head === undefined || !fits) {
      const expected = head === undefined ? "nothing" : `the answer ${head.sequence} to ${head.name}`;
      const name = requestName(frame.type & ~ANSWER) ?? `type ${frame.type}`;
      throw new MalformedMessageError(
        `expected ${expected}, but the answer ${frame.sequence} to ${name} came`,
      );
    }
    const answer = splitAnswer(frame.payload);
    if ("body" in answer) head.accept(answer.body);
    else head.reject(new BoardError(head.name, answer));
    this.#underWay.shift();
    this.#underWayBytes -= head.wire.length;
  }

  /** Requests are executed in order, so only the first one's time counts. */
  #restartTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const head = this.#underWay[0];
    if (head === undefined || this.#broken !== undefined) return;
    this.#cancelTimer = this.timers.after(head.limit, () => {
      const message = `${this.transport.name} has not answered ${head.name} for ${Math.round(head.limit)} ms`;
      this.#break(message, new NoAnswerError(message));
    });
  }

  #break(message: string, cause: unknown): void {
    if (this.#broken !== undefined) return;
    this.#broken = new SessionBrokenError(`the session with the board broke: ${message}`, { cause });
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const pending of [...this.#underWay, ...this.#waiting]) pending.reject(this.#broken);
    this.#underWay.length = 0;
    this.#waiting.length = 0;
    this.#underWayBytes = 0;
  }
}
