/** Reading JSON files strictly: every field is known, every value is what it must be, every message says where. */

import { bytesOfHex, hexBytes } from "../protocol/hex.js";
import { KeysFileError } from "./errors.js";

/** An object of a JSON document, and where it stands. */
export class Place {
  readonly #file: string;
  readonly #path: string;
  readonly #value: { readonly [key: string]: unknown };

  private constructor(file: string, path: string, value: unknown) {
    this.#file = file;
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new KeysFileError(file, path, "an object", describe(value));
    }
    this.#value = value as { readonly [key: string]: unknown };
  }

  /**
   * The top of a file, whose `format` and `version` must be these.
   * @throws KeysFileError
   */
  static ofFile(file: string, text: string, format: string, version: number): Place {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      // Not the whole message: it quotes the file, which may hold private keys.
      const at = /position \d+( \(line \d+ column \d+\))?/.exec(String(cause))?.[0];
      throw new KeysFileError(file, "", "JSON", `something else${at === undefined ? "" : ` at ${at}`}`);
    }
    const place = new Place(file, "", value);
    if (place.string("format") !== format) {
      throw place.wrong("format", `"${format}"`, describe(place.#value["format"]));
    }
    if (place.integer("version", 0, Number.MAX_SAFE_INTEGER) !== version) {
      const found = `${describe(place.#value["version"])}: made by a newer imflasher? Update this one`;
      throw place.wrong("version", `${version}`, found);
    }
    return place;
  }

  /** @throws KeysFileError when there is a field that is not one of these. */
  only(...fields: readonly string[]): this {
    const other = Object.keys(this.#value).find((field) => !fields.includes(field));
    if (other !== undefined) {
      throw this.wrong("", `only the fields ${fields.join(", ")}`, `also ${JSON.stringify(other)}`);
    }
    return this;
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#value, field);
  }

  string(field: string, maximum = 200): string {
    const value = this.#own(field);
    if (typeof value !== "string" || value.length > maximum) {
      throw this.wrong(field, `a text of at most ${maximum} characters`, describe(value));
    }
    return value;
  }

  integer(field: string, lowest: number, highest: number): number {
    const value = this.#own(field);
    if (typeof value !== "number" || !Number.isInteger(value) || value < lowest || value > highest) {
      throw this.wrong(field, `a whole number from ${lowest} to ${highest}`, describe(value));
    }
    return value;
  }

  /** @param count bytes. */
  bytes(field: string, count: number): Uint8Array {
    const value = this.#own(field);
    const bytes = typeof value === "string" ? bytesOfHex(value) : undefined;
    if (bytes?.length !== count) {
      const found = typeof value === "string" ? `a text of ${value.length} characters` : describe(value);
      throw this.wrong(field, `${2 * count} hexadecimal digits`, found);
    }
    return bytes;
  }

  object(field: string): Place {
    return new Place(this.#file, this.#at(field), this.#own(field));
  }

  objects(field: string): Place[] {
    const value = this.#own(field);
    if (!Array.isArray(value)) throw this.wrong(field, "a list", describe(value));
    return value.map((item: unknown, i) => new Place(this.#file, `${this.#at(field)}[${i}]`, item));
  }

  wrong(field: string, expected: string, found: string): KeysFileError {
    return new KeysFileError(this.#file, field === "" ? this.#path : this.#at(field), expected, found);
  }

  #own(field: string): unknown {
    return this.has(field) ? this.#value[field] : undefined;
  }

  #at(field: string): string {
    return this.#path === "" ? field : `${this.#path}.${field}`;
  }
}

/** What was found, short. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return String(value);
  return value.length <= 24 ? JSON.stringify(value) : `a text of ${value.length} characters`;
}

/** @param fields bytes become hexadecimal text. */
export function writeDocument(fields: { readonly [key: string]: unknown }): string {
  const plain = (_: string, value: unknown) => (value instanceof Uint8Array ? hexBytes(value) : value);
  return `${JSON.stringify(fields, plain, 2)}\n`;
}
