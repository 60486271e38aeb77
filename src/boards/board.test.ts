import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { type Board, BoardFileError, parseBoard, type Region } from "./board.js";
import { boardNames } from "./names.js";

const files = boardNames(readdirSync("boards")).map((name) => `${name}.json`);
const text = (file: string): string => readFileSync(`boards/${file}`, "utf8");

/** The emulated board's file with one place changed. */
function changed(change: (json: { [key: string]: unknown }) => void): string {
  const json = JSON.parse(text("emulated.json")) as { [key: string]: unknown };
  change(json);
  return JSON.stringify(json);
}

function refusal(source: string): string {
  try {
    parseBoard("x.json", source);
  } catch (error) {
    assert.ok(error instanceof BoardFileError);
    return error.message;
  }
  return assert.fail("was accepted");
}

/** What belongs to different owners: none may overlap another. */
const regionsOf = ({ regions, firstStage }: Board): Region[] =>
  [regions.application, regions.journal, regions.log, firstStage?.slot, ...regions.reserved]
    .filter((region) => region !== undefined)
    .sort((a, b) => a.address - b.address);

for (const file of files) {
  test(`${file}: parses, is named as its file, and its regions do not overlap`, () => {
    const board = parseBoard(file, text(file));
    assert.equal(`${board.name}.json`, file);
    let end = 0x9000_0000;
    for (const { address, length } of regionsOf(board)) {
      assert.ok(address >= end, `${address.toString(16)} overlaps what lies before it`);
      end = address + length;
    }
    assert.ok(end <= 0x9000_0000 + board.flash.size);
    assert.equal(board.regions.journal.length, 0x4000);
    assert.equal(board.regions.log?.length ?? 0x2_0000, 0x2_0000);
  });
}

test("what is not JSON is refused with the file's name", () => {
  assert.match(refusal("{"), /^x\.json: not JSON: /);
});

test("a missing field is named with its place", () => {
  assert.equal(
    refusal(changed((json) => Reflect.deleteProperty(json["flash"] as object, "part"))),
    "x.json: flash.part: expected the name of a flash part, found nothing",
  );
});

test("a pin that does not exist is named with what was found", () => {
  assert.equal(
    refusal(changed((json) => Object.assign(json, { led: { pin: "PZ1", activeHigh: true } }))),
    'x.json: led.pin: expected a pin such as "PB2", found "PZ1"',
  );
});

test("numbers may be hexadecimal text and must be in their range", () => {
  const huge = changed((json) => Object.assign(json["flash"] as object, { maxClockHz: "0xFFFFFFFF" }));
  assert.match(refusal(huge), /flash\.maxClockHz: expected a whole number from 1000000 to 133000000/);
});

test("crystals and oscillators are optional, and a 32 kHz crystal has 32768 Hz", () => {
  const clocks = (change: object): unknown[] => {
    const { hseHz, hseIsOscillator, lseHz } = parseBoard(
      "x.json",
      changed((json) => Object.assign(json, change)),
    );
    return [hseHz, hseIsOscillator, lseHz];
  };
  assert.deepEqual(clocks({ hseHz: undefined, lseHz: undefined }), [undefined, false, undefined]);
  assert.deepEqual(clocks({ hseHz: 8000000, hseIsOscillator: true, lseHz: 32768 }), [8000000, true, 32768]);
  assert.match(refusal(changed((json) => Object.assign(json, { lseHz: 32000 }))), /lseHz: expected a whole/);
});

test("a flash chip may come with QE set", () => {
  assert.equal(parseBoard("art-pi.json", text("art-pi.json")).flash.quadEnabled, true);
  assert.equal(parseBoard("emulated.json", text("emulated.json")).flash.quadEnabled, false);
});

test("a list where an object belongs is refused", () => {
  assert.match(refusal("[]"), /expected an object, found \[\]/);
});

test("a first stage needs a place for the log in external flash, and only there may one be", () => {
  const region = { address: "0x90000000", length: "0x20000" };
  const firstStage = { policy: "keep", format: "EXST", loadAddress: "0x24010000", slot: region };
  assert.match(
    refusal(changed((json) => Object.assign(json, { firstStage }))),
    /regions\.log: expected a region, because the internal flash is the first stage's, found nothing/,
  );
  assert.match(
    refusal(changed((json) => Object.assign(json["regions"] as object, { log: region }))),
    /regions\.log: expected nothing without firstStage/,
  );
  assert.match(
    refusal(changed((json) => Object.assign(json, { firstStage: { ...firstStage, policy: "replace" } }))),
    /firstStage\.policy: expected "keep", found "replace"/,
  );
});
