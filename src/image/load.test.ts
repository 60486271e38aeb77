import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import nrfIntelHex from "nrf-intel-hex";
import { encodeBlock, UF2Flags } from "uf2";
import { ImageError } from "./error.js";
import type { Image } from "./image.js";
import { loadImage, loadParts } from "./load.js";
import { fillGaps, imageSize, segmentsWithin } from "./segments.js";
import { UF2_FAMILY_STM32H7 } from "./uf2.js";

/** The package is CommonJS whose declarations speak of a default export: Node hands over the class itself. */
const MemoryMap = nrfIntelHex as unknown as typeof nrfIntelHex.default;

const BASE = 0x90100000;

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

function fails(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof ImageError, `${error}`);
    assert.match(error.message, message);
    return true;
  });
}

interface ElfSegment {
  readonly paddr: number;
  readonly bytes: Uint8Array;
  readonly memorySize?: number;
  readonly type?: number;
}

/** An executable as a linker would write it; `patch` spoils it. */
function elf(segments: readonly ElfSegment[], patch: (view: DataView) => void = () => undefined): Uint8Array {
  const table = 52;
  let offset = table + segments.length * 32;
  const file = new Uint8Array(offset + segments.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 40, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, BASE + 0x101, true);
  view.setUint32(28, table, true);
  view.setUint16(40, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, segments.length, true);
  segments.forEach(({ paddr, bytes, memorySize, type }, index) => {
    const at = table + index * 32;
    const words = [type ?? 1, offset, 0x20000000, paddr, bytes.length, memorySize ?? bytes.length, 5, 4];
    for (const [word, value] of words.entries()) view.setUint32(at + word * 4, value, true);
    file.set(bytes, offset);
    offset += bytes.length;
  });
  patch(view);
  return file;
}

function uf2(
  blocks: readonly { address: number; payload: Uint8Array; family?: number; flags?: number }[],
): Uint8Array {
  const file = new Uint8Array(blocks.length * 512);
  blocks.forEach(({ address, payload, family, flags }, blockNumber) => {
    const known = family === undefined ? 0 : UF2Flags.familyIDPresent;
    encodeBlock(
      {
        flags: flags ?? known,
        flashAddress: address,
        payload,
        blockNumber,
        totalBlocks: blocks.length,
        boardFamily: family ?? 0,
      },
      file,
      blockNumber * 512,
    );
  });
  return file;
}

test("bin: one segment at the given address", () => {
  const image = loadImage(Uint8Array.of(1, 2, 3), "app.bin", { address: BASE });
  assert.deepEqual(image, {
    format: "bin",
    segments: [{ address: BASE, bytes: Uint8Array.of(1, 2, 3) }],
    entry: undefined,
  });
});

test("bin: without an address the error says what to add", () => {
  fails(
    () => loadImage(Uint8Array.of(1), "app.bin"),
    /^app\.bin: raw bytes carry no address: expected an address .* 0x90100000$/,
  );
});

test("bin: may not run over the end of the address space", () => {
  fails(() => loadImage(new Uint8Array(2), "app.bin", { address: 0xffffffff }), /end above 0xFFFFFFFF/);
});

test("an empty file is refused whatever its name", () => {
  for (const name of ["a.bin", "a.hex", "a.elf", "a.uf2", "a"]) {
    fails(() => loadImage(new Uint8Array(0), name, { address: BASE }), /the file is empty/);
  }
});

test("S-record and DfuSe files are refused rather than written as raw bytes", () => {
  fails(
    () => loadImage(text("S0030000FC"), "app.s19", { address: BASE }),
    /Motorola S-record files are not read/,
  );
  fails(() => loadImage(text("DfuSe"), "app.dfu", { address: BASE }), /DfuSe files are not read/);
});

test("hex: what another implementation wrote is read back, merged", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0x7fff0000 }),
      fc.uint8Array({ minLength: 1, maxLength: 70_000 }),
      fc.integer({ min: 1, max: 255 }),
      (address, bytes, lineSize) => {
        const file = new MemoryMap([[address, bytes]]).asHexString(lineSize);
        assert.deepEqual(loadImage(text(file), "x.hex").segments, [{ address, bytes }]);
      },
    ),
    { numRuns: 30 },
  );
});

test("hex: addresses from 0x80000000 up, the entry point, CRLF and no ending are read", () => {
  const file = ":0200000490105A\r\n:0400000001020304F2\r\n:040000059010010155\r\n:00000001FF";
  const image = loadImage(text(file), "noending");
  assert.equal(image.format, "hex");
  assert.equal(image.entry, 0x90100101);
  assert.deepEqual(image.segments, [{ address: BASE, bytes: Uint8Array.of(1, 2, 3, 4) }]);
});

