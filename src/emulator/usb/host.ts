/**
 * A USB host with one root port: notices the device, resets and enumerates it as Linux does, checks its
 * descriptors, and offers its CDC port. All in board time.
 */

import type { EmulatorLog } from "../bus.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { LPM_ATTRIBUTES, type LpmAnswer, type UsbDevicePort } from "../usb-port.js";
import { CdcPort, type LinkFault } from "./cdc.js";
import { ControlPipe, type ControlResult } from "./control.js";
import type { DriverHost, HostDriver } from "./driver.js";
import {
  allowWakeup,
  type EnumeratedDevice,
  EnumerationError,
  enumerate,
  type Question,
  type Step,
} from "./enumeration.js";
import { type BusStatistics, FrameBus } from "./frames.js";
import { Bandwidth } from "./isochronous.js";

/**
 * unplugged: no cable. empty: cable, but no pull-up. debouncing, resetting, enumerating: on the way.
 * configured: in use. suspended: the host sleeps (L2). sleeping: the bus rests between transfers (L1). failed: given up, until
 * the device leaves and comes back.
 */
export type HostState =
  | "unplugged"
  | "empty"
  | "debouncing"
  | "resetting"
  | "enumerating"
  | "configured"
  | "suspended"
  | "sleeping"
  | "failed";

export interface UsbHostOptions {
  readonly timeline: Timeline;
  readonly log: EmulatorLog;
  readonly port: UsbDevicePort;
  /** Damages what goes through the CDC port. */
  readonly fault?: LinkFault;
}

/** USB 2.0, 7.1.7: connection debounce, root port reset, reset recovery, resume signalling and recovery. */
const DEBOUNCE_NS = 100e6;
const RESET_NS = 50e6;
const RESET_RECOVERY_NS = 10e6;
const RESUME_NS = 20e6;
const RESUME_RECOVERY_NS = 10e6;
/** How long the host drives resume out of L1, by BESL (microseconds; errata of the LPM ECN, table X-X1), and then waits. */
const L1_RESUME_US = [
  125, 150, 200, 300, 400, 500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000,
];
const L1_RECOVERY_NS = 10e3;
/** Configuration descriptor, bmAttributes. */
const REMOTE_WAKEUP = 1 << 5;
/** Linux tries four times. */
const ATTEMPTS = 4;
const DEFAULT_MAX_PACKET = 8;

export class UsbHost {
  readonly #options: UsbHostOptions;
  readonly #bus: FrameBus;
  readonly #control: ControlPipe;
  #state: HostState = "unplugged";
  #event: TimelineEvent | undefined;
  #attempt = 0;
  #lastAddress = 0;
  #address = 0;
  #maxPacket = DEFAULT_MAX_PACKET;
  #device: EnumeratedDevice | undefined;
  #cdc: CdcPort | undefined;
  #onCdc: ((port: CdcPort) => void) | undefined;
  readonly #drivers: HostDriver[] = [];
  #leaving: (() => void)[] = [];
  #onState: ((state: HostState) => void) | undefined;
  /** Counts attachments, so that an answer to a question of before finds nobody. */
  #session = 0;

