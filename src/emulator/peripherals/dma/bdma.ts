/** BDMA: eight channels in the D3 domain (RM0433, chapter BDMA). It reaches SRAM4, the backup SRAM and D3's peripherals. */

import { RegisterBlock, type RegisterSpec } from "../../registers.js";
import { ALL, type RegisterAction, registerTable, repeatRows } from "../register-table.js";
import type { DmaChannel } from "./dma-channel.js";
import { DMA_CHANNELS, DmaController, type DmaEvent, type DmaOptions } from "./dma-controller.js";

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
const EVENT_FLAGS: Readonly<Record<DmaEvent, number>> = { half: HTIF, complete: TCIF, error: TEIF };
/** The rest of CCR can be written only while the channel is off. */
const FREE = EN | TCIE | HTIE | TEIE;

const ROWS =
  "BDMA_CCR# 8 0 1ffff, BDMA_CNDTR# c 0 ffff, BDMA_CPAR# 10 0 ffffffff, BDMA_CM0AR# 14 0 ffffffff, BDMA_CM1AR# 18 0 ffffffff";
const TABLE = `BDMA_ISR 0 0 ffffffff, BDMA_IFCR 4 0 ffffffff, ${repeatRows(ROWS, DMA_CHANNELS, 0x14)}`;

export class Bdma extends DmaController {
  readonly registers: RegisterBlock<string>;

  constructor(options: DmaOptions) {
    super(options);
    this.registers = new RegisterBlock(this.#specs(), {
      name: options.name,
      log: options.log,
      clocked: options.clocked,
    });
  }

  protected override describe(n: number): string {
    return `channel ${n}`;
  }

  protected override unreachable(address: number): string | undefined {
    return outsideD3(address);
  }

  protected override happened(n: number, event: DmaEvent, target: 0 | 1): void {
    if (event === "complete") this.registers.setBits(`BDMA_CCR${n}`, CT, target === 1);
    if (event === "error") this.registers.setBits(`BDMA_CCR${n}`, EN, false);
    this.registers.setBits("BDMA_ISR", (EVENT_FLAGS[event] | GIF) << (n * 4), true);
    this.update(n);
  }

  /** EN stays set at the end, unlike with DMA1 and DMA2. */
  protected override ended(n: number, left: number): void {
    this.registers.set(`BDMA_CNDTR${n}`, left);
  }

  #specs(): Record<string, RegisterSpec> {
    const actions: Record<string, RegisterAction> = {
      BDMA_ISR: { ro: ALL },
      BDMA_IFCR: { wo: ALL, onWrite: (written) => this.#clear(written) },
    };
    for (let n = 0; n < DMA_CHANNELS; n++) {
      actions[`BDMA_CCR${n}`] = { rw: ALL, onWrite: (_written, before) => this.#control(n, before) };
      actions[`BDMA_CNDTR${n}`] = { rw: ALL, onRead: (stored) => this.count(n, stored) };
      for (const name of ["CPAR", "CM0AR", "CM1AR"]) actions[`BDMA_${name}${n}`] = { rw: ALL };
    }
    return registerTable(TABLE, actions);
  }

  #control(n: number, before: number): void {
    const ccr = this.registers.get(`BDMA_CCR${n}`);
    const channel = this.channels[n] as DmaChannel;
    if ((before & ~ccr & EN) !== 0) {
      const { left } = channel;
      channel.stop();
      this.registers.set(`BDMA_CNDTR${n}`, left);
    } else if ((ccr & ~before & EN) !== 0) {
      this.#start(n, ccr);
    } else if ((ccr & before & EN) !== 0) {
      this.registers.set(`BDMA_CCR${n}`, (before & ~FREE) | (ccr & FREE));
    }
    this.update(n);
  }

  #start(n: number, ccr: number): void {
    const peripheralSize = SIZES[(ccr >>> 8) & 3] ?? 4;
    const memorySize = SIZES[(ccr >>> 10) & 3] ?? 4;
    const toPeripheral = (ccr & DIR) !== 0;
    this.channels[n]?.start({
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
      memorySize,
      peripheralStep: (ccr & PINC) !== 0 ? peripheralSize : 0,
      memoryStep: (ccr & MINC) !== 0 ? memorySize : 0,
      circular: (ccr & CIRC) !== 0,
      doubleBuffer: (ccr & DBM) !== 0,
      target: (ccr & (DBM | CT)) === (DBM | CT) ? 1 : 0,
      burst: 1,
      fifo: undefined,
    });
  }

  /** Clearing GIF clears the channel's other flags too. */
  #clear(written: number): void {
    for (let n = 0; n < DMA_CHANNELS; n++) {
      const field = (written >>> (n * 4)) & 0xf;
      const cleared = (field & GIF) !== 0 ? 0xf : field;
      this.registers.setBits("BDMA_ISR", cleared << (n * 4), false);
      if (((this.registers.get("BDMA_ISR") >>> (n * 4)) & 0xe) === 0) {
        this.registers.setBits("BDMA_ISR", GIF << (n * 4), false);
      }
      this.update(n);
    }
  }

  protected override update(n: number): void {
    const flags = this.registers.get("BDMA_ISR") >>> (n * 4);
    const ccr = this.registers.get(`BDMA_CCR${n}`);
    const pending = flags & ccr & (TCIE | HTIE | TEIE);
    this.options.interrupts[n]?.set(pending !== 0);
  }
}

function outsideD3(address: number): string | undefined {
  const at = address >>> 0;
  if ((at >= 0x3800_0000 && at < 0x3880_1000) || (at >= 0x5800_0000 && at < 0x5900_0000)) return undefined;
  return `0x${at.toString(16)} is outside the D3 domain, which is all that BDMA reaches`;
}
