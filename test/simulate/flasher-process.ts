/** A flasher that may be killed at any instant. */
import type { Prepare } from "../../src/flasher/connection.js";
import {
  boot,
  Connection,
  eraseRange,
  type FlashOptions,
  flashImage,
  setBootAddress,
} from "../../src/flasher/index.js";
import type { Image } from "../../src/image/image.js";
import { Session } from "../../src/protocol/session.js";
import { boardTimers, EmulatedTransport } from "../../src/transport/emulated/transport.js";
import type { Bench } from "../system/kit.js";
import { ProcessTransport } from "./link.js";
import { prove, sign } from "./owner.js";
import type { Scenario } from "./scenario.js";

export class KilledError extends Error {
  override readonly name = "KilledError";
}

export class FlasherProcess {
  readonly #bench: Bench;
  readonly #mayWrite: () => Promise<void>;
  readonly #prepare: Prepare;
  #transport: ProcessTransport | undefined;
  #killed = false;
  #die: (reason: KilledError) => void = () => {};

  /** @param prepare what each session begins with; default: nothing, as with an open board */
  constructor(bench: Bench, mayWrite: () => Promise<void>, prepare: Prepare = async () => {}) {
    this.#prepare = prepare;
    this.#bench = bench;
    this.#mayWrite = mayWrite;
  }

  /** @throws KilledError when killed on the way; whatever `job` throws */
  run<T>(job: (connection: Connection) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#die = reject;
      this.#connected(job).then(resolve, reject);
    });
  }

  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    this.#transport?.kill();
    this.#die(new KilledError("killed"));
    this.#bench.board.interrupt();
  }

  async #connected<T>(job: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await Connection.open(() => this.#connect(), { prepare: this.#prepare });
    try {
      return await job(connection);
    } finally {
      await connection.close();
    }
  }

  async #connect(): Promise<Session> {
    if (this.#killed) throw new KilledError("killed");
    const port = await this.#bench.port();
    if (this.#killed) throw new KilledError("killed");
    const { board } = this.#bench;
    this.#transport = new ProcessTransport(new EmulatedTransport("board", board, port), this.#mayWrite);
    return Session.open(this.#transport, boardTimers(board));
  }
}

/** How somebody with the owner's key begins, where there is an owner; a stranger has nothing to say. */
export function userOf({ owner }: Scenario, stranger = owner?.knowsUser === false): Prepare {
  return owner === undefined || stranger ? async () => {} : prove;
}

/** What is written beside the image. */
export function flashOptions({ owner, image }: Scenario): FlashOptions {
  const [program] = image;
  return owner?.requiresSigned === true && program !== undefined ? { signature: sign(program) } : {};
}

export function imageOf({ image }: Scenario): Image {
  return { format: "bin", segments: image, entry: undefined };
}

/** What the scenario's user asks for. */
export async function operate(connection: Connection, scenario: Scenario): Promise<void> {
  const { operation } = scenario;
  if (operation.kind === "flash") await flashImage(connection, imageOf(scenario), flashOptions(scenario));
  if (operation.kind === "erase") await eraseRange(connection, operation.address, operation.length);
  if (operation.kind === "default-boot") await setBootAddress(connection, operation.address);
  if (operation.kind === "boot") await boot(connection, operation.address);
}
