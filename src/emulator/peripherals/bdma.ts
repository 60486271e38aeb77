/** BDMA: eight channels in the D3 domain (RM0433, chapter BDMA). It reaches SRAM4, the backup SRAM and D3's peripherals. */

import type { ClockGate, EmulatorLog, InterruptLine } from "../bus.js";
import { RegisterBlock, type RegisterSpec } from "../registers.js";
import type { Timeline } from "../timeline.js";
import { type DmaBus, DmaChannel } from "./dma-channel.js";
import { Peripheral } from "./peripheral.js";
import { ALL, type RegisterAction, registerTable, repeatRows } from "./register-table.js";

export interface BdmaOptions {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  readonly interrupts: readonly InterruptLine[];
  readonly clocked: ClockGate;
  readonly bus: DmaBus;
  readonly hclkHz: () => number;
  readonly asserted: (channel: number) => boolean;
  readonly taken: (channel: number) => void;
}

const CHANNELS = 8;
const EN = 1 << 0;
const TCIE = 1 << 1;
const HTIE = 1 << 2;
const TEIE = 1 << 3;
const DIR = 1 << 4;
const CIRC = 1 << 5;
const PINC = 1 << 6;
const MINC = 1 << 7;
const MEM2MEM = 1 << 14;
const DBM = 1 << 15;
const CT = 1 << 16;
const GIF = 1 << 0;
const TCIF = 1 << 1;
const HTIF = 1 << 2;
const TEIF = 1 << 3;
const SIZES = [1, 2, 4, 4] as const;
const ITEM_CLOCKS = 6;

const ROWS =
  "BDMA_CCR# 8 0 1ffff, BDMA_CNDTR# c 0 ffff, BDMA_CPAR# 10 0 ffffffff, BDMA_CM0AR# 14 0 ffffffff, BDMA_CM1AR# 18 0 ffffffff";
const TABLE = `BDMA_ISR 0 0 ffffffff, BDMA_IFCR 4 0 ffffffff, ${repeatRows(ROWS, CHANNELS, 0x14)}`;

