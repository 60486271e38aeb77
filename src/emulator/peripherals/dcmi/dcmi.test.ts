import assert from "node:assert/strict";
import { test } from "node:test";
import { BusFault } from "../../bus.js";
import { RecordedLog } from "../../test-log.js";
import { TestLine } from "../test-kit.js";
import { Dcmi } from "./dcmi.js";

const [CR, SR, RIS, IER, MIS, ICR, ESCR, ESUR, CWSTRT, CWSIZE, DR] = [
  0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28,
];
const CAPTURE = 1 << 0;
const SNAPSHOT = 1 << 1;
const CROP = 1 << 2;
const JPEG = 1 << 3;
const ESS = 1 << 4;
const HSPOL = 1 << 6;
const VSPOL = 1 << 7;
const ENABLE = 1 << 14;
const LSM = 1 << 19;
const [FRAME, OVR, ERR, VSYNC, LINE] = [1, 2, 4, 8, 16];
const FNE = 1 << 2;

/** A camera whose lines are high while there is data. */
function rig() {
  const interrupt = new TestLine();
  const request = { asserted: false };
  const dcmi = new Dcmi({
    log: new RecordedLog(),
    interrupt,
    clocked: () => true,
    request: {
      set: (asserted) => {
        request.asserted = asserted;
      },
      pulse: () => assert.fail("the request is a level"),
    },
  });
  const read = (offset: number): number => dcmi.read(offset, 4);
  const write = (offset: number, value: number): void => dcmi.write(offset, 4, value >>> 0);
  const words = (): number[] => {
    const found: number[] = [];
    while ((read(SR) & FNE) !== 0) found.push(read(DR));
    return found;
  };
  const line = (samples: readonly number[]): void => {
    dcmi.pinChanged("HSYNC", true);
    dcmi.clockIn(samples);
    dcmi.pinChanged("HSYNC", false);
  };
  /** @returns the words that were read after each line */
  const frame = (lines: readonly (readonly number[])[]): number[] => {
    dcmi.pinChanged("VSYNC", true);
    const found = lines.flatMap((samples) => {
      line(samples);
      return words();
    });
    dcmi.pinChanged("VSYNC", false);
    return [...found, ...words()];
  };
  return { dcmi, interrupt, request, read, write, words, line, frame };
}

const TWO_LINES = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
] as const;
const TWO_WORDS = [0x04030201, 0x08070605];

/** 0, 1, 2, … */
const ramp = (length: number, from = 0): number[] => Array.from({ length }, (_, n) => (from + n) & 0xff);

test("frames are captured one after the other, from the first whole one on, with their events", () => {
  const { dcmi, interrupt, request, read, write, frame, line, words } = rig();
  write(IER, FRAME);
  dcmi.pinChanged("VSYNC", true);
  write(CR, ENABLE | CAPTURE);
  line([9, 9, 9, 9]);
  assert.deepEqual(words(), [], "that frame had begun before");
  dcmi.pinChanged("VSYNC", false);
  assert.equal(read(RIS), VSYNC | LINE);
  assert.equal(interrupt.asserted, false);
  dcmi.clockIn([7, 7, 7, 7]);
  assert.deepEqual(frame(TWO_LINES), TWO_WORDS);
  assert.equal(read(RIS), FRAME | VSYNC | LINE);
  assert.equal(read(MIS), FRAME);
  assert.equal(interrupt.asserted, true);
  write(ICR, FRAME | LINE);
  assert.equal(read(RIS), VSYNC);
  assert.equal(interrupt.asserted, false);
  dcmi.pinChanged("VSYNC", true);
  line([1, 2, 3]);
  assert.equal(request.asserted, false, "no whole word");
  line([4]);
  assert.equal(request.asserted, true);
  assert.deepEqual(words(), [0x04030201], "lines are packed on");
  assert.equal(request.asserted, false);
});

