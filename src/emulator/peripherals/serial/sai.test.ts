import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { NO_DMA } from "../dma/dma-request.js";
import { Sai } from "./sai.js";

const [ACR1, AFRCR, ASLOTR, ASR, ADR] = [0x04, 0x0c, 0x10, 0x18, 0x20];
const DMAEN = 1 << 17;
const SAIEN = 1 << 16;
/** FLVL of SAI_ASR: 0 is empty. */
const FLVL = 7 << 16;

test("a transmitter asks DMA for data before it is enabled, and again when a slot took it", () => {
  const timeline = new Timeline();
  let asked = false;
  const request = {
    set: (on: boolean): void => {
      asked = on;
    },
    pulse: (): void => {},
  };
  const sai = new Sai({
    name: "SAI1",
    log: new RecordedLog(),
    timeline,
    interrupt: { set: () => {} },
    clocked: () => true,
    kernelHz: () => 12_288_000,
    requests: { A: request, B: NO_DMA },
  });
  sai.write(AFRCR, 4, 63);
  sai.write(ASLOTR, 4, (1 << 16) | (0 << 8));
  assert.equal(asked, false);
  sai.write(ACR1, 4, DMAEN);
  assert.equal(asked, true);
  assert.equal(sai.read(ASR, 4) & FLVL, 0);
  sai.write(ADR, 4, 0x1234);
  assert.equal(asked, false);
  assert.notEqual(sai.read(ASR, 4) & FLVL, 0);
  sai.write(ACR1, 4, DMAEN | SAIEN);
  timeline.skipTo(timeline.now + 1e6 / 48);
  timeline.runDue();
  assert.equal(asked, true);
  assert.equal(sai.read(ASR, 4) & FLVL, 0);
});
