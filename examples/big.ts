/** The application of more than 1 MiB: the program of examples/big with a payload that it adds up. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** examples/common/application.ld: where the payload begins behind the program. */
const PAYLOAD_ALIGNMENT = 1024;
export const BIG_PAYLOAD_BYTES = 0x11_0000;

/** Marsaglia's xorshift32: the same seed gives the same payload. */
function* words(seed: number): Generator<number> {
  let state = seed;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

/**
 * @param program examples/images/BOARD/big.bin
 * @param payloadBytes a multiple of 4
 * @param seed not 0
 */
export function bigApplication(program: Uint8Array, payloadBytes = BIG_PAYLOAD_BYTES, seed = 1): Uint8Array {
  const start = Math.ceil(program.length / PAYLOAD_ALIGNMENT) * PAYLOAD_ALIGNMENT;
  const image = new Uint8Array(start + 8 + payloadBytes).fill(0xff);
  image.set(program);
  const view = new DataView(image.buffer);
  const count = payloadBytes / 4;
  const source = words(seed);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const { value } = source.next() as IteratorYieldResult<number>;
    view.setUint32(start + 8 + index * 4, value, true);
    sum = (sum + value) >>> 0;
  }
  view.setUint32(start, count, true);
  view.setUint32(start + 4, sum, true);
  return image;
}

/** An example for the emulated board as committed. @param root folder of the project */
export function exampleImage(
  root: string,
  file: "blink.bin" | "blink.elf" | "blink.hex" | "big.bin",
): Uint8Array {
  return new Uint8Array(readFileSync(join(root, "examples", "images", "emulated", file)));
}
