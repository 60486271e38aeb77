/**
 * SAI (RM0433, chapter SAI): two audio blocks with free protocols (I2S, PCM, TDM), AC'97 and SPDIF, and the PDM interface. With
 * nothing at SD, zeros come in.
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../../bus.js";
import { NO_PIN } from "../../../pin-signal.js";
import { RegisterBlock } from "../../../registers.js";
import type { Timeline } from "../../../timeline.js";
import { type DmaSignal, NO_DMA } from "../../dma/dma-request.js";
import { Peripheral } from "../../peripheral.js";
import { ALL, type RegisterAction, registerTable } from "../../register-table.js";
import { SAI, SAI_PDM } from "../../tables/serial.js";
import { BLOCKS, type BlockName, CR1, CR2, type SaiPinName, type SaiRegisters, SR } from "./sai-bits.js";
import { SaiBlock } from "./sai-block.js";
import { SaiLinks } from "./sai-links.js";
import type { SaiMember } from "./sai-member.js";
import { SaiMicrophones, type SaiMicrophonesHost } from "./sai-microphones.js";

export interface SaiOptions {
  readonly name: string;
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  /** The clock of each block. */
  readonly kernelHz: Readonly<Record<BlockName, () => number>>;
  readonly requests?: Readonly<Record<BlockName, DmaSignal>>;
  readonly pins?: Readonly<Record<BlockName, SaiMember["pins"]>>;
  /** The chip's four, SAI1 first. */
  readonly links?: SaiLinks;
  /** Pins of the PDM interface, which SAI1 and SAI4 have. */
  readonly microphones?: Pick<SaiMicrophonesHost, "data" | "clocks">;
  /** FS of a block, inside the chip. */
  readonly sync?: {
    readonly wanted: (block: BlockName) => boolean;
    readonly raise: (block: BlockName, level: boolean) => void;
  };
}

const NO_PINS = { SD: NO_PIN, SCK: NO_PIN, FS: NO_PIN, MCLK: NO_PIN } as const;
/** What SAI_xCLRFR clears. */
const STICKY = SR.OVRUDR | SR.MUTEDET | SR.WCKCFG | SR.CNRDY | SR.AFSDET | SR.LFSDET;
const EVENTS = STICKY | SR.FREQ;

