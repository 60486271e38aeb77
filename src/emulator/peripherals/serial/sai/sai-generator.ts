/**
 * The clock generator of a master block: SCK, FS and the frames of all blocks that follow them (RM0433, "SAI clock generator", "Frame
 * synchronization"). While nobody looks at a pin, time goes from slot to slot, and stands still where nothing can change.
 */

import type { Timeline, TimelineEvent } from "../../../timeline.js";
import { CR1, type SaiRegisters } from "./sai-bits.js";
import { type SaiFormat, syncActive } from "./sai-format.js";
import { inStep, type SaiMember } from "./sai-member.js";

/** Half periods of SCK in front of the first frame: a bit at rest, and one in which FS may be ahead. */
const LEAD = -4;
const SYNC_AHEAD = -2;
const SPDIF_BITS = 64;

export interface SaiGeneratorHost {
  readonly timeline: Timeline;
  readonly kernelHz: () => number;
  readonly registers: SaiRegisters;
  readonly self: SaiMember;
  readonly followers: () => readonly SaiMember[];
  /** There is nothing to send yet: no frame begins. */
  readonly waits: () => boolean;
  /** Somebody looks at pins of the block's other side (PDM). */
  readonly watched: () => boolean;
  /** Each half period of SCK, while it goes bit by bit. */
  readonly onHalf: (half: number) => void;
  /** Does somebody inside the chip look at FS? */
  readonly syncWanted: () => boolean;
  readonly onSync: (level: boolean) => void;
}

export class SaiGenerator {
  readonly #host: SaiGeneratorHost;
  #running = false;
  #event: TimelineEvent | undefined;
  /** When bit 0 of the frame begins or began. */
  #origin = 0;
  #halfNs = Number.POSITIVE_INFINITY;
  /** Half periods since `#origin` when the kernel clock stopped. */
  #stoppedAt = LEAD;
  /** Half periods of SCK since `#origin`, as far as they were acted upon. */
  #half = LEAD;
  #format: SaiFormat;
  #members: readonly SaiMember[] = [];
  /** Blocks that are not in step: they look at the edges. */
  #others: readonly SaiMember[] = [];
  /** Somebody looks at each edge. */
  #bitwise = false;
  /** Half periods of a frame in which something happens. */
  #points: readonly number[] = [];
  #sync = false;
  #syncWanted = false;
  /** In the middle of what an event does: what others ask for meanwhile is looked at behind it. */
  #acting = false;

  constructor(host: SaiGeneratorHost, format: SaiFormat) {
    this.#host = host;
    this.#format = format;
  }

  get running(): boolean {
    return this.#running;
  }

  get bitwise(): boolean {
    return this.#bitwise;
  }

  /** The frame's bit that is on the line. */
  get bit(): number {
    return this.#halfNow >> 1;
  }

