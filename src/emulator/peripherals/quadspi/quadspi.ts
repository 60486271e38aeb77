/**
 * QUADSPI: the controller of the external flash (RM0433, section "Quad-SPI interface (QUADSPI)").
 *
 * Transfers take board time: a byte is in the FIFO once it has been clocked, and the clock stops while the FIFO
 * stops it. Everything is computed when the guest looks, or by the one event that ends or interrupts.
 */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { MappedMode } from "./quadspi-mapped.js";
import { type Poller, pollMatches, startPolling } from "./quadspi-poll.js";
import {
  CCR,
  CR,
  CR_STATIC,
  FIFO_BYTES,
  FLAGS,
  MODE,
  type QuadSpiRegister,
  quadSpiRegisters,
  SR,
} from "./quadspi-registers.js";
import { ByteFifo, IndirectTransfer } from "./quadspi-transfer.js";
import { QuadSpiWarnings } from "./quadspi-warnings.js";
import type { QuadSpiWindow } from "./quadspi-window.js";
import {
  type CommandFormat,
  type DataLines,
  decodeCommand,
  type QuadSpiBank,
  type QuadSpiChip,
  QuadSpiWire,
} from "./quadspi-wire.js";

/** Its two triggers of MDMA (RM0433, table "QUADSPI internal signals"). */
export interface QuadSpiTriggers {
  /** Does a channel wait for the FIFO's threshold? */
  readonly wanted: () => boolean;
  /** quadspi_ft_trg rises. */
  readonly threshold: () => void;
  /** quadspi_tc_trg. */
  readonly complete: () => void;
}

export interface QuadSpiOptions {
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** quadspi_ker_ck in Hz, 0 when it stands still. */
  readonly kernelHz: () => number;
  /** The chip at a bank's pins, undefined while they are not muxed right. */
  readonly chip: (bank: QuadSpiBank) => QuadSpiChip | undefined;
  readonly lines?: ((bank: QuadSpiBank) => DataLines) | undefined;
  /** What two chips hold together, at most that many bytes of it. */
  readonly lendPair?: ((limit: number) => Uint8Array) | undefined;
  /** The bus stalls until board time `untilNs`. Default: the CPU's cycle counter jumps there. */
  readonly stall?: (untilNs: number) => void;
  /** `window.readable` begins or ceases to be lent. */
  readonly onMappingChange?: () => void;
  /** Each read of the window takes its time at the pins; nothing is lent then. Default false. */
  readonly windowTakesTime?: boolean;
}

/** Clocks from ABORT until BUSY falls, besides the /CS high time. */
const ABORT_CLOCKS = 4;

export class QuadSpi implements BusDevice {
  triggers: QuadSpiTriggers | undefined;

