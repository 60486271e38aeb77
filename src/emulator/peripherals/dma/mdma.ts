/**
 * MDMA: sixteen channels, linked lists, repeated blocks, software and hardware triggers, priorities (RM0433, chapter MDMA).
 * Bursts only matter for time, which is not modelled beyond a rate.
 */

import { BusFault, type ClockGate, type EmulatorLog, type InterruptLine } from "../../bus.js";
import { RegisterBlock, type RegisterSpec } from "../../registers.js";
import type { Timeline } from "../../timeline.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable, repeatRows } from "../register-table.js";
import type { DmaBus } from "./dma-channel.js";
import { MdmaArbiter } from "./mdma-arbiter.js";
import { exchangeBytes, type MdmaMove, nextMdmaAddress } from "./mdma-move.js";
import { linkFailure, type MdmaFailure, type MdmaTransfer, transferMdma } from "./mdma-transfer.js";

export interface MdmaOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupt: InterruptLine;
  readonly clocked: ClockGate;
  readonly bus: DmaBus;
  readonly hclkHz: () => number;
  /** Is hardware trigger `id` (0..63) raised, for triggers that are levels? */
  readonly asserted?: (id: number) => boolean;
  /** A channel begins to listen to hardware trigger `id`. */
  readonly onListen?: (id: number) => void;
}

const CHANNELS = 16;
const EN = 1 << 0;
const SWRQ = 1 << 16;
const TEIF = 1 << 0;
const CTCIF = 1 << 1;
const BRTIF = 1 << 2;
const BTIF = 1 << 3;
const TCIF = 1 << 4;
const CRQA = 1 << 16;
const SWRM = 1 << 30;
/** CTCR.PAM */
const PADDING = ["zeros", "sign", "left", "zeros"] as const;
/** CTBR */
const SBUS = 1 << 16;
const DBUS = 1 << 17;
const BNDT = 0x1_ffff;
const BRSUM = 1 << 18;
const BRDUM = 1 << 19;
/** CTCR.TRGM */
const TRIGGER = { BUFFER: 0, BLOCK: 1, REPEATED: 2, LIST: 3 } as const;
/** The registers that a linked-list node holds, in its order (RM0433, "Linked list"). */
const NODE = ["TCR", "BNDTR", "SAR", "DAR", "BRUR", "LAR", "TBR", undefined, "MAR", "MDR"] as const;
const PRIORITY_SHIFT = 6;

const ROWS = `MDMA_C#ISR 40 0 1001f, MDMA_C#IFCR 44 0 1f, MDMA_C#ESR 48 0 fff, MDMA_C#CR 4c 0 170ff, MDMA_C#TCR 50 0 ffffffff,
  MDMA_C#BNDTR 54 0 fffdffff, MDMA_C#SAR 58 0 ffffffff, MDMA_C#DAR 5c 0 ffffffff, MDMA_C#BRUR 60 0 ffffffff,
  MDMA_C#LAR 64 0 ffffffff, MDMA_C#TBR 68 0 3003f, MDMA_C#MAR 70 0 ffffffff, MDMA_C#MDR 74 0 ffffffff`;
const TABLE = `MDMA_GISR0 0 0 ffff, ${repeatRows(ROWS, CHANNELS, 0x40)}`;

interface State {
  /** The request runs to the end of all blocks, or of the list. */
  toEnd: "buffer" | "block" | "repeated" | "list" | undefined;
  blockBytes: number;
}

