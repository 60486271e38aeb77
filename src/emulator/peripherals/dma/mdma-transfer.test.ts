import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../../bus.js";
import { RecordedLog } from "../../test-log.js";
import { Timeline } from "../../timeline.js";
import { pass, TestLine } from "../test-kit.js";
import type { DmaBus } from "./dma-channel.js";
import { Mdma } from "./mdma.js";
import { transferMdma } from "./mdma-transfer.js";

const SOURCE = 0x2400_0000;
const DESTINATION = 0x2400_0100;
const BEHIND = 0x2400_1000;
const ESR = { TED: 1 << 7, TELD: 1 << 8, TEMD: 1 << 9, ASE: 1 << 10, BSE: 1 << 11 };

/** 4 KiB at SOURCE; nothing answers behind them. */
function memory() {
  const bytes = new Uint8Array(0x1000);
  const at = (address: number): number => {
    if (address >= BEHIND || address < SOURCE) throw new BusFault("nothing there", address);
    return address - SOURCE;
  };
  const bus: DmaBus = {
    read: (address, size) => {
      let value = 0;
      for (let i = 0; i < size; i++) value |= (bytes[at(address) + i] ?? 0) << (8 * i);
      return value >>> 0;
    },
    write: (address, size, value) => {
      for (let i = 0; i < size; i++) bytes[at(address) + i] = value >>> (8 * i);
    },
  };
  return { bytes, bus };
}

const usual = {
  source: SOURCE,
  destination: DESTINATION,
  sourceSize: 1,
  destinationSize: 4,
  sourceStep: 1,
  destinationStep: 4,
  packed: false,
  padding: "zeros",
  bytes: 2,
  exchange: undefined,
} as const;
const buses = { sourceAhbs: false, destinationAhbs: false, mask: undefined };

test("items go into larger ones with zeros, their sign, or at the left; of larger ones the right or the left is kept", () => {
  const cases = [
    [{ padding: "zeros" }, [0x12, 0, 0, 0, 0x87, 0, 0, 0]],
    [{ padding: "sign" }, [0x12, 0, 0, 0, 0x87, 0xff, 0xff, 0xff]],
    [{ padding: "left" }, [0, 0, 0, 0x12, 0, 0, 0, 0x87]],
    [{ sourceSize: 2, destinationSize: 1, destinationStep: 1 }, [0x12, 0, 0, 0]],
    [{ padding: "left", sourceSize: 2, destinationSize: 1, destinationStep: 1 }, [0x87, 0, 0, 0]],
  ] as const;
  for (const [change, expected] of cases) {
    const { bytes, bus } = memory();
    bytes.set([0x12, 0x87]);
    assert.equal(transferMdma(bus, { ...buses, move: { ...usual, ...change } }), undefined);
    assert.deepEqual([...bytes.subarray(0x100, 0x100 + expected.length)], [...expected]);
  }
});

test("what failed, and on which side, is in the status", () => {
  const { bus } = memory();
  const mask = { address: 0x5000_0024, data: 1 };
  const cases = [
    [{ source: BEHIND + 5 }, {}, 5],
    [{ destination: BEHIND + 0x84 }, {}, ESR.TED | 4],
    [{}, { mask }, ESR.TEMD | 0x24],
    [{ destination: DESTINATION + 2 }, {}, ESR.TED | ESR.ASE | 2],
    [{ sourceSize: 4, source: SOURCE + 1 }, {}, ESR.ASE | 1],
    [{ sourceSize: 4 }, {}, ESR.BSE],
    [{ packed: true }, {}, ESR.TED | ESR.BSE],
    [{ destination: 0x2000_0000, destinationSize: 8 }, { destinationAhbs: true }, ESR.TED],
  ] as const;
  for (const [change, other, status] of cases) {
    const failure = transferMdma(bus, { ...buses, ...other, move: { ...usual, ...change } });
    assert.equal(failure?.status, status, JSON.stringify(change));
  }
});

function channel() {
  const { bytes, bus } = memory();
  const timeline = new Timeline();
  const log = new RecordedLog();
  const line = new TestLine();
  const options = { log, timeline, interrupt: line, bus, clocked: () => true, hclkHz: () => 200e6 };
  const mdma = new Mdma(options);
  const put = (register: number, value: number): void => mdma.write(0x40 + register, 4, value);
  put(0x10, 0x4000_000a);
  put(0x14, 1);
  put(0x18, SOURCE);
  put(0x1c, DESTINATION);
  return { bytes, timeline, mdma, put };
}

test("software's request writes no mask, and with nothing to move there is none", () => {
  const { bytes, timeline, mdma, put } = channel();
  bytes[0] = 7;
  put(0x30, SOURCE + 0x200);
  put(0x34, 0x55);
  put(0x0c, 1);
  put(0x0c, 0x1_0001);
  pass(timeline, 1000);
  assert.deepEqual([bytes[0x100], bytes[0x200]], [7, 0]);
  put(0x04, 0x1f);
  put(0x0c, 1);
  put(0x0c, 0x1_0001);
  pass(timeline, 1000);
  assert.equal(mdma.read(0x40, 4), 0);
});

test("a node of the list that cannot be read ends the channel with TELD", () => {
  const { timeline, mdma, put } = channel();
  put(0x24, BEHIND);
  put(0x0c, 3);
  put(0x0c, 0x1_0003);
  pass(timeline, 1000);
  assert.equal(mdma.read(0x40, 4) & 1, 1);
  assert.equal(mdma.read(0x48, 4), ESR.TELD);
  assert.equal(mdma.read(0x4c, 4) & 1, 0);
  put(0x04, 1);
  assert.equal(mdma.read(0x48, 4), 0);
});
