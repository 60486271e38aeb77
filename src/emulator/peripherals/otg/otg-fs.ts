/**
 * USB2_OTG_FS: the Synopsys USB OTG core as a full-speed device on the internal PHY
 * (RM0433, chapter "USB on-the-go high-speed"). As a host it has nothing attached. There is no ULPI PHY; its bits
 * are tagged.
 */

import type { AccessSize, BusDevice } from "../../bus.js";
import type { RegisterBlock, RegisterCell } from "../../registers.js";
import type {
  DataToggle,
  Handshake,
  InAnswer,
  LpmAnswer,
  UsbDevicePort,
  UsbPortListener,
} from "../../usb-port.js";
import { OtgCore, type OtgCoreOptions } from "./otg-fs-core.js";
import {
  AttachMonitor,
  checkTurnaround,
  clockProblem,
  missingForPullUp,
  type OtgSurroundings,
} from "./otg-fs-link.js";
import { LinkPower } from "./otg-fs-power.js";
import {
  DCFG,
  DCTL,
  DEVICE_REGISTERS,
  DSTS,
  ENDPOINTS,
  FIFO_WINDOW,
  GCCFG,
  GINT,
  GOTGCTL,
  GOTGINT,
  GRSTCTL,
  GUSBCFG,
  HOST_REGISTERS,
  KEPT_BY_CSRST,
  PCGCCTL,
  POWER_REGISTERS,
  type RegisterHooks,
} from "./otg-fs-registers.js";

export interface OtgFsOptions extends OtgCoreOptions, OtgSurroundings {}

/** How often a core without clocks is looked at while the host signals reset. */
const RESET_SAMPLE_NS = 1e5;
export class OtgFs implements BusDevice, UsbDevicePort {
  readonly #options: OtgFsOptions;
  readonly #core: OtgCore;
  readonly #regs: RegisterBlock<string>;
  /** GUSBCFG: looked at with every access. */
  readonly #configuration: RegisterCell;
  readonly #attach: AttachMonitor;
  readonly #power: LinkPower;
  #listener: UsbPortListener | undefined;
  #setupUnfinished = false;
  #sessionValid = false;
  /** Reset signalling of the host. */
  #reset: "none" | "signalled" | "heard" = "none";
  /** Address that the core answers to; DCFG.DAD becomes effective after the status stage under way. */
  #address = 0;
  #statusPending = false;
  /** Endpoint 0 has sent data since the last SETUP: OUT is the status stage. */
  #statusIsOut = false;

