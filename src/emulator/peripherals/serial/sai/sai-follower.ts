/** A block that follows SCK and FS by their edges (RM0433, "Anticipated frame synchronization detection", "Late frame synchronization detection"). */

import { SR } from "./sai-bits.js";
import { syncActive } from "./sai-format.js";
import { inStep, type SaiMember } from "./sai-member.js";

export interface SaiFollowerHost {
  readonly self: SaiMember;
  /** Blocks that take their clock from the same pins. */
  readonly followers: () => readonly SaiMember[];
  readonly setFlag: (flag: number) => void;
  /** AC'97: there is nothing to send yet. */
  readonly waits: () => boolean;
  readonly onSync: (level: boolean) => void;
}

export class SaiFollower {
  readonly #host: SaiFollowerHost;
  #clock = false;
  #sync = false;
  /** Bit of the frame, from -1 on; undefined: it waits for a frame. */
  #at: number | undefined;
  /** FS went active, and the bit that this is about has not begun. */
  #due = false;
  /** FS told of the next frame. */
  #announced = false;
  #members: readonly SaiMember[] = [];

  constructor(host: SaiFollowerHost) {
    this.#host = host;
  }

  /** AC'97's controller gives FS even as a slave. */
  get sync(): boolean {
    return this.#at !== undefined && syncActive(this.#host.self.format, this.#at);
  }

  stop(): void {
    this.#at = undefined;
    this.#due = false;
    this.#announced = false;
  }

  /** FS. */
  syncLevel(level: boolean): void {
    const active = level === this.#host.self.format.syncHigh;
    for (const each of this.#others) each.follower.syncLevel(level);
    if (active === this.#sync) return;
    this.#sync = active;
    if (!active || !this.#host.self.enabled || this.#drivesSync) return;
    if (!this.#shifted) {
      this.#due = true;
      return;
    }
    const before = this.#at;
    this.#synchronised();
    if (this.#at !== before || before === this.#host.self.format.frameBits) this.#enter();
  }

  /** SCK. */
  clockLevel(level: boolean): void {
    for (const each of this.#others) each.follower.clockLevel(level);
    if (level === this.#clock) return;
    this.#clock = level;
    if (!this.#host.self.enabled) return;
    if (this.#shifted) this.#shift();
    else this.#sample();
    for (const member of this.#members) member.update();
  }

  /** Signals of the bit are on the lines, and not sampled yet. */
  get #shifted(): boolean {
    return this.#clock !== this.#host.self.inverted;
  }

  get #drivesSync(): boolean {
    return this.#host.self.format.protocol === "ac97";
  }

  /** Blocks behind the same pins that are not in step. */
  get #others(): readonly SaiMember[] {
    return this.#host.followers().filter((each) => !this.#led(each));
  }

  #led(each: SaiMember): boolean {
    return inStep(this.#host.self, each) && each.inverted === this.#host.self.inverted;
  }

  #shift(): void {
    if (this.#drivesSync) this.#count();
    else if (this.#at !== undefined) this.#at++;
    if (this.#due) this.#synchronised();
    this.#due = false;
    this.#enter();
    const { self, onSync } = this.#host;
    if (this.#drivesSync) {
      self.pins.FS.refresh();
      onSync(this.sync);
    }
    for (const { pins } of this.#members) pins.SD.refresh();
  }

  /** AC'97: frames follow each other by themselves. */
  #count(): void {
    const { self, waits } = this.#host;
    const { frameBits } = self.format;
    if (this.#at === undefined) this.#at = waits() ? undefined : -1;
    else this.#at++;
    if (this.#at === frameBits || this.#at === 0) this.#announced = true;
  }

  /** FS went active in the bit that goes on now. */
  #synchronised(): void {
    const { frameBits, ahead } = this.#host.self.format;
    const at = this.#at;
    if (at === undefined) this.#at = -ahead;
    else if (at === frameBits - ahead) this.#announced = true;
    else if (at === frameBits) this.#late(-ahead);
    // A frame that is under way does not mind.
    else this.#host.setFlag(SR.AFSDET);
  }

  /** What the bit that begins means. */
  #enter(): void {
    const { frameBits } = this.#host.self.format;
    if (this.#at === frameBits) {
      if (!this.#announced) return;
      this.#at = 0;
    }
    if (this.#at === 0) this.#begin();
    const at = this.#at;
    if (at !== undefined && at >= 0) for (const member of this.#members) member.shift(at);
  }

  #begin(): void {
    const { self, followers } = this.#host;
    this.#announced = false;
    this.#members = [self, ...followers().filter((each) => each.enabled && this.#led(each))];
    for (const member of this.#members) member.beginFrame();
  }

  #end(): void {
    for (const member of this.#members) member.endFrame();
    if (!this.#host.self.enabled) this.stop();
  }

  #sample(): void {
    const at = this.#at;
    if (at === undefined || at < 0) return;
    const { frameBits } = this.#host.self.format;
    if (at === frameBits) {
      // Until now FS could have come.
      this.#late(undefined);
      return;
    }
    for (const member of this.#members) member.sample(at);
    if (at === frameBits - 1) this.#end();
  }

  #late(at: number | undefined): void {
    this.#host.setFlag(SR.LFSDET);
    this.#at = at;
  }
}
