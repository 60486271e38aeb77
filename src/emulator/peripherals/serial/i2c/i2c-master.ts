/** I2C as master (RM0433, "I2C master mode"): it makes SCL, waits while others hold it low, and yields to whoever pulls SDA low. */

import type { I2cDevice } from "../../../i2c-device.js";
import type { Timeline, TimelineEvent } from "../../../timeline.js";
import { CR2, type I2cHost, ISR } from "./i2c-bits.js";
import type { ByteCounter } from "./i2c-counter.js";
import type { I2cLines } from "./i2c-lines.js";

export interface I2cMasterHost extends I2cHost {
  readonly timeline: Timeline;
  readonly lines: I2cLines;
  readonly counter: ByteCounter;
  /** Nanoseconds of SCL's low and high time; undefined: the kernel clock stands still. */
  readonly times: () => { readonly low: number; readonly high: number } | undefined;
  /** A chip of the board's file with this address. */
  readonly device: (address: number) => I2cDevice | undefined;
}

/** "hold": all bytes are through, and SCL stays low until software goes on. */
type Phase = "idle" | "waiting" | "start" | "address" | "transmit" | "receive" | "hold" | "stop";

interface Shifting {
  /** undefined: it receives. */
  readonly out: number | undefined;
  /** What it answers as a receiver. */
  readonly acknowledge: () => boolean;
  readonly done: (byte: number, acknowledged: boolean) => void;
  bit: number;
  byte: number;
  acknowledged: boolean;
}

export class I2cMaster {
  readonly #host: I2cMasterHost;
  #phase: Phase = "idle";
  #event: TimelineEvent | undefined;
  #shifting: Shifting | undefined;
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

  get wantsBus(): boolean {
    return this.#phase === "waiting";
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
    if ((cr2 & CR2.START) !== 0) {
      if (this.#phase === "idle") this.#wait();
      else if (this.#phase === "hold") this.#restart();
    } else if ((cr2 & CR2.STOP) !== 0 && this.#mayStop) {
      this.#stop();
    } else if (this.#phase === "hold" && this.#host.has(ISR.TCR)) {
      this.#reload();
    }
  }

  /** Between two bytes. */
  get #mayStop(): boolean {
    return this.#phase === "hold" || (this.#phase === "transmit" && this.#shifting === undefined);
  }

  /** The bus has to be free. */
  #wait(): void {
    if (this.#host.times() === undefined) return;
    this.#phase = "waiting";
    if (!this.#host.has(ISR.BUSY)) this.#begin();
  }

  #freed(): void {
    if (this.#phase === "waiting") this.#begin();
  }

  /** Somebody else's start condition, or the own one. */
  #foreign(): void {
    if (this.#phase === "idle" || this.#phase === "start" || this.#phase === "waiting") return;
    this.#host.setFlags(ISR.BERR);
    this.abandon();
    this.#host.update();
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
    counter.pec.clear();
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
      this.#send(header | 1, follow);
      return;
    }
    this.#send(header, (first) => {
      if (!first) follow(false);
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
        if (!acknowledged) this.#refused();
        else if ((register("CR2") & CR2.STOP) !== 0) this.#stop();
        else this.#next("transmit");
      },
      () => this.#device?.write(byte) === true,
    );
  }

  #receive(): void {
    const { counter, setFlags } = this.#host;
    const pec = counter.pecNext;
    const expected = counter.pec.value;
    this.#guestByte = this.#device?.read() ?? 0xff;
    this.#shift({
      out: undefined,
      acknowledge: () => counter.left > 1 || counter.reloads,
      done: (byte) => {
        counter.count();
        if (pec && byte !== expected) setFlags(ISR.PECERR);
        if (!this.#host.give(byte)) this.#waiting = byte;
        else this.#next("receive");
      },
    });
  }

  /** RXDR was read. */
  taken(): void {
    const byte = this.#waiting;
    if (byte === undefined) return;
    this.#waiting = undefined;
    this.#host.give(byte);
    this.#next("receive");
  }

  /** @param guest asks the board's chip, once the byte is out */
  #send(out: number, done: (acknowledged: boolean) => void, guest: () => boolean = () => false): void {
    this.#shift({
      out,
      acknowledge: guest,
      done: (_byte, acknowledged) => done(acknowledged),
    });
  }

  #shift(one: Pick<Shifting, "out" | "acknowledge" | "done">): void {
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
    const high = ninth ? sends || !shifting.acknowledge() : !sends || ((out >>> (7 - bit)) & 1) === 1;
    lines.pull("master", "SDA", !high);
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
  #sampled(shifting: Shifting, sda: boolean): boolean {
    const { bit, out } = shifting;
    if (bit === 8) {
      shifting.acknowledged = !sda;
      return true;
    }
    if (out !== undefined && !sda && ((out >>> (7 - bit)) & 1) === 1) {
      this.#host.setFlags(ISR.ARLO);
      this.#host.clearCommand(CR2.START | CR2.STOP);
      this.abandon();
      this.#host.update();
      return false;
    }
    if (sda) shifting.byte |= 0x80 >> bit;
    return true;
  }

  /** The high time is over. */
  #fell(): void {
    const shifting = this.#shifting;
    this.#host.lines.pull("master", "SCL", true);
    if (shifting === undefined) return;
    shifting.bit++;
    if (shifting.bit < 9) {
      this.#bit();
      return;
    }
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