  constructor(options: UsbHostOptions) {
    this.#options = options;
    const { timeline, port, log } = options;
    this.#bus = new FrameBus(timeline, port, () => this.#control.tick());
    this.#control = new ControlPipe(
      () => timeline.now,
      () => this.#bus.kick(),
      (message) => log.note(`usb: ${message}`),
    );
    this.#bus.add(this.#control);
  }

  get state(): HostState {
    return this.#state;
  }

  /** The host's end pulls D+ and D- down (15 kOhm) and feeds VBUS: a cable is in. */
  get pullDowns(): boolean {
    return this.#state !== "unplugged";
  }

  /** The device as it enumerated, while it is there. */
  get device(): EnumeratedDevice | undefined {
    return this.#device;
  }

  /** The CDC port of the device, while it is there. */
  get cdc(): CdcPort | undefined {
    return this.#cdc;
  }

  get statistics(): Readonly<BusStatistics> {
    return this.#bus.statistics;
  }

  /** Sets the one receiver of CDC ports: called each time a device was configured that has one. */
  onCdc(receiver: (port: CdcPort) => void): void {
    this.#onCdc = receiver;
  }

  /** Adds a driver, which is shown every device that is configured from now on. */
  addDriver(driver: HostDriver): void {
    this.#drivers.push(driver);
  }

  onState(receiver: (state: HostState) => void): void {
    this.#onState = receiver;
  }

  plug(): void {
    if (this.#state !== "unplugged") return;
    this.#enter("empty");
    const { port } = this.#options;
    port.plug({
      pullUpChanged: (on) => (on ? this.#attached() : this.#detached("it left the bus")),
      mayBeReady: () => this.#bus.mayBeReady(),
      remoteWakeup: () => this.#remoteWakeup(),
    });
    if (port.pullUp) this.#attached();
  }

  unplug(): void {
    if (this.#state === "unplugged") return;
    this.#options.port.unplug();
    this.#detached("unplugged");
    this.#enter("unplugged");
  }

  /**
   * The host goes to sleep: no more frames, the device suspends after 3 ms. A device that can wake its host is allowed to first. Only
   * while configured.
   */
  sleep(): void {
    if (this.#state !== "configured") return;
    const suspend = (): void => {
      if (this.#state !== "configured") return;
      this.#bus.stop();
      this.#enter("suspended");
    };
    if (this.#canWake) this.#ask(allowWakeup(true), suspend);
    else suspend();
  }

  /**
   * Has the bus rest in L1, as hosts do between transfers, if the device offers it. Only while configured.
   * @returns the device's answer; "none" also when it does not offer it.
   */
  rest(): LpmAnswer {
    const answer = this.#askToRest();
    if (answer !== "ack")
      this.#options.log.note(`usb: the bus does not rest (L1), the device's answer is: ${answer}`);
    return answer;
  }

  #askToRest(): LpmAnswer {
    const lpm = this.#device?.lpm;
    if (this.#state !== "configured" || lpm === undefined) return "none";
    const wakes = this.#canWake ? LPM_ATTRIBUTES.REMOTE_WAKE : 0;
    const answer = this.#options.port.lpm(this.#address, 1 | (lpm.besl << LPM_ATTRIBUTES.BESL_SHIFT) | wakes);
    if (answer !== "ack") return answer;
    this.#bus.stop();
    this.#enter("sleeping");
    return answer;
  }

  /** Wakes bus and device; traffic goes on 30 ms later, out of L1 sooner. */
  wake(): void {
    const { port } = this.#options;
    if (this.#state === "suspended") {
      port.resume();
      this.#resumed(RESUME_NS, RESUME_RECOVERY_NS);
    } else if (this.#state === "sleeping") {
      port.resume();
      this.#resumed((L1_RESUME_US[this.#device?.lpm?.besl ?? 0] ?? 0) * 1000, L1_RECOVERY_NS);
    }
  }

  #resumed(signalNs: number, recoveryNs: number): void {
    const suspended = this.#state === "suspended";
    this.#later(signalNs, () => {
      this.#bus.start();
      this.#later(recoveryNs, () => {
        this.#enter("configured");
        if (suspended && this.#canWake) this.#ask(allowWakeup(false), () => {});
      });
    });
  }

  get #canWake(): boolean {
    return ((this.#device?.configuration.bmAttributes ?? 0) & REMOTE_WAKEUP) !== 0;
  }

  #enter(state: HostState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState?.(state);
  }

  #later(ns: number, run: () => void): void {
    this.#options.timeline.cancel(this.#event);
    this.#event = this.#options.timeline.after(ns, run);
  }

  #attached(): void {
    if (this.#state !== "empty") return;
    this.#attempt = 0;
    this.#enter("debouncing");
    this.#later(DEBOUNCE_NS, () => this.#reset());
  }

  #detached(reason: string): void {
    if (this.#state === "unplugged" || this.#state === "empty") return;
    this.#session++;
    this.#options.timeline.cancel(this.#event);
    this.#bus.stop();
    this.#device = undefined;
    const cdc = this.#cdc;
    this.#cdc = undefined;
    this.#enter("empty");
    for (const leave of this.#leaving) leave();
    this.#leaving = [];
    // First the port, so that it does not complain about the requests that end here.
    cdc?.disconnect(reason);
    this.#control.abort();
  }

  /** The host takes the device's resume signalling over. */
  #remoteWakeup(): void {
    if (this.#canWake) {
      this.wake();
      return;
    }
    this.#options.log.once("usb.wakeup", "usb: the device signals resume, but the host did not allow it to");
  }

  #reset(): void {
    const { port } = this.#options;
    this.#enter("resetting");
    this.#address = 0;
    this.#maxPacket = DEFAULT_MAX_PACKET;
    this.#bus.stop();
    port.busReset(true);
    this.#later(RESET_NS, () => {
      port.busReset(false);
      this.#bus.start();
      this.#later(RESET_RECOVERY_NS, () => this.#enumerate());
    });
  }

  #enumerate(): void {
    this.#enter("enumerating");
    this.#lastAddress = (this.#lastAddress % 127) + 1;
    this.#advance(enumerate(this.#lastAddress), this.#session, undefined);
  }

  /** Runs steps until one takes time; goes on when it is done. */
  #advance(
    steps: Generator<Step, EnumeratedDevice, ControlResult | undefined>,
    session: number,
    result: ControlResult | undefined,
  ): void {
    if (session !== this.#session) return;
    try {
      let next = steps.next(result);
      while (next.done !== true) {
        const step = next.value;
        if (step.kind === "ask") {
          this.#ask(step.question, (answer) => this.#advance(steps, session, answer));
          return;
        }
        if (step.kind === "wait") {
          this.#later(step.ns, () => this.#advance(steps, session, undefined));
          return;
        }
        if (step.kind === "address") this.#address = step.address;
        else this.#maxPacket = step.bytes;
        next = steps.next(undefined);
      }
      this.#configured(next.value);
    } catch (error) {
      if (!(error instanceof EnumerationError)) throw error;
      this.#failed(error.message);
    }
  }

  #ask(question: Question, finish: (result: ControlResult) => void): void {
    this.#control.submit({ ...question, address: this.#address, maxPacket: this.#maxPacket }, finish);
  }

  #failed(message: string): void {
    const { log } = this.#options;
    log.note(`usb 1-1: ${message}`);
    if (++this.#attempt < ATTEMPTS) {
      this.#reset();
      return;
    }
    log.note("usb 1-1: unable to enumerate USB device");
    this.#bus.stop();
    this.#enter("failed");
  }

  #configured(device: EnumeratedDevice): void {
    const { log, fault } = this.#options;
    this.#device = device;
    for (const violation of device.violations) log.note(`usb 1-1: error in the device: ${violation}`);
    this.#enter("configured");
    const host = this.#driverHost(device.address);
    for (const driver of this.#drivers) {
      const leave = driver.attach(device, host);
      if (leave !== undefined) this.#leaving.push(leave);
    }
    if (device.acm === undefined) return;
    this.#cdc = new CdcPort(device.address, device.acm, {
      bus: this.#bus,
      log,
      fault,
      ask: (question, finish) => this.#ask(question, finish),
    });
    this.#onCdc?.(this.#cdc);
  }

  #driverHost(address: number): DriverHost {
    const { log } = this.#options;
    const session = this.#session;
    return {
      address,
      bus: this.#bus,
      bandwidth: new Bandwidth(),
      log,
      ask: (question, finish) => {
        if (session !== this.#session) return;
        this.#ask(question, (result) => {
          if (session === this.#session) finish(result);
        });
      },
    };
  }
}
