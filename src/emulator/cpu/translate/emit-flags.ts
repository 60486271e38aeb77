/** Flags in the locals of a translated function (state.ts): what sets them, and what they are asked for. */

import { Kind, Local, UNCHANGED, Word } from "./state.js";
import { type Body, Op } from "./wasm.js";

type FlagSource = "unknown" | "stored" | "subtraction" | "addition";

/** What the locals are known to hold. */
export interface KnownFlags {
  readonly c: FlagSource;
  readonly v: FlagSource;
  /** `nz` is `fa` - `fb`. */
  readonly compared: boolean;
}
export const NO_FLAGS: KnownFlags = { c: "unknown", v: "unknown", compared: false };

export function commonFlags(one: KnownFlags, other: KnownFlags): KnownFlags {
  return {
    c: one.c === other.c ? one.c : "unknown",
    v: one.v === other.v ? one.v : "unknown",
    compared: one.compared && other.compared,
  };
}

export abstract class FlagEmit {
  abstract readonly body: Body;
  abstract readonly places: { readonly state: number };
  knownFlags: KnownFlags = NO_FLAGS;
  /** The function sets C or V. */
  setsFlags = false;

  /** NZ from the value on the stack, which is kept in `Local.nz`. */
  setNz(): void {
    this.body.set(Local.nz);
    this.knownFlags = { ...this.knownFlags, compared: false };
  }

  /** Carry from the 0 or 1 on the stack. */
  setCarry(): void {
    this.body.set(Local.fc);
    this.#source("c", "stored");
  }

  /** V from the 0 or 1 on the stack; carry was set before. */
  setOverflow(): void {
    this.body.set(Local.fb);
    this.#source("v", "stored");
  }

  /** Flags of `fa` - `fb` or `fa` + `fb`, which are set; leaves the result in `nz`. */
  arithmeticFlags(kind: "subtraction" | "addition"): void {
    const { body } = this;
    body.get(Local.fa);
    body.get(Local.fb);
    body.op(kind === "subtraction" ? Op.sub : Op.add);
    body.set(Local.nz);
    this.#source("c", kind);
    this.#source("v", kind);
    this.knownFlags = { ...this.knownFlags, compared: kind === "subtraction" };
  }

  #source(flag: "c" | "v", source: Exclude<FlagSource, "unknown">): void {
    this.setsFlags = true;
    if (this.knownFlags[flag] === source) return;
    this.body.setConst(flag === "c" ? Local.ck : Local.vk, Kind[source]);
    this.knownFlags = { ...this.knownFlags, [flag]: source };
  }

  /** Leaves C as 0 or 1. */
  carry(): void {
    this.#flag(this.knownFlags.c, Local.ck, {
      stored: () => this.body.get(Local.fc),
      subtraction: () => this.#compare(Op.geU),
      addition: () => {
        this.#sum();
        this.body.get(Local.fa);
        this.body.op(Op.ltU);
      },
    });
  }

  /** Leaves V as 0 or 1. */
  overflow(): void {
    const { body } = this;
    this.#flag(this.knownFlags.v, Local.vk, {
      stored: () => body.get(Local.fb),
      subtraction: () => {
        body.get(Local.fa);
        body.get(Local.fb);
        body.op(Op.xor);
        body.get(Local.fa);
        this.#compare(Op.sub);
        body.op(Op.xor, Op.and);
        body.const(31);
        body.op(Op.shrU);
      },
      addition: () => {
        body.get(Local.fa);
        this.#sum();
        body.op(Op.xor);
        body.get(Local.fb);
        this.#sum();
        body.op(Op.xor, Op.and);
        body.const(31);
        body.op(Op.shrU);
      },
    });
  }

  #sum(): void {
    this.#compare(Op.add);
  }

  #compare(operation: number): void {
    this.body.get(Local.fa);
    this.body.get(Local.fb);
    this.body.op(operation);
  }

  #flag(
    source: FlagSource,
    kind: number,
    values: Record<"stored" | "subtraction" | "addition", () => void>,
  ): void {
    if (source !== "unknown") {
      values[source]();
      return;
    }
    const { body } = this;
    this.unchangedFlag(kind);
    body.get(kind);
    body.op(Op.eqz);
    body.ifValue();
    values.stored();
    body.else();
    body.get(kind);
    body.const(Kind.subtraction);
    body.op(Op.eq);
    body.ifValue();
    values.subtraction();
    body.else();
    values.addition();
    body.end();
    body.end();
  }

  /** A flag of which nothing is known here is asked for: it may be one that the function has not set. V is set after C. */
  protected unchangedFlag(kind: number): void {
    const { body } = this;
    body.get(kind);
    body.const(UNCHANGED);
    body.op(Op.eq);
    body.if();
    const names =
      kind === Local.ck ? (["ck", "fc", "vk", "fa", "fb"] as const) : (["vk", "fa", "fb"] as const);
    for (const name of names) {
      body.const(0);
      body.memory(Op.load, this.places.state + Word[name] * 4);
      body.set(Local[name]);
    }
    this.setsFlags = true;
    body.end();
  }

  /** Leaves a value that is not 0 when the condition (0..13) is met (DDI 0403E, A7.3). */
  condition(condition: number): void {
    const { body } = this;
    const inverted = (condition & 1) === 1;
    const signed = this.knownFlags.compared && this.knownFlags.c === "subtraction";
    switch (condition >> 1) {
      case 0:
        body.get(Local.nz);
        if (!inverted) body.op(Op.eqz);
        return;
      case 1:
        if (this.knownFlags.c === "subtraction") this.#compare(inverted ? Op.ltU : Op.geU);
        else this.#invertible(() => this.carry(), inverted);
        return;
      case 2:
        body.get(Local.nz);
        body.const(0);
        body.op(inverted ? Op.geS : Op.ltS);
        return;
      case 3:
        this.#invertible(() => this.overflow(), inverted);
        return;
      case 4:
        if (signed) this.#compare(inverted ? Op.leU : Op.gtU);
        else this.#invertible(() => this.#higher(), inverted);
        return;
      case 5:
        if (signed) this.#compare(inverted ? Op.ltS : Op.geS);
        else this.#invertible(() => this.#greaterOrEqual(), inverted);
        return;
      default:
        if (signed) this.#compare(inverted ? Op.leS : Op.gtS);
        else this.#invertible(() => this.#greater(), inverted);
    }
  }

  #invertible(value: () => void, inverted: boolean): void {
    value();
    if (inverted) this.body.op(Op.eqz);
  }

  #higher(): void {
    this.carry();
    this.body.get(Local.nz);
    this.body.op(Op.eqz, Op.eqz, Op.and);
  }

  #greaterOrEqual(): void {
    this.body.get(Local.nz);
    this.body.const(31);
    this.body.op(Op.shrU);
    this.overflow();
    this.body.op(Op.eq);
  }

  #greater(): void {
    this.#greaterOrEqual();
    this.body.get(Local.nz);
    this.body.op(Op.eqz, Op.eqz, Op.and);
  }
}
