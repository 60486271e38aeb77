import assert from "node:assert/strict";
import { test } from "node:test";
import { diepctl, diepint, dieptsiz, fifo, GLOBAL, runFor } from "../../usb/test-device.js";
import { attached, type Bench, CNAK, EPENA, PACKET } from "./test-core.js";

const GLPMCFG = 0x054;
const LPMEN = 1 << 0;
const LPMACK = 1 << 1;
const SLPSTS = 1 << 15;
const L1RSMOK = 1 << 16;
const LPMINT = 1 << 27;
const RWUSIG = 1 << 0;
const STPPCLK = 1 << 0;
const PHYSUSP = 1 << 4;
const WKUINT = 0x8000_0000;

/** bLinkState L1, BESL 6, the device may wake the host. */
const TOKEN = 1 | (6 << 4) | (1 << 8);

const response = ({ get }: Bench): number => (get(GLPMCFG) >>> 13) & 3;

function suspended(options: Parameters<typeof attached>[0] = {}): Bench {
  const bench = attached(options);
  bench.otg.sof(1);
  runFor(bench.timeline, 3.1e6);
  bench.put(GLOBAL.GINTSTS, 0xffff_ffff);
  return bench;
}

test("without LPMEN nothing answers to the token; without LPMACK it is NYET; another link state is a stall", () => {
  const bench = attached();
  const { otg, get, put } = bench;
  assert.equal(otg.lpm(0, TOKEN), "none");
  assert.equal(get(GLOBAL.GINTSTS) & LPMINT, 0);
  put(GLPMCFG, LPMEN);
  assert.equal(otg.lpm(0, TOKEN), "nyet");
  assert.equal(response(bench), 2);
  put(GLPMCFG, LPMEN | LPMACK);
  assert.equal(otg.lpm(0, (TOKEN & ~15) | 2), "stall");
  assert.equal(response(bench), 1);
  assert.equal(get(GLOBAL.GINTSTS) & LPMINT, LPMINT);
  assert.equal(otg.lpm(5, TOKEN), "none", "another address");
});

test("an acknowledged token leads into L1 8 us later; resume is possible 50 us after that", () => {
  const bench = attached();
  const { otg, get, put, timeline, irq } = bench;
  put(GLOBAL.GINTMSK, LPMINT);
  put(GLPMCFG, LPMEN | LPMACK | (1 << 28));
  otg.sof(1);
  assert.equal(otg.lpm(0, TOKEN), "ack");
  assert.equal(irq(), true);
  assert.equal(response(bench), 3);
  assert.equal((get(GLPMCFG) >>> 2) & 15, 6, "BESL");
  assert.equal(get(GLPMCFG) & (1 << 6), 1 << 6, "REMWAKE");
  assert.equal(get(GLPMCFG) & SLPSTS, 0);
  runFor(timeline, 9e3);
  assert.equal(get(GLPMCFG) & (SLPSTS | L1RSMOK), SLPSTS);
  runFor(timeline, 51e3);
  assert.equal(get(GLPMCFG) & (SLPSTS | L1RSMOK), SLPSTS | L1RSMOK);
  runFor(timeline, 10e6);
  assert.equal(get(GLOBAL.DSTS) & 1, 0, "L1 does not become a suspend");
  put(GLOBAL.GINTSTS, 0xffff_ffff);
  otg.resume();
  assert.equal(get(GLPMCFG) & (SLPSTS | L1RSMOK), 0);
  assert.equal((get(GLOBAL.GINTSTS) & WKUINT) >>> 0, WKUINT);
});

test("what waits to be sent, or a latency beyond the threshold, keeps the device awake: NYET", () => {
  const { otg, get, put } = attached();
  put(GLPMCFG, LPMEN | LPMACK | (5 << 8));
  put(dieptsiz(1), PACKET | 4);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  put(fifo(1), 1);
  assert.equal(otg.lpm(0, TOKEN), "nyet");
  otg.in(0, 1);
  otg.inAcknowledged(0, 1);
  put(GLOBAL.DCTL, 1 << 18);
  assert.equal(otg.lpm(0, TOKEN), "nyet", "DSBESLRJCT: BESL 6 is more than BESLTHRS 5");
  put(GLOBAL.DCTL, 0);
  assert.equal(otg.lpm(0, TOKEN), "ack");
});

test("in L1 RWUSIG wakes both ends, and the core clears it after 50 us", () => {
  let signalled = 0;
  const { otg, get, put, timeline } = attached();
  otg.plug({ pullUpChanged() {}, mayBeReady() {}, remoteWakeup: () => signalled++ });
  put(GLPMCFG, LPMEN | LPMACK);
  otg.lpm(0, TOKEN);
  runFor(timeline, 100e3);
  put(GLOBAL.DCTL, RWUSIG);
  assert.equal(signalled, 1);
  assert.equal((get(GLOBAL.GINTSTS) & WKUINT) >>> 0, WKUINT);
  assert.equal(get(GLPMCFG) & SLPSTS, 0);
  otg.sof(2);
  runFor(timeline, 49e3);
  assert.equal(get(GLOBAL.DCTL) & RWUSIG, RWUSIG);
  runFor(timeline, 2e3);
  assert.equal(get(GLOBAL.DCTL) & RWUSIG, 0);
});

