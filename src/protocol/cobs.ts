/** Consistent overhead byte stuffing with the delimiter 0x00 (Cheshire and Baker, 1999). */

const LONGEST_RUN = 254;

/** Bytes that `length` bytes can grow to at most, without the delimiter. */
export function cobsMaximum(length: number): number {
  return length + Math.max(1, Math.ceil(length / LONGEST_RUN));
}

/** @returns `bytes` without a zero byte; the delimiter is not added. */
export function cobsEncode(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(cobsMaximum(bytes.length) + 1);
  let codeAt = 0;
  let at = 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte !== 0) out[at++] = byte;
    const full = at - codeAt - 1 === LONGEST_RUN;
    // A full run at the very end needs no further code: it does not stand for a zero.
    if (byte === 0 || (full && i + 1 < bytes.length)) {
      out[codeAt] = at - codeAt;
      codeAt = at++;
    }
  }
  out[codeAt] = at - codeAt;
  return out.subarray(0, at);
}

/** @returns the bytes, or undefined when `encoded` holds a zero or a code that points beyond its end. */
export function cobsDecode(encoded: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(encoded.length);
  let from = 0;
  let to = 0;
  while (from < encoded.length) {
    const code = encoded[from] as number;
    const end = from + code;
    if (code === 0 || end > encoded.length) return undefined;
    for (from++; from < end; from++) {
      const byte = encoded[from] as number;
      if (byte === 0) return undefined;
      out[to++] = byte;
    }
    if (code <= LONGEST_RUN && from < encoded.length) out[to++] = 0;
  }
  return out.subarray(0, to);
}
