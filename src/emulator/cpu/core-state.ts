/** What a program sees of the core: registers, flags, mode (DDI 0403E, B1.4). */

import { conditionPassed } from "./decode/conditions.js";
import { Word } from "./translate/state.js";

export class CoreState {
  /** r0..r12, the current SP, LR. r15 is current only when the core is not inside `run()`: see `pc`. */
  readonly r: Int32Array;
  /** N is the sign of `nr`; Z is `zr === 0`. */
  nr = 0;
  zr = 1;
  c = 0;
  v = 0;
  /** IPSR: number of the exception being handled, 0 in Thread mode. */
  ipsr = 0;
  /** CONTROL: nPRIV, SPSEL, FPCA. Written through `setMode`. */
  control = 0;
  /** The stack pointer that is not in r13. */
  bankedSp = 0;
  /** As translate/state.ts says. */
  readonly #state: Int32Array;

  constructor(state: Int32Array) {
    this.#state = state;
    this.r = state.subarray(0, 16);
  }

  get(n: number): number {
    return this.r[n] as number;
  }

  set(n: number, value: number): void {
    this.r[n] = value;
  }

  setNZ(result: number): void {
    this.nr = result;
    this.zr = result;
  }

  /** Makes `nr` and `zr` the same. False when that cannot be. */
  unifyNZ(): boolean {
    if (this.nr < 0 && this.zr === 0) return false;
    this.setNZ(this.nr < 0 ? -1 : this.zr === 0 ? 0 : 1);
    return true;
  }

  get q(): number {
    return this.#state[Word.q] as number;
  }

  set q(value: number) {
    this.#state[Word.q] = value;
  }

  get ge(): number {
    return this.#state[Word.ge] as number;
  }

  set ge(value: number) {
    this.#state[Word.ge] = value;
  }

  /** APSR: N Z C V Q and GE. */
  get apsr(): number {
    const flags = ((this.nr < 0 ? 1 : 0) << 3) | ((this.zr === 0 ? 1 : 0) << 2) | (this.c << 1) | this.v;
    return (flags << 28) | (this.q << 27) | (this.ge << 16);
  }

  setApsr(value: number): void {
    this.setFlags(value);
    this.ge = (value >>> 16) & 15;
  }

  /** N Z C V Q from bits 31:27. */
  setFlags(value: number): void {
    this.nr = value | 0;
    this.zr = (value & (1 << 30)) === 0 ? 1 : 0;
    this.c = (value >>> 29) & 1;
    this.v = (value >>> 28) & 1;
    this.q = (value >>> 27) & 1;
  }

  get privileged(): boolean {
    return this.ipsr !== 0 || (this.control & 1) === 0;
  }

  get usesPsp(): boolean {
    return this.ipsr === 0 && (this.control & 2) !== 0;
  }

  get msp(): number {
    return this.usesPsp ? this.bankedSp : this.get(13);
  }

  set msp(value: number) {
    if (this.usesPsp) this.bankedSp = value & ~3;
    else this.r[13] = value & ~3;
  }

  get psp(): number {
    return this.usesPsp ? this.get(13) : this.bankedSp;
  }

  set psp(value: number) {
    if (this.usesPsp) this.r[13] = value & ~3;
    else this.bankedSp = value & ~3;
  }

  conditionPassed(condition: number): boolean {
    return conditionPassed(this, condition);
  }
}
