import assert from "node:assert/strict";
import { test } from "node:test";
import type { CortexM7 } from "../cpu/core.js";
import type { Pwr } from "../peripherals/pwr/pwr.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import { pass } from "../peripherals/test-kit.js";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import type { DomainStandby } from "./domain-standby.js";
import { LowPower } from "./low-power.js";

const WAKE_UP_NS = 4e3;

/** As much of core, RCC and PWR as decides about the mode. */
function rig(standbyWanted: boolean, resets: { stop?: true; standby?: true } = {}) {
  const calls: string[] = [];
  const sleeps: boolean[] = [];
  const core = {
    sleeping: true,
    event: true,
    exceptions: { wakes: false },
    scs: {
      scb: { scr: 4 },
      sysTick: { freeze: (on: boolean) => calls.push(on ? "tick stands" : "tick runs") },
    },
    halt: () => calls.push("halt"),
  };
  const rcc = {
    setSystemClocks: (clocks: string) => calls.push(clocks),
    wakeUpSource: "HSI",
    wakeUpSourceKept: false,
  };
  const pwr = {
    standbyWanted,
    wakeUpPending: false,
    voltageScale: 1,
    d3Runs: false,
    leftStop: () => calls.push("STOPF"),
    wakeUpNs: () => WAKE_UP_NS,
  };
  const domains = { stopped: () => {}, woken: () => false };
  const state = { d3Pending: false, debugged: false };
  const timeline = new Timeline();
  const log = new RecordedLog();
  const lowPower = new LowPower({
    cpu: core as unknown as CortexM7,
    rcc: rcc as unknown as Rcc,
    pwr: pwr as unknown as Pwr,
    timeline,
    domains: domains as unknown as DomainStandby,
    keepsCoreClock: () => state.debugged,
    d3Pending: () => state.d3Pending,
    onStop: () => {},
    onCoreRestart: () => {},
    log,
    onSleep: () => sleeps.push(lowPower.asleep),
    onStandbyExit: () => calls.push("reset"),
    resetsInstead: (mode) => resets[mode] === true,
    onReset: () => calls.push("option reset"),
  });
  return { lowPower, core, calls, sleeps, pwr, state, timeline, log };
}

test("deep sleep stops the clocks; an interrupt starts HSI before the core runs", () => {
  const { lowPower, core, calls, timeline } = rig(false);
  lowPower.afterRun();
  assert.equal(lowPower.mode, "stop");
  lowPower.beforeRun();
  assert.deepEqual(calls, ["tick stands", "stop"]);
  core.exceptions.wakes = true;
  lowPower.beforeRun();
  pass(timeline, WAKE_UP_NS - 1);
  assert.equal(lowPower.mode, "stop");
  pass(timeline, 1);
  assert.deepEqual(calls.slice(2), ["run", "STOPF", "tick runs"]);
  assert.equal(lowPower.mode, "run");
});

test("for a debugger SysTick goes on in Stop", () => {
  const { lowPower, calls, state } = rig(false);
  state.debugged = true;
  lowPower.afterRun();
  assert.deepEqual(calls, ["stop"]);
});

test("a pending event of D3 ends Stop for D3 alone, until it is gone; RUN_D3 keeps the system out of Stop", () => {
  const { lowPower, core, calls, timeline, state } = rig(false);
  lowPower.afterRun();
  state.d3Pending = true;
  lowPower.d3Changed();
  pass(timeline, WAKE_UP_NS);
  assert.deepEqual([lowPower.mode, lowPower.coreStopped], ["d3", true]);
  state.d3Pending = false;
  lowPower.d3Changed();
  assert.deepEqual(calls.slice(1), ["stop", "d3", "STOPF", "stop"]);
  const running = rig(true);
  running.pwr.d3Runs = true;
  running.lowPower.afterRun();
  assert.equal(running.lowPower.mode, "d3");
  running.core.exceptions.wakes = true;
  running.lowPower.beforeRun();
  assert.deepEqual(running.calls, ["tick stands", "d3", "run", "tick runs"]);
  assert.equal(core.sleeping, true);
});

test("Standby ends in a reset when the RTC wakes it", () => {
  const { lowPower, core, calls, timeline } = rig(true);
  lowPower.wakeUpEvent();
  assert.deepEqual(calls, []);
  lowPower.afterRun();
  core.exceptions.wakes = true;
  lowPower.beforeRun();
  assert.equal(lowPower.mode, "standby", "no interrupt ends it");
  lowPower.wakeUpEvent();
  pass(timeline, 1e6);
  assert.deepEqual(calls, ["halt", "reset"]);
});

test("a wake-up pin's flag that was not cleared ends Standby at once, and is told", () => {
  const { lowPower, calls, timeline, pwr, log } = rig(true);
  pwr.wakeUpPending = true;
  lowPower.afterRun();
  pass(timeline, 1e6);
  assert.deepEqual(calls, ["halt", "reset"]);
  assert.ok(log.has(/guest mistake: Standby with a flag in PWR_WKUPFR/));
});

test("deep sleep at VOS0 is told", () => {
  const { lowPower, pwr, log } = rig(false);
  pwr.voltageScale = 0;
  lowPower.afterRun();
  assert.ok(log.has(/VOS0/));
  assert.equal(lowPower.mode, "stop");
});

test("the option bytes make a reset of the way into Stop or into Standby", () => {
  for (const [standby, resets, expected] of [
    [false, { stop: true }, ["option reset"]],
    [true, { standby: true }, ["option reset"]],
    [true, { stop: true }, ["halt"]],
  ] as const) {
    const { lowPower, calls } = rig(standby, resets);
    lowPower.afterRun();
    assert.deepEqual(calls, expected);
  }
});

test("sleep and its end are told, deep or not", () => {
  const { lowPower, core, calls, sleeps } = rig(false);
  core.scs.scb.scr = 0;
  lowPower.afterRun();
  lowPower.beforeRun();
  core.exceptions.wakes = true;
  lowPower.beforeRun();
  core.sleeping = false;
  lowPower.afterRun();
  assert.deepEqual(sleeps, [true, false]);
  assert.deepEqual(calls, []);
});