test("SR tells both lines with their polarity, and samples count in the active parts alone", () => {
  const { dcmi, read, write, words } = rig();
  assert.equal(read(SR), 0, "off");
  write(CR, ENABLE | CAPTURE | HSPOL | VSPOL);
  assert.equal(read(SR), 0, "low is active now");
  dcmi.pinChanged("VSYNC", true);
  dcmi.pinChanged("HSYNC", true);
  assert.equal(read(SR), 3);
  dcmi.pinChanged("VSYNC", false);
  dcmi.clockIn([1, 2, 3, 4]);
  assert.deepEqual(words(), [], "between lines");
  dcmi.pinChanged("HSYNC", undefined);
  dcmi.clockIn([1, 2, 3, 4]);
  assert.deepEqual(words(), [0x04030201]);
});

test("a snapshot is one frame, and ends CAPTURE", () => {
  const { read, write, frame } = rig();
  write(CR, ENABLE | SNAPSHOT | CAPTURE | (2 << 8));
  assert.deepEqual(frame(TWO_LINES), TWO_WORDS);
  assert.equal(read(CR) & CAPTURE, 0);
  assert.deepEqual(frame(TWO_LINES), []);
  write(CR, ENABLE | SNAPSHOT | CAPTURE);
  assert.deepEqual(frame(TWO_LINES), TWO_WORDS);
});

test("CAPTURE that is taken back stays until its frame ends; while none is captured, it goes at once", () => {
  const { dcmi, read, write, line, words } = rig();
  write(CR, ENABLE | CAPTURE);
  write(CR, ENABLE);
  assert.equal(read(CR), ENABLE);
  write(CR, ENABLE | CAPTURE);
  dcmi.pinChanged("VSYNC", true);
  write(CR, ENABLE);
  assert.equal(read(CR), ENABLE | CAPTURE);
  line([1, 2, 3, 4]);
  assert.deepEqual(words(), [0x04030201]);
  dcmi.pinChanged("VSYNC", false);
  assert.equal(read(CR), ENABLE);
});

test("FCRC takes one frame out of two or four", () => {
  const { write, frame } = rig();
  for (const [rate, taken] of [
    [1, [0, 2, 4, 6]],
    [2, [0, 4]],
  ] as const) {
    write(CR, ENABLE | (rate << 8));
    write(CR, ENABLE | CAPTURE | (rate << 8));
    const found = ramp(8).filter(() => frame(TWO_LINES).length > 0);
    assert.deepEqual(found, taken);
    write(CR, 0);
  }
});

test("the crop window takes its pixel clocks of its lines, and FRAME comes with its last line", () => {
  const { dcmi, read, write, line, words } = rig();
  write(CWSTRT, 2 | (1 << 16));
  write(CWSIZE, 3 | (1 << 16));
  write(CR, ENABLE | CAPTURE | CROP);
  dcmi.pinChanged("VSYNC", true);
  for (let n = 0; n < 2; n++) line(ramp(8, 16 * n));
  assert.deepEqual(words(), [0x15141312]);
  assert.equal(read(RIS) & FRAME, 0);
  line(ramp(8, 0x20));
  assert.deepEqual(words(), [0x25242322]);
  assert.equal(read(RIS) & FRAME, FRAME);
  write(ICR, FRAME);
  line(ramp(8, 0x30));
  dcmi.pinChanged("VSYNC", false);
  assert.deepEqual(words(), []);
  assert.equal(read(RIS) & FRAME, 0, "told once");
});

test("bytes and lines are selected by BSM, OEBS, LSM and OELS", () => {
  const { write, frame } = rig();
  const bytes = (bsm: number, oebs: number): number[] => {
    write(CR, ENABLE);
    write(CR, ENABLE | CAPTURE | (bsm << 16) | (oebs << 18));
    return frame([ramp(16)]).flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff));
  };
  assert.deepEqual(bytes(1, 0), [0, 2, 4, 6, 8, 10, 12, 14]);
  assert.deepEqual(bytes(1, 1), [1, 3, 5, 7, 9, 11, 13, 15]);
  assert.deepEqual(bytes(2, 0), [0, 4, 8, 12]);
  assert.deepEqual(bytes(3, 0), [0, 1, 4, 5, 8, 9, 12, 13]);
  assert.deepEqual(bytes(3, 1), [2, 3, 6, 7, 10, 11, 14, 15]);
  for (const [oels, word] of [
    [0, 0x04030201],
    [1, 0x08070605],
  ] as const) {
    write(CR, ENABLE);
    write(CR, ENABLE | CAPTURE | LSM | (oels << 20));
    assert.deepEqual(frame(TWO_LINES), [word]);
  }
});

