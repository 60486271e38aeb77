/** EXTI: edge detection, masks, pending bits and events of the CPU (RM0433, chapter EXTI). D3 wake-up is stored only. */

import type { EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock, type RegisterSpec } from "../registers.js";
import { Peripheral } from "./peripheral.js";

/** EXTI lines `first`..`last` that share an interrupt of the NVIC. */
export interface ExtiGroup {
  readonly first: number;
  readonly last: number;
  readonly line: InterruptLine;
}

export interface ExtiOptions {
  readonly log: EmulatorLog;
  readonly groups: readonly ExtiGroup[];
  /** Software chose other edges to look for. */
  readonly onEdges?: () => void;
  /** An event for the core (WFE), or one that wakes it from Stop. */
  readonly onEvent?: () => void;
  /** A line had an active edge, whatever its masks say: triggers inside the chip. */
  readonly onTrigger?: (line: number) => void;
}

type Bank = 1 | 2 | 3;
type ExtiRegister =
  | `RTSR${Bank}`
  | `FTSR${Bank}`
  | `SWIER${Bank}`
  | `D3PMR${Bank}`
  | "D3PCR1L"
  | "D3PCR1H"
  | "D3PCR2L"
  | "D3PCR2H"
  | "D3PCR3H"
  | `CPUIMR${Bank}`
  | `CPUEMR${Bank}`
  | `CPUPR${Bank}`;

const BANKS: readonly Bank[] = [1, 2, 3];

/** Lines with edge detection; the others are direct lines, whose request comes from their peripheral. */
const CONFIGURABLE: Readonly<Record<Bank, number>> = { 1: 0x3f_ffff, 2: 0xa_0000, 3: 0x74_0000 };
const D3_PENDING_MASK: Readonly<Record<Bank, number>> = { 1: 0x238_ffff, 2: 0x3f_020c, 3: 0x100_0000 };
const CPU_MASK: Readonly<Record<Bank, number>> = { 1: 0xffff_ffff, 2: 0xffff_dfff, 3: 0x1f5_ffff };
/** Direct lines start unmasked (RM0433, chapter EXTI). */
const CPU_MASK_RESET: Readonly<Record<Bank, number>> = { 1: 0xffc0_0000, 2: 0xfff5_ffff, 3: 0x18b_ffff };

export class Exti extends Peripheral {
  readonly registers: RegisterBlock<ExtiRegister>;
  readonly #options: ExtiOptions;
  /** Level of each line's signal, where it is known. */
  readonly #levels = new Map<number, boolean>();

  constructor(options: ExtiOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(this.#specs(), { name: "EXTI", log: options.log });
  }

  reset(): void {
    this.registers.reset();
    this.#update();
  }

  /** The signal of configurable line `line` (0..87) went high or low. */
  edge(line: number, high: boolean): void {
    if (this.#levels.get(line) === high) return;
    this.#levels.set(line, high);
    const bank = bankOf(line);
    const bit = 1 << (line % 32);
    if (!this.registers.has(`${high ? "RTSR" : "FTSR"}${bank}`, bit)) return;
    this.#happened(bank, bit);
  }

  /** The request of direct line `line` was raised: no pending bit, but an event for the core where EMR wants it. */
  direct(line: number): void {
    if (this.registers.has(`CPUEMR${bankOf(line)}`, 1 << (line % 32))) this.#options.onEvent?.();
  }

  /** Does it look for edges of configurable line `line`? */
  awaits(line: number): boolean {
    const bank = bankOf(line);
    const both = this.registers.get(`RTSR${bank}`) | this.registers.get(`FTSR${bank}`);
    return (both & (1 << (line % 32))) !== 0;
  }

  #happened(bank: Bank, bits: number): void {
    this.registers.setBits(`CPUPR${bank}`, bits, true);
    this.#update();
    if (this.registers.has(`CPUEMR${bank}`, bits)) this.#options.onEvent?.();
    if (this.#options.onTrigger === undefined) return;
    for (let line = 0; line < 32; line++) {
      if ((bits & (1 << line)) !== 0) this.#options.onTrigger((bank - 1) * 32 + line);
    }
  }

  #specs(): Record<ExtiRegister, RegisterSpec> {
    const specs: Partial<Record<ExtiRegister, RegisterSpec>> = {
      D3PCR1L: { offset: 0x10, reset: 0, tagged: 0xffff_ffff },
      D3PCR1H: { offset: 0x14, reset: 0, tagged: 0xc_0fc0 },
      D3PCR2L: { offset: 0x30, reset: 0, tagged: 0xc_00f0 },
      D3PCR2H: { offset: 0x34, reset: 0, tagged: 0xfff },
      D3PCR3H: { offset: 0x54, reset: 0, tagged: 0xc_0000 },
    };
    for (const bank of BANKS) {
      const base = (bank - 1) * 0x20;
      const cpu = 0x80 + (bank - 1) * 0x10;
      const edges = CONFIGURABLE[bank];
      // Another sensitivity takes a pending bit away.
      const onWrite = (name: "RTSR" | "FTSR") => (_written: number, before: number) => {
        this.registers.setBits(`CPUPR${bank}`, this.registers.get(`${name}${bank}`) ^ before, false);
        this.#update();
        this.#options.onEdges?.();
      };
      specs[`RTSR${bank}`] = { offset: base, reset: 0, rw: edges, onWrite: onWrite("RTSR") };
      specs[`FTSR${bank}`] = { offset: base + 0x04, reset: 0, rw: edges, onWrite: onWrite("FTSR") };
      specs[`SWIER${bank}`] = {
        offset: base + 0x08,
        reset: 0,
        wo: edges,
        onWrite: (written) => this.#happened(bank, written & edges),
      };
      specs[`D3PMR${bank}`] = { offset: base + 0x0c, reset: 0, tagged: D3_PENDING_MASK[bank] };
      specs[`CPUIMR${bank}`] = {
        offset: cpu,
        reset: CPU_MASK_RESET[bank],
        rw: CPU_MASK[bank],
        onWrite: () => this.#update(),
      };
      specs[`CPUEMR${bank}`] = { offset: cpu + 0x04, reset: 0, rw: CPU_MASK[bank] };
      specs[`CPUPR${bank}`] = { offset: cpu + 0x08, reset: 0, w1c: edges, onWrite: () => this.#update() };
    }
    return specs as Record<ExtiRegister, RegisterSpec>;
  }

  #update(): void {
    for (const { first, last, line } of this.#options.groups) {
      let pending = false;
      for (let at = first; at <= last && !pending; at++) {
        const bank = bankOf(at);
        const both = this.registers.get(`CPUPR${bank}`) & this.registers.get(`CPUIMR${bank}`);
        pending = (both & (1 << (at % 32))) !== 0;
      }
      line.set(pending);
    }
  }
}

function bankOf(line: number): Bank {
  return line < 32 ? 1 : line < 64 ? 2 : 3;
}
