/** What a part of the chip is to the bus and to RCC. */

import type { BusDevice } from "../bus.js";
import type { ResetName } from "../peripherals/rcc/rcc-registers.js";

export interface ChipPart<T extends BusDevice & { reset(): void } = BusDevice & { reset(): void }> {
  readonly name: string;
  readonly address: number;
  /** Bytes; default 0x400. */
  readonly size?: number;
  readonly device: T;
  readonly resetBit?: ResetName;
  /** What RCC's reset bit does, where a system reset does more. */
  readonly partReset?: () => void;
}
