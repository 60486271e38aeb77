/** Our side of the connection to the probe's GDB server: one question at a time, each with its answer. */

import { RspEndpoint } from "../rsp/endpoint.js";
import { UpstreamLostError } from "./errors.js";

/** Bytes of the longest answer; servers bound theirs by their PacketSize, at most some 64 KiB. */
const LONGEST_ANSWER = 0x10_0000;

/** Bytes of a packet, of a server that does not say: GDB's own assumption. */
export const SMALL_PACKET = 400;

export interface UpstreamOptions {
  /** "127.0.0.1:3333" */
  readonly name: string;
  readonly write: (bytes: string) => void;
  /** Ends the connection. Resolves when the server has done so, too: some take one at a time. */
  readonly close: () => Promise<void>;
}

interface Question {
  readonly packet: string;
  readonly answer: (payload: string) => void;
  readonly fail: (error: Error) => void;
}

export class Upstream {
  readonly name: string;
  /** Text for the console, as hexadecimal digits: while the program runs, and of monitor commands. */
  onConsole: (hex: string) => void = () => {};
  /** Told once, when the server has gone without being asked to. */
  onLost: () => void = () => {};
  /** Bytes of the longest packet that the server takes, as it has said. */
  packetSize = SMALL_PACKET;
  readonly #options: UpstreamOptions;
  readonly #endpoint: RspEndpoint;
  /** The first one is asked; the others wait. */
  readonly #questions: Question[] = [];
  #lost: UpstreamLostError | undefined;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.name = options.name;
    this.#endpoint = new RspEndpoint({
      runs: true,
      maxBody: LONGEST_ANSWER,
      write: options.write,
      onPacket: (payload) => this.#answered(payload),
    });
  }

  /** Why there is no connection any more; undefined while there is. */
  get lost(): UpstreamLostError | undefined {
    return this.#lost;
  }

  receive(bytes: string): void {
    this.#endpoint.receive(bytes);
  }

  /** The answer may take as long as the program runs. @throws UpstreamLostError */
  ask(packet: string): Promise<string> {
    return new Promise((answer, fail) => {
      if (this.#lost !== undefined) throw this.#lost;
      this.#questions.push({ packet, answer, fail });
      if (this.#questions.length === 1) this.#endpoint.send(packet);
    });
  }

  /** Says what has no answer. */
  tell(packet: string): void {
    if (this.#lost === undefined) this.#endpoint.send(packet);
  }

  /** Asks a program that runs to stop: what waits for its stop gets the answer. */
  interrupt(): void {
    if (this.#lost === undefined) this.#endpoint.interrupt();
  }

  stopAcknowledging(): void {
    this.#endpoint.stopAcknowledging();
  }

  close(): Promise<void> {
    this.#end(new UpstreamLostError("the session has ended"));
    return this.#options.close();
  }

  /** The connection is gone. @param why for people */
  ended(why: string): void {
    if (this.#end(new UpstreamLostError(why))) this.onLost();
  }

  #end(error: UpstreamLostError): boolean {
    if (this.#lost !== undefined) return false;
    this.#lost = error;
    for (const { fail } of this.#questions.splice(0)) fail(error);
    return true;
  }

  #answered(payload: string): void {
    // OpenOCD sends an empty one every half second that the program runs.
    if (/^O([0-9a-fA-F]{2})*$/.test(payload)) {
      this.onConsole(payload.slice(1));
      return;
    }
    // An answer that nobody waits for belongs to a packet that was sent twice.
    const question = this.#questions.shift();
    const [next] = this.#questions;
    if (next !== undefined) this.#endpoint.send(next.packet);
    question?.answer(payload);
  }
}