  readonly #options: QuadSpiOptions;
  readonly #registers: RegisterBlock<QuadSpiRegister>;
  readonly #cr: RegisterCell;
  readonly #ccr: RegisterCell;
  readonly #abr: RegisterCell;
  readonly #dcr: RegisterCell;
  readonly #wire: QuadSpiWire;
  readonly #mapped: MappedMode;
  readonly #warnings: QuadSpiWarnings;
  readonly #fifo = new ByteFifo();
  #flags = 0;
  #transfer: IndirectTransfer | undefined;
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
  #decoded: { readonly ccr: number; readonly abr: number; readonly format: CommandFormat } | undefined;
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
    this.#cr = this.#registers.cell("CR");
    this.#ccr = this.#registers.cell("CCR");
    this.#abr = this.#registers.cell("ABR");
    this.#dcr = this.#registers.cell("DCR");
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
    return this.#enabled() && this.#mode() <= MODE.READ && this.#thresholdReached();
  }

  /** A channel of MDMA begins to wait for the threshold. */
  triggersWanted(): void {
    this.#sync();
    this.#update();
  }

  /** The 256 MiB at 0x9000_0000. */
  get window(): QuadSpiWindow {
    return this.#mapped.window;
  }

  #now(): number {
    return this.#options.timeline.now;
  }

  #mode(): number {
    return (this.#ccr.value >>> 26) & 3;
  }

  #enabled(): boolean {
    return (this.#cr.value & CR.EN) !== 0;
  }

  #busy(): boolean {
    if (this.#aborting || this.#mapped.busy || this.#freeRunning) return true;
    if (this.#poller !== undefined || this.#transfer !== undefined) return true;
    return this.#mode() === MODE.READ && this.#fifo.level > 0;
  }

  #deviceBytes(): number {
    return 2 ** (((this.#dcr.value >>> 16) & 31) + 1);
  }

  /** With two chips, bit 0 of AR is stuck at 0, and bit 0 of DLR at 1: bytes come in pairs. */
  #address(): number {
    return (this.#registers.get("AR") & (this.#wire.dual ? ~1 : -1)) >>> 0;
  }

  #lastByte(): number {
    return (this.#registers.get("DLR") | (this.#wire.dual ? 1 : 0)) >>> 0;
  }

  #gapNs(): number {
    return (((this.#dcr.value >>> 8) & 7) + 1) * this.#wire.clockNs;
  }

  #format(): CommandFormat {
    const ccr = this.#ccr.value;
    const abr = this.#abr.value;
    if (this.#decoded?.ccr !== ccr || this.#decoded.abr !== abr) {
      this.#decoded = { ccr, abr, format: decodeCommand(ccr, abr) };
    }
    return this.#decoded.format;
  }

  // --- registers -----------------------------------------------------------------------------------------

  #mayWrite(name: QuadSpiRegister): boolean {
    this.#sync();
    if (name === "AR" && this.#mode() === MODE.MAPPED) return false;
    if (!this.#busy()) return true;
    // The workaround of ES0392 writes CCR twice.
    if (name === "CCR" && this.#freeRunning) return false;
    // ST's library writes AR behind CCR even where the command has no address, and has started with CCR.
    if (name === "AR" && this.#format().addressLines === undefined) return false;
    this.#options.log.once(`QUADSPI.${name}.busy`, `QUADSPI.${name}: written while BUSY = 1: ignored`);
    return false;
  }

  #writeCr(before: number): void {
    this.#sync();
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
    const disabled = (before & CR.EN) !== 0 && !this.#enabled();
    if (registers.has("CR", CR.ABORT) || disabled) this.#abort();
    this.#update();
  }

  #configureWire(): void {
    const cr = this.#cr.value;
    this.#wire.divider = (cr >>> 24) + 1;
    this.#wire.sampleShift = (cr & CR.SSHIFT) !== 0;
    this.#wire.bank = (cr & CR.DFM) !== 0 ? undefined : (cr & CR.FSEL) !== 0 ? 2 : 1;
  }

  #readSr(): number {
    this.#sync();
    this.#update();
    const busy = this.#busy() ? SR.BUSY : 0;
    return this.#flags | (this.#thresholdReached() ? SR.FTF : 0) | busy | (this.#fifo.level << 8);
  }

  #thresholdReached(): boolean {
    const threshold = ((this.#cr.value >>> 8) & 31) + 1;
    const { level } = this.#fifo;
    if (this.#mode() === MODE.WRITE) {
      const writes = this.#enabled() && this.#format().dataLines !== undefined;
      return writes && FIFO_BYTES - level >= threshold;
    }
    if (this.#mode() !== MODE.READ) return this.#statusUnread;
    return level >= threshold || (this.#transfer === undefined && level > 0);
  }

  #writeCcr(): void {
    const ccr = this.#ccr.value;
    this.#instructionSent = false;
    this.#statusUnread = false;
    if (this.#mapped.on) this.#leaveMapped();
    this.#fifo.clear();
    if (!this.#enabled()) {
      const { log } = this.#options;
      if (ccr !== 0) log.once("QUADSPI.CCR.en", "QUADSPI.CCR: written while CR.EN = 0: starts nothing");
      return;
    }
    this.#warnings.configuration(ccr, this.#cr.value);
    if ((ccr & CCR.FRCM) !== 0) {
      this.#warnings.timingFixed = true;
      this.#freeRunning = true;
      return;
    }
    if ((ccr & CCR.PHASES) === 0) return;
    if (this.#mode() === MODE.MAPPED) {
      this.#warnings.timing();
      this.#mapped.enter();
      return;
    }
    const format = this.#format();
    if (format.addressLines === undefined && !this.#waitsForData(format)) this.#start(format);
  }

  #writeAr(): void {
    if (!this.#enabled()) return;
    const format = this.#format();
    if (format.addressLines === undefined) return;
    if (!this.#waitsForData(format)) this.#start(format);
    else if (this.#address() >= this.#deviceBytes()) this.#fail();
  }

  /** TEF: an address, or an address and a length, beyond DCR.FSIZE. */
  #fail(): void {
    this.#flags |= SR.TEF;
    this.#update();
  }

  /** Indirect writes with a data phase start with the first write to DR. */
  #waitsForData(format: CommandFormat): boolean {
    return this.#mode() === MODE.WRITE && format.dataLines !== undefined;
  }

  #readDr(bytes: number): number {
    this.#advance();
    if (this.#mode() === MODE.POLL) {
      this.#statusUnread = false;
      this.#update();
      return this.#registers.get("DR");
    }
    const transfer = this.#transfer;
    if (transfer?.direction === "read" && this.#fifo.level < bytes) {
      const missing = Math.min(bytes - this.#fifo.level, transfer.remaining);
      this.#stall(transfer.timeOf(missing));
      this.#sync();
    } else if (this.#fifo.level === 0) {
      // A word read for the last one to three bytes of a transfer is usual: they are its lowest ones.
      this.#options.log.once("QUADSPI.DR.empty", "QUADSPI.DR: read while the FIFO is empty: zeros");
    }
    const value = this.#fifo.take(bytes);
    this.#sync();
    this.#update();
    return value;
  }

  #writeDr(value: number, bytes: number): void {
    this.#sync();
    const format = this.#format();
    if (!this.#enabled() || !this.#waitsForData(format)) {
      this.#options.log.once("QUADSPI.DR.mode", "QUADSPI.DR: written outside an indirect write: ignored");
      return;
    }
    if (this.#transfer === undefined) {
      if (this.#busy() || !this.#start(format)) return;
    }
    for (let index = 0; index < bytes; index++) this.#pushByte((value >>> (8 * index)) & 0xff);
    this.#sync();
    this.#update();
  }

  #pushByte(byte: number): void {
    const transfer = this.#transfer;
    if (transfer === undefined || transfer.remaining <= this.#fifo.level) {
      this.#options.log.once("QUADSPI.DR.excess", "QUADSPI.DR: more bytes written than DLR says: ignored");
      return;
    }
    if (this.#fifo.level === FIFO_BYTES) {
      this.#stall(transfer.timeOf(1));
      transfer.advance(this.#now());
    }
    if (this.#fifo.level < FIFO_BYTES) this.#fifo.push(byte);
    transfer.advance(this.#now());
  }

  // --- transfers -----------------------------------------------------------------------------------------

  /** Starts what CCR describes; false when the address is refused. */
  #start(format: CommandFormat): boolean {
    this.#warnings.timing();
    const address = this.#address();
    const length = this.#dataLength(format, address);
    if (length === undefined) {
      this.#fail();
      return false;
    }
    const startsAt = Math.max(this.#now(), this.#freeAt);
    if (this.#mode() === MODE.POLL) {
      this.#startPolling(format, startsAt);
      return true;
    }
    const withInstruction = this.#takeInstruction(format);
    this.#fifo.clear();
    this.#wire.begin(format, address, withInstruction);
    this.#transfer = new IndirectTransfer(this.#wire, this.#fifo, {
      direction: this.#mode() === MODE.READ ? "read" : "write",
      format,
      length,
      dataAt: startsAt + this.#wire.prefixNs(format, withInstruction),
    });
    if (length === 0) this.#schedule(startsAt + this.#wire.prefixNs(format, withInstruction));
    else this.#sync();
    return true;
  }

  /** Bytes of the data phase; undefined when it would leave the device (DCR.FSIZE). */
  #dataLength(format: CommandFormat, address: number): number | undefined {
    const room = this.#deviceBytes() - address;
    const addressed = format.addressLines !== undefined;
    if (addressed && room <= 0) return undefined;
    if (format.dataLines === undefined) return 0;
    const dlr = this.#lastByte();
    if (dlr === 0xffffffff) {
      return addressed && this.#deviceBytes() < 2 ** 32 ? room : Number.POSITIVE_INFINITY;
    }
    const bytes = dlr + 1;
    return addressed && this.#mode() !== MODE.POLL && bytes > room ? undefined : bytes;
  }

  #takeInstruction(format: CommandFormat): boolean {
    const send = !(format.instructionOnce && this.#instructionSent);
    this.#instructionSent = true;
    return send;
  }

  /** Brings the transfer up to now and arranges for its end. */
  #sync(): void {
    const transfer = this.#advance();
    if (transfer !== undefined) this.#scheduleNext(transfer);
  }

  /** @returns the transfer if bytes of it are still to come. */
  #advance(): IndirectTransfer | undefined {
    const transfer = this.#transfer;
    if (transfer === undefined || transfer.remaining === 0) return undefined;
    transfer.advance(this.#now());
    if (transfer.remaining > 0) return transfer;
    this.#finish();
    return undefined;
  }

  /** The next instant at which something happens without the guest: FIFO threshold interrupt, or the end. */
  #scheduleNext(transfer: IndirectTransfer): void {
    const at = this.#thresholdAt(transfer) ?? transfer.timeOf(transfer.remaining);
    if (at !== undefined) this.#schedule(at);
  }

  #thresholdAt(transfer: IndirectTransfer): number | undefined {
    const awaited = (this.#cr.value & CR.FTIE) !== 0 || this.triggers?.wanted() === true;
    if (!awaited || this.#thresholdReached()) return undefined;
    const threshold = ((this.#cr.value >>> 8) & 31) + 1;
    const { level } = this.#fifo;
    const missing = transfer.direction === "read" ? threshold - level : threshold - (FIFO_BYTES - level);
    return transfer.timeOf(missing);
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
    else if (this.#transfer?.remaining === 0) this.#finish();
    else this.#sync();
    this.#update();
  }

  /** The last byte has passed the pins. */
  #finish(): void {
    this.#options.timeline.cancel(this.#event);
    this.#transfer = undefined;
    this.#wire.end();
    this.#freeAt = this.#now() + this.#gapNs();
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
    this.#schedule(this.#now() + ABORT_CLOCKS * clocks + this.#gapNs());
  }

  /** Ends everything at once. */
  #stop(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#event);
    this.#event = undefined;
    this.#transfer = undefined;
    this.#poller = undefined;
    this.#aborting = false;
    this.#freeRunning = false;
    this.#statusUnread = false;
    this.#fifo.clear();
    if (this.#mapped.on) this.#leaveMapped();
    this.#wire.end();
  }

  // --- automatic polling ---------------------------------------------------------------------------------

  #startPolling(format: CommandFormat, startsAt: number): void {
    const registers = this.#registers;
    const intervalNs = Math.max(this.#gapNs(), registers.get("PIR") * this.#wire.clockNs);
    this.#poller = startPolling({ format, wire: this.#wire, intervalNs, bytes: this.#lastByte() + 1 });
    this.#schedule(startsAt + this.#poller.readNs(this.#instructionSent));
  }

  #poll(poller: Poller): void {
    const registers = this.#registers;
    const status = poller.read(this.#address(), this.#takeInstruction(poller.format));
    registers.set("DR", status);
    this.#statusUnread = true;
    const anyBit = registers.has("CR", CR.PMM);
    if (pollMatches(status, registers.get("PSMKR"), registers.get("PSMAR"), anyBit)) {
      this.#flags |= SR.SMF;
      if (registers.has("CR", CR.APMS)) {
        this.#poller = undefined;
        this.#freeAt = this.#now() + this.#gapNs();
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
      format: () => (this.#aborting ? undefined : this.#format()),
      takeInstruction: () => this.#takeInstruction(this.#format()),
      deviceBytes: () => this.#deviceBytes(),
      timeoutClocks: () => ((this.#cr.value & CR.TCEN) === 0 ? undefined : this.#registers.get("LPTR")),
      gapNs: () => this.#gapNs(),
      gapLeftNs: () => Math.max(0, this.#freeAt - this.#now()),
      stall: (ns) => this.#stall(ns),
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

  #stall(untilNs: number | undefined): void {
    if (untilNs === undefined || untilNs <= this.#now()) return;
    const { stall, timeline, log } = this.#options;
    if (untilNs === Number.POSITIVE_INFINITY) {
      log.once(
        "QUADSPI.hang",
        "QUADSPI: an access waits for a clock that stands still: the bus hangs on silicon",
      );
      return;
    }
    if (stall !== undefined) stall(untilNs);
    else timeline.cycles += Math.ceil((untilNs - timeline.now) / timeline.nsPerCycle);
  }

  #update(): void {
    const request = this.triggers !== undefined && this.thresholdRequest;
    if (request && !this.#triggered) this.triggers?.threshold();
    this.#triggered = request;
    const enables = (this.#cr.value >>> 16) & FLAGS;
    const threshold = (enables & SR.FTF) !== 0 && this.#thresholdReached() ? SR.FTF : 0;
    const asserted = (enables & (this.#flags | threshold)) !== 0;
    if (asserted === this.#asserted) return;
    this.#asserted = asserted;
    this.#options.interrupt.set(asserted);
  }
}
