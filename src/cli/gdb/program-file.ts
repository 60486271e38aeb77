/** The program that GDB debugs, as a file: what a restart has to write when nobody has loaded it. */
import type { Area } from "../../gdb/layout.js";
import type { ProgramToRun } from "../../gdb/starter.js";
import type { Image } from "../../image/image.js";
import { loadImage } from "../../image/load.js";
import { segmentsWithin } from "../../image/segments.js";
import { readInput } from "../files.js";
import type { CliIo } from "../io.js";

/** QUADSPI's (RM0433, 2.3): what lies elsewhere is the probe's. */
const WINDOW: Area = { address: 0x9000_0000, length: 0x1000_0000 };

export class ProgramFile implements ProgramToRun {
  readonly #io: CliIo;
  #path = "";
  /** The file as it was when the board got it. */
  #written: Uint8Array | undefined;

  constructor(io: CliIo) {
    this.#io = io;
  }

  /** Empty: not known. */
  get path(): string {
    return this.#path;
  }

  name(bytes: Uint8Array): void {
    const path = Buffer.from(bytes).toString();
    if (path !== this.#path) this.#written = undefined;
    this.#path = path;
  }

  /** @throws FileError, ImageError */
  async pending(): Promise<Image | undefined> {
    if (this.#path === "") return undefined;
    const bytes = await readInput(this.#io, this.#path);
    if (this.#written !== undefined && Buffer.compare(bytes, this.#written) === 0) return undefined;
    const image = loadImage(bytes, this.#path);
    const { inside } = segmentsWithin(image, WINDOW.address, WINDOW.length);
    return inside.length === 0 ? undefined : { ...image, segments: inside };
  }

  async written(): Promise<void> {
    if (this.#path !== "") this.#written = await readInput(this.#io, this.#path);
  }
}