test("in a suspend RWUSIG ends it, stays until software clears it, and is nothing on a bus that is awake", () => {
  let signalled = 0;
  const { otg, get, put, timeline } = suspended();
  otg.plug({ pullUpChanged() {}, mayBeReady() {}, remoteWakeup: () => signalled++ });
  put(GLOBAL.DCTL, RWUSIG);
  assert.equal(signalled, 1);
  assert.equal(get(GLOBAL.DSTS) & 1, 0);
  runFor(timeline, 1e6);
  assert.equal(get(GLOBAL.DCTL) & RWUSIG, RWUSIG);
  assert.equal(get(GLOBAL.GINTSTS) & WKUINT, 0, "the device knows by itself");
  put(GLOBAL.DCTL, 0);
  put(GLOBAL.DCTL, RWUSIG);
  assert.equal(signalled, 1);
});

test("the PHY is suspended once software stops its clock, and the wake-up line needs no clock", () => {
  const wakeUps: boolean[] = [];
  let clockHz = 48e6;
  const { otg, get, put } = suspended({
    wakeUpIrq: { set: (on) => wakeUps.push(on) },
    usbClockHz: () => clockHz,
  });
  wakeUps.length = 0;
  assert.equal(get(GLOBAL.PCGCCTL) & PHYSUSP, 0);
  put(GLOBAL.PCGCCTL, STPPCLK);
  assert.equal(get(GLOBAL.PCGCCTL), STPPCLK | PHYSUSP);
  clockHz = 0;
  otg.resume();
  assert.deepEqual(wakeUps, [true]);
  assert.equal(get(GLOBAL.PCGCCTL), STPPCLK, "software starts the clock again");
  put(GLOBAL.PCGCCTL, 0);
  assert.deepEqual(wakeUps, [true, false]);
});

test("a reset on a suspended bus is heard by the wake-up line, too", () => {
  const wakeUps: boolean[] = [];
  const { otg, put } = suspended({ wakeUpIrq: { set: (on) => wakeUps.push(on) }, usbClockHz: () => 48e6 });
  put(GLOBAL.PCGCCTL, STPPCLK);
  wakeUps.length = 0;
  otg.busReset(true);
  assert.deepEqual(wakeUps, [true]);
});

test("battery charging detection finds the data lines of an ordinary port, and no charger", () => {
  const { otg, get, put } = attached();
  const GCCFG = GLOBAL.GCCFG;
  put(GCCFG, 1 << 18);
  assert.equal(get(GCCFG) & 15, 0, "BCDEN first");
  put(GCCFG, (1 << 17) | (1 << 18));
  assert.equal(get(GCCFG) & 15, 1, "DCDET");
  put(GCCFG, (1 << 17) | (1 << 19));
  assert.equal(get(GCCFG) & 15, 0, "PDET: a standard downstream port");
  otg.unplug();
  put(GCCFG, (1 << 17) | (1 << 18));
  assert.equal(get(GCCFG) & 15, 0, "nobody is there");
});

test("endpoint 1 has interrupts of its own, by its own masks", () => {
  const lines = { in: false, out: false };
  const line = (name: "in" | "out") => ({
    set: (on: boolean) => {
      lines[name] = on;
    },
  });
  const { otg, get, put, irq } = attached({ endpoint1Irqs: { in: line("in"), out: line("out") } });
  put(0x83c, (1 << 1) | (1 << 17));
  put(0x844, 1);
  put(dieptsiz(1), PACKET);
  put(diepctl(1), get(diepctl(1)) | EPENA | CNAK);
  otg.in(0, 1);
  otg.inAcknowledged(0, 1);
  assert.deepEqual(lines, { in: true, out: false });
  assert.equal(get(0x838), 1 << 1, "DEACHINT");
  assert.equal(irq(), false, "not by DAINTMSK");
  put(diepint(1), 1);
  assert.deepEqual(lines, { in: false, out: false });
});

test("a reset is heard by a core that gets its clocks back while the host signals it, and the pull-up stays meanwhile", () => {
  let clockHz = 48e6;
  const { otg, get, put, timeline, log } = suspended({ usbClockHz: () => clockHz });
  clockHz = 0;
  put(GLOBAL.DCTL, 0);
  assert.equal(otg.pullUp, true);
  otg.busReset(true);
  runFor(timeline, 5e6);
  assert.equal(get(GLOBAL.GINTSTS) & (1 << 12), 0);
  clockHz = 48e6;
  runFor(timeline, 0.2e6);
  assert.equal(get(GLOBAL.GINTSTS) & (1 << 12), 1 << 12, "USBRST");
  otg.busReset(false);
  assert.equal(get(GLOBAL.GINTSTS) & (1 << 13), 1 << 13, "ENUMDNE");
  assert.deepEqual(log.lines, []);
});

test("a reset that was over before the core had its clocks is none, and it is told", () => {
  let clockHz = 48e6;
  const { otg, get, timeline, log } = suspended({ usbClockHz: () => clockHz });
  clockHz = 0;
  otg.busReset(true);
  runFor(timeline, 50e6);
  otg.busReset(false);
  clockHz = 48e6;
  runFor(timeline, 1e6);
  assert.equal(get(GLOBAL.GINTSTS) & 0x3000, 0);
  assert(log.has("USB kernel clock is off"));
});
