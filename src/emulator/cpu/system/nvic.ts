/**
 * Nested vectored interrupt controller (DDI 0403E, B3.4). Registers at 0xE000E100..0xE000E4EF and STIR at
 * 0xE000EF00. Lines are level-sensitive: while a line is high, the interrupt becomes pending again after its
 * handler returned.
 */

import type { AccessSize, BusDevice, EmulatorLog, InterruptLine } from "../../bus.js";
import type { ExceptionModel } from "../exceptions/exception-model.js";
import { Exception, hex } from "../exceptions/faults.js";

/** Offsets from 0xE000E100. */
const BANK = { ISER: 0x000, ICER: 0x080, ISPR: 0x100, ICPR: 0x180, IABR: 0x200, IPR: 0x300 } as const;
const IPR_END = 0x3f0;

export class Nvic implements BusDevice {
  readonly irqs: number;
  readonly #model: ExceptionModel;
  readonly #log: EmulatorLog;
  readonly #level: Uint8Array;
  #nmi = false;

  constructor(irqs: number, model: ExceptionModel, log: EmulatorLog) {
    this.irqs = irqs;
    this.#model = model;
    this.#log = log;
    this.#level = new Uint8Array(irqs);
  }

  /** @throws RangeError for a line that the chip does not have. */
  line(irq: number): InterruptLine {
    if (!(irq >= 0 && irq < this.irqs)) throw new RangeError(`IRQ ${irq}: the chip has 0..${this.irqs - 1}`);
    return { set: (asserted) => this.#setLevel(irq, asserted) };
  }

  /** The NMI input: its rising edge makes NMI pending, and so does its level after the handler returned. */
  readonly nmiLine: InterruptLine = {
    set: (asserted) => {
      if (asserted && !this.#nmi) this.#model.setPending(Exception.nmi, true);
      this.#nmi = asserted;
    },
  };

  /** A handler returned: a line that is still high makes its interrupt pending again. */
  handlerReturned(exception: number): void {
    if (exception === Exception.nmi && this.#nmi) this.#model.setPending(Exception.nmi, true);
    const irq = exception - Exception.irq0;
    if (irq >= 0 && this.#level[irq] === 1) this.#model.setPending(exception, true);
  }

  /** After a reset lines keep their level (the devices are reset by themselves). */
  resample(): void {
    for (let irq = 0; irq < this.irqs; irq++) {
      if (this.#level[irq] === 1) this.#model.setPending(Exception.irq0 + irq, true);
    }
  }

  read(offset: number, size: AccessSize): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.#readByte(offset + i);
    return value;
  }

  write(offset: number, size: AccessSize, value: number): void {
    for (let i = 0; i < size; i++) this.#writeByte(offset + i, (value >>> (i * 8)) & 0xff);
  }

  /** STIR: makes an interrupt pending by number. */
  trigger(value: number): void {
    const irq = value & 0x1ff;
    if (irq < this.irqs) this.#model.setPending(Exception.irq0 + irq, true);
    else this.#log.once(`nvic.stir.${irq}`, `STIR: interrupt ${irq} does not exist on this chip`);
  }

  #setLevel(irq: number, asserted: boolean): void {
    if (this.#level[irq] === (asserted ? 1 : 0)) return;
    this.#level[irq] = asserted ? 1 : 0;
    const exception = Exception.irq0 + irq;
    // A pulse that comes while the handler runs is remembered as pending, as in B3.4.1.
    if (asserted) this.#model.setPending(exception, true);
  }

  #readByte(offset: number): number {
    if (offset >= BANK.IPR)
      return offset < IPR_END ? this.#model.priorityByte(Exception.irq0 + offset - BANK.IPR) : 0;
    const bank = offset & ~0x7f;
    let value = 0;
    for (let bit = 0; bit < 8; bit++) {
      const irq = (offset & 0x7f) * 8 + bit;
      if (irq < this.irqs && this.#state(bank, Exception.irq0 + irq)) value |= 1 << bit;
    }
    return value;
  }

  #state(bank: number, exception: number): boolean {
    if (bank === BANK.ISER || bank === BANK.ICER) return this.#model.isEnabled(exception);
    if (bank === BANK.ISPR || bank === BANK.ICPR) return this.#model.isPending(exception);
    return bank === BANK.IABR && this.#model.isActive(exception);
  }

  #writeByte(offset: number, value: number): void {
    if (offset >= BANK.IPR) {
      const irq = offset - BANK.IPR;
      if (irq < this.irqs) this.#model.setPriority(Exception.irq0 + irq, value);
      else if (value !== 0) this.#absent(irq);
      return;
    }
    for (let bit = 0; bit < 8; bit++) {
      if (((value >>> bit) & 1) === 0) continue;
      const irq = (offset & 0x7f) * 8 + bit;
      if (irq < this.irqs) this.#act(offset & ~0x7f, irq);
      else this.#absent(irq);
    }
  }

  #act(bank: number, irq: number): void {
    const exception = Exception.irq0 + irq;
    if (bank === BANK.ISER || bank === BANK.ICER) this.#model.setEnabled(exception, bank === BANK.ISER);
    else if (bank === BANK.ISPR) this.#model.setPending(exception, true);
    else if (bank === BANK.ICPR) {
      // Clearing has no lasting effect while the line is high, unless the handler is running (B3.4.1).
      const again = this.#level[irq] === 1 && !this.#model.isActive(exception);
      this.#model.setPending(exception, again);
    } else this.#log.once(`nvic.${bank}`, `NVIC+${hex(bank, 3)}: write to a read-only register is ignored`);
  }

  #absent(irq: number): void {
    if (irq >= 256) return;
    const message = `NVIC: write for IRQ ${irq}, which this chip does not have (0..${this.irqs - 1})`;
    this.#log.once("nvic.absent", message);
  }
}
