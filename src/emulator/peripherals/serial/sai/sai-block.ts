/** An audio block of a SAI (RM0433, chapter SAI): its role, its flags, and SD. */

import type { Timeline } from "../../../timeline.js";
import { CR1, CR2, FRCR, type SaiPinName, type SaiRegisters, SR } from "./sai-bits.js";
import { SaiFollower } from "./sai-follower.js";
import { type Place, type SaiFormat, saiFormat } from "./sai-format.js";
import { SaiGenerator } from "./sai-generator.js";
import type { SaiLinks } from "./sai-links.js";
import type { SaiMember } from "./sai-member.js";
import type { SaiMicrophones } from "./sai-microphones.js";
import { SaiSlots } from "./sai-slots.js";
import { SpdifSubframes } from "./spdif-subframe.js";

export interface SaiBlockOptions {
  readonly registers: SaiRegisters;
  readonly timeline: Timeline;
  readonly kernelHz: () => number;
  readonly pins: SaiMember["pins"];
  readonly links: SaiLinks;
  readonly microphones?: SaiMicrophones | undefined;
  /** SAIEN as the block has it. */
  readonly setEnabled: (on: boolean) => void;
  readonly update: () => void;
  readonly mistake: (message: string) => void;
  /** Inside the chip. */
  readonly syncWanted: () => boolean;
  readonly onSync: (level: boolean) => void;
}

export class SaiBlock implements SaiMember {
  readonly slots: SaiSlots;
  readonly generator: SaiGenerator;
  readonly follower: SaiFollower;
  readonly pins: SaiMember["pins"];
  readonly #options: SaiBlockOptions;
  readonly #registers: SaiRegisters;
  readonly #subframes = new SpdifSubframes();
  #format: SaiFormat | undefined;
  #inFrame = false;
  #stopping = false;
  /** The frame's bit at which SD is, the word in the shift register, and what SPDIF makes of it. */
  #at = -1;
  #word = 0;
  #levels: readonly boolean[] = [];

  constructor(options: SaiBlockOptions) {
    this.#options = options;
    this.#registers = options.registers;
    this.pins = options.pins;
    const { timeline, kernelHz, registers, links, microphones, syncWanted, onSync } = options;
    this.slots = new SaiSlots({ registers, format: () => this.format });
    const shared = {
      self: this,
      followers: () => links.followers(this),
      waits: () => !this.receives && this.slots.fifo.empty,
      onSync,
    };
    this.generator = new SaiGenerator(
      {
        ...shared,
        timeline,
        kernelHz,
        registers,
        watched: () => microphones?.watched === true,
        onHalf: (half) => microphones?.half(half),
        syncWanted,
      },
      this.format,
    );
    this.follower = new SaiFollower({
      ...shared,
      setFlag: (flag) => {
        this.slots.flags |= flag;
      },
    });
  }

  get format(): SaiFormat {
    this.#format ??= saiFormat(this.#registers);
    return this.#format;
  }

