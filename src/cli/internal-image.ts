import { ImageError } from "../image/error.js";
import type { Segment } from "../image/image.js";
import { imageFormat, loadImage } from "../image/load.js";
import { hex32 } from "../protocol/hex.js";
import { readInput } from "./files.js";
import type { CliIo } from "./io.js";

const INTERNAL_FLASH = 0x0800_0000;

export interface WholeProgram {
  /** The internal flash's bytes from its start on. */
  readonly internal: Uint8Array;
  /** What is linked for other memories. */
  readonly elsewhere: readonly Segment[];
}

/**
 * An image of any format for the internal flash, and what of it lies elsewhere.
 * @param size bytes of the internal flash
 * @throws ImageError, FileError
 */
export async function readWholeProgram(io: CliIo, file: string, size: number): Promise<WholeProgram> {
  const bytes = await readInput(io, file);
  // Raw bytes have no address of their own; the others' need not begin where the flash does.
  const address = imageFormat(bytes, file) === "bin" ? INTERNAL_FLASH : undefined;
  const { segments } = loadImage(bytes, file, { address });
  const flash = new Uint8Array(size).fill(0xff);
  let end = 0;
  const elsewhere: Segment[] = [];
  for (const segment of segments) {
    const { address, bytes: data } = segment;
    const offset = address - INTERNAL_FLASH;
    if (offset < 0 || offset >= size) {
      elsewhere.push(segment);
      continue;
    }
    if (offset + data.length > size) throw outside(file, segment, size);
    flash.set(data, offset);
    end = Math.max(end, offset + data.length);
  }
  return { internal: flash.subarray(0, end), elsewhere };
}

/** An image for the internal flash alone, as its bytes from its start on. @throws ImageError, FileError */
export async function readInternalImage(io: CliIo, file: string, size: number): Promise<Uint8Array> {
  const { internal, elsewhere } = await readWholeProgram(io, file, size);
  if (elsewhere[0] !== undefined) throw outside(file, elsewhere[0], size);
  return internal;
}

function outside(file: string, { address, bytes }: Segment, size: number): ImageError {
  return new ImageError(
    `${file}: ${hex32(address)} with ${bytes.length} bytes lies outside the internal flash: expected ${hex32(INTERNAL_FLASH)} to ${hex32(INTERNAL_FLASH + size - 1)}`,
  );
}
