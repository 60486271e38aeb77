import assert from "node:assert/strict";
import { test } from "node:test";
import type { CdcDisconnectedError, CdcPort } from "./cdc.js";
import {
  CONFIGURATION_DESCRIPTOR,
  DEVICE_DESCRIPTOR,
  GLOBAL,
  makeRig,
  type Rig,
  type RigOptions,
} from "./test-device.js";

function connect(options: RigOptions = {}): Rig & { cdc: CdcPort } {
  const rig = makeRig(options);
  rig.device.start();
  rig.host.plug();
  rig.until("configured");
  const { cdc } = rig.host;
  assert(cdc !== undefined);
  return { ...rig, cdc };
}

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

test("the host enumerates the device and finds nothing wrong with it", () => {
  const { host, device, log } = connect();
  assert.deepEqual(log.lines, []);
  assert.deepEqual(host.device?.violations, []);
  assert.equal(host.device?.vendor, "Example Vendor");
  assert.equal(host.device?.product, "Example Product");
  assert.equal(host.device?.serial, "0123-4567");
  const asked = device.requests.map(([type = 0, request = 0, low = 0, high = 0]) => [
    type,
    request,
    high,
    low,
  ]);
  assert.deepEqual(asked, [
    [0x80, 6, 1, 0],
    [0x00, 5, 0, 1],
    [0x80, 6, 1, 0],
    [0x80, 6, 6, 0],
    [0x80, 6, 2, 0],
    [0x80, 6, 2, 0],
    [0x80, 6, 3, 0],
    [0x80, 6, 3, 1],
    [0x80, 6, 3, 2],
    [0x80, 6, 3, 3],
    [0x00, 9, 0, 1],
    [0x21, 0x22, 0, 0],
    [0x21, 0x20, 0, 0],
    [0xa1, 0x21, 0, 0],
  ]);
  assert.deepEqual(device.events, ["suspend", "reset"], "idle line before the reset, then the reset");
});

test("enumeration takes debounce, reset and recovery, not less", () => {
  const { timeline } = connect();
  assert(timeline.now >= 170e6 && timeline.now < 260e6, `${timeline.now} ns`);
});

test("one SOF comes each millisecond, with its frame number", () => {
  const { device, run, timeline } = connect();
  const before = device.sofs;
  const frame = (device.get(GLOBAL.DSTS) >>> 8) & 0x3fff;
  run(100e6);
  assert.equal(device.sofs - before, 100, `at ${timeline.now}`);
  assert.equal((device.get(GLOBAL.DSTS) >>> 8) & 0x3fff, (frame + 100) & 0x7ff);
});

test("an idle bus costs few events", () => {
  const { timeline, cdc, run, host } = connect();
  cdc.onData(() => {});
  cdc.open();
  run(10e6);
  let events = 0;
  const end = timeline.now + 100e6;
  while (timeline.now < end) {
    timeline.skipTo(end);
    timeline.runDue();
    events++;
  }
  // The frame, the end of its IN polls, and the test device's SOF interrupt; the suspend watch every 3 ms.
  assert(events <= 100 * 5, `${events} events in 100 frames`);
  assert(host.statistics.naks >= 100, "the quiet IN endpoint is still polled in each frame");
});

test("a device that arms in time receives between 1.0 and 1.216 MB/s, unharmed", () => {
  const { cdc, device, timeline, run } = connect();
  cdc.open();
  run(2e6);
  const data = pattern(256 * 1024);
  const begin = timeline.now;
  cdc.send(data, () => {});
  while (cdc.queuedBytes > 0 && timeline.now < begin + 1e9) run(1e5);
  const rate = (data.length / (timeline.now - begin)) * 1e9;
  run(1e6);
  assert(rate > 1.0e6 && rate <= 1.216e6, `${rate} bytes/s`);
  assert.deepEqual(Uint8Array.from(device.received), data);
});

test("never more than 19 bulk packets fit into a frame", () => {
  const { cdc, device, host, run } = connect({ device: { echo: true } });
  let received = 0;
  cdc.onData((bytes) => {
    received += bytes.length;
  });
  cdc.open();
  cdc.send(pattern(64 * 1024), () => {});
  run(3e6);
  for (let i = 0; i < 20; i++) {
    const { frames, packets } = host.statistics;
    run(1e6);
    assert(host.statistics.packets - packets <= 19 * (host.statistics.frames - frames) + 1);
  }
  assert(received > 0 && device.received.length > 0);
});