test("hex: a bad checksum names its line, what was expected and what was found", () => {
  fails(
    () => loadImage(text(":0200000490105A\n:0400000001020304F3\n:00000001FF\n"), "app.hex"),
    /^app\.hex: line 2: bad checksum: expected 0xF2, found 0xF3; /,
  );
});

test("hex: every other damage names its line", () => {
  const cases: [string, RegExp][] = [
    ["what is this\n", /line 1: not a record/],
    [":00000001FF\n:00000001FF\n", /line 2: data after the end-of-file record/],
    [":0500000001020304F1\n", /line 1: the record says 5 data bytes, found 4/],
    [":00000006FA\n", /line 1: record type 6: expected 0 to 5/],
    [":0100000400FB\n", /line 1: a record of type 4 has 2 data bytes, found 1/],
    [":02FFFF000102FD\n", /line 1: data runs over the end of its 64 KiB block/],
    [":0100000001FE\n", /cut off: expected an end-of-file record/],
    [":020000000102FB\n:0100010003FB\n:00000001FF\n", /line 2 overlaps line 1 at 0x00000001/],
    [":00000001FF\n", /holds no data/],
  ];
  for (const [file, message] of cases) fails(() => loadImage(text(file), "app.hex"), message);
});

test("elf: loadable segments at their physical addresses, merged where they touch", () => {
  const file = elf([
    { paddr: BASE + 4, bytes: Uint8Array.of(5, 6), memorySize: 100 },
    { paddr: BASE, bytes: Uint8Array.of(1, 2, 3, 4) },
    { paddr: 0x20000000, bytes: new Uint8Array(0), memorySize: 1000 },
    { paddr: 0x1234, bytes: Uint8Array.of(9), type: 4 },
  ]);
  const image = loadImage(file, "app", { address: BASE });
  assert.equal(image.format, "elf");
  assert.equal(image.entry, BASE + 0x101);
  assert.deepEqual(image.segments, [{ address: BASE, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) }]);
});

test("elf: what cannot run here is refused with what was found and expected", () => {
  const one: ElfSegment[] = [{ paddr: BASE, bytes: new Uint8Array(8) }];
  const cases: [(view: DataView) => void, RegExp][] = [
    [(view) => view.setUint8(4, 2), /ELF class: expected 32-bit, found 64-bit/],
    [(view) => view.setUint8(5, 2), /ELF byte order: expected little-endian, found big-endian/],
    [(view) => view.setUint16(18, 243, true), /ELF machine: expected ARM, found RISC-V/],
    [(view) => view.setUint16(18, 999, true), /ELF machine: expected ARM, found 999/],
    [(view) => view.setUint16(16, 1, true), /ELF type: expected an executable, found an object file/],
    [(view) => view.setUint16(44, 0, true), /expected program headers/],
    [(view) => view.setUint32(28, 0xfffffff0, true), /truncated: the program header table needs bytes/],
    [(view) => view.setUint32(52 + 4, 1_000_000, true), /truncated: program header 0 needs bytes 1000000/],
    [(view) => view.setUint32(52 + 20, 7, true), /8 bytes in the file, but only 7 in memory/],
    [(view) => view.setUint32(52 + 12, 0xfffffffc, true), /end above 0xFFFFFFFF/],
    [(view) => view.setUint32(52, 6, true), /holds no data/],
  ];
  for (const [patch, message] of cases) fails(() => loadImage(elf(one, patch), "app.elf"), message);
});

test("elf: cut off anywhere, it is refused", () => {
  const whole = elf([{ paddr: BASE, bytes: Uint8Array.of(1, 2, 3, 4) }]);
  for (let length = 4; length < whole.length; length++) {
    fails(() => loadImage(whole.subarray(0, length), "app.elf"), /app\.elf: truncated/);
  }
});

test("elf: overlapping segments are refused, and so is a file whose headers load it many times", () => {
  const bytes = new Uint8Array(100);
  fails(
    () =>
      loadImage(
        elf([
          { paddr: BASE, bytes },
          { paddr: BASE + 99, bytes },
        ]),
        "app.elf",
      ),
    /program header 1 overlaps program header 0 at 0x90100063/,
  );
  const twice = elf(
    [
      { paddr: BASE, bytes },
      { paddr: BASE + 0x1000, bytes: new Uint8Array(1) },
      { paddr: BASE + 0x2000, bytes: new Uint8Array(1) },
    ],
    (view) => {
      for (const index of [1, 2]) {
        view.setUint32(52 + index * 32 + 4, 52 + 96, true);
        view.setUint32(52 + index * 32 + 16, 100, true);
        view.setUint32(52 + index * 32 + 20, 100, true);
      }
    },
  );
  fails(() => loadImage(twice, "app.elf"), /program headers up to 2 load 300 bytes, the file has 250/);
});

