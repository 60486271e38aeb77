/**
 * For tests: a small CDC-ACM device on the registers of the OTG core, as the manual's programming model tells
 * (RM0433, "OTG device programming model", without DMA). It sinks or echoes what it receives.
 */

import type { EmulatorLog, InterruptLine } from "../bus.js";
import { OtgFs, type OtgFsOptions } from "../peripherals/otg/otg-fs.js";
import { TestMemory } from "../peripherals/test-kit.js";
import { Timeline } from "../timeline.js";
import { type HostState, UsbHost, type UsbHostOptions } from "./host.js";

export const GLOBAL = {
  GOTGCTL: 0x000,
  GAHBCFG: 0x008,
  GUSBCFG: 0x00c,
  GRSTCTL: 0x010,
  GINTSTS: 0x014,
  GINTMSK: 0x018,
  GRXSTSR: 0x01c,
  GRXSTSP: 0x020,
  GRXFSIZ: 0x024,
  DIEPTXF0: 0x028,
  GCCFG: 0x038,
  CID: 0x03c,
  DCFG: 0x800,
  DCTL: 0x804,
  DSTS: 0x808,
  DIEPMSK: 0x810,
  DOEPMSK: 0x814,
  DAINT: 0x818,
  DAINTMSK: 0x81c,
  DIEPEMPMSK: 0x834,
  PCGCCTL: 0xe00,
} as const;
export const diepctl = (n: number): number => 0x900 + 0x20 * n;
export const diepint = (n: number): number => 0x908 + 0x20 * n;
export const dieptsiz = (n: number): number => 0x910 + 0x20 * n;
export const dtxfsts = (n: number): number => 0x918 + 0x20 * n;
export const doepctl = (n: number): number => 0xb00 + 0x20 * n;
export const doepint = (n: number): number => 0xb08 + 0x20 * n;
export const doeptsiz = (n: number): number => 0xb10 + 0x20 * n;
export const fifo = (n: number): number => 0x1000 * (n + 1);

const EPENA = 0x8000_0000;
const EPDIS = 1 << 30;
const CNAK = 1 << 26;
const SNAK = 1 << 27;
const SD0PID = 1 << 28;
const STALL = 1 << 21;
const USBAEP = 1 << 15;
const PACKET = 1 << 19;

const text = (value: string): number[] => [
  2 + 2 * value.length,
  3,
  ...[...value].flatMap((c) => [c.charCodeAt(0), 0]),
];

export const DEVICE_DESCRIPTOR = [
  18, 1, 0x00, 0x02, 0xef, 0x02, 0x01, 64, 0x09, 0x12, 0x01, 0x00, 0x00, 0x01, 1, 2, 3, 1,
];
export const CONFIGURATION_DESCRIPTOR = [
  [9, 2, 75, 0, 2, 1, 0, 0xc0, 50],
  [8, 11, 0, 2, 2, 2, 0, 0],
  [9, 4, 0, 0, 1, 2, 2, 0, 0],
  [5, 0x24, 0, 0x10, 0x01],
  [5, 0x24, 1, 0, 1],
  [4, 0x24, 2, 2],
  [5, 0x24, 6, 0, 1],
  [7, 5, 0x82, 3, 16, 0, 16],
  [9, 4, 1, 0, 2, 0x0a, 0, 0, 0],
  [7, 5, 0x01, 2, 64, 0, 0],
  [7, 5, 0x81, 2, 64, 0, 0],
];

export interface TestDeviceOptions {
  readonly device?: readonly number[];
  readonly configuration?: readonly (readonly number[])[];
  readonly bos?: readonly number[];
  /** Sends back what arrives; otherwise it is only counted. */
  readonly echo?: boolean;
  /** Forces DATA0 for every bulk IN packet: a bug that the host must notice. */
  readonly breakToggle?: boolean;
  /** Interrupt latency in ns. */
  readonly latencyNs?: number;
  /** Packets that one arming of the bulk OUT endpoint takes. */
  readonly outPackets?: number;
}

