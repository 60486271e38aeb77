/** FDCAN's Rx handler: FIFOs and buffers in message RAM (RM0433, "Rx handling"). */

import type { RegisterBlock } from "../../registers.js";
import { ALL, type RegisterAction } from "../register-table.js";
import { accept } from "./fdcan-filter.js";
import { type CanFrame, DATA_FIELDS, HEADER_BYTES, writeReceiveElement } from "./fdcan-frame.js";
import { FdcanQueue, queueStatus } from "./fdcan-queue.js";
import { IR } from "./fdcan-registers.js";

export interface ReceiverPort {
  readonly registers: () => RegisterBlock<string>;
  readonly messages: DataView;
  /** Sets flags of IR. */
  readonly flag: (flags: number) => void;
}

interface Reception {
  /** Index of the filter that matched. */
  readonly filter: number | undefined;
  /** Time stamp, 16 bits. */
  readonly stamp: number;
}

const FIFOS = [
  { name: "RXF0", flags: 0 },
  { name: "RXF1", flags: IR.FIFO_SHIFT },
] as const;
/** Where RXESC tells the size of a buffer's data field; a FIFO's lie at 0 and 4. */
const BUFFER_SIZE_SHIFT = 8;

export class FdcanReceiver {
  readonly #port: ReceiverPort;
  readonly #queues = [new FdcanQueue(), new FdcanQueue()] as const;

  constructor(port: ReceiverPort) {
    this.#port = port;
  }

  actions(): Record<string, RegisterAction> {
    const fifos = FIFOS.flatMap(({ name }, index) => {
      const queue = this.#queues[index as 0 | 1];
      const size = (): number => (this.#get(`${name}C`) >>> 16) & 0x7f;
      const acknowledge = (written: number): void => queue.acknowledge(written & 0x3f, size());
      return [
        [`${name}S`, { ro: ALL, onRead: () => queueStatus(queue, size()) }],
        [`${name}A`, { rw: ALL, onWrite: acknowledge }],
      ] as const;
    });
    return { ...Object.fromEntries(fifos), HPMS: { ro: ALL }, NDAT1: { w1c: ALL }, NDAT2: { w1c: ALL } };
  }

  clear(): void {
    for (const queue of this.#queues) queue.clear();
    this.#port.registers().set("HPMS", 0);
  }

  /** @param stamp 16 bits */
  receive(frame: CanFrame, stamp: number): void {
    const { messages, flag, registers } = this.#port;
    const accepted = accept(messages, frame, {
      global: this.#get("GFC"),
      list: this.#get(frame.extended ? "XIDFC" : "SIDFC"),
      andMask: this.#get("XIDAM"),
    });
    if (accepted === undefined) return;
    const { into, filter, priority } = accepted;
    if (typeof into === "object") {
      const section = this.#get("RXBC") & 0xfffc;
      this.#store({ section, index: into.buffer, shift: BUFFER_SIZE_SHIFT }, frame, { filter, stamp });
      registers().setBits(into.buffer < 32 ? "NDAT1" : "NDAT2", 1 << (into.buffer & 31), true);
      flag(IR.DRX);
      return;
    }
    const stored = into === undefined ? undefined : this.#intoFifo(into, frame, { filter, stamp });
    if (!priority) return;
    const where = into === undefined ? 0 : stored === undefined ? 1 : 2 + into;
    const index = (frame.extended ? 1 << 15 : 0) | ((filter ?? 0) << 8);
    registers().set("HPMS", index | (where << 6) | (stored ?? 0));
    flag(IR.HPM);
  }

  /** @returns the element's index; undefined: lost */
  #intoFifo(number: 0 | 1, frame: CanFrame, reception: Reception): number | undefined {
    const { flag } = this.#port;
    const { name, flags } = FIFOS[number];
    const queue = this.#queues[number];
    const config = this.#get(`${name}C`);
    const size = (config >>> 16) & 0x7f;
    const full = queue.level >= size;
    const index = queue.put(size, config >>> 31 === 1);
    if (full) flag(IR.RF0L << flags);
    if (index === undefined) return undefined;
    this.#store({ section: config & 0xfffc, index, shift: 4 * number }, frame, reception);
    const watermark = (config >>> 24) & 0x7f;
    const reached = watermark > 0 && queue.level === watermark;
    flag((IR.RF0N | (queue.level === size ? IR.RF0F : 0) | (reached ? IR.RF0W : 0)) << flags);
    return index;
  }

  /** @param where start of the section, element in it, and where RXESC tells the size of its data field */
  #store(
    where: { readonly section: number; readonly index: number; readonly shift: number },
    frame: CanFrame,
    reception: Reception,
  ): void {
    const fieldBytes = DATA_FIELDS[((this.#get("RXESC") >>> where.shift) & 7) as 0] ?? 8;
    const at = where.section + where.index * (HEADER_BYTES + fieldBytes);
    writeReceiveElement(this.#port.messages, at, frame, { fieldBytes, ...reception });
  }

  #get(name: string): number {
    return this.#port.registers().get(name);
  }
}
