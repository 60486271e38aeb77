/**
 * QUADSPI: the controller of the external flash (RM0433, section "Quad-SPI interface (QUADSPI)").
 *
 * Transfers take board time: a byte is in the FIFO once it has been clocked, and the clock stops while the FIFO
 * stops it. Everything is computed when the guest looks, or by the one event that ends or interrupts.
 */

import type { AccessSize, BusDevice } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { TimelineEvent } from "../../timeline.js";
import { IndirectMode } from "./quadspi-indirect.js";
import { MappedMode } from "./quadspi-mapped.js";
import type { QuadSpiOptions, QuadSpiTriggers } from "./quadspi-options.js";
import { type Poller, pollMatches, startPolling } from "./quadspi-poll.js";
import {
  CCR,
  CR,
  CR_STATIC,
  FLAGS,
  MODE,
  type QuadSpiRegister,
  quadSpiRegisters,
  SR,
} from "./quadspi-registers.js";
import { QuadSpiSetup } from "./quadspi-setup.js";
import { stallBus } from "./quadspi-stall.js";
import { QuadSpiWarnings } from "./quadspi-warnings.js";
import type { QuadSpiWindow } from "./quadspi-window.js";
import { type CommandFormat, QuadSpiWire } from "./quadspi-wire.js";

/** Clocks from ABORT until BUSY falls, besides the /CS high time. */
const ABORT_CLOCKS = 4;

export class QuadSpi implements BusDevice {
  triggers: QuadSpiTriggers | undefined;

  readonly #options: QuadSpiOptions;
  readonly #registers: RegisterBlock<QuadSpiRegister>;
  readonly #setup: QuadSpiSetup;
  readonly #wire: QuadSpiWire;
  readonly #mapped: MappedMode;
  readonly #warnings: QuadSpiWarnings;
  readonly #indirect: IndirectMode;
  #flags = 0;
  #poller: Poller | undefined;
  #aborting = false;
  /** CCR.FRCM: the clock runs, and nothing else. */
  #freeRunning = false;
  #event: TimelineEvent | undefined;
  /** SIOO: the instruction went out since CCR was written. */
  #instructionSent = false;
  /** /CS has been high long enough from this board time (ns) on. */
  #freeAt = 0;
  /** Polling has read a status that DR has not been read for. */
  #statusUnread = false;
  #asserted = false;
  #triggered = false;

