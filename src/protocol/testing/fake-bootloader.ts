/**
 * A stand-in for unit tests: docs/protocol.md sections 2 to 5 and 11 over flash in RAM, enough to hold the PC's side to
 * the document. It is not IMBootloader; whole-system tests run the real one.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { boardIdFromUid } from "../board-id.js";
import { concat, MalformedMessageError } from "../bytes.js";
import { type BoardErrorName, boardErrorCode } from "../errors.js";
import { encodeFrame, type Frame, FrameDecoder } from "../frame.js";
import {
  ANSWER,
  type AnswerOf,
  decodeRequest,
  EVENT,
  encodeAnswer,
  encodeError,
  HELLO_MAGIC,
  KEEP_SECTORS,
  type Range,
  type RequestName,
  type RequestOf,
  requestName,
} from "../messages.js";
import type { Timers } from "../transport.js";
import { FakeAccess } from "./fake-access.js";
import type { FakeFlash } from "./fake-flash.js";
import { Refusal } from "./fake-refusal.js";

type Handlers = { readonly [N in RequestName]: (request: RequestOf<N>) => AnswerOf<N> };

interface Queued {
  readonly frame: Frame;
  readonly wireBytes: number;
}

export class FakeBootloader {
  version = 1;
  lowest = 1;
  window = 65536;
  uid: Uint8Array = Uint8Array.from([0x2f, 0, 0x3e, 0, 0x0f, 0x51, 0x35, 0x30, 0x33, 0x32, 0x39, 0x37]);
  /** Why GEOMETRY is refused. */
  flashFault: BoardErrorName | undefined;
  protectedBits = 0;
  unfinished: Range | undefined;
  /** INFO's: where its last start found operations cut off. */
  doubt: Range | undefined;
  /** INFO's: why it stayed at its last start. 6: HOST. */
  reason = 6;
  bootAddress = 0x90100000;
  logFree = 2048;
  booted: number | undefined;
  /** A bootloader that UPDATE took; it changes nothing else here. */
  replaced: Uint8Array | undefined;
  /** Hangs: takes bytes and answers nothing. */
  silent = false;
  /** Names of all requests executed, in order. */
  readonly log: RequestName[] = [];
  /** Most bytes and requests that were under way at once. */
  mostBytes = 0;
  mostRequests = 0;
  /** Called before each request is executed. */
  onRequest: (name: RequestName) => void = () => {};

  readonly flash: FakeFlash;
  readonly access: FakeAccess;
  readonly #timers: Timers;
  #send: (bytes: Uint8Array) => void = () => {};
  #decoder = new FrameDecoder();
  readonly #staged = new Uint8Array(0x1_0000);
  #state: "none" | "open" | "broken" = "none";
  #expected = 0;
  #begun: readonly Range[] | undefined;
  #aborted = false;
  #queue: Queued[] = [];
  #busy = false;
  #busyMs = 0;
  #frames = 0;
  #bad = 0;

  constructor(flash: FakeFlash, timers: Timers) {
    this.flash = flash;
    this.#timers = timers;
    this.access = new FakeAccess(timers, () => this.uid);
  }

  /** The cable is put in: a new session must be opened. */
  attach(send: (bytes: Uint8Array) => void): void {
    this.#send = send;
    this.#decoder = new FrameDecoder();
    this.#state = "none";
    this.#begun = undefined;
    this.#queue = [];
    this.access.endSession();
  }

  receive(bytes: Uint8Array): void {
    for (const item of this.#decoder.push(bytes)) {
      if ("bad" in item) this.#bad++;
      else this.#frames++;
      if ("frame" in item && requestName(item.frame.type) === "HELLO") this.#hello(item.frame);
      else if (this.#state === "broken") continue;
      else if ("bad" in item) this.#breakSession("BAD_FRAME", this.#bad);
      else this.#accept(item.frame);
    }
  }

  #hello(frame: Frame): void {
    this.#queue = [{ frame, wireBytes: 0 }];
    this.#state = "open";
    this.#expected = (frame.sequence + 1) & 0xff;
    this.#work();
  }

  #accept(frame: Frame): void {
    if (this.#state === "open") {
      if (frame.sequence !== this.#expected) {
        this.#breakSession("SEQUENCE", this.#expected);
        return;
      }
      this.#expected = (this.#expected + 1) & 0xff;
    }
    this.#queue.push({ frame, wireBytes: encodeFrame(frame).length });
    const bytes = this.#queue.reduce((sum, queued) => sum + queued.wireBytes, 0);
    this.mostBytes = Math.max(this.mostBytes, bytes);
    this.mostRequests = Math.max(this.mostRequests, this.#queue.length);
    this.#work();
  }

  #breakSession(code: BoardErrorName, detail: number): void {
    this.#state = "broken";
    this.#queue = [];
    this.#emit(EVENT, 0, encodeError({ code: boardErrorCode(code), detail, text: "the link is damaged" }));
  }

  #work(): void {
    const queued = this.#queue[0];
    if (queued === undefined || this.#busy || this.silent) return;
    this.#busy = true;
    this.#busyMs = 0.1;
    const payload = this.#execute(queued.frame);
    this.#timers.after(this.#busyMs, () => {
      this.#busy = false;
      // A new HELLO may have emptied the queue in the meantime; what was under way is then not answered.
      if (this.#queue[0] === queued) {
        this.#queue.shift();
        this.#emit(queued.frame.type | ANSWER, queued.frame.sequence, payload);
      }
      this.#work();
    });
  }

  #emit(type: number, sequence: number, payload: Uint8Array): void {
    this.#send(encodeFrame({ type, sequence, payload }));
  }

  #execute(frame: Frame): Uint8Array {
    const name = requestName(frame.type);
    try {
      if (name === undefined) throw new Refusal("BAD_REQUEST", frame.type);
      if (name !== "HELLO" && this.#state === "none") throw new Refusal("NO_SESSION", 0);
      this.log.push(name);
      this.onRequest(name);
      this.access.check(name);
      return this.#answer(name, frame.payload);
    } catch (error) {
      if (error instanceof MalformedMessageError) return this.#refuse(new Refusal("BAD_REQUEST", frame.type));
      if (!(error instanceof Refusal)) throw error;
      if (name === "ERASE" || name === "WRITE" || name === "COMMIT" || name === "KEEP") this.#aborted = true;
      return this.#refuse(error);
    }
  }

  #answer<N extends RequestName>(name: N, payload: Uint8Array): Uint8Array {
    return encodeAnswer(name, this.#handlers[name](decodeRequest(name, payload)));
  }

  #refuse({ code, detail }: Refusal): Uint8Array {
    return encodeError({ code: boardErrorCode(code), detail, text: `the stand-in says ${code}` });
  }

  readonly #handlers: Handlers = {
    HELLO: ({ magic, version, lowest }) => {
      if (magic !== HELLO_MAGIC) throw new Refusal("BAD_REQUEST", 1);
      this.#begun = undefined;
      this.#aborted = false;
      this.access.endSession();
      if (version < this.lowest || lowest > this.version) this.#state = "none";
      const boardId = boardIdFromUid(this.uid);
      return { version: this.version, lowest: this.lowest, window: this.window, payload: 4112, boardId };
    },
    INFO: () => ({
      firmware: "0.1.0",
      board: "emulated",
      uid: this.uid,
      device: 0x20036450,
      reset: 0xfe0000,
      reason: this.reason,
      unfinished: this.unfinished === undefined ? 0 : 1,
      unfinishedAddress: this.unfinished?.address ?? 0,
      unfinishedLength: this.unfinished?.length ?? 0,
      cpuHz: 400e6,
      qspiHz: 100e6,
      doubtAddress: this.doubt?.address ?? 0,
      doubtLength: this.doubt?.length ?? 0,
    }),
    GEOMETRY: () => {
      if (this.flashFault !== undefined) throw new Refusal(this.flashFault, 0xffffff);
      return this.flash.geometry;
    },
    STATUS: () => ({
      uptimeMs: Math.floor(this.#timers.now()),
      status1: this.protectedBits,
      status2: 2,
      status3: 0x60,
      begun: this.#begun === undefined ? 0 : 1,
      erased: this.flash.erased,
      programmed: this.flash.programmed,
      frames: this.#frames,
      bad: this.#bad,
    }),
    HASH: ({ address, length, block, digest }) => {
      const bytes = this.#read({ address, length });
      const digests: Uint8Array[] = [];
      for (let at = 0; at < length; at += block) {
        digests.push(sha256(bytes.subarray(at, at + block)).subarray(0, digest));
      }
      const all = concat(digests);
      if (all.length > 4096 || digest < 4 || digest > 32) throw new Refusal("BAD_REQUEST", 5);
      return { digests: all };
    },
    READ: ({ address, length }) => {
      if (length > 4096) throw new Refusal("BAD_REQUEST", 6);
      return { data: this.#read({ address, length }).slice() };
    },
    VERIFY: ({ address, length, sha256: expected }) => {
      this.#verify(address, length, expected);
      return {};
    },
    BEGIN: ({ ranges }) => {
      if (this.protectedBits !== 0) throw new Refusal("WRITE_PROTECTED", this.protectedBits);
      this.#checkRanges(ranges);
      this.#begun = ranges;
      this.#aborted = false;
      this.unfinished = hull(ranges);
      return {};
    },
    ERASE: (unit) => {
      const size = this.flash.geometry.eraseSizes.find((erase) => erase.size === unit.length);
      if (size === undefined || unit.address % unit.length !== 0)
        throw new Refusal("ALIGNMENT", unit.address);
      this.#checkBegun(unit);
      this.#busyMs = size.typicalUs / 1000;
      this.flash.erase(unit.address, unit.length);
      return {};
    },
    WRITE: ({ address, data }) => {
      this.#checkBegun({ address, length: data.length });
      this.#busyMs = (this.flash.program(address, data) * this.flash.geometry.programTypicalUs) / 1000;
      const held = this.flash.view(address, data.length);
      const wrong = data.findIndex((byte, i) => held[i] !== byte);
      if (wrong >= 0 && !this.flash.stuck.has(address + wrong))
        throw new Refusal("WRITE_FAILED", address + wrong);
      return {};
    },
    COMMIT: ({ ranges }) => {
      if (this.#aborted) throw new Refusal("ABORTED", 0);
      const same = (range: Range, i: number) =>
        range.address === this.#begun?.[i]?.address && range.length === this.#begun[i]?.length;
      if (ranges.length !== this.#begun?.length || !ranges.every(same)) {
        throw new Refusal("NOT_BEGUN", ranges[0]?.address ?? 0);
      }
      for (const range of ranges) this.#verify(range.address, range.length, range.sha256);
      this.#begun = undefined;
      this.unfinished = undefined;
      this.doubt = undefined;
      return {};
    },
    BOOT: ({ address }) => {
      if (this.unfinished !== undefined) throw new Refusal("UNFINISHED", this.unfinished.address);
      this.access.checkRun(address || this.bootAddress, (at, length) => this.flash.view(at, length));
      this.booted = address || this.bootAddress;
      return {};
    },
    GET_BOOT_ADDRESS: () => this.#boot(),
    SET_BOOT_ADDRESS: ({ address }) => {
      if (address % 1024 !== 0) throw new Refusal("ALIGNMENT", address);
      if (address !== this.bootAddress && this.logFree === 0) throw new Refusal("LOG_FULL", 2048);
      if (address !== this.bootAddress) this.logFree--;
      this.bootAddress = address;
      return this.#boot();
    },
    UNPROTECT: () => {
      this.protectedBits = 0;
      return { status1: 0, status2: 2, status3: 0x60 };
    },
    RESET: () => ({}),
    ACCESS: () => this.access.access(),
    CHALLENGE: () => this.access.challenge(),
    PROVE: (request) => this.access.prove(request),
    CLAIM: (request) => this.access.claim(request),
    RELEASE: () => this.access.release(),
    POLICY: (request) => this.access.setPolicy(request),
    SIGNATURE: (request) => {
      this.#checkBegun(request);
      return this.access.sign(request, this.#read(request));
    },
    PROTECT: (request) => this.access.protect(request),
    STAGE: ({ offset, data }) => {
      if (offset + data.length > this.#staged.length) throw new Refusal("RANGE", offset);
      this.#staged.set(data, offset);
      return {};
    },
    UPDATE: ({ length, sha256: expected }) => {
      const staged = this.#staged.slice(0, length);
      if (sha256(staged).some((byte, i) => byte !== expected[i])) throw new Refusal("VERIFY_FAILED", 0);
      this.replaced = staged;
      return {};
    },
    KEEP: ({ address, blank, kept }) => {
      const sectors = Array.from({ length: KEEP_SECTORS }, (_, index) => index);
      const named = sectors.filter((index) => index === kept || (blank & (1 << index)) !== 0);
      if (named.length === 0) throw new Refusal("BAD_REQUEST", 0x30);
      this.#checkBegun({ address, length: ((named.at(-1) ?? 0) + 1) * 4096 });
      return {};
    },
  };

  #boot(): AnswerOf<"GET_BOOT_ADDRESS"> {
    return { address: this.bootAddress, free: this.logFree, capacity: 2048 };
  }

  #read(range: Range): Uint8Array {
    if (!this.flash.holds(range)) throw new Refusal("RANGE", range.address);
    return this.flash.view(range.address, range.length);
  }

  #verify(address: number, length: number, expected: Uint8Array): void {
    const found = sha256(this.#read({ address, length }));
    if (found.some((byte, i) => byte !== expected[i])) throw new Refusal("VERIFY_FAILED", address);
  }

  #checkRanges(ranges: readonly Range[]): void {
    if (ranges.length < 1 || ranges.length > 8) throw new Refusal("BAD_REQUEST", 8);
    const smallest = this.flash.geometry.eraseSizes[0]?.size ?? 1;
    let last = 0;
    for (const range of ranges) {
      const { address, length } = range;
      if (!this.flash.holds(range)) throw new Refusal("RANGE", address);
      if (address % smallest !== 0 || length % smallest !== 0) throw new Refusal("ALIGNMENT", address);
      if (address < last) throw new Refusal("BAD_REQUEST", address);
      if (this.flash.geometry.reserved.some((region) => overlap(region, range))) {
        throw new Refusal("RESERVED", address);
      }
      last = address + length;
    }
  }

  #checkBegun(unit: Range): void {
    if (this.#aborted) throw new Refusal("ABORTED", 0);
    const inside = ({ address, length }: Range) =>
      unit.address >= address && unit.address + unit.length <= address + length;
    if (!this.#begun?.some(inside)) throw new Refusal("NOT_BEGUN", unit.address);
  }
}

function overlap(a: Range, b: Range): boolean {
  return a.address < b.address + b.length && b.address < a.address + a.length;
}

function hull(ranges: readonly Range[]): Range {
  const address = Math.min(...ranges.map((range) => range.address));
  return { address, length: Math.max(...ranges.map((range) => range.address + range.length)) - address };
}
