/** I2C as slave (RM0433, "I2C slave mode"): it follows SCL, and holds it low while software has something to do. */

import { answers, answersTen } from "./i2c-addresses.js";
import { CR1, CR2, type I2cHost, ISR } from "./i2c-bits.js";
import type { ByteCounter } from "./i2c-counter.js";
import type { I2cLines } from "./i2c-lines.js";

export interface I2cSlaveHost extends I2cHost {
  readonly lines: I2cLines;
  readonly counter: ByteCounter;
  /** PE, a clock, and in Stop WUPEN. */
  readonly enabled: () => boolean;
  /** The own master has the bus. */
  readonly mastering: () => boolean;
}

/** "ignore": others speak, or it has refused a byte. */
type State = "idle" | "address" | "address10" | "transmit" | "receive" | "ignore";
/** What it waits for with SCL low. */
type Wait = "address" | "data" | "room" | "reload" | undefined;

export class I2cSlave {
  readonly #host: I2cSlaveHost;
  #state: State = "idle";
  /** Clocks since the byte began. */
  #clocks = 0;
  #byte = 0;
  #out = 0;
  #acknowledges = false;
  #acknowledged = false;
  #wait: Wait;
  /** It was addressed since the bus was free. */
  #involved = false;
  #selected10 = false;

  constructor(host: I2cSlaveHost) {
    this.#host = host;
    host.lines.listen({
      start: () => this.#start(),
      stop: () => this.#stop(),
      rise: (sda) => this.#rise(sda),
      fall: () => this.#fall(),
    });
  }

  /** It has been addressed and the transfer goes on. */
  get active(): boolean {
    return this.#state === "transmit" || this.#state === "receive";
  }

  /** It holds SCL low until software has done something. */
  get stretching(): boolean {
    return this.#wait !== undefined;
  }

  abandon(): void {
    this.#state = "idle";
    this.#wait = undefined;
    this.#involved = false;
    this.#selected10 = false;
    this.#host.lines.release("slave");
  }

  get #stretches(): boolean {
    return (this.#host.register("CR1") & CR1.NOSTRETCH) === 0;
  }

  get #byteControl(): boolean {
    return (this.#host.register("CR1") & CR1.SBC) !== 0;
  }

  #start(): void {
    if (!this.#host.enabled()) return;
    this.#misplaced();
    if (!this.#involved && !this.#host.mastering()) this.#host.counter.pec.clear();
    this.#wait = undefined;
    this.#host.lines.release("slave");
    this.#state = "address";
    this.#clocks = 0;
    this.#byte = 0;
  }

  #stop(): void {
    this.#misplaced();
    const involved = this.#involved;
    this.abandon();
    if (!involved) return;
    this.#host.setFlags(ISR.STOPF);
    this.#host.setFlags(ISR.TXIS, false);
    this.#host.clearCommand(CR2.NACK | CR2.PECBYTE);
    this.#host.update();
  }

  /** A condition in the middle of a byte. */
  #misplaced(): void {
    if (!this.active || this.#clocks <= 1) return;
    this.#host.setFlags(ISR.BERR);
    this.#host.update();
  }

