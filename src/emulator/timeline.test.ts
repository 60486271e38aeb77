import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "./timeline.js";

test("time is the cycle count at the CPU clock", () => {
  const timeline = new Timeline(100e6);
  timeline.cycles += 250;
  assert.equal(timeline.now, 2500);
});

test("a clock change keeps the time that has passed", () => {
  const timeline = new Timeline(100e6);
  timeline.cycles += 100;
  timeline.setCpuHz(400e6);
  timeline.cycles += 400;
  assert.equal(timeline.now, 2000);
});

test("events run in order of time, then of scheduling", () => {
  const timeline = new Timeline();
  const order: string[] = [];
  timeline.after(200, () => order.push("late"));
  timeline.after(100, () => order.push("first"));
  timeline.after(100, () => order.push("second"));
  timeline.skipTo(150);
  timeline.runDue();
  timeline.skipTo(500);
  timeline.runDue();
  assert.deepEqual(order, ["first", "second", "late"]);
});

test("skipping stops at the next event and never goes back", () => {
  const timeline = new Timeline();
  timeline.after(100, () => {});
  timeline.skipTo(1000);
  assert.equal(timeline.now, 100);
  timeline.skipTo(50);
  assert.equal(timeline.now, 100);
});

test("an event scheduled by running code moves the cycle limit closer", () => {
  const timeline = new Timeline(100e6);
  timeline.after(10_000, () => {});
  const before = timeline.cycleLimit;
  timeline.after(100, () => {});
  assert.equal(before, 1000);
  assert.equal(timeline.cycleLimit, 10);
});

test("a cancelled event never runs and no longer limits", () => {
  const timeline = new Timeline(100e6);
  let ran = false;
  const event = timeline.after(100, () => {
    ran = true;
  });
  timeline.cancel(event);
  timeline.skipTo(1000);
  timeline.runDue();
  assert.equal(ran, false);
  assert.equal(timeline.now, 1000);
});

test("an event may schedule another that is due at once", () => {
  const timeline = new Timeline();
  const order: number[] = [];
  timeline.after(10, () => {
    order.push(1);
    timeline.after(0, () => order.push(2));
  });
  timeline.skipTo(10);
  timeline.runDue();
  assert.deepEqual(order, [1, 2]);
});

test("stopSoon ends the CPU's slice; the limit is back after runDue", () => {
  const timeline = new Timeline(100e6);
  timeline.after(1000, () => {});
  timeline.stopSoon();
  assert.equal(timeline.cycleLimit, 0);
  timeline.runDue();
  assert.equal(timeline.cycleLimit, 100);
});
