import type { Image } from "../image/image.js";
import { loadParts } from "../image/load.js";
import { FileError, UsageError } from "./errors.js";
import type { CliIo } from "./io.js";
import { looksLikeNumber, parseAddress } from "./numbers.js";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder: check the name",
  EISDIR: "is a folder: expected a file",
  EACCES: "permission denied: check who may use the file",
  ENOSPC: "the disk is full",
};

async function explain<T>(path: string, job: Promise<T>): Promise<T> {
  try {
    return await job;
  } catch (cause) {
    throw fileError(path, cause);
  }
}

function fileError(path: string, cause: unknown): FileError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new FileError(`${path}: ${REASONS[code ?? ""] ?? message}`, { cause });
}

async function* explained(path: string, parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* parts;
  } catch (cause) {
    throw fileError(path, cause);
  }
}

/** @throws FileError */
export function readInput(io: CliIo, path: string): Promise<Uint8Array> {
  return explain(path, io.readFile(path));
}

/** @returns undefined when there is no such file. @throws FileError */
export async function readIfPresent(io: CliIo, path: string): Promise<Uint8Array | undefined> {
  const read = io.readFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  return explain(path, read);
}

/** For files that hold private keys. @throws FileError */
export function writePrivate(io: CliIo, path: string, bytes: Uint8Array): Promise<void> {
  return explain(path, io.writePrivateFile(path, bytes));
}

/** Whole or not at all; with its folder. @throws FileError */
export function replaceFile(io: CliIo, path: string, bytes: Uint8Array): Promise<void> {
  return explain(path, io.replaceFile(path, bytes));
}

/** @throws FileError */
export function findFiles(io: CliIo, folder: string, ending: string): Promise<readonly string[]> {
  return explain(folder, io.findFiles(folder, ending));
}

/** @throws FileError */
export function writeResult(io: CliIo, path: string, bytes: Uint8Array): Promise<void> {
  return explain(path, io.writeFile(path, bytes));
}

/** `[ADDR] FILE` taken apart. */
export interface AddressAndFile {
  readonly address: number | undefined;
  readonly file: string;
}

/** @throws UsageError */
export function splitAddressAndFile(args: readonly (string | undefined)[]): AddressAndFile {
  const [first = "", second] = args;
  if (second !== undefined) return { address: parseAddress("ADDR", first), file: second };
  if (looksLikeNumber(first)) {
    throw new UsageError(`FILE: expected the name of an image behind the address ${first}, found nothing`);
  }
  return { address: undefined, file: first };
}

/** @throws FileError, ImageError */
export async function readImage(io: CliIo, { address, file }: AddressAndFile): Promise<Image> {
  const { size, parts } = await explain(file, io.readParts(file));
  return loadParts({ size, parts: explained(file, parts) }, file, { address });
}