test("what is echoed comes back whole while both directions share the bus", () => {
  const { cdc, run, timeline, log } = connect({ device: { echo: true } });
  const back: number[] = [];
  cdc.onData((bytes) => back.push(...bytes));
  cdc.open();
  const data = pattern(20_001);
  cdc.send(data, () => {});
  const end = timeline.now + 1e9;
  while (back.length < data.length && timeline.now < end) run(1e6);
  assert.deepEqual(Uint8Array.from(back), data);
  assert.deepEqual(log.lines, []);
});

test("an answer does not wait for the next frame, nor does an endpoint that is armed late", () => {
  const { cdc, device, run, timeline } = connect({ device: { echo: true, outPackets: 1 } });
  const times: number[] = [];
  cdc.onData(() => times.push(timeline.now));
  cdc.open();
  run(5e6);
  const begin = timeline.now;
  for (let i = 1; i <= 4; i++) {
    cdc.send(Uint8Array.of(i), () => {});
    while (times.length < i && timeline.now < begin + 10e6) run(1e3);
  }
  assert(timeline.now - begin < 0.5e6, `4 round trips took ${timeline.now - begin} ns`);
  device.holdOut = true;
  cdc.send(pattern(64 * 3), () => {});
  run(10.2e6);
  const before = device.received.length;
  device.resumeOut();
  run(0.15e6);
  assert.equal(device.received.length, before + 64 * 2);
});

test("a device that does not arm its endpoint is waited for, and nothing is lost", () => {
  const { cdc, device, run } = connect();
  cdc.open();
  device.holdOut = true;
  const data = pattern(40_000);
  let taken = false;
  cdc.send(data, () => {
    taken = true;
  });
  run(20e6);
  assert(device.received.length < data.length);
  assert.equal(taken, false, "back-pressure reaches the writer");
  assert(cdc.statistics.naksOut >= 15, "and the endpoint is tried again in each frame");
  device.resumeOut();
  run(60e6);
  assert.equal(taken, true);
  assert.deepEqual(Uint8Array.from(device.received), data);
});

test("a receive FIFO that is full says NAK until it is read, and nothing is lost", () => {
  const { cdc, device, run, log } = connect({ device: { latencyNs: 700e3, outPackets: 64 } });
  device.put(GLOBAL.GRXFSIZ, 64);
  cdc.open();
  const data = pattern(20_000);
  cdc.send(data, () => {});
  run(200e6);
  assert.deepEqual(Uint8Array.from(device.received), data);
  assert(cdc.statistics.naksOut > 0);
  assert.deepEqual(log.lines, []);
});

test("a paused reader holds the device back", () => {
  const { cdc, device, run } = connect();
  const back: number[] = [];
  cdc.onData((bytes) => back.push(...bytes));
  cdc.open();
  cdc.pause();
  device.send(pattern(1000));
  run(20e6);
  assert.equal(back.length, 0);
  cdc.resume();
  run(20e6);
  assert.deepEqual(Uint8Array.from(back), pattern(1000));
});

test("DTR follows open and close", () => {
  const { cdc, device, run } = connect();
  assert.equal(device.lines, 0);
  cdc.open();
  run(5e6);
  assert.equal(device.lines, 3);
  cdc.close();
  run(5e6);
  assert.equal(device.lines, 0);
});

test("a host that sleeps suspends the device after 3 ms and resumes it when it wakes", () => {
  const { host, device, cdc, run, until } = connect();
  cdc.open();
  run(5e6);
  device.events.length = 0;
  // The bus is idle from the last frame's start on.
  for (const { frames } = host.statistics; host.statistics.frames === frames; ) run(1e4);
  host.sleep();
  cdc.send(pattern(10), () => {});
  run(2.5e6);
  assert.deepEqual(device.events, []);
  run(2e6);
  assert.deepEqual(device.events, ["suspend"]);
  assert.equal(device.get(GLOBAL.DSTS) & 1, 1);
  run(50e6);
  assert.equal(device.received.length, 0);
  host.wake();
  until("configured");
  run(2e6);
  assert.deepEqual(device.events, ["suspend", "resume"]);
  assert.equal(device.received.length, 10);
});

test("unplugging in the middle of a transfer ends the port, and plugging in again makes a new one", () => {
  const { host, device, cdc, run, until } = connect();
  cdc.open();
  let reason: CdcDisconnectedError | undefined;
  let failed: unknown;
  cdc.onDisconnect((error) => {
    reason = error;
  });
  cdc.send(pattern(100_000), (error) => {
    failed = error;
  });
  run(10e6);
  const got = device.received.length;
  assert(got > 0 && got < 100_000);
  host.unplug();
  assert.equal(host.state, "unplugged");
  assert.equal(host.pullDowns, false);
  assert.equal(reason?.name, "CdcDisconnectedError");
  assert.equal(failed, reason);
  assert.throws(() => cdc.open(), { name: "CdcDisconnectedError" });
  run(10e6);
  assert.equal(device.events.at(-1), "suspend", "no host, no frames");
  assert.equal(device.received.length, got);
  host.plug();
  until("configured");
  assert.notEqual(host.cdc, cdc);
  host.cdc?.open();
  device.received.length = 0;
  host.cdc?.send(pattern(300), () => {});
  run(10e6);
  assert.deepEqual(Uint8Array.from(device.received), pattern(300));
});

