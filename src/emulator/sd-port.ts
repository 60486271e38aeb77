/** The slot between an SD host controller and a card (SD Physical Layer Simplified Specification 6.00, chapter 4). */

/** What a card answers to a command. */
export interface SdResponse {
  /** R1, R6 and R7 carry the command's index; R2 and R3 have all ones in its place. */
  readonly index: number;
  /** R2 has four words, the most significant first; the others have one. */
  readonly words: readonly number[];
  /** What follows on the data lines: whole blocks. */
  readonly data?: Uint8Array;
}

export interface SdCardPort {
  /** @returns undefined: no answer */
  command(index: number, argument: number): SdResponse | undefined;
}
