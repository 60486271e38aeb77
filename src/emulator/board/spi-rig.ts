/** For tests: SPI1 and SPI2 with wires between their pins. */

import { wiredChip } from "./wired-chip.js";

/** SPI1 on PA4..PA7 (AF5), SPI2 on PB12..PB15 (AF5). */
const SPI1 = 0x4001_3000;
const SPI2 = 0x4000_3800;
export const CR1 = 0x00;
export const CR2 = 0x04;
export const CFG1 = 0x08;
export const CFG2 = 0x0c;
export const SR = 0x14;
export const IFCR = 0x18;
export const TXDR = 0x20;
export const RXDR = 0x30;
export const CRCPOLY = 0x40;
export const UDRDR = 0x4c;
export const CGFR = 0x50;
export const MASTER = 1 << 22;
export const LSBFRST = 1 << 23;
export const CPHA = 1 << 24;
export const SSM = 1 << 26;
export const SSI = 1 << 12;
export const SSOE = 1 << 29;
/** 64 MHz by 64. */
export const SLOW = 5 << 28;
export const BIT_NS = 1e3;
export const FLAGS = {
  EOT: 8,
  UDR: 0x20,
  OVR: 0x40,
  CRCE: 0x80,
  TIFRE: 0x100,
  MODF: 0x200,
  TSERF: 0x400,
  SUSP: 0x800,
};
export const ALL_WIRES = [
  ["PA4", "PB12"],
  ["PA5", "PB13"],
  ["PA6", "PB14"],
  ["PA7", "PB15"],
] as const;

export function spiRig(wires: readonly (readonly [string, string])[] = ALL_WIRES) {
  const made = wiredChip(...wires);
  const { mux, read, write } = made;
  // SPI1 to SPI3 are clocked by per_ck: HSI.
  write(0x5802_4450, 4 << 12);
  for (const pin of ["PA4", "PA5", "PA6", "PA7", "PB12", "PB13", "PB14", "PB15"]) mux(pin, 5);
  return {
    ...made,
    r1: (register: number): number => read(SPI1 + register),
    r2: (register: number): number => read(SPI2 + register),
    w1: (register: number, value: number): void => write(SPI1 + register, value),
    w2: (register: number, value: number): void => write(SPI2 + register, value),
    /** Frames of at most eight bits, one by one. */
    send1: (...bytes: number[]): void => {
      for (const byte of bytes) made.chip.bus.write(SPI1 + TXDR, 1, byte);
    },
    send2: (...bytes: number[]): void => {
      for (const byte of bytes) made.chip.bus.write(SPI2 + TXDR, 1, byte);
    },
  };
}

/** A field that counts from one. */
export const bits = (count: number): number => count - 1;