test("a soft disconnect is seen by the host at once", () => {
  const { host, device, run } = connect();
  device.put(GLOBAL.DCTL, 2);
  assert.equal(host.state, "empty");
  assert.equal(host.cdc, undefined);
  device.put(GLOBAL.DCTL, 0);
  assert.equal(host.state, "debouncing");
  run(300e6);
  assert.equal(host.state, "configured");
});

test("a reset of the peripheral takes the device off the bus", () => {
  const { host, device, until } = connect();
  device.otg.reset();
  assert.equal(host.state, "empty");
  device.start();
  until("configured");
});

test("a stalled bulk endpoint is cleared and goes on with DATA0", () => {
  const { cdc, device, run, log } = connect();
  cdc.open();
  cdc.send(pattern(64), () => {});
  run(3e6);
  device.stallBulk("out");
  cdc.send(pattern(200), () => {});
  run(10e6);
  assert.equal(cdc.statistics.halts, 1);
  assert.deepEqual(Uint8Array.from(device.received), Uint8Array.of(...pattern(64), ...pattern(200)));
  const back: number[] = [];
  cdc.onData((bytes) => back.push(...bytes));
  device.send(pattern(64));
  run(3e6);
  device.stallBulk("in");
  run(3e6);
  device.send(pattern(70));
  run(10e6);
  assert.equal(cdc.statistics.halts, 2);
  assert.deepEqual(Uint8Array.from(back), Uint8Array.of(...pattern(64), ...pattern(70)));
  assert.deepEqual(log.lines, []);
});

test("a device that repeats its data toggle is found out", () => {
  const { cdc, device, run, log } = connect({ device: { breakToggle: true } });
  cdc.onData(() => {});
  cdc.open();
  for (let i = 0; i < 4; i++) {
    device.send([i]);
    run(3e6);
  }
  assert.equal(cdc.statistics.toggleErrors, 3);
  assert(log.has("DATA0 received, DATA1 expected"));
});

const surroundings = [
  ["no USB clock", { usbClockHz: () => 0 }, "USB kernel clock is off"],
  ["a USB clock of 50 MHz", { usbClockHz: () => 50e6 }, "is 50000000 Hz instead of 48 MHz"],
  ["no VDD33USB", { vdd33Ready: () => false }, "VDD33USB is not ready"],
  ["pins elsewhere", { pinsReady: () => false }, "its pins are not"],
  ["a sleeping CPU that stops the core", { stalledBySleep: () => true }, "RCC_AHB1LPENR"],
] as const;
for (const [what, missing, reason] of surroundings) {
  test(`with ${what} the device does not enumerate, and the log says why`, () => {
    const { device, host, run, log } = makeRig({ surroundings: missing });
    device.start();
    host.plug();
    run(2e9);
    assert.notEqual(host.state, "configured");
    assert(log.has(reason), log.lines.join("\n"));
  });
}

test("without session override and without VBUS on PA9 the core does not see the host", () => {
  const { device, host, run, log } = makeRig();
  device.start();
  device.put(GLOBAL.GOTGCTL, 0);
  device.put(GLOBAL.GCCFG, (1 << 16) | (1 << 21));
  host.plug();
  run(1e9);
  assert.equal(host.state, "empty");
  assert(log.has("no valid B session"));
});

test("with VBUS wired to PA9 and VBDEN the session begins and ends with the cable", () => {
  const { device, host, until, run } = makeRig({ surroundings: { vbusWired: true } });
  device.start();
  device.put(GLOBAL.GOTGCTL, 0);
  device.put(GLOBAL.GCCFG, (1 << 16) | (1 << 21));
  run(10e6);
  assert.equal(device.otg.pullUp, false);
  host.plug();
  until("configured");
  host.unplug();
  assert.equal(device.otg.pullUp, false);
  assert.equal(device.get(0x004) & 4, 4, "GOTGINT.SEDET");
});

