/** Who owns and uses boards: a desk with files, the command line on it, and what an attacker sends by hand. */
import assert from "node:assert/strict";
import { exitCodeOf } from "../../src/cli/exit-codes.js";
import { parseAuthority, unlockAuthority } from "../../src/keys/authority.js";
import { signCertificate } from "../../src/keys/certificate.js";
import { type KeyPair, newKeyPair } from "../../src/keys/ed25519.js";
import { type Key, parseKeys } from "../../src/keys/keys-file.js";
import { signProof } from "../../src/keys/proof.js";
import { ALL_RIGHTS, RIGHT_BITS } from "../../src/protocol/access.js";
import { concat } from "../../src/protocol/bytes.js";
import { BoardError, type BoardErrorName } from "../../src/protocol/errors.js";
import { encodeFrame, FrameDecoder } from "../../src/protocol/frame.js";
import type { RequestName, RequestOf } from "../../src/protocol/messages.js";
import { Session } from "../../src/protocol/session.js";
import { seededRandom } from "../../src/protocol/testing/fake-link.js";
import type { Transport } from "../../src/protocol/transport.js";
import { boardTimers, EmulatedTransport } from "../../src/transport/emulated/transport.js";
import { commandLineIn, type Outcome } from "./command-line.js";
import { Bench, type BenchOptions } from "./kit.js";

/** 1 June 2026. */
const TODAY = Date.UTC(2026, 5, 1);

export class Office {
  readonly files: Record<string, Uint8Array> = {};
  date = TODAY;
  readonly random: (count: number) => Uint8Array;

  constructor(seed = 1) {
    const next = seededRandom(seed);
    this.random = (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256));
  }

  run(bench: Bench, ...argv: string[]): Promise<Outcome> {
    const write = async (path: string, bytes: Uint8Array): Promise<void> => {
      this.files[path] = bytes.slice();
    };
    const world = {
      writeFile: write,
      writePrivateFile: write,
      date: () => this.date,
      random: this.random,
      env: {},
      configFolder: "~/.config/imflasher",
    };
    return commandLineIn(bench, this.files, world, argv);
  }

  /** @returns stdout of a command that has to succeed. */
  async works(bench: Bench, ...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(bench, ...argv);
    assert.equal(code, 0, `${argv.join(" ")}: ${stderr}\n${bench.story()}`);
    return stdout;
  }

  authority(folder: string): KeyPair {
    return unlockAuthority(parseAuthority(folder, this.#text(`${folder}/authority.json`)), "");
  }

  keys(file = "keys.json"): Key[] {
    return parseKeys(file, this.#text(file));
  }

  #text(path: string): string {
    return new TextDecoder().decode(this.files[path]);
  }
}

/** A board that an authority has claimed, in its bootloader, and the authority's office. */
export async function claimedBoard(
  options: BenchOptions = {},
): Promise<{ bench: Bench; office: Office; id: string }> {
  const bench = new Bench(options).start();
  const office = new Office();
  await office.works(bench, "keys", "new-authority", "acme");
  await office.works(bench, "keys", "new-authority", "other");
  await office.works(bench, "claim", "--authority", "acme");
  return { bench, office, id: (await office.works(bench, "id")).trim() };
}

/** Both flash memories as they are. */
export function snapshot(bench: Bench): { readonly internal: Buffer; readonly external: Buffer } {
  const { internal, external } = bench.board.save();
  return { internal: Buffer.from(internal.cells.bytes), external: Buffer.from(external) };
}

export function assertUnchanged(bench: Bench, before: ReturnType<typeof snapshot>, what: string): void {
  const after = snapshot(bench);
  assert.ok(after.internal.equals(before.internal), `${what}: the internal flash has changed`);
  assert.ok(after.external.equals(before.external), `${what}: the external flash has changed`);
}

/** The board answers with this error, which is exit code 4, or the one that is given. */
export async function refuses(
  answer: Promise<unknown>,
  name: BoardErrorName,
  what: string,
  exitCode = 4,
): Promise<void> {
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof BoardError, `${what}: ${String(error)}`);
    assert.equal(error.codeName, name, what);
    assert.equal(exitCodeOf(error), exitCode, what);
    return true;
  });
}

