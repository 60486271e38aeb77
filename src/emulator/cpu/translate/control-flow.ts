/** How control goes through a region: loops, which blocks follow which, and where the limit of cycles is looked at. */

import { type Block, type Region, successorsOf } from "./region.js";

/** First and last block. */
export interface Loop {
  readonly first: number;
  last: number;
}

export class ControlFlow {
  readonly #region: Region;
  readonly #loops: readonly Loop[];
  /** By block: cycles of the longest way from its beginning to the next look at the limit. */
  readonly longest: readonly number[];
  /** By block: those that control comes from. */
  readonly predecessors: readonly (readonly number[])[];
  /** Computed addresses may lead back into the region. */
  readonly returns: boolean;

  constructor(region: Region) {
    this.#region = region;
    this.#loops = findLoops(region);
    this.longest = this.#findLongest();
    this.predecessors = this.#findPredecessors();
    this.returns = leadsBack(region);
  }

  /** Loops and what is entered by an address look at the limit; from there on control only goes forward, to the next look. */
  looks(block: Block): boolean {
    return block.entry || this.#loops.some(({ first }) => first === block.index);
  }

  #findLongest(): number[] {
    const longest: number[] = [];
    for (const block of [...this.#region.blocks].reverse()) {
      const onward = this.#successors(block).filter((to) => !this.looks(this.#at(to)));
      const behind = Math.max(0, ...onward.map((to) => longest[to] as number));
      longest[block.index] = block.steps.length + (block.ending === undefined ? 0 : 2) + behind;
    }
    return longest;
  }

  /** What lies in a loop, or in all, one after the other: blocks and inner loops. */
  items(range: Loop): Loop[] {
    const items: Loop[] = [];
    for (let at = range.first; at <= range.last; ) {
      const loop = this.#loops.find((one) => one.first === at && !(one === range));
      const item = loop ?? { first: at, last: at };
      items.push(item);
      at = item.last + 1;
    }
    return items;
  }

  isLoop(item: Loop): boolean {
    return this.#loops.includes(item);
  }

  /** Is it entered elsewhere than at its head? */
  needsDispatch(loop: Loop): boolean {
    const within = (index: number): boolean => index >= loop.first && index <= loop.last;
    for (let n = loop.first + 1; n <= loop.last; n++) if (this.#at(n).entry) return true;
    return this.#region.blocks.some(
      (block) =>
        !within(block.index) && this.#successors(block).some((to) => to !== loop.first && within(to)),
    );
  }

  #successors(block: Block): number[] {
    return successorsOf(block, true).flatMap((insn) => this.#region.blockAt.get(insn)?.index ?? []);
  }

  #findPredecessors(): number[][] {
    const predecessors: number[][] = this.#region.blocks.map(() => []);
    for (const block of this.#region.blocks)
      for (const to of this.#successors(block)) predecessors[to]?.push(block.index);
    return predecessors;
  }

  #at(index: number): Block {
    return this.#region.blocks[index] as Block;
  }
}

/** Do computed addresses lead back: by a branch table, or on the return from a call within? */
function leadsBack({ blocks, blockAt }: Region): boolean {
  return blocks.some(({ ending, table }) => {
    if (ending === undefined) return false;
    const { target, call } = ending.ends;
    return (
      (ending.ends.table && table === undefined) || (call && (target === undefined || blockAt.has(target)))
    );
  });
}

/** From each target of a branch back to the last block that branches there; what overlaps is made to enclose. */
function findLoops({ blocks, blockAt }: Region): Loop[] {
  const lasts = new Map<number, number>();
  for (const block of blocks) {
    const { index } = block;
    for (const insn of successorsOf(block, false)) {
      const head = blockAt.get(insn);
      if (head !== undefined && head.index <= index)
        lasts.set(head.index, Math.max(index, lasts.get(head.index) ?? 0));
    }
  }
  const loops = [...lasts].map(([first, last]): Loop => ({ first, last }));
  loops.sort((a, b) => a.first - b.first);
  for (let changed = true; changed; ) {
    changed = false;
    for (const outer of loops) {
      for (const inner of loops) {
        if (inner.first <= outer.first || inner.first > outer.last || inner.last <= outer.last) continue;
        outer.last = inner.last;
        changed = true;
      }
    }
  }
  return loops;
}
