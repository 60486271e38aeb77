/**
 * The order in which a region's blocks are written: what follows stands behind what it follows, but for branches back to the
 * head of a loop, and each loop's blocks stand together behind its head (a weak topological order, after Bourdoncle). So code
 * that a compiler moved out of the way is no loop, though it lies behind where it branches to.
 */

/** By node: those that control goes to from there. */
export type Successors = readonly (readonly number[])[];

/** All nodes in order. @param roots where control may begin, preferred first; from the others on, what they do not reach */
export function inOrder(successors: Successors, roots: readonly number[]): number[] {
  const order: number[] = [];
  const all = successors.map((_, node) => node);
  append(order, successors, [...roots, ...all], new Set(all));
  return order;
}

function append(
  order: number[],
  successors: Successors,
  roots: readonly number[],
  within: Set<number>,
): void {
  for (const component of components(successors, roots, within)) {
    const head = component[0] as number;
    order.push(head);
    if (component.length === 1) continue;
    const inner = new Set(component);
    inner.delete(head);
    append(order, successors, [...(successors[head] ?? []), ...component], inner);
  }
}

/** Strongly connected components of what lies within, in topological order, each with the node that is reached first in front. */
function components(successors: Successors, roots: readonly number[], within: Set<number>): number[][] {
  const found: number[][] = [];
  const numbers = new Map<number, number>();
  const stack: number[] = [];
  const open = new Set<number>();
  /** Returns the lowest number that is reached (Tarjan). */
  const visit = (node: number): number => {
    const number = numbers.size;
    numbers.set(node, number);
    stack.push(node);
    open.add(node);
    let low = number;
    for (const to of successors[node] ?? []) {
      if (!within.has(to)) continue;
      if (!numbers.has(to)) low = Math.min(low, visit(to));
      else if (open.has(to)) low = Math.min(low, numbers.get(to) as number);
    }
    if (low < number) return low;
    const component = stack.splice(stack.indexOf(node));
    for (const one of component) open.delete(one);
    found.push(component);
    return low;
  };
  // What is found last comes first.
  for (const root of roots) if (within.has(root) && !numbers.has(root)) visit(root);
  return found.reverse();
}
