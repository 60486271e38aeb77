/**
 * USB2_OTG_FS: the Synopsys USB OTG core as a full-speed device on the internal PHY, without DMA
 * (RM0433, chapter "USB on-the-go high-speed"). Host mode, DMA, ULPI, isochronous endpoints, LPM and battery
 * charging detection are not modelled; their bits are tagged.
 */

import type { AccessSize, BusDevice, ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock } from "../registers.js";
import type { Timeline } from "../timeline.js";
import type { DataToggle, Handshake, InAnswer, UsbDevicePort, UsbPortListener } from "../usb-port.js";
import { type EndpointCore, InEndpoint, OutEndpoint } from "./otg-fs-endpoints.js";
import { carriesData, packetStatusOf, ReceiveFifo, receiveStatus, TransmitFifo } from "./otg-fs-fifo.js";
import {
  AttachMonitor,
  IdleWatch,
  type OtgSurroundings,
  turnaroundFor,
  usbClockProblem,
} from "./otg-fs-link.js";
import {
  DCFG,
  DCTL,
  DSTS,
  ENDPOINTS,
  EPCTL,
  EPINT,
  FIFO_DEBUG,
  FIFO_RAM_WORDS,
  FIFO_WINDOW,
  GAHBCFG,
  GCCFG,
  GINT,
  GOTGCTL,
  GOTGINT,
  GRSTCTL,
  GUSBCFG,
  otgRegisters,
  PCGCCTL,
  PKTSTS,
  type RegisterHooks,
} from "./otg-fs-registers.js";

export interface OtgFsOptions extends OtgSurroundings {
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly irq: InterruptLine;
  /** RCC_AHB1ENR.USB2OTGEN (and AHB1LPENR while the CPU sleeps). */
  readonly clocked: ClockGate;
}

/** Commands (resets, flushes, endpoint disable) take a few clocks of the 48 MHz domain. */
const COMMAND_NS = 200;
const FRAME_NS = 1e6;
/** EOPF comes after this share of the frame, by DCFG.PFIVL. */
const PERIODIC_SHARE = [0.8, 0.85, 0.9, 0.95] as const;
/** Registers and fields that a core soft reset leaves alone. */
const KEPT_BY_CSRST: Readonly<Record<string, number>> = {
  GCCFG: 0xffff_ffff,
  PCGCCTL: 0xffff_ffff,
  CID: 0xffff_ffff,
  DCFG: DCFG.DSPD,
  DCTL: DCTL.SDIS,
  GUSBCFG: GUSBCFG.PHYSEL,
};

export class OtgFs implements BusDevice, UsbDevicePort {
  readonly #options: OtgFsOptions;
  readonly #regs: RegisterBlock<string>;
  readonly #receive = new ReceiveFifo();
  readonly #transmit: readonly TransmitFifo[];
  readonly #in: readonly InEndpoint[];
  readonly #out: readonly OutEndpoint[];
  readonly #attach: AttachMonitor;
  readonly #idle: IdleWatch;
  #listener: UsbPortListener | undefined;
  /** DAINT before the mask. */
  #daint = 0;
  #frame = 0;
  #frameStart = 0;
  #frameEnded = true;
  #nakked = false;
  #globalOutNakEffective = false;
  #setupUnfinished = false;
  #sessionValid = false;
  /** Address that the core answers to; DCFG.DAD becomes effective after the status stage under way. */
  #address = 0;
  #statusPending = false;
  /** Counts resets, so that a delayed command of before does nothing afterwards. */
  #generation = 0;

