/**
 * What BDMA reaches while the core is stopped and D3 is not: peripherals and memories whose clock RCC_D3AMR keeps (RM0433, RCC_D3AMR).
 * Nothing answers behind the others, whose bus clock is off.
 */

import type { EmulatorLog } from "../bus.js";
import type { DmaBus } from "../peripherals/dma/dma-channel.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";

/** First address and length of what has a bit in RCC_D3AMR. GPIO, EXTI, SYSCFG, PWR and RCC have none, and always a clock in D3. */
const PLACES: readonly (readonly [name: string, address: number, length: number])[] = [
  ["SRAM4", 0x3800_0000, 0x1_0000],
  ["BKPRAM", 0x3880_0000, 0x1000],
  ["LPUART1", 0x5800_0c00, 0x400],
  ["SPI6", 0x5800_1400, 0x400],
  ["I2C4", 0x5800_1c00, 0x400],
  ["LPTIM2", 0x5800_2400, 0x400],
  ["LPTIM3", 0x5800_2800, 0x400],
  ["LPTIM4", 0x5800_2c00, 0x400],
  ["LPTIM5", 0x5800_3000, 0x400],
  ["COMP12", 0x5800_3800, 0x400],
  ["VREF", 0x5800_3c00, 0x400],
  ["RTCAPB", 0x5800_4000, 0x400],
  ["SAI4", 0x5800_5400, 0x400],
  ["CRC", 0x5802_4c00, 0x400],
  ["ADC3", 0x5802_6000, 0x400],
];

export function autonomousBus(bus: DmaBus, rcc: Rcc, log: EmulatorLog): DmaBus {
  const answers = (address: number): boolean => {
    if (!rcc.coreStopped) return true;
    const at = address >>> 0;
    const name = PLACES.find(([, first, length]) => at >= first && at < first + length)?.[0];
    if (name === undefined || rcc.autonomous(name)) return true;
    const message = `BDMA reaches ${name} while the core is stopped: its clock is off, without its bit in RCC_D3AMR`;
    log.once(message, `guest mistake: ${message}`);
    return false;
  };
  return {
    read: (address, size) => (answers(address) ? bus.read(address, size) : 0),
    write: (address, size, value) => {
      if (answers(address)) bus.write(address, size, value);
    },
  };
}