test("a device that does not answer is reported as Linux prints it", () => {
  const { device, host, until, log } = makeRig();
  device.start();
  device.put(GLOBAL.GINTMSK, 0);
  device.put(GLOBAL.GRXFSIZ, 2);
  host.plug();
  until("failed");
  assert.deepEqual(
    log.lines.filter((line) => line.startsWith("usb 1-1")),
    [
      ...Array.from({ length: 4 }, () => "usb 1-1: device descriptor read/8, error -71"),
      "usb 1-1: unable to enumerate USB device",
    ],
  );
});

test("a device that only says NAK is given up after five seconds", () => {
  const { device, host, run, log } = makeRig();
  device.start();
  device.put(GLOBAL.GINTMSK, 0);
  host.plug();
  run(5.3e9);
  assert(log.has("usb 1-1: device descriptor read/8, error -110"));
});

const broken: readonly (readonly [string, (configuration: number[][], device: number[]) => void])[] = [
  ["configuration.bNumInterfaces is 3", (c) => (c[0] as number[]).splice(4, 1, 3)],
  ["configuration.bmAttributes is 0x40", (c) => (c[0] as number[]).splice(7, 1, 0x40)],
  ["interface.bInterfaceNumber is 2", (c) => (c[8] as number[]).splice(2, 1, 2)],
  ["endpoint 0x01: wMaxPacketSize is 48", (c) => (c[9] as number[]).splice(4, 1, 48)],
  ["endpoint 0x82: bInterval is 0", (c) => (c[7] as number[]).splice(6, 1, 0)],
  [
    "endpoint 0x81: isochronous with 64 bytes in alternate setting 0",
    (c) => (c[10] as number[]).splice(3, 4, 1, 64, 0, 1),
  ],
  ["endpoint 0x81: wMaxPacketSize is 1024", (c) => (c[10] as number[]).splice(3, 4, 1, 0, 4, 1)],
  ["endpoint 0x81: bInterval is 17", (c) => (c[10] as number[]).splice(3, 4, 1, 64, 0, 17)],
  ["bSubordinateInterface0 is 0", (c) => (c[6] as number[]).splice(4, 1, 0)],
  ["association of interface 0: bFunctionClass is 0x03", (c) => (c[1] as number[]).splice(4, 1, 3)],
  ["0 header functional descriptors, must be 1", (c) => (c[3] as number[]).splice(2, 1, 9)],
  ["device.bDeviceClass/SubClass/Protocol is 0x02/0x02/0x00", (_, d) => d.splice(4, 3, 2, 2, 0)],
  ["device.idVendor is 0x0", (_, d) => d.splice(8, 2, 0, 0)],
];
for (const [message, damage] of broken) {
  test(`a descriptor error is reported with its field: ${message}`, () => {
    const configuration = CONFIGURATION_DESCRIPTOR.map((one) => [...one]);
    const descriptor = [...DEVICE_DESCRIPTOR];
    damage(configuration, descriptor);
    const rig = makeRig({ device: { configuration, device: descriptor } });
    rig.device.start();
    rig.host.plug();
    rig.until("configured");
    assert(
      rig.host.device?.violations.some((one) => one.includes(message)),
      rig.host.device?.violations.join("\n"),
    );
    assert(rig.log.has(message));
  });
}

test("a device of other classes, with their descriptors (DFU, MIDI), is configured without complaint", () => {
  const device = [18, 1, 0x00, 0x02, 0, 0, 0, 64, 0x83, 0x04, 0x11, 0xdf, 0x00, 0x02, 1, 2, 3, 1];
  const dfu = [
    [9, 4, 0, 0, 0, 0xfe, 1, 2, 0],
    [9, 0x21, 0x0b, 0xff, 0, 0, 4, 0x1a, 1],
  ];
  const midi = [
    [9, 4, 1, 0, 1, 1, 3, 0, 0],
    [7, 0x24, 1, 0, 1, 7, 0],
    [9, 5, 0x01, 2, 64, 0, 0, 0, 0],
    [5, 0x25, 1, 1, 1],
  ];
  const parts = [...dfu, ...midi];
  const total = 9 + parts.flat().length;
  const rig = makeRig({ device: { device, configuration: [[9, 2, total, 0, 2, 1, 0, 0xc0, 50], ...parts] } });
  rig.device.start();
  rig.host.plug();
  rig.until("configured");
  assert.deepEqual(rig.host.device?.violations, []);
  assert.equal(rig.host.cdc, undefined);
});

test("a CDC-ACM device without a union descriptor is in use through the one for call management, and told", () => {
  const configuration = CONFIGURATION_DESCRIPTOR.filter((_, index) => index !== 6).map((one) => [...one]);
  (configuration[0] as number[])[2] = 70;
  const rig = makeRig({ device: { configuration } });
  rig.device.start();
  rig.host.plug();
  rig.until("configured");
  assert.notEqual(rig.host.cdc, undefined);
  assert(rig.log.has("0 union functional descriptors"));
});