export class TestDevice {
  readonly otg: OtgFs;
  readonly received: number[] = [];
  readonly events: string[] = [];
  readonly requests: number[][] = [];
  sofs = 0;
  configured = false;
  /** DTR and RTS as last set. */
  lines = 0;
  /** Do not arm the bulk OUT endpoint again until `resumeOut`. */
  holdOut = false;
  readonly #timeline: Timeline;
  readonly #options: TestDeviceOptions;
  #asserted = false;
  #scheduled = false;
  #setup: number[] = [];
  #lineCoding: number[] = [0, 0, 0, 0, 0, 0, 8];
  #ep0: number[] = [];
  #toSend: number[] = [];
  #sending = false;
  #held = false;

  constructor(timeline: Timeline, otg: (irq: InterruptLine) => OtgFs, options: TestDeviceOptions = {}) {
    this.#timeline = timeline;
    this.#options = options;
    this.otg = otg({ set: (on) => this.#interrupt(on) });
  }

  get(offset: number): number {
    return this.otg.read(offset, 4);
  }

  put(offset: number, value: number): void {
    this.otg.write(offset, 4, value >>> 0);
  }

  /** RM0433: core initialization, then device initialization. */
  start(): void {
    this.#change(GLOBAL.GUSBCFG, 0, 1 << 6);
    this.put(GLOBAL.GRSTCTL, 1);
    runFor(this.#timeline, 1e3);
    this.#change(GLOBAL.GUSBCFG, 15 << 10, (6 << 10) | (1 << 30));
    this.put(GLOBAL.GCCFG, 1 << 16);
    this.#change(GLOBAL.GOTGCTL, 0, (1 << 6) | (1 << 7));
    this.#change(GLOBAL.DCFG, 0, 3);
    this.put(GLOBAL.GRXFSIZ, 256);
    this.put(GLOBAL.DIEPTXF0, (32 << 16) | 256);
    this.put(0x104, (256 << 16) | 288);
    this.put(0x108, (16 << 16) | 544);
    this.put(GLOBAL.GINTMSK, 0xc0_3818 | (1 << 18) | (1 << 19) | 0x8000_0000);
    this.put(GLOBAL.GAHBCFG, 1);
  }

  #change(offset: number, clear: number, set: number): void {
    this.put(offset, (this.get(offset) & ~clear) | set);
  }

  resumeOut(): void {
    this.holdOut = false;
    if (this.#held) this.#armOut();
  }

  /** Queues bytes for the host. */
  send(bytes: Iterable<number>): void {
    this.#toSend.push(...bytes);
    this.#fillIn();
  }

  stallBulk(direction: "in" | "out"): void {
    if (direction === "in") this.put(diepctl(1), this.get(diepctl(1)) | STALL);
    else this.put(doepctl(1), this.get(doepctl(1)) | STALL);
  }

  #interrupt(on: boolean): void {
    this.#asserted = on;
    if (!on || this.#scheduled) return;
    this.#scheduled = true;
    this.#timeline.after(this.#options.latencyNs ?? 1e3, () => {
      this.#scheduled = false;
      this.#handle();
      if (this.#asserted) this.#interrupt(true);
    });
  }

  #handle(): void {
    const status = this.get(GLOBAL.GINTSTS) & this.get(GLOBAL.GINTMSK);
    this.put(GLOBAL.GINTSTS, status & 0x8000_3808);
    if (status & (1 << 11)) this.events.push("suspend");
    if (status & 0x8000_0000) this.events.push("resume");
    if (status & (1 << 12)) this.#busReset();
    if (status & (1 << 13)) this.put(diepctl(0), 0);
    if (status & (1 << 3)) this.sofs++;
    // What was sent comes first: a new SETUP may already stand behind it.
    if (status & (1 << 18)) this.#inInterrupts();
    if (status & (1 << 4)) while (this.get(GLOBAL.GINTSTS) & (1 << 4)) this.#receive();
    if (status & (1 << 19)) this.#outInterrupts();
  }

  #busReset(): void {
    this.events.push("reset");
    this.configured = false;
    this.put(doepctl(0), SNAK);
    this.put(doepctl(1), SNAK);
    for (let n = 0; n < 3; n++) {
      const control = this.get(diepctl(n));
      if (control & EPENA) this.put(diepctl(n), control | SNAK | EPDIS);
    }
    this.put(GLOBAL.DAINTMSK, 0x0003_0007);
    this.put(GLOBAL.DOEPMSK, (1 << 0) | (1 << 3));
    this.put(GLOBAL.DIEPMSK, 1 << 0);
    this.put(GLOBAL.GRSTCTL, (1 << 5) | (16 << 6));
    this.#change(GLOBAL.DCFG, 0x7f << 4, 0);
    this.put(doeptsiz(0), 3 << 29);
    this.#sending = false;
  }