export class Mdma extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: MdmaOptions;
  /** By trigger id: some channel listens to it. */
  readonly #listening = new Uint8Array(64);
  readonly #states: State[] = Array.from({ length: CHANNELS }, () => ({
    toEnd: undefined,
    blockBytes: 0,
  }));
  readonly #arbiter: MdmaArbiter;

  constructor(options: MdmaOptions) {
    super();
    this.#options = options;
    this.#arbiter = new MdmaArbiter({
      timeline: options.timeline,
      hclkHz: options.hclkHz,
      priority: (n) => (this.#reg(n, "CR") >>> PRIORITY_SHIFT) & 3,
      work: (n) => this.#work(n),
      move: (n, bytes) => this.#move(n, bytes),
    });
    this.registers = new RegisterBlock(this.#specs(), {
      name: "MDMA",
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    for (let n = 0; n < CHANNELS; n++) this.#stop(n);
    this.registers.reset();
    this.#relisten();
    this.#update();
  }

  /** A hardware trigger: every channel that listens to it serves one request. */
  trigger(id: number): void {
    if (!this.listensTo(id)) return;
    for (let n = 0; n < CHANNELS; n++) if (this.#listens(n, id)) this.#request(n);
  }

  /** Does some channel listen to hardware trigger `id`? */
  listensTo(id: number): boolean {
    return this.#listening[id] === 1;
  }

  /** A channel was switched on or off, or took another trigger from its list. */
  #relisten(): void {
    this.#listening.fill(0);
    for (let n = 0; n < CHANNELS; n++) {
      const id = this.#reg(n, "TBR") & 0x3f;
      if (this.#listens(n, id)) this.#listening[id] = 1;
    }
  }

  #reg(n: number, name: string): number {
    return this.registers.get(`MDMA_C${n}${name}`);
  }

  #specs(): Record<string, RegisterSpec> {
    const actions: Record<string, RegisterAction> = {
      MDMA_GISR0: { ro: ALL, onRead: () => this.#global() },
    };
    for (let n = 0; n < CHANNELS; n++) {
      const channel = (name: string): string => `MDMA_C${n}${name}`;
      actions[channel("ISR")] = { ro: ALL };
      actions[channel("IFCR")] = { wo: ALL, onWrite: (written) => this.#clear(n, written) };
      actions[channel("ESR")] = { ro: ALL };
      actions[channel("CR")] = {
        rw: 0x70ff,
        wo: SWRQ,
        onWrite: (written, before) => this.#control(n, written, before),
      };
      for (const name of ["TCR", "BNDTR", "SAR", "DAR", "BRUR", "LAR", "TBR", "MAR", "MDR"]) {
        actions[channel(name)] = {
          rw: ALL,
          onWrite: (_written, before) => this.#keepWhileOn(n, name, before),
        };
      }
    }
    return registerTable(TABLE, actions);
  }

  /** RM0433, MDMA_CxCR.EN: what describes the transfer can be written only while the channel is off. */
  #keepWhileOn(n: number, name: string, before: number): void {
    if ((this.#reg(n, "CR") & EN) === 0 || this.#reg(n, name) === before) return;
    this.registers.set(`MDMA_C${n}${name}`, before);
    this.#mistake(n, `C${n}${name}: write ignored while EN = 1`);
  }

  #listens(n: number, id: number): boolean {
    const on = (this.#reg(n, "CR") & EN) !== 0 && (this.#reg(n, "TCR") & SWRM) === 0;
    return on && (this.#reg(n, "TBR") & 0x3f) === id;
  }

  #control(n: number, written: number, before: number): void {
    const on = (written & EN) !== 0;
    const state = this.#states[n] as State;
    this.#relisten();
    if (!on && (before & EN) !== 0) {
      this.#stop(n);
      // RM0433, MDMA_CxISR: also where software suspends the channel. ST's HAL_MDMA_Abort_IT waits for it.
      this.registers.setBits(`MDMA_C${n}ISR`, CTCIF, true);
    }
    if (on && (before & EN) === 0) {
      state.blockBytes = this.#reg(n, "BNDTR") & BNDT;
      const id = this.#reg(n, "TBR") & 0x3f;
      if (this.#listens(n, id)) this.#options.onListen?.(id);
      if (this.#listens(n, id) && this.#options.asserted?.(id) === true) this.#request(n);
    }
    if (on && (written & SWRQ) !== 0) {
      if ((this.#reg(n, "TCR") & SWRM) !== 0) this.#request(n);
      else this.#mistake(n, "SWRQ without CTCR.SWRM does nothing");
    }
    this.#update();
  }

  #stop(n: number): void {
    const state = this.#states[n] as State;
    this.#arbiter.withdraw(n);
    state.toEnd = undefined;
    this.registers.setBits(`MDMA_C${n}ISR`, CRQA, false);
  }

  #request(n: number): void {
    const state = this.#states[n] as State;
    // RM0433, BNDT: with 0 nothing can be served.
    if (state.toEnd !== undefined || (this.#reg(n, "BNDTR") & BNDT) === 0) return;
    const mode = (this.#reg(n, "TCR") >>> 28) & 3;
    state.toEnd =
      mode === TRIGGER.BUFFER
        ? "buffer"
        : mode === TRIGGER.BLOCK
          ? "block"
          : mode === TRIGGER.REPEATED
            ? "repeated"
            : "list";
    this.registers.setBits(`MDMA_C${n}ISR`, CRQA, true);
    this.#arbiter.request(n);
  }

  #work(n: number): { readonly left: number; readonly buffer: number } {
    const block = this.#reg(n, "BNDTR") & BNDT;
    const buffer = ((this.#reg(n, "TCR") >>> 18) & 0x7f) + 1;
    return { left: this.#states[n]?.toEnd === "buffer" ? Math.min(block, buffer) : block, buffer };
  }

  #move(n: number, bytes: number): void {
    const state = this.#states[n] as State;
    if (!this.#options.clocked()) return;
    const move = this.#moveOf(n, bytes);
    const failure = transferMdma(this.#options.bus, this.#transferOf(n, move));
    if (failure !== undefined) {
      this.#fail(n, failure);
      return;
    }
    const { source, sourceStep, sourceSize, destination, destinationStep, destinationSize, packed } = move;
    this.registers.set(`MDMA_C${n}SAR`, nextMdmaAddress(source, sourceStep, bytes, sourceSize));
    const written = packed ? destinationSize : sourceSize;
    this.registers.set(`MDMA_C${n}DAR`, nextMdmaAddress(destination, destinationStep, bytes, written));
    const name = `MDMA_C${n}BNDTR`;
    const left = (this.registers.get(name) & BNDT) - bytes;
    this.registers.set(name, (this.registers.get(name) & ~BNDT) | left);
    if (left === 0) this.#blockDone(n, state);
    else if (state.toEnd === "buffer") this.#served(n, TCIF);
    else this.#arbiter.request(n);
    this.#update();
  }

  #moveOf(n: number, bytes: number): MdmaMove {
    const tcr = this.#reg(n, "TCR");
    const step = (mode: number, offset: number): number =>
      (mode === 2 ? 1 : mode === 3 ? -1 : 0) * 2 ** offset;
    return {
      source: this.#reg(n, "SAR"),
      destination: this.#reg(n, "DAR"),
      sourceSize: 2 ** ((tcr >>> 4) & 3),
      destinationSize: 2 ** ((tcr >>> 6) & 3),
      sourceStep: step(tcr & 3, (tcr >>> 8) & 3),
      destinationStep: step((tcr >>> 2) & 3, (tcr >>> 10) & 3),
      packed: (tcr & (1 << 25)) !== 0,
      padding: PADDING[(tcr >>> 26) & 3] ?? "zeros",
      exchange: exchangeBytes(this.#reg(n, "CR")),
      bytes,
    };
  }

  /** With the mask register's write, which clears the flag that requested; software's own requests have none. */
  #transferOf(n: number, move: MdmaMove): MdmaTransfer {
    const tbr = this.#reg(n, "TBR");
    const address = this.#reg(n, "MAR");
    const hardware = (this.#reg(n, "TCR") & SWRM) === 0;
    return {
      move,
      sourceAhbs: (tbr & SBUS) !== 0,
      destinationAhbs: (tbr & DBUS) !== 0,
      mask: hardware && address !== 0 ? { address, data: this.#reg(n, "MDR") } : undefined,
    };
  }

  #blockDone(n: number, state: State): void {
    this.registers.setBits(`MDMA_C${n}ISR`, BTIF | TCIF, true);
    const bndtr = this.#reg(n, "BNDTR");
    const repeats = bndtr >>> 20;
    if (repeats > 0) {
      this.#nextBlock(n, bndtr, repeats, state);
      if (state.toEnd === "buffer" || state.toEnd === "block") this.#served(n, 0);
      else this.#arbiter.request(n);
      return;
    }
    this.registers.setBits(`MDMA_C${n}ISR`, BRTIF, true);
    if (this.#reg(n, "LAR") !== 0) {
      if (!this.#loadNode(n, state)) return;
      if (state.toEnd === "list") this.#arbiter.request(n);
      else this.#served(n, 0);
      return;
    }
    this.#served(n, CTCIF);
    this.registers.setBits(`MDMA_C${n}CR`, EN, false);
    this.#relisten();
  }

  #nextBlock(n: number, bndtr: number, repeats: number, state: State): void {
    const update = this.#reg(n, "BRUR");
    const shift = (name: string, by: number, down: boolean): void => {
      this.registers.set(`MDMA_C${n}${name}`, this.#reg(n, name) + (down ? -by : by));
    };
    shift("SAR", update & 0xffff, (bndtr & BRSUM) !== 0);
    shift("DAR", update >>> 16, (bndtr & BRDUM) !== 0);
    const flags = bndtr & (BRSUM | BRDUM);
    this.registers.set(`MDMA_C${n}BNDTR`, (((repeats - 1) << 20) | flags | state.blockBytes) >>> 0);
  }

  /** @returns false when the node cannot be read */
  #loadNode(n: number, state: State): boolean {
    const address = this.#reg(n, "LAR");
    try {
      NODE.forEach((name, index) => {
        if (name !== undefined) {
          this.registers.set(`MDMA_C${n}${name}`, this.#options.bus.read(address + index * 4, 4));
        }
      });
    } catch (error) {
      if (!(error instanceof BusFault)) throw error;
      this.#fail(n, linkFailure(error));
      return false;
    }
    state.blockBytes = this.#reg(n, "BNDTR") & BNDT;
    this.#relisten();
    return true;
  }

  /** The request is through. */
  #served(n: number, flags: number): void {
    const state = this.#states[n] as State;
    state.toEnd = undefined;
    this.registers.setBits(`MDMA_C${n}ISR`, CRQA, false);
    this.registers.setBits(`MDMA_C${n}ISR`, flags, true);
    const id = this.#reg(n, "TBR") & 0x3f;
    if ((flags & CTCIF) === 0 && this.#listens(n, id) && this.#options.asserted?.(id) === true) {
      this.#request(n);
    }
  }

  #fail(n: number, { message, status }: MdmaFailure): void {
    this.#mistake(n, `transfer error: ${message}`);
    this.#stop(n);
    this.registers.setBits(`MDMA_C${n}ISR`, TEIF, true);
    this.registers.set(`MDMA_C${n}ESR`, status);
    this.registers.setBits(`MDMA_C${n}CR`, EN, false);
    this.#relisten();
    this.#update();
  }

  #clear(n: number, written: number): void {
    this.registers.setBits(`MDMA_C${n}ISR`, written & 0x1f, false);
    if ((written & TEIF) !== 0) this.registers.set(`MDMA_C${n}ESR`, 0);
    this.#update();
  }

  /** CR has TEIE..TCIE one place to the left of ISR's flags. */
  #pending(n: number): boolean {
    return (this.#reg(n, "ISR") & (this.#reg(n, "CR") >>> 1) & 0x1f) !== 0;
  }

  #global(): number {
    let flags = 0;
    for (let n = 0; n < CHANNELS; n++) if (this.#pending(n)) flags |= 1 << n;
    return flags;
  }

  #update(): void {
    this.#options.interrupt.set(this.#global() !== 0);
  }

  #mistake(n: number, message: string): void {
    this.#options.log.once(`MDMA.${n}.${message}`, `guest mistake: MDMA channel ${n}: ${message}`);
  }
}