test("samples of 10, 12 and 14 bits take half a word each", () => {
  const { write, frame } = rig();
  for (const [edm, word] of [
    [1, 0x0012_03ff],
    [2, 0x0012_0fff],
    [3, 0x0012_3fff],
  ] as const) {
    write(CR, ENABLE);
    write(CR, ENABLE | CAPTURE | (edm << 10));
    assert.deepEqual(frame([[0xffff, 0x12]]), [word]);
  }
});

test("JPEG's last word is filled up with zeros; of other frames what fills no word is lost", () => {
  const { write, frame } = rig();
  write(CR, ENABLE | CAPTURE | JPEG);
  assert.deepEqual(frame([[1, 2, 3, 4, 5], [6]]), [0x04030201, 0x0605]);
  write(CR, ENABLE | CAPTURE);
  assert.deepEqual(frame([[1, 2, 3, 4, 5], [6]]), [0x04030201]);
  assert.deepEqual(frame(TWO_LINES), TWO_WORDS);
});

test("nobody reads: nothing is left of the FIFO, and the next frame is waited for, or the snapshot is over", () => {
  const { dcmi, read, write, frame, line, words } = rig();
  write(CR, ENABLE | CAPTURE);
  dcmi.pinChanged("VSYNC", true);
  line(ramp(32));
  assert.equal(read(RIS) & OVR, 0, "eight words fit");
  line(ramp(4));
  assert.equal(read(RIS) & OVR, OVR);
  assert.deepEqual(words(), []);
  line(ramp(4));
  dcmi.pinChanged("VSYNC", false);
  assert.deepEqual(words(), []);
  assert.equal(read(RIS) & FRAME, 0);
  assert.equal(read(CR) & CAPTURE, CAPTURE);
  assert.deepEqual(frame(TWO_LINES), TWO_WORDS);
  for (const [mode, taken] of [
    [SNAPSHOT, false],
    [0, true],
  ] as const) {
    write(CR, ENABLE | CAPTURE | mode);
    dcmi.pinChanged("VSYNC", true);
    if (taken) write(CR, ENABLE);
    line(ramp(36));
    assert.equal(read(CR) & CAPTURE, 0, "the snapshot, or the last frame, is lost");
    dcmi.pinChanged("VSYNC", false);
    assert.deepEqual(frame(TWO_LINES), []);
  }
});

test("JPEG has neither crop window nor codes", () => {
  const { dcmi, read, write, frame } = rig();
  write(CWSIZE, 3);
  write(ESCR, CODES);
  write(ESUR, 0xffff_ffff);
  write(CR, ENABLE | CAPTURE | JPEG | CROP | ESS);
  dcmi.pinChanged("VSYNC", true);
  dcmi.pinChanged("HSYNC", true);
  dcmi.clockIn(code(FS));
  dcmi.pinChanged("HSYNC", false);
  assert.equal(read(DR), 0x0100_00ff);
  assert.equal(read(RIS), LINE, "no frame's end yet");
  dcmi.pinChanged("VSYNC", false);
  write(ICR, 0x1f);
  assert.deepEqual(frame([ramp(8)]), [0x03020100, 0x07060504]);
});

test("anything but a word is a bus error", () => {
  const { dcmi } = rig();
  for (const size of [1, 2] as const) {
    assert.throws(() => dcmi.read(DR, size), BusFault);
    assert.throws(() => dcmi.write(CR, size, 0), BusFault);
  }
});

