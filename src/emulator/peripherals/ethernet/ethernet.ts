/**
 * ETH (RM0433, chapter Ethernet): the management interface with a transceiver at it, resets and flushes, system time, and the
 * transmit DMA. There is no cable: what is sent is gone, and nothing is received.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline, TimelineEvent } from "../../timeline.js";
import { tightlyCoupled } from "../dma/dma.js";
import type { DmaBus } from "../dma/dma-channel.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable } from "../register-table.js";
import { ETH } from "../tables/ethernet.js";
import { EthernetPhy } from "./ethernet-phy.js";
import { type TransmitRing, transmit } from "./ethernet-transmit.js";

export interface EthernetOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** RCC's gates of the transmit and receive clocks, which the transceiver supplies, are open. */
  readonly lineClocks: () => boolean;
  readonly hclkHz: () => number;
  readonly bus: DmaBus;
}

const BUSY = 1 << 0;
const READ = 3 << 2;
const OPERATION = 3 << 2;
/** HCLK divided by this is MDC, by MACMDIOAR.CR. */
const DIVIDERS = [42, 62, 16, 26, 102, 124] as const;
/** Preamble, start, operation, addresses, turnaround, data. */
const FRAME_BITS = 64;
const NOBODY = 0xffff;

const SWR = 1 << 0;
const RESET_NS = 1e3;
const SELF_CLEARING: Readonly<Record<string, number>> = { MTLTQOMR: 1 << 0, MMCCR: 1 << 0 };

const TSENA = 1 << 0;
const TSINIT = 1 << 2;
const TSUPDT = 1 << 3;
const TSADDREG = 1 << 5;
const TSCTRLSSR = 1 << 9;
/** Nanoseconds of a step without TSCTRLSSR: a second has 2^31 of them. */
const BINARY_STEP_NS = 1e9 / 2 ** 31;

const ST = 1 << 0;
const TI = 1 << 0;
const TBU = 1 << 2;
const FBE = 1 << 12;
const AIS = 1 << 14;
const NIS = 1 << 15;
/** Flags of DMACSR that NIS and AIS gather. */
const NORMAL = TI | TBU | (1 << 6) | (1 << 11);
const ABNORMAL = (1 << 1) | (1 << 7) | (1 << 8) | (1 << 9) | (1 << 10) | FBE;

