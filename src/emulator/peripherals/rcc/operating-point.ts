/**
 * What the chip survives: CPU and bus clock per voltage scale (data sheet DS12556, "General operating
 * conditions", revision V) and flash wait states per bus clock (RM0433, table "FLASH recommended number of
 * wait states and programming delay").
 */

/** 0 = VOS0 (overdrive) .. 3 = VOS3. */
export type VoltageScale = 0 | 1 | 2 | 3;

export interface OperatingPoint {
  readonly cpuHz: number;
  readonly hclkHz: number;
  /** The fastest of rcc_pclk1..4. */
  readonly pclkHz: number;
  readonly voltageScale: VoltageScale;
  /** FLASH_ACR.LATENCY. */
  readonly waitStates: number;
  /** FLASH_ACR.WRHIGHFREQ. */
  readonly programmingDelay: number;
}

interface Limits {
  readonly cpu: number;
  readonly hclk: number;
  readonly pclk: number;
  /** Highest bus clock in MHz with 0, 1, 2, ... wait states. */
  readonly flash: readonly number[];
  /** Highest bus clock in MHz with WRHIGHFREQ 0, 1, 2. */
  readonly programming: readonly number[];
}

const LIMITS: Readonly<Record<VoltageScale, Limits>> = {
  0: { cpu: 480, hclk: 240, pclk: 120, flash: [70, 140, 210, 225, 240], programming: [70, 185, 240] },
  1: { cpu: 400, hclk: 200, pclk: 100, flash: [70, 140, 210, 225, 240], programming: [70, 185, 240] },
  2: { cpu: 300, hclk: 150, pclk: 75, flash: [55, 110, 165, 225], programming: [55, 165, 225] },
  // The sheet says 50 MHz for APB with a peripheral enabled, yet the chip itself starts at VOS3 with all buses on HSI's 64 MHz.
  3: { cpu: 200, hclk: 100, pclk: 64, flash: [45, 90, 135, 180, 225], programming: [45, 135, 225] },
};

const MHZ = 1e6;
const megahertz = (hz: number): string => `${(hz / MHZ).toFixed(1)} MHz`;

/** One sentence for each limit that the operating point breaks; empty when silicon would work. */
export function operatingPointFaults(point: OperatingPoint): string[] {
  const { voltageScale, waitStates, programmingDelay } = point;
  const limits = LIMITS[voltageScale];
  const faults: string[] = [];
  const bound = (what: string, hz: number, limit: number): void => {
    if (hz > limit * MHZ) {
      faults.push(
        `${what} ${megahertz(hz)} is above the ${limit} MHz of VOS${voltageScale}: raise the voltage first`,
      );
    }
  };
  bound("CPU clock", point.cpuHz, limits.cpu);
  bound("AXI/AHB clock", point.hclkHz, limits.hclk);
  bound("APB clock", point.pclkHz, limits.pclk);
  const readable = limits.flash[waitStates] ?? limits.flash.at(-1) ?? 0;
  if (point.hclkHz > readable * MHZ) {
    faults.push(
      `FLASH_ACR.LATENCY = ${waitStates} serves up to ${readable} MHz at VOS${voltageScale}, the bus runs ` +
        `at ${megahertz(point.hclkHz)}: instruction fetches from flash would fail`,
    );
  }
  const programmable = limits.programming[programmingDelay] ?? limits.programming.at(-1) ?? 0;
  if (point.hclkHz > programmable * MHZ) {
    faults.push(
      `FLASH_ACR.WRHIGHFREQ = ${programmingDelay} serves up to ${programmable} MHz at VOS${voltageScale}, ` +
        `the bus runs at ${megahertz(point.hclkHz)}: programming would be unreliable`,
    );
  }
  return faults;
}
