/** I2C as master (RM0433, "I2C master mode"): it makes SCL, waits while others hold it low, and yields to whoever pulls SDA low. */

import type { I2cDevice } from "../../../i2c-device.js";
import type { Timeline, TimelineEvent } from "../../../timeline.js";
import { CR2, type I2cHost, ISR } from "./i2c-bits.js";
import type { ByteCounter } from "./i2c-counter.js";
import type { I2cLines } from "./i2c-lines.js";
import { levelOf, type MasterByte, sendsOne } from "./i2c-master-byte.js";

export interface I2cMasterHost extends I2cHost {
  readonly timeline: Timeline;
  readonly lines: I2cLines;
  readonly counter: ByteCounter;
  /** Nanoseconds of SCL's low and high time; undefined: the kernel clock stands still. */
  readonly times: () => { readonly low: number; readonly high: number } | undefined;
  /** A byte and its acknowledge are through. */
  readonly acknowledged: () => void;
  /** A chip of the board's file with this address. */
  readonly device: (address: number) => I2cDevice | undefined;
}

/** "hold": all bytes are through, and SCL stays low until software goes on. */
type Phase = "idle" | "waiting" | "start" | "address" | "transmit" | "receive" | "hold" | "stop";

export class I2cMaster {
  readonly #host: I2cMasterHost;
  #phase: Phase = "idle";
  #event: TimelineEvent | undefined;
  #shifting: MasterByte | undefined;
  /** SCL was released, and runs its high time once it is high. */
  #rising: (() => void) | undefined;
  #device: I2cDevice | undefined;
  #guestByte = 0;
  /** A received byte, while RXDR is full. */
  #waiting: number | undefined;

  constructor(host: I2cMasterHost) {
    this.#host = host;
    host.lines.listen({
      start: () => this.#foreign(),
      stop: () => this.#freed(),
      rise: (sda) => this.#rose(sda),
      fall: () => {},
    });
  }

  /** It has the bus. */
  get active(): boolean {
    return this.#phase !== "idle" && this.#phase !== "waiting";
  }

  /** It holds SCL low until software has done something. */
  get stretching(): boolean {
    const idle = this.#phase === "transmit" && this.#shifting === undefined;
    return this.#phase === "hold" || this.#waiting !== undefined || idle;
  }

  /** START was taken back. */
  cancel(): void {
    if (this.#phase === "waiting") this.abandon();
  }

  /** A timeout: it stops, once SCL lets it. */
  giveUp(): void {
    this.#host.timeline.cancel(this.#event);
    this.#shifting = undefined;
    this.#rising = undefined;
    this.#waiting = undefined;
    this.#host.lines.release("guest");
    this.#stop();
  }

  abandon(): void {
    this.#host.timeline.cancel(this.#event);
    this.#event = undefined;
    this.#shifting = undefined;
    this.#rising = undefined;
    this.#waiting = undefined;
    this.#leaveDevice();
    this.#phase = "idle";
    this.#host.lines.release("master");
    this.#host.lines.release("guest");
  }

  #leaveDevice(): void {
    this.#device?.stop();
    this.#device = undefined;
  }

