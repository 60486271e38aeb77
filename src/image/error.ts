/** A file cannot be used as an image. The message names the file, the place in it, what was expected and found. */
export class ImageError extends Error {
  override readonly name: string = "ImageError";
}

/** The address that was given, or its absence, does not fit the file: the caller's mistake, not the file's. */
export class ImageAddressError extends ImageError {
  override readonly name = "ImageAddressError";
}

/** An address as people and manuals write it: 0x90100000. */
export function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, "0")}`;
}
