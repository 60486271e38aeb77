import { ImageError } from "../image/error.js";
import { loadImage } from "../image/load.js";
import { hex32 } from "../protocol/hex.js";
import { readInput } from "./files.js";
import type { CliIo } from "./io.js";

const INTERNAL_FLASH = 0x0800_0000;
const INTERNAL_BYTES = 0x2_0000;

/** An image of any format for the internal flash, as the sector's bytes from its start on. @throws ImageError, FileError */
export async function readInternalImage(io: CliIo, file: string): Promise<Uint8Array> {
  const bytes = await readInput(io, file);
  // Raw bytes have no address of their own; the others' need not begin with the sector.
  const carriesAddress = /\.(hex|ihex|elf|axf|out|uf2)$/i.test(file);
  const { segments } = loadImage(bytes, file, { address: carriesAddress ? undefined : INTERNAL_FLASH });
  const sector = new Uint8Array(INTERNAL_BYTES).fill(0xff);
  let end = 0;
  for (const { address, bytes: data } of segments) {
    const offset = address - INTERNAL_FLASH;
    if (offset < 0 || offset + data.length > INTERNAL_BYTES) {
      throw new ImageError(
        `${file}: ${hex32(address)} with ${data.length} bytes lies outside the internal flash: expected 0x08000000 to 0x0801FFFF`,
      );
    }
    sector.set(data, offset);
    end = Math.max(end, offset + data.length);
  }
  return sector.subarray(0, end);
}
