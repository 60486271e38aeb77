/** Loads and restarts: the board goes through its bootloader and stands at the program's first instruction afterwards. */

import type { FlashReport } from "../flasher/progress.js";
import type { Image } from "../image/image.js";
import { requestProgram } from "./boot-request.js";
import { expectStarted, withBreakpoints } from "./breakpoints.js";
import { NotStartedError } from "./errors.js";
import { Loader, type LoaderOptions, START_TIME } from "./loader.js";
import { mappedProgram, type Program, programOf } from "./program.js";

/** Milliseconds of a start by the bootloader's own decision, which waits up to two seconds for a host. */
const OWN_START_TIME = 3000;

/** The program that is being debugged, where it is known from elsewhere than GDB's `load`. */
export interface ProgramToRun {
  /** @param path of its file, UTF-8; empty: there is none */
  name(path: Uint8Array): void;
  /** Its external part, while the board has not got it in this session; else undefined. */
  pending(): Promise<Image | undefined>;
  /** Something was loaded, and is what the board has to run until the program changes. */
  written(): Promise<void>;
}

/** A program that stands before its first instruction. */
export interface Started {
  readonly program: Program;
  /** undefined: nothing had to be written. */
  readonly report?: FlashReport;
}

export interface StarterOptions extends LoaderOptions {
  /** Written by a restart, when no load has done so. */
  readonly toRun?: ProgramToRun | undefined;
}

export class Starter {
  readonly #options: StarterOptions;
  readonly #loader: Loader;
  /** What was loaded last. */
  #program: Program | undefined;

  constructor(options: StarterOptions) {
    this.#options = options;
    this.#loader = new Loader(options);
  }

  /** Ends a load under way. */
  cancel(): void {
    this.#loader.cancel();
  }

  /**
   * Writes and starts a program. The core then stands before its first instruction.
   * @throws ProgramError, ProbeError, UpstreamLostError, and what the flashing throws
   */
  async load(image: Image): Promise<Started> {
    const { layout, toRun } = this.#options;
    const program = programOf(image, layout());
    const report = await this.#loader.load(image, program);
    this.#program = program;
    await toRun?.written();
    return { report, program };
  }

  /** @throws NotStartedError, ProbeError, UpstreamLostError, and where a program has to be written first, as `load` */
  async restart(): Promise<Started> {
    const { probe, breakpoints, toRun } = this.#options;
    const image = await toRun?.pending();
    if (image !== undefined) return this.load(image);
    const program = this.#program ?? (await this.#find());
    await requestProgram(probe, this.#options.layout().requestRegister, program.address);
    await probe.reset();
    await withBreakpoints(probe, breakpoints, [program.entry], async () => {
      await probe.stopsWithin(probe.run(), START_TIME);
      await expectStarted(probe, program.entry);
    });
    return { program };
  }

  /** The program that the board runs by itself. @throws NotStartedError when there is none */
  async #find(): Promise<Program> {
    const { probe, layout } = this.#options;
    const now = await mappedProgram(probe, layout());
    if (now !== undefined) return now;
    await probe.reset();
    await probe.stopsWithin(probe.run(), OWN_START_TIME);
    const found = await mappedProgram(probe, layout());
    if (found !== undefined) return found;
    throw new NotStartedError(
      "the board has no program that it starts: it stays in its bootloader. Load one; `imflasher info` tells why it stays",
    );
  }
}