test("a CDC-ACM device without a call management descriptor is in use as it is", () => {
  const configuration = CONFIGURATION_DESCRIPTOR.filter((_, index) => index !== 4).map((one) => [...one]);
  (configuration[0] as number[])[2] = 70;
  const rig = makeRig({ device: { configuration } });
  rig.device.start();
  rig.host.plug();
  rig.until("configured");
  assert.deepEqual(rig.host.device?.violations, []);
  assert.notEqual(rig.host.cdc, undefined);
});

test("a fault on the link damages only what passes the port", () => {
  const toDevice = (bytes: Uint8Array): Uint8Array => bytes.subarray(1);
  const toHost = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);
  const { cdc, run } = connect({ device: { echo: true }, host: { fault: { toDevice, toHost } } });
  const back: number[] = [];
  cdc.onData((bytes) => back.push(...bytes));
  cdc.open();
  cdc.send(Uint8Array.of(1, 2, 3), () => {});
  run(5e6);
  assert.deepEqual(back, [0xfd, 0xfc]);
});

test("write resolves when the bytes are taken and rejects when the device leaves", async () => {
  const { cdc, host, run } = connect();
  cdc.open();
  const taken = cdc.write(pattern(30_000));
  run(60e6);
  await taken;
  const lost = cdc.write(pattern(30_000));
  run(1e6);
  host.unplug();
  await assert.rejects(lost, { name: "CdcDisconnectedError" });
});

/** With remote wakeup in its attributes, and an LPM capability. */
function connectWaking(extra: RigOptions["device"] = {}) {
  const configuration = CONFIGURATION_DESCRIPTOR.map((one) => [...one]);
  (configuration[0] as number[])[7] = 0xa0;
  return connect({ device: { configuration, ...extra } });
}

test("a device that can wake its host is allowed to before the bus stops, wakes it, and is forbidden afterwards", () => {
  const { host, device, run, until, log } = connectWaking();
  const features = () =>
    device.requests.filter(([type, request]) => type === 0 && (request === 1 || request === 3));
  host.sleep();
  run(10e6);
  assert.equal(host.state, "suspended");
  assert.deepEqual(features(), [[0, 3, 1, 0, 0, 0, 0, 0]]);
  assert.equal(device.events.at(-1), "suspend");
  device.put(GLOBAL.DCTL, 1);
  run(5e6);
  device.put(GLOBAL.DCTL, 0);
  until("configured");
  run(2e6);
  assert.deepEqual(features().slice(1), [[0, 1, 1, 0, 0, 0, 0, 0]]);
  assert.deepEqual(log.lines, []);
});

test("a device without remote wakeup in its descriptor that signals it is told of, and stays suspended", () => {
  const { host, device, run, log } = connect();
  host.sleep();
  run(10e6);
  device.put(GLOBAL.DCTL, 1);
  run(50e6);
  assert.equal(host.state, "suspended");
  assert(log.has("the host did not allow it"));
});

test("the bus rests in L1 when the device offers it, and goes on within a millisecond", () => {
  const device = [...DEVICE_DESCRIPTOR];
  device[2] = 1;
  const bos = [5, 15, 12, 0, 1, 7, 16, 2, 0x0e, 3, 0, 0];
  const { host, device: rigged, run, cdc } = connectWaking({ device, bos, echo: true });
  assert.deepEqual(host.device?.lpm, { besl: 3 });
  assert.equal(host.rest(), "none", "its software has not enabled it");
  rigged.put(0x054, 3);
  cdc.open();
  run(2e6);
  assert.equal(host.rest(), "ack");
  assert.equal(host.state, "sleeping");
  run(20e6);
  assert.equal(rigged.get(0x054) & (1 << 15), 1 << 15, "SLPSTS");
  const sofs = rigged.sofs;
  run(5e6);
  assert.equal(rigged.sofs, sofs);
  host.wake();
  run(0.9e6);
  assert.equal(host.state, "configured");
  assert.equal(rigged.events.at(-1), "resume");
  const back: number[] = [];
  cdc.onData((bytes) => back.push(...bytes));
  cdc.send(Uint8Array.of(1, 2, 3), () => {});
  run(5e6);
  assert.deepEqual(back, [1, 2, 3]);
  assert.equal(host.rest(), "ack");
  run(1e6);
  rigged.put(GLOBAL.DCTL, 1);
  run(1e6);
  assert.equal(host.state, "configured", "the device woke it");
});
