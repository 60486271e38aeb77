/** An EXST image from a program: docs/imssbl.md, "The EXST image". */
import { hex, ImageError } from "../../image/error.js";
import { checkExstVectors, EXST_LOAD_ADDRESS, packExst, readExst } from "../../image/exst.js";
import { imageFormat, loadImage } from "../../image/load.js";
import { fillGaps } from "../../image/segments.js";
import { hexBytes } from "../../protocol/hex.js";
import type { RunCommand } from "../command.js";
import { readInput, writeResult } from "../files.js";
import { formatBytes } from "../progress-bar.js";

export const run: RunCommand = async ({ io, reporter }, [input = "", output = ""]) => {
  const program = programOf(await readInput(io, input), input);
  const image = packExst(input, program);
  checkExstVectors(input, image, EXST_LOAD_ADDRESS);
  await writeResult(io, output, image);
  const md5 = hexBytes(readExst(image).hash);
  reporter.result("pack-exst", {
    data: { file: output, programBytes: program.length, bytes: image.length, md5 },
    lines: [
      `${output}: ${formatBytes(program.length)} for ${hex(EXST_LOAD_ADDRESS)}, packed to ${formatBytes(image.length)}, MD5 ${md5}`,
    ],
  });
};

/** @returns the bytes from the load address on. @throws ImageError */
function programOf(bytes: Uint8Array, file: string): Uint8Array {
  const raw = imageFormat(bytes, file) === "bin";
  const [program, ...others] = fillGaps(
    loadImage(bytes, file, { address: raw ? EXST_LOAD_ADDRESS : undefined }),
  ).segments;
  if (program !== undefined && program.address === EXST_LOAD_ADDRESS && others.length === 0)
    return program.bytes;
  throw new ImageError(
    `${file}: expected one program from ${hex(EXST_LOAD_ADDRESS)} on, found it at ${hex(program?.address ?? 0)}. ` +
      "Link it for the address that the first stage loads it to",
  );
}