  /** CR2 was written. */
  command(): void {
    const cr2 = this.#host.register("CR2");
    const starts = (cr2 & CR2.START) !== 0;
    if (starts && this.#phase === "idle") this.#wait();
    else if (starts && this.#phase === "hold" && !this.#host.counter.reloads) this.#restart();
    else if ((cr2 & CR2.STOP) !== 0 && this.#mayStop) this.#stop();
    else if (this.#phase === "hold" && this.#host.has(ISR.TCR)) this.#reload();
  }

  /** Between two bytes. */
  get #mayStop(): boolean {
    return this.#phase === "hold" || (this.#phase === "transmit" && this.#shifting === undefined);
  }

  /** The bus has to be free. */
  #wait(): void {
    if (this.#host.times() === undefined) return;
    this.#phase = "waiting";
    if (!this.#host.has(ISR.BUSY)) this.#open();
  }

  /** A stop condition: tBUF later it may begin. One that is not its own in a transfer of its own is a bus error. */
  #freed(): void {
    if (this.#phase === "waiting") this.#queue();
    else if (this.active && this.#phase !== "stop") this.#disturbed();
  }

  #queue(): void {
    this.#after("low", () => {
      if (this.#phase === "waiting" && !this.#host.has(ISR.BUSY)) this.#open();
    });
  }

  /** Somebody else's start condition, or the own one. */
  #foreign(): void {
    if (this.active && this.#phase !== "start") this.#disturbed();
  }

  #disturbed(): void {
    this.#host.setFlags(ISR.BERR);
    this.abandon();
    this.#host.update();
  }

  /** The first start condition of a message: the PEC covers all behind it. */
  #open(): void {
    this.#host.counter.pec.clear();
    this.#begin();
  }

  #begin(): void {
    const { lines } = this.#host;
    this.#phase = "start";
    lines.pull("master", "SDA", true);
    this.#after("high", () => {
      lines.pull("master", "SCL", true);
      this.#address();
    });
  }

  #restart(): void {
    const { lines, setFlags } = this.#host;
    this.#phase = "start";
    setFlags(ISR.TC | ISR.TCR, false);
    lines.pull("master", "SDA", false);
    this.#after("low", () => this.#riseThen(() => this.#begin()));
  }

  #address(): void {
    const { counter, register, clearCommand } = this.#host;
    const cr2 = register("CR2");
    this.#phase = "address";
    counter.load();
    const reading = (cr2 & CR2.RD_WRN) !== 0;
    const follow = (acknowledged: boolean): void => {
      clearCommand(CR2.START);
      if (acknowledged) this.#next(reading ? "receive" : "transmit");
      else this.#refused();
    };
    if ((cr2 & CR2.ADD10) !== 0) {
      this.#address10(cr2, follow);
      return;
    }
    const address = (cr2 >>> 1) & 0x7f;
    const found = this.#host.device(address);
    if (found !== this.#device) this.#leaveDevice();
    this.#device = found;
    this.#send((address << 1) | (reading ? 1 : 0), follow, () => found?.start(reading) === true);
  }

  /** Header, second byte; to read, a repeated start with the header again, unless HEAD10R says that this has been. */
  #address10(cr2: number, follow: (acknowledged: boolean) => void): void {
    this.#leaveDevice();
    const header = 0xf0 | ((cr2 >>> 7) & 6);
    const reading = (cr2 & CR2.RD_WRN) !== 0;
    if (reading && (cr2 & CR2.HEAD10R) !== 0) {
      this.#send(header | 1, (first) => (first ? follow(true) : this.#refused()));
      return;
    }
    this.#send(header, (first) => {
      // START stays: it tries again until software takes it back (ADDRCF).
      if (!first) this.#refused();
      else
        this.#send(cr2 & 0xff, (second) => {
          if (!second || !reading) follow(second);
          else this.#headAgain(header | 1, follow);
        });
    });
  }

  #headAgain(header: number, follow: (acknowledged: boolean) => void): void {
    const { lines } = this.#host;
    this.#phase = "start";
    lines.pull("master", "SDA", false);
    this.#after("low", () =>
      this.#riseThen(() => {
        lines.pull("master", "SDA", true);
        this.#after("high", () => {
          lines.pull("master", "SCL", true);
          this.#phase = "address";
          this.#send(header, follow);
        });
      }),
    );
  }

  /** A byte that was not acknowledged: the master stops by itself. */
  #refused(): void {
    this.#host.setFlags(ISR.NACKF);
    this.#host.setFlags(ISR.TXIS, false);
    this.#stop();
  }

  #stop(): void {
    const { lines, setFlags } = this.#host;
    setFlags(ISR.TC | ISR.TCR, false);
    this.#phase = "stop";
    lines.pull("master", "SDA", true);
    this.#after("low", () =>
      this.#riseThen(() => {
        this.#phase = "idle";
        this.#leaveDevice();
        setFlags(ISR.STOPF);
        this.#host.clearCommand(CR2.STOP | CR2.PECBYTE);
        lines.pull("master", "SDA", false);
        if ((this.#host.register("CR2") & CR2.START) !== 0) {
          this.#phase = "waiting";
          this.#queue();
        }
        this.#host.update();
      }),
    );
  }

  /** The next byte in that direction, or what follows the last one. */
  #next(direction: "transmit" | "receive"): void {
    this.#phase = direction;
    if (this.#host.counter.left === 0) this.#done();
    else if (direction === "receive") this.#receive();
    else this.transmit();
  }

  #done(): void {
    const { counter, register, setFlags } = this.#host;
    const cr2 = register("CR2");
    if ((cr2 & CR2.STOP) !== 0 || (!counter.reloads && (cr2 & CR2.AUTOEND) !== 0)) {
      this.#stop();
      return;
    }
    this.#phase = "hold";
    setFlags(counter.reloads ? ISR.TCR : ISR.TC);
    if ((cr2 & CR2.START) !== 0) this.#restart();
  }

  /** TCR: a new NBYTES goes on with the same transfer. */
  #reload(): void {
    const { counter, register, setFlags } = this.#host;
    counter.load();
    if (counter.left === 0) return;
    setFlags(ISR.TCR, false);
    this.#next((register("CR2") & CR2.RD_WRN) !== 0 ? "receive" : "transmit");
  }

  /** Sends what TXDR has, or asks for it. */
  transmit(): void {
    const { counter, take, setFlags, register } = this.#host;
    if (this.#phase !== "transmit" || this.#shifting !== undefined || counter.left === 0) return;
    const pec = counter.pecNext;
    const byte = pec ? counter.pec.value : take();
    if (byte === undefined) {
      setFlags(ISR.TXIS);
      return;
    }
    setFlags(ISR.TXIS, counter.wantsMore);
    this.#send(
      byte,
      (acknowledged) => {
        counter.count();
        if (pec) this.#host.clearCommand(CR2.PECBYTE);
        if (!acknowledged) this.#refused();
        else if ((register("CR2") & CR2.STOP) !== 0) this.#stop();
        else this.#next("transmit");
      },
      () => this.#device?.write(byte) === true,
    );
  }

  #receive(): void {
    const { counter, setFlags, register, clearCommand } = this.#host;
    const pec = counter.pecNext;
    const expected = counter.pec.value;
    const stops = (): boolean => (register("CR2") & CR2.STOP) !== 0;
    this.#guestByte = this.#device?.read() ?? 0xff;
    this.#shift({
      out: undefined,
      acknowledge: () => !stops() && (counter.left > 1 || counter.reloads),
      done: (byte) => {
        counter.count();
        if (pec) clearCommand(CR2.PECBYTE);
        if (pec && byte !== expected) setFlags(ISR.PECERR);
        if (stops()) this.#stop();
        else this.#next("receive");
      },
    });
  }

  /** Eight bits are in. @returns false: RXDR is full, and SCL stays low until it is read */
  #deliver(byte: number): boolean {
    if (this.#host.give(byte)) return true;
    this.#waiting = byte;
    this.#host.update();
    return false;
  }

  /** RXDR was read. */
  taken(): void {
    const byte = this.#waiting;
    if (byte === undefined) return;
    this.#waiting = undefined;
    this.#host.give(byte);
    this.#bit();
  }

  /** @param guest asks the board's chip, once the byte is out */
  #send(out: number, done: (acknowledged: boolean) => void, guest: () => boolean = () => false): void {
    this.#shift({
      out,
      acknowledge: guest,
      done: (_byte, acknowledged) => done(acknowledged),
    });
  }

  #shift(one: Pick<MasterByte, "out" | "acknowledge" | "done">): void {
    this.#shifting = { ...one, bit: 0, byte: 0, acknowledged: false };
    this.#bit();
  }

  /** SCL is low: puts the next bit onto SDA. */
  #bit(): void {
    const shifting = this.#shifting;
    if (shifting === undefined) return;
    const { lines } = this.#host;
    const { bit, out } = shifting;
    const ninth = bit === 8;
    const sends = out !== undefined;
    lines.pull("master", "SDA", !levelOf(shifting));
    // The board's chip: acknowledges what it got, or sends its byte.
    const guestLow = ninth
      ? sends && this.#device !== undefined && shifting.acknowledge()
      : !sends && this.#device !== undefined && ((this.#guestByte >>> (7 - bit)) & 1) === 0;
    lines.pull("guest", "SDA", guestLow);
    this.#after("low", () => this.#riseThen(() => this.#fell()));
  }

  /** Releases SCL; its high time begins when it is high. */
  #riseThen(then: () => void): void {
    this.#rising = then;
    this.#host.lines.pull("master", "SCL", false);
    if (this.#rising === then && this.#host.lines.scl) this.#rose(this.#host.lines.sda);
  }

  #rose(sda: boolean): void {
    const then = this.#rising;
    if (then === undefined) return;
    this.#rising = undefined;
    const shifting = this.#shifting;
    if (shifting !== undefined && !this.#sampled(shifting, sda)) return;
    this.#after("high", then);
  }

  /** @returns false: it lost the arbitration */
  #sampled(shifting: MasterByte, sda: boolean): boolean {
    const { bit } = shifting;
    if (sendsOne(shifting) && !sda) {
      this.#host.setFlags(ISR.ARLO);
      this.#host.clearCommand(CR2.START | CR2.STOP);
      this.abandon();
      this.#host.update();
      return false;
    }
    if (bit === 8) shifting.acknowledged = !sda;
    else if (sda) shifting.byte |= 0x80 >> bit;
    return true;
  }

  /** The high time is over. */
  #fell(): void {
    const shifting = this.#shifting;
    this.#host.lines.pull("master", "SCL", true);
    if (shifting === undefined) return;
    shifting.bit++;
    const received = shifting.bit === 8 && shifting.out === undefined;
    if (received && !this.#deliver(shifting.byte)) return;
    if (shifting.bit < 9) {
      this.#bit();
      return;
    }
    this.#host.acknowledged();
    this.#shifting = undefined;
    const { lines, counter } = this.#host;
    lines.pull("guest", "SDA", false);
    counter.pec.add(shifting.byte);
    shifting.done(shifting.byte, shifting.acknowledged);
    this.#host.update();
  }

  #after(phase: "low" | "high", then: () => void): void {
    const { timeline, times } = this.#host;
    this.#event = timeline.after(times()?.[phase] ?? 0, () => {
      this.#event = undefined;
      then();
    });
  }
}
