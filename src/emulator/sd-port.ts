/** The slot between an SD host controller and a card (SD Physical Layer Simplified Specification 6.00, chapter 4). */

/** Blocks that follow a command on the data lines. */
export interface SdBlocks {
  /** The card sends: its next block; undefined when there is no more. */
  readonly read?: () => Uint8Array | undefined;
  /** The card receives; false when it does not take the block. */
  readonly write?: (block: Uint8Array) => boolean;
}

/** What a card answers to a command. */
export interface SdResponse {
  /** R1, R6 and R7 carry the command's index; R2 and R3 have all ones in its place. */
  readonly index: number;
  /** R2 has four words, the most significant first; the others have one. */
  readonly words: readonly number[];
  readonly blocks?: SdBlocks;
  /** R1b: the card holds D0 low for a while. */
  readonly busy?: boolean;
}

export interface SdCardPort {
  /** @returns undefined: no answer */
  command(index: number, argument: number): SdResponse | undefined;
}
