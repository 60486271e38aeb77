/** Loads and restarts: the board goes through its bootloader and stands at the program's first instruction afterwards. */

import type { FlashReport } from "../flasher/progress.js";
import type { Image } from "../image/image.js";
import { requestBootloader, requestProgram } from "./boot-request.js";
import { NotStartedError, ProbeError } from "./errors.js";
import { hex } from "./flash-buffer.js";
import type { Layout } from "./layout.js";
import type { Probe, Running } from "./probe.js";
import { mappedProgram, type Program, programOf } from "./program.js";

/** Milliseconds from BOOT, or from a request to run at once, to the program's first instruction. */
const START_TIME = 5000;
/** Milliseconds of a start by the bootloader's own decision, which waits up to two seconds for a host. */
const OWN_START_TIME = 3000;

export interface FlashJob {
  readonly done: Promise<FlashReport>;
  /** Ends it as soon as it can be; `done` is rejected then. */
  cancel(): void;
}

/** Writes an image into external flash over USB and starts it: the board is about to show its port. */
export type FlashOverUsb = (image: Image, address: number) => FlashJob;

/** The program that is being debugged, where it is known from elsewhere than GDB's `load`. */
export interface ProgramToRun {
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

export interface StarterOptions {
  readonly probe: Probe;
  readonly layout: Layout;
  readonly flash: FlashOverUsb;
  /** Addresses at which GDB has set breakpoints: those need no second one. */
  readonly breakpoints: ReadonlySet<number>;
  /** Written by a restart, when no load has done so. */
  readonly toRun?: ProgramToRun | undefined;
}

export class Starter {
  readonly #options: StarterOptions;
  /** What was loaded last. */
  #program: Program | undefined;
  #job: FlashJob | undefined;
  /** Asked for before the writing began. */
  #cancelled = false;

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  /** Ends a load under way. */
  cancel(): void {
    this.#cancelled = true;
    this.#job?.cancel();
  }

  /**
   * Writes and starts a program. The core then stands before its first instruction.
   * @throws ProgramError, ProbeError, UpstreamLostError, and what the flashing throws
   */
  async load(image: Image): Promise<Started> {
    const { probe, layout, toRun } = this.#options;
    const program = programOf(image, layout);
    this.#cancelled = false;
    await requestBootloader(probe);
    await probe.reset();
    const report = await this.#stoppingAt(program.entry, async (running) => {
      const result = await this.#flashed(image, program, running);
      return (await probe.stopsWithin(running, START_TIME)) ? result : undefined;
    });
    this.#program = program;
    await toRun?.written();
    return { report, program };
  }

  /** @throws NotStartedError, ProbeError, UpstreamLostError, and where a program has to be written first, as `load` */
  async restart(): Promise<Started> {
    const { probe, toRun } = this.#options;
    const image = await toRun?.pending();
    if (image !== undefined) return this.load(image);
    const program = this.#program ?? (await this.#find());
    await requestProgram(probe, program.address);
    await probe.reset();
    await this.#stoppingAt(program.entry, async (running) =>
      (await probe.stopsWithin(running, START_TIME)) ? program : undefined,
    );
    return { program };
  }

  /** Lets the core run, with a breakpoint. @param until what has to happen meanwhile; undefined: it did not stop */
  async #stoppingAt<T>(entry: number, until: (running: Running) => Promise<T | undefined>): Promise<T> {
    const { probe, breakpoints } = this.#options;
    const own = !breakpoints.has(entry);
    if (own) await probe.insertBreakpoint(entry);
    try {
      const result = await until(probe.run());
      const at = await probe.programCounter();
      if (result !== undefined && at === entry) return result;
      throw new NotStartedError(
        `the program did not start: expected the core at ${hex(entry)}, found it at ${hex(at)}. ` +
          "The bootloader refused it; `imflasher info` tells why it stays",
      );
    } finally {
      if (own && probe.upstream.lost === undefined) await probe.removeBreakpoint(entry);
    }
  }

  /** The core runs while the flash is written; when it stops elsewhere, the writing has no end. */
  async #flashed(image: Image, program: Program, running: Running): Promise<FlashReport> {
    const { probe, flash } = this.#options;
    const job = flash(image, program.address);
    this.#job = job;
    if (this.#cancelled) job.cancel();
    let stray: number | undefined;
    const watch = running.stop.then(
      async () => {
        if (this.#job !== job) return;
        const at = await probe.programCounter();
        if (at === program.entry) return;
        stray = at;
        job.cancel();
      },
      () => job.cancel(),
    );
    // What it fails with, the next question fails with, too.
    watch.catch(() => {});
    try {
      return await job.done;
    } catch (error) {
      this.#job = undefined;
      if (probe.upstream.lost !== undefined) throw probe.upstream.lost;
      if (stray !== undefined) {
        throw new ProbeError(`the core stopped at ${hex(stray)} while the flash was being written`, {
          cause: error,
        });
      }
      await probe.halt(running);
      throw error;
    } finally {
      this.#job = undefined;
    }
  }

  /** The program that the board runs by itself. @throws NotStartedError when there is none */
  async #find(): Promise<Program> {
    const { probe, layout } = this.#options;
    const now = await mappedProgram(probe, layout);
    if (now !== undefined) return now;
    await probe.reset();
    await probe.stopsWithin(probe.run(), OWN_START_TIME);
    const found = await mappedProgram(probe, layout);
    if (found !== undefined) return found;
    throw new NotStartedError(
      "the board has no program that it starts: it stays in its bootloader. Load one; `imflasher info` tells why it stays",
    );
  }
}
