/** What a picture consists of: the same for a header that is read and for one that registers describe. */

export interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly h: number;
  readonly v: number;
  readonly quantisation: number;
  /** Huffman tables. */
  dc: number;
  ac: number;
  /** Blocks of a minimum coded unit. */
  readonly blocks: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
}

/** Minimum coded units of a picture (T.81, A.2). */
export function unitsOf({ width, height, components }: Frame): number {
  const across = (most: (component: Component) => number): number => Math.max(...components.map(most));
  const [h, v] = components.length === 1 ? [1, 1] : [across((c) => c.h), across((c) => c.v)];
  return Math.ceil(width / (8 * h)) * Math.ceil(height / (8 * v));
}

export const blocksOf = ({ components }: Frame): number =>
  components.reduce((sum, { blocks }) => sum + blocks, 0);
