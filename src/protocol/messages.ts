/** Requests and answers, one row each: docs/protocol.md sections 4, 5 and 11. */

import { CERTIFICATE_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "./access.js";
import { ByteReader, ByteWriter, MalformedMessageError } from "./bytes.js";
import { type Codec, fixed, list, rest, str8, struct, u8, u16, u32, type ValueOf } from "./codec.js";

/** "IMFL" */
export const HELLO_MAGIC = 0x4c464d49;
/** The version that this code speaks, and the lowest that it also speaks. */
export const PROTOCOL_VERSION = 1;
export const PROTOCOL_LOWEST = 1;
/** Requests that may be under way at once. */
export const MAX_REQUESTS = 64;
/** Bytes of one READ or WRITE at most. */
export const MAX_TRANSFER = 4096;
/** Ranges of one BEGIN at most. */
export const MAX_RANGES = 8;
/** KEEP: 4 KiB sectors of a unit, and the index that says that none is kept. */
export const KEEP_SECTORS = 16;
export const KEEP_NONE = 0xff;
/** UPDATE's flag: an image may be older than the bootloader that runs. */
export const UPDATE_ALLOW_OLDER = 1;
/** Bit 7 of a type marks an answer. */
export const ANSWER = 0x80;
/** The type of what the bootloader sends on its own. */
export const EVENT = 0xff;

const nothing = struct({});
const range = struct({ address: u32, length: u32 });
const bootAddress = struct({ address: u32, free: u16, capacity: u16 });

const hello = struct({
  version: u16,
  lowest: u16,
  /** Bytes of requests that may be under way. */
  window: u32,
  /** Largest payload, bytes. */
  payload: u16,
  boardId: str8,
});

const info = struct({
  firmware: str8,
  board: str8,
  uid: fixed(12),
  /** DBGMCU_IDC */
  device: u32,
  /** RCC_RSR as found at this start. */
  reset: u32,
  /** Why the bootloader stays: STAY_REASONS. */
  reason: u8,
  unfinished: u8,
  unfinishedAddress: u32,
  unfinishedLength: u32,
  /** Hz */
  cpuHz: u32,
  /** Hz */
  qspiHz: u32,
  /** Of what is unfinished, where a reset or a power cut may have caught the chip in the middle of an operation. */
  doubtAddress: u32,
  /** Bytes; 0: nowhere. */
  doubtLength: u32,
});

const access = struct({
  /** OWNED */
  owned: u8,
  /** The owner's public key; zeros when the board is open. */
  owner: fixed(PUBLIC_KEY_BYTES),
  /** POLICY_… bits. */
  policy: u8,
  /** RIGHT_BITS that this session has. */
  rights: u8,
  /** Milliseconds until the next CHALLENGE is answered. */
  wait: u32,
  /** Read-out protection level, 0 to 2. */
  rdp: u8,
});

const geometry = struct({
  base: u32,
  /** Bytes. */
  size: u32,
  /** Bytes of one program operation. */
  page: u16,
  jedec: fixed(3),
  uniqueIdLength: u8,
  uniqueId: fixed(8),
  /** Microseconds a page. */
  programTypicalUs: u32,
  programMaximumUs: u32,
  /** Ascending by size; size in bytes, times in microseconds. */
  eraseSizes: list(struct({ size: u32, typicalUs: u32, maximumUs: u32 })),
  /** Region that applications may be linked for. */
  application: range,
  reserved: list(range),
});

const status = struct({
  /** Milliseconds since reset. */
  uptimeMs: u32,
  status1: u8,
  status2: u8,
  status3: u8,
  begun: u8,
  erased: u32,
  programmed: u32,
  frames: u32,
  bad: u32,
});

interface Message<Request, Answer> {
  readonly type: number;
  readonly request: Codec<Request>;
  /** The body of an answer without an error. */
  readonly answer: Codec<Answer>;
}

function message<Request, Answer>(
  type: number,
  request: Codec<Request>,
  answer: Codec<Answer>,
): Message<Request, Answer> {
  return { type, request, answer };
}

const MESSAGES = {
  HELLO: message(0x01, struct({ magic: u32, version: u16, lowest: u16 }), hello),
  INFO: message(0x02, nothing, info),
  GEOMETRY: message(0x03, nothing, geometry),
  STATUS: message(0x04, nothing, status),
  HASH: message(
    0x05,
    struct({ address: u32, length: u32, block: u32, digest: u8 }),
    struct({ digests: rest }),
  ),
  READ: message(0x06, struct({ address: u32, length: u16 }), struct({ data: rest })),
  VERIFY: message(0x07, struct({ address: u32, length: u32, sha256: fixed(32) }), nothing),
  BEGIN: message(0x08, struct({ ranges: list(range) }), nothing),
  ERASE: message(0x09, range, nothing),
  WRITE: message(0x0a, struct({ address: u32, data: rest }), nothing),
  COMMIT: message(
    0x0b,
    struct({ ranges: list(struct({ address: u32, length: u32, sha256: fixed(32) })) }),
    nothing,
  ),
  BOOT: message(0x0c, struct({ address: u32 }), nothing),
  GET_BOOT_ADDRESS: message(0x0d, nothing, bootAddress),
  SET_BOOT_ADDRESS: message(0x0e, struct({ address: u32 }), bootAddress),
  UNPROTECT: message(0x0f, nothing, struct({ status1: u8, status2: u8, status3: u8 })),
  RESET: message(0x10, nothing, nothing),
  ACCESS: message(0x11, nothing, access),
  CHALLENGE: message(0x12, nothing, struct({ nonce: fixed(32), session: u32 })),
  PROVE: message(
    0x13,
    struct({ certificate: fixed(CERTIFICATE_BYTES), proof: fixed(SIGNATURE_BYTES) }),
    struct({ rights: u8 }),
  ),
  CLAIM: message(0x14, struct({ authority: fixed(PUBLIC_KEY_BYTES) }), nothing),
  RELEASE: message(0x15, nothing, nothing),
  POLICY: message(0x16, struct({ policy: u8 }), struct({ policy: u8 })),
  SIGNATURE: message(0x17, struct({ address: u32, length: u32, signature: fixed(SIGNATURE_BYTES) }), nothing),
  PROTECT: message(0x18, struct({ level: u8 }), struct({ level: u8 })),
  STAGE: message(0x38, struct({ offset: u32, data: rest }), nothing),
  UPDATE: message(0x39, struct({ length: u32, flags: u8, sha256: fixed(32) }), nothing),
  KEEP: message(0x30, struct({ address: u32, blank: u16, kept: u8 }), nothing),
} as const;

export type RequestName = keyof typeof MESSAGES;
export type RequestOf<N extends RequestName> = ValueOf<(typeof MESSAGES)[N]["request"]>;
export type AnswerOf<N extends RequestName> = ValueOf<(typeof MESSAGES)[N]["answer"]>;

export type Hello = AnswerOf<"HELLO">;
export type BoardInfo = AnswerOf<"INFO">;
export type Geometry = AnswerOf<"GEOMETRY">;
export type Status = AnswerOf<"STATUS">;
export type Access = AnswerOf<"ACCESS">;
export type BootAddress = AnswerOf<"GET_BOOT_ADDRESS">;
/** Addresses as the CPU sees them; length in bytes. */
export type Range = RequestOf<"ERASE">;

type MessageTable = { readonly [N in RequestName]: Message<RequestOf<N>, AnswerOf<N>> };
const TABLE: MessageTable = MESSAGES;

export const REQUEST_NAMES = Object.keys(MESSAGES) as readonly RequestName[];

/** INFO's `reason`, by number: docs/protocol.md section 8. */
export const STAY_REASONS: Readonly<Record<number, string>> = {
  1: "REQUEST",
  2: "NO_FLASH",
  3: "UNFINISHED",
  4: "ADDRESS",
  5: "NOT_BOOTABLE",
  6: "HOST",
  7: "UNSIGNED",
  8: "LOG_BROKEN",
  9: "FAULT",
};

export function requestType(name: RequestName): number {
  return TABLE[name].type;
}

export function requestName(type: number): RequestName | undefined {
  return REQUEST_NAMES.find((name) => TABLE[name].type === type);
}

/** @throws MalformedMessageError when a field does not fit. */
export function encodeRequest<N extends RequestName>(name: N, request: RequestOf<N>): Uint8Array {
  return encode(TABLE[name].request, request);
}

/** @throws MalformedMessageError */
export function decodeRequest<N extends RequestName>(name: N, payload: Uint8Array): RequestOf<N> {
  return decode(`request ${name}`, TABLE[name].request, payload);
}

export function encodeAnswer<N extends RequestName>(name: N, answer: AnswerOf<N>): Uint8Array {
  const writer = new ByteWriter();
  u16.write(writer, 0);
  TABLE[name].answer.write(writer, answer);
  return writer.finish();
}

/** @param body what follows the result. @throws MalformedMessageError */
export function decodeAnswer<N extends RequestName>(name: N, body: Uint8Array): AnswerOf<N> {
  return decode(`answer to ${name}`, TABLE[name].answer, body);
}

const errorAnswer = struct({ code: u16, detail: u32, text: str8 });
export type ErrorAnswer = ValueOf<typeof errorAnswer>;

export function encodeError(error: ErrorAnswer): Uint8Array {
  return encode(errorAnswer, error);
}

/** Section 4: splits an answer's or an EVENT's payload. @throws MalformedMessageError */
export function splitAnswer(payload: Uint8Array): { readonly body: Uint8Array } | ErrorAnswer {
  const result = u16.read(new ByteReader(payload));
  return result === 0 ? { body: payload.subarray(2) } : decode("error", errorAnswer, payload);
}

const versions = struct({ version: u16, lowest: u16 });

/** The part of HELLO's answer that no version changes. @throws MalformedMessageError */
export function decodeVersions(body: Uint8Array): ValueOf<typeof versions> {
  return versions.read(new ByteReader(body));
}

function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  codec.write(writer, value);
  return writer.finish();
}

function decode<T>(what: string, codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  try {
    const value = codec.read(reader);
    reader.end();
    return value;
  } catch (cause) {
    if (!(cause instanceof MalformedMessageError)) throw cause;
    throw new MalformedMessageError(`${what} of ${bytes.length} bytes: ${cause.message}`, { cause });
  }
}
