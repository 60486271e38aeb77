/** Proofs to a board, and what a person is told about its owner. */
import { dayText } from "../keys/dates.js";
import { fingerprint, type KeyPair } from "../keys/ed25519.js";
import { type Grant, lookForKey, proveAccess, proveOwner, type Unusable } from "../keys/proof.js";

import {
  OWNED,
  POLICY_OWN_CERTIFICATES,
  POLICY_REQUIRE_SIGNED,
  type Right,
  rightBits,
  rightNames,
} from "../protocol/access.js";
import { BoardError } from "../protocol/errors.js";
import type { Access } from "../protocol/messages.js";
import type { Session } from "../protocol/session.js";
import type { CommandContext } from "./command.js";
import { AccessDeniedError } from "./errors.js";
import { type FoundKeys, findKeys } from "./key-files.js";
import type { JsonValue } from "./reporter.js";

/** How a command makes itself known: by a key of keys.json, as the owner, or not at all. */
export type Login = "keys" | "look" | { readonly owner: KeyPair; readonly folder: string };

/** What this command may do on the board, and why not more. */
export class BoardAccess {
  readonly #context: CommandContext;
  readonly #login: Login;
  #grant: Grant = { kind: "open", access: undefined };
  #found: FoundKeys | undefined;
  #boardId = "";

  constructor(context: CommandContext, login: Login) {
    this.#context = context;
    this.#login = login;
  }

  /** As of the latest session. */
  get grant(): Grant {
    return this.#grant;
  }

  /** For every session that is opened. @throws KeysFileError, FileError, BoardError */
  async prepare(session: Session): Promise<void> {
    const { io, reporter } = this.#context;
    this.#boardId = session.hello.boardId;
    const keys = async () => {
      this.#found ??= await findKeys(this.#context);
      return this.#found.keys;
    };
    const onWait = (milliseconds: number) => {
      const seconds = Math.ceil(milliseconds / 1000);
      reporter.note(`the board was given wrong proofs: it listens again in ${seconds} s …`);
    };
    const login = this.#login;
    if (login === "look") this.#grant = await lookForKey(session, keys, io.date());
    else if (login === "keys") this.#grant = await proveAccess(session, keys, io.date(), { onWait });
    else this.#grant = await proveOwner(session, login.owner, { onWait });
  }

  /**
   * @param instead what else can be done where the key gives less
   * @throws AccessDeniedError when the proof that was given does not give one of the rights
   */
  require(rights: readonly Right[], instead: string): void {
    const grant = this.#grant;
    if (grant.kind === "open") return;
    const missing = rights.filter(
      (right) => grant.kind !== "proven" || (grant.rights & rightBits([right])) === 0,
    );
    if (missing.length === 0) return;
    const way = grant.kind === "proven" ? instead : "";
    throw new AccessDeniedError(`${this.#denial(missing, "and")}${way}`);
  }

  /** DENIED in words; everything else as it is. */
  explain(error: unknown): unknown {
    if (!(error instanceof BoardError) || error.codeName !== "DENIED") return error;
    return new AccessDeniedError(this.#denial(rightNames(error.detail), "or"), { cause: error });
  }

  #denial(rights: readonly Right[], join: "and" | "or"): string {
    const needed = rights.map((right) => `"${right}"`).join(` ${join} `);
    const grant = this.#grant;
    if (grant.access?.owned === OWNED.unknown) {
      return (
        `denied: board ${this.#boardId} cannot tell who owns it: its log was changed by something else.\n` +
        "Blank the log by the first stage's DFU and begin anew: docs/imssbl.md, Recovery"
      );
    }
    const owner = grant.access === undefined ? "its owner" : fingerprint(grant.access.owner);
    const what = `denied: board ${this.#boardId} belongs to ${owner}, and this needs the right ${needed}`;
    return `${what}.\n${this.#reason(grant)}`;
  }

  #reason(grant: Grant): string {
    if (grant.kind === "proven") {
      const has = rightNames(grant.rights).join(", ") || "nothing";
      return `The key of ${grant.key.name} gives: ${has}. Ask the owner for one that gives it.`;
    }
    if (typeof this.#login === "object") {
      return `The authority in ${this.#login.folder} is ${fingerprint(this.#login.owner.publicKey)}: not this board's owner.`;
    }
    return this.whichKey(grant);
  }

  /** What to do to get in. */
  whichKey(grant: Grant): string {
    const mail =
      `\nSend the BOARD ID ${this.#boardId} to the owner, and put the keys.json that comes back into this folder, or ` +
      "name it with --keys.";
    const { file, looked = [] } = this.#found ?? {};
    if (grant.kind === "locked" && grant.unusable !== undefined) {
      return `The key of ${grant.unusable.key.name} in ${file} ${describeUnusable(grant.unusable)}.${mail}`;
    }
    if (grant.kind !== "locked" || grant.access.owned === OWNED.unknown) return "";
    return file === undefined
      ? `No keys.json: looked for ${looked.join(" and ")}.${mail}`
      : `${file} holds no key of this owner for this board.${mail}`;
  }
}

function describeUnusable(unusable: Unusable): string {
  if (unusable.why === "expired") return `ended on ${dayText(unusable.key.body.expiry)}`;
  if (unusable.why === "any") return "is for any board, but the owner wants a key for this board alone";
  return `cannot be used: ${unusable.fault}`;
}

/** "open", or whose the board is. */
export function describeOwner(access: Access | undefined): string {
  if (access === undefined || access.owned === OWNED.open) return "open: it has no owner and needs no keys";
  if (access.owned === OWNED.unknown) return "unknown: its log was changed by something else";
  const how = access.owned === OWNED.builtIn ? ", compiled into its bootloader" : "";
  return `claimed: its owner is ${fingerprint(access.owner)}${how}`;
}

export function describePolicy(policy: number): string {
  const signed = (policy & POLICY_REQUIRE_SIGNED) !== 0;
  const own = (policy & POLICY_OWN_CERTIFICATES) !== 0;
  return [
    signed ? "runs only what its owner signed" : "runs what is not signed, too",
    own ? "takes only keys for this board alone" : "takes keys for any board of its owner",
  ].join("; ");
}

/** What keys of this PC do for the board. */
export function describeGrant(grant: Grant): string {
  if (grant.kind === "ready") {
    return `the key of ${grant.key.name} gives: ${rightNames(grant.key.body.rights).join(", ")}`;
  }
  if (grant.kind === "proven") {
    return `the key of ${grant.key.name} gives: ${rightNames(grant.rights).join(", ")}`;
  }
  return grant.kind === "open" ? "no key needed" : "no key that fits";
}

export function accessJson(grant: Grant): { readonly [key: string]: JsonValue } {
  const { access } = grant;
  const key = grant.kind === "proven" || grant.kind === "ready" ? grant.key.name : null;
  if (access === undefined || access.owned === OWNED.open) {
    return { owned: "open", owner: null, policy: 0, rdp: access?.rdp ?? null, key, rights: [] };
  }
  const names = { [OWNED.claimed]: "claimed", [OWNED.builtIn]: "built-in" } as const;
  return {
    owned: names[access.owned as keyof typeof names] ?? "unknown",
    owner: access.owned === OWNED.unknown ? null : fingerprint(access.owner),
    policy: access.policy,
    rdp: access.rdp,
    key,
    rights: grant.kind === "proven" ? rightNames(grant.rights) : [],
  };
}
