/**
 * DMA1 and DMA2: eight streams each (RM0433, chapter DMA). The memory's bus is always granted: but for a burst that does not
 * fit, no FIFO runs over or dry, and there is no direct mode error.
 */

import { RegisterBlock, type RegisterSpec } from "../../registers.js";
import { ALL, type RegisterAction, registerTable, repeatRows } from "../register-table.js";
import type { DmaChannel } from "./dma-channel.js";
import { DMA_CHANNELS, DmaController, type DmaEvent, type DmaOptions } from "./dma-controller.js";

const EN = 1 << 0;
const DMEIE = 1 << 1;
const TEIE = 1 << 2;
const HTIE = 1 << 3;
const TCIE = 1 << 4;
const CIRC = 1 << 8;
const PINC = 1 << 9;
const MINC = 1 << 10;
const PINCOS = 1 << 15;
const DBM = 1 << 18;
const CT = 1 << 19;
const DMDIS = 1 << 2;
const FEIE = 1 << 7;
const FS = 7 << 3;
const FS_EMPTY = 4 << 3;
const FS_FULL = 5 << 3;
const FIFO_BYTES = 16;
const FEIF = 1 << 0;
const DMEIF = 1 << 2;
const TEIF = 1 << 3;
const HTIF = 1 << 4;
const TCIF = 1 << 5;
const FLAG_SHIFTS = [0, 6, 16, 22] as const;
const DIRECTIONS = ["toMemory", "toPeripheral", "memoryToMemory", "toMemory"] as const;
const SIZES = [1, 2, 4, 4] as const;
const BURSTS = [1, 4, 8, 16] as const;
/** Bytes of the FIFO that FCR.FTH names. */
const THRESHOLDS = [4, 8, 12, 16] as const;
const EVENT_FLAGS: Readonly<Record<DmaEvent, number>> = { half: HTIF, complete: TCIF, error: TEIF };

const FLAGS = "f7d0f7d";
const STREAM_ROWS =
  "S#CR 10 0 1ffffff, S#NDTR 14 0 ffff, S#PAR 18 0 ffffffff, S#M0AR 1c 0 ffffffff, S#M1AR 20 0 ffffffff, S#FCR 24 21 bf";
const TABLE = `LISR 0 0 ${FLAGS}r, HISR 4 0 ${FLAGS}r, LIFCR 8 0 ${FLAGS}w, HIFCR c 0 ${FLAGS}w, ${repeatRows(STREAM_ROWS, DMA_CHANNELS, 0x18)}`;