  /** Level of SCK. */
  get clock(): boolean {
    return (this.#running && (this.#halfNow & 1) === 0) !== this.#host.self.inverted;
  }

  /** Level of FS. */
  get sync(): boolean {
    const { syncHigh, frameBits } = this.#format;
    const { bit } = this;
    if (!this.#running || bit < -1) return !syncHigh;
    // FS does not announce a frame that is not to come.
    const last = bit === frameBits - 1 && this.#host.self.stopping;
    return (syncActive(this.#format, bit) && !last) === syncHigh;
  }

  /** @returns Hz of MCLK (RM0433, "Generation of the master clock"). */
  get masterHz(): number {
    return this.#host.kernelHz() / Math.max(1, (this.#host.registers.CR1.value >>> 20) & 0x3f);
  }

  start(): void {
    this.#running = true;
    this.#half = LEAD;
    this.#stoppedAt = LEAD;
    this.#plan();
    this.#align();
    this.#arm();
  }

  /** The lead begins now. */
  #align(): void {
    if (this.#halfNs !== Infinity) this.#origin = this.#host.timeline.now - LEAD * this.#halfNs;
  }

  stop(): void {
    this.#host.timeline.cancel(this.#event);
    this.#event = undefined;
    this.#running = false;
    this.#half = LEAD;
    this.#refresh();
    this.#tellSync();
  }

  /** A FIFO or a flag changed: go on, if time stood still. */
  resume(): void {
    if (this.#event === undefined) this.look();
  }

  /** Members, or who looks, may have changed. */
  look(): void {
    if (!this.#running || this.#acting) return;
    if (this.#event === undefined) this.#catchUp();
    if (this.#running) this.#arm();
  }

  /** The kernel clock changed, or who listens to FS: the frame goes on from where it is. */
  clockChanged(): void {
    if (!this.#running || this.#acting) return;
    if (this.#event === undefined) this.#catchUp();
    const { timeline } = this.#host;
    this.#syncWanted = this.#host.syncWanted();
    if (!this.#bitwise) this.#points = this.#pointsOf(this.#syncWanted);
    this.#tellSync();
    this.#stoppedAt = this.#position;
    this.#halfNs = this.#halfPeriod();
    if (this.#halfNs !== Infinity) this.#origin = timeline.now - this.#stoppedAt * this.#halfNs;
    this.#arm();
  }

  get #position(): number {
    if (this.#halfNs === Infinity) return this.#stoppedAt;
    return (this.#host.timeline.now - this.#origin) / this.#halfNs;
  }

  get #halfNow(): number {
    if (!this.#running || this.#bitwise || this.#half < 0) return this.#half;
    return Math.floor(this.#position + 1e-6) % (2 * this.#format.frameBits);
  }

  /** Nanoseconds of half a period of SCK. */
  #halfPeriod(): number {
    const { registers, self } = this.#host;
    const { protocol, frameBits } = self.format;
    const cr1 = registers.CR1.value;
    // SPDIF has 64 bits in a frame, each of which takes two periods.
    const bits = protocol === "spdif" ? SPDIF_BITS : frameBits;
    const ratio = (cr1 & CR1.NODIV) !== 0 ? 1 : bits / ((cr1 & CR1.OSR) !== 0 ? 512 : 256);
    const hz = this.masterHz * ratio;
    return hz === 0 ? Infinity : 1e9 / (2 * hz);
  }

  /** Before each frame: how fast it goes, who takes part, and who looks. */
  #plan(): void {
    const { self, followers, watched, syncWanted } = this.#host;
    const all = followers().filter((each) => each.enabled);
    this.#format = self.format;
    this.#halfNs = this.#halfPeriod();
    const lines = (member: SaiMember, ...names: readonly ("SD" | "SCK" | "FS")[]): boolean =>
      names.some((name) => member.pins[name].watched);
    const looked = lines(self, "SD", "SCK", "FS") || watched() || all.some((each) => lines(each, "SD"));
    const strangers = all.some((each) => !inStep(self, each));
    this.#bitwise = looked || strangers;
    this.#others = this.#bitwise
      ? all.filter((each) => !inStep(self, each) || each.inverted !== self.inverted)
      : [];
    this.#members = [self, ...all.filter((each) => !this.#others.includes(each))];
    for (const member of this.#members) member.follower.stop();
    this.#syncWanted = syncWanted();
    this.#points = this.#bitwise ? [] : this.#pointsOf(this.#syncWanted);
  }

  #pointsOf(sync: boolean): readonly number[] {
    const points = new Set<number>();
    for (const { receives, format } of this.#members) {
      if (receives) for (const last of format.lasts) points.add(2 * last + 1);
      else for (const first of format.firsts) points.add(2 * first);
    }
    const { ahead, frameBits, syncBits } = this.#format;
    if (sync) for (const bit of [frameBits - ahead, syncBits - ahead]) points.add(2 * (bit % frameBits));
    return [...points].sort((one, other) => one - other);
  }

  #arm(): void {
    const { timeline } = this.#host;
    timeline.cancel(this.#event);
    this.#event = undefined;
    const next = this.#halfNs === Infinity ? undefined : this.#next();
    if (next === undefined) return;
    this.#event = timeline.after(this.#origin + next * this.#halfNs - timeline.now, () => {
      this.#event = undefined;
      this.#acting = true;
      this.#arrive(next);
      this.#acting = false;
      if (this.#running) this.#arm();
    });
  }

  /** The half period in which something happens next; undefined: nothing, until somebody does something. */
  #next(): number | undefined {
    if (this.#bitwise) return this.#half + 1;
    if (this.#half < 0) {
      if (this.#host.waits()) return undefined;
      return this.#half < SYNC_AHEAD && this.#syncWanted ? SYNC_AHEAD : 0;
    }
    const stopping = this.#members.some((member) => member.stopping);
    if (!stopping && !this.#syncWanted && this.#idle) return undefined;
    const end = 2 * this.#format.frameBits;
    const next = this.#points.find((point) => point > this.#half);
    return next ?? (stopping ? end : end + (this.#points[0] ?? 0));
  }

  /** Also of those that are to join with the next frame. */
  get #idle(): boolean {
    const { self, followers } = this.#host;
    return self.idle && followers().every((each) => !each.enabled || each.idle);
  }

  #arrive(at: number): void {
    const end = 2 * this.#format.frameBits;
    let half = at;
    if (half === SYNC_AHEAD && this.#half < half && this.#host.waits()) {
      // The clock goes on, but a frame waits for data.
      half = LEAD;
      this.#origin += (SYNC_AHEAD - LEAD) * this.#halfNs;
    }
    if (half >= end) {
      half -= end;
      this.#origin += end * this.#halfNs;
      if (!this.#wrap()) return;
    } else if (half >= 0 && this.#half < 0) {
      this.#begin();
    }
    this.#half = half;
    this.#act();
  }

  /** One frame ends, and the next one begins. @returns false: the block was switched off */
  #wrap(): boolean {
    this.#end();
    if (this.#running) this.#begin();
    return this.#running;
  }

  #end(): void {
    for (const member of this.#members) {
      member.endFrame();
      member.update();
    }
  }

  #begin(): void {
    this.#plan();
    for (const member of this.#members) member.beginFrame();
  }

  /** Time stood still because nothing could happen: find the place in the frame where it would be. */
  #catchUp(): void {
    const end = 2 * this.#format.frameBits;
    if (this.#half < 0) {
      this.#plan();
      this.#align();
      return;
    }
    if (this.#halfNs === Infinity) return;
    const position = this.#position;
    const frames = Math.floor((position + 1e-6) / end);
    if (frames > 0) {
      this.#origin += frames * end * this.#halfNs;
      this.#end();
      // Who is new waits for the next one.
      for (const member of this.#members) member.beginFrame();
    }
    this.#half = Math.floor(position - frames * end + 1e-6);
  }

  #act(): void {
    const half = this.#half;
    const bit = half >> 1;
    const begins = (half & 1) === 0;
    if (half >= 0 && begins) for (const member of this.#members) member.shift(bit);
    if (this.#bitwise) this.#edges(half, begins);
    if (half >= 0 && !begins) {
      for (const member of this.#members) {
        if (this.#bitwise) member.sample(bit);
        else member.whole(bit);
      }
    }
    this.#tellSync();
    for (const member of this.#members) member.update();
  }

  #edges(half: number, begins: boolean): void {
    this.#host.onHalf(half);
    this.#refresh(begins);
    const { sync, clock } = this;
    for (const { follower } of this.#others) {
      follower.syncLevel(sync);
      follower.clockLevel(clock);
    }
  }

  /** FS and data change before SCK's edge tells of it. */
  #refresh(data = true): void {
    const { self } = this.#host;
    if (data) {
      self.pins.FS.refresh();
      for (const { pins } of this.#members) pins.SD.refresh();
    }
    self.pins.SCK.refresh();
  }

  #tellSync(): void {
    if (!this.#syncWanted) return;
    const { sync } = this;
    if (sync === this.#sync) return;
    this.#sync = sync;
    this.#host.onSync(sync);
  }
}
