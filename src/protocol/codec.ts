/** Fields and structures that are read and written by one description: messages.ts is a table of these. */

import { type ByteReader, type ByteWriter, MalformedMessageError } from "./bytes.js";

export interface Codec<T> {
  read(reader: ByteReader): T;
  write(writer: ByteWriter, value: T): void;
}

export type ValueOf<C> = C extends Codec<infer T> ? T : never;

function unsigned(size: 1 | 2 | 4): Codec<number> {
  return {
    read: (reader) => reader.unsigned(size),
    write: (writer, value) => writer.unsigned(size, value),
  };
}

export const u8 = unsigned(1);
export const u16 = unsigned(2);
export const u32 = unsigned(4);

/** A `u8` count of bytes, then UTF-8. */
export const str8: Codec<string> = {
  read: (reader) => reader.str8(),
  write: (writer, value) => writer.str8(value),
};

/** Exactly `count` bytes. */
export function fixed(count: number): Codec<Uint8Array> {
  return {
    read: (reader) => reader.bytes(count),
    write: (writer, value) => {
      if (value.length !== count) {
        throw new MalformedMessageError(`a field of ${count} bytes was given ${value.length} bytes`);
      }
      writer.bytes(value);
    },
  };
}

/** All bytes up to the end of the payload. */
export const rest: Codec<Uint8Array> = {
  read: (reader) => reader.bytes(reader.remaining),
  write: (writer, value) => writer.bytes(value),
};

/** A `u8` count, then that many items. */
export function list<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    read: (reader) => Array.from({ length: u8.read(reader) }, () => item.read(reader)),
    write: (writer, values) => {
      u8.write(writer, values.length);
      for (const value of values) item.write(writer, value);
    },
  };
}

type Shape = Readonly<Record<string, Codec<unknown>>>;
type StructOf<S extends Shape> = { readonly [K in keyof S]: ValueOf<S[K]> };

/** Fields one after the other, in the order in which `shape` names them. */
export function struct<S extends Shape>(shape: S): Codec<StructOf<S>> {
  const fields = Object.entries(shape);
  return {
    read: (reader) =>
      Object.fromEntries(
        fields.map(([name, codec]) => [name, readField(name, codec, reader)]),
      ) as StructOf<S>,
    write: (writer, value) => {
      for (const [name, codec] of fields) codec.write(writer, value[name]);
    },
  };
}

function readField(name: string, codec: Codec<unknown>, reader: ByteReader): unknown {
  try {
    return codec.read(reader);
  } catch (cause) {
    if (!(cause instanceof MalformedMessageError)) throw cause;
    throw new MalformedMessageError(`${name}: ${cause.message}`, { cause });
  }
}
