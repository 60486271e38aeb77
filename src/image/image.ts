/** What every file format becomes: bytes with addresses. Parsers are pure: bytes in, an image out. */

export interface Segment {
  /** Address of the first byte as the CPU sees it. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

export type ImageFormat = "bin" | "hex" | "elf" | "uf2";

export interface Image {
  readonly format: ImageFormat;
  /** Ascending, disjoint, none empty; neighbours that touch are merged. */
  readonly segments: readonly Segment[];
  /** Entry point, where the format has one. */
  readonly entry: number | undefined;
}
