import assert from "node:assert/strict";
import { test } from "node:test";
import { readBoard } from "../../cli/board-files.js";
import { EmulatedBoard } from "./emulated-board.js";

const GPIOB = 0x5802_0400;
const GPIOD = 0x5802_0c00;
const SPI1 = 0x4001_3000;
const [MODER, IDR, BSRR, AFRL] = [0x00, 0x10, 0x18, 0x20];
/** W25Q64JV-IQ (data sheet, "Manufacturer and device identification"). */
const JEDEC_ID = [0xef, 0x40, 0x17];

/** A WeAct board without a program: the flash chip on SPI1 has /CS at PD6, SCK at PB3, MISO at PB4, MOSI at PD7. */
function desk() {
  const messages: string[] = [];
  const board = new EmulatedBoard({
    board: readBoard("weact-ministm32h750"),
    random: () => 0.5,
    onMessage: (message) => messages.push(message),
  });
  const write = (address: number, value: number): void => board.chip.bus.write(address, 4, value);
  const read = (address: number): number => board.chip.bus.read(address, 4);
  const pass = (ns: number): void => board.advance(board.now + ns);
  board.powerOn();
  pass(1e6);
  write(0x5802_44e0, (1 << 1) | (1 << 3));
  const select = (on: boolean): void => write(GPIOD + BSRR, on ? 1 << 22 : 1 << 6);
  select(false);
  return { board, messages, write, read, pass, select };
}

test("SPI1 reads the identification, programs a page and reads it back", () => {
  const { board, write, pass, select } = desk();
  write(GPIOB + MODER, (0xffff_febf & ~(0xf << 6)) | (2 << 6) | (2 << 8));
  write(GPIOB + AFRL, (5 << 12) | (5 << 16));
  write(GPIOD + MODER, (0xffff_ffff & ~(0xf << 12)) | (1 << 12) | (2 << 14));
  write(GPIOD + AFRL, 5 * 2 ** 28);
  write(0x5802_44f0, 1 << 12);
  // SPI123 is clocked by per_ck, which HSI is.
  write(0x5802_4450, 4 << 12);
  write(SPI1 + 0x08, 7 | (2 << 28));
  write(SPI1 + 0x0c, (1 << 22) | (1 << 26) | (1 << 31));
  write(SPI1 + 0x00, 1 << 12);
  const exchange = (...bytes: readonly number[]): number[] => {
    select(true);
    write(SPI1 + 0x00, (1 << 12) | 1);
    write(SPI1 + 0x00, (1 << 12) | 1 | (1 << 9));
    const back = bytes.map((byte) => {
      board.chip.bus.write(SPI1 + 0x20, 1, byte);
      pass(10e3);
      return board.chip.bus.read(SPI1 + 0x30, 1);
    });
    write(SPI1 + 0x00, 1 << 12);
    select(false);
    return back;
  };
  pass(10e6);
  assert.deepEqual(exchange(0x9f, 0, 0, 0).slice(1), JEDEC_ID);
  exchange(0x06);
  exchange(0x02, 0, 1, 0, 0x12, 0x34);
  pass(5e6);
  assert.deepEqual(exchange(0x03, 0, 1, 0, 0, 0, 0).slice(4), [0x12, 0x34, 0xff]);
  assert.deepEqual([...(board.save().spiFlash?.content.subarray(0x100, 0x103) ?? [])], [0x12, 0x34, 0xff]);
});

test("a program that moves the pins itself reads the identification, MISO when SCK is high or low", () => {
  const { read, write, select } = desk();
  const sck = (high: boolean): void => write(GPIOB + BSRR, high ? 1 << 3 : 1 << 19);
  const mosi = (high: boolean): void => write(GPIOD + BSRR, high ? 1 << 7 : 1 << 23);
  write(GPIOB + MODER, (0xffff_febf & ~(0xf << 6)) | (1 << 6));
  write(GPIOD + MODER, (0xffff_ffff & ~(0xf << 12)) | (1 << 12) | (1 << 14));
  sck(false);
  for (const whenHigh of [true, false]) {
    const miso = (): number => (read(GPIOB + IDR) >>> 4) & 1;
    const exchange = (byte: number): number => {
      let back = 0;
      for (let bit = 7; bit >= 0; bit--) {
        mosi(((byte >>> bit) & 1) !== 0);
        const early = miso();
        sck(true);
        back = back * 2 + (whenHigh ? miso() : early);
        sck(false);
      }
      return back;
    };
    select(true);
    exchange(0x9f);
    assert.deepEqual([exchange(0), exchange(0), exchange(0)], JEDEC_ID);
    select(false);
  }
});