test("uf2: blocks for STM32H7 or without a family are read and merged", () => {
  for (const family of [UF2_FAMILY_STM32H7, undefined]) {
    const image = loadImage(
      uf2([
        { address: BASE, payload: new Uint8Array(256).fill(1), ...(family && { family }) },
        { address: BASE + 256, payload: new Uint8Array(256).fill(2), ...(family && { family }) },
      ]),
      "app.bin",
    );
    assert.equal(image.format, "uf2");
    assert.equal(image.segments.length, 1);
    assert.equal(imageSize(image), 512);
    assert.equal(image.segments[0]?.bytes[256], 2);
  }
});

test("uf2: another family is refused by its name", () => {
  const payload = new Uint8Array(256);
  fails(
    () => loadImage(uf2([{ address: BASE, payload, family: 0xe48bff56 }]), "app.uf2"),
    /block 0: built for another chip: expected family 0x6db66082 \(STM32H7\), found 0xe48bff56 \(.*RP2040.*\)/,
  );
  fails(
    () => loadImage(uf2([{ address: BASE, payload, family: 1 }]), "app.uf2"),
    /found 0x00000001 \(unknown\)/,
  );
});

test("uf2: blocks not for main flash are left out; damage is named by its block", () => {
  const payload = new Uint8Array(256);
  const blocks = [
    { address: BASE, payload },
    { address: 0, payload, flags: UF2Flags.notMainFlash },
  ];
  assert.equal(imageSize(loadImage(uf2(blocks), "app.uf2")), 256);
  fails(() => loadImage(uf2(blocks).subarray(0, 512), "app.uf2"), /the blocks say 2 blocks, found 1/);
  fails(
    () => loadImage(uf2(blocks).subarray(0, 700), "app.uf2"),
    /expected a multiple of 512 bytes, found 700/,
  );
  const damaged = uf2(blocks);
  damaged[1020] = 0;
  fails(() => loadImage(damaged, "app.uf2"), /block 1: Invalid magic value at offset 508/);
  const swapped = uf2(blocks);
  swapped[20] = 1;
  fails(() => loadImage(swapped, "app.uf2"), /block 0: expected block number 0, found 1/);
});

test("an address that is not the file's own is refused", () => {
  const file = elf([{ paddr: BASE, bytes: Uint8Array.of(1) }]);
  fails(
    () => loadImage(file, "app.elf", { address: 0x90200000 }),
    /linked for 0x90100000, not for 0x90200000: leave the address out/,
  );
  assert.equal(loadImage(file, "app.elf", { address: BASE }).segments.length, 1);
});

test("segmentsWithin cuts at the borders of the memory", () => {
  const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  const image = loadImage(bytes, "a.bin", { address: 0x100 });
  assert.deepEqual(segmentsWithin(image, 0x102, 4), {
    inside: [{ address: 0x102, bytes: Uint8Array.of(2, 3, 4, 5) }],
    outside: [
      { address: 0x100, bytes: Uint8Array.of(0, 1) },
      { address: 0x106, bytes: Uint8Array.of(6, 7) },
    ],
  });
  assert.deepEqual(segmentsWithin(image, 0, 0x100), { inside: [], outside: image.segments });
  assert.deepEqual(segmentsWithin(image, 0x108, 0x100), { inside: [], outside: image.segments });
  assert.deepEqual(segmentsWithin(image, 0, 0x1000), { inside: image.segments, outside: [] });
});

/** Any bytes, and whole files of each format with a few bytes changed or cut off. */
const anyFile = fc.oneof(
  fc.uint8Array({ maxLength: 4096 }),
  fc
    .tuple(
      fc.constantFrom(
        elf([
          { paddr: BASE, bytes: new Uint8Array(64) },
          { paddr: BASE + 64, bytes: new Uint8Array(64) },
        ]),
        uf2([
          { address: BASE, payload: new Uint8Array(256), family: UF2_FAMILY_STM32H7 },
          { address: BASE + 256, payload: new Uint8Array(256) },
        ]),
        text(new MemoryMap([[0x8000000, new Uint8Array(200)]]).asHexString()),
      ),
      fc.array(fc.tuple(fc.nat(1100), fc.nat(255)), { maxLength: 4 }),
      fc.option(fc.nat(1100), { nil: undefined }),
    )
    .map(([whole, changes, length]) => {
      const file = whole.slice(0, length);
      for (const [at, value] of changes) if (at < file.length) file[at] = value;
      return file;
    }),
);