  #receive(): void {
    const status = this.get(GLOBAL.GRXSTSP);
    const endpoint = status & 15;
    const length = (status >>> 4) & 0x7ff;
    const bytes: number[] = [];
    for (let at = 0; at < length; at += 4) {
      const word = this.get(fifo(0));
      for (let i = 0; i < 4 && at + i < length; i++) bytes.push((word >>> (8 * i)) & 0xff);
    }
    const kind = (status >>> 17) & 15;
    if (kind === 6) this.#setup = bytes;
    if (kind !== 2) return;
    if (endpoint === 0) this.#controlData(bytes);
    else this.#bulkData(bytes);
  }

  #bulkData(bytes: number[]): void {
    this.received.push(...bytes);
    if (this.#options.echo === true) this.send(bytes);
  }

  #outInterrupts(): void {
    const zero = this.get(doepint(0));
    this.put(doepint(0), zero);
    if (zero & (1 << 3)) this.#control();
    const one = this.get(doepint(1));
    this.put(doepint(1), one);
    if (one & 1) this.#armOut();
  }

  #inInterrupts(): void {
    for (let n = 0; n < 3; n++) {
      const cause = this.get(diepint(n)) & 0x7f;
      this.put(diepint(n), cause);
      if ((cause & 1) === 0) continue;
      if (n === 0 && this.#ep0.length > 0) this.#sendEp0();
      else if (n === 0 && (this.#setup[0] ?? 0) & 0x80) this.#armEp0Out();
      if (n !== 1) continue;
      this.#sending = false;
      this.#fillIn();
    }
  }

  #control(): void {
    this.put(doeptsiz(0), 3 << 29);
    this.requests.push(this.#setup);
    const [type = 0, request = 0, low = 0, high = 0, index = 0, , length = 0, lengthHigh = 0] = this.#setup;
    const wLength = length | (lengthHigh << 8);
    if (type === 0x80 && request === 6) this.#reply(this.#descriptor(high, low), wLength);
    else if (type === 0 && request === 5) {
      this.#change(GLOBAL.DCFG, 0x7f << 4, low << 4);
      this.#reply([], 0);
    } else if (type === 0 && request === 9) this.#configure();
    else if (type === 0 && (request === 1 || request === 3)) this.#reply([], 0);
    else if (type === 2 && request === 1) this.#clearHalt(index);
    else if (type === 0x21 && request === 0x22) {
      this.lines = low;
      this.#reply([], 0);
    } else if (type === 0x21 && request === 0x20) this.#armEp0Out();
    else if (type === 0xa1 && request === 0x21) this.#reply(this.#lineCoding, wLength);
    else this.#refuse();
  }

  #refuse(): void {
    this.put(diepctl(0), STALL);
    this.put(doepctl(0), STALL);
  }

  #descriptor(type: number, index: number): number[] | undefined {
    if (type === 1) return [...(this.#options.device ?? DEVICE_DESCRIPTOR)];
    if (type === 2) return (this.#options.configuration ?? CONFIGURATION_DESCRIPTOR).flat();
    if (type === 15 && this.#options.bos !== undefined) return [...this.#options.bos];
    if (type !== 3) return undefined;
    return [[4, 3, 9, 4], text("Example Vendor"), text("Example Product"), text("0123-4567")][index];
  }

  #reply(bytes: readonly number[] | undefined, wLength: number): void {
    if (bytes === undefined) {
      this.#refuse();
      return;
    }
    this.#ep0 = bytes.slice(0, wLength);
    this.#sendEp0();
  }

  #sendEp0(): void {
    const packet = this.#ep0.splice(0, 64);
    this.put(dieptsiz(0), PACKET | packet.length);
    this.put(diepctl(0), EPENA | CNAK);
    this.#push(0, packet);
  }

  #armEp0Out(): void {
    this.put(doeptsiz(0), (3 << 29) | PACKET | 64);
    this.put(doepctl(0), EPENA | CNAK);
  }

  #controlData(bytes: number[]): void {
    if (bytes.length === 0) return;
    this.#lineCoding = bytes;
    this.#reply([], 0);
  }

  #configure(): void {
    this.configured = true;
    this.put(diepctl(1), USBAEP | SD0PID | (2 << 18) | (1 << 22) | 64);
    this.put(doepctl(1), USBAEP | SD0PID | (2 << 18) | 64);
    this.put(diepctl(2), USBAEP | SD0PID | (3 << 18) | (2 << 22) | 16);
    this.#armOut();
    this.#reply([], 0);
  }

  #clearHalt(endpoint: number): void {
    const control = endpoint & 0x80 ? diepctl(endpoint & 15) : doepctl(endpoint & 15);
    this.put(control, (this.get(control) & ~(STALL | EPENA)) | SD0PID);
    this.#reply([], 0);
  }

  #armOut(): void {
    this.#held = this.holdOut;
    if (this.holdOut) return;
    const packets = this.#options.outPackets ?? 8;
    this.put(doeptsiz(1), packets * (PACKET | 64));
    this.put(doepctl(1), (this.get(doepctl(1)) & ~EPENA) | EPENA | CNAK);
  }

  #fillIn(): void {
    if (this.#sending || !this.configured || this.#toSend.length === 0) return;
    this.#sending = true;
    const bytes = this.#toSend.splice(0, 512);
    this.put(dieptsiz(1), Math.ceil(bytes.length / 64) * PACKET + bytes.length);
    const control = this.get(diepctl(1)) | EPENA | CNAK;
    this.put(diepctl(1), this.#options.breakToggle === true ? control | SD0PID : control);
    this.#push(1, bytes);
  }

  #push(endpoint: number, bytes: readonly number[]): void {
    for (let at = 0; at < bytes.length; at += 4) {
      let word = 0;
      for (let i = 0; i < 4; i++) word |= (bytes[at + i] ?? 0) << (8 * i);
      this.put(fifo(endpoint), word);
    }
  }
}

