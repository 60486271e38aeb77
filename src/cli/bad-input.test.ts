import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBlock, UF2Flags } from "uf2";
import { FakeFlash } from "../protocol/testing/fake-flash.js";
import type { Transport } from "../protocol/transport.js";
import {
  NoBoardError,
  PortAccessError,
  PortBusyError,
  PortMissingError,
  SeveralBoardsError,
} from "../transport/node/errors.js";
import { BASE, fails, program, untouched, world } from "./testing.js";

test("a bad file is told before a board is looked for", async () => {
  const made = world();
  made.files.set("bad.hex", new TextEncoder().encode(":0400000001020304F3\n:00000001FF\n"));
  const elf = (...rest: number[]) => Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, ...rest, ...Array(52).fill(0)]);
  made.files.set("wide.elf", elf(2, 1, 1));
  made.files.set("riscv.elf", elf(1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 243, 0));
  made.files.set("cut.elf", elf().subarray(0, 10));
  made.files.set("good.hex", new TextEncoder().encode(":02000004901159\n:0400000001020304F2\n:00000001FF\n"));
  const block = { flags: UF2Flags.familyIDPresent, flashAddress: BASE, payload: new Uint8Array(256) };
  made.files.set(
    "pico.uf2",
    encodeBlock({ ...block, blockNumber: 0, totalBlocks: 1, boardFamily: 0xe48bff56 }),
  );
  const cases: [string[], number, RegExp][] = [
    [["flash", "0x90100000", "missing.bin"], 1, /missing\.bin: no such file or folder: check the name/],
    [["flash", "0x90100000", "empty.bin"], 1, /empty\.bin: the file is empty/],
    [
      ["flash", "app.bin"],
      2,
      /app\.bin: raw bytes carry no address: expected an address in front of the file/,
    ],
    [["flash", "bad.hex"], 1, /bad\.hex: line 1: bad checksum: expected 0xF2, found 0xF3/],
    [["flash", "wide.elf"], 1, /wide\.elf: ELF class: expected 32-bit, found 64-bit/],
    [["flash", "riscv.elf"], 1, /riscv\.elf: ELF machine: expected ARM, found RISC-V/],
    [["flash", "cut.elf"], 1, /cut\.elf: truncated: the ELF header needs bytes 0 to 52, the file has 10/],
    [
      ["flash", "pico.uf2"],
      1,
      /pico\.uf2: block 0: built for another chip: expected .*STM32H7.*found .*RP2040/,
    ],
    [
      ["flash", "0x90100000", "good.hex"],
      2,
      /linked for 0x90110000, not for 0x90100000: leave the address out/,
    ],
    [["verify", "app.bin"], 2, /raw bytes carry no address/],
  ];
  for (const [argv, code, message] of cases) await fails(made, argv, code, message);
  assert.equal(made.requests.length, 0);
});

test("wrong usage is exit code 2, names the argument and points to the help", async () => {
  const made = world();
  const cases: [string[], RegExp][] = [
    [[], /expected a command\nsee "imflasher --help"/],
    [["fly", "list"], /unknown command 'fly'\nsee "imflasher --help"/],
    [["board", "lost"], /unknown command 'lost'.*\nsee "imflasher board --help"/s],
    [["flash"], /missing required argument 'ADDR-or-FILE'\nsee "imflasher flash --help"/],
    [["flash", "0x90100000"], /FILE: expected the name of an image behind the address 0x90100000/],
    [["flash", "zero", "app.bin"], /ADDR: expected an address up to 0xFFFFFFFF.*found "zero"/],
    [["flash", "0x1_0000_0000", "app.bin"], /ADDR: expected/],
    [["flash", "0x90100000", "app.bin", "more"], /too many arguments/],
    [["flash", "--fast", "0x90100000", "app.bin"], /unknown option '--fast'/],
    [["id", "--timeout", "soon"], /--timeout: expected seconds.*"soon"/],
    [["id", "--serial", "XYZ"], /board id "XYZ" has 3 digits; expected 21/],
    [["id", "--board", "toaster"], /board: expected one of: .*emulated.*; found "toaster"/],
    [["id", "--board", "emulated", "--port", "/dev/x"], /--board, --port: expected one of them/],
    [["erase", "0x90100000", "many"], /LENGTH: expected a number of bytes.*"many"/],
    [["erase", "0x90100000"], /missing required argument 'LENGTH'/],
    [["read", "0x90100000", "4K", ""], /FILE: expected the name of a file/],
    [["boot", "here"], /ADDR: expected an address/],
    [["default-boot", "-1"], /ADDR: expected an address.*"-1"/],
  ];
  for (const [argv, message] of cases) await fails(made, argv, 2, message);
  assert.equal(made.requests.length, 0);
});