export class Bdma extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: BdmaOptions;
  readonly #channels: readonly DmaChannel[];

  constructor(options: BdmaOptions) {
    super();
    this.#options = options;
    this.#channels = Array.from({ length: CHANNELS }, (_, n) => this.#channel(n));
    this.registers = new RegisterBlock(this.#specs(), {
      name: "BDMA",
      log: options.log,
      clocked: options.clocked,
    });
  }

  reset(): void {
    for (const channel of this.#channels) channel.stop();
    this.registers.reset();
    for (let n = 0; n < CHANNELS; n++) this.#update(n);
  }

  requested(n: number): void {
    this.#channels[n]?.requested();
  }

  #specs(): Record<string, RegisterSpec> {
    const actions: Record<string, RegisterAction> = {
      BDMA_ISR: { ro: ALL },
      BDMA_IFCR: { wo: ALL, onWrite: (written) => this.#clear(written) },
    };
    for (let n = 0; n < CHANNELS; n++) {
      actions[`BDMA_CCR${n}`] = { rw: ALL, onWrite: (_written, before) => this.#control(n, before) };
      actions[`BDMA_CNDTR${n}`] = { rw: ALL, onRead: (stored) => this.#count(n, stored) };
      for (const name of ["CPAR", "CM0AR", "CM1AR"]) actions[`BDMA_${name}${n}`] = { rw: ALL };
    }
    return registerTable(TABLE, actions);
  }

  #channel(n: number): DmaChannel {
    const { bus, timeline, asserted, taken, hclkHz, clocked } = this.#options;
    return new DmaChannel({
      bus,
      timeline,
      clocked,
      asserted: () => asserted(n),
      taken: () => taken(n),
      itemNs: () => (ITEM_CLOCKS * 1e9) / hclkHz(),
      unreachable: outsideD3,
      onHalf: () => this.#flag(n, HTIF),
      onComplete: (target) => {
        this.registers.setBits(`BDMA_CCR${n}`, CT, target === 1);
        this.#flag(n, TCIF);
      },
      onEnd: () => this.registers.set(`BDMA_CNDTR${n}`, this.#channels[n]?.left ?? 0),
      onError: (why) => {
        this.#options.log.once(
          `BDMA.${n}.transfer error`,
          `guest mistake: BDMA channel ${n}: transfer error: ${why}`,
        );
        this.registers.setBits(`BDMA_CCR${n}`, EN, false);
        this.#flag(n, TEIF);
      },
    });
  }

  #control(n: number, before: number): void {
    const ccr = this.registers.get(`BDMA_CCR${n}`);
    const channel = this.#channels[n] as DmaChannel;
    if ((before & ~ccr & EN) !== 0) {
      const { left } = channel;
      channel.stop();
      this.registers.set(`BDMA_CNDTR${n}`, left);
    } else if ((ccr & ~before & EN) !== 0) {
      this.#start(n, ccr);
    }
    this.#update(n);
  }

  #start(n: number, ccr: number): void {
    const peripheralSize = SIZES[(ccr >>> 8) & 3] ?? 4;
    const memorySize = SIZES[(ccr >>> 10) & 3] ?? 4;
    const toPeripheral = (ccr & DIR) !== 0;
    this.#channels[n]?.start({
      direction:
        (ccr & MEM2MEM) !== 0 && !toPeripheral
          ? "memoryToMemory"
          : toPeripheral
            ? "toPeripheral"
            : "toMemory",
      peripheral: this.registers.get(`BDMA_CPAR${n}`),
      memories: [this.registers.get(`BDMA_CM0AR${n}`), this.registers.get(`BDMA_CM1AR${n}`)],
      count: this.registers.get(`BDMA_CNDTR${n}`),
      peripheralSize,
      memorySize: peripheralSize === memorySize ? memorySize : peripheralSize,
      peripheralStep: (ccr & PINC) !== 0 ? peripheralSize : 0,
      memoryStep: (ccr & MINC) !== 0 ? memorySize : 0,
      circular: (ccr & CIRC) !== 0,
      doubleBuffer: (ccr & DBM) !== 0,
      target: (ccr & (DBM | CT)) === (DBM | CT) ? 1 : 0,
      burst: 1,
    });
  }

  #count(n: number, stored: number): number {
    const channel = this.#channels[n];
    return channel?.active === true ? channel.left : stored;
  }

  #flag(n: number, flag: number): void {
    this.registers.setBits("BDMA_ISR", (flag | GIF) << (n * 4), true);
    this.#update(n);
  }

  /** Clearing GIF clears the channel's other flags too. */
  #clear(written: number): void {
    for (let n = 0; n < CHANNELS; n++) {
      const field = (written >>> (n * 4)) & 0xf;
      const cleared = (field & GIF) !== 0 ? 0xf : field;
      this.registers.setBits("BDMA_ISR", cleared << (n * 4), false);
      if (((this.registers.get("BDMA_ISR") >>> (n * 4)) & 0xe) === 0) {
        this.registers.setBits("BDMA_ISR", GIF << (n * 4), false);
      }
      this.#update(n);
    }
  }

  #update(n: number): void {
    const flags = this.registers.get("BDMA_ISR") >>> (n * 4);
    const ccr = this.registers.get(`BDMA_CCR${n}`);
    const pending = flags & ccr & (TCIE | HTIE | TEIE);
    this.#options.interrupts[n]?.set(pending !== 0);
  }
}

function outsideD3(address: number): string | undefined {
  const at = address >>> 0;
  if ((at >= 0x3800_0000 && at < 0x3880_1000) || (at >= 0x5800_0000 && at < 0x5900_0000)) return undefined;
  return `0x${at.toString(16)} is outside the D3 domain, which is all that BDMA reaches`;
}