/** Lets board time pass, event by event. */
export function runFor(timeline: Timeline, ns: number): void {
  const end = timeline.now + ns;
  while (timeline.now < end) {
    timeline.skipTo(end);
    timeline.runDue();
  }
}

export class TestLog implements EmulatorLog {
  readonly lines: string[] = [];
  readonly #seen = new Set<string>();

  once(key: string, message: string): void {
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.lines.push(message);
  }

  note(message: string): void {
    this.lines.push(message);
  }

  has(part: string): boolean {
    return this.lines.some((line) => line.includes(part));
  }
}

export interface Rig {
  readonly timeline: Timeline;
  readonly log: TestLog;
  readonly device: TestDevice;
  readonly host: UsbHost;
  run(ns: number): void;
  /** Runs until the host is in `state`. Fails after a second of board time. */
  until(state: HostState): void;
}

export interface RigOptions {
  readonly surroundings?: Partial<OtgFsOptions>;
  readonly device?: TestDeviceOptions;
  readonly host?: Partial<UsbHostOptions>;
}

/** A device on its core, a host, and the cable between them (not plugged yet). */
export function makeRig(options: RigOptions = {}): Rig {
  const timeline = new Timeline();
  const log = new TestLog();
  const device = new TestDevice(
    timeline,
    (irq) =>
      new OtgFs({
        timeline,
        log,
        irq,
        bus: new TestMemory(),
        clocked: () => true,
        usbClockHz: () => 48e6,
        vdd33Ready: () => true,
        pinsReady: () => true,
        hclkHz: () => 200e6,
        ...options.surroundings,
      }),
    options.device,
  );
  const host = new UsbHost({ timeline, log, port: device.otg, ...options.host });
  const run = (ns: number): void => runFor(timeline, ns);
  return {
    timeline,
    log,
    device,
    host,
    run,
    until(state) {
      const end = timeline.now + 1e9;
      while (host.state !== state && timeline.now < end) run(1e5);
      if (host.state !== state)
        throw new Error(`host is ${host.state}, not ${state}: ${log.lines.join("\n")}`);
    },
  };
}
