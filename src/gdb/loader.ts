/** Writes a program into external flash and starts it: over USB, or without a cable through the probe itself. */

import type { FlashReport } from "../flasher/progress.js";
import type { Image } from "../image/image.js";
import { boardIdFromUid } from "../protocol/board-id.js";
import type { Timers, Transport } from "../protocol/transport.js";
import { requestBootloader, requestProbe } from "./boot-request.js";
import { expectStarted, withBreakpoints } from "./breakpoints.js";
import { NoUsbBoardError, ProbeError } from "./errors.js";
import { hex } from "./flash-buffer.js";
import type { Layout } from "./layout.js";
import type { Probe, Running } from "./probe.js";
import { type ProbeTable, readProbeTable } from "./probe-table.js";
import { ProbeTransport } from "./probe-transport.js";
import type { Program } from "./program.js";

/** Milliseconds from BOOT, or from a request to run at once, to the program's first instruction. */
export const START_TIME = 5000;
/** The chip's unique id: RM0433, 61.1. */
const UNIQUE_ID = 0x1ff1_e800;
const UNIQUE_ID_BYTES = 12;

/** How a program comes to the board; auto: over USB where a cable is, else through the probe. */
export type Via = "auto" | "usb" | "probe";

export interface FlashJob {
  readonly done: Promise<FlashReport>;
  /** Ends it as soon as it can be; `done` is rejected then. */
  cancel(): void;
}

export interface FlashTask {
  readonly image: Image;
  /** Of the vector table, which the board starts afterwards. */
  readonly address: number;
  /** Of the board at the probe; undefined when it cannot be read. */
  readonly boardId: string | undefined;
  /** The way to its bootloader; undefined: over USB, where it is about to show its port. */
  readonly transport?: Transport;
}

/** Writes an image into external flash and starts it. `done` rejects with NoUsbBoardError when no board shows itself. */
export type FlashProgram = (task: FlashTask) => FlashJob;

export interface LoaderOptions {
  readonly probe: Probe;
  readonly layout: () => Layout;
  readonly timers: Timers;
  readonly flash: FlashProgram;
  readonly via: Via;
  /** Addresses at which GDB has set breakpoints. */
  readonly breakpoints: ReadonlySet<number>;
  /** Something for people, at GDB's console and beside it. */
  readonly tell: (message: string) => void;
}

export class Loader {
  readonly #options: LoaderOptions;
  #job: FlashJob | undefined;
  /** Asked for before the writing began. */
  #cancelled = false;

  constructor(options: LoaderOptions) {
    this.#options = options;
  }

  /** Ends a load under way. */
  cancel(): void {
    this.#cancelled = true;
    this.#job?.cancel();
  }

  /**
   * The core then stands before the program's first instruction.
   * @throws ProbeError, UpstreamLostError, and what the flashing throws
   */
  async load(image: Image, program: Program): Promise<FlashReport> {
    const { probe, via, breakpoints, layout } = this.#options;
    this.#cancelled = false;
    const table = via === "usb" ? undefined : await readProbeTable(probe, layout().probeTables);
    if (table === undefined && via === "probe") {
      throw new ProbeError(
        "--via probe: the board's bootloader takes no requests through a probe: put the current one into the internal " +
          "flash, or plug the USB cable in",
      );
    }
    const register = layout().requestRegister;
    const task: FlashTask = { image, address: program.address, boardId: await boardIdOf(probe) };
    if (table === undefined) await requestBootloader(probe, register);
    else await requestProbe(probe, register, via === "probe");
    await probe.reset();
    const stops = table === undefined ? [program.entry] : [program.entry, table.done];
    return withBreakpoints(probe, breakpoints, stops, async () => {
      const report = via === "probe" ? undefined : await this.#overUsb(task, program, table);
      if (report !== undefined || table === undefined) return report as FlashReport;
      return this.#throughProbe(task, program, table);
    });
  }

  /**
   * The core runs while the flash is written; when it stops elsewhere, the writing has no end.
   * @returns undefined when there is no board on USB, and the core stands where it takes requests through the probe
   */
  async #overUsb(
    task: FlashTask,
    program: Program,
    table: ProbeTable | undefined,
  ): Promise<FlashReport | undefined> {
    const { probe, flash, tell } = this.#options;
    const running = probe.run();
    const job = this.#begun(flash(task));
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
      const report = await job.done;
      this.#job = undefined;
      await probe.stopsWithin(running, START_TIME);
      await expectStarted(probe, program.entry);
      return report;
    } catch (cause) {
      this.#job = undefined;
      if (probe.upstream.lost !== undefined) throw probe.upstream.lost;
      if (table !== undefined && stray === table.done && !this.#cancelled) return undefined;
      if (stray !== undefined) {
        throw new ProbeError(`the core stopped at ${hex(stray)} while the flash was being written`, {
          cause,
        });
      }
      await probe.halt(running);
      if (!(cause instanceof NoUsbBoardError) || table === undefined || this.#cancelled) throw cause;
      tell(cause.message);
      await requestProbe(probe, this.#options.layout().requestRegister, true);
      await probe.reset();
      await this.#toTable(table, probe.run());
      return undefined;
    }
  }

  async #throughProbe(task: FlashTask, program: Program, table: ProbeTable): Promise<FlashReport> {
    const { probe, flash, timers, via, tell } = this.#options;
    if (via === "probe") await this.#toTable(table, probe.run());
    tell(
      `${via === "probe" ? "" : "no USB cable at the board: "}writing through the probe, which is slower than USB`,
    );
    const transport = new ProbeTransport(probe, table, timers);
    const job = this.#begun(flash({ ...task, transport }));
    try {
      const report = await job.done;
      await probe.stopsWithin(await transport.release(), START_TIME);
      await expectStarted(probe, program.entry);
      return report;
    } catch (error) {
      throw probe.upstream.lost ?? transport.failure ?? error;
    } finally {
      this.#job = undefined;
    }
  }

  #begun(job: FlashJob): FlashJob {
    this.#job = job;
    if (this.#cancelled) job.cancel();
    return job;
  }

  /** @throws ProbeError */
  async #toTable(table: ProbeTable, running: Running): Promise<void> {
    const { probe } = this.#options;
    await probe.stopsWithin(running, START_TIME);
    const at = await probe.programCounter();
    if (at === table.done) return;
    throw new ProbeError(
      `the bootloader does not wait for the probe: expected the core at ${hex(table.done)}, found it at ${hex(at)}`,
    );
  }
}

async function boardIdOf(probe: Probe): Promise<string | undefined> {
  const uid = await probe.readMemory(UNIQUE_ID, UNIQUE_ID_BYTES).catch(() => undefined);
  return uid === undefined ? undefined : boardIdFromUid(uid);
}
