/** PNG (ISO/IEC 15948): pictures of 8 bits a colour, without a palette. */

import { deflateSync } from "node:zlib";
import { crc32 } from "../protocol/crc32.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
const TRUECOLOUR = 2;

/** @param rgb rows from the top, three bytes a pixel */
export function encodePng(width: number, height: number, rgb: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, TRUECOLOUR], 8);
  // Each row has the kind of its filter in front of it: none.
  const rows = Buffer.alloc(height * (3 * width + 1));
  for (let row = 0; row < height; row++) {
    rows.set(rgb.subarray(row * 3 * width, (row + 1) * 3 * width), row * (3 * width + 1) + 1);
  }
  const chunks = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from(SIGNATURE), ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