/** What a proof is made of; an attacker changes parts of it. */
export interface Forgery {
  readonly authority: KeyPair;
  readonly uid: Uint8Array;
  readonly rights?: number;
  /** Default: the uid's. */
  readonly board?: Uint8Array;
  readonly holder?: KeyPair;
  /** What is signed instead of what the board asked. */
  readonly change?: Partial<Parameters<typeof signProof>[0]>;
  /** Applied to the certificate after it was signed. */
  readonly bend?: (certificate: Uint8Array) => void;
}

const next = seededRandom(99);
const someHolder = newKeyPair((count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)));

/** Asks for a challenge and answers it. @returns what was sent */
export async function makeProof(session: Session, forgery: Forgery): Promise<RequestOf<"PROVE">> {
  const {
    authority,
    uid,
    rights = ALL_RIGHTS & ~RIGHT_BITS.owner,
    board = uid,
    holder = someHolder,
  } = forgery;
  const certificate = signCertificate(
    { rights, board, expiry: 0, holder: holder.publicKey },
    authority.privateKey,
  );
  forgery.bend?.(certificate);
  const challenge = await challengeSoon(session);
  const statement = { ...challenge, uid, version: 1, certificate, ...forgery.change };
  return { certificate, proof: signProof(statement, holder.privateKey) };
}

/** A challenge as soon as the board gives one: it slows down after a failed proof. */
export async function challengeSoon(session: Session) {
  const { wait } = await session.send("ACCESS", {});
  if (wait > 0) await new Promise<void>((resolve) => session.timers.after(wait + 1, resolve));
  return session.send("CHALLENGE", {});
}

export async function prove(session: Session, forgery: Forgery): Promise<number> {
  return (await session.send("PROVE", await makeProof(session, forgery))).rights;
}

/** A cable on which somebody changes what the PC sends. */
class BendingTransport implements Transport {
  readonly name: string;
  /** Sent in place of the payload of every request. */
  payload: Uint8Array | undefined;
  readonly #inner: Transport;
  readonly #decoder = new FrameDecoder();

  constructor(inner: Transport) {
    this.#inner = inner;
    this.name = inner.name;
  }

  write(bytes: Uint8Array): Promise<void> {
    const frames = this.#decoder.push(bytes).map((item) => {
      assert.ok("frame" in item);
      return encodeFrame({ ...item.frame, payload: this.payload ?? item.frame.payload });
    });
    return this.#inner.write(concat(frames));
  }

  onData(receiver: (bytes: Uint8Array) => void): void {
    this.#inner.onData(receiver);
  }

  onClose(receiver: (reason: Error | undefined) => void): void {
    this.#inner.onClose(receiver);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Runs `job` over a session whose requests can be sent with another payload than they should have. */
export function withBending(
  bench: Bench,
  job: (
    session: Session,
    sendAs: (name: RequestName, request: object, payload: Uint8Array) => Promise<object>,
  ) => Promise<void>,
): Promise<void> {
  const run = async (): Promise<void> => {
    const port = new EmulatedTransport("emulated board", bench.board, await bench.port());
    const cable = new BendingTransport(port);
    const session = await Session.open(cable, boardTimers(bench.board));
    const sendAs = async (name: RequestName, request: object, payload: Uint8Array): Promise<object> => {
      cable.payload = payload;
      try {
        return await send(session, name, request);
      } finally {
        cable.payload = undefined;
      }
    };
    await job(session, sendAs);
    await session.close();
  };
  return bench.drive(run());
}

/** Any request of the table by its name. */
export function send(session: Session, name: RequestName, request: object): Promise<object> {
  return session.send(name, request as never);
}
