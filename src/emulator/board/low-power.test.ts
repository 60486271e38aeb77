import assert from "node:assert/strict";
import { test } from "node:test";
import type { CortexM7 } from "../cpu/core.js";
import type { Pwr } from "../peripherals/pwr/pwr.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import { RecordedLog } from "../test-log.js";
import { LowPower } from "./low-power.js";

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
  const rcc = { enterStop: () => calls.push("clocks stop"), leaveStop: () => calls.push("HSI") };
  const pwr = { standbyWanted, leftStop: () => calls.push("STOPF") };
  const lowPower = new LowPower({
    cpu: core as unknown as CortexM7,
    rcc: rcc as unknown as Rcc,
    pwr: pwr as unknown as Pwr,
    log: new RecordedLog(),
    onSleep: () => sleeps.push(lowPower.asleep),
    onStandbyExit: () => calls.push("reset"),
    resetsInstead: (mode) => resets[mode] === true,
    onReset: () => calls.push("option reset"),
  });
  return { lowPower, core, calls, sleeps };
}

test("deep sleep stops the clocks; an interrupt starts HSI before the core runs", () => {
  const { lowPower, core, calls } = rig(false);
  lowPower.afterRun();
  assert.equal(lowPower.mode, "stop");
  lowPower.beforeRun();
  assert.deepEqual(calls, ["tick stands", "clocks stop"]);
  core.exceptions.wakes = true;
  lowPower.beforeRun();
  assert.deepEqual(calls.slice(2), ["HSI", "STOPF", "tick runs"]);
  assert.equal(lowPower.mode, "run");
});

test("Standby ends in a reset when the RTC wakes it", () => {
  const { lowPower, calls } = rig(true);
  lowPower.wakeUpEvent();
  assert.deepEqual(calls, []);
  lowPower.afterRun();
  lowPower.wakeUpEvent();
  assert.deepEqual(calls, ["halt", "reset"]);
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
