/**
 * The inside of the USB OTG core: registers, data FIFOs, endpoints and the tree of interrupts (RM0433,
 * "OTG interrupts", "Device FIFO architecture"). The link to the host is `otg-fs.ts`.
 */

import type { AccessSize, ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import type { DmaBus } from "../dma/dma-channel.js";
import { OtgDma } from "./otg-fs-dma.js";
import type { EndpointCore } from "./otg-fs-endpoint.js";
import { Endpoint1Interrupts, type Endpoint1Lines } from "./otg-fs-endpoint1.js";
import { dataPidOf, packetStatusOf, ReceiveFifo, receiveStatus, TransmitFifo } from "./otg-fs-fifo.js";
import { InEndpoint } from "./otg-fs-in.js";
import { checkLayout, transmitRegion } from "./otg-fs-layout.js";
import { OutEndpoint } from "./otg-fs-out.js";
import {
  DCFG,
  DCTL,
  ENDPOINTS,
  EPCTL,
  EPINT,
  FIFO_DEBUG,
  FIFO_RAM_WORDS,
  FIFO_WINDOW,
  GAHBCFG,
  GINT,
  GRSTCTL,
  GUSBCFG,
  otgRegisters,
  PKTSTS,
  type RegisterHooks,
} from "./otg-fs-registers.js";

export interface OtgCoreOptions {
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly irq: InterruptLine;
  readonly endpoint1Irqs?: Endpoint1Lines;
  /** For messages: the manual's name of the core. Default "USB2_OTG_FS". */
  readonly name?: string;
  /** What its DMA master reaches. */
  readonly bus: DmaBus;
  /** RCC_AHB1ENR.USB2OTGEN (and AHB1LPENR while the CPU sleeps). */
  readonly clocked: ClockGate;
}

/** Commands (resets, flushes, endpoint disable) take a few clocks of the 48 MHz domain. */
const COMMAND_NS = 200;
const FRAME_NS = 1e6;
/** EOPF comes after this share of the frame, by DCFG.PFIVL. */
const PERIODIC_SHARE = [0.8, 0.85, 0.9, 0.95] as const;
const TRANSMIT_FIFOS = 16;
const ALL_TRANSMIT_FIFOS = 16;

/** Names once and for all: they are needed for every packet. */
const IN_INTERRUPTS = Array.from({ length: ENDPOINTS }, (_, n) => `DIEPINT${n}`);
const OUT_INTERRUPTS = Array.from({ length: ENDPOINTS }, (_, n) => `DOEPINT${n}`);
const inInterrupt = (n: number): string => IN_INTERRUPTS[n] ?? "";
const outInterrupt = (n: number): string => OUT_INTERRUPTS[n] ?? "";

export class OtgCore implements EndpointCore {
  readonly regs: RegisterBlock<string>;
  readonly receive = new ReceiveFifo();
  readonly ins: readonly InEndpoint[];
  readonly outs: readonly OutEndpoint[];
  /** Frame number of the last SOF. */
  frame = 0;
  globalOutNakEffective = false;
  /** Called when an endpoint that said NAK may answer now; at most once for each `nakSent`. */
  onReady: () => void = () => {};

  readonly #options: OtgCoreOptions;
  readonly #dma: OtgDma;
  readonly #transmit: readonly TransmitFifo[];
  readonly #endpoint1: Endpoint1Interrupts;
  /** DAINT before its mask. */
  #daint = 0;
  #nakked = false;
  #frameStart = 0;
  #frameEnded = true;
  /** Counts resets, so that a delayed command of before does nothing afterwards. */
  #generation = 0;

  /** @param hooks what the link attaches to its registers. */
  constructor(options: OtgCoreOptions, hooks: RegisterHooks) {
    this.#options = options;
    const { log, clocked } = options;
    this.regs = new RegisterBlock(otgRegisters({ ...this.#hooks(), ...hooks }), {
      name: options.name ?? "USB2_OTG_FS",
      log,
      clocked,
    });
    this.#endpoint1 = new Endpoint1Interrupts(this.regs, options.endpoint1Irqs);
    this.#dma = new OtgDma({ bus: options.bus, mistake: (key, message) => this.mistake(key, message) });
    this.#transmit = Array.from({ length: TRANSMIT_FIFOS }, () => new TransmitFifo());
    this.ins = Array.from({ length: ENDPOINTS }, (_, n) => new InEndpoint(n, this));
    this.outs = Array.from({ length: ENDPOINTS }, (_, n) => new OutEndpoint(n, this));
  }

  get dma(): OtgDma | undefined {
    return this.regs.has("GAHBCFG", GAHBCFG.DMAEN) ? this.#dma : undefined;
  }

  get receiveWords(): number {
    return Math.min(this.regs.get("GRXFSIZ") & 0xffff, FIFO_RAM_WORDS);
  }

  get globalInNak(): boolean {
    return this.regs.has("DCTL", DCTL.GINSTS);
  }

  get globalOutNak(): boolean {
    return this.regs.has("DCTL", DCTL.GONSTS);
  }

  transmitFifo(number: number): TransmitFifo {
    return this.#transmit[number] as TransmitFifo; // TXFNUM has four bits
  }

  transmitWords(number: number): number {
    return transmitRegion(this.regs, number).words;
  }

  mistake(key: string, message: string): void {
    const { log, name = "USB2_OTG_FS" } = this.#options;
    log.once(`${name}.${key}`, `${name}: ${message}`);
  }

  afterClocks(run: () => void): void {
    const generation = this.#generation;
    this.#options.timeline.after(COMMAND_NS, () => {
      if (generation === this.#generation) run();
      this.update();
    });
  }

  /** The host was told NAK: it wants to know when that may change. */
  nakSent(): void {
    this.#nakked = true;
  }

  mayBeReady(): void {
    if (!this.#nakked) return;
    this.#nakked = false;
    this.onReady();
  }

  /** Empties everything that is not a register. */
  clear(): void {
    this.#generation++;
    this.receive.clear();
    for (const fifo of this.#transmit) fifo.clear();
    for (const endpoint of this.ins) endpoint.flushed();
    this.busReset();
    this.globalOutNakEffective = false;
    this.#frameEnded = true;
    this.refreshAll();
  }

  busReset(): void {
    for (const endpoint of [...this.ins, ...this.outs]) endpoint.busReset();
  }

  beginFrame(frame: number): void {
    this.#endOfPeriodicFrame();
    this.frame = frame;
    this.#frameStart = this.#options.timeline.now;
    this.#frameEnded = false;
    this.raise(GINT.SOF);
    if (!this.regs.has("GINTMSK", GINT.EOPF) && !this.#hasIsochronous()) return;
    this.#options.timeline.after(this.#periodicShare() * FRAME_NS + 1, () => this.update());
  }

  /** Global OUT NAK was asked for: what had arrived before stays in front of its status word, which DMA pops itself. */
  announceGlobalOutNak(): void {
    if (this.dma === undefined) this.receive.push(receiveStatus(PKTSTS.GLOBAL_OUT_NAK, 0, 0, this.frame));
    else this.afterClocks(() => this.#globalOutNakReached());
  }

  #globalOutNakReached(): void {
    this.globalOutNakEffective = true;
    for (const out of this.outs) out.disableIfAllowed();
  }

  // ---- interrupts ----

  raise(cause: number): void {
    this.regs.setBits("GINTSTS", cause, true);
  }

  endpointChanged(n: number): void {
    const { regs } = this;
    const fifo = (regs.get("DIEPEMPMSK") >>> n) & 1 ? this.#transmitEmpty(n) : 0;
    const inCauses = (regs.get(inInterrupt(n)) & ~EPINT.TXFE & regs.get("DIEPMSK")) | fifo;
    const outCauses = regs.get(outInterrupt(n)) & regs.get("DOEPMSK");
    const others = this.#daint & ~((1 << n) | (1 << (n + 16)));
    this.#daint = others | (inCauses === 0 ? 0 : 1 << n) | (outCauses === 0 ? 0 : 1 << (n + 16));
  }

  refreshAll(): void {
    for (let n = 0; n < ENDPOINTS; n++) this.endpointChanged(n);
  }

  /** Brings the interrupt line up to date. */
  update(): void {
    const enabled = this.regs.has("GAHBCFG", GAHBCFG.GINT);
    this.#options.irq.set(enabled && (this.#status() & this.regs.get("GINTMSK")) !== 0);
    this.#endpoint1.update(enabled);
  }

  #status(): number {
    this.#endOfPeriodicFrame();
    const { regs } = this;
    const daint = this.#daint & regs.get("DAINTMSK");
    let status = regs.get("GINTSTS");
    if (regs.has("GUSBCFG", GUSBCFG.FHMOD)) status |= GINT.CMOD;
    if (regs.get("GOTGINT") !== 0) status |= GINT.OTGINT;
    if (this.receive.used > 0) status |= GINT.RXFLVL;
    if (this.globalInNak) status |= GINT.GINAKEFF;
    if (this.globalOutNakEffective) status |= GINT.GONAKEFF;
    if ((daint & 0xffff) !== 0) status |= GINT.IEPINT;
    if (daint >>> 16 !== 0) status |= GINT.OEPINT;
    return status >>> 0;
  }

  #periodicShare(): number {
    return PERIODIC_SHARE[((this.regs.get("DCFG") >>> DCFG.PFIVL_SHIFT) & 3) as 0 | 1 | 2 | 3];
  }

  #endOfPeriodicFrame(): void {
    if (this.#frameEnded) return;
    if (this.#options.timeline.now - this.#frameStart < this.#periodicShare() * FRAME_NS) return;
    this.#frameEnded = true;
    this.raise(GINT.EOPF);
    if (this.ins.some((endpoint) => endpoint.incomplete)) this.raise(GINT.IISOIXFR);
    if (this.outs.some((endpoint) => endpoint.incomplete)) this.raise(GINT.INCOMPISOOUT);
  }

  #hasIsochronous(): boolean {
    const isochronous = (endpoint: InEndpoint | OutEndpoint): boolean => endpoint.isochronous;
    return this.ins.some(isochronous) || this.outs.some(isochronous);
  }

  /** RM0433 has PKTDRPSTS in DIEPINTx only; no mask, no interrupt. */
  isochronousOutDropped(endpoint: number): void {
    this.raise(GINT.ISOODRP);
    this.regs.setBits(inInterrupt(endpoint), EPINT.PKTDRPSTS, true);
  }

  /** DIEPINT.TXFE: half empty, or empty, as GAHBCFG.TXFELVL says. */
  #transmitEmpty(n: number): number {
    const endpoint = this.ins[n];
    if (endpoint === undefined) return 0;
    const { words } = transmitRegion(this.regs, endpoint.fifoNumber);
    const limit = this.regs.has("GAHBCFG", GAHBCFG.TXFELVL) ? 0 : words / 2;
    return words - endpoint.available <= limit ? EPINT.TXFE : 0;
  }

  // ---- FIFOs ----

  readFifo(offset: number, size: AccessSize): number {
    if (!this.#fifoAccess(offset, size)) return 0;
    const { used, next, nextIsStatus } = this.receive;
    if (used === 0) {
      this.mistake("rxfifo.empty", "receive FIFO read while empty: reads 0");
      return 0;
    }
    if (nextIsStatus)
      this.mistake("rxfifo.status", "a status word was read as data: packets are out of step");
    this.receive.pop();
    this.#receiveAdvanced();
    return next;
  }

  writeFifo(offset: number, size: AccessSize, value: number): void {
    if (!this.#fifoAccess(offset, size)) return;
    const endpoint = this.ins[Math.floor(offset / FIFO_WINDOW) - 1];
    if (endpoint === undefined) return;
    endpoint.pushWord(value);
    // A word more can only end TXFE, which only matters where it is enabled.
    if (((this.regs.get("DIEPEMPMSK") >>> endpoint.number) & 1) === 0) return;
    this.endpointChanged(endpoint.number);
    this.update();
  }

  narrowAccess(offset: number): void {
    const at = `0x${offset.toString(16)}`;
    this.mistake("narrow", `access at ${at} is not 32 bits wide: the core takes 32-bit accesses only`);
  }

  #fifoAccess(offset: number, size: AccessSize): boolean {
    const window = Math.floor(offset / FIFO_WINDOW) - 1;
    if (offset >= FIFO_DEBUG || window >= ENDPOINTS) {
      this.mistake(`fifo.${window}`, `access at 0x${offset.toString(16)}: no FIFO window is modelled there`);
      return false;
    }
    if (size !== 4) this.narrowAccess(offset);
    if (this.#options.clocked()) return true;
    this.mistake("fifo.clock", "FIFO access while the clock of USB2_OTG_FS is off (RCC): has no effect");
    return false;
  }

  flushReceive(): void {
    this.#command(GRSTCTL.RXFFLSH, () => {
      this.receive.clear();
      this.#receiveAdvanced();
    });
  }

  /** @param number of the FIFO, 16 for all. */
  flushTransmit(number: number): void {
    const hit = (one: number): boolean => number === ALL_TRANSMIT_FIFOS || number === one;
    this.#command(GRSTCTL.TXFFLSH, () => {
      this.#transmit.forEach((fifo, n) => {
        if (hit(n)) fifo.clear();
      });
      for (const endpoint of this.ins) if (hit(endpoint.fifoNumber)) endpoint.flushed();
    });
  }

  #command(bit: number, run: () => void): void {
    this.regs.setBits("GRSTCTL", bit, true);
    this.afterClocks(() => {
      run();
      this.regs.setBits("GRSTCTL", bit, false);
    });
  }

  #popStatus(): number {
    const { used, next, nextIsStatus } = this.receive;
    if (used === 0) {
      this.mistake("grxstsp.empty", "GRXSTSP read while the receive FIFO is empty: reads 0");
      return 0;
    }
    this.receive.pop();
    if (nextIsStatus) this.#statusPopped(next);
    else this.mistake("grxstsp.data", "GRXSTSP read while data of the last packet is still in the FIFO");
    this.#receiveAdvanced();
    this.update();
    return next;
  }

  #statusPopped(word: number): void {
    const endpoint = this.outs[word & 15];
    const kind = packetStatusOf(word);
    if (kind === PKTSTS.OUT_DATA) endpoint?.dataPopped((word >>> 4) & 0x7ff, dataPidOf(word));
    if (kind === PKTSTS.OUT_COMPLETE) endpoint?.completePopped();
    if (kind === PKTSTS.SETUP_DONE) endpoint?.setupDonePopped();
    if (kind === PKTSTS.GLOBAL_OUT_NAK) this.#globalOutNakReached();
  }

  /** The receive FIFO got shorter. Only a packet boundary can make room that matters, or end RXFLVL. */
  #receiveAdvanced(): void {
    if (this.receive.used > 0 && !this.receive.nextIsStatus) return;
    this.mayBeReady();
    if (this.receive.used === 0) this.update();
  }

  // ---- registers ----

  #hooks(): RegisterHooks {
    const refresh = { onWrite: () => this.refreshAll() };
    const hooks: Record<string, RegisterHooks[string]> = {
      GAHBCFG: refresh,
      GINTSTS: { onRead: () => this.#status() },
      GRXSTSR: { onRead: () => this.receive.next },
      GRXSTSP: { onRead: () => this.#popStatus() },
      HNPTXSTS: { onRead: (stored) => ((stored & ~0xffff) | (this.ins[0]?.available ?? 0)) >>> 0 },
      DIEPMSK: refresh,
      DOEPMSK: refresh,
      DIEPEMPMSK: refresh,
      DAINT: { onRead: () => this.#daint >>> 0 },
      DEACHINT: { onRead: () => this.#endpoint1.status },
    };
    for (let n = 0; n < ENDPOINTS; n++) Object.assign(hooks, this.#endpointHooks(n));
    return hooks;
  }

  #checkLayout(): void {
    checkLayout(this.regs, this.ins, (key, message) => this.mistake(key, message));
  }

  #endpointHooks(n: number): RegisterHooks {
    const changed = { onWrite: () => this.endpointChanged(n) };
    return {
      [`DIEPCTL${n}`]: {
        onWrite: (written, before) => {
          if ((written & EPCTL.EPENA) !== 0) this.#checkLayout();
          this.ins[n]?.onControl(written, before);
        },
      },
      [`DIEPINT${n}`]: { onRead: (stored) => (stored & ~EPINT.TXFE) | this.#transmitEmpty(n), ...changed },
      [`DIEPTSIZ${n}`]: { onWrite: () => this.ins[n]?.onSize() },
      [`DTXFSTS${n}`]: { onRead: () => this.ins[n]?.available ?? 0 },
      [`DOEPCTL${n}`]: {
        // DOEPCTL0.MPSIZ shows what DIEPCTL0.MPSIZ holds.
        onRead: (stored) => (n === 0 ? stored | (this.regs.get("DIEPCTL0") & 3) : stored) >>> 0,
        onWrite: (written, before) => this.outs[n]?.onControl(written, before),
      },
      [`DOEPTSIZ${n}`]: { onWrite: () => this.outs[n]?.onSize() },
      [`DOEPINT${n}`]: changed,
    };
  }
}