  constructor(options: OtgFsOptions) {
    this.#options = options;
    const { timeline, log } = options;
    this.#regs = new RegisterBlock(otgRegisters(this.#hooks()), {
      name: "USB2_OTG_FS",
      log,
      clocked: options.clocked,
    });
    this.#transmit = Array.from({ length: 16 }, () => new TransmitFifo());
    const core = this.#endpointCore();
    this.#in = Array.from({ length: ENDPOINTS }, (_, n) => new InEndpoint(n, core));
    this.#out = Array.from({ length: ENDPOINTS }, (_, n) => new OutEndpoint(n, core));
    this.#idle = new IdleWatch(timeline, () => this.#suspend());
    this.#attach = new AttachMonitor({
      timeline,
      log,
      wanted: () => this.#linkWanted(),
      missing: () => this.#missing(),
      changed: (on) => this.#pullUpChanged(on),
    });
  }

  // ---- bus ----

  read(offset: number, size: AccessSize): number {
    if (offset >= FIFO_WINDOW) return this.#readFifo(offset, size);
    if (size !== 4) this.#narrow(offset);
    return this.#regs.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset >= FIFO_WINDOW) {
      this.#writeFifo(offset, size, value);
      return;
    }
    if (size !== 4) this.#narrow(offset);
    this.#regs.write(offset, size, value);
    this.#update();
  }

  /** Reset by RCC_AHB1RSTR.USB2OTGRST or with the system. */
  reset(): void {
    this.#regs.reset();
    this.#clearState();
    this.#sessionChanged();
  }

  /** Tells the core at once that something outside it changed (optional: it also looks by itself every ms). */
  surroundingsChanged(): void {
    this.#attach.evaluate();
  }

  #narrow(offset: number): void {
    const at = `0x${offset.toString(16)}`;
    this.#mistake("narrow", `access at ${at} is not 32 bits wide: the core takes 32-bit accesses only`);
  }

  #readFifo(offset: number, size: AccessSize): number {
    if (!this.#fifoAccess(offset, size)) return 0;
    const word = this.#receive.pop();
    if (word === undefined) {
      this.#mistake("rxfifo.empty", "receive FIFO read while empty: reads 0");
      return 0;
    }
    if (word.status)
      this.#mistake("rxfifo.status", "a status word was read as data: packets are out of step");
    this.#receiveAdvanced();
    return word.value;
  }

  #writeFifo(offset: number, size: AccessSize, value: number): void {
    if (!this.#fifoAccess(offset, size)) return;
    const endpoint = this.#in[Math.floor(offset / FIFO_WINDOW) - 1];
    if (endpoint === undefined) return;
    endpoint.pushWord(value);
    this.#endpointChanged(endpoint.number);
    this.#update();
  }

  #fifoAccess(offset: number, size: AccessSize): boolean {
    const window = Math.floor(offset / FIFO_WINDOW) - 1;
    if (offset >= FIFO_DEBUG || window >= ENDPOINTS) {
      this.#mistake(`fifo.${window}`, `access at 0x${offset.toString(16)}: no FIFO window is modelled there`);
      return false;
    }
    if (size !== 4) this.#narrow(offset);
    if (this.#options.clocked()) return true;
    this.#mistake("fifo.clock", "FIFO access while the clock of USB2_OTG_FS is off (RCC): has no effect");
    return false;
  }

  // ---- registers ----

  #hooks(): RegisterHooks {
    const evaluate = { onWrite: () => this.#attach.evaluate() };
    const refresh = { onWrite: () => this.#refreshAll() };
    const hooks: Record<string, RegisterHooks[string]> = {
      GOTGCTL: {
        onRead: (stored) => (this.#sessionValid ? stored | GOTGCTL.BSVLD : stored) >>> 0,
        onWrite: () => this.#sessionChanged(),
      },
      GAHBCFG: { onWrite: () => this.#ahbConfigured() },
      GUSBCFG: { onWrite: (written) => this.#usbConfigured(written) },
      GRSTCTL: { onWrite: (written) => this.#resetCommand(written) },
      GINTSTS: { onRead: () => this.#status() },
      GRXSTSR: { onRead: () => this.#receive.next?.value ?? 0 },
      GRXSTSP: { onRead: () => this.#popStatus() },
      GCCFG: { onWrite: () => this.#sessionChanged() },
      DCFG: { onWrite: () => this.#deviceConfigured() },
      DCTL: { onWrite: (written, before) => this.#deviceControl(written, before) },
      DIEPMSK: refresh,
      DOEPMSK: refresh,
      DIEPEMPMSK: refresh,
      DAINT: { onRead: () => this.#daint >>> 0 },
      PCGCCTL: evaluate,
      HNPTXSTS: { onRead: (stored) => ((stored & ~0xffff) | (this.#in[0]?.available ?? 0)) >>> 0 },
    };
    for (let n = 0; n < ENDPOINTS; n++) Object.assign(hooks, this.#endpointHooks(n));
    return hooks;
  }

  #endpointHooks(n: number): RegisterHooks {
    const changed = { onWrite: () => this.#endpointChanged(n) };
    return {
      [`DIEPCTL${n}`]: {
        onWrite: (written, before) => {
          if ((written & EPCTL.EPENA) !== 0) this.#checkFifos();
          this.#in[n]?.onControl(written, before);
        },
      },
      [`DIEPINT${n}`]: {
        onRead: (stored) => (stored & ~EPINT.TXFE) | this.#transmitEmpty(n),
        ...changed,
      },
      [`DIEPTSIZ${n}`]: { onWrite: () => this.#in[n]?.onSize() },
      [`DTXFSTS${n}`]: { onRead: () => this.#in[n]?.available ?? 0 },
      [`DOEPCTL${n}`]: {
        onRead: (stored) => (n === 0 ? stored | (this.#regs.get("DIEPCTL0") & 3) : stored) >>> 0,
        onWrite: (written, before) => this.#out[n]?.onControl(written, before),
      },
      [`DOEPINT${n}`]: changed,
    };
  }

  #endpointCore(): EndpointCore {
    const otg = this;
    return {
      regs: this.#regs,
      receive: this.#receive,
      get receiveWords() {
        return otg.#regs.get("GRXFSIZ") & 0xffff;
      },
      get frame() {
        return otg.#frame;
      },
      get globalInNak() {
        return otg.#regs.has("DCTL", DCTL.GINSTS);
      },
      get globalOutNak() {
        return otg.#regs.has("DCTL", DCTL.GONSTS);
      },
      get globalOutNakEffective() {
        return otg.#globalOutNakEffective;
      },
      transmitFifo: (number) => this.#transmit[number] as TransmitFifo,
      transmitWords: (number) => this.#region(number).words,
      endpointChanged: (n) => this.#endpointChanged(n),
      mayBeReady: () => this.#mayBeReady(),
      afterClocks: (run) => this.#afterClocks(run),
      mistake: (key, message) => this.#mistake(key, message),
    };
  }

  #region(number: number): { start: number; words: number } {
    const value = number < ENDPOINTS ? this.#regs.get(`DIEPTXF${number}`) : 0;
    return { start: value & 0xffff, words: value >>> 16 };
  }

  #ahbConfigured(): void {
    if (this.#regs.has("GAHBCFG", GAHBCFG.DMAEN)) {
      this.#regs.setBits("GAHBCFG", GAHBCFG.DMAEN, false);
      this.#mistake("dma", "GAHBCFG.DMAEN: DMA mode is not modelled, the bit stays 0");
    }
    this.#refreshAll();
  }

  #usbConfigured(written: number): void {
    if ((written & GUSBCFG.FHMOD) !== 0) this.#mistake("host", "GUSBCFG.FHMOD: host mode is not modelled");
    this.#attach.evaluate();
  }

  #resetCommand(written: number): void {
    if ((written & GRSTCTL.CSRST) !== 0) this.#coreReset();
    if ((written & GRSTCTL.RXFFLSH) !== 0) {
      this.#command(GRSTCTL.RXFFLSH, () => {
        this.#receive.clear();
        this.#receiveAdvanced();
      });
    }
    if ((written & GRSTCTL.TXFFLSH) !== 0) {
      const number = (written >>> GRSTCTL.TXFNUM_SHIFT) & 31;
      this.#command(GRSTCTL.TXFFLSH, () => this.#flushTransmit(number));
    }
  }

  /** TXFNUM 16 means all. */
  #flushTransmit(number: number): void {
    this.#transmit.forEach((fifo, n) => {
      if (number === 16 || number === n) fifo.clear();
    });
    for (const endpoint of this.#in) {
      if (number === 16 || number === endpoint.fifoNumber) endpoint.flushed();
    }
  }

  #command(bit: number, run: () => void): void {
    this.#regs.setBits("GRSTCTL", bit, true);
    this.#afterClocks(() => {
      run();
      this.#regs.setBits("GRSTCTL", bit, false);
    });
  }

  #coreReset(): void {
    this.#regs.setBits("GRSTCTL", GRSTCTL.CSRST, true);
    if (!this.#regs.has("GUSBCFG", GUSBCFG.PHYSEL)) {
      this.#mistake(
        "csrst.phy",
        "GRSTCTL.CSRST with GUSBCFG.PHYSEL = 0: no ULPI PHY clocks the core, the reset never ends",
      );
      return;
    }
    this.#afterClocks(() => {
      const kept = Object.entries(KEPT_BY_CSRST).map(
        ([name, mask]) => [name, mask, this.#regs.get(name) & mask] as const,
      );
      this.#regs.reset();
      for (const [name, mask, value] of kept) this.#regs.set(name, (this.#regs.get(name) & ~mask) | value);
      this.#clearState();
      this.#sessionChanged();
    });
  }

  #clearState(): void {
    this.#generation++;
    this.#receive.clear();
    for (const fifo of this.#transmit) fifo.clear();
    for (const endpoint of this.#in) endpoint.flushed();
    for (const endpoint of [...this.#in, ...this.#out]) endpoint.busReset();
    this.#globalOutNakEffective = false;
    this.#setupUnfinished = false;
    this.#statusPending = false;
    this.#address = 0;
    this.#sessionValid = false;
    this.#idle.stop();
    this.#refreshAll();
  }

  #deviceConfigured(): void {
    const address = (this.#regs.get("DCFG") >>> DCFG.DAD_SHIFT) & 0x7f;
    // Written before the status stage of SET_ADDRESS, as the manual tells; that stage still uses the old one.
    if (!this.#statusPending || address === 0) this.#address = address;
    this.#attach.evaluate();
  }

  #deviceControl(written: number, before: number): void {
    if ((written & DCTL.SGINAK) !== 0) this.#regs.setBits("DCTL", DCTL.GINSTS, true);
    if ((written & DCTL.CGINAK) !== 0) this.#regs.setBits("DCTL", DCTL.GINSTS, false);
    if ((written & DCTL.SGONAK) !== 0 && (before & DCTL.GONSTS) === 0) {
      this.#regs.setBits("DCTL", DCTL.GONSTS, true);
      this.#receive.push(receiveStatus(PKTSTS.GLOBAL_OUT_NAK, 0, 0, this.#frame));
    }
    if ((written & DCTL.CGONAK) !== 0) {
      this.#regs.setBits("DCTL", DCTL.GONSTS, false);
      this.#globalOutNakEffective = false;
    }
    const wakes = (written & DCTL.RWUSIG) !== 0 && (before & DCTL.RWUSIG) === 0;
    if (wakes && this.#regs.has("DSTS", DSTS.SUSPSTS)) this.#listener?.remoteWakeup();
    this.#attach.evaluate();
    this.#mayBeReady();
  }

  #popStatus(): number {
    const word = this.#receive.pop();
    if (word === undefined) {
      this.#mistake("grxstsp.empty", "GRXSTSP read while the receive FIFO is empty: reads 0");
      return 0;
    }
    if (word.status) this.#statusPopped(word.value);
    else this.#mistake("grxstsp.data", "GRXSTSP read while data of the last packet is still in the FIFO");
    this.#receiveAdvanced();
    return word.value;
  }

  #statusPopped(word: number): void {
    const endpoint = this.#out[word & 15];
    if (carriesData(word) && packetStatusOf(word) === PKTSTS.OUT_DATA)
      endpoint?.dataPopped((word >>> 4) & 0x7ff);
    if (packetStatusOf(word) === PKTSTS.OUT_COMPLETE) endpoint?.completePopped();
    if (packetStatusOf(word) === PKTSTS.SETUP_DONE) endpoint?.setupDonePopped();
    if (packetStatusOf(word) === PKTSTS.GLOBAL_OUT_NAK) {
      this.#globalOutNakEffective = true;
      for (const out of this.#out) out.disableIfAllowed();
    }
  }

  /** The receive FIFO got shorter. Only a packet boundary can make room that matters. */
  #receiveAdvanced(): void {
    if (this.#receive.next?.status !== false) this.#mayBeReady();
    this.#update();
  }

  // ---- interrupts ----

  #transmitEmpty(n: number): number {
    const endpoint = this.#in[n];
    if (endpoint === undefined) return 0;
    const words = this.#region(endpoint.fifoNumber).words;
    const used = words - endpoint.available;
    const limit = this.#regs.has("GAHBCFG", GAHBCFG.TXFELVL) ? 0 : words / 2;
    return used <= limit ? EPINT.TXFE : 0;
  }

  #endpointChanged(n: number): void {
    const regs = this.#regs;
    const fifo = (regs.get("DIEPEMPMSK") >>> n) & 1 ? this.#transmitEmpty(n) : 0;
    const inCauses = (regs.get(`DIEPINT${n}`) & ~EPINT.TXFE & regs.get("DIEPMSK")) | fifo;
    const outCauses = regs.get(`DOEPINT${n}`) & regs.get("DOEPMSK");
    const others = this.#daint & ~((1 << n) | (1 << (n + 16)));
    this.#daint = others | (inCauses === 0 ? 0 : 1 << n) | (outCauses === 0 ? 0 : 1 << (n + 16));
  }

  #refreshAll(): void {
    for (let n = 0; n < ENDPOINTS; n++) this.#endpointChanged(n);
  }

  #status(): number {
    this.#endOfPeriodicFrame();
    const regs = this.#regs;
    const daint = this.#daint & regs.get("DAINTMSK");
    let status = regs.get("GINTSTS");
    if (regs.get("GOTGINT") !== 0) status |= GINT.OTGINT;
    if (this.#receive.used > 0) status |= GINT.RXFLVL;
    if (regs.has("DCTL", DCTL.GINSTS)) status |= GINT.GINAKEFF;
    if (this.#globalOutNakEffective) status |= GINT.GONAKEFF;
    if ((daint & 0xffff) !== 0) status |= GINT.IEPINT;
    if (daint >>> 16 !== 0) status |= GINT.OEPINT;
    return status >>> 0;
  }

  #update(): void {
    const enabled = this.#regs.has("GAHBCFG", GAHBCFG.GINT);
    this.#options.irq.set(enabled && (this.#status() & this.#regs.get("GINTMSK")) !== 0);
  }

  #raise(cause: number): void {
    this.#regs.setBits("GINTSTS", cause, true);
  }

  #endOfPeriodicFrame(): void {
    if (this.#frameEnded) return;
    const share = PERIODIC_SHARE[((this.#regs.get("DCFG") >>> DCFG.PFIVL_SHIFT) & 3) as 0 | 1 | 2 | 3];
    if (this.#options.timeline.now - this.#frameStart < share * FRAME_NS) return;
    this.#frameEnded = true;
    this.#raise(GINT.EOPF);
  }

  // ---- link ----

  get #powered(): boolean {
    return this.#options.clocked() && this.#regs.has("GCCFG", GCCFG.PWRDWN);
  }

  #linkWanted(): boolean {
    return this.#powered && !this.#regs.has("DCTL", DCTL.SDIS);
  }

  #missing(): string[] {
    const { usbClockHz, vdd33Ready, pinsReady } = this.#options;
    const regs = this.#regs;
    const needs: readonly (readonly [boolean, string])[] = [
      [regs.has("GUSBCFG", GUSBCFG.FDMOD), "GUSBCFG.FDMOD = 0 and no ID pin is wired: not in device mode"],
      [regs.has("GUSBCFG", GUSBCFG.PHYSEL), "GUSBCFG.PHYSEL = 0: a ULPI PHY is selected, there is none"],
      [(regs.get("DCFG") & DCFG.DSPD) === DCFG.DSPD, "DCFG.DSPD is not 3 (full speed, internal PHY)"],
      [this.#sessionValid, "no valid B session: set GOTGCTL.BVALOEN and BVALOVAL, or sense VBUS on PA9"],
      [usbClockHz() > 0, usbClockProblem(0) ?? ""],
      [vdd33Ready(), "VDD33USB is not ready (PWR_CR3.USB33DEN, USB33RDY)"],
      [pinsReady(), "PA11 and PA12 are not in alternate function 10"],
    ];
    return needs.filter(([met]) => !met).map(([, text]) => text);
  }

  #sessionChanged(): void {
    const control = this.#regs.get("GOTGCTL");
    const overridden = (control & GOTGCTL.BVALOEN) !== 0;
    const sensed =
      this.#regs.has("GCCFG", GCCFG.VBDEN) &&
      this.#options.vbusWired === true &&
      this.#listener !== undefined;
    const valid = overridden ? (control & GOTGCTL.BVALOVAL) !== 0 : sensed;
    if (valid !== this.#sessionValid) {
      this.#sessionValid = valid;
      if (valid) this.#raise(GINT.SRQINT);
      else this.#regs.setBits("GOTGINT", GOTGINT.SEDET, true);
    }
    this.#attach.evaluate();
    this.#update();
  }

  #pullUpChanged(on: boolean): void {
    if (on) {
      this.#checkTurnaround();
      this.#idle.activity();
    } else {
      this.#idle.stop();
    }
    this.#listener?.pullUpChanged(on);
  }

  #checkTurnaround(): void {
    const hclk = this.#options.hclkHz();
    const wanted = turnaroundFor(hclk);
    const trdt = (this.#regs.get("GUSBCFG") >>> GUSBCFG.TRDT_SHIFT) & 15;
    if (wanted === undefined) {
      this.#mistake("hclk", `HCLK is ${hclk} Hz: USB needs at least 14.2 MHz`);
    } else if (trdt !== wanted) {
      this.#mistake("trdt", `GUSBCFG.TRDT = ${trdt}: the manual asks for ${wanted} at an HCLK of ${hclk} Hz`);
    }
  }

  /** FIFO regions of the enabled IN endpoints must lie apart, behind the receive FIFO and inside the RAM. */
  #checkFifos(): void {
    const regions = [{ name: "GRXFSIZ", start: 0, words: this.#regs.get("GRXFSIZ") & 0xffff }];
    for (const { number, fifoNumber } of this.#in) {
      if (!this.#regs.has(`DIEPCTL${number}`, EPCTL.USBAEP)) continue;
      regions.push({ name: `DIEPTXF${fifoNumber}`, ...this.#region(fifoNumber) });
    }
    regions.sort((a, b) => a.start - b.start);
    let end = { name: "", at: 0 };
    for (const { name, start, words } of regions) {
      if (start < end.at) this.#mistake(`fifo.${name}`, `${name} overlaps ${end.name} in the FIFO RAM`);
      if (start + words > FIFO_RAM_WORDS) {
        this.#mistake(`fifo.end.${name}`, `${name} reaches beyond the FIFO RAM of ${FIFO_RAM_WORDS} words`);
      }
      end = { name, at: start + words };
    }
  }

  #suspend(): void {
    if (!this.pullUp) return;
    this.#regs.setBits("DSTS", DSTS.SUSPSTS, true);
    this.#regs.setBits("PCGCCTL", PCGCCTL.PHYSUSP, true);
    this.#raise(GINT.ESUSP | GINT.USBSUSP);
    this.#update();
  }

  #awake(): void {
    this.#regs.setBits("DSTS", DSTS.SUSPSTS, false);
    this.#regs.setBits("PCGCCTL", PCGCCTL.PHYSUSP, false);
    this.#idle.activity();
  }

  /** Can the core hear the bus right now? */
  #hears(): boolean {
    if (!this.pullUp || !this.#options.clocked()) return false;
    const { usbClockHz, stalledBySleep } = this.#options;
    const problem =
      usbClockProblem(usbClockHz()) ??
      (stalledBySleep?.() ? "the CPU sleeps and RCC_AHB1LPENR stops the core" : undefined) ??
      (this.#regs.has("PCGCCTL", PCGCCTL.STPPCLK) ? "PCGCCTL.STPPCLK is set" : undefined);
    if (problem === undefined) return true;
    this.#mistake(`deaf.${problem}`, `the core does not hear the host: ${problem}`);
    return false;
  }

  // ---- UsbDevicePort ----

  get pullUp(): boolean {
    return this.#attach.pullUp;
  }

  plug(listener: UsbPortListener): void {
    this.#listener = listener;
    this.#sessionChanged();
  }

  unplug(): void {
    this.#listener = undefined;
    this.#sessionChanged();
  }

  busReset(active: boolean): void {
    if (!this.#hears()) return;
    this.#awake();
    if (active) {
      this.#setupUnfinished = false;
      this.#statusPending = false;
      for (const endpoint of [...this.#in, ...this.#out]) endpoint.busReset();
      this.#raise(GINT.USBRST);
    } else {
      // Software has had the reset's length to clear DCFG.DAD; the core does not do it.
      this.#address = (this.#regs.get("DCFG") >>> DCFG.DAD_SHIFT) & 0x7f;
      this.#regs.setBits("DSTS", DSTS.ENUMSPD, false);
      this.#regs.setBits("DSTS", DSTS.ENUMSPD_FULL, true);
      this.#raise(GINT.ENUMDNE);
    }
    this.#update();
  }

  sof(frame: number): void {
    this.#attach.evaluate();
    if (!this.#hears()) return;
    this.#awake();
    this.#endOfPeriodicFrame();
    this.#frame = frame;
    this.#frameStart = this.#options.timeline.now;
    this.#frameEnded = false;
    const status = this.#regs.get("DSTS") & ~(0x3fff << DSTS.FNSOF_SHIFT);
    this.#regs.set("DSTS", status | (frame << DSTS.FNSOF_SHIFT));
    this.#raise(GINT.SOF);
    this.#scheduleEndOfPeriodicFrame();
    this.#update();
  }

  #scheduleEndOfPeriodicFrame(): void {
    if (!this.#regs.has("GINTMSK", GINT.EOPF)) return;
    const share = PERIODIC_SHARE[((this.#regs.get("DCFG") >>> DCFG.PFIVL_SHIFT) & 3) as 0 | 1 | 2 | 3];
    this.#options.timeline.after(share * FRAME_NS + 1, () => this.#update());
  }

  resume(): void {
    if (!this.pullUp || !this.#regs.has("DSTS", DSTS.SUSPSTS)) return;
    this.#awake();
    this.#raise(GINT.WKUINT);
    this.#update();
  }

  setup(address: number, endpoint: number, bytes: Uint8Array): Handshake {
    const target = this.#addressed(address, endpoint) ? this.#out[endpoint] : undefined;
    if (target === undefined || endpoint !== 0) return "none";
    const answer = target.setup(bytes);
    if (answer === "ack") {
      this.#in[0]?.setupReceived();
      this.#setupUnfinished = true;
      this.#statusPending = true;
      this.#refreshAll();
    }
    this.#update();
    return answer;
  }

  out(address: number, endpoint: number, toggle: DataToggle, bytes: Uint8Array): Handshake {
    if (!this.#addressed(address, endpoint)) return "none";
    this.#finishSetup(endpoint);
    const answer = this.#out[endpoint]?.packet(toggle, bytes) ?? "none";
    if (answer === "nak") this.#nakked = true;
    this.#update();
    return answer;
  }

  in(address: number, endpoint: number): InAnswer {
    if (!this.#addressed(address, endpoint)) return "none";
    this.#finishSetup(endpoint);
    const answer = this.#in[endpoint]?.token() ?? "none";
    if (answer === "nak") this.#nakked = true;
    this.#update();
    return answer;
  }

  inAcknowledged(address: number, endpoint: number): void {
    if (!this.#addressed(address, endpoint)) return;
    const empty = this.#in[endpoint]?.acknowledged() ?? false;
    if (endpoint === 0 && empty) {
      this.#statusPending = false;
      this.#address = (this.#regs.get("DCFG") >>> DCFG.DAD_SHIFT) & 0x7f;
    }
    this.#update();
  }

  #addressed(address: number, endpoint: number): boolean {
    if (endpoint >= ENDPOINTS || address !== this.#address || !this.#hears()) return false;
    this.#idle.activity();
    return true;
  }

  /** The first token after SETUP ends the setup stage: only now "setup stage done" goes into the FIFO. */
  #finishSetup(endpoint: number): void {
    if (endpoint !== 0 || !this.#setupUnfinished) return;
    this.#setupUnfinished = false;
    this.#receive.push(receiveStatus(PKTSTS.SETUP_DONE, 0, 0, this.#frame));
  }

  #mayBeReady(): void {
    if (!this.#nakked) return;
    this.#nakked = false;
    this.#listener?.mayBeReady();
  }

  #afterClocks(run: () => void): void {
    const generation = this.#generation;
    this.#options.timeline.after(COMMAND_NS, () => {
      if (generation === this.#generation) run();
      this.#update();
    });
  }

  #mistake(key: string, message: string): void {
    this.#options.log.once(`USB2_OTG_FS.${key}`, `USB2_OTG_FS: ${message}`);
  }
}