export class Sai extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly blocks: Readonly<Record<BlockName, SaiBlock>>;
  readonly #options: SaiOptions;
  readonly #links: SaiLinks;
  readonly #cells: Readonly<Record<BlockName, SaiRegisters>>;
  readonly #microphones: SaiMicrophones | undefined;
  readonly #pending: Record<BlockName, boolean> = { A: false, B: false };

  constructor(options: SaiOptions) {
    super();
    this.#options = options;
    this.#links = options.links ?? new SaiLinks();
    this.registers = this.#declare();
    const { registers } = this;
    const cells = (block: BlockName): SaiRegisters => ({
      CR1: registers.cell(`SAI_${block}CR1`),
      CR2: registers.cell(`SAI_${block}CR2`),
      FRCR: registers.cell(`SAI_${block}FRCR`),
      SLOTR: registers.cell(`SAI_${block}SLOTR`),
      IM: registers.cell(`SAI_${block}IM`),
    });
    this.#cells = { A: cells("A"), B: cells("B") };
    if (options.microphones !== undefined) {
      this.#microphones = new SaiMicrophones({
        ...options.microphones,
        control: () => registers.get("SAI_PDMCR"),
        delays: () => registers.get("SAI_PDMDLY"),
      });
    }
    this.blocks = { A: this.#block("A"), B: this.#block("B") };
    this.#links.add({ blocks: this.blocks, synchronisation: () => registers.get("SAI_GCR") });
  }

  #declare(): RegisterBlock<string> {
    const { name, log, clocked, microphones } = this.#options;
    const actions: Record<string, RegisterAction> = {
      SAI_GCR: { rw: ALL, onWrite: () => this.#links.changed() },
    };
    for (const block of BLOCKS) {
      const named = (register: string): string => `SAI_${block}${register}`;
      actions[named("CR1")] = { rw: ALL, onWrite: (_written, before) => this.#control(block, before) };
      actions[named("CR2")] = {
        rw: ALL & ~CR2.FFLUSH,
        wo: CR2.FFLUSH,
        onWrite: (w) => this.#control2(block, w),
      };
      actions[named("FRCR")] = { rw: ALL, onWrite: () => this.blocks[block].reshaped() };
      actions[named("SLOTR")] = { rw: ALL, onWrite: () => this.blocks[block].reshaped() };
      actions[named("IM")] = { rw: ALL, onWrite: () => this.#update(block) };
      actions[named("SR")] = { ro: ALL, onRead: () => this.#status(block) };
      actions[named("CLRFR")] = { wo: ALL, quiet: true, onWrite: (written) => this.#clear(block, written) };
      actions[named("DR")] = {
        rw: ALL,
        onRead: () => this.#pop(block),
        onWrite: (written) => this.#push(block, written),
      };
    }
    if (microphones !== undefined) {
      actions["SAI_PDMCR"] = { rw: ALL };
      actions["SAI_PDMDLY"] = { rw: ALL };
    }
    const table = microphones === undefined ? SAI : `${SAI}, ${SAI_PDM}`;
    return new RegisterBlock(registerTable(table, actions), { name, log, clocked });
  }

  #block(name: BlockName): SaiBlock {
    const { timeline, kernelHz, pins, sync, log } = this.#options;
    return new SaiBlock({
      registers: this.#cells[name],
      timeline,
      kernelHz: kernelHz[name],
      pins: pins?.[name] ?? NO_PINS,
      links: this.#links,
      microphones: name === "A" ? this.#microphones : undefined,
      setEnabled: (on) => this.registers.setBits(`SAI_${name}CR1`, CR1.SAIEN, on),
      update: () => this.#update(name),
      mistake: (message) => {
        const who = `${this.#options.name}_${name}`;
        log.once(`${who}.${message}`, `guest mistake: ${who}: ${message}`);
      },
      syncWanted: () => sync?.wanted(name) === true,
      onSync: (level) => sync?.raise(name, level),
    });
  }

  reset(): void {
    for (const block of BLOCKS) this.blocks[block].off();
    this.registers.reset();
    this.#links.changed();
    for (const block of BLOCKS) {
      this.blocks[block].reset();
      this.#update(block);
    }
  }

  /** To be called when a clock changed. */
  clockChanged(): void {
    for (const block of BLOCKS) this.blocks[block].generator.clockChanged();
  }

  /** What it drives onto a pin of `block`; undefined: nothing. */
  output(block: BlockName, pin: SaiPinName): boolean | undefined {
    return this.blocks[block].output(pin);
  }

  /** SAI_CKx; undefined: not driven. */
  microphoneClock(number: number): boolean | undefined {
    return this.#microphones?.clock(number);
  }

  /** The level at a pin changed; undefined: the pin is not connected. */
  pinChanged(block: BlockName, pin: "SCK" | "FS", level: boolean | undefined): void {
    this.blocks[block].pinChanged(pin, level ?? false);
  }

  #control(block: BlockName, before: number): void {
    this.#links.changed();
    this.blocks[block].controlled(before);
    this.#update(block);
  }

  #control2(block: BlockName, written: number): void {
    if ((written & CR2.FFLUSH) !== 0) this.blocks[block].slots.fifo.clear();
    this.blocks[block].reshaped();
    this.#update(block);
  }

  #push(block: BlockName, word: number): void {
    const { receives, slots } = this.blocks[block];
    if (!receives) slots.fifo.push(word);
    this.#served(block);
  }

  #pop(block: BlockName): number {
    const { receives, slots } = this.blocks[block];
    const word = receives ? slots.fifo.pop() : undefined;
    this.#served(block);
    return word ?? 0;
  }

  #clear(block: BlockName, written: number): void {
    this.blocks[block].slots.flags &= ~(written & STICKY);
    this.#served(block);
  }

  #served(block: BlockName): void {
    this.blocks[block].served();
    this.#update(block);
  }

  #status(block: BlockName): number {
    const { slots, receives } = this.blocks[block];
    const asks = slots.fifo.asks(receives, this.#cells[block].CR2.value & 7);
    return slots.flags | (asks ? SR.FREQ : 0) | (slots.fifo.level(receives) << 16);
  }

  #update(block: BlockName): void {
    const status = this.#status(block);
    const { CR1: cr1, IM } = this.#cells[block];
    // Also while SAIEN = 0: ST's library waits for DMA to fill the FIFO before it enables the block.
    const asks = (cr1.value & CR1.DMAEN) !== 0 && (status & SR.FREQ) !== 0;
    (this.#options.requests?.[block] ?? NO_DMA).set(asks);
    // WCKCFG is told by a block that just switched itself off.
    const events = (cr1.value & CR1.SAIEN) === 0 ? SR.WCKCFG : EVENTS;
    this.#pending[block] = (status & IM.value & events) !== 0;
    this.#options.interrupt.set(this.#pending.A || this.#pending.B);
  }
}
