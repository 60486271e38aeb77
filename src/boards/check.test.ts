import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { norPart } from "../emulator/flash/parts.js";
import { BoardFileError, parseBoard } from "./board.js";
import { boardMistakes, loadBoard } from "./check.js";
import { completeBoard } from "./draft.js";
import { boardNames } from "./names.js";

type Json = { [key: string]: unknown };

const text = (name: string): string => readFileSync(`boards/${name}.json`, "utf8");
const valid = new Ajv2020({ allErrors: true }).compile(
  JSON.parse(readFileSync("boards/board.schema.json", "utf8")) as object,
);

function mistakes(change: (board: { flash: Json; regions: Json } & Json) => void): string[] {
  const json = JSON.parse(text("emulated"));
  change(json);
  return boardMistakes(parseBoard("x.json", JSON.stringify(json)));
}

for (const name of boardNames(readdirSync("boards"))) {
  test(`${name} is right by schema and chip, and its flash part has the size that is told`, () => {
    const board = loadBoard(`boards/${name}.json`, text(name));
    assert.ok(valid(JSON.parse(text(name))), JSON.stringify(valid.errors));
    assert.equal(board.flash.size, norPart(board.flash.part).size);
  });
}

test("a pin that does not carry its signal is told with the pins that do, on the board's package", () => {
  const found = mistakes(({ flash }) => Object.assign(flash["pins"] as Json, { IO2: { pin: "PE3", af: 9 } }));
  assert.deepEqual(found, [
    "flash.pins.IO2: expected a pin with QUADSPI_BK1_IO2, found PE3 with AF9; possible: PE2 (AF9)",
    "led.pin: expected a free pin, found PE3, which is flash.pins.IO2 already",
  ]);
  assert.deepEqual(
    mistakes(({ flash }) => Object.assign(flash["pins"] as Json, { NCS: { pin: "PB10", af: 10 } })),
    [
      "flash.pins.NCS: expected a pin with QUADSPI_BK1_NCS, found PB10 with AF10; possible: PB6 (AF10), PB10 (AF9)",
    ],
  );
});

test("pins of bank 1 do not carry bank 2's signals", () => {
  const found = mistakes(({ flash }) => Object.assign(flash, { bank: 2 }));
  assert.equal(found.length, 5);
  assert.match(found[0] ?? "", /^flash\.pins\.NCS: expected a pin with QUADSPI_BK2_NCS/);
});

test("USB's and the probe's pins are taken, and a package may lack a pin", () => {
  assert.deepEqual(
    mistakes((board) => Object.assign(board, { button: { pin: "PA13", activeHigh: true } })),
    ["button.pin: expected a free pin, found PA13, which is SWDIO"],
  );
  assert.deepEqual(
    mistakes((board) => Object.assign(board, { led: { pin: "PI8", activeHigh: true } })),
    ["led.pin: expected a pin of the package LQFP100, found PI8"],
  );
});

test("a camera's pins must carry DCMI's signals, and it has a clock", () => {
  const { camera } = JSON.parse(text("weact-ministm32h750")) as { camera: { pins: Json } & Json };
  const wrong = { ...camera, pins: { ...camera.pins, D7: { pin: "PB15", af: 13 } } };
  assert.deepEqual(
    mistakes((board) => Object.assign(board, { camera: wrong })),
    ["camera.pins.D7: expected a pin with DCMI_D7, found PB15 with AF13; possible: PB9 (AF13), PE6 (AF13)"],
  );
  assert.throws(() => mistakes((board) => Object.assign(board, { camera: { ...camera, clock: 24e6 } })), {
    name: "BoardFileError",
    message: /camera\.clock: expected a pin/,
  });
  mistakes((board) => Object.assign(board, { camera: { ...camera, clock: undefined, clockHz: 24e6 } }));
});

test("regions must lie inside the chip, in whole sectors, apart from each other", () => {
  const beyond = mistakes(({ flash }) => Object.assign(flash, { size: "0x00800000" }));
  assert.deepEqual(beyond, [
    "regions.application: expected inside the flash chip, 0x90000000 to 0x907FFFFF; found 0x90100000 to 0x90FFBFFF",
    "regions.journal: expected inside the flash chip, 0x90000000 to 0x907FFFFF; found 0x90FFC000 to 0x90FFFFFF",
  ]);
  const overlapping = mistakes(({ regions }) =>
    Object.assign(regions, { reserved: [{ address: "0x90FFB000", length: "0x2000" }] }),
  );
  assert.deepEqual(
    overlapping.map((line) => line.split(";")[0]),
    [
      "regions.reserved[0]: expected apart from regions.application, 0x90100000 to 0x90FFBFFF",
      "regions.reserved[0]: expected apart from regions.journal, 0x90FFC000 to 0x90FFFFFF",
    ],
  );
  assert.match(
    mistakes(({ regions }) =>
      Object.assign(regions, { reserved: [{ address: "0x90000100", length: "0x1000" }] }),
    ).join(),
    /^regions\.reserved\[0\]: expected whole sectors of 4096 bytes/,
  );
});

test("a file is refused with all of its mistakes, and when it is named otherwise", () => {
  assert.throws(
    () => loadBoard("somewhere/mine.json", text("emulated").replace('"PE3"', '"PA12"')),
    new BoardFileError(
      'somewhere/mine.json: name: expected "mine" as the file is named, found "emulated"\n' +
        "somewhere/mine.json: led.pin: expected a free pin, found PA12, which is USB D+",
    ),
  );
});

const DRAFT = {
  name: "mine",
  flash: {
    part: "W25Q64JV-IQ",
    pins: { CLK: "PB2", NCS: "PB10", IO0: "PC9", IO1: "PC10", IO2: "PE2", IO3: "PA1" },
  },
  led: "PE3",
  console: { usart: "UART7", tx: "PE8", rx: "PE7" },
};

test("a draft becomes a whole board file: alternate functions, size and regions follow", () => {
  const file = completeBoard(DRAFT, (part) => norPart(part).size);
  assert.ok(valid(JSON.parse(file)), JSON.stringify(valid.errors));
  const board = loadBoard("mine.json", file);
  assert.deepEqual(board.flash.pins.NCS, { pin: "PB10", af: 9 });
  assert.equal(board.flash.size, 0x80_0000);
  assert.deepEqual(board.regions.journal, { address: 0x907f_c000, length: 0x4000 });
  assert.deepEqual(board.regions.application, { address: 0x9010_0000, length: 0x6f_c000 });
  assert.deepEqual(board.console?.rx, { pin: "PE7", af: 7 });
});

test("a pin of a draft that cannot be is told with the possible ones", () => {
  const wrong = { ...DRAFT, flash: { ...DRAFT.flash, pins: { ...DRAFT.flash.pins, IO3: "PE4" } } };
  assert.throws(
    () => completeBoard(wrong, () => undefined),
    new BoardFileError(
      'flash.pins.IO3: expected a pin with QUADSPI_BK1_IO3, found "PE4"; possible: PA1 (AF9), PD13 (AF9), PF6 (AF9)',
    ),
  );
  assert.throws(() => completeBoard([], () => undefined), { name: "BoardFileError" });
});