  constructor(options: QuadSpiOptions) {
    this.#options = options;
    const { log, clocked, chip, kernelHz } = options;
    this.#wire = new QuadSpiWire({ chip, lines: options.lines, kernelHz, log, lendPair: options.lendPair });
    this.#mapped = this.#makeMappedMode();
    this.#warnings = new QuadSpiWarnings(log);
    const specs = quadSpiRegisters({
      writeCr: (before) => this.#writeCr(before),
      readSr: () => this.#readSr(),
      clearFlags: (mask) => {
        this.#flags &= ~mask;
        this.#update();
      },
      mayWrite: (name) => this.#mayWrite(name),
      restore: (name, value) => this.#registers.set(name, value),
      dual: () => this.#wire.dual,
      writeCcr: () => {
        this.#writeCcr();
        this.#update();
      },
      writeAr: () => this.#writeAr(),
      readDr: (bytes) => this.#readDr(bytes),
      writeDr: (value, bytes) => this.#writeDr(value, bytes),
    });
    this.#registers = new RegisterBlock(specs, { name: "QUADSPI", log, clocked });
    this.#setup = new QuadSpiSetup(this.#registers, this.#wire);
    this.#indirect = new IndirectMode({
      setup: this.#setup,
      wire: this.#wire,
      log,
      now: () => this.#now(),
      stall: (untilNs) => stallBus(this.#options, untilNs),
      schedule: (at) => this.#schedule(at),
      awaited: () => this.triggers?.wanted() === true,
      onComplete: () => this.#complete(),
    });
  }

  read(offset: number, size: AccessSize): number {
    return this.#registers.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#registers.write(offset, size, value);
  }

  /** System reset or RCC_AHB3RSTR.QSPIRST: whatever is under way ends, /CS rises. */
  reset(): void {
    this.#stop();
    this.#registers.reset();
    this.#flags = 0;
    this.#freeAt = 0;
    this.#warnings.timingFixed = false;
    this.#freeRunning = false;
    this.#instructionSent = false;
    this.#configureWire();
    this.#update();
  }

  /** quadspi_ft_trg: FTF in indirect mode. H7 has no DMAEN: the request follows the flag. */
  get thresholdRequest(): boolean {
    return this.#setup.enabled && this.#setup.mode <= MODE.READ && this.#thresholdReached();
  }

  /** A channel of MDMA begins to wait for the threshold. */
  triggersWanted(): void {
    this.#indirect.sync();
    this.#update();
  }

  /** The 256 MiB at 0x9000_0000. */
  get window(): QuadSpiWindow {
    return this.#mapped.window;
  }

  #now(): number {
    return this.#options.timeline.now;
  }

  #busy(): boolean {
    if (this.#aborting || this.#mapped.busy || this.#freeRunning) return true;
    if (this.#poller !== undefined || this.#indirect.running) return true;
    return this.#setup.mode === MODE.READ && this.#indirect.level > 0;
  }

  // --- registers -----------------------------------------------------------------------------------------

  #mayWrite(name: QuadSpiRegister): boolean {
    this.#indirect.sync();
    if (name === "AR" && this.#setup.mode === MODE.MAPPED) return false;
    if (!this.#busy()) return true;
    // The workaround of ES0392 writes CCR twice.
    if (name === "CCR" && this.#freeRunning) return false;
    // ST's library writes AR behind CCR even where the command has no address, and has started with CCR.
    if (name === "AR" && this.#setup.format.addressLines === undefined) return false;
    this.#options.log.once(`QUADSPI.${name}.busy`, `QUADSPI.${name}: written while BUSY = 1: ignored`);
    return false;
  }

  #writeCr(before: number): void {
    this.#indirect.sync();
    const registers = this.#registers;
    const written = registers.get("CR");
    if (this.#busy() && (written & CR.EN) !== 0 && ((written ^ before) & CR_STATIC) !== 0) {
      this.#options.log.once(
        "QUADSPI.CR.busy",
        "QUADSPI.CR: bits that need BUSY = 0 written while BUSY = 1: ignored",
      );
      registers.set("CR", (written & ~CR_STATIC) | (before & CR_STATIC));
    }
    this.#configureWire();
    const disabled = (before & CR.EN) !== 0 && !this.#setup.enabled;
    if (registers.has("CR", CR.ABORT) || disabled) this.#abort();
    this.#update();
  }

  #configureWire(): void {
    const cr = this.#setup.cr;
    this.#wire.divider = (cr >>> 24) + 1;
    this.#wire.sampleShift = (cr & CR.SSHIFT) !== 0;
    this.#wire.bank = (cr & CR.DFM) !== 0 ? undefined : (cr & CR.FSEL) !== 0 ? 2 : 1;
  }

  #readSr(): number {
    this.#indirect.sync();
    this.#update();
    const busy = this.#busy() ? SR.BUSY : 0;
    return this.#flags | (this.#thresholdReached() ? SR.FTF : 0) | busy | (this.#indirect.level << 8);
  }

  #thresholdReached(): boolean {
    return this.#setup.mode <= MODE.READ ? this.#indirect.thresholdReached : this.#statusUnread;
  }

  #writeCcr(): void {
    const ccr = this.#setup.ccr;
    this.#instructionSent = false;
    this.#statusUnread = false;
    if (this.#mapped.on) this.#leaveMapped();
    this.#indirect.clear();
    if (!this.#setup.enabled) {
      const { log } = this.#options;
      if (ccr !== 0) log.once("QUADSPI.CCR.en", "QUADSPI.CCR: written while CR.EN = 0: starts nothing");
      return;
    }
    this.#warnings.configuration(ccr, this.#setup.cr);
    if ((ccr & CCR.FRCM) !== 0) {
      this.#warnings.timingFixed = true;
      this.#freeRunning = true;
      return;
    }
    if ((ccr & CCR.PHASES) === 0) return;
    if (this.#setup.mode === MODE.MAPPED) {
      this.#warnings.timing();
      this.#mapped.enter();
      return;
    }
    const format = this.#setup.format;
    if (format.addressLines === undefined && !this.#setup.waitsForData) this.#start(format);
  }

  #writeAr(): void {
    if (!this.#setup.enabled) return;
    const format = this.#setup.format;
    if (format.addressLines === undefined) return;
    if (!this.#setup.waitsForData) this.#start(format);
    else if (this.#setup.address >= this.#setup.deviceBytes) this.#fail();
  }

  /** TEF: an address, or an address and a length, beyond DCR.FSIZE. */
  #fail(): void {
    this.#flags |= SR.TEF;
    this.#update();
  }

  #readDr(bytes: number): number {
    this.#indirect.advance();
    let value = this.#registers.get("DR");
    if (this.#setup.mode === MODE.POLL) this.#statusUnread = false;
    else value = this.#indirect.take(bytes);
    this.#update();
    return value;
  }

  #writeDr(value: number, bytes: number): void {
    this.#indirect.sync();
    const format = this.#setup.format;
    if (!this.#setup.enabled || !this.#setup.waitsForData) {
      this.#options.log.once("QUADSPI.DR.mode", "QUADSPI.DR: written outside an indirect write: ignored");
      return;
    }
    if (!this.#indirect.running && (this.#busy() || !this.#start(format))) return;
    for (let index = 0; index < bytes; index++) this.#indirect.push((value >>> (8 * index)) & 0xff);
    this.#indirect.sync();
    this.#update();
  }

  // --- transfers -----------------------------------------------------------------------------------------

  /** Starts what CCR describes; false when the address is refused. */
  #start(format: CommandFormat): boolean {
    this.#warnings.timing();
    const length = this.#setup.dataLength;
    if (length === undefined) {
      this.#fail();
      return false;
    }
    const startsAt = Math.max(this.#now(), this.#freeAt);
    if (this.#setup.mode === MODE.POLL) this.#startPolling(format, startsAt);
    else this.#indirect.begin(format, length, startsAt, this.#takeInstruction(format));
    return true;
  }

  #takeInstruction(format: CommandFormat): boolean {
    const send = !(format.instructionOnce && this.#instructionSent);
    this.#instructionSent = true;
    return send;
  }

  #schedule(at: number): void {
    if (at === Number.POSITIVE_INFINITY) return;
    if (this.#event !== undefined && !this.#event.done && Math.abs(this.#event.at - at) < 1e-3) return;
    const { timeline } = this.#options;
    timeline.cancel(this.#event);
    this.#event = timeline.after(at - this.#now(), () => this.#onEvent());
  }

  #onEvent(): void {
    if (this.#aborting) {
      this.#aborting = false;
      this.#registers.setBits("CR", CR.ABORT, false);
      this.#flags |= SR.TCF;
    } else if (this.#poller !== undefined) this.#poll(this.#poller);
    else if (this.#indirect.ended) this.#indirect.finish();
    else this.#indirect.sync();
    this.#update();
  }

  /** The last byte has passed the pins. */
  #complete(): void {
    this.#options.timeline.cancel(this.#event);
    this.#wire.end();
    this.#freeAt = this.#now() + this.#setup.gapNs;
    this.#flags |= SR.TCF;
    this.triggers?.complete();
  }

  #abort(): void {
    if (this.#aborting) return;
    const moving = this.#busy() && !this.#freeRunning;
    const clocks = this.#wire.clockNs;
    this.#stop();
    if (!moving) {
      this.#registers.setBits("CR", CR.ABORT, false);
      return;
    }
    this.#aborting = true;
    this.#schedule(this.#now() + ABORT_CLOCKS * clocks + this.#setup.gapNs);
  }

  /** Ends everything at once. */
  #stop(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#event);
    this.#event = undefined;
    this.#indirect.stop();
    this.#poller = undefined;
    this.#aborting = false;
    this.#freeRunning = false;
    this.#statusUnread = false;
    if (this.#mapped.on) this.#leaveMapped();
    this.#wire.end();
  }

  // --- automatic polling ---------------------------------------------------------------------------------

  #startPolling(format: CommandFormat, startsAt: number): void {
    const registers = this.#registers;
    const intervalNs = Math.max(this.#setup.gapNs, registers.get("PIR") * this.#wire.clockNs);
    this.#poller = startPolling({ format, wire: this.#wire, intervalNs, bytes: this.#setup.lastByte + 1 });
    this.#schedule(startsAt + this.#poller.readNs(this.#instructionSent));
  }

  #poll(poller: Poller): void {
    const registers = this.#registers;
    const status = poller.read(this.#setup.address, this.#takeInstruction(poller.format));
    registers.set("DR", status);
    this.#statusUnread = true;
    const anyBit = registers.has("CR", CR.PMM);
    if (pollMatches(status, registers.get("PSMKR"), registers.get("PSMAR"), anyBit)) {
      this.#flags |= SR.SMF;
      if (registers.has("CR", CR.APMS)) {
        this.#poller = undefined;
        this.#freeAt = this.#now() + this.#setup.gapNs;
        return;
      }
    }
    this.#schedule(poller.nextAt(this.#now()));
  }

  // --- memory-mapped mode --------------------------------------------------------------------------------

  #makeMappedMode(): MappedMode {
    const { onMappingChange, windowTakesTime } = this.#options;
    return new MappedMode({
      ...this.#options,
      wire: this.#wire,
      takesTime: windowTakesTime === true,
      format: () => (this.#aborting ? undefined : this.#setup.format),
      takeInstruction: () => this.#takeInstruction(this.#setup.format),
      deviceBytes: () => this.#setup.deviceBytes,
      timeoutClocks: () => ((this.#setup.cr & CR.TCEN) === 0 ? undefined : this.#registers.get("LPTR")),
      gapNs: () => this.#setup.gapNs,
      gapLeftNs: () => Math.max(0, this.#freeAt - this.#now()),
      stall: (ns) => stallBus(this.#options, ns),
      onTimeout: () => {
        this.#flags |= SR.TOF;
        this.#update();
      },
      onMappingChange: () => onMappingChange?.(),
    });
  }

  #leaveMapped(): void {
    this.#mapped.leave();
    this.#warnings.timingFixed = false;
  }

  // --- time and interrupt --------------------------------------------------------------------------------

  #update(): void {
    const request = this.triggers !== undefined && this.thresholdRequest;
    if (request && !this.#triggered) this.triggers?.threshold();
    this.#triggered = request;
    const enables = (this.#setup.cr >>> 16) & FLAGS;
    const threshold = (enables & SR.FTF) !== 0 && this.#thresholdReached() ? SR.FTF : 0;
    const asserted = (enables & (this.#flags | threshold)) !== 0;
    if (asserted === this.#asserted) return;
    this.#asserted = asserted;
    this.#options.interrupt.set(asserted);
  }
}
