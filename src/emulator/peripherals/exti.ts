/**
 * EXTI: edge detection, masks, pending bits and events of the CPU; events that keep D3 in Run until something inside D3 clears
 * them (RM0433, chapter EXTI, "Low-power D3 domain application example").
 */

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
  /** D3 has pending events, or none any more. */
  readonly onD3Pending?: (pending: boolean) => void;
  /** A line had an active edge, whatever its masks say: triggers inside the chip. */
  readonly onTrigger?: (line: number) => void;
}

type Bank = 1 | 2 | 3;
/** What clears pending events of D3, by D3PCRx.PCSx. */
export const D3_CLEAR_SOURCES = ["DMAMUX2_EVT6", "DMAMUX2_EVT7", "LPTIM4_OUT", "LPTIM5_OUT"] as const;
export type D3ClearSource = (typeof D3_CLEAR_SOURCES)[number];
/** D3PCRx of lines 0..15, 16..31 and so on; there is none of lines 64..79. */
const PENDING_CLEAR = ["D3PCR1L", "D3PCR1H", "D3PCR2L", "D3PCR2H", undefined, "D3PCR3H"] as const;

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
  /** Interrupts that reach the core through CPUIMR only: they have no pending bit. */
  readonly #direct: { readonly bank: Bank; readonly bit: number; readonly show: () => void }[] = [];
  /** Lines with a pending event of D3. */
  readonly #d3Pending = new Set<number>();

  constructor(options: ExtiOptions) {
    super();
    this.#options = options;
    this.registers = new RegisterBlock(this.#specs(), { name: "EXTI", log: options.log });
  }

  reset(): void {
    this.registers.reset();
    this.#d3Pending.clear();
    this.#update();
    for (const { show } of this.#direct) show();
    this.#options.onD3Pending?.(false);
  }

  /** An interrupt of D3 on its way to the core: direct line `line` masks it. */
  interrupt(line: number, core: InterruptLine): InterruptLine {
    const bank = bankOf(line);
    const bit = 1 << (line % 32);
    let on = false;
    const show = (): void => core.set(on && this.registers.has(`CPUIMR${bank}`, bit));
    this.#direct.push({ bank, bit, show });
    return {
      set: (asserted) => {
        if (asserted === on) return;
        on = asserted;
        show();
        if (on) this.direct(line);
      },
    };
  }

  get d3Pending(): boolean {
    return this.#d3Pending.size > 0;
  }

  /** A signal of D3 that ends the events that wait for it. */
  clearD3(source: D3ClearSource): void {
    const selection = D3_CLEAR_SOURCES.indexOf(source);
    this.#forgetD3((line) => this.#clearSelection(line) === selection);
  }

  /** Is there a line whose pending event this signal would end? */
  awaitsClear(source: D3ClearSource): boolean {
    const selection = D3_CLEAR_SOURCES.indexOf(source);
    return BANKS.some((bank) => {
      const lines = this.registers.get(`D3PMR${bank}`);
      for (let left = lines; left !== 0; left &= left - 1) {
        const line = (bank - 1) * 32 + 31 - Math.clz32(left & -left);
        if (this.#clearSelection(line) === selection) return true;
      }
      return false;
    });
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
    this.#pendD3(line);
    if (this.registers.has(`CPUEMR${bankOf(line)}`, 1 << (line % 32))) this.#options.onEvent?.();
  }

  #pendD3(line: number): void {
    const bank = bankOf(line);
    if (!this.registers.has(`D3PMR${bank}`, 1 << (line % 32))) return;
    this.#d3Pending.add(line);
    this.#options.onD3Pending?.(true);
  }

  #forgetD3(which: (line: number) => boolean): void {
    if (this.#d3Pending.size === 0) return;
    for (const line of this.#d3Pending) if (which(line)) this.#d3Pending.delete(line);
    if (this.#d3Pending.size === 0) this.#options.onD3Pending?.(false);
  }

  #clearSelection(line: number): number {
    const name = PENDING_CLEAR[line >>> 4];
    return name === undefined ? 0 : (this.registers.get(name) >>> ((line & 15) * 2)) & 3;
  }

  /** Does it look for edges of configurable line `line`? */
  awaits(line: number): boolean {
    const bank = bankOf(line);
    const both = this.registers.get(`RTSR${bank}`) | this.registers.get(`FTSR${bank}`);
    return (both & (1 << (line % 32))) !== 0;
  }

  #happened(bank: Bank, bits: number): void {
    // Only an interrupt that is not masked is kept (RM0433, table "Masking functionality").
    this.registers.setBits(`CPUPR${bank}`, bits & this.registers.get(`CPUIMR${bank}`), true);
    this.#update();
    if (this.registers.has(`CPUEMR${bank}`, bits)) this.#options.onEvent?.();
    for (let left = bits; left !== 0; left &= left - 1) {
      const line = (bank - 1) * 32 + 31 - Math.clz32(left & -left);
      this.#pendD3(line);
      this.#options.onTrigger?.(line);
    }
  }

  #specs(): Record<ExtiRegister, RegisterSpec> {
    const specs: Partial<Record<ExtiRegister, RegisterSpec>> = {
      D3PCR1L: { offset: 0x10, reset: 0, rw: 0xffff_ffff },
      D3PCR1H: { offset: 0x14, reset: 0, rw: 0xc_0fc0 },
      D3PCR2L: { offset: 0x30, reset: 0, rw: 0xc_00f0 },
      D3PCR2H: { offset: 0x34, reset: 0, rw: 0xfff },
      D3PCR3H: { offset: 0x54, reset: 0, rw: 0xc_0000 },
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
      specs[`D3PMR${bank}`] = {
        offset: base + 0x0c,
        reset: 0,
        rw: D3_PENDING_MASK[bank],
        // Masking a line takes its pending event away.
        onWrite: () =>
          this.#forgetD3(
            (line) => bankOf(line) === bank && !this.registers.has(`D3PMR${bank}`, 1 << (line % 32)),
          ),
      };
      specs[`CPUIMR${bank}`] = {
        offset: cpu,
        reset: CPU_MASK_RESET[bank],
        rw: CPU_MASK[bank],
        onWrite: () => {
          this.#update();
          for (const each of this.#direct) if (each.bank === bank) each.show();
        },
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
