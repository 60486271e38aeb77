/** What a long job tells while it runs. Bytes are bytes of the image or range. */

export type Phase = "wait" | "identify" | "compare" | "erase" | "write" | "verify" | "read" | "boot";

export interface Progress {
  readonly phase: Phase;
  /** 0..total */
  readonly done: number;
  /** Bytes in this phase; 0 when not known. */
  readonly total: number;
}

export type OnProgress = (progress: Progress) => void;

/** What a flashing did. */
export interface FlashReport {
  /** Bytes of the image. */
  readonly imageBytes: number;
  /** Bytes that were erased, programmed, and left alone because they were right already. */
  readonly erasedBytes: number;
  readonly programmedBytes: number;
  readonly unchangedBytes: number;
  /** Milliseconds on the transport's clock. */
  readonly milliseconds: number;
  /** Lowest address of the image. */
  readonly address: number;
  /** SHA-256 of the ranges as verified on the board, lower-case hexadecimal. */
  readonly digests: readonly { readonly address: number; readonly length: number; readonly sha256: string }[];
  /** How often the link had to be opened anew. */
  readonly reconnects: number;
}
