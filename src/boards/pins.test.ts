import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ALTERNATE_FUNCTIONS } from "../emulator/peripherals/alternate-functions.js";
import { hasPin, PACKAGE_NAMES, possiblePins, SIGNAL_PINS } from "./pins.js";

test("the table and the emulated chip's, written from the data sheet by somebody else, agree on every signal", () => {
  const emulated: Readonly<Record<string, Readonly<Record<string, number>>>> = ALTERNATE_FUNCTIONS;
  for (const [signal, pins] of Object.entries(SIGNAL_PINS)) assert.deepEqual(pins, emulated[signal], signal);
});

test("a package has the pins that its name promises, and possible pins are held to it", () => {
  assert.equal(hasPin("LQFP100", "PE15"), true);
  assert.equal(hasPin("LQFP100", "PF10"), false);
  assert.equal(hasPin("LQFP100", "PH1"), true);
  assert.equal(hasPin("LQFP100", "PH2"), false);
  assert.equal(hasPin("UFBGA176", "PI11"), true);
  assert.equal(hasPin("UFBGA176", "PI12"), false);
  assert.equal(hasPin("TFBGA240", "PK7"), true);
  assert.deepEqual(possiblePins("QUADSPI_CLK", "LQFP100"), [{ pin: "PB2", af: 9 }]);
  assert.deepEqual(possiblePins("NO_SUCH_SIGNAL"), []);
});

test("the schema names the same packages", () => {
  const schema = JSON.parse(readFileSync("boards/board.schema.json", "utf8")) as {
    properties: { package: { enum: string[] } };
  };
  assert.deepEqual(schema.properties.package.enum, PACKAGE_NAMES);
});
