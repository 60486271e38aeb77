/** HELLO: docs/protocol.md sections 3 and 5.1. */

import { concat, MalformedMessageError } from "./bytes.js";
import { BoardError, NoAnswerError, NotABootloaderError, ProtocolVersionError } from "./errors.js";
import { type Decoded, encodeFrame, FrameDecoder } from "./frame.js";
import {
  ANSWER,
  decodeAnswer,
  decodeVersions,
  encodeRequest,
  HELLO_MAGIC,
  type Hello,
  PROTOCOL_LOWEST,
  PROTOCOL_VERSION,
  requestType,
  splitAnswer,
} from "./messages.js";
import { type Timers, type Transport, TransportClosedError } from "./transport.js";

export interface HandshakeOptions {
  /** Sequence number of the first HELLO, 0..255. Default: from the clock, so that late answers are told apart. */
  readonly sequence?: number;
  /** How often HELLO is sent before the port counts as dead. Default 3. */
  readonly attempts?: number;
  /** Milliseconds that each HELLO waits: an erase under way is finished first. Default 2500. */
  readonly helloTimeout?: number;
  /** Milliseconds after which the same HELLO is said again. Default 400. */
  readonly repeatInterval?: number;
}

/**
 * Milliseconds after which the same HELLO is said again: a port that outlives the board (a PTY) tells nobody when
 * the board's window of a second opens. The answers to the repetitions come before any other and are ignored.
 */
const REPEAT_INTERVAL = 400;

export interface Greeting {
  readonly hello: Hello;
  /** HELLO's own sequence number. */
  readonly sequence: number;
  /** Holds what has arrived behind the answer. */
  readonly decoder: FrameDecoder;
}

/**
 * Sends HELLO until the bootloader answers; checks the version before anything else is read.
 * @throws NoAnswerError, NotABootloaderError, ProtocolVersionError, BoardError, TransportClosedError
 */
export async function greet(
  transport: Transport,
  timers: Timers,
  options: HandshakeOptions,
): Promise<Greeting> {
  const attempts = options.attempts ?? 3;
  const heard: Heard = { bytes: 0, frames: 0 };
  const decoder = new FrameDecoder();
  const first = options.sequence ?? Math.floor(timers.now()) & 0xff;
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Far from each other: a late answer to one HELLO never looks like a request behind another.
    const sequence = (first + attempt * 0x55) & 0xff;
    const payload = await askOnce({ transport, timers, decoder, heard, sequence }, options);
    if (payload !== undefined) return { hello: readHello(transport, payload), sequence, decoder };
  }
  throw silence(transport, heard, attempts);
}

interface Heard {
  bytes: number;
  frames: number;
}

interface Ask {
  readonly transport: Transport;
  readonly timers: Timers;
  readonly decoder: FrameDecoder;
  readonly heard: Heard;
  readonly sequence: number;
}

/** @returns the answer's payload, or undefined when the time is over. */
function askOnce(ask: Ask, options: HandshakeOptions): Promise<Uint8Array | undefined> {
  const { transport, timers, sequence } = ask;
  return new Promise((resolve, reject) => {
    let cancelRepeat = (): void => {};
    const cancelTimeout = timers.after(options.helloTimeout ?? 2500, () => {
      cancelRepeat();
      resolve(undefined);
    });
    const cancel = (): void => {
      cancelTimeout();
      cancelRepeat();
    };
    const fail = (reason: unknown) => {
      cancel();
      reject(reason);
    };
    transport.onClose((reason) =>
      fail(reason ?? new TransportClosedError(`${transport.name} was closed while the bootloader was asked`)),
    );
    transport.onData((bytes) => {
      const answer = findAnswer(ask, bytes);
      if (answer === undefined) return;
      cancel();
      resolve(answer);
    });
    const payload = encodeRequest("HELLO", {
      magic: HELLO_MAGIC,
      version: PROTOCOL_VERSION,
      lowest: PROTOCOL_LOWEST,
    });
    const frame = encodeFrame({ type: requestType("HELLO"), sequence, payload });
    const say = (): void => {
      cancelRepeat = timers.after(options.repeatInterval ?? REPEAT_INTERVAL, say);
      transport.write(concat([Uint8Array.of(0), frame])).catch(fail);
    };
    say();
  });
}

/** Everything else that comes belongs to an earlier session, or to garbage before HELLO. */
function findAnswer({ decoder, heard, sequence }: Ask, bytes: Uint8Array): Uint8Array | undefined {
  heard.bytes += bytes.length;
  const isAnswer = (item: Decoded) =>
    "frame" in item &&
    item.frame.type === (requestType("HELLO") | ANSWER) &&
    item.frame.sequence === sequence;
  const items = decoder.push(bytes);
  // An echo returns requests; a bootloader never sends one.
  heard.frames += items.filter((item) => "frame" in item && (item.frame.type & ANSWER) !== 0).length;
  const found = items.find(isAnswer);
  return found !== undefined && "frame" in found ? found.frame.payload : undefined;
}

function readHello(transport: Transport, payload: Uint8Array): Hello {
  try {
    const answer = splitAnswer(payload);
    if (!("body" in answer)) throw new BoardError("HELLO", answer);
    const { version, lowest } = decodeVersions(answer.body);
    if (version < PROTOCOL_LOWEST || lowest > PROTOCOL_VERSION)
      throw new ProtocolVersionError(lowest, version);
    return decodeAnswer("HELLO", answer.body);
  } catch (cause) {
    if (!(cause instanceof MalformedMessageError)) throw cause;
    throw new NotABootloaderError(
      `${transport.name} does not answer as IMBootloader does: ${cause.message}`,
      {
        cause,
      },
    );
  }
}

function silence(transport: Transport, heard: Heard, attempts: number): Error {
  if (heard.bytes > 0 && heard.frames === 0) {
    return new NotABootloaderError(
      `${transport.name} sends ${heard.bytes} bytes, but none that IMBootloader would send. ` +
        "Choose another port with --port, or put the board into its bootloader.",
    );
  }
  return new NoAnswerError(
    `${transport.name} does not answer: HELLO was sent ${attempts} times. ` +
      "Reset the board; if it stays silent, this port is not a bootloader.",
  );
}