  get enabled(): boolean {
    return (this.#registers.CR1.value & CR1.SAIEN) !== 0;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  get receives(): boolean {
    return (this.#registers.CR1.value & CR1.RECEIVER) !== 0 && this.format.protocol !== "spdif";
  }

  get inverted(): boolean {
    return (this.#registers.CR1.value & CR1.CKSTR) !== 0;
  }

  get idle(): boolean {
    return this.receives ? this.slots.exhausted : this.slots.starved;
  }

  /** It generates its own clock; SPDIF always does. */
  get master(): boolean {
    return (this.#registers.CR1.value & CR1.SLAVE) === 0 || this.format.protocol === "spdif";
  }

  /** From where a slave takes SCK and FS: the SAI's other block, another SAI, or its pins. */
  get synchronous(): "inside" | "outside" | undefined {
    if (this.master) return undefined;
    return ([undefined, "inside", "outside", undefined] as const)[(this.#registers.CR1.value >>> 10) & 3];
  }

  /** CR2, FRCR or SLOTR was written. */
  reshaped(): void {
    this.#format = undefined;
    this.#root.generator.look();
    this.refresh();
  }

  /** CR1 was written. */
  controlled(before: number): void {
    // If time stood still, first find out in which frame this comes.
    this.#root.generator.resume();
    this.#format = undefined;
    const was = (before & CR1.SAIEN) !== 0;
    // A block that is to stop with its frame does not take another SAIEN until it has.
    if (this.enabled && !was) this.#start();
    else if (was && !this.enabled) this.#end();
    this.reshaped();
  }

  get #root(): SaiBlock {
    return this.#options.links.root(this);
  }

  #start(): void {
    const { registers, kernelHz, mistake, setEnabled } = this.#options;
    this.#stopping = false;
    if (this.#wrongClock) {
      this.slots.flags |= SR.WCKCFG;
      setEnabled(false);
      mistake("with NODIV = 0 a frame of a master has 8 to 256 bits, a power of two: it stays off (WCKCFG)");
      return;
    }
    if (!this.master) return;
    if (kernelHz() === 0) mistake("the kernel clock stands still (RCC_D2CCIP1R, PLL): no frame ever comes");
    if (
      (registers.FRCR.value & FRCR.FSDEF) !== 0 &&
      this.format.slots % 2 === 1 &&
      this.format.protocol === "free"
    ) {
      mistake("FSDEF wants an even number of slots");
    }
    this.#subframes.restart();
    this.generator.start();
  }

  /** With the master clock's divider, a bit of a frame has a whole number of its periods. */
  get #wrongClock(): boolean {
    const divides = (this.#registers.CR1.value & CR1.NODIV) === 0;
    const { frameBits, protocol } = this.format;
    if (!divides || !this.master || protocol !== "free") return false;
    return frameBits < 8 || (frameBits & (frameBits - 1)) !== 0;
  }

  /** A frame that is under way comes to its end first. */
  #end(): void {
    if (this.#inFrame) {
      this.#stopping = true;
      this.#options.setEnabled(true);
    } else {
      this.off();
    }
  }

  /** SAIEN is 0 from now on. */
  off(): void {
    this.#stopping = false;
    this.#inFrame = false;
    this.#at = -1;
    this.#options.setEnabled(false);
    this.slots.stop();
    this.follower.stop();
    this.generator.stop();
    this.#options.microphones?.stop();
    this.refresh();
  }

  /** After power-on and reset: with the registers, FIFO and flags are as new. */
  reset(): void {
    this.#format = undefined;
    this.slots.fifo.clear();
    this.slots.flags = 0;
    this.refresh();
  }

  /** SCK or FS at the pins, which a slave that is not synchronous with another block follows. */
  pinChanged(pin: "SCK" | "FS", level: boolean): void {
    if (this.master || this.synchronous !== undefined) return;
    if (pin === "SCK") {
      this.follower.clockLevel(level);
    } else {
      this.follower.syncLevel(level);
      if (this.format.protocol !== "ac97") this.#options.onSync(level);
    }
  }

  update(): void {
    this.#options.update();
  }

  /** The FIFO or flags changed from outside. */
  served(): void {
    this.#root.generator.resume();
  }

  beginFrame(): void {
    this.#inFrame = true;
    this.slots.beginFrame();
    if (this.#microphones?.on === true) this.#microphones.beginFrame(!this.generator.bitwise);
  }

  endFrame(): void {
    if (!this.#inFrame) return;
    this.#inFrame = false;
    if (this.receives) this.slots.endFrame();
    if (this.#stopping) this.off();
  }

  shift(bit: number): void {
    this.#at = bit;
    if (this.receives) return;
    const place = this.format.places[bit];
    if (place?.enabled !== true || place.bit !== 0) return;
    this.#word = this.slots.send(place.slot);
    if (this.format.protocol === "spdif") this.#levels = this.#subframes.next(place.slot, this.#word);
  }

  sample(bit: number): void {
    const place = this.format.places[bit];
    if (place === undefined || !this.receives) return;
    if (place.bit === 0) this.#word = 0;
    if (this.#input(bit)) this.#word = (this.#word | (1 << this.#weight(place))) >>> 0;
    if (place.bit === place.bits - 1) this.slots.receive(place.slot, this.#word, place.enabled);
  }

  whole(bit: number): void {
    const place = this.format.places[bit];
    if (place === undefined || !this.receives || place.bit !== place.bits - 1) return;
    if (this.#microphones?.on === true) {
      for (let at = bit - place.bits + 1; at <= bit; at++) this.sample(at);
    } else {
      const steady = this.pins.SD.driven === true ? 2 ** place.bits - 1 : 0;
      this.slots.receive(place.slot, steady, place.enabled);
    }
  }

  /** Place of a bit of the line in its word. */
  #weight({ bit, bits }: Place): number {
    return this.format.lowestFirst ? bit : bits - 1 - bit;
  }

  #input(bit: number): boolean {
    return this.#microphones?.on === true ? this.#microphones.bit(bit) : (this.pins.SD.driven ?? false);
  }

  get #microphones(): SaiMicrophones | undefined {
    return this.#options.microphones;
  }

  /** What it drives onto a pin; undefined: nothing. */
  output(pin: SaiPinName): boolean | undefined {
    if (pin === "SD") return this.#data;
    if (pin === "MCLK") return this.#masterClock;
    if (!this.enabled || this.synchronous !== undefined || this.format.protocol === "spdif") return undefined;
    if (pin === "SCK") return this.master ? this.generator.clock : undefined;
    if (this.master) return this.generator.sync;
    return this.format.protocol === "ac97" ? this.follower.sync : undefined;
  }

  get #data(): boolean | undefined {
    const cr1 = this.#registers.CR1.value;
    if (this.receives || (cr1 & (CR1.SAIEN | CR1.OUTDRIV)) === 0) return undefined;
    const at = this.generator.running && !this.generator.bitwise ? this.generator.bit : this.#at;
    const { places, released, protocol } = this.format;
    if ((this.#registers.CR2.value & CR2.TRIS) !== 0 && released[Math.max(0, at)] === true) return undefined;
    const place = places[at];
    if (place === undefined || !place.enabled || !this.#inFrame) return false;
    if (protocol === "spdif") return this.#levels[place.bit] ?? false;
    return ((this.#word >>> this.#weight(place)) & 1) === 1;
  }

  /** MCLK now; it is too fast to be told edge by edge (RM0433, table "MCLK_x activation conditions"). */
  get #masterClock(): boolean | undefined {
    const cr1 = this.#registers.CR1.value;
    if (this.synchronous !== undefined || this.format.protocol === "spdif") return undefined;
    const beside = this.enabled && this.master && this.format.protocol === "free";
    const runs = (cr1 & CR1.MCKEN) !== 0 || (beside && (cr1 & CR1.NODIV) === 0);
    if (!runs) return false;
    const { timeline } = this.#options;
    return Math.floor((2 * timeline.now * this.generator.masterHz) / 1e9) % 2 === 1;
  }

  refresh(): void {
    for (const pin of Object.values(this.pins)) pin.refresh();
  }
}
