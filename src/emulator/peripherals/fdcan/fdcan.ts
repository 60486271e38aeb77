/**
 * FDCAN (RM0433, chapter of that name): Bosch's M_CAN without time triggers. Its transceiver is alone on the bus: nobody
 * acknowledges, so frames are sent again for ever, unless loop back mode gives them back to the sender.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { FDCAN } from "../tables/stored.js";
import {
  DATA_FIELDS,
  frameBits,
  HEADER_BYTES,
  quantaOfBit,
  readTransmitElement,
  type TransmitElement,
  writeEventElement,
} from "./fdcan-frame.js";
import { bitCount, FdcanQueue, queueStatus } from "./fdcan-queue.js";
import { FdcanReceiver } from "./fdcan-receiver.js";
import { ACTIVITY, CCCR, CONFIGURATION, IR, LEC, PSR, TEST } from "./fdcan-registers.js";

export interface FdcanOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** fdcan_intr0_it and fdcan_intr1_it. */
  readonly interrupts: readonly [InterruptLine, InterruptLine];
  readonly clocked: ClockGate;
  /** fdcan_ker_ck, Hz. */
  readonly kernelHz: () => number;
  /** The message RAM, which both controllers share. */
  readonly messages: DataView;
  /** Further registers of this one, as a table. */
  readonly more?: string;
}

const ERROR_WARNING = 96;
const ERROR_PASSIVE = 128;
/** Consecutive recessive bits before a controller takes part. */
const BUS_IDLE_BITS = 11;