export class Ethernet extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: EthernetOptions;
  readonly #phy = new EthernetPhy(0);
  #management: TimelineEvent | undefined;
  #reset: TimelineEvent | undefined;
  /** Where the transmit DMA stands. */
  #current = 0;
  /** System time, nanoseconds, at board time `since`. */
  #time = { ns: 0, since: 0 };

  constructor(options: EthernetOptions) {
    super();
    this.#options = options;
    const { log, clocked } = options;
    const stored = Object.fromEntries(
      [...ETH.matchAll(/\b([A-Z]\w+) [0-9a-f]+ [0-9a-f]+ [0-9a-f]+\b/g)].map(([, name]) => [
        name,
        { rw: ALL },
      ]),
    );
    const selfClearing = Object.entries(SELF_CLEARING).map(([name, bits]): [string, RegisterAction] => [
      name,
      { rw: ALL, onWrite: () => this.registers.setBits(name, bits, false) },
    ]);
    this.registers = new RegisterBlock(
      registerTable(ETH, {
        ...stored,
        ...Object.fromEntries(selfClearing),
        ...this.#timeRegisters(),
        MACVR: { ro: ALL },
        MACHWF0R: { ro: ALL },
        MACHWF1R: { ro: ALL },
        MACHWF2R: { ro: ALL },
        MACISR: { ro: ALL, onRead: (value) => value },
        MACPCSR: { ro: ALL, onRead: (value) => value },
        MACMDIOAR: { rw: ALL, onWrite: (written) => this.#manage(written) },
        DMAMR: { rw: ALL, onWrite: (written) => this.#command(written) },
        DMAISR: { ro: ALL, onRead: () => (this.#pending ? 1 : 0) },
        DMACTCR: { rw: ALL, onWrite: (written, before) => this.#transmitControl(written, before) },
        DMACTDTPR: { rw: ALL, onWrite: () => this.#transmit() },
        DMACCATDR: { ro: ALL, onRead: () => this.#current },
        DMACSR: { w1c: ALL, onWrite: () => this.#summarise() },
        DMACIER: { rw: ALL, onWrite: () => this.#update() },
      }),
      { name: "ETH", log, clocked },
    );
  }

  reset(): void {
    const { timeline } = this.#options;
    timeline.cancel(this.#management);
    timeline.cancel(this.#reset);
    this.registers.reset();
    this.#current = 0;
    this.#time = { ns: 0, since: timeline.now };
    this.#update();
  }

  // ---- management interface ----

  #manage(written: number): void {
    if ((written & BUSY) === 0) return;
    const { timeline, hclkHz } = this.#options;
    const divider = DIVIDERS[((written >>> 8) & 15) as 0] ?? 42;
    timeline.cancel(this.#management);
    this.#management = timeline.after((FRAME_BITS * divider * 1e9) / hclkHz(), () => {
      this.registers.setBits("MACMDIOAR", BUSY, false);
      const register = (written >>> 16) & 31;
      const phy = (written >>> 21) & 31 ? undefined : this.#phy;
      const data = this.registers.get("MACMDIODR");
      if ((written & OPERATION) !== READ) phy?.write(register, data & 0xffff);
      else this.registers.set("MACMDIODR", ((data & 0xffff_0000) | (phy?.read(register) ?? NOBODY)) >>> 0);
    });
  }

  // ---- reset ----

  #command(written: number): void {
    if ((written & SWR) === 0) return;
    const { timeline, lineClocks, log } = this.#options;
    if (!lineClocks()) {
      log.once(
        "ETH.swr",
        "guest mistake: ETH.DMAMR: SWR while RCC's gates ETH1TX and ETH1RX are not both open: the reset never ends",
      );
      return;
    }
    this.#reset = timeline.after(RESET_NS, () => this.reset());
  }

  // ---- system time ----

  #timeRegisters(): Record<string, RegisterAction> {
    return {
      MACTSCR: { rw: ALL, onWrite: (written) => this.#timeControl(written) },
      MACSTSR: { ro: ALL, onRead: () => Math.floor(this.#now / 1e9) >>> 0 },
      MACSTNR: { ro: ALL, onRead: () => Math.floor((this.#now % 1e9) / this.#stepNs) },
    };
  }

  get #stepNs(): number {
    return this.registers.has("MACTSCR", TSCTRLSSR) ? 1 : BINARY_STEP_NS;
  }

  get #now(): number {
    const { ns, since } = this.#time;
    return this.registers.has("MACTSCR", TSENA) ? ns + this.#options.timeline.now - since : ns;
  }

  #timeControl(written: number): void {
    const given =
      this.registers.get("MACSTSUR") * 1e9 + (this.registers.get("MACSTNUR") & 0x7fff_ffff) * this.#stepNs;
    const back = this.registers.get("MACSTNUR") >>> 31 === 1;
    const now = this.#now;
    if ((written & TSINIT) !== 0) this.#time = { ns: given, since: this.#options.timeline.now };
    else if ((written & TSUPDT) !== 0) {
      this.#time = { ns: Math.max(0, back ? now - given : now + given), since: this.#options.timeline.now };
    }
    this.registers.setBits("MACTSCR", TSINIT | TSUPDT | TSADDREG, false);
  }

  // ---- DMA ----

  #transmitControl(written: number, before: number): void {
    if ((written & ~before & ST) !== 0) this.#current = this.registers.get("DMACTDLAR");
  }

  get #ring(): TransmitRing {
    const { registers } = this;
    return {
      start: registers.get("DMACTDLAR"),
      length: (registers.get("DMACTDRLR") & 0x3ff) + 1,
      stride: 16 + 4 * ((registers.get("DMACCR") >>> 18) & 7),
      tail: registers.get("DMACTDTPR"),
    };
  }

  #transmit(): void {
    if (!this.registers.has("DMACTCR", ST)) return;
    const unreachable = tightlyCoupled(this.#current);
    if (unreachable !== undefined) this.#options.log.once("ETH.dma", `ETH: DMA: ${unreachable}`);
    const { current, interrupts, end } =
      unreachable === undefined
        ? transmit(this.#options.bus, this.#ring, this.#current)
        : { current: this.#current, interrupts: false, end: "error" };
    this.#current = current;
    this.registers.setBits("DMACSR", (interrupts ? TI : 0) | (end === "error" ? FBE : TBU), true);
    this.#summarise();
  }

  /** NIS and AIS stand for the flags that are enabled. */
  #summarise(): void {
    const enabled = this.registers.get("DMACSR") & this.registers.get("DMACIER");
    if ((enabled & NORMAL) !== 0) this.registers.setBits("DMACSR", NIS, true);
    if ((enabled & ABNORMAL) !== 0) this.registers.setBits("DMACSR", AIS, true);
    this.#update();
  }

  get #pending(): boolean {
    const status = this.registers.get("DMACSR");
    const enables = this.registers.get("DMACIER");
    const summary = status & enables & (NIS | AIS);
    return summary !== 0 && (status & enables & (NORMAL | ABNORMAL)) !== 0;
  }

  #update(): void {
    this.#options.interrupt.set(this.#pending);
  }
}
