import { looksLikeElf, parseElf } from "./elf.js";
import { hex, ImageAddressError, ImageError } from "./error.js";
import { HexReader, looksLikeHex, parseHex } from "./hex.js";
import type { Image, ImageFormat } from "./image.js";
import { ADDRESS_SPACE, joinPieces } from "./segments.js";
import { looksLikeUf2, parseUf2 } from "./uf2.js";

export interface LoadOptions {
  /** Where the first byte goes: needed for .bin; for the other formats it must be where a segment begins. */
  readonly address?: number | undefined;
}

type AddressedFormat = Exclude<ImageFormat, "bin">;

const FORMATS: Readonly<
  Record<
    AddressedFormat,
    {
      readonly extensions: readonly string[];
      looksLike(bytes: Uint8Array): boolean;
      parse(bytes: Uint8Array, fileName: string): Image;
    }
  >
> = {
  elf: { extensions: ["elf", "axf", "out"], looksLike: looksLikeElf, parse: parseElf },
  uf2: { extensions: ["uf2"], looksLike: looksLikeUf2, parse: parseUf2 },
  hex: { extensions: ["hex", "ihex", "ihx"], looksLike: looksLikeHex, parse: parseHex },
};

/** Formats that would pass for raw bytes and then not run. */
const REFUSED: readonly { readonly extensions: readonly string[]; readonly name: string }[] = [
  { extensions: ["s19", "s28", "s37", "srec", "mot"], name: "Motorola S-record" },
  { extensions: ["dfu"], name: "DfuSe" },
];

function extensionOf(fileName: string): string {
  return /\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? "";
}

/** By content first; a name decides only where the content says nothing. */
export function imageFormat(bytes: Uint8Array, fileName: string): ImageFormat {
  const formats = Object.keys(FORMATS) as AddressedFormat[];
  const extension = extensionOf(fileName);
  return (
    formats.find((format) => FORMATS[format].looksLike(bytes)) ??
    formats.find((format) => FORMATS[format].extensions.includes(extension)) ??
    "bin"
  );
}

function parseBin(bytes: Uint8Array, fileName: string, address: number | undefined): Image {
  if (address === undefined) {
    throw new ImageAddressError(
      `${fileName}: raw bytes carry no address: expected an address in front of the file, such as 0x90100000`,
    );
  }
  return {
    format: "bin",
    segments: joinPieces(fileName, [{ address, bytes, origin: "the file" }]),
    entry: undefined,
  };
}

function checkAddress(image: Image, fileName: string, address: number | undefined): void {
  if (address === undefined || image.segments.some((segment) => segment.address === address)) return;
  const found = image.segments.slice(0, 4).map((segment) => hex(segment.address));
  const more = image.segments.length > found.length ? ", …" : "";
  throw new ImageAddressError(
    `${fileName}: the file is linked for ${found.join(", ")}${more}, not for ${hex(address)}: ` +
      "leave the address out, or link the program for it",
  );
}

function checkRange(address: number | undefined): void {
  if (address !== undefined && !(Number.isInteger(address) && address >= 0 && address < ADDRESS_SPACE)) {
    throw new RangeError(`address must be a whole number from 0 to 0xFFFFFFFF, not ${address}`);
  }
}

/**
 * Turns a file's bytes into an image.
 * @param bytes the whole file; segments of the image may share its memory
 * @param fileName for messages, and its ending where the content does not tell the format
 * @throws ImageError
 */
export function loadImage(bytes: Uint8Array, fileName: string, options: LoadOptions = {}): Image {
  const { address } = options;
  checkRange(address);
  if (bytes.length === 0) {
    throw new ImageError(`${fileName}: the file is empty: expected a .bin, .hex, .elf or .uf2 image`);
  }
  const format = imageFormat(bytes, fileName);
  if (format !== "bin") {
    const image = FORMATS[format].parse(bytes, fileName);
    checkAddress(image, fileName, address);
    return image;
  }
  const refused = REFUSED.find(({ extensions }) => extensions.includes(extensionOf(fileName)));
  if (refused !== undefined) {
    throw new ImageError(
      `${fileName}: ${refused.name} files are not read: expected .bin, .hex, .elf or .uf2; convert it with objcopy`,
    );
  }
  return parseBin(bytes, fileName, address);
}

/** A file that arrives in parts. */
export interface FileParts {
  /** Bytes of all parts; 0 where that is not known before. */
  readonly size: number;
  /** Each is good until the next is asked for. */
  readonly parts: AsyncIterable<Uint8Array>;
}

/**
 * As `loadImage`. A HEX file, about three times as long as what it holds, is never in memory as a whole.
 * @throws ImageError
 */
export async function loadParts(
  { size, parts }: FileParts,
  fileName: string,
  options: LoadOptions = {},
): Promise<Image> {
  checkRange(options.address);
  let hex: HexReader | undefined;
  let bytes = new Uint8Array(size);
  let used = 0;
  for await (const part of parts) {
    if (used === 0 && looksLikeHex(part)) {
      hex = new HexReader(fileName, size);
      bytes = new Uint8Array(0);
    }
    if (hex === undefined) {
      if (used + part.length > bytes.length) bytes = grown(bytes, 2 * used + part.length);
      bytes.set(part, used);
    } else hex.take(part);
    used += part.length;
  }
  if (hex === undefined) return loadImage(bytes.subarray(0, used), fileName, options);
  const image = hex.end();
  checkAddress(image, fileName, options.address);
  return image;
}

function grown(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(size);
  more.set(bytes);
  return more;
}
