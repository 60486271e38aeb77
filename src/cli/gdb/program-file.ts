/** The program that GDB debugs, as a file: what a restart has to write when nobody has loaded it. */
import type { Area } from "../../gdb/layout.js";
import type { ProgramToRun } from "../../gdb/starter.js";
import type { Image } from "../../image/image.js";
import { loadImage } from "../../image/load.js";
import { segmentsWithin } from "../../image/segments.js";
import { readInput } from "../files.js";
import type { CliIo } from "../io.js";

export class ProgramFile implements ProgramToRun {
  readonly #io: CliIo;
  readonly #path: string;
  readonly #external: Area;
  /** The file as it was when the board got it. */
  #written: Uint8Array | undefined;

  /** @param external what of it is written; the rest is the probe's */
  constructor(io: CliIo, path: string, external: Area) {
    this.#io = io;
    this.#path = path;
    this.#external = external;
  }

  /** @throws FileError, ImageError */
  async pending(): Promise<Image | undefined> {
    const bytes = await readInput(this.#io, this.#path);
    if (this.#written !== undefined && Buffer.compare(bytes, this.#written) === 0) return undefined;
    const image = loadImage(bytes, this.#path);
    const { inside } = segmentsWithin(image, this.#external.address, this.#external.length);
    return inside.length === 0 ? undefined : { ...image, segments: inside };
  }

  async written(): Promise<void> {
    this.#written = await readInput(this.#io, this.#path);
  }
}
