import assert from "node:assert/strict";
import { test } from "node:test";
import { bootloaderImage, readBoard } from "../../cli/board-files.js";
import { seededRandom } from "../../protocol/testing/fake-link.js";
import { EmulatedBoard } from "../board/emulated-board.js";
import { boardDap } from "./board-dap.js";
import { BoardTarget, boardFlash } from "./board-target.js";
import { DapFault } from "./dap.js";
import { CORE_REGISTER, DebugError } from "./target.js";

const MS = 1e6;
const IWDG_KR = 0x5800_4800;
const DTCM = 0x2000_0000;

function setUp() {
  const board = new EmulatedBoard({
    board: readBoard("emulated"),
    random: seededRandom(1),
    onMessage: () => {},
  });
  board.loadInternal(bootloaderImage("emulated"));
  return { board, target: new BoardTarget(board) };
}

const run = (board: EmulatedBoard, milliseconds: number): void =>
  board.advance(board.now + milliseconds * MS);
const word = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);

test("a board without power has no memory, no registers and no breakpoints", () => {
  const { target } = setUp();
  assert.deepEqual([target.powered, target.running, target.read(DTCM, 4).length], [false, false, 0]);
  assert.equal(target.write(DTCM, word(1)), false);
  for (const act of [
    () => target.readRegister(0),
    () => target.reset(true),
    () => target.insertBreakpoint(DTCM),
    () => target.step(),
  ]) {
    assert.throws(act, DebugError);
  }
  target.halt();
  target.resume();
  target.release();
});

test("a halted core keeps the independent watchdog from biting; a running one does not", () => {
  const { board, target } = setUp();
  board.powerOn();
  target.halt();
  const entry = target.readRegister(CORE_REGISTER.PC);
  // b . in RAM: nobody reloads the watchdog.
  target.write(DTCM, word(0xe7fe_e7fe));
  target.writeRegister(CORE_REGISTER.PC, DTCM);
  target.write(IWDG_KR, word(0xcccc));
  run(board, 5000);
  assert.equal(target.readRegister(CORE_REGISTER.PC), DTCM);
  target.insertBreakpoint(entry);
  target.resume();
  run(board, 5000);
  assert.deepEqual([target.running, target.readRegister(CORE_REGISTER.PC)], [false, entry]);
});

test("registers can be had only while the core stands still", () => {
  const { board, target } = setUp();
  board.powerOn();
  run(board, 1);
  assert.throws(() => target.readRegister(0), /running/);
  assert.notEqual(target.samplePc(), 0);
  target.halt();
  target.writeRegister(CORE_REGISTER.S0 + 3, 0x4048_0000);
  assert.equal(target.readRegister(CORE_REGISTER.S0 + 3), 0x4048_0000);
});

test("reset stops before the first instruction, wherever the core was, asleep or locked up", () => {
  const { board, target } = setUp();
  board.powerOn();
  target.halt();
  const entry = target.readRegister(CORE_REGISTER.PC);
  run(board, 1);
  target.reset(true);
  assert.deepEqual([target.running, target.readRegister(CORE_REGISTER.PC)], [false, entry]);
  // wfi, and an undefined instruction with both fault vectors out of reach.
  for (const code of [0xe7fd_bf30, 0xde00_de00]) {
    target.write(DTCM, word(code));
    target.writeRegister(CORE_REGISTER.PC, DTCM);
    target.resume();
    run(board, 1);
    target.reset(true);
    assert.equal(target.readRegister(CORE_REGISTER.PC), entry);
  }
  target.reset(false);
  assert.equal(target.running, true);
});

test("memory: plain memory is looked at, a peripheral sees each access, and where nothing is it ends", () => {
  const { board, target } = setUp();
  board.powerOn();
  target.halt();
  assert.equal(target.write(DTCM + 1, Uint8Array.of(1, 2, 3, 4, 5)), true);
  assert.deepEqual([...target.read(DTCM, 7)].slice(1, 6), [1, 2, 3, 4, 5]);
  const end = DTCM + 0x2_0000;
  assert.equal(target.read(end - 4, 16).length, 4);
  assert.equal(target.write(end - 4, new Uint8Array(16)), false);
  // DBGMCU_IDC in one word, in halfwords, and from the middle.
  assert.deepEqual([...target.read(0x5c00_1000, 4)], [0x50, 0x64, 0x03, 0x20]);
  assert.deepEqual([...target.read(0x5c00_1002, 2)], [0x03, 0x20]);
});

test("the internal flash is replaced as a whole, as a probe would", () => {
  const { board } = setUp();
  board.powerOn();
  const flash = boardFlash(board);
  const content = flash.content();
  assert.equal(content.length, flash.length);
  content.fill(0x5a, 0x1000, 0x1020);
  flash.program(content);
  assert.deepEqual(boardFlash(board).content(), content);
  assert.deepEqual([...new BoardTarget(board).read(flash.address + 0xfff, 3)], [content[0xfff], 0x5a, 0x5a]);
});

/** Option bytes with this RDP, as if they had always been so. */
function protectedAt(rdp: number) {
  const { board, target } = setUp();
  board.powerOn();
  const { flash } = board.chip;
  const state = flash.save();
  const OPTSR = ((state.options.OPTSR & ~0xff00) | (rdp << 8)) >>> 0;
  flash.load({ ...state, options: { ...state.options, OPTSR } });
  board.powerOff();
  board.powerOn();
  return { board, target };
}

test("at read protection level 1 a debugger has the core and RAM, but no flash, which then stays shut until power-on", () => {
  const { board, target } = protectedAt(0x55);
  run(board, 1);
  target.halt();
  assert.equal(target.running, false);
  assert.equal(target.write(DTCM, word(1)), true);
  assert.equal(target.read(boardFlash(board).address, 4).length, 0);
  assert.throws(() => boardFlash(board).program(new Uint8Array(4)), /read-protected/);
  target.resume();
  run(board, 1);
  assert.equal(board.chip.cpu.lockedUp, true, "what runs from there has nothing to fetch");
  board.powerOff();
  board.powerOn();
  run(board, 1);
  assert.equal(board.chip.cpu.lockedUp, false);
});

test("at read protection level 2 the debug port does not answer", () => {
  const { board, target } = protectedAt(0xcc);
  run(board, 1);
  target.halt();
  assert.equal(target.running, true);
  assert.equal(target.read(DTCM, 4).length, 0);
  assert.equal(target.write(DTCM, word(1)), false);
  assert.throws(() => target.reset(true), /level 2/);
  assert.throws(() => target.insertBreakpoint(DTCM), DebugError);
  assert.throws(() => boardDap(board).readMemory(0, DTCM, 4), DapFault);
});
