import assert from "node:assert/strict";
import { test } from "node:test";
import { FACTORY_OPTION_BYTES, type OptionBytes } from "../peripherals/internal-flash/flash-options.js";
import { testChip } from "./test-chip.js";

const FLASH = 0x0800_0000;
const SR1 = 0x5200_2010;
const VTOR = 0xe000_ed08;
const BACKUP_SRAM = 0x3880_0000;
const RTC_BKP0R = 0x5800_4050;
const AHB4ENR = 0x5802_44e0;
const APB4ENR = 0x5802_44f4;
const PWR_CR1 = 0x5802_4800;
const RDPERR = 1 << 23;
const RDSERR = 1 << 24;
const SECURITY = 1 << 21;

const rdp = (byte: number): Partial<OptionBytes> => ({
  OPTSR: ((FACTORY_OPTION_BYTES.OPTSR & ~0xff00) | (byte << 8)) >>> 0,
});

/** The chip with halfwords at offsets of its flash and these option bytes, after power-on. */
function started(code: Readonly<Record<number, readonly number[]>>, options: Partial<OptionBytes>) {
  const r = testChip();
  const image = new Uint8Array(0x400);
  const view = new DataView(image.buffer);
  for (const [offset, halves] of Object.entries(code)) {
    for (const [index, half] of halves.entries()) view.setUint16(Number(offset) + 2 * index, half, true);
  }
  r.chip.flash.fill(image);
  const { cells } = r.chip.flash.save();
  r.chip.flash.load({ cells, options: { ...FACTORY_OPTION_BYTES, ...options } });
  r.chip.powerOn(true);
  return r;
}

function run({ chip, timeline }: ReturnType<typeof testChip>, ns: number): void {
  const until = timeline.now + ns;
  timeline.after(ns, () => {});
  while (timeline.now < until) {
    chip.cpu.run();
    timeline.runDue();
  }
}

/** Stack and reset handler. */
const vectors = (handler: number): readonly number[] => [
  0x1000,
  0x2000,
  (handler | 1) & 0xffff,
  handler >>> 16,
];

test("code in an execute-only area runs, and reads zeros where its literals are", () => {
  const r = started(
    {
      0: vectors(FLASH + 0x200),
      // movs r0, #42; ldr r1, [pc, #4]; b .
      512: [0x202a, 0x4901, 0xe7fe, 0xbf00, 0x5678, 0x1234],
    },
    { PRAR: 0x0003_0002 },
  );
  run(r, 10e3);
  const { cpu } = r.chip;
  assert.deepEqual([cpu.pc, cpu.get(0), cpu.get(1)], [FLASH + 0x204, 42, 0]);
  assert.equal(r.read(SR1) & RDPERR, RDPERR);
});

test("secure user software starts first, exits through ST's root services, and is out of reach from then on", () => {
  const r = started(
    {
      0: vectors(FLASH + 0x100),
      // ldr r3, [pc, #4]; ldr r3, [r3]; b .
      256: [0x4b01, 0x681b, 0xe7fe, 0xbf00, 0x0200, 0x0800],
      512: vectors(FLASH + 0x210),
      // ldr r0, [pc, #8]; ldr r1, [pc, #12]; ldr r2, [pc, #12]; ldr r2, [r2]; blx r2
      528: [0x4802, 0x4903, 0x4a03, 0x6812, 0x4790, 0xbf00, 0, 0x0800, 0xfa17, 0x97a0, 0x9514, 0x1ff0],
    },
    { SCAR: 0x0003_0002, OPTSR: (FACTORY_OPTION_BYTES.OPTSR | SECURITY) >>> 0 },
  );
  const { chip, read } = r;
  assert.equal(chip.cpu.pc, FLASH + 0x210);
  assert.equal(chip.flash.rights.debuggerConnects(), false);
  run(r, 100e3);
  assert.equal(chip.cpu.pc, FLASH + 0x104);
  assert.equal(chip.cpu.get(3), 0);
  assert.equal(chip.cpu.scs.read(VTOR & 0xfff, 4), FLASH);
  assert.equal(read(SR1) & RDSERR, RDSERR);
  assert.equal(chip.flash.rights.debuggerConnects(), true);
  chip.requestReset("software");
  chip.applyReset();
  assert.equal(chip.cpu.pc, FLASH + 0x210, "each reset opens it again");
});

test("at level 1 a debugger, or a boot from RAM, shuts backup SRAM and backup registers with the flash", () => {
  const r = started({ 0: vectors(FLASH + 0x100) }, rdp(0x55));
  const { chip, read, write, log } = r;
  const open = (): void => {
    write(AHB4ENR, 1 << 28);
    write(APB4ENR, 1 << 16);
    write(PWR_CR1, 0xf000_c100);
  };
  open();
  write(BACKUP_SRAM, 0x1234);
  write(RTC_BKP0R, 0x5678);
  assert.deepEqual([read(BACKUP_SRAM), read(RTC_BKP0R)], [0x1234, 0x5678]);
  assert.equal(chip.flash.rights.debuggerConnects(), true);
  write(BACKUP_SRAM, 1);
  write(RTC_BKP0R, 1);
  assert.deepEqual([read(BACKUP_SRAM), read(RTC_BKP0R)], [0, 0]);
  assert.ok(log.has(/BKPRAM: access while read protection/));
  chip.powerOn(false);
  open();
  assert.deepEqual([read(BACKUP_SRAM), read(RTC_BKP0R)], [0x1234, 0x5678]);
  const ram = started({ 0: vectors(FLASH + 0x100) }, { ...rdp(0x55), BOOT: 0x1ff0_2400 });
  assert.equal(ram.chip.flash.rights.shut, true);
});

test("level 2 boots from flash alone", () => {
  const { chip } = started({ 0: vectors(FLASH + 0x100) }, { ...rdp(0xcc), BOOT: 0x1ff0_2400 });
  assert.equal(chip.cpu.pc, FLASH + 0x100);
  assert.equal(chip.flash.rights.debuggerConnects(), false);
});
