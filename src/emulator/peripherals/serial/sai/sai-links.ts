/** Which audio block takes SCK and FS of which: inside a SAI, and from one SAI to another (RM0433, "SAI synchronization mode"). */

import { BLOCKS, type BlockName } from "./sai-bits.js";
import type { SaiBlock } from "./sai-block.js";

export interface LinkedSai {
  readonly blocks: Readonly<Record<BlockName, SaiBlock>>;
  /** SAI_GCR: SYNCIN and SYNCOUT. */
  readonly synchronisation: () => number;
}

/** A block that is synchronous with one that is synchronous with a third; more makes no sense, and could be a ring. */
const LONGEST_CHAIN = 4;

export class SaiLinks {
  /** SAI1 first. */
  readonly #sais: LinkedSai[] = [];
  #roots: ReadonlyMap<SaiBlock, SaiBlock> | undefined;
  /** By root, as far as they were asked for. */
  readonly #followers = new Map<SaiBlock, readonly SaiBlock[]>();

  add(sai: LinkedSai): void {
    this.#sais.push(sai);
    this.changed();
  }

  /** SAI_GCR or how a block is synchronised was written. */
  changed(): void {
    this.#roots = undefined;
    this.#followers.clear();
  }

  /** The block whose generator or pins give `block` its clock. */
  root(block: SaiBlock): SaiBlock {
    return this.#known.get(block) ?? block;
  }

  /** Those that take their clock from `root`, without itself. */
  followers(root: SaiBlock): readonly SaiBlock[] {
    const found =
      this.#followers.get(root) ??
      [...this.#known].filter(([block, from]) => from === root && block !== root).map(([block]) => block);
    this.#followers.set(root, found);
    return found;
  }

  get #known(): ReadonlyMap<SaiBlock, SaiBlock> {
    if (this.#roots !== undefined) return this.#roots;
    const roots = new Map<SaiBlock, SaiBlock>();
    for (const sai of this.#sais) {
      for (const name of BLOCKS) roots.set(sai.blocks[name], this.#rootOf(sai, name));
    }
    this.#roots = roots;
    return roots;
  }

  #rootOf(sai: LinkedSai, name: BlockName): SaiBlock {
    let [at, block] = [sai, name];
    for (let links = 0; links < LONGEST_CHAIN; links++) {
      const { synchronous } = at.blocks[block];
      const from = synchronous === "inside" ? at : synchronous === "outside" ? this.#sourceOf(at) : undefined;
      if (from === undefined) break;
      const given = (from.synchronisation() >>> 4) & 3;
      if (synchronous === "inside") block = block === "A" ? "B" : "A";
      else if (given === 1 || given === 2) block = given === 1 ? "A" : "B";
      else break;
      at = from;
    }
    return at.blocks[block];
  }

  /** SYNCIN numbers the SAI whose SYNCOUT it takes. */
  #sourceOf({ synchronisation }: LinkedSai): LinkedSai | undefined {
    return this.#sais[synchronisation() & 3];
  }
}
