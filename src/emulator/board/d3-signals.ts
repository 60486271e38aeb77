/** Interrupts of D3's peripherals: they reach the core through EXTI, which masks them, and BDMA as signals (RM0433, tables of EXTI and DMAMUX2). */

import type { InterruptLine } from "../bus.js";
import type { Exti } from "../peripherals/exti.js";
import type { InternalSignal, InternalSignals } from "./internal-signals.js";
import { IRQ } from "./memory-map.js";

interface D3Interrupt {
  readonly irq: number;
  /** The direct line that masks it. */
  readonly line: number;
  /** The line of the same peripheral's wake-up, which D3 may wait for. */
  readonly wakeUp?: number;
  readonly signals?: readonly InternalSignal[];
}

const BDMA_CHANNELS = 8;
const BDMA_IRQ = 129;
const BDMA_LINE = 66;

const INTERRUPTS: readonly D3Interrupt[] = [
  { irq: 138, line: 48, signals: ["LPTIM2_IT"] },
  { irq: 139, line: 50, signals: ["LPTIM3_IT"] },
  { irq: 140, line: 52, signals: ["LPTIM4_IT"] },
  { irq: 141, line: 53, signals: ["LPTIM5_IT"] },
  { irq: 95, line: 62, signals: ["I2C4_IT"] },
  { irq: 96, line: 63 },
  { irq: IRQ.LPUART1, line: 64 },
  { irq: 86, line: 65, wakeUp: 41, signals: ["SPI6_IT", "SPI6_WKUP"] },
  { irq: 128, line: 74 },
  { irq: 127, line: 75, signals: ["ADC3_IT"] },
  { irq: 146, line: 76 },
  ...Array.from({ length: BDMA_CHANNELS }, (_, n) => ({
    irq: BDMA_IRQ + n,
    line: BDMA_LINE + n,
    ...(n < 2 ? { signals: [`BDMA_CH${n as 0 | 1}_IT` as const] } : {}),
  })),
];

/** The line into the NVIC for `irq`. */
export function coreLine(
  irq: number,
  core: InterruptLine,
  { exti, signals }: { readonly exti: Exti; readonly signals: InternalSignals },
): InterruptLine {
  const found = INTERRUPTS.find((each) => each.irq === irq);
  if (found === undefined) return core;
  const { line, wakeUp, signals: told = [] } = found;
  const masked = exti.interrupt(line, core);
  return {
    set: (asserted) => {
      masked.set(asserted);
      if (asserted && wakeUp !== undefined) exti.direct(wakeUp);
      for (const signal of told) signals.raise(signal, asserted);
    },
  };
}

/** Outputs of LPTIM that are EXTI's own lines, and those that end D3's pending events. */
export function connectLptimOutputs(exti: Exti, signals: InternalSignals): void {
  for (const [signal, line] of [
    ["LPTIM2_OUT", 49],
    ["LPTIM3_OUT", 51],
  ] as const) {
    signals.listen(
      signal,
      (high) => exti.edge(line, high === true),
      () => exti.awaits(line),
    );
  }
  for (const source of ["LPTIM4_OUT", "LPTIM5_OUT"] as const) {
    signals.listen(
      source,
      (high) => {
        if (high !== false) exti.clearD3(source);
      },
      () => exti.awaitsClear(source),
    );
  }
}

/** LPUART1's sides: lines 34 and 35 of EXTI, and signals of DMAMUX2. */
export function lpuartSides(
  exti: Exti,
  signals: InternalSignals,
): (receive: boolean, transmit: boolean) => void {
  const sides = [
    { line: 34, told: ["LPUART1_RX_WKUP", "LPUART1_RX_IT"] },
    { line: 35, told: ["LPUART1_TX_WKUP", "LPUART1_TX_IT"] },
  ] as const;
  const before = [false, false];
  return (...now) => {
    sides.forEach(({ line, told }, index) => {
      const on = now[index] === true;
      if (on === before[index]) return;
      before[index] = on;
      if (on) exti.direct(line);
      for (const signal of told) signals.raise(signal, on);
    });
  };
}
