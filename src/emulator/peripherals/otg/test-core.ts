/** For tests: the core's registers on a bench, with a host that is the test itself. */

import { Timeline } from "../../timeline.js";
import { diepctl, doepctl, doeptsiz, GLOBAL, runFor, TestLog } from "../../usb/test-device.js";
import { TestMemory } from "../test-kit.js";
import { OtgFs, type OtgFsOptions } from "./otg-fs.js";

export const EPENA = 0x8000_0000;
export const EPDIS = 1 << 30;
export const SNAK = 1 << 27;
export const CNAK = 1 << 26;
export const NAKSTS = 1 << 17;
export const USBAEP = 1 << 15;
export const BULK = 2 << 18;
export const PACKET = 1 << 19;

export interface Bench {
  readonly otg: OtgFs;
  readonly log: TestLog;
  readonly timeline: Timeline;
  get(offset: number): number;
  put(offset: number, value: number): void;
  /** Lets the few clocks pass that a command takes. */
  clocks(): void;
  irq(): boolean;
}

/** A core that is attached, has been reset by the host, and has the address 0. */
export function attached(options: Partial<OtgFsOptions> = {}): Bench {
  const timeline = new Timeline();
  const log = new TestLog();
  let asserted = false;
  const otg = new OtgFs({
    timeline,
    log,
    irq: {
      set: (on) => {
        asserted = on;
      },
    },
    bus: new TestMemory(),
    clocked: () => true,
    usbClockHz: () => 48e6,
    vdd33Ready: () => true,
    pinsReady: () => true,
    hclkHz: () => 240e6,
    ...options,
  });
  const get = (offset: number): number => otg.read(offset, 4);
  const put = (offset: number, value: number): void => otg.write(offset, 4, value >>> 0);
  put(GLOBAL.GUSBCFG, (get(GLOBAL.GUSBCFG) & ~(15 << 10)) | (1 << 6) | (6 << 10) | (1 << 30));
  put(GLOBAL.GCCFG, 1 << 16);
  put(GLOBAL.GOTGCTL, get(GLOBAL.GOTGCTL) | 0xc0);
  put(GLOBAL.DCFG, get(GLOBAL.DCFG) | 3);
  put(GLOBAL.GRXFSIZ, 64);
  put(GLOBAL.DIEPTXF0, (16 << 16) | 64);
  put(0x104, (32 << 16) | 80);
  put(GLOBAL.GAHBCFG, 1);
  otg.plug({ pullUpChanged: () => {}, mayBeReady: () => {}, remoteWakeup: () => {} });
  otg.busReset(true);
  otg.busReset(false);
  put(doeptsiz(0), 3 << 29);
  put(diepctl(1), USBAEP | BULK | (1 << 22) | 64);
  put(doepctl(1), USBAEP | BULK | 64);
  return { otg, log, timeline, get, put, clocks: () => runFor(timeline, 500), irq: () => asserted };
}

export const SETUP = Uint8Array.of(0x80, 6, 0, 1, 0, 0, 18, 0);
export const status = (word: number): { endpoint: number; bytes: number; kind: number } => ({
  endpoint: word & 15,
  bytes: (word >>> 4) & 0x7ff,
  kind: (word >>> 17) & 15,
});
export const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i + 1);

export function armOut(bench: Bench, packets: number): void {
  bench.put(doeptsiz(1), packets * (PACKET | 64));
  bench.put(doepctl(1), USBAEP | BULK | 64 | EPENA | CNAK);
}

export const DMAEN = 1 << 5;
export const BUFFER = TestMemory.BASE + 0x100;
export const diepdma = (n: number): number => 0x914 + 0x20 * n;
export const doepdma = (n: number): number => 0xb14 + 0x20 * n;

/** As `attached`, with DMA, and endpoint 0 ready for a SETUP packet at BUFFER. */
export function attachedWithDma(): Bench & { readonly memory: TestMemory } {
  const memory = new TestMemory();
  const bench = attached({ bus: memory });
  bench.put(GLOBAL.GAHBCFG, 1 | DMAEN);
  bench.put(doeptsiz(0), (3 << 29) | PACKET | 24);
  bench.put(doepdma(0), BUFFER);
  bench.put(doepctl(0), EPENA | USBAEP);
  return { ...bench, memory };
}
