import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { DelayBlock } from "./delay-block.js";

const CR = 0;
const CFGR = 4;

test("the line's last unit goes high behind half a clock and low behind a whole one, as UNIT grows", () => {
  const dlyb = new DelayBlock({
    name: "DLYB",
    log: new RecordedLog(),
    clocked: () => true,
    clockHz: () => 100e6,
  });
  dlyb.write(CFGR, 4, 0x105);
  assert.equal(dlyb.read(CFGR, 4), 0, "SEN is off");
  dlyb.write(CR, 4, 3);
  const last: number[] = [];
  for (let unit = 0; unit < 128; unit++) {
    dlyb.write(CFGR, 4, 12 | (unit << 8));
    const cfgr = dlyb.read(CFGR, 4);
    assert.ok(cfgr >= 0x8000_0000);
    last.push((cfgr >>> 27) & 1);
  }
  const high = last.indexOf(1);
  const low = last.indexOf(0, high);
  // 12 units of 0.2 ns + UNIT x 0.04 ns against 5 ns and 10 ns.
  assert.deepEqual([high, low], [6, 16]);
  dlyb.write(CR, 4, 1);
  assert.equal(dlyb.read(CFGR, 4) & 0x8000_0000, 0);
});