  constructor(options: OtgFsOptions) {
    this.#options = options;
    const { timeline, log, wakeUpIrq } = options;
    this.#power = new LinkPower({
      timeline,
      registers: () => this.#regs,
      raise: (cause) => this.#core.raise(cause),
      update: () => this.#core.update(),
      pendingData: () => this.#core.ins.some((endpoint) => endpoint.holdsData),
      signalResume: () => this.#listener?.remoteWakeup(),
      wakeUpLine: (on) => wakeUpIrq?.set(on),
    });
    this.#core = new OtgCore(options, { ...this.#hooks(), ...this.#power.hooks() });
    this.#core.onReady = () => this.#listener?.mayBeReady();
    this.#regs = this.#core.regs;
    this.#configuration = this.#regs.cell("GUSBCFG");
    this.#attach = new AttachMonitor({
      timeline,
      log,
      name: options.name ?? "USB2_OTG_FS",
      wanted: () => this.#linkWanted(),
      missing: () => this.#missing(),
      changed: (on) => this.#pullUpChanged(on),
    });
  }

  // ---- the chip's side ----

  read(offset: number, size: AccessSize): number {
    if (offset >= FIFO_WINDOW) return this.#core.readFifo(offset, size);
    if (size !== 4) this.#core.narrowAccess(offset);
    this.#checkMode(offset);
    return this.#regs.read(offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset >= FIFO_WINDOW) {
      this.#core.writeFifo(offset, size, value);
      return;
    }
    if (size !== 4) this.#core.narrowAccess(offset);
    this.#checkMode(offset);
    this.#regs.write(offset, size, value);
    this.#core.update();
  }

  /** Registers of the mode that the core is not in. */
  #checkMode(offset: number): void {
    if (offset < HOST_REGISTERS || offset >= POWER_REGISTERS) return;
    const host = (this.#configuration.value & GUSBCFG.FHMOD) !== 0;
    if (offset < DEVICE_REGISTERS !== host) this.#core.raise(GINT.MMIS);
  }

  /** Reset by RCC_AHB1RSTR.USB2OTGRST or with the system. */
  reset(): void {
    this.#regs.reset();
    this.#clearState();
  }

  /** Tells the core at once that something outside it changed (optional: it also looks by itself every ms). */
  surroundingsChanged(): void {
    this.#attach.evaluate();
  }

  // ---- registers of the link ----

  #hooks(): RegisterHooks {
    const session = { onWrite: () => this.#sessionChanged() };
    return {
      GOTGCTL: {
        onRead: (stored) => (stored | this.#otgStatus()) >>> 0,
        ...session,
      },
      GUSBCFG: { onWrite: (written) => this.#usbConfigured(written) },
      GRSTCTL: { onWrite: (written) => this.#resetCommand(written) },
      GCCFG: { onRead: (stored) => stored | this.#chargerDetection(stored), ...session },
      DCFG: { onWrite: () => this.#deviceConfigured() },
      DCTL: { onWrite: (written, before) => this.#deviceControl(written, before) },
    };
  }

  #otgStatus(): number {
    const host = this.#regs.has("GUSBCFG", GUSBCFG.FHMOD);
    return (this.#sessionValid ? GOTGCTL.BSVLD : 0) | (host ? GOTGCTL.CURMOD : 0);
  }

  #usbConfigured(written: number): void {
    if ((written & GUSBCFG.FHMOD) !== 0) {
      this.#core.mistake("host", "GUSBCFG.FHMOD: host mode, and nothing is attached to the port");
    }
    this.#attach.evaluate();
  }

  #resetCommand(written: number): void {
    if ((written & GRSTCTL.CSRST) !== 0) this.#coreReset();
    if ((written & GRSTCTL.RXFFLSH) !== 0) this.#core.flushReceive();
    if ((written & GRSTCTL.TXFFLSH) !== 0) this.#core.flushTransmit((written >>> GRSTCTL.TXFNUM_SHIFT) & 31);
  }

  #coreReset(): void {
    this.#regs.setBits("GRSTCTL", GRSTCTL.CSRST, true);
    if (!this.#regs.has("GUSBCFG", GUSBCFG.PHYSEL)) {
      this.#core.mistake(
        "csrst.phy",
        "GRSTCTL.CSRST with GUSBCFG.PHYSEL = 0: no ULPI PHY clocks the core, the reset never ends",
      );
      return;
    }
    this.#core.afterClocks(() => {
      const kept = Object.entries(KEPT_BY_CSRST).map(
        ([name, mask]) => [name, mask, this.#regs.get(name) & mask] as const,
      );
      this.#regs.reset();
      for (const [name, mask, value] of kept) this.#regs.set(name, (this.#regs.get(name) & ~mask) | value);
      this.#clearState();
    });
  }

  #clearState(): void {
    this.#core.clear();
    this.#setupUnfinished = false;
    this.#statusPending = false;
    this.#address = 0;
    this.#sessionValid = false;
    this.#power.reset();
    this.#sessionChanged();
  }

  #addressField(): number {
    return (this.#regs.get("DCFG") >>> DCFG.DAD_SHIFT) & 0x7f;
  }

  #deviceConfigured(): void {
    // Written before the status stage of SET_ADDRESS, as the manual tells; that stage still uses the old one.
    if (!this.#statusPending || this.#addressField() === 0) this.#address = this.#addressField();
    this.#attach.evaluate();
  }

  #deviceControl(written: number, before: number): void {
    if ((written & DCTL.SGINAK) !== 0) this.#regs.setBits("DCTL", DCTL.GINSTS, true);
    if ((written & DCTL.CGINAK) !== 0) this.#regs.setBits("DCTL", DCTL.GINSTS, false);
    if ((written & DCTL.SGONAK) !== 0 && (before & DCTL.GONSTS) === 0) {
      this.#regs.setBits("DCTL", DCTL.GONSTS, true);
      this.#core.announceGlobalOutNak();
    }
    if ((written & DCTL.CGONAK) !== 0) {
      this.#regs.setBits("DCTL", DCTL.GONSTS, false);
      this.#core.globalOutNakEffective = false;
    }
    const wakes = (written & DCTL.RWUSIG) !== 0 && (before & DCTL.RWUSIG) === 0;
    if (wakes) this.#power.signalWakeUp();
    this.#attach.evaluate();
    this.#core.mayBeReady();
  }

  // ---- link ----

  #linkWanted(): boolean {
    const host = this.#regs.has("GUSBCFG", GUSBCFG.FHMOD);
    return this.#regs.has("GCCFG", GCCFG.PWRDWN) && !host && !this.#regs.has("DCTL", DCTL.SDIS);
  }

  #missing(): string[] {
    return missingForPullUp(this.#regs, this.#options, { sessionValid: this.#sessionValid, on: this.pullUp });
  }

  #sessionChanged(): void {
    const control = this.#regs.get("GOTGCTL");
    const { vbusWired } = this.#options;
    const sensed = this.#regs.has("GCCFG", GCCFG.VBDEN) && vbusWired === true && this.#listener !== undefined;
    const overridden = (control & GOTGCTL.BVALOEN) !== 0;
    const valid = overridden ? (control & GOTGCTL.BVALOVAL) !== 0 : sensed;
    if (valid !== this.#sessionValid) {
      this.#sessionValid = valid;
      if (valid) this.#core.raise(GINT.SRQINT);
      else this.#regs.setBits("GOTGINT", GOTGINT.SEDET, true);
    }
    this.#attach.evaluate();
    this.#core.update();
  }

  #pullUpChanged(on: boolean): void {
    if (on) this.#power.activity();
    else this.#power.silence();
    this.#reset = "none";
    this.#listener?.pullUpChanged(on);
  }

  /**
   * What the host's end is: an ordinary port of a PC (standard downstream port), whose pull-downs are contact of the data lines, and
   * which answers neither to the primary nor to the secondary detection. Nor do its lines look like PS/2's.
   */
  #chargerDetection(control: number): number {
    const detects = (control & GCCFG.BCDEN) !== 0 && (control & GCCFG.DCDEN) !== 0;
    return detects && this.#listener !== undefined && this.#options.vdd33Ready() ? GCCFG.DCDET : 0;
  }

  /** Can the core hear the bus right now? */
  #hears(): boolean {
    if (!this.pullUp) return false;
    const gated = this.#regs.has("PCGCCTL", PCGCCTL.GATEHCLK);
    const problem = clockProblem(this.#options) ?? (gated ? "PCGCCTL.GATEHCLK gates its clock" : undefined);
    if (problem === undefined) return true;
    this.#core.mistake(`deaf.${problem}`, `the core does not hear the host: ${problem}`);
    return false;
  }

  // ---- the host's side ----

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
    if (this.pullUp) this.#power.awake();
    const heard = this.#reset === "heard";
    this.#reset = active ? "signalled" : "none";
    if (active) this.#hearReset();
    else if (this.#hears() && heard) this.#resetEnds();
  }

  /** The signalling lasts 10 ms and more: a core that had stopped its clocks hears it as soon as it has them again. */
  #hearReset(): void {
    if (this.#reset !== "signalled" || !this.pullUp) return;
    if (clockProblem(this.#options) !== undefined) {
      this.#options.timeline.after(RESET_SAMPLE_NS, () => this.#hearReset());
      return;
    }
    this.#reset = "heard";
    // Driven lines are not idle lines, however long it takes.
    this.#power.silence();
    this.#setupUnfinished = false;
    this.#statusPending = false;
    this.#core.busReset();
    this.#core.raise(GINT.USBRST);
    this.#core.update();
  }

  #resetEnds(): void {
    // Software has had the reset's length to clear DCFG.DAD; the core does not do it.
    this.#address = this.#addressField();
    this.#regs.setBits("DSTS", DSTS.ENUMSPD_FULL, true);
    this.#core.raise(GINT.ENUMDNE);
    this.#power.activity();
    this.#core.update();
  }

  sof(frame: number): void {
    this.#attach.evaluate();
    if (!this.#hears()) return;
    this.#power.awake();
    this.#power.activity();
    const status = this.#regs.get("DSTS") & ~(0x3fff << DSTS.FNSOF_SHIFT);
    this.#regs.set("DSTS", status | (frame << DSTS.FNSOF_SHIFT));
    this.#core.beginFrame(frame);
    this.#core.update();
  }

  resume(): void {
    if (this.pullUp) this.#power.resume();
  }

  lpm(address: number, attributes: number): LpmAnswer {
    if (!this.#addressed(address, 0)) return "none";
    const answer = this.#power.lpm(attributes);
    this.#core.update();
    return answer;
  }

  setup(address: number, endpoint: number, bytes: Uint8Array): Handshake {
    const target = this.#addressed(address, endpoint) ? this.#core.outs[endpoint] : undefined;
    if (target === undefined || endpoint !== 0) return "none";
    checkTurnaround(this.#options.hclkHz(), this.#regs.get("GUSBCFG"), (key, message) =>
      this.#core.mistake(key, message),
    );
    const answer = target.setup(bytes);
    if (answer === "ack") {
      this.#core.ins[0]?.setupReceived();
      this.#setupUnfinished = true;
      this.#statusPending = true;
      this.#statusIsOut = false;
    }
    this.#core.update();
    return answer;
  }

  out(address: number, endpoint: number, toggle: DataToggle, bytes: Uint8Array): Handshake {
    if (!this.#addressed(address, endpoint)) return "none";
    this.#endSetupStage(endpoint);
    const refused = endpoint === 0 && this.#statusIsOut && bytes.length > 0;
    if (refused && this.#regs.has("DCFG", DCFG.NZLSOHSK)) return "stall";
    const answer = this.#core.outs[endpoint]?.packet(toggle, bytes) ?? "none";
    if (answer === "nak") this.#core.nakSent();
    if (answer === "ack" && endpoint === 0 && bytes.length === 0) this.#statusDone();
    this.#core.update();
    return answer;
  }

  in(address: number, endpoint: number): InAnswer {
    if (!this.#addressed(address, endpoint)) return "none";
    this.#endSetupStage(endpoint);
    const answer = this.#core.ins[endpoint]?.token() ?? "none";
    if (answer === "nak") this.#core.nakSent();
    this.#core.update();
    return answer;
  }

  inAcknowledged(address: number, endpoint: number): void {
    if (!this.#addressed(address, endpoint)) return;
    const empty = this.#core.ins[endpoint]?.acknowledged() ?? false;
    if (endpoint === 0) this.#statusIsOut = true;
    if (endpoint === 0 && empty) this.#statusDone();
    this.#core.update();
  }

  #addressed(address: number, endpoint: number): boolean {
    if (endpoint >= ENDPOINTS || address !== this.#address || !this.#hears()) return false;
    this.#power.activity();
    return true;
  }

  #endSetupStage(endpoint: number): void {
    if (endpoint !== 0 || !this.#setupUnfinished) return;
    this.#setupUnfinished = false;
    this.#core.outs[0]?.setupStageOver();
  }

  #statusDone(): void {
    this.#statusPending = false;
    this.#address = this.#addressField();
  }
}
