/** For tests: the chip with nothing around it, after power-on: 64 MHz from HSI. */

import { GuestMemory } from "../guest-memory.js";
import { STM32H750_FLASH } from "../peripherals/internal-flash/flash-geometry.js";
import { RecordedLog } from "../test-log.js";
import { Timeline } from "../timeline.js";
import { CHIP_BYTES, Chip } from "./chip.js";

export interface TestChipOptions {
  readonly hseHz?: number;
  readonly lseHz?: number;
  readonly onSerial?: ((byte: number) => void) | undefined;
}

export function testChip({ hseHz, lseHz, onSerial }: TestChipOptions = {}) {
  const timeline = new Timeline();
  const log = new RecordedLog();
  const chip = new Chip({
    timeline,
    flashGeometry: STM32H750_FLASH,
    memory: new GuestMemory(CHIP_BYTES + (1 << 20)),
    log,
    random: () => 0.5,
    uniqueId: new Uint8Array(12),
    hseHz,
    hseIsOscillator: false,
    lseHz,
    flashChip: () => undefined,
    flashLines: () => ({ muxed: 0, levels: 0b1111 }),
    sdCard: () => undefined,
    onSerial: (_port, byte) => onSerial?.(byte),
  });
  chip.powerOn(true);
  const write = (address: number, value: number): void => chip.bus.write(address, 4, value);
  const read = (address: number): number => chip.bus.read(address, 4);
  return { chip, timeline, log, read, write };
}

/** Channel 1 of the timer at that address is high for 30 of each 100 us: mode 1, from 64 MHz. */
export function startPwm(write: (address: number, value: number) => void, timer: number): void {
  for (const [register, value] of [
    [0x28, 63],
    [0x2c, 99],
    [0x34, 30],
    [0x18, 0x68],
    [0x20, 1],
    [0x14, 1],
    [0x00, 1],
  ] as const)
    write(timer + register, value);
}
