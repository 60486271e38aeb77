/**
 * What each byte at the upper end of a CRC register becomes in eight steps, most significant bit first.
 * @param polynomial without its highest bit, at the upper end of the word
 * @param into where it is put, signed
 */
export function byteRemainders(polynomial: number, into: Int32Array = new Int32Array(256)): Int32Array {
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? polynomial : 0);
    into[byte] = crc;
  }
  return into;
}