test("an address that does not fit the board is refused and nothing is changed", async () => {
  const cases: [string[], RegExp][] = [
    [["flash", "0x08000000", "app.bin"], /0x08000000 is outside the chip: the flash chip is 0x90000000 to/],
    [["flash", "0x901F0000", "big.bin"], /too large/],
    [["flash", "0x901FB000", "--no-boot", "app.bin"], /region that the board reserves/],
    [["flash", "0x90100010", "app.bin"], /0x90100010 is not a multiple of 1024/],
    [["erase", "0x90100010", "4K"], /not a multiple of 4096/],
    [["erase", "0x90100000", "100"], /not a multiple of 4096/],
    [["read", "0x901FFFFF", "2", "out.bin"], /too large/],
    [["default-boot", "0x90000000"], /outside the region for applications/],
  ];
  for (const [argv, message] of cases) {
    const made = world();
    made.files.set("big.bin", program(0x20000));
    await fails(made, argv, 1, message);
    untouched(made);
    assert.ok(!made.files.has("out.bin"));
  }
});

test("what keeps a board away has its own exit code", async () => {
  const ports = [
    { path: "/dev/ttyACM0", serial: "A" },
    { path: "/dev/ttyACM1", serial: "B" },
  ];
  const cases: [Error, number, RegExp][] = [
    [new NoBoardError("a board did not appear"), 3, /did not appear/],
    [new PortMissingError("/dev/x: no such port"), 3, /no such port/],
    [new PortBusyError("/dev/x: the port is busy"), 1, /busy/],
    [new PortAccessError("/dev/x: permission denied"), 4, /permission denied/],
    [
      new SeveralBoardsError(ports),
      2,
      /2 boards are present:\n {2}A {2}\/dev\/ttyACM0\n.*\n.*--serial BOARD_ID/,
    ],
  ];
  for (const [error, code, message] of cases) {
    const made = world();
    made.open = () => Promise.reject(error);
    await fails(made, ["id"], code, message);
    assert.equal(made.closedLinks, 1);
  }
});

test("a port behind which no bootloader answers is no board", async () => {
  const made = world();
  made.board.silent = true;
  await fails(made, ["id"], 3, /fake board does not answer: HELLO was sent 3 times.*not a bootloader/);
  const echo = world();
  echo.open = async () => {
    let receiver: (bytes: Uint8Array) => void = () => {};
    const transport: Transport = {
      name: "/dev/ttyUSB0",
      write: async () => receiver(new TextEncoder().encode("ready\r\n>")),
      onData: (next) => {
        receiver = next;
      },
      onClose: () => {},
      close: async () => {},
    };
    return transport;
  };
  await fails(echo, ["id"], 3, /\/dev\/ttyUSB0 sends \d+ bytes, but none that IMBootloader would send/);
});

test("a bootloader with another protocol is named older or newer", async () => {
  const made = world();
  made.board.version = 3;
  made.board.lowest = 2;
  await fails(
    made,
    ["flash", "0x90100000", "app.bin"],
    1,
    /bootloader is newer.*protocol 2 to 3.*Update imflasher/,
  );
  const older = world();
  older.board.version = 0;
  older.board.lowest = 0;
  await fails(older, ["id"], 1, /bootloader is older.*Update the bootloader/);
});

test("a flash chip that is missing, unknown or protected is told with a remedy", async () => {
  for (const [fault, message] of [
    ["NO_FLASH", /NO_FLASH: .*wiring and supply/],
    ["UNKNOWN_FLASH", /UNKNOWN_FLASH: .*SFDP/],
  ] as const) {
    const made = world();
    made.board.flashFault = fault;
    await fails(made, ["flash", "0x90100000", "app.bin"], 1, message);
    untouched(made);
  }
  const made = world();
  made.board.protectedBits = 0x1c;
  await fails(made, ["flash", "0x90100000", "app.bin"], 1, /WRITE_PROTECTED: .*--unprotect/);
  assert.equal(await made.run("flash", "--unprotect", "0x90100000", "app.bin"), 0, made.stderr.text);
  assert.equal(made.board.booted, BASE);
});

test("flash: a chip that does not hold what was written is exit code 5 or 1, never 0", async () => {
  const flash = new FakeFlash();
  const made = world(flash);
  flash.stuck.add(BASE + 100);
  const code = await made.run("flash", "0x90100000", "app.bin");
  assert.ok(code === 5 || code === 1, `${code}`);
  assert.match(made.stderr.text, /0x90100064/);
  assert.equal(made.board.booted, undefined);
});