export class Fdcan extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: FdcanOptions;
  readonly #receiver: FdcanReceiver;
  readonly #events = new FdcanQueue();
  /** Get index of the Tx FIFO, relative to the dedicated buffers' end. */
  #transmitGet = 0;
  #transmitLevel = 0;
  #sending: { readonly buffer: number; readonly event: TimelineEvent } | undefined;
  #begin: TimelineEvent | undefined;
  #transmitErrors = 0;
  #activity: number = ACTIVITY.synchronizing;
  #countedFrom = 0;

  constructor(options: FdcanOptions) {
    super();
    this.#options = options;
    const { log, name, clocked, more } = options;
    this.#receiver = new FdcanReceiver({
      registers: () => this.registers,
      messages: options.messages,
      flag: (flags) => this.#flag(flags),
    });
    const configured = (register: string): RegisterAction => ({
      rw: ALL,
      onWrite: (_written, before) => {
        if (this.#configurable) return;
        this.registers.set(register, before);
        this.#mistake(register, `${register} is written while CCCR.INIT and CCE are not both set: ignored`);
      },
    });
    const table = registerTable(more === undefined ? FDCAN : `${FDCAN}, ${more}`, {
      ...Object.fromEntries(CONFIGURATION.map((register) => [register, configured(register)])),
      ...this.#receiver.actions(),
      ...this.#statusRegisters(),
      ...this.#transmitRegisters(),
      CREL: { ro: ALL },
      ENDN: { ro: ALL },
      CCCR: { rw: 0xf3e7, ro: CCCR.CSA, onWrite: (written, before) => this.#control(written, before) },
      TEST: { rw: 0x70, ro: TEST.RX, onRead: (stored) => stored | TEST.RX },
      IR: { w1c: ALL, onWrite: () => this.#update() },
      IE: { rw: ALL, onWrite: () => this.#update() },
      ILS: { rw: ALL, onWrite: () => this.#update() },
      ILE: { rw: ALL, onWrite: () => this.#update() },
    });
    this.registers = new RegisterBlock(table, { name, log, clocked });
  }

  reset(): void {
    this.#stop();
    this.registers.reset();
    this.#transmitErrors = 0;
    this.#clearQueues();
    this.#update();
  }

  // ---- registers ----

  #statusRegisters(): Record<string, RegisterAction> {
    const eventSize = (): number => (this.registers.get("TXEFC") >>> 16) & 0x3f;
    return {
      TXEFS: { ro: ALL, onRead: () => queueStatus(this.#events, eventSize()) },
      TXEFA: { rw: ALL, onWrite: (written) => this.#events.acknowledge(written & 0x1f, eventSize()) },
      ECR: { ro: ALL, onRead: () => this.#transmitErrors & 0xff },
      PSR: { ro: ALL, onRead: () => this.#protocolStatus() },
      TSCV: { rw: ALL, onRead: () => this.#stamp, onWrite: () => this.#restartStamps() },
      TOCV: { rw: ALL, onRead: () => this.registers.get("TOCC") >>> 16 },
    };
  }

  #transmitRegisters(): Record<string, RegisterAction> {
    return {
      TXFQS: { ro: ALL, onRead: () => this.#transmitStatus() },
      TXBRP: { ro: ALL },
      TXBAR: { wo: ALL, onWrite: (written) => this.#request(written) },
      TXBCR: { wo: ALL, onWrite: (written) => this.#cancel(written) },
      TXBTO: { ro: ALL },
      TXBCF: { ro: ALL },
      TXBTIE: { rw: ALL },
      TXBCIE: { rw: ALL },
    };
  }

  get #configurable(): boolean {
    return this.#is(CCCR.INIT) && this.#is(CCCR.CCE);
  }

  #is(mask: number): boolean {
    return this.registers.has("CCCR", mask);
  }

  /** CCE only with INIT; what test and operation modes set, only with both. */
  #control(written: number, before: number): void {
    const { registers } = this;
    const both = CCCR.INIT | CCCR.CCE;
    let now = registers.get("CCCR");
    if ((before & CCCR.INIT) === 0 || (now & CCCR.INIT) === 0) now &= ~CCCR.CCE;
    if ((before & both) !== both) {
      const free = CCCR.DAR | CCCR.FDOE | CCCR.BRSE | 0xf000;
      const onlyCleared = CCCR.ASM | CCCR.MON | CCCR.TEST;
      now = (now & ~free & ~(onlyCleared & ~before)) | (before & free);
    }
    // The clock stop is acknowledged as soon as the bus is idle, which it is.
    if ((written & CCCR.CSR) !== 0) now |= CCCR.INIT | CCCR.CSA;
    else now &= ~CCCR.CSA;
    if ((now & CCCR.TEST) === 0) registers.set("TEST", 0);
    registers.set("CCCR", now);
    if ((now & ~before & CCCR.CCE) !== 0) this.#clearQueues();
    if ((now & CCCR.INIT) !== 0) this.#stop();
    else if ((before & CCCR.INIT) !== 0) this.#start();
  }

  #clearQueues(): void {
    this.#receiver.clear();
    this.#events.clear();
    for (const name of ["TXBRP", "TXBTO", "TXBCF"]) this.registers.set(name, 0);
    this.#transmitGet = 0;
    this.#transmitLevel = 0;
  }

  #protocolStatus(): number {
    const { registers } = this;
    const passive = this.#transmitErrors >= ERROR_PASSIVE ? PSR.EP : 0;
    const warning = this.#transmitErrors >= ERROR_WARNING ? PSR.EW : 0;
    const status = registers.get("PSR") | (this.#activity << 3) | passive | warning;
    registers.setBits("PSR", PSR.NOT_CHANGED, true);
    return status;
  }

  // ---- time ----

  #bitNs(phase: "nominal" | "data"): number {
    const value = this.registers.get(phase === "nominal" ? "NBTP" : "DBTP");
    return (quantaOfBit(value, phase) * 1e9) / this.#options.kernelHz();
  }

  get #stamp(): number {
    const scc = this.registers.get("TSCC");
    if ((scc & 3) !== 1 || this.#is(CCCR.INIT)) return 0;
    const tick = this.#bitNs("nominal") * (((scc >>> 16) & 15) + 1);
    return Math.floor((this.#options.timeline.now - this.#countedFrom) / tick) & 0xffff;
  }

  #restartStamps(): void {
    this.registers.set("TSCV", 0);
    this.#countedFrom = this.#options.timeline.now;
  }

  #start(): void {
    const { timeline, kernelHz } = this.#options;
    this.#restartStamps();
    if (kernelHz() === 0) {
      this.#mistake("clock", "its kernel clock stands still: it never sees the bus idle");
      return;
    }
    timeline.cancel(this.#begin);
    this.#begin = timeline.after(BUS_IDLE_BITS * this.#bitNs("nominal"), () => {
      this.#activity = ACTIVITY.idle;
      this.#sendNext();
    });
  }

  #stop(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#begin);
    timeline.cancel(this.#sending?.event);
    this.#sending = undefined;
    this.#activity = ACTIVITY.synchronizing;
  }

  // ---- transmitting ----

  get #dedicated(): number {
    return (this.registers.get("TXBC") >>> 16) & 0x3f;
  }

  get #queueSize(): number {
    return (this.registers.get("TXBC") >>> 24) & 0x3f;
  }

  get #isQueue(): boolean {
    return this.registers.has("TXBC", 1 << 30);
  }

  #transmitStatus(): number {
    const size = this.#queueSize;
    const first = this.#dedicated;
    if (this.#isQueue) {
      const pending = this.registers.get("TXBRP");
      const free = Array.from({ length: size }, (_, at) => first + at).filter(
        (n) => ((pending >>> n) & 1) === 0,
      );
      const put = free[0] ?? 0;
      return (put << 16) | (free.length === 0 ? 1 << 21 : 0);
    }
    const put = size === 0 ? 0 : first + ((this.#transmitGet + this.#transmitLevel) % size);
    const full = this.#transmitLevel >= size ? 1 << 21 : 0;
    return full | (put << 16) | ((first + this.#transmitGet) << 8) | (size - this.#transmitLevel);
  }

  #request(buffers: number): void {
    const { registers } = this;
    if (this.#is(CCCR.CCE) || this.#is(CCCR.MON) !== this.#isInternalLoop) return;
    const there = this.#dedicated + this.#queueSize;
    const asked = there >= 32 ? buffers : buffers & ((1 << there) - 1);
    const fresh = (asked & ~registers.get("TXBRP")) >>> 0;
    for (const name of ["TXBTO", "TXBCF"]) registers.setBits(name, asked, false);
    registers.setBits("TXBRP", asked, true);
    if (!this.#isQueue) this.#transmitLevel += bitCount(fresh >>> this.#dedicated);
    if (this.#activity === ACTIVITY.idle) this.#sendNext();
  }

  get #isInternalLoop(): boolean {
    return this.#is(CCCR.MON) && this.#loops;
  }

  get #loops(): boolean {
    return this.#is(CCCR.TEST) && this.registers.has("TEST", TEST.LBCK);
  }

  /** What is on the bus already goes on; the rest is gone at once. */
  #cancel(buffers: number): void {
    const pending = this.registers.get("TXBRP") & buffers;
    for (let buffer = 0; buffer < 32; buffer++) {
      if (((pending >>> buffer) & 1) === 0) continue;
      // Without an acknowledge the frame on the bus is given up with its end: there is no other node to wait for.
      if (this.#sending?.buffer === buffer) this.#giveUp();
      this.#finished(buffer, false);
    }
    if (this.#activity === ACTIVITY.idle) this.#sendNext();
  }

  #giveUp(): void {
    this.#options.timeline.cancel(this.#sending?.event);
    this.#sending = undefined;
    this.#activity = ACTIVITY.idle;
  }

  #element(buffer: number): TransmitElement {
    const fieldBytes = DATA_FIELDS[(this.registers.get("TXESC") & 7) as 0] ?? 8;
    const at = (this.registers.get("TXBC") & 0xfffc) + buffer * (HEADER_BYTES + fieldBytes);
    const fd = this.#is(CCCR.FDOE);
    return readTransmitElement(this.#options.messages, at, {
      fieldBytes,
      fd,
      fast: fd && this.#is(CCCR.BRSE),
    });
  }

  /** Lowest identifier first; of the FIFO only its oldest frame takes part. */
  #nextBuffer(): number | undefined {
    const pending = this.registers.get("TXBRP");
    const first = this.#dedicated;
    const oldest = first + this.#transmitGet;
    let best: { readonly buffer: number; readonly key: number } | undefined;
    for (let buffer = 0; buffer < 32; buffer++) {
      if (((pending >>> buffer) & 1) === 0) continue;
      if (!this.#isQueue && buffer >= first && buffer !== oldest) continue;
      const { extended, id } = this.#element(buffer).frame;
      const key = extended ? id : id * 0x4_0000;
      if (best === undefined || key < best.key) best = { buffer, key };
    }
    return best?.buffer;
  }

  #sendNext(): void {
    if (this.#sending !== undefined || this.#is(CCCR.INIT) || this.#is(CCCR.ASM)) return;
    const buffer = this.#nextBuffer();
    if (buffer === undefined) return;
    const element = this.#element(buffer);
    const bits = frameBits(element.frame);
    const stamp = this.#stamp;
    const ns = bits.nominal * this.#bitNs("nominal") + bits.data * this.#bitNs("data");
    this.#activity = ACTIVITY.transmitter;
    const event = this.#options.timeline.after(ns, () => this.#sent(buffer, element, stamp));
    this.#sending = { buffer, event };
  }

  #sent(buffer: number, element: TransmitElement, stamp: number): void {
    this.#sending = undefined;
    this.#activity = ACTIVITY.idle;
    if (this.#loops) {
      this.#lastError(LEC.NONE);
      this.#finished(buffer, true);
      if (element.wantsEvent) this.#storeEvent(element, stamp);
      this.#receiver.receive(element.frame, stamp);
    } else {
      this.#notAcknowledged();
      if (this.#is(CCCR.DAR)) this.#finished(buffer, false);
    }
    this.#sendNext();
    this.#update();
  }

  #lastError(code: number): void {
    const { registers } = this;
    registers.set("PSR", (registers.get("PSR") & ~7) | code);
  }

  /** TEC rises by 8 up to error passive; from there a missing acknowledge does not count (ISO 11898-1, fault confinement). */
  #notAcknowledged(): void {
    this.#lastError(LEC.ACKNOWLEDGE);
    this.#flag(IR.PEA);
    const before = this.#transmitErrors;
    this.#transmitErrors = Math.min(before + 8, ERROR_PASSIVE);
    if (before < ERROR_WARNING && this.#transmitErrors >= ERROR_WARNING) this.#flag(IR.EW);
    if (before < ERROR_PASSIVE && this.#transmitErrors >= ERROR_PASSIVE) this.#flag(IR.EP);
    this.#options.log.once(
      `${this.#options.name}.ack`,
      `${this.#options.name}: nobody is on the CAN bus to acknowledge: frames are sent again and again`,
    );
  }

  #finished(buffer: number, sent: boolean): void {
    const { registers } = this;
    const bit = (1 << buffer) >>> 0;
    registers.setBits("TXBRP", bit, false);
    registers.setBits(sent ? "TXBTO" : "TXBCF", bit, true);
    if (registers.has(sent ? "TXBTIE" : "TXBCIE", bit)) this.#flag(sent ? IR.TC : IR.TCF);
    const size = this.#queueSize;
    if (this.#isQueue || buffer < this.#dedicated || size === 0) return;
    // Frames that were cancelled out of turn leave with those before them.
    while (this.#transmitLevel > 0 && !registers.has("TXBRP", 1 << (this.#dedicated + this.#transmitGet))) {
      this.#transmitGet = (this.#transmitGet + 1) % size;
      this.#transmitLevel--;
    }
    if (this.#transmitLevel === 0) this.#flag(IR.TFE);
  }

  #storeEvent(element: TransmitElement, stamp: number): void {
    const config = this.registers.get("TXEFC");
    const size = (config >>> 16) & 0x3f;
    const index = this.#events.put(size, false);
    if (index === undefined) {
      this.#flag(IR.TEFL);
      return;
    }
    const type = this.#is(CCCR.DAR) ? 2 : 1;
    writeEventElement(this.#options.messages, (config & 0xfffc) + 8 * index, element, { type, stamp });
    const { level } = this.#events;
    const watermark = (config >>> 24) & 0x3f;
    this.#flag(
      IR.TEFN | (level === size ? IR.TEFF : 0) | (watermark > 0 && level === watermark ? IR.TEFW : 0),
    );
  }

  // ---- interrupts ----

  #flag(flags: number): void {
    this.registers.setBits("IR", flags, true);
    this.#update();
  }

  #update(): void {
    const { registers } = this;
    const pending = registers.get("IR") & registers.get("IE");
    const [second, lines] = [registers.get("ILS"), registers.get("ILE")];
    this.#options.interrupts[0].set((lines & 1) !== 0 && (pending & ~second) !== 0);
    this.#options.interrupts[1].set((lines & 2) !== 0 && (pending & second) !== 0);
  }

  #mistake(key: string, message: string): void {
    const { log, name } = this.#options;
    log.once(`${name}.${key}`, `guest mistake: ${name}: ${message}`);
  }
}
