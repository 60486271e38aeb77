/** From the kernel clock to the bit: prescaler, BRR, automatic detection, IrDA's pulse (RM0433, "USART baud rate generation"). */

import { CR1, CR2, CR3 } from "./usart-bits.js";
import type { UsartKind, UsartRegister } from "./usart-registers.js";

export interface BaudHost {
  readonly kind: UsartKind;
  readonly kernelHz: () => number;
  readonly register: (name: UsartRegister) => number;
  readonly setDivider: (brr: number) => void;
}

/** PRESC. */
const PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256] as const;
/** A divider that automatic baud rate detection can set. */
const BRR_MIN = 16;
const BRR_MAX = 0xffff;
/** CR2.ABRMOD: what the frame has to begin with, lowest bit first: a 1; 1 and 0; 0x7F; 0x55. */
const PATTERNS = [
  { mask: 1, bits: 1 },
  { mask: 3, bits: 1 },
  { mask: 0xff, bits: 0x7f },
  { mask: 0xff, bits: 0x55 },
] as const;

/** Of a bit (IrDA's physical layer), and in low-power mode of the divided clock's periods. */
const PULSE_BITS = 3 / 16;
const PULSE_PERIODS = 3;

export class UsartBaud {
  readonly #host: BaudHost;

  constructor(host: BaudHost) {
    this.#host = host;
  }

  get dividedHz(): number {
    return this.#host.kernelHz() / (PRESCALERS[this.#host.register("PRESC")] ?? 256);
  }

  /** A smartcard, IrDA and LIN have none. */
  get over8(): boolean {
    const { register } = this.#host;
    const never = (register("CR3") & (CR3.SCEN | CR3.IREN)) !== 0 || (register("CR2") & CR2.LINEN) !== 0;
    return !never && (register("CR1") & CR1.OVER8) !== 0;
  }

  /** Bits a second; 0 without a clock or with BRR = 0. */
  get hz(): number {
    const brr = this.#host.register("BRR");
    const hz = this.dividedHz;
    if (brr === 0) return 0;
    if (this.#host.kind === "LPUART") return (256 * hz) / brr;
    // With OVER8 the low four bits of USARTDIV lie one place to the right (RM0433, chapter USART).
    return this.over8 ? (2 * hz) / ((brr & 0xfff0) | ((brr & 7) << 1)) : hz / brr;
  }

  /**
   * Sets BRR to a rate that was measured.
   * @param word the frame's bits, where it was measured of a whole one
   * @returns false: the frame does not begin as it must, or the rate cannot be set
   */
  detect(baud: number, word?: number): boolean {
    const { mask, bits } = PATTERNS[(this.#host.register("CR2") >>> 21) & 3] ?? PATTERNS[0];
    if (word !== undefined && (word & mask) !== bits) return false;
    const divider = Math.round((this.dividedHz * (this.over8 ? 2 : 1)) / baud);
    if (divider < BRR_MIN || divider > BRR_MAX) return false;
    this.#host.setDivider(this.over8 ? (divider & 0xfff0) | ((divider & 0xf) >>> 1) : divider);
    return true;
  }

  /** DE's times: in samples, sixteenths or eighths of a bit; LPUART has clocks (RM0433, "RS485 driver enable" of either chapter). */
  driverNs(steps: number): number {
    const hz = this.dividedHz;
    if (this.#host.kind !== "LPUART")
      return this.hz === 0 ? 0 : (steps * 1e9) / (this.hz * (this.over8 ? 8 : 16));
    const step = Math.max(1, this.#host.register("BRR") >>> 11);
    return hz === 0 ? 0 : ((1 + steps * step) * 1e9) / hz;
  }

  /** IrDA's pulse at `baud` bits a second. */
  pulseNs(baud: number): number {
    if ((this.#host.register("CR3") & CR3.IRLP) === 0) return (PULSE_BITS * 1e9) / baud;
    return PULSE_PERIODS * this.#lowPowerNs;
  }

  /** Shorter ones are glitches to IrDA's decoder. */
  get shortestPulseNs(): number {
    return this.#lowPowerNs;
  }

  /** GTPR.PSC; 0 is forbidden. */
  get #lowPowerNs(): number {
    const hz = this.dividedHz;
    return hz === 0 ? 0 : ((this.#host.register("GTPR") & 0xff) * 1e9) / hz;
  }

  /** A smartcard's clock at CK: the kernel clock by twice PSC[4:0]; 0: none. */
  get cardHz(): number {
    const divider = 2 * (this.#host.register("GTPR") & 0x1f);
    return divider === 0 ? 0 : this.dividedHz / divider;
  }
}