export class Dma extends DmaController {
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
    return `stream ${n}`;
  }

  protected override unreachable(address: number): string | undefined {
    return tightlyCoupled(address);
  }

  protected override happened(n: number, event: DmaEvent, target: 0 | 1): void {
    if (event === "complete") this.registers.setBits(`S${n}CR`, CT, target === 1);
    this.#flag(n, EVENT_FLAGS[event]);
  }

  protected override ended(n: number, left: number): void {
    this.registers.set(`S${n}NDTR`, left);
    this.registers.setBits(`S${n}CR`, EN, false);
  }

  #specs(): Record<string, RegisterSpec> {
    const actions: Record<string, RegisterAction> = {
      LISR: { ro: ALL },
      HISR: { ro: ALL },
      LIFCR: { wo: ALL, quiet: true, onWrite: (written) => this.#clear("LISR", written, 0) },
      HIFCR: { wo: ALL, quiet: true, onWrite: (written) => this.#clear("HISR", written, 4) },
    };
    for (let n = 0; n < DMA_CHANNELS; n++) {
      const fixed = (name: string) => (_written: number, before: number) => this.#fixed(n, name, before);
      actions[`S${n}CR`] = { rw: ALL, onWrite: (_written, before) => this.#control(n, before) };
      actions[`S${n}NDTR`] = {
        rw: ALL,
        onRead: (stored) => this.count(n, stored),
        onWrite: fixed(`S${n}NDTR`),
      };
      actions[`S${n}PAR`] = { rw: ALL, onWrite: fixed(`S${n}PAR`) };
      for (const memory of [0, 1] as const) {
        const onWrite = (_written: number, before: number) => this.#readdress(n, memory, before);
        actions[`S${n}M${memory}AR`] = { rw: ALL, onWrite };
      }
      actions[`S${n}FCR`] = { rw: 0x87, ro: 0x38, onRead: (stored) => (stored & ~FS) | this.#fifoStatus(n) };
    }
    return registerTable(TABLE, actions);
  }

  #control(n: number, before: number): void {
    const name = `S${n}CR`;
    const cr = this.registers.get(name);
    const stream = this.channels[n] as DmaChannel;
    if ((before & ~cr & EN) !== 0) {
      const left = stream.left;
      stream.stop();
      this.registers.set(`S${n}NDTR`, left);
      // RM0433, DMA_SxCR.EN: switching a stream off before its end sets TCIF too.
      if (left > 0) this.#flag(n, TCIF);
    } else if ((cr & ~before & EN) !== 0) {
      this.#start(n, cr);
    } else if ((cr & before & EN) !== 0) {
      const free = DMEIE | TEIE | HTIE | TCIE;
      if (((cr ^ before) & ~free) !== 0) this.registers.set(name, (before & ~free) | (cr & free));
    }
    this.update(n);
  }

  /** FCR.FS: quarters that are filled, empty or full. */
  #fifoStatus(n: number): number {
    const level = this.channels[n]?.level ?? 0;
    if (level === 0 || !this.registers.has(`S${n}FCR`, DMDIS)) return FS_EMPTY;
    return level >= FIFO_BYTES ? FS_FULL : (level >>> 2) << 3;
  }

  /** RM0433, "FIFO threshold and burst configuration": a peripheral's burst of the whole FIFO never finds room beside 3/4. */
  #runsOver(n: number, cr: number): boolean {
    const fcr = this.registers.get(`S${n}FCR`);
    const burst = (BURSTS[(cr >>> 21) & 3] ?? 1) * (SIZES[(cr >>> 11) & 3] ?? 4);
    return (fcr & DMDIS) !== 0 && (fcr & 3) === 2 && burst === FIFO_BYTES;
  }

  /** RM0433, table "FIFO threshold configurations": a burst has to fill the threshold without a rest. */
  #burstFits(n: number, cr: number): boolean {
    const fcr = this.registers.get(`S${n}FCR`);
    if ((fcr & DMDIS) === 0) return true;
    const beats = BURSTS[(cr >>> 23) & 3] ?? 1;
    return beats === 1 || (THRESHOLDS[fcr & 3] ?? 4) % (beats * (SIZES[(cr >>> 13) & 3] ?? 4)) === 0;
  }

  #start(n: number, cr: number): void {
    // Memory to memory needs the FIFO: direct mode is switched off by hardware.
    if (DIRECTIONS[(cr >>> 6) & 3] === "memoryToMemory") this.registers.setBits(`S${n}FCR`, DMDIS, true);
    if (!this.#burstFits(n, cr)) {
      const { log, name } = this.options;
      log.once(
        `${name}.${n}.FIFO`,
        `guest mistake: ${name} stream ${n}: MBURST does not fit FTH: FEIF, and it stays off`,
      );
      this.registers.setBits(`S${n}CR`, EN, false);
      this.#flag(n, FEIF);
      return;
    }
    if (this.#runsOver(n, cr)) {
      const { log, name } = this.options;
      const what = "PBURST fills the whole FIFO with FTH = 3/4: it runs over or dry, FEIF";
      log.once(`${name}.${n}.FEIF`, `guest mistake: ${name} stream ${n}: ${what}`);
      this.#flag(n, FEIF);
    }
    const direct = !this.registers.has(`S${n}FCR`, DMDIS);
    const peripheralSize = SIZES[(cr >>> 11) & 3] ?? 4;
    const memorySize = direct ? peripheralSize : (SIZES[(cr >>> 13) & 3] ?? 4);
    const offset = (cr & PINCOS) !== 0 ? 4 : peripheralSize;
    this.channels[n]?.start({
      direction: DIRECTIONS[(cr >>> 6) & 3] ?? "toMemory",
      peripheral: this.registers.get(`S${n}PAR`),
      memories: this.#memories(n),
      count: this.registers.get(`S${n}NDTR`),
      peripheralSize,
      memorySize,
      peripheralStep: (cr & PINC) !== 0 ? offset : 0,
      memoryStep: (cr & MINC) !== 0 ? memorySize : 0,
      circular: (cr & CIRC) !== 0,
      doubleBuffer: (cr & DBM) !== 0,
      target: (cr & (DBM | CT)) === (DBM | CT) ? 1 : 0,
      burst: direct ? 1 : (BURSTS[(cr >>> 21) & 3] ?? 1),
      fifo: direct
        ? { capacity: peripheralSize, threshold: 0 }
        : { capacity: FIFO_BYTES, threshold: THRESHOLDS[this.registers.get(`S${n}FCR`) & 3] ?? FIFO_BYTES },
    });
  }

  #memories(n: number): readonly [number, number] {
    return [this.registers.get(`S${n}M0AR`), this.registers.get(`S${n}M1AR`)];
  }

  /** What a stream that is on does not take. */
  #fixed(n: number, name: string, before: number): void {
    if (!this.registers.has(`S${n}CR`, EN) || this.registers.get(name) === before) return;
    this.registers.set(name, before);
    const { log, name: controller } = this.options;
    log.once(`${controller}.${name}`, `${controller}.${name}: written while the stream is on: ignored`);
  }

  /** In double buffer mode the memory that is not in use takes another address; the one in use is a transfer error. */
  #readdress(n: number, memory: 0 | 1, before: number): void {
    const cr = this.registers.get(`S${n}CR`);
    if ((cr & (EN | DBM)) !== (EN | DBM)) {
      this.#fixed(n, `S${n}M${memory}AR`, before);
      return;
    }
    if (((cr & CT) !== 0 ? 1 : 0) !== memory) {
      this.channels[n]?.setMemories(this.#memories(n));
      return;
    }
    const { log, name } = this.options;
    log.once(
      `${name}.${n}.CT`,
      `guest mistake: ${name}.S${n}M${memory}AR: the address of the memory in use: TEIF, and the stream is off`,
    );
    this.registers.set(`S${n}M${memory}AR`, before);
    const left = this.channels[n]?.left ?? 0;
    this.channels[n]?.stop();
    this.ended(n, left);
    this.#flag(n, TEIF);
  }

  #flag(n: number, flag: number): void {
    this.registers.setBits(n < 4 ? "LISR" : "HISR", flag << (FLAG_SHIFTS[n & 3] as number), true);
    this.update(n);
  }

  #clear(name: string, written: number, first: number): void {
    this.registers.setBits(name, written, false);
    for (let n = first; n < first + 4; n++) this.update(n);
  }

  protected override update(n: number): void {
    const flags = this.registers.get(n < 4 ? "LISR" : "HISR") >>> (FLAG_SHIFTS[n & 3] as number);
    const cr = this.registers.get(`S${n}CR`);
    const sources: readonly (readonly [boolean, number])[] = [
      [(cr & TCIE) !== 0, TCIF],
      [(cr & HTIE) !== 0, HTIF],
      [(cr & TEIE) !== 0, TEIF],
      [(cr & DMEIE) !== 0, DMEIF],
      [this.registers.has(`S${n}FCR`, FEIE), FEIF],
    ];
    this.options.interrupts[n]?.set(sources.some(([on, flag]) => on && (flags & flag) !== 0));
  }
}

/** RM0433, "System architecture": only the core and MDMA reach ITCM and DTCM. */
export function tightlyCoupled(address: number): string | undefined {
  const at = address >>> 0;
  if (at < 0x1_0000) return `0x${at.toString(16)} is ITCM, which only the core and MDMA reach`;
  if (at >= 0x2000_0000 && at < 0x2002_0000) {
    return `0x${at.toString(16)} is DTCM, which only the core and MDMA reach`;
  }
  return undefined;
}