  #rise(sda: boolean): void {
    if (this.#state === "idle" || this.#state === "ignore") return;
    if (!sda && this.#sendsOne) {
      this.#host.setFlags(ISR.ARLO);
      this.#state = "ignore";
      this.#host.lines.release("slave");
      this.#host.update();
      return;
    }
    this.#clocks++;
    if (this.#clocks === 9) this.#acknowledged = !sda;
    else if (sda) this.#byte |= 0x80 >> (this.#clocks - 1);
  }

  /** A bit of its byte, or its refusal of another one. */
  get #sendsOne(): boolean {
    if (this.#state === "receive") return this.#clocks === 8 && !this.#acknowledges;
    return this.#state === "transmit" && this.#clocks < 8 && ((this.#out >>> (7 - this.#clocks)) & 1) === 1;
  }

  #fall(): void {
    if (this.#state === "idle" || this.#state === "ignore" || this.#clocks === 0) return;
    if (this.#clocks === 8) this.#eighth();
    else if (this.#clocks === 9) this.#ninth();
    else if (this.#state === "transmit") this.#put(this.#clocks);
  }

  /** SCL fell behind the last bit: it answers. */
  #eighth(): void {
    const { lines, register, counter } = this.#host;
    if (this.#state === "transmit") {
      lines.pull("slave", "SDA", false);
      return;
    }
    if (this.#state === "receive" && this.#byteControl && counter.left === 1 && counter.reloads) {
      // Software sees the byte before it decides on the answer.
      if (this.#host.give(this.#byte)) this.#awaitReload();
      else this.#hold("reload");
      this.#host.update();
      return;
    }
    if (this.#state === "receive") {
      this.#deliver();
      return;
    }
    if (this.#host.mastering()) this.#acknowledges = false;
    else if (this.#state === "address10") this.#acknowledges = answersTen(register, this.#byte);
    else this.#acknowledges = answers(register, this.#byte, this.#selected10) !== "no";
    lines.pull("slave", "SDA", this.#acknowledges);
  }

  /** The byte to RXDR, and the answer to the line: when RXDR is full, after it was read, or a refusal. */
  #deliver(): void {
    if (this.#host.give(this.#byte)) {
      this.#answer(this.#accepts());
    } else if (this.#stretches) {
      this.#hold("room");
    } else {
      this.#host.setFlags(ISR.OVR);
      this.#answer(false);
    }
    this.#host.update();
  }

  #answer(acknowledges: boolean): void {
    const { counter, lines, clearCommand } = this.#host;
    this.#acknowledges = acknowledges;
    if (this.#byteControl && counter.pecNext) clearCommand(CR2.PECBYTE);
    if (this.#byteControl) counter.count();
    lines.pull("slave", "SDA", acknowledges);
  }

  #awaitReload(): void {
    this.#host.counter.count();
    this.#host.setFlags(ISR.TCR);
    this.#hold("reload");
    this.#host.update();
  }

  #accepts(): boolean {
    const { counter, register, setFlags } = this.#host;
    if (this.#byteControl && counter.pecNext) {
      const right = this.#byte === counter.pec.value;
      if (!right) setFlags(ISR.PECERR);
      return right;
    }
    return (register("CR2") & CR2.NACK) === 0;
  }

  #ninth(): void {
    const { lines, counter } = this.#host;
    const byte = this.#byte;
    this.#clocks = 0;
    this.#byte = 0;
    lines.pull("slave", "SDA", false);
    if (this.#state === "address" || this.#state === "address10") this.#addressed(byte);
    else if (this.#state === "receive") this.#received(byte);
    else {
      counter.pec.add(this.#out);
      this.#sent();
    }
  }

  #addressed(byte: number): void {
    const { register, counter } = this.#host;
    if (!this.#acknowledges) {
      this.#selected10 = false;
      this.#state = "ignore";
      return;
    }
    counter.pec.add(byte);
    if (this.#state === "address" && answers(register, byte, this.#selected10) === "more") {
      this.#state = "address10";
      return;
    }
    const ten = this.#state === "address10";
    this.#selected10 ||= ten;
    this.#select(ten ? 0xf0 | ((register("OAR1") >>> 7) & 6) : byte);
  }

  /** ADDR, with SCL low until software has cleared it. */
  #select(byte: number): void {
    const { setFlags, clearCommand, counter, update } = this.#host;
    const reading = (byte & 1) !== 0;
    clearCommand(CR2.NACK | CR2.PECBYTE);
    this.#involved = true;
    this.#state = reading ? "transmit" : "receive";
    setFlags(0x7f * 0x2_0000 + ISR.DIR, false);
    setFlags((byte >>> 1) * 0x2_0000 + (reading ? ISR.DIR : 0) + ISR.ADDR);
    if (this.#byteControl) counter.load();
    if (this.#stretches) this.#hold("address");
    else this.#go();
    update();
  }

  /** ADDR was cleared. */
  addressCleared(): void {
    if (this.#wait !== "address") return;
    if (this.#byteControl) this.#host.counter.load();
    this.#wait = undefined;
    this.#go();
  }

  #go(): void {
    if (this.#state === "transmit") this.#load(true);
    else this.#resume();
  }

  #hold(wait: Wait): void {
    this.#wait = wait;
    this.#host.lines.pull("slave", "SCL", true);
  }

  #resume(): void {
    this.#wait = undefined;
    this.#host.lines.pull("slave", "SCL", false);
  }

  /** The next byte to the shift register, or the wait for it. Without stretching STOPF must be gone before the first. */
  #load(first = false): void {
    const { take, setFlags, has, clearCommand, counter, lines } = this.#host;
    const pec = this.#byteControl && counter.pecNext;
    const byte = pec ? counter.pec.value : take();
    if (byte === undefined && this.#stretches) {
      setFlags(ISR.TXIS);
      this.#hold("data");
      return;
    }
    if (byte === undefined || (first && !this.#stretches && has(ISR.STOPF))) setFlags(ISR.OVR);
    this.#out = byte ?? 0xff;
    if (pec) clearCommand(CR2.PECBYTE);
    if (this.#byteControl) {
      setFlags(ISR.TXIS, counter.wantsMore);
      counter.count();
    } else {
      setFlags(ISR.TXIS);
    }
    this.#put(0);
    this.#wait = undefined;
    lines.pull("slave", "SCL", false);
  }

  #put(bit: number): void {
    this.#host.lines.pull("slave", "SDA", ((this.#out >>> (7 - bit)) & 1) === 0);
  }

  /** TXDR was written. */
  filled(): void {
    if (this.#wait === "data") this.#load();
  }

  #sent(): void {
    const { setFlags, update } = this.#host;
    if (this.#acknowledged) {
      this.#load();
    } else {
      setFlags(ISR.NACKF);
      setFlags(ISR.TXIS, false);
      this.#state = "ignore";
      this.#resume();
    }
    update();
  }

  #received(byte: number): void {
    const { counter, update, clearCommand } = this.#host;
    counter.pec.add(byte);
    if (!this.#acknowledges) {
      clearCommand(CR2.NACK);
      this.#state = "ignore";
    }
    update();
  }

  /** RXDR was read. */
  taken(): void {
    if (this.#wait === "room") {
      this.#host.give(this.#byte);
      this.#answer(this.#accepts());
      this.#resume();
    } else if (this.#wait === "reload" && !this.#host.has(ISR.TCR)) {
      this.#host.give(this.#byte);
      this.#awaitReload();
    }
  }

  /** NBYTES was written while TCR waits for it. */
  reload(): void {
    const { counter, register, setFlags, lines } = this.#host;
    if (this.#wait !== "reload" || !this.#host.has(ISR.TCR)) return;
    counter.load();
    if (counter.left === 0) return;
    setFlags(ISR.TCR, false);
    this.#acknowledges = (register("CR2") & CR2.NACK) === 0;
    lines.pull("slave", "SDA", this.#acknowledges);
    this.#resume();
  }
}
