import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { boardIdFromUid, parseBoardId } from "./board-id.js";
import { BOARD_ERROR_NAMES, boardErrorCode } from "./errors.js";
import { encodeFrame, FrameDecoder } from "./frame.js";
import { hexBytes } from "./hex.js";
import {
  ANSWER,
  decodeAnswer,
  decodeRequest,
  EVENT,
  encodeAnswer,
  encodeError,
  encodeRequest,
  REQUEST_NAMES,
  requestName,
  requestType,
  splitAnswer,
} from "./messages.js";

/** The repository's root: compiled tests lie deeper than their sources. */
function root(from: string): string {
  return existsSync(join(from, "package.json")) ? from : root(dirname(from));
}

function lines(file: string): string[][] {
  const path = join(root(dirname(fileURLToPath(import.meta.url))), "vectors", file);
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.length > 0 && !line.startsWith("#"))
    .map((line) => line.split(" "));
}

function bytes(hex: string | undefined): Uint8Array {
  return hex === undefined || hex === "-" ? new Uint8Array(0) : Uint8Array.from(Buffer.from(hex, "hex"));
}

test("frames encode to the bytes of the vectors and decode back", () => {
  const vectors = lines("frames.txt");
  assert.ok(vectors.length > 5);
  for (const [name, type, sequence, payload, wire] of vectors) {
    const frame = { type: Number(type), sequence: Number(sequence), payload: bytes(payload) };
    assert.equal(hexBytes(encodeFrame(frame)), wire, name);
    const decoded = new FrameDecoder().push(bytes(wire));
    assert.equal(decoded.length, 1, name);
    const [first] = decoded;
    assert.ok(first !== undefined && "frame" in first, name);
    assert.deepEqual(
      { ...first.frame, payload: hexBytes(first.frame.payload) },
      { ...frame, payload: hexBytes(frame.payload) },
    );
  }
});

test("board ids of the vectors", () => {
  for (const [uid, id] of lines("board-ids.txt")) {
    assert.ok(id !== undefined);
    assert.equal(boardIdFromUid(bytes(uid)), id);
    assert.equal(parseBoardId(id), id);
  }
});

type Vector = {
  name: string;
  direction: string;
  type: number;
  payload: Uint8Array;
  fields: Record<string, string>;
};

function messages(): Vector[] {
  return lines("messages.txt").map(([name = "", direction = "", type, payload, ...fields]) => ({
    name,
    direction,
    type: Number(type),
    payload: bytes(payload),
    fields: Object.fromEntries(
      fields.map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)]),
    ),
  }));
}

/** Compares each field that a vector states, whatever its kind, with the decoded one. */
function compare(vector: Vector, decoded: object): number {
  const found = new Map(Object.entries(decoded));
  let compared = 0;
  for (const [stated, text] of Object.entries(vector.fields)) {
    if (stated === "result") continue;
    const value: unknown = found.get(stated);
    assert.notEqual(value, undefined, `${vector.name} ${vector.direction}: ${stated}`);
    assert.equal(show(value), normal(value, text), `${vector.name} ${vector.direction}: ${stated}`);
    compared++;
  }
  return compared;
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return hexBytes(value);
  if (Array.isArray(value)) {
    return value
      .map((item: object) => Object.values(item).map(show))
      .map(([first, ...others]) => `${first}+${others.join(":")}`)
      .join(",");
  }
  return typeof value === "object" && value !== null ? show([value]) : String(value);
}

function normal(value: unknown, text: string): string {
  if (value instanceof Uint8Array) return text === "-" ? "" : text.replaceAll(",", "");
  if (typeof value === "number") return String(Number(text));
  if (typeof value === "object") {
    return text.replace(/0x[0-9a-f]+/gi, (hex) => String(Number(hex))).replace(/(\d+):(\d+):/g, "$1+$2:");
  }
  return decodeURIComponent(text);
}

test("every request of the vectors decodes to its fields and encodes back", () => {
  const seen = new Set<string>();
  for (const vector of messages().filter(({ direction }) => direction === "request")) {
    const name = requestName(vector.type);
    if (name === undefined) continue;
    const request = decodeRequest(name, vector.payload);
    compare(vector, request);
    assert.equal(hexBytes(encodeRequest(name, request)), hexBytes(vector.payload), vector.name);
    seen.add(name);
  }
  // Those of section 11, and KEEP, are held to access.txt by src/keys, and to the real bootloader by whole-system tests.
  const [first, last] = [requestType("ACCESS"), requestType("KEEP")];
  const expected = REQUEST_NAMES.filter((name) => requestType(name) < first || requestType(name) > last);
  assert.deepEqual([...seen].sort(), [...expected].sort());
});

test("every answer and event of the vectors decodes to its fields and encodes back", () => {
  let compared = 0;
  for (const vector of messages().filter(({ direction }) => direction === "answer")) {
    const answer = splitAnswer(vector.payload);
    if (!("body" in answer)) {
      assert.equal(answer.code, Number(vector.fields["result"]), vector.name);
      assert.equal(answer.detail, Number(vector.fields["detail"]), vector.name);
      assert.ok(BOARD_ERROR_NAMES.some((name) => boardErrorCode(name) === answer.code));
      assert.equal(hexBytes(encodeError(answer)), hexBytes(vector.payload));
      continue;
    }
    assert.notEqual(vector.type, EVENT);
    const name = requestName(vector.type & ~ANSWER);
    assert.ok(name !== undefined, vector.name);
    assert.equal(requestType(name) | ANSWER, vector.type);
    const body = decodeAnswer(name, answer.body);
    compared += compare(vector, body);
    assert.equal(hexBytes(encodeAnswer(name, body)), hexBytes(vector.payload), vector.name);
  }
  assert.ok(compared > 40, `${compared} fields`);
});
