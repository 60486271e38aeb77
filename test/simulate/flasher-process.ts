/** A flasher that may be killed at any instant. */
import { boot, Connection, eraseRange, flashImage, setBootAddress } from "../../src/flasher/index.js";
import type { Image } from "../../src/image/image.js";
import { Session } from "../../src/protocol/session.js";
import { boardTimers, EmulatedTransport } from "../../src/transport/emulated/transport.js";
import type { Bench } from "../system/kit.js";
import { ProcessTransport } from "./link.js";
import type { Scenario } from "./scenario.js";

export class KilledError extends Error {
  override readonly name = "KilledError";
}

export class FlasherProcess {
  readonly #bench: Bench;
  readonly #mayWrite: () => Promise<void>;
  #transport: ProcessTransport | undefined;
  #killed = false;
  #die: (reason: KilledError) => void = () => {};

  constructor(bench: Bench, mayWrite: () => Promise<void>) {
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
    const connection = await Connection.open(() => this.#connect());
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

export function imageOf({ image }: Scenario): Image {
  return { format: "bin", segments: image, entry: undefined };
}

/** What the scenario's user asks for. */
export async function operate(connection: Connection, scenario: Scenario): Promise<void> {
  const { operation } = scenario;
  if (operation.kind === "flash") await flashImage(connection, imageOf(scenario));
  if (operation.kind === "erase") await eraseRange(connection, operation.address, operation.length);
  if (operation.kind === "default-boot") await setBootAddress(connection, operation.address);
  if (operation.kind === "boot") await boot(connection, operation.address);
}