const code = (byte: number): number[] => [0xff, 0, 0, byte];
const [FS, LS, LE, FE] = [0x01, 0x02, 0x03, 0x04];
const CODES = FS | (LS << 8) | (LE << 16) | (FE << 24);

test("codes in the data are synchronisation, too; masked bits of them do not count", () => {
  const { dcmi, read, write, words } = rig();
  write(ESCR, CODES);
  write(ESUR, 0x0f0f_0f0f);
  write(CR, ENABLE | CAPTURE | ESS);
  dcmi.clockIn([9, 9, ...code(FS), 9, 9, 9, 9]);
  assert.deepEqual(words(), [], "that frame may have begun before: none has ended yet");
  dcmi.clockIn([...code(FE), 9, 9, ...code(FS), 1, 2, 3, 4, ...code(0x10 | LE), 9, 9, ...code(LS)]);
  assert.equal(read(SR) & 3, 0);
  dcmi.clockIn([5, 6, 0xff, 8]);
  assert.deepEqual(words(), [0x04030201, 0x08ff0605]);
  dcmi.clockIn([...code(FE)]);
  assert.equal(read(SR) & 3, 3);
  assert.equal(read(RIS), FRAME | VSYNC | LINE);
});

test("FFh as a frame's start: the first line begins it; as its end: any other code ends it", () => {
  const { dcmi, read, write, words } = rig();
  write(ESCR, 0xff | (LS << 8) | (LE << 16) | (0xff << 24));
  write(ESUR, 0xffff_ffff);
  write(CR, ENABLE | CAPTURE | ESS);
  dcmi.clockIn([
    ...code(LS),
    9,
    9,
    9,
    9,
    ...code(LE),
    ...code(0x70),
    ...code(LS),
    1,
    2,
    3,
    4,
    ...code(LE),
    ...code(LS),
    5,
    6,
    7,
    8,
    ...code(LE),
  ]);
  assert.equal(read(RIS) & FRAME, 0);
  dcmi.clockIn(code(0x70));
  assert.equal(read(RIS) & FRAME, FRAME);
  assert.deepEqual(words(), TWO_WORDS);
});

test("FFh as a line's start is a code as any other", () => {
  const { dcmi, write, words } = rig();
  write(ESCR, FS | (0xff << 8) | (LE << 16) | (FE << 24));
  write(ESUR, 0xffff_ffff);
  write(CR, ENABLE | CAPTURE | ESS);
  dcmi.clockIn([...code(FE), ...code(FS), 1, 2, 3, 4, ...code(LE)]);
  dcmi.clockIn([9, ...code(0xff), 5, 6, 7, 8, ...code(LE)]);
  assert.deepEqual(words(), TWO_WORDS);
});

test("codes in the wrong order are an error, and the next frame is waited for", () => {
  const { dcmi, read, write, words } = rig();
  write(ESCR, CODES);
  write(ESUR, 0xffff_ffff);
  write(CR, ENABLE | CAPTURE | ESS);
  dcmi.clockIn([...code(FE), ...code(FS), 1, 2, 3, 4, ...code(LS)]);
  assert.equal(read(RIS), ERR);
  assert.deepEqual(words(), []);
  dcmi.clockIn([5, 6, 7, 8, ...code(LE), ...code(FE)]);
  assert.deepEqual(words(), []);
  dcmi.clockIn([...code(FS), 1, 2, 3, 4]);
  assert.deepEqual(words(), [0x04030201]);
});

test("switched off, it forgets what it holds", () => {
  const { dcmi, request, read, write, words } = rig();
  write(CR, ENABLE | CAPTURE);
  dcmi.pinChanged("VSYNC", true);
  dcmi.pinChanged("HSYNC", true);
  dcmi.clockIn(ramp(8));
  assert.equal(request.asserted, true);
  write(CR, CAPTURE);
  assert.equal(request.asserted, false);
  assert.deepEqual(words(), []);
  dcmi.clockIn(ramp(8));
  assert.deepEqual(words(), []);
  dcmi.reset();
  assert.equal(read(CR), 0);
});