test("in parts of any size a file gives what it gives as a whole, or the same error", async () => {
  const outcome = async (job: () => Promise<Image> | Image): Promise<unknown> => {
    try {
      return await job();
    } catch (error) {
      assert.ok(error instanceof ImageError, `${error}`);
      return error.message;
    }
  };
  const name = fc.constantFrom("a.bin", "a.hex", "a");
  const partBytes = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 100, max: 70_000 }));
  await fc.assert(
    fc.asyncProperty(anyFile, name, partBytes, fc.boolean(), async (file, name, partBytes, sizeKnown) => {
      const options = { address: name === "a.bin" ? BASE : undefined };
      async function* parts(): AsyncGenerator<Uint8Array> {
        // One buffer for all parts: what is kept of one must be a copy.
        const buffer = new Uint8Array(partBytes);
        for (let at = 0; at < file.length; at += partBytes) {
          const part = file.subarray(at, at + partBytes);
          buffer.set(part);
          yield buffer.subarray(0, part.length);
        }
      }
      const size = sizeKnown ? file.length : 0;
      assert.deepEqual(
        await outcome(() => loadParts({ size, parts: parts() }, name, options)),
        await outcome(() => loadImage(file, name, options)),
      );
    }),
    { numRuns: 300 },
  );
});

test("any bytes give an image that keeps its promises, or an ImageError", () => {
  fc.assert(
    fc.property(
      anyFile,
      fc.constantFrom("a.bin", "a.hex", "a.elf", "a.uf2", "a"),
      fc.option(fc.constantFrom(0, BASE, 0xffffffff), { nil: undefined }),
      (file, name, address) => {
        let image: ReturnType<typeof loadImage>;
        try {
          image = loadImage(file, name, { address });
        } catch (error) {
          assert.ok(error instanceof ImageError, `${error}`);
          return;
        }
        let end = -1;
        for (const segment of image.segments) {
          assert.ok(segment.bytes.length > 0 && segment.address > end);
          end = segment.address + segment.bytes.length;
          assert.ok(end <= 0x1_0000_0000);
        }
        assert.ok(image.segments.length > 0 && imageSize(image) <= file.length);
      },
    ),
    { numRuns: 2000 },
  );
});

test("fillGaps makes one segment with 0xFF between the pieces, and refuses what no chip holds", () => {
  const piece = (address: number, ...bytes: number[]) => ({ address, bytes: Uint8Array.from(bytes) });
  const image = (...segments: ReturnType<typeof piece>[]) => ({ format: "hex", segments, entry: 1 }) as const;
  assert.deepEqual(fillGaps(image(piece(8, 1, 2), piece(12, 3))), image(piece(8, 1, 2, 0xff, 0xff, 3)));
  const whole = image(piece(8, 1));
  assert.equal(fillGaps(whole), whole);
  assert.throws(() => fillGaps(image(piece(0, 1), piece(0x9000_0000, 1))), ImageError);
});

const MANY = 50_000;

/** Data records of one byte, every other address, the highest first: nothing can be merged. */
function scatteredHex(): string {
  const lines: string[] = [];
  for (let at = MANY - 1; at >= 0; at--) {
    const offset = (at * 2) % 0x10000;
    const base = (at * 2) >>> 16;
    for (const body of [
      `02000004${base.toString(16).padStart(4, "0")}`,
      `01${offset.toString(16).padStart(4, "0")}0055`,
    ]) {
      const sum = Buffer.from(body, "hex").reduce((total, byte) => total + byte, 0);
      lines.push(`:${body}${(-sum & 0xff).toString(16).padStart(2, "0")}`);
    }
  }
  return [...lines, ":00000001FF"].join("\n");
}

test("large files that were made to be slow: work that grows with the square of the size would not end", () => {
  const repeated = (piece: string, bytes: number) => text(piece.repeat(bytes / piece.length));
  fails(() => loadImage(repeated("\n", 2 ** 23), "a.hex"), /cut off/);
  fails(() => loadImage(repeated(" \r\n", 3 * 2 ** 21), "a.hex"), /cut off/);
  fails(() => loadImage(repeated(":", 2 ** 23), "a.hex"), /line 1: not a record/);
  fails(() => loadImage(text(`:${"0".repeat(2 ** 23)}`), "a.hex"), /line 1: not a record/);
  fails(() => loadImage(repeated(":0000000000\n", 12 * 2 ** 18), "a.hex"), /cut off/);
  const onePage = new MemoryMap([[0, new Uint8Array(MANY)]]).asHexString(1);
  assert.equal(loadImage(text(onePage), "a.hex").segments.length, 1);
  assert.equal(loadImage(text(scatteredHex()), "a.hex").segments.length, MANY);
  const blocks = Array.from({ length: MANY / 5 }, (_, i) => {
    return { address: BASE + (MANY / 5 - i) * 512, payload: new Uint8Array(256) };
  });
  assert.equal(loadImage(uf2(blocks), "a.uf2").segments.length, blocks.length);
  const headers = Array.from({ length: 60_000 }, (_, i) => {
    return { paddr: BASE + (60_000 - i) * 2, bytes: Uint8Array.of(i & 255) };
  });
  assert.equal(loadImage(elf(headers), "a.elf").segments.length, headers.length);
});
